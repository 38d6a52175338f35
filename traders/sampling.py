"""What a strategy is told right before its timer: the newest state of the market, and what things are worth.

In: one set of public streams for all traders of a process; the oracle of the scenario. Out: by trader, what is new since its
last timer. Pure: where the streams come from is up to what runs it, ``traders.market_feed`` under asyncio.
"""

from collections.abc import Callable
from random import Random

from protocol.errors import VenueError
from protocol.market import TradePrint
from protocol.vocabulary import Channel, Nanoseconds, Symbol
from traders.book_view import Depth
from traders.market.items import Heard
from traders.market.keys import StreamKey
from traders.market.readers import StateView
from traders.oracle import Oracle
from traders.strategies.base import Strategy
from traders.strategies.intents import Event, Observed

Look = Callable[[Nanoseconds], list[Event]]
"""What a strategy is told right before its timer, at a time."""


class Newest:
    """The newest state and the newest trade of each instrument, for any number of samplers. Reads public streams."""

    def __init__(self) -> None:
        self.states: dict[Symbol, Depth] = {}
        """Best prices; none where nothing is known that holds."""
        self.prints: dict[Symbol, TradePrint] = {}
        self.on_trade: list[Callable[[TradePrint], None]] = []
        """Who is told of each trade as it is printed."""

    def changed(self, key: StreamKey, view: StateView) -> None:
        state = view.view()
        assert isinstance(state, Depth)
        self.states[key.symbol] = state

    def lost(self, key: StreamKey) -> None:
        self.states.pop(key.symbol, None)

    def heard(self, key: StreamKey, message: Heard) -> None:
        if isinstance(message, TradePrint):
            self.prints[key.symbol] = message
            for tell in self.on_trade:
                tell(message)

    def end(self, error: VenueError) -> None:
        """Until there is another connection, how things stood says nothing about how they stand."""
        self.states.clear()


def is_sampler(strategy: type[Strategy] | Strategy) -> bool:
    """Whether it is told of the market at its timers only."""
    return strategy.sampled and bool(
        strategy.channels & frozenset((Channel.BBO, Channel.DEPTH, Channel.TRADES))
    )


class Sampler:
    """Looks for one strategy."""

    def __init__(self, strategy: Strategy, newest: Newest | None, observe: "Observer | None") -> None:
        """``newest``: ``None`` for a strategy that is told of everything. ``observe``: ``None`` for one that does not."""
        self._symbols = strategy.symbols if newest is not None else ()
        self._newest = newest
        channels = strategy.channels
        self._states = Channel.BBO in channels or Channel.DEPTH in channels
        self._prints = Channel.TRADES in channels
        self._seen: dict[tuple[Symbol, bool], Event] = {}
        self._observe = observe

    def __call__(self, now_ns: Nanoseconds) -> list[Event]:
        """State, then trade, by instrument; each only if it is not the one it showed before. Observations come last."""
        news: list[Event] = []
        newest = self._newest
        if newest is not None:
            for symbol in self._symbols:
                if self._states:
                    self._add(news, symbol, False, newest.states.get(symbol))
                if self._prints:
                    self._add(news, symbol, True, newest.prints.get(symbol))
        if self._observe is not None:
            news += self._observe(now_ns)
        return news

    def _add(self, news: list[Event], symbol: Symbol, is_trade: bool, item: Event | None) -> None:
        if item is not None and item is not self._seen.get((symbol, is_trade)):
            self._seen[symbol, is_trade] = item
            news.append(item)


class Observer:
    """What one trader sees of the oracle."""

    def __init__(
        self,
        oracle: Oracle,
        symbols: tuple[Symbol, ...],
        noise: int,
        rng: Random,
        begun_ns: Callable[[], Nanoseconds | None],
    ) -> None:
        """``noise``: standard deviation, price units. ``begun_ns``: when the scenario began, once it has."""
        self._oracle = oracle
        self._symbols = [symbol for symbol in symbols if symbol in oracle.symbols]
        self._noise = noise
        self._rng = rng
        self._begun_ns = begun_ns

    def __call__(self, now_ns: Nanoseconds) -> list[Event]:
        """One observation of each instrument that has a value. Before the beginning all is as it will be then."""
        begun_ns = self._begun_ns()
        at_ns = 0 if begun_ns is None else now_ns - begun_ns
        return [
            Observed(now_ns, symbol, self._oracle.observe(symbol, at_ns, self._noise, self._rng))
            for symbol in self._symbols
        ]

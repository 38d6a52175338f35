"""What an agent hears of the market, and how: pushed as it happens, or looked at right before its timer.

In: a strategy, with the channels it wants; the feeds and the public streams of the venue; an oracle. Out: listeners and
looks, connected. Best prices, depth and trades come from ``simulation.feeds``, which make them once for thousands of
agents; the other channels from the venue's own streams through the views that clients have of them.
"""

from collections.abc import Callable
from random import Random
from typing import Any, Final

from exchange.market_data.keys import StreamKey, stream_key
from protocol.vocabulary import Channel, Nanoseconds, Symbol
from simulation.agent import Agent
from simulation.feeds import Look
from simulation.kernel import Kernel
from simulation.market import Market
from traders.market.orders import OrdersView
from traders.market.tape import CandlesView
from traders.oracle import Oracle
from traders.strategies.base import Strategy
from traders.strategies.intents import Event, Observed

_SAMPLED: Final = frozenset((Channel.BBO, Channel.DEPTH, Channel.TRADES))
"""What strategies that sample look at; everything else is pushed to them, too."""


class Audience:
    """Who is told one and the same thing. Those who are told it at the same time are told in one go."""

    def __init__(self, kernel: Kernel) -> None:
        self._kernel = kernel
        self._together: dict[Nanoseconds, list[Callable[[Event], None]]] = {}
        self._each: list[Agent] = []

    def add(self, agent: Agent) -> None:
        if agent.in_ns is None:
            self._each.append(agent)
        else:
            self._together.setdefault(agent.in_ns, []).append(agent.hear)

    def tell(self, item: Event) -> None:
        """It leaves the venue now."""
        kernel = self._kernel
        for wait_ns, hears in self._together.items():
            if wait_ns:
                kernel.handled += len(hears) - 1
                kernel.at(kernel.time_ns + wait_ns, _tell_all, (hears, item))
            else:
                kernel.handled += len(hears)
                _tell_all((hears, item))
        for agent in self._each:
            agent.send_public(item)


def _tell_all(told: tuple[list[Callable[[Event], None]], Event]) -> None:
    hears, item = told
    for hear in hears:
        hear(item)


class Hearing:
    """Connects the agents of one market."""

    def __init__(self, market: Market) -> None:
        self._market = market
        self._best: dict[Symbol, Audience] = {}
        self._depth: dict[tuple[Symbol, int | None], Audience] = {}
        self._trades: dict[Symbol, Audience] = {}
        self._streams: dict[StreamKey, Audience] = {}

    def connect(self, agent: Agent) -> None:
        """Have it told what its strategy wants to be told as it happens."""
        strategy = agent.strategy
        for symbol in strategy.symbols:
            for channel in Channel:  # in the order of the enum: a set's own changes from process to process
                if channel not in strategy.channels:
                    continue
                if channel not in _SAMPLED:
                    for key in _keys(channel, symbol, strategy):
                        self._of_stream(key).add(agent)
                elif not strategy.sampled:
                    self._of_feed(channel, symbol, strategy).add(agent)

    def looks(self, strategy: Strategy) -> list[Look]:
        """What a strategy that samples looks at."""
        looks: list[Look] = []
        for symbol in strategy.symbols if strategy.sampled else ():
            feed = self._market.feeds[symbol]
            if Channel.BBO in strategy.channels or Channel.DEPTH in strategy.channels:
                feed.tells_best = True
                looks.append(feed.states)
            if Channel.TRADES in strategy.channels:
                feed.samples_trades = True
                looks.append(feed.prints)
        return looks

    def open(self) -> None:
        """The market opens its public streams: everybody is told how things stand."""
        for feed in self._market.feeds.values():
            feed.states.add(self._market.kernel.time_ns, feed.best)
        for symbol, best in self._best.items():
            best.tell(self._market.feeds[symbol].best)
        for (symbol, levels), depth in self._depth.items():
            depth.tell(self._market.feeds[symbol].depth(levels))
        for key, audience in self._streams.items():
            self._market.venue.market_data.listen(key, _teller(key, audience))

    def _of_feed(self, channel: Channel, symbol: Symbol, strategy: Strategy) -> Audience:
        feed, kernel = self._market.feeds[symbol], self._market.kernel
        if channel is Channel.TRADES:
            if symbol not in self._trades:
                self._trades[symbol] = Audience(kernel)
                feed.on_trade.append(self._trades[symbol].tell)
            return self._trades[symbol]
        if channel is Channel.BBO:
            if symbol not in self._best:
                self._best[symbol] = Audience(kernel)
                feed.tells_best = True
                feed.on_best.append(self._best[symbol].tell)
            return self._best[symbol]
        levels = strategy.depth_levels
        if (symbol, levels) not in self._depth:
            audience = self._depth[symbol, levels] = Audience(kernel)
            feed.on_depth.setdefault(levels, []).append(audience.tell)
        return self._depth[symbol, levels]

    def _of_stream(self, key: StreamKey) -> Audience:
        if key not in self._streams:
            self._streams[key] = Audience(self._market.kernel)
        return self._streams[key]


def _keys(channel: Channel, symbol: Symbol, strategy: Strategy) -> list[StreamKey]:
    if channel is Channel.CANDLES:
        return [stream_key(channel, symbol, None, interval) for interval in strategy.candle_intervals]
    return [stream_key(channel, symbol)]


def _teller(key: StreamKey, audience: Audience) -> Callable[[Any], None]:
    """Passes on what follows from each message of a stream, by the view that clients have of it."""
    match key.channel:
        case Channel.ORDERS:
            book = OrdersView(key.symbol)

            def tell_book(message: Any) -> None:
                book.apply(message)
                audience.tell(book.view(None))

            return tell_book
        case Channel.CANDLES:
            assert key.interval is not None  # as its key was made
            candles = CandlesView(key.symbol, key.interval)

            def tell_candles(message: Any) -> None:
                for candle in candles.apply(message):
                    audience.tell(candle)

            return tell_candles
        case _:  # complete in itself
            return audience.tell


class Observer(Look):
    """What one trader sees of the oracle, at any time of the run."""

    __slots__ = ("_kernel", "_noise", "_oracle", "_rng", "_start_ns", "_symbol")

    def __init__(
        self, oracle: Oracle, symbol: Symbol, noise: int, rng: Random, kernel: Kernel, start_ns: Nanoseconds
    ) -> None:
        self._oracle = oracle
        self._symbol = symbol
        self._noise = noise
        self._rng = rng
        self._kernel = kernel
        self._start_ns = start_ns

    def at(self, at_ns: Nanoseconds) -> Observed:
        value = self._oracle.observe(self._symbol, at_ns - self._start_ns, self._noise, self._rng)
        return Observed(self._kernel.time_ns, self._symbol, value)

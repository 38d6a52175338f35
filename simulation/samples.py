"""A run as it is seen from outside: the books at regular moments, and every trade.

In: a run that has not begun. Out: columns of integers, a few bytes for each row; nothing of the run changes, its event log
neither. Who measures (``simulation.stylised_facts``) or keeps a run (``simulation.recorder``) reads them afterwards.
"""

from array import array
from collections.abc import Iterator
from typing import Final, NamedTuple

from exchange.engine.events import AuctionTrade, Trade
from exchange.market_data.best import best_levels
from protocol.vocabulary import Nanoseconds, Price, Quantity, Side, Symbol
from simulation.run import Run

_SECOND_NS: Final = 1_000_000_000
_LEVELS: Final = 10
"""Price levels of a side that count as its depth: what most venues publish."""
_PROFILE_EVERY: Final = 10
"""One sample in so many goes through the whole book."""
_PROFILE_TICKS: Final = 1_000
"""How far from the best price of its side the profile of a book reaches."""


class BookSample(NamedTuple):
    """One book at one moment; a side without orders has ``None`` and 0."""

    at_ns: Nanoseconds
    bid: Price | None
    bid_quantity: Quantity
    ask: Price | None
    ask_quantity: Quantity
    bid_depth: Quantity
    """Displayed by the best ten levels together."""
    ask_depth: Quantity

    @property
    def mid(self) -> float | None:
        """Between the best prices; ``None`` without both, and while they cross, as they may before an auction."""
        bid, ask = self.bid, self.ask
        return (bid + ask) / 2 if bid is not None and ask is not None and bid < ask else None


class Traded(NamedTuple):
    """One trade; ``aggressor`` is ``None`` and ``order_id`` 0 in an auction, where there was none."""

    at_ns: Nanoseconds
    price: Price
    quantity: Quantity
    aggressor: Side | None
    order_id: int
    """Of the aggressor: its trades with several resting orders are one decision."""


class Samples:
    """What was seen of one instrument."""

    def __init__(self, symbol: Symbol, tick: Price, start_ns: Nanoseconds, every_ns: Nanoseconds) -> None:
        self.symbol = symbol
        self.tick = tick
        self.start_ns = start_ns
        self.every_ns = every_ns
        """Between two looks at the book."""
        self.profile: list[Quantity] = [0] * _PROFILE_TICKS
        """Sums of displayed quantity of both sides, by ticks from the best price of the side."""
        self.profiles = 0
        """Sides that were summed up."""
        self._books = array("q")
        self._trades = array("q")

    def __len__(self) -> int:
        return len(self._books) // 7

    @property
    def books(self) -> Iterator[BookSample]:
        """Oldest first."""
        flat = self._books
        for at in range(0, len(flat), 7):
            at_ns, bid, bid_quantity, ask, ask_quantity, bid_depth, ask_depth = flat[at : at + 7]
            yield BookSample(
                at_ns,
                bid if bid_quantity else None,
                bid_quantity,
                ask if ask_quantity else None,
                ask_quantity,
                bid_depth,
                ask_depth,
            )

    @property
    def trades(self) -> Iterator[Traded]:
        """Oldest first."""
        flat = self._trades
        for at in range(0, len(flat), 5):
            at_ns, price, quantity, sign, order_id = flat[at : at + 5]
            side = None if sign == 0 else Side.BUY if sign > 0 else Side.SELL
            yield Traded(at_ns, price, quantity, side, order_id)

    def add_book(self, sample: BookSample) -> None:
        """The next look at the book."""
        self._books.extend([0 if value is None else value for value in sample])

    def add_trade(self, traded: Traded) -> None:
        """The next trade."""
        sign = 0 if traded.aggressor is None else 1 if traded.aggressor is Side.BUY else -1
        self._trades.extend((traded.at_ns, traded.price, traded.quantity, sign, traded.order_id))


class Sampler:
    """Looks at every book of a run, at regular moments, from its start to its end."""

    def __init__(self, run: Run, every_ns: Nanoseconds | None = None) -> None:
        """To be made before the run begins. ``every_ns``: left out, a second, of short runs a six hundredth."""
        self._market = run.market
        self._kernel = run.kernel
        self._end_ns = run.end_ns
        if every_ns is None:
            every_ns = max(min(_SECOND_NS, (run.end_ns - run.start_ns) // 600), 1_000_000)
        self.every_ns = every_ns
        self._number = 0
        self.samples = {
            symbol: Samples(symbol, book.instrument.tick, run.start_ns, every_ns)
            for symbol, book in self._market.venue.engine.books.items()
        }
        self._market.on_trade.append(self._traded)
        self._kernel.at(run.start_ns + every_ns, self._look)

    def _look(self, _: None) -> None:
        now_ns, whole = self._kernel.time_ns, self._number % _PROFILE_EVERY == 0
        self._number += 1
        for symbol, book in self._market.venue.engine.books.items():
            samples = self.samples[symbol]
            row: list[int] = []
            depths: list[int] = []
            for side in (book.bids, book.asks):
                levels = best_levels(side, None if whole else _LEVELS)
                if not levels:
                    row += (0, 0)
                    depths.append(0)
                    continue
                row += levels[0]
                depths.append(sum([quantity for _, quantity in levels[:_LEVELS]]))
                if whole:
                    _add_profile(samples, levels)
            bid, bid_quantity, ask, ask_quantity = row
            samples.add_book(BookSample(now_ns, bid, bid_quantity, ask, ask_quantity, *depths))
        if now_ns + self.every_ns <= self._end_ns:
            self._kernel.at(now_ns + self.every_ns, self._look)

    def _traded(self, at_ns: Nanoseconds, trade: Trade | AuctionTrade) -> None:
        if isinstance(trade, AuctionTrade):
            row = Traded(at_ns, trade.price, trade.quantity, None, 0)
        else:
            row = Traded(at_ns, trade.price, trade.quantity, trade.aggressor, trade.taker_order_id)
        self.samples[trade.symbol].add_trade(row)


def _add_profile(samples: Samples, levels: list[tuple[Price, Quantity]]) -> None:
    best, tick, profile = levels[0][0], samples.tick, samples.profile
    samples.profiles += 1
    for price, quantity in levels:
        distance = abs(price - best) // tick
        if distance < _PROFILE_TICKS:
            profile[distance] += quantity

"""Trades to bars: what traded in one interval of time, and the sums of a whole day.

In: trades, oldest first, as ``(trade_id, at_ns, price, quantity)``. Out: ``Bar``s that begin at multiples of
their interval since 1970 UTC; an interval without a trade has none. Pure sums: no book, no stream, no clock;
candles, statistics and the history use the same ones.

Each interval is a multiple of the one before, so bars of a longer one are made of bars of a shorter one
(``rolled_up``) as well as of trades.
"""

from bisect import bisect_right
from collections import deque
from collections.abc import Iterable, Iterator
from operator import attrgetter
from typing import Final

import msgspec

from protocol.market import Bar
from protocol.vocabulary import Interval, Money, Nanoseconds, Price, Quantity, TradeId

Fill = tuple[TradeId, Nanoseconds, Price, Quantity]
"""A trade, as far as bars are concerned."""


def start_of(at_ns: Nanoseconds, interval: Interval) -> Nanoseconds:
    """When the bar of this moment begins."""
    return at_ns - at_ns % interval.ns


class GrowingBar(msgspec.Struct, gc=False):
    """A bar that trades may still be added to. ``trades`` is never 0, but after ``forget``."""

    start_ns: Nanoseconds
    open: Price
    high: Price
    low: Price
    close: Price
    volume: Quantity
    turnover: Money
    trades: int
    first_trade: TradeId = 0
    """Its earliest trade, by which a trade finds its bar; 0: not known, nothing in it can be undone."""
    whole: bool = True
    """Whether that is the first of all its trades, and not only of those that are known one by one."""

    @classmethod
    def of(cls, start_ns: Nanoseconds, trade_id: TradeId, price: Price, quantity: Quantity) -> "GrowingBar":
        """A bar of one trade."""
        return cls(start_ns, price, price, price, price, quantity, price * quantity, 1, trade_id)

    @classmethod
    def grown(cls, bar: Bar, first_trade: TradeId = 0, *, whole: bool = True) -> "GrowingBar":
        """Go on with a bar as it was."""
        return cls(
            bar.start_ns, bar.open, bar.high, bar.low, bar.close, bar.volume, bar.turnover, bar.trades,
            first_trade, whole,
        )  # fmt: skip

    def copied(self, start_ns: Nanoseconds) -> "GrowingBar":
        """Another one with the same trades, that begins elsewhere."""
        return GrowingBar(
            start_ns, self.open, self.high, self.low, self.close, self.volume, self.turnover, self.trades,
            self.first_trade, self.whole,
        )  # fmt: skip

    def add(self, price: Price, quantity: Quantity) -> None:
        """One more trade, later than all others."""
        if price > self.high:
            self.high = price
        elif price < self.low:
            self.low = price
        self.close = price
        self.volume += quantity
        self.turnover += price * quantity
        self.trades += 1

    def append(self, later: "GrowingBar") -> None:
        """All trades of another one, which are later than all of this."""
        self.high = max(self.high, later.high)
        self.low = min(self.low, later.low)
        self.close = later.close
        self.volume += later.volume
        self.turnover += later.turnover
        self.trades += later.trades

    def forget(self, price: Price, quantity: Quantity) -> None:
        """A trade of it is undone: it counts no more. What was first, last, highest and lowest stays."""
        self.volume -= quantity
        self.turnover -= price * quantity
        self.trades -= 1

    def count_again(self, fills: Iterable[Fill]) -> None:
        """These are all its trades, oldest first, at least one; first, last, highest and lowest with them."""
        bar = None
        for trade_id, _, price, quantity in fills:
            if bar is None:
                bar = GrowingBar.of(self.start_ns, trade_id, price, quantity)
            else:
                bar.add(price, quantity)
        assert bar is not None
        self.open, self.high, self.low, self.close = bar.open, bar.high, bar.low, bar.close
        self.volume, self.turnover, self.trades = bar.volume, bar.turnover, bar.trades

    def bar(self) -> Bar:
        """As it stands now."""
        return Bar(
            self.start_ns, self.open, self.high, self.low, self.close, self.volume, self.turnover, self.trades
        )


class BarSeries:
    """The bars of one interval, oldest first; only so many of the last ones."""

    __slots__ = ("_ns", "bars", "interval")

    def __init__(self, interval: Interval, keep: int | None = None) -> None:
        """``keep``: how many of the last bars, at least 1; ``None``: all of them."""
        self.interval: Final = interval
        self._ns: Final = interval.ns
        self.bars: deque[GrowingBar] = deque(maxlen=keep)

    def add(self, trade_id: TradeId, at_ns: Nanoseconds, price: Price, quantity: Quantity) -> GrowingBar:
        """One more trade, not earlier than the one before; returns its bar."""
        start = at_ns - at_ns % self._ns
        bars = self.bars
        if bars and bars[-1].start_ns >= start:
            bar = bars[-1]
            bar.add(price, quantity)
        else:
            bar = GrowingBar.of(start, trade_id, price, quantity)
            bars.append(bar)
        return bar

    def append(self, shorter: GrowingBar) -> GrowingBar:
        """All trades of a bar of a shorter interval, later than all others; returns the bar they are in."""
        start = shorter.start_ns - shorter.start_ns % self._ns
        bars = self.bars
        if bars and bars[-1].start_ns >= start:
            bar = bars[-1]
            bar.append(shorter)
        else:
            bar = shorter.copied(start)
            bars.append(bar)
        return bar

    def of_trade(self, trade_id: TradeId) -> GrowingBar | None:
        """The bar that this trade is in; ``None``: it is earlier than all bars that are kept."""
        at = bisect_right(self.bars, trade_id, key=_first_trade) - 1
        return self.bars[at] if at >= 0 and self.bars[at].first_trade else None

    def first_after(self, bar: GrowingBar) -> TradeId | None:
        """The first trade that is later than a bar of these; ``None``: there is none."""
        return next((other.first_trade for other in self.bars if other.start_ns > bar.start_ns), None)

    def drop(self, bar: GrowingBar) -> None:
        """Forget a bar that nothing is left of."""
        self.bars.remove(bar)

    def snapshot(self) -> list[Bar]:
        """All that are kept, oldest first."""
        return [bar.bar() for bar in self.bars]


def bars_of(fills: Iterable[Fill], interval: Interval) -> Iterator[Bar]:
    """The bars of trades in order of time, each as soon as a later one begins."""
    growing: GrowingBar | None = None
    for trade_id, at_ns, price, quantity in fills:
        start = start_of(at_ns, interval)
        if growing is not None and growing.start_ns >= start:
            growing.add(price, quantity)
        else:
            if growing is not None:
                yield growing.bar()
            growing = GrowingBar.of(start, trade_id, price, quantity)
    if growing is not None:
        yield growing.bar()


def rolled_up(bars: Iterable[Bar], interval: Interval) -> Iterator[Bar]:
    """Bars of a longer interval out of those of a shorter one, in order of time."""
    growing: GrowingBar | None = None
    for bar in bars:
        start = start_of(bar.start_ns, interval)
        if growing is not None and growing.start_ns >= start:
            growing.append(GrowingBar.grown(bar))
        else:
            if growing is not None:
                yield growing.bar()
            growing = GrowingBar.grown(bar)
            growing.start_ns = start
    if growing is not None:
        yield growing.bar()


_first_trade = attrgetter("first_trade")

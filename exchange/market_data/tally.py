"""What has traded in one instrument: the bars of every interval, and the sums of the trading day.

In: trades, busts and ends of days, as they happen. Out: what candles and statistics publish. Taking something in
costs next to nothing; it is added up when somebody looks, or when much has gathered.

A busted trade is taken out again where that can still be done: of the last 10,000 trades of the
instrument everything about it; of an earlier one its quantity, its money and its count, while first, last,
highest and lowest price of its interval stay as they were. An interval that is not among the last 100
stays as it is.
"""

from array import array
from bisect import bisect_left
from collections import deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Final

from exchange.market_data.bars import BarSeries, Fill, GrowingBar
from protocol.market import Bar
from protocol.vocabulary import Interval, Nanoseconds, Price, Quantity, TradeId

KEPT_BARS: Final = 100
"""Of each interval."""
KEPT_TRADES: Final = 10_000
"""So many can be undone without a trace; 32 bytes each."""
_UNKNOWN: Final = 2**62
"""Stands for the first trade of all while an earlier run had trades that this one knows nothing of."""
_LET_GO: Final = 1_000
"""Trades are forgotten so many at a time."""
WAITING: Final = 4_096
"""So much is taken in before it is added up unasked."""


class Tally:
    """The trades of one instrument."""

    def __init__(self) -> None:
        self._series: Final = {interval: BarSeries(interval, KEPT_BARS) for interval in Interval}
        self._day: GrowingBar | None = None  # its start is 0
        self._kept: Final = _KeptTrades()
        self._waiting: list[Fill] = []
        self._touched: dict[Interval, GrowingBar] = {}

    # -- taking in -----------------------------------------------------------------------------
    def trade(self, trade_id: TradeId, at_ns: Nanoseconds, price: Price, quantity: Quantity) -> None:
        """A trade; not earlier, and not with a lower number, than those before."""
        waiting = self._waiting
        waiting.append((trade_id, at_ns, price, quantity))
        if len(waiting) >= WAITING:
            self._digest()

    def bust(self, trade_id: TradeId, price: Price, quantity: Quantity) -> None:
        """A trade is undone."""
        self._digest()
        whole_from = self._kept.first
        self._kept.remove(trade_id)
        self._touched = {}
        for interval, series in self._series.items():
            bar = series.of_trade(trade_id)
            if bar is not None:
                self._undo(bar, series.first_after(bar), whole_from, price, quantity)
                self._touched[interval] = bar
                if not bar.trades:
                    series.drop(bar)
        day = self._day
        if day is not None and 0 < day.first_trade <= trade_id:
            self._undo(day, None, whole_from, price, quantity)
            if not day.trades:
                self._day = None

    def end_day(self) -> None:
        """The trading day is over: what trades from now on is another day's. Candles know no trading days."""
        self._digest()
        self._day = None

    def seed(self, fills: Iterable[Fill], bars: Mapping[Interval, Sequence[Bar]]) -> None:
        """Go on where an earlier run stopped, before anything else is taken in.

        ``fills``: the trades of the trading day so far, oldest first, without those undone; ``bars``: the last
        ones of each interval, oldest first, these trades included. Trades of earlier days can't be
        taken out of a bar any more.
        """
        last: deque[Fill] = deque(maxlen=KEPT_TRADES)
        seconds = BarSeries(Interval.SECOND)
        for fill in fills:
            last.append(fill)
            seconds.add(*fill)
        known = {interval: BarSeries(interval, KEPT_BARS) for interval in Interval}
        for second in seconds.bars:
            self._add_to_day(second)
            for series in known.values():
                series.append(second)
        for interval, given in bars.items():
            today = {bar.start_ns: bar for bar in known[interval].bars}
            for bar in given:
                part = today.get(bar.start_ns)
                first_trade = 0 if part is None else part.first_trade
                whole = part is not None and part.trades == bar.trades
                self._series[interval].bars.append(GrowingBar.grown(bar, first_trade, whole=whole))
        self._kept.first = _UNKNOWN
        self._kept.extend(list(last))

    # -- looking -------------------------------------------------------------------------------
    def bars(self, interval: Interval) -> BarSeries:
        """The last 100 bars of an interval."""
        self._digest()
        return self._series[interval]

    def touched(self, interval: Interval) -> GrowingBar | None:
        """The bar that the last trades, or the last bust, changed; of one that is gone ``trades`` is 0."""
        self._digest()
        return self._touched.get(interval)

    @property
    def day(self) -> GrowingBar | None:
        """The trading day so far as one bar; ``None`` while nothing traded."""
        self._digest()
        return self._day

    # -- adding up -----------------------------------------------------------------------------
    def _digest(self) -> None:
        """Add up what waits: to bars of a second first, so that each trade is looked at once."""
        waiting = self._waiting
        if not waiting:
            return
        seconds = BarSeries(Interval.SECOND)
        add = seconds.add
        for fill in waiting:
            add(*fill)
        self._kept.extend(waiting)
        waiting.clear()
        touched = self._touched = {}
        for interval, series in self._series.items():
            for second in seconds.bars:
                touched[interval] = series.append(second)
        for second in seconds.bars:
            self._add_to_day(second)

    def _add_to_day(self, second: GrowingBar) -> None:
        if self._day is None:
            self._day = second.copied(0)
        else:
            self._day.append(second)

    def _undo(
        self,
        bar: GrowingBar,
        before: TradeId | None,
        whole_from: TradeId,
        price: Price,
        quantity: Quantity,
    ) -> None:
        """Take a trade out of a bar. ``before``: the first trade that is later than the bar."""
        bar.forget(price, quantity)
        if not bar.trades:
            return
        if bar.whole and bar.first_trade >= whole_from:
            bar.count_again(self._kept.between(bar.first_trade, before))
            return
        close = self._kept.last_price(before)
        if close is not None:
            bar.close = close


class _KeptTrades:
    """The last trades, those undone left out."""

    def __init__(self) -> None:
        self._ids: Final = array("q")
        self._at: Final = array("q")
        self._prices: Final = array("q")
        self._quantities: Final = array("q")
        self.first: TradeId = 0
        """All trades from this number on are kept; 0: all that there were."""

    def extend(self, fills: Sequence[Fill]) -> None:
        """These are later than all others."""
        if fills and self.first == _UNKNOWN:
            self.first = fills[0][0]
        for columns, at in ((self._ids, 0), (self._at, 1), (self._prices, 2), (self._quantities, 3)):
            columns.extend([fill[at] for fill in fills])
        if len(self._ids) >= KEPT_TRADES + _LET_GO:
            surplus = len(self._ids) - KEPT_TRADES
            for columns in (self._ids, self._at, self._prices, self._quantities):
                del columns[:surplus]
            self.first = self._ids[0]

    def remove(self, trade_id: TradeId) -> None:
        """A trade is undone; if it is not kept, nothing is."""
        at = bisect_left(self._ids, trade_id)
        if at < len(self._ids) and self._ids[at] == trade_id:
            for columns in (self._ids, self._at, self._prices, self._quantities):
                del columns[at]

    def last_price(self, before: TradeId | None) -> Price | None:
        """Of the last trade before another one, if that is kept."""
        end = len(self._ids) if before is None else bisect_left(self._ids, before)
        return self._prices[end - 1] if end else None

    def between(self, first: TradeId, before: TradeId | None) -> Iterator[Fill]:
        """Trades from a number on, and only those before another one."""
        begin = bisect_left(self._ids, first)
        end = len(self._ids) if before is None else bisect_left(self._ids, before)
        for at in range(begin, end):
            yield self._ids[at], self._at[at], self._prices[at], self._quantities[at]

"""The trading day in numbers: from the first trade after the last end of a day on.

In: the trades of one instrument, added up by a ``Tally``. Out: all of it after each command that traded, and when a
trade of the day is busted or the day ends.
"""

from exchange.market_data.candles import Sums
from exchange.market_data.stream import Change, Stream
from protocol.market import DayStatistics


class StatisticsStream(Stream):
    """The statistics of one instrument."""

    settles = True
    made_of_trades = True
    _last: DayStatistics

    def begin(self) -> None:
        self._last = self._now()

    def state(self) -> DayStatistics:
        return self._last

    def settle(self, change: Change) -> None:
        if change.traded and self._now() != self._last:
            self.seq += 1
            self._last = self._now()
            self.publish(self._last)

    def _now(self) -> DayStatistics:
        """As things stand, with the number of the last message."""
        day = self.instrument.keeper(Sums).tally.day
        if day is None:
            return DayStatistics(self.symbol, self.seq, 0, 0, 0)
        vwap = day.turnover // day.volume
        return DayStatistics(
            self.symbol, self.seq, day.volume, day.turnover, day.trades,
            day.open, day.high, day.low, day.close, vwap,
        )  # fmt: skip

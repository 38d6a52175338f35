"""Candles: what traded in each interval of time, while it lasts and when it is over.

In: the trades of one instrument, added up by a ``Tally``. Out: one candle for each command that traded, complete
each time; and once more the candle that a busted trade is taken out of.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Final

from exchange.engine.events import AuctionTrade, Trade, TradeBusted
from exchange.market_data.stream import Change, Keeper, Stream
from exchange.market_data.tally import Tally
from protocol.market import Bar, Candle, CandlesSnapshot, TradePrint
from protocol.vocabulary import Interval, Nanoseconds

if TYPE_CHECKING:
    from exchange.market_data.instrument import Instrument

_TRADES: Final = frozenset((Trade, AuctionTrade, TradeBusted))


class Sums(Keeper):
    """What candles and the day's statistics are made of."""

    def __init__(self, instrument: Instrument) -> None:
        super().__init__(instrument)
        self.tally: Final = Tally()

    def printed(self, trade: TradePrint) -> None:
        self.tally.trade(trade.trade_id, trade.at_ns, trade.price, trade.quantity)

    def busted(self, at_ns: Nanoseconds, busted: TradeBusted) -> None:
        self.tally.bust(busted.trade_id, busted.price, busted.quantity)

    def day_ended(self, at_ns: Nanoseconds) -> None:
        self.tally.end_day()

    def seed(self, trades: Iterable[TradePrint], bars: Mapping[Interval, list[Bar]]) -> None:
        self.tally.seed(((one.trade_id, one.at_ns, one.price, one.quantity) for one in trades), bars)


class CandleStream(Stream):
    """The candles of one interval."""

    settles = True
    made_of_trades = True

    @property
    def _interval(self) -> Interval:
        interval = self.key.interval
        assert interval is not None
        return interval

    @property
    def _tally(self) -> Tally:
        return self.instrument.keeper(Sums).tally

    def state(self) -> CandlesSnapshot:
        bars = self._tally.bars(self._interval).snapshot()
        return CandlesSnapshot(self.symbol, self.seq, self._interval, bars)

    def settle(self, change: Change) -> None:
        if not change.traded or not any(type(event) in _TRADES for event in change.events):
            return
        bar = self._tally.touched(self._interval)
        if bar is not None:
            self.seq += 1
            self.publish(Candle(self.symbol, self.seq, self._interval, bar.bar()))

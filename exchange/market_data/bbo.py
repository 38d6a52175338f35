"""The best bid and offer.

In: the sides that a command touched. Out: both best levels, whenever one of them changed price or displayed
quantity (rule 26). While a call lasts the book may be crossed, and so may they.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from exchange.market_data.best import best_level
from exchange.market_data.stream import Change, Stream
from protocol.fields import Level
from protocol.market import BestPrices

if TYPE_CHECKING:
    from exchange.market_data.instrument import Instrument
    from exchange.market_data.keys import StreamKey


class BestPricesStream(Stream):
    """Complete each time."""

    settles = True

    def __init__(self, key: StreamKey, instrument: Instrument) -> None:
        super().__init__(key, instrument)
        self._bid: Level | None = None
        self._ask: Level | None = None

    def begin(self) -> None:
        self._bid = best_level(self.book.bids)
        self._ask = best_level(self.book.asks)

    def state(self) -> BestPrices:
        return BestPrices(self.symbol, self.seq, self._bid, self._ask)

    def settle(self, change: Change) -> None:
        bid = best_level(self.book.bids) if change.bids or change.whole else self._bid
        ask = best_level(self.book.asks) if change.asks or change.whole else self._ask
        if bid != self._bid or ask != self._ask:
            self._bid, self._ask = bid, ask
            self.seq += 1
            self.publish(BestPrices(self.symbol, self.seq, bid, ask))

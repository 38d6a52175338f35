"""The book by price level: the whole of it, or the best levels of each side.

In: the prices that a command may have changed. Out: those levels whose displayed quantity differs from what
readers have been shown, so whatever an event did, their copy equals the book (rules 26 and 48). Of the best
levels that is also the one that slides in when another is gone, and the one that slides out, with quantity 0.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from exchange.engine.book_side import BookSide
from exchange.market_data.best import NOWHERE, best_levels
from exchange.market_data.stream import Change, Stream
from protocol.checksum import checksum
from protocol.fields import Level
from protocol.market import DepthDelta, DepthSnapshot
from protocol.vocabulary import Price, Quantity

if TYPE_CHECKING:
    from exchange.market_data.instrument import Instrument
    from exchange.market_data.keys import StreamKey


class DepthStream(Stream):
    """Depth with ``key.levels`` levels a side; ``None``: all."""

    settles = True

    def __init__(self, key: StreamKey, instrument: Instrument) -> None:
        super().__init__(key, instrument)
        self._bids = _Shown(self.book.bids, key.levels)
        self._asks = _Shown(self.book.asks, key.levels)

    def begin(self) -> None:
        self._bids.show_all()
        self._asks.show_all()
        self.instrument.look_again()

    def end(self) -> None:
        self._bids.clear()
        self._asks.clear()

    def state(self) -> DepthSnapshot:
        bids, asks = self._bids.best_first(), self._asks.best_first()
        return DepthSnapshot(self.symbol, self.seq, checksum(bids, asks), bids, asks, self.key.levels)

    def settle(self, change: Change) -> None:
        bids = self._bids.changed(change.bids, whole=change.whole)
        asks = self._asks.changed(change.asks, whole=change.whole)
        if bids or asks:
            self.seq += 1
            check = self.instrument.checksum(change)
            self.publish(DepthDelta(self.symbol, self.seq, check, bids, asks, self.key.levels))


class _Shown:
    """One side as readers have been shown it; kept only while there are any."""

    __slots__ = ("_most", "_side", "_worst", "levels")

    def __init__(self, side: BookSide, most: int | None) -> None:
        self._side = side
        self._most = most
        self._worst = NOWHERE  # key of the last level of those that may be shown, if they are all there
        self.levels: dict[Price, Quantity] = {}

    def show_all(self) -> None:
        """What there is to show now."""
        levels = best_levels(self._side, self._most)
        self.levels = dict(levels)
        self._worst = self._side.sign * levels[-1][0] if len(levels) == self._most else NOWHERE

    def clear(self) -> None:
        self.levels = {}

    def best_first(self) -> list[Level]:
        return sorted(self.levels.items(), reverse=self._side.sign > 0)

    def changed(self, prices: set[Price], *, whole: bool) -> list[Level]:
        """Levels that differ from what was shown, by price; from now on they are what was shown.

        ``prices`` are all that may differ, unless the ``whole`` side is to be looked at.
        """
        if whole:
            return self._changed_whole()
        side, shown, worst = self._side, self.levels, self._worst
        sign, levels = side.sign, side.levels
        changed: list[Level] = []
        # A set's own order is no order to publish in.
        for price in prices if len(prices) < 2 else sorted(prices):
            if sign * price < worst:
                continue  # too far off to be shown
            level = levels.get(price)
            quantity = 0 if level is None else level.quantity - level.reserve
            before = shown.get(price, 0)
            if quantity == before:
                continue
            if self._most is not None and not (quantity and before):
                # One comes in or goes out, so that another may have to go or come.
                return self._changed_whole()
            changed.append((price, quantity))
        for price, quantity in changed:
            if quantity:
                shown[price] = quantity
            else:
                del shown[price]
        return changed

    def _changed_whole(self) -> list[Level]:
        before = self.levels
        self.show_all()
        after = self.levels
        return [
            (price, after.get(price, 0))
            for price in sorted(before.keys() | after.keys())
            if before.get(price, 0) != after.get(price, 0)
        ]

"""Says what a venue says about a book: depth messages with numbers and checksums that fit.

In: changes of price levels. Out: ``DepthSnapshot`` and ``DepthDelta``.
"""

from collections.abc import Iterable

from protocol.checksum import checksum
from protocol.fields import Level
from protocol.market import DepthDelta, DepthSnapshot
from protocol.vocabulary import Symbol

ACME = Symbol("ACME")


def snapshot_of(
    seq: int,
    bids: Iterable[Level] = (),
    asks: Iterable[Level] = (),
    *,
    symbol: str = ACME,
    levels: int | None = None,
) -> DepthSnapshot:
    """A book as it stands."""
    book = BookTalk(seq, bids, asks, symbol=symbol, levels=levels)
    return book.snapshot()


class BookTalk:
    """A book of which a venue talks."""

    def __init__(
        self,
        seq: int = 0,
        bids: Iterable[Level] = (),
        asks: Iterable[Level] = (),
        *,
        symbol: str = ACME,
        levels: int | None = None,
    ) -> None:
        self.seq = seq
        self._symbol = Symbol(symbol)
        self._levels = levels
        self._bids = dict(bids)
        self._asks = dict(asks)

    @property
    def bids(self) -> list[Level]:
        """Best first."""
        return sorted(self._bids.items(), reverse=True)

    @property
    def asks(self) -> list[Level]:
        """Best first."""
        return sorted(self._asks.items())

    @property
    def checksum(self) -> int:
        """Of the book as it stands."""
        return checksum(self.bids, self.asks)

    def snapshot(self) -> DepthSnapshot:
        """The book as it stands."""
        return DepthSnapshot(self._symbol, self.seq, self.checksum, self.bids, self.asks, self._levels)

    def delta(self, bids: Iterable[Level] = (), asks: Iterable[Level] = ()) -> DepthDelta:
        """Change some price levels, 0 removes one, and tell."""
        self.seq += 1
        bids, asks = list(bids), list(asks)
        for side, changes in ((self._bids, bids), (self._asks, asks)):
            side.update(changes)
            for price, quantity in changes:
                if not quantity:
                    side.pop(price, None)
        return DepthDelta(self._symbol, self.seq, self.checksum, bids, asks, self._levels)

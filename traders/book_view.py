"""The book as a subscriber sees it by price level, rebuilt from a depth stream.

In: ``DepthSnapshot`` and ``DepthDelta`` of one stream, in the order of the wire. Out: immutable ``Depth`` views.
Promises: a view never shows a mixture of two numbers of the stream, and a stream with a hole or a wrong
checksum raises instead of showing a book that never was. No clock, no I/O.
"""

from bisect import bisect_left, insort
from collections.abc import Iterable

import msgspec

from protocol.checksum import CHECKED_LEVELS, checksum_of_texts, level_text
from protocol.errors import ChecksumMismatch, SequenceGap
from protocol.fields import Level
from protocol.market import DepthDelta, DepthSnapshot
from protocol.vocabulary import Price, Quantity, Sequence, Side, Symbol
from traders.quoted import Quoted


class Depth(Quoted, msgspec.Struct, frozen=True, gc=False):
    """The book at one moment: ``(price, quantity)`` by price level, best first on both sides.

    While a call lasts the book may be crossed: bids above asks, a spread below zero.
    """

    symbol: Symbol
    seq: Sequence
    bids: tuple[Level, ...]
    asks: tuple[Level, ...]

    def levels(self, side: Side, limit: int | None = None) -> tuple[Level, ...]:
        """The bids for ``Side.BUY``, the asks for ``Side.SELL``; at most ``limit`` of them."""
        levels = self.bids if side is Side.BUY else self.asks
        return levels if limit is None else levels[:limit]

    # As ``Quoted`` has them, without a copy of a part: a simulation asks at every change.
    def best(self, side: Side) -> Level | None:
        levels = self.bids if side is Side.BUY else self.asks
        return levels[0] if levels else None

    @property
    def mid(self) -> Price | None:
        bids, asks = self.bids, self.asks
        return (bids[0][0] + asks[0][0]) // 2 if bids and asks else None


class _Half:
    """One side: quantity by price, the prices in ascending order, and its part of the checksum.

    The checksum is most of the work of a view, so its text is kept, and its parts: a change makes one of them anew.
    """

    __slots__ = ("_parts", "_text", "is_bids", "prices", "quantities")

    def __init__(self, levels: Iterable[Level], is_bids: bool) -> None:
        self.quantities: dict[Price, Quantity] = {price: quantity for price, quantity in levels if quantity}
        self.prices: list[Price] = sorted(self.quantities)
        self.is_bids = is_bids
        self._text: str | None = None
        self._parts: dict[Price, str] = {}  # of levels that were among the best since they last changed

    def change(self, levels: Iterable[Level]) -> None:
        quantities, prices, parts = self.quantities, self.prices, self._parts
        for price, quantity in levels:
            if price in parts:
                del parts[price]
            if quantity:
                if price not in quantities:
                    insort(prices, price)
                quantities[price] = quantity
            elif quantities.pop(price, None) is not None:
                del prices[bisect_left(prices, price)]
        self._text = None

    def levels(self, limit: int | None) -> tuple[Level, ...]:
        if self.is_bids:
            chosen = self.prices[::-1] if limit is None else self.prices[: -limit - 1 : -1]
        else:
            chosen = self.prices[:limit]
        quantities = self.quantities
        return tuple([(price, quantities[price]) for price in chosen])

    def best(self) -> Level | None:
        if not self.prices:
            return None
        price = self.prices[-1 if self.is_bids else 0]
        return price, self.quantities[price]

    @property
    def text(self) -> str:
        if self._text is None:
            prices = self.prices
            best = prices[: -CHECKED_LEVELS - 1 : -1] if self.is_bids else prices[:CHECKED_LEVELS]
            known = self._parts.get
            self._text = ",".join([known(price) or self._part(price) for price in best])
        return self._text

    def _part(self, price: Price) -> str:
        part = self._parts[price] = level_text(price, self.quantities[price])
        return part


class BookView(Quoted):
    """Follows a depth stream of one instrument. Its properties are cheap: no view is made for them."""

    __slots__ = ("_asks", "_bids", "seq", "stream", "symbol")

    def __init__(self, symbol: Symbol, stream: str | None = None) -> None:
        """``stream``: what errors call it."""
        self.symbol = symbol
        self.stream = stream or f"depth of {symbol}"
        self.seq: Sequence | None = None
        """Number of the last snapshot or delta; ``None`` before the first snapshot and after a fault."""
        self._bids = _Half((), is_bids=True)
        self._asks = _Half((), is_bids=False)

    def apply(self, message: DepthSnapshot | DepthDelta) -> None:
        """Take the next message of the stream.

        Raises:
            SequenceGap: a delta does not follow what was applied last, or comes before any snapshot.
            ChecksumMismatch: the book is not the one the venue has.
            After either the view is empty, until a snapshot fills it again.
        """
        if isinstance(message, DepthSnapshot):
            self._fill(message.bids, message.asks)
        else:
            expected = 0 if self.seq is None else self.seq + 1
            if message.seq != expected or self.seq is None:
                self._clear()
                raise SequenceGap(self.stream, expected, message.seq)
            if message.bids:
                self._bids.change(message.bids)
            if message.asks:
                self._asks.change(message.asks)
        found = checksum_of_texts(self._bids.text, self._asks.text)
        if found != message.checksum:
            self._clear()
            raise ChecksumMismatch(self.stream, message.seq, message.checksum, found)
        self.seq = message.seq

    def levels(self, side: Side, limit: int | None = None) -> tuple[Level, ...]:
        """Price levels of one side, best first; at most ``limit``."""
        return (self._bids if side is Side.BUY else self._asks).levels(limit)

    def best(self, side: Side) -> Level | None:
        """Price and quantity of the best level; ``None`` where the side is empty."""
        return (self._bids if side is Side.BUY else self._asks).best()

    def view(self, limit: int | None = None) -> Depth:
        """The book now; at most ``limit`` price levels a side."""
        return Depth(self.symbol, self.seq or 0, self._bids.levels(limit), self._asks.levels(limit))

    def _fill(self, bids: Iterable[Level], asks: Iterable[Level]) -> None:
        self._bids, self._asks = _Half(bids, is_bids=True), _Half(asks, is_bids=False)

    def _clear(self) -> None:
        self.seq = None
        self._fill((), ())

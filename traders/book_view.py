"""The book as a subscriber sees it, rebuilt from the depth stream.

In: ``DepthSnapshot`` and ``DepthDelta`` of one instrument, in the order of the wire. Out: immutable
``Depth`` views. Promises: a view never shows a mixture of two numbers of the stream, and a stream
with a hole raises instead of showing a book that never was. No clock, no I/O.
"""

from bisect import bisect_left, insort
from collections.abc import Iterable

import msgspec

from protocol.errors import SequenceGap
from protocol.fields import Level
from protocol.market import DepthDelta, DepthSnapshot
from protocol.vocabulary import Price, Quantity, Sequence, Side, Symbol


class Depth(msgspec.Struct, frozen=True, gc=False):
    """The book at one moment: ``(price, quantity)`` by price level, best first on both sides.

    While a call lasts the book may be crossed: bids above asks, a spread below zero.
    """

    symbol: Symbol
    seq: Sequence
    bids: tuple[Level, ...]
    asks: tuple[Level, ...]

    @property
    def best_bid(self) -> Price | None:
        """Highest price somebody would pay."""
        return self.bids[0][0] if self.bids else None

    @property
    def best_ask(self) -> Price | None:
        """Lowest price somebody would take."""
        return self.asks[0][0] if self.asks else None

    @property
    def mid(self) -> Price | None:
        """Halfway between the best prices, rounded down to a price unit; needs both sides."""
        if not self.bids or not self.asks:
            return None
        return (self.bids[0][0] + self.asks[0][0]) // 2

    @property
    def spread(self) -> int | None:
        """Best ask less best bid in price units; needs both sides."""
        return self.asks[0][0] - self.bids[0][0] if self.bids and self.asks else None

    @property
    def is_crossed(self) -> bool:
        """Whether somebody would pay what somebody would take, or more: only while a call lasts, or around
        all-or-none orders.
        """
        return bool(self.bids and self.asks and self.bids[0][0] >= self.asks[0][0])

    def levels(self, side: Side) -> tuple[Level, ...]:
        """The bids for ``Side.BUY``, the asks for ``Side.SELL``."""
        return self.bids if side is Side.BUY else self.asks


class _Half:
    """One side: quantity by price, and the prices in ascending order."""

    __slots__ = ("prices", "quantities")

    def __init__(self, levels: Iterable[Level]) -> None:
        self.quantities: dict[Price, Quantity] = {price: quantity for price, quantity in levels if quantity}
        self.prices: list[Price] = sorted(self.quantities)

    def change(self, levels: Iterable[Level]) -> None:
        quantities, prices = self.quantities, self.prices
        for price, quantity in levels:
            if quantity:
                if price not in quantities:
                    insort(prices, price)
                quantities[price] = quantity
            elif quantities.pop(price, None) is not None:
                del prices[bisect_left(prices, price)]


class BookView:
    """Follows the depth stream of one instrument."""

    def __init__(self, symbol: Symbol) -> None:
        self.symbol = symbol
        self.seq: Sequence | None = None
        """Number of the last snapshot or delta; ``None`` before the first snapshot."""
        self._bids = _Half(())
        self._asks = _Half(())

    def apply(self, message: DepthSnapshot | DepthDelta) -> None:
        """Take the next message of the stream.

        Raises:
            SequenceGap: a delta does not follow what was applied last, or comes before any
                snapshot. The view is empty afterwards, until a snapshot fills it again.
        """
        if isinstance(message, DepthSnapshot):
            self._bids, self._asks = _Half(message.bids), _Half(message.asks)
        else:
            expected = 0 if self.seq is None else self.seq + 1
            if message.seq != expected or self.seq is None:
                self.seq = None
                self._bids, self._asks = _Half(()), _Half(())
                raise SequenceGap(f"depth of {self.symbol}", expected, message.seq)
            if message.bids:
                self._bids.change(message.bids)
            if message.asks:
                self._asks.change(message.asks)
        self.seq = message.seq

    @property
    def best_bid(self) -> Price | None:
        """Highest bid; cheap, no view is made."""
        return self._bids.prices[-1] if self._bids.prices else None

    @property
    def best_ask(self) -> Price | None:
        """Lowest ask; cheap, no view is made."""
        return self._asks.prices[0] if self._asks.prices else None

    @property
    def mid(self) -> Price | None:
        """As ``Depth.mid``; cheap, no view is made."""
        bid, ask = self.best_bid, self.best_ask
        return None if bid is None or ask is None else (bid + ask) // 2

    def levels(self, side: Side, limit: int | None = None) -> tuple[Level, ...]:
        """Price levels of one side, best first; at most ``limit``."""
        if side is Side.BUY:
            quantities, prices = self._bids.quantities, self._bids.prices
            chosen = prices[::-1] if limit is None else prices[: -limit - 1 : -1]
        else:
            quantities, prices = self._asks.quantities, self._asks.prices
            chosen = prices[:limit]
        return tuple([(price, quantities[price]) for price in chosen])

    def view(self, limit: int | None = None) -> Depth:
        """The book now; at most ``limit`` price levels a side."""
        return Depth(self.symbol, self.seq or 0, self.levels(Side.BUY, limit), self.levels(Side.SELL, limit))

"""The book order by order, rebuilt from the orders stream: who is where in which queue.

In: ``OrdersSnapshot`` and ``OrdersDelta`` of one instrument, in the order of the wire. Out: immutable
``OrderBook`` views, and the place of any order. Orders have public numbers; its owner knows that of an own
order as ``order_id``. Only what is displayed is here: of an iceberg its peak. Promises: a view never shows a
mixture of two numbers of the stream; a stream with a hole, or with a change that can't be, raises. No clock,
no I/O.
"""

from bisect import bisect_left, insort
from collections.abc import Iterable

import msgspec

from protocol.errors import ImpossibleChange, SequenceGap
from protocol.fields import Level
from protocol.market import (
    OrderAdded,
    OrderChange,
    OrderDeleted,
    OrdersDelta,
    OrdersSnapshot,
    PublicOrder,
)
from protocol.vocabulary import OrderId, Price, Quantity, Sequence, Side, Symbol
from traders.quoted import Quoted


class Place(msgspec.Struct, frozen=True, gc=False):
    """Where an order stands in its queue."""

    number: OrderId
    side: Side
    price: Price
    quantity: Quantity
    """What it shows."""
    position: int
    """Orders before it at its price; 0: it is next."""
    ahead: Quantity
    """What those show. Hidden quantity, and the rest of icebergs, comes behind (rule 26)."""


class OrderLevel(msgspec.Struct, frozen=True, gc=False):
    """One price and the orders there, ``(number, quantity)`` each, first come first."""

    price: Price
    quantity: Quantity
    orders: tuple[tuple[OrderId, Quantity], ...]


class OrderBook(Quoted, msgspec.Struct, frozen=True, gc=False):
    """The displayed orders at one moment, best price first on both sides."""

    symbol: Symbol
    seq: Sequence
    bids: tuple[OrderLevel, ...]
    asks: tuple[OrderLevel, ...]

    def queues(self, side: Side) -> tuple[OrderLevel, ...]:
        """The bids for ``Side.BUY``, the asks for ``Side.SELL``."""
        return self.bids if side is Side.BUY else self.asks

    def levels(self, side: Side, limit: int | None = None) -> tuple[Level, ...]:
        """The same as price levels: price and quantity; at most ``limit``."""
        return tuple([(one.price, one.quantity) for one in self.queues(side)[:limit]])

    def place(self, number: OrderId) -> Place | None:
        """Where an order stands; looks through the whole book. ``None``: it shows nothing, or is gone."""
        for side in Side:
            for level in self.queues(side):
                place = _place(number, side, level.price, level.orders)
                if place is not None:
                    return place
        return None


class _Queue:
    """The orders at one price. A ``dict`` keeps them in the order in which they came."""

    __slots__ = ("_shown", "orders", "price", "quantity")

    def __init__(self, price: Price) -> None:
        self.price = price
        self.quantity: Quantity = 0
        self.orders: dict[OrderId, Quantity] = {}
        self._shown: OrderLevel | None = None  # made once, and again only after a change

    def set(self, number: OrderId, quantity: Quantity) -> None:
        """What an order shows; the first time it goes to the end of the queue, 0 takes it out."""
        self.quantity += quantity - self.orders.get(number, 0)
        if quantity:
            self.orders[number] = quantity
        else:
            del self.orders[number]
        self._shown = None

    @property
    def shown(self) -> OrderLevel:
        if self._shown is None:
            self._shown = OrderLevel(self.price, self.quantity, tuple(self.orders.items()))
        return self._shown


class _Half:
    """One side: queues by price, and the prices in ascending order."""

    __slots__ = ("prices", "queues", "side")

    def __init__(self, side: Side) -> None:
        self.side = side
        self.queues: dict[Price, _Queue] = {}
        self.prices: list[Price] = []

    def add(self, number: OrderId, price: Price, quantity: Quantity) -> _Queue:
        queue = self.queues.get(price)
        if queue is None:
            queue = self.queues[price] = _Queue(price)
            insort(self.prices, price)
        queue.set(number, quantity)
        return queue

    def drop(self, price: Price) -> None:
        """Forget a queue that is empty."""
        del self.queues[price]
        del self.prices[bisect_left(self.prices, price)]

    def best_first(self, limit: int | None = None) -> list[_Queue]:
        if self.side is Side.BUY:
            prices = self.prices[::-1] if limit is None else self.prices[: -limit - 1 : -1]
        else:
            prices = self.prices[:limit]
        return [self.queues[price] for price in prices]


class OrdersView(Quoted):
    """Follows the orders stream of one instrument."""

    __slots__ = ("_asks", "_bids", "_where", "seq", "stream", "symbol")

    def __init__(self, symbol: Symbol) -> None:
        self.symbol = symbol
        self.stream = f"orders of {symbol}"
        self.seq: Sequence | None = None
        """Number of the last snapshot or delta; ``None`` before the first snapshot and after a fault."""
        self._clear()

    def apply(self, message: OrdersSnapshot | OrdersDelta) -> None:
        """Take the next message of the stream.

        Raises:
            SequenceGap: a delta does not follow what was applied last, or comes before any snapshot.
            ImpossibleChange: it changes an order that is not there, or takes more of it than there is.
            After either the view is empty, until a snapshot fills it again.
        """
        try:
            if isinstance(message, OrdersSnapshot):
                self._clear()
                self._fill(message.seq, self._bids, message.bids)
                self._fill(message.seq, self._asks, message.asks)
            else:
                expected = 0 if self.seq is None else self.seq + 1
                if message.seq != expected or self.seq is None:
                    raise SequenceGap(self.stream, expected, message.seq)
                for change in message.changes:
                    self._change(message.seq, change)
        except (SequenceGap, ImpossibleChange):
            self._clear()
            raise
        self.seq = message.seq

    def __len__(self) -> int:
        """How many orders there are."""
        return len(self._where)

    def __contains__(self, number: object) -> bool:
        """Whether the order with that number shows anything."""
        return number in self._where

    def place(self, number: OrderId) -> Place | None:
        """Where an order stands; looks through the queue at its price only. ``None``: it shows nothing, or is gone."""
        where = self._where.get(number)
        if where is None:
            return None
        half, queue = where
        return _place(number, half.side, queue.price, queue.orders.items())

    def levels(self, side: Side, limit: int | None = None) -> tuple[Level, ...]:
        """The same as price levels: price and quantity, best first; at most ``limit``."""
        return tuple([(queue.price, queue.quantity) for queue in self._half(side).best_first(limit)])

    def view(self, limit: int | None = None) -> OrderBook:
        """The book now; at most ``limit`` price levels a side. Queues that did not change are shared with the
        view before.
        """
        bids, asks = self._bids.best_first(limit), self._asks.best_first(limit)
        return OrderBook(
            self.symbol,
            self.seq or 0,
            tuple([queue.shown for queue in bids]),
            tuple([queue.shown for queue in asks]),
        )

    # -- inside ------------------------------------------------------------------------------------
    def _half(self, side: Side) -> _Half:
        return self._bids if side is Side.BUY else self._asks

    def _clear(self) -> None:
        self.seq = None
        self._bids, self._asks = _Half(Side.BUY), _Half(Side.SELL)
        self._where: dict[OrderId, tuple[_Half, _Queue]] = {}

    def _fill(self, seq: Sequence, half: _Half, orders: Iterable[PublicOrder]) -> None:
        for number, price, quantity in orders:
            self._add(seq, half, number, price, quantity)

    def _add(self, seq: Sequence, half: _Half, number: OrderId, price: Price, quantity: Quantity) -> None:
        if number in self._where:
            raise ImpossibleChange(self.stream, seq, f"adds order {number}, which is there")
        if quantity <= 0:
            raise ImpossibleChange(self.stream, seq, f"adds order {number} with {quantity}")
        self._where[number] = (half, half.add(number, price, quantity))

    def _change(self, seq: Sequence, change: OrderChange) -> None:
        if isinstance(change, OrderAdded):
            self._add(seq, self._half(change.side), change.number, change.price, change.quantity)
            return
        where = self._where.get(change.number)
        if where is None:
            raise ImpossibleChange(self.stream, seq, f"changes order {change.number}, which is not there")
        half, queue = where
        left = 0
        if not isinstance(change, OrderDeleted):
            if change.quantity <= 0:
                raise ImpossibleChange(self.stream, seq, f"takes {change.quantity} of order {change.number}")
            left = queue.orders[change.number] - change.quantity
        if left < 0:
            raise ImpossibleChange(self.stream, seq, f"takes {-left} too much of order {change.number}")
        queue.set(change.number, left)
        if not left:
            del self._where[change.number]
            if not queue.orders:
                half.drop(queue.price)


def _place(
    number: OrderId, side: Side, price: Price, orders: Iterable[tuple[OrderId, Quantity]]
) -> Place | None:
    ahead = 0
    for position, (other, quantity) in enumerate(orders):
        if other == number:
            return Place(number, side, price, quantity, position, ahead)
        ahead += quantity
    return None

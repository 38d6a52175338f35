"""Queues of orders, and one price of a book.

In: orders. Out: those that are alive, in the order in which they trade: the displayed ones
first in first out, behind them the hidden ones (rule 2).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from heapq import merge
from typing import Final

from exchange.engine.order import Order
from protocol.vocabulary import (
    AccountId,
    ClientOrderId,
    OrderId,
    OrderType,
    Price,
    Quantity,
    Sequence,
    Side,
    Symbol,
    TimeInForce,
)

DEAD_ALLOWED: Final = 16
"""Short queues are not worth sweeping."""

_NOBODY: Final = Order(
    0, AccountId(""), ClientOrderId(""), Symbol(""), Side.BUY, OrderType.LIMIT, TimeInForce.GTC, False, None, 0, 0
)  # fmt: skip
"""Stands in a queue where an order stood that went to the back: dead for ever."""


class Queue:
    """Orders, oldest first.

    A canceled or filled order is only counted as dead (it has nothing left open) and passed over, so
    that a cancel costs the same wherever the order stands. The list is swept when there are three
    times as many dead as living.
    """

    __slots__ = ("dead", "head", "orders")

    def __init__(self, orders: Iterable[Order] = ()) -> None:
        self.orders = list(orders)
        self.head = 0  # nothing before this index is alive
        self.dead = 0

    def __bool__(self) -> bool:
        return len(self.orders) > self.dead

    def __iter__(self) -> Iterator[Order]:
        return self.living()

    def living(self) -> Iterator[Order]:
        """Those with something open, oldest first; they may be removed meanwhile."""
        orders = self.orders
        for at in range(self.head, len(orders)):
            if orders[at].leaves:
                yield orders[at]

    def append(self, order: Order) -> None:
        """Behind all others."""
        self.orders.append(order)

    def lose(self) -> None:
        """One of the orders has just died."""
        self.dead += 1
        orders, head = self.orders, self.head
        while head < len(orders) and not orders[head].leaves:
            head += 1
        self.head = head
        if self.dead > DEAD_ALLOWED:
            self.bury()

    def send_back(self, order: Order) -> None:
        """Move an order behind all others."""
        orders = self.orders
        orders[orders.index(order, self.head)] = _NOBODY
        orders.append(order)
        self.lose()

    def bury(self) -> None:
        """Let go of the dead if there are many."""
        if 4 * self.dead > 3 * len(self.orders):
            self.orders = [order for order in self.orders[self.head :] if order.leaves]
            self.head = self.dead = 0


_NOBODY_HIDES: Final = Queue()  # never changed


class Level(Queue):
    """All orders at one price, oldest first; never empty, so its quantity is never 0.

    As a queue it holds the displayed orders; the hidden ones stand in a queue of their own.
    """

    __slots__ = ("hidden", "price", "quantity", "reserve")

    def __init__(self, price: Price, first: Order) -> None:
        self.price = price
        self.orders = [first]
        self.quantity = first.leaves
        self.reserve = 0  # the part of the quantity that nobody sees
        self.head = 0
        self.dead = 0
        self.hidden = _NOBODY_HIDES  # behind all displayed (rule 2)

    def __iter__(self) -> Iterator[Order]:
        """The living, the hidden ones last; they may be removed meanwhile."""
        yield from self.living()
        yield from self.hidden

    @property
    def displayed(self) -> Quantity:
        """What market data shows: peaks only, nothing of hidden orders (rule 26)."""
        return self.quantity - self.reserve

    def displayed_count(self) -> int:
        """How many orders are displayed."""
        return sum(1 for _ in self.living())

    def hide_last(self) -> None:
        """The order just appended is a hidden one: it stands behind all displayed ones."""
        order = self.orders.pop()
        if self.hidden is _NOBODY_HIDES:
            self.hidden = Queue()
        self.hidden.append(order)
        self.reserve += order.leaves

    def merge_by_arrival(self, late: int) -> None:
        """Put the last ``late`` displayed orders where their arrival belongs among the others."""
        orders = list(self.living())
        self.orders = list(merge(orders[:-late], orders[-late:], key=_arrival))
        self.head = self.dead = 0


def _arrival(order: Order) -> tuple[Sequence, OrderId]:
    return order.arrival, order.order_id

"""One price of a book: the queue of its orders.

In: orders at this price. Out: those that are alive, in the order in which they trade: the displayed ones
first in first out, behind them the hidden ones (rule 2).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from exchange.engine.order import Order
from protocol.vocabulary import (
    AccountId,
    ClientOrderId,
    OrderType,
    Price,
    Quantity,
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

_NO_ORDERS: Final[list[Order]] = []  # never changed


class Level:
    """All orders at one price, oldest first; never empty, so its quantity is never 0.

    A canceled or filled order is only counted as dead (it has nothing left open) and passed over, so
    that a cancel costs the same wherever the order stands. The list is swept when there are three
    times as many dead as living.
    """

    __slots__ = ("dead", "head", "hidden", "orders", "price", "quantity", "reserve")

    def __init__(self, price: Price, first: Order) -> None:
        self.price = price
        self.orders = [first]
        self.quantity = first.leaves
        self.reserve = 0  # the part of the quantity that nobody sees
        self.head = 0  # nothing before this index is alive
        self.dead = 0
        self.hidden: list[Order] = _NO_ORDERS  # oldest first, all alive; behind all displayed (rule 2)

    def __iter__(self) -> Iterator[Order]:
        """The living, in their queue's order; they may be removed meanwhile."""
        hidden = self.hidden.copy()
        yield from self.displayed_orders()
        yield from hidden

    def displayed_orders(self) -> Iterator[Order]:
        """The living that are displayed, oldest first; they may be removed meanwhile."""
        orders = self.orders
        for at in range(self.head, len(orders)):
            if orders[at].leaves:
                yield orders[at]

    @property
    def displayed(self) -> Quantity:
        """What market data shows: peaks only, nothing of hidden orders (rule 26)."""
        return self.quantity - self.reserve

    def displayed_count(self) -> int:
        """How many orders are displayed."""
        return sum(1 for _ in self.displayed_orders())

    def bury(self) -> None:
        """Let go of the dead if there are many."""
        if 4 * self.dead > 3 * len(self.orders):
            self.orders = [order for order in self.orders[self.head :] if order.leaves]
            self.head = self.dead = 0

    def advance(self) -> None:
        """Pass over the dead at the head, so that nobody walks over them again."""
        orders, head = self.orders, self.head
        while head < len(orders) and not orders[head].leaves:
            head += 1
        self.head = head

    def send_back(self, order: Order) -> None:
        """Move a displayed order behind all others."""
        orders = self.orders
        orders[orders.index(order, self.head)] = _NOBODY
        orders.append(order)
        self.dead += 1
        self.advance()
        if self.dead > DEAD_ALLOWED:
            self.bury()

    def hide_last(self) -> None:
        """The order just appended is a hidden one: it stands behind all displayed ones."""
        order = self.orders.pop()
        if self.hidden is _NO_ORDERS:
            self.hidden = []
        self.hidden.append(order)
        self.reserve += order.leaves

    def insert_by_arrival(self, order: Order) -> None:
        """Move the order just appended before the displayed ones that came after it."""
        others = list(self.displayed_orders())[:-1]
        later = next(
            (at for at, other in enumerate(others) if other.arrival > order.arrival),
            len(others),
        )
        self.orders = [*others[:later], order, *others[later:]]
        self.head = self.dead = 0

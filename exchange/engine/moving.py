"""Orders that go to another place in the book.

In: an order, its new price and total. Out: a new record of it: the book knows dead orders by their records, so an order
that moves leaves one behind.
"""

from __future__ import annotations

from exchange.engine.order import Order
from protocol.vocabulary import Price, Quantity, Sequence


def moved(order: Order, price: Price | None, quantity: Quantity, arrival: Sequence) -> Order:
    """A new record of the same order for its new place in the book; the old one is dead."""
    special, cumulative = order.special, order.cumulative
    return Order(
        order.order_id, order.account, order.client_order_id, order.symbol, order.side, order.order_type,
        order.time_in_force, order.post_only, price, quantity,
        quantity - cumulative - (special.prevented if special is not None else 0),
        cumulative, special, arrival,
    )  # fmt: skip


def candidate(order: Order, price: Price | None, quantity: Quantity) -> Order:
    """The same order at another price with another total, to ask what it would do; in no book."""
    return moved(order, price, quantity, order.moved_by)

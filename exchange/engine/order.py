"""The life of an order.

In: a validated entry. Out: the order record the book links into its queues, and the table of its
states. At every moment quantity = cumulative + leaves while live; a canceled order keeps the
cumulative it reached and has nothing left.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Final

import msgspec

from protocol.vocabulary import (
    AccountId,
    ClientOrderId,
    OrderId,
    OrderState,
    OrderType,
    Price,
    Quantity,
    Side,
    Symbol,
    TimeInForce,
)


class OrderTrigger(StrEnum):
    FILL = "fill"  # a trade that leaves something open
    FILL_UP = "fill up"  # the trade that takes the last of it
    REPLACE = "replace"
    CANCEL = "cancel"


TRANSITIONS: Final[dict[OrderTrigger, dict[OrderState, OrderState]]] = {
    OrderTrigger.FILL: {OrderState.LIVE: OrderState.LIVE},
    OrderTrigger.FILL_UP: {OrderState.LIVE: OrderState.FILLED},
    OrderTrigger.REPLACE: {OrderState.LIVE: OrderState.LIVE},
    OrderTrigger.CANCEL: {OrderState.LIVE: OrderState.CANCELED},
}
"""Trigger -> state -> next state; a pair that is missing can't happen: dead orders stay dead.

The engine keeps no state beside the quantities, from which ``Order.state`` is read; the tests hold
every event to this table.
"""


class Order(msgspec.Struct, weakref=False, gc=False):
    """An order inside the engine.

    It points at nothing but values, so no reference cycle can form and the garbage collector need
    not look at it: with 100,000 orders that is a third of the time. Alive is what has something open.

    ``price`` is the limit, and where the order rests; ``None`` for a market order that never rested.
    """

    order_id: OrderId
    account: AccountId
    client_order_id: ClientOrderId
    symbol: Symbol
    side: Side
    order_type: OrderType
    time_in_force: TimeInForce
    post_only: bool
    price: Price | None
    quantity: Quantity
    leaves: Quantity
    cumulative: Quantity = 0

    @property
    def state(self) -> OrderState:
        if self.leaves:
            return OrderState.LIVE
        return OrderState.FILLED if self.cumulative == self.quantity else OrderState.CANCELED

    def moved(self, price: Price, quantity: Quantity) -> Order:
        """A new record of the same order for its new place in the book."""
        return Order(
            self.order_id, self.account, self.client_order_id, self.symbol, self.side, self.order_type,
            self.time_in_force, self.post_only, price, quantity, quantity - self.cumulative, self.cumulative,
        )  # fmt: skip

"""The life of an order.

In: a validated entry. Out: the order record the book links into its queues, and the table of its
states. At every moment quantity = cumulative + leaves while live; a canceled order keeps the
cumulative it reached and has nothing left.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Final

import msgspec

from exchange.engine.commands import EnterOrder
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
    """An order inside the engine: what was entered, and how it stands now.

    It points at nothing but values, so no reference cycle can form and the garbage collector need
    not look at it: with 100,000 orders that is a third of the time. Alive is what has something open.

    ``price`` is the limit, and where the order rests; ``None`` for a market order that never rested.
    """

    entry: EnterOrder
    price: Price | None
    quantity: Quantity
    leaves: Quantity
    cumulative: Quantity = 0

    @property
    def account(self) -> AccountId:
        return self.entry.account

    @property
    def client_order_id(self) -> ClientOrderId:
        return self.entry.client_order_id

    @property
    def order_id(self) -> OrderId:
        return self.entry.seq

    @property
    def symbol(self) -> Symbol:
        return self.entry.symbol

    @property
    def side(self) -> Side:
        return self.entry.side

    @property
    def order_type(self) -> OrderType:
        return self.entry.order_type

    @property
    def time_in_force(self) -> TimeInForce:
        return self.entry.time_in_force

    @property
    def post_only(self) -> bool:
        return self.entry.post_only

    @property
    def state(self) -> OrderState:
        if self.leaves:
            return OrderState.LIVE
        return OrderState.FILLED if self.cumulative == self.quantity else OrderState.CANCELED

    def moved(self, price: Price, quantity: Quantity) -> Order:
        """A new record of the same order for its new place in the book."""
        cumulative = self.cumulative
        return Order(self.entry, price, quantity, quantity - cumulative, cumulative)

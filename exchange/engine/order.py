"""The life of an order.

In: a validated entry. Out: the order record the book links into its queues, and the table of its
states. At every moment quantity = cumulative + leaves while live; a canceled order keeps the
cumulative it reached and has nothing left.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Final

import msgspec

from exchange.engine.commands import Terms
from protocol.vocabulary import (
    AccountId,
    ClientOrderId,
    OrderId,
    OrderState,
    OrderType,
    Price,
    Quantity,
    Sequence,
    Side,
    Symbol,
    TimeInForce,
)


class OrderTrigger(StrEnum):
    FILL = "fill"  # a trade that leaves something open
    FILL_UP = "fill up"  # the trade that takes the last of it
    PREVENT = "prevent"  # self-trade prevention takes some of it
    TRIGGER = "trigger"  # a stop's price, or the auction it waits for, is there
    REPLACE = "replace"
    CANCEL = "cancel"


TRANSITIONS: Final[dict[OrderTrigger, dict[OrderState, OrderState]]] = {
    OrderTrigger.FILL: {OrderState.LIVE: OrderState.LIVE},
    OrderTrigger.FILL_UP: {OrderState.LIVE: OrderState.FILLED},
    OrderTrigger.PREVENT: {OrderState.LIVE: OrderState.LIVE},
    OrderTrigger.TRIGGER: {OrderState.PENDING: OrderState.LIVE},
    OrderTrigger.REPLACE: {OrderState.LIVE: OrderState.LIVE, OrderState.PENDING: OrderState.PENDING},
    OrderTrigger.CANCEL: {OrderState.LIVE: OrderState.CANCELED, OrderState.PENDING: OrderState.CANCELED},
}
"""Trigger -> state -> next state; a pair that is missing can't happen: dead orders stay dead.

The engine keeps no state beside the quantities, from which ``Order.state`` is read; the tests hold
every event to this table.
"""


NO_TERMS: Final = Terms()


class Special(msgspec.Struct, weakref=False, gc=False):
    """What changes about an order that is more than a side, a price and a quantity. Most orders have none."""

    terms: Terms = NO_TERMS
    shown: Quantity = 0
    """What is left of an iceberg's peak."""
    prevented: Quantity = 0
    """How much self-trade prevention took off it (rule 32)."""
    stop_price: Price | None = None
    """Where the stop stands now; a trailing one moves."""
    pending: bool = False
    """Not in the book: it waits for its stop price or for its auction."""


class Order(msgspec.Struct, weakref=False, gc=False):
    """An order inside the engine.

    It points at nothing but values, so no reference cycle can form and the garbage collector need
    not look at it: with 100,000 orders that is a third of the time. Alive is what has something open.

    ``price`` is where the order rests; ``None`` if it never did, or rests as a market order. Quantity
    is cumulative plus leaves plus what was prevented while it is alive.
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
    special: Special | None = None
    moved_by: Sequence = 0
    """The command that gave it its place, if that is not the one that entered it."""

    @property
    def state(self) -> OrderState:
        special = self.special
        if self.leaves:
            return OrderState.PENDING if special is not None and special.pending else OrderState.LIVE
        if self.cumulative and self.cumulative + (special.prevented if special else 0) == self.quantity:
            return OrderState.FILLED
        return OrderState.CANCELED

    @property
    def terms(self) -> Terms:
        return self.special.terms if self.special is not None else NO_TERMS

    @property
    def executed(self) -> Quantity:
        """What a new total must exceed: executed and prevented quantity count alike (rule 9)."""
        return self.cumulative + (self.special.prevented if self.special is not None else 0)

    @property
    def arrival(self) -> Sequence:
        """The command that gave it its place: what time priority goes by (rule 2)."""
        return self.moved_by or self.order_id

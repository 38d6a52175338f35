"""What comes out of the engine.

In: nothing. Out: one frozen Struct for each kind of event. All events of a command share its number
and time, so they carry neither. They are listed in the order in which the outside world must learn
of them; equal commands give equal events, byte for byte.
"""

import msgspec

from protocol.vocabulary import (
    AccountId,
    CancelReason,
    ClientOrderId,
    Money,
    OrderId,
    OrderType,
    Price,
    Quantity,
    RejectReason,
    Request,
    Side,
    Symbol,
    TimeInForce,
    TradeId,
)


class _Event(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """Base of all events: in the digest of a turn a JSON array that starts with the tag."""


class InstrumentAdded(_Event, frozen=True, tag="instrument_added"):
    symbol: Symbol


class DayEnded(_Event, frozen=True, tag="day_ended"):
    canceled: int


class OrderAccepted(_Event, frozen=True, tag="accepted"):
    """The order is valid and takes part. What trades and cancels leave of it rests at its price."""

    account: AccountId
    client_order_id: ClientOrderId
    order_id: OrderId
    symbol: Symbol
    side: Side
    order_type: OrderType
    time_in_force: TimeInForce
    quantity: Quantity
    price: Price | None
    post_only: bool


class RequestRejected(_Event, frozen=True, tag="rejected"):
    """The request changed nothing. ``account`` is ``None`` if the venue itself asked."""

    account: AccountId | None
    client_order_id: ClientOrderId | None
    request: Request
    reason: RejectReason
    text: str


class Trade(_Event, frozen=True, tag="trade"):
    """One resting order met the aggressor, at the resting order's price (rule 1).

    Cumulative and leaves are those after this trade. Fees are in price units times quantity.
    """

    trade_id: TradeId
    symbol: Symbol
    price: Price
    quantity: Quantity
    aggressor: Side
    maker: AccountId
    maker_client_order_id: ClientOrderId
    maker_order_id: OrderId
    maker_cumulative: Quantity
    maker_leaves: Quantity
    maker_fee: Money
    taker: AccountId
    taker_client_order_id: ClientOrderId
    taker_order_id: OrderId
    taker_cumulative: Quantity
    taker_leaves: Quantity
    taker_fee: Money


class OrderRested(_Event, frozen=True, tag="rested"):
    """A market order's remainder rests at a price its entry did not name."""

    account: AccountId
    client_order_id: ClientOrderId
    order_id: OrderId
    symbol: Symbol
    side: Side
    price: Price
    leaves: Quantity


class OrderCanceled(_Event, frozen=True, tag="canceled"):
    """``quantity`` is what was open. ``price`` is where it rested; ``None`` if it never did."""

    account: AccountId
    client_order_id: ClientOrderId
    order_id: OrderId
    symbol: Symbol
    side: Side
    price: Price | None
    quantity: Quantity
    cumulative: Quantity
    reason: CancelReason


class OrderReplaced(_Event, frozen=True, tag="replaced"):
    """Price or total changed; trades of the replaced order follow. ``old_price`` is where it rested."""

    account: AccountId
    client_order_id: ClientOrderId
    order_id: OrderId
    symbol: Symbol
    side: Side
    old_price: Price
    price: Price
    quantity: Quantity
    cumulative: Quantity
    leaves: Quantity
    kept_priority: bool


class OrdersMassCanceled(_Event, frozen=True, tag="mass_canceled"):
    account: AccountId
    count: int


Event = (
    InstrumentAdded
    | DayEnded
    | OrderAccepted
    | RequestRejected
    | Trade
    | OrderRested
    | OrderCanceled
    | OrderReplaced
    | OrdersMassCanceled
)

"""What goes into the engine.

In: requests of accounts and of the venue itself, as plain values. Out: one Struct for each kind of
command; the journal stores exactly these. A command is made unstamped; the sequencer stamps it once
with its number and time, and from then on nobody changes it (which is why it is not frozen: making
a second, stamped copy of every order would cost more than matching it).
"""

from typing import Final

import msgspec

from protocol.vocabulary import (
    AccountId,
    ClientOrderId,
    Nanoseconds,
    OrderType,
    Price,
    Quantity,
    Sequence,
    Side,
    Symbol,
    TimeInForce,
)

UNSTAMPED: Final = 0


class _Command(msgspec.Struct, array_like=True, gc=False):
    """Base of all commands: on disk a JSON array that starts with the tag."""


class AddInstrument(_Command, tag="add_instrument"):
    """List an instrument. Rates are parts per million of the notional; negative is a rebate.

    ``market_remainder_rests``: what is left of a market order with protection rests at the
    protection price instead of being canceled (rule 17).
    """

    symbol: Symbol
    tick: Price
    lot: Quantity
    minimum_quantity: Quantity
    maximum_quantity: Quantity
    maximum_price: Price
    price_decimals: int
    maker_fee_ppm: int
    taker_fee_ppm: int
    market_remainder_rests: bool
    seq: Sequence = UNSTAMPED
    at_ns: Nanoseconds = 0


class EnterOrder(_Command, tag="enter"):
    """Enter an order; its ``seq`` becomes the order id. ``protection`` is in price units."""

    account: AccountId
    client_order_id: ClientOrderId
    symbol: Symbol
    side: Side
    order_type: OrderType
    time_in_force: TimeInForce
    quantity: Quantity
    price: Price | None
    post_only: bool = False
    protection: Price | None = None
    seq: Sequence = UNSTAMPED
    at_ns: Nanoseconds = 0


class CancelOrder(_Command, tag="cancel"):
    account: AccountId
    client_order_id: ClientOrderId
    seq: Sequence = UNSTAMPED
    at_ns: Nanoseconds = 0


class ReplaceOrder(_Command, tag="replace"):
    """``quantity`` is the new total, executed part included; ``None`` leaves a value as it is."""

    account: AccountId
    client_order_id: ClientOrderId
    quantity: Quantity | None
    price: Price | None
    seq: Sequence = UNSTAMPED
    at_ns: Nanoseconds = 0


class ReduceOrder(_Command, tag="reduce"):
    """Take ``by`` off the open quantity; the order keeps its place."""

    account: AccountId
    client_order_id: ClientOrderId
    by: Quantity
    seq: Sequence = UNSTAMPED
    at_ns: Nanoseconds = 0


class MassCancel(_Command, tag="mass_cancel"):
    """Cancel the account's orders, oldest first; ``None`` means any."""

    account: AccountId
    symbol: Symbol | None
    side: Side | None
    seq: Sequence = UNSTAMPED
    at_ns: Nanoseconds = 0


class EndDay(_Command, tag="end_day"):
    """The trading day is over: DAY orders are canceled and used client order ids are free again."""

    seq: Sequence = UNSTAMPED
    at_ns: Nanoseconds = 0


Command = AddInstrument | EnterOrder | CancelOrder | ReplaceOrder | ReduceOrder | MassCancel | EndDay

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
    Allocation,
    ClientOrderId,
    Money,
    Nanoseconds,
    OrderType,
    Phase,
    PostOnly,
    Price,
    Quantity,
    SelfTrade,
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

    What stands at its default is off, or the first choice of the rule that is named. Bands, ranges and
    corridors are distances in price units, inclusive.
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
    """What is left of a market order rests: at its protection price, or before all limits (rules 17, 52)."""
    tick_table: list[tuple[Price, Price]] = []
    """``(from price, tick)``, ascending; ``tick`` holds below the first row."""
    post_only: PostOnly = PostOnly.REJECT
    self_trade: SelfTrade = SelfTrade.NONE
    allocation: Allocation = Allocation.FIFO
    minimum_allocation: Quantity = 1
    """Pro-rata shares below it drop to zero (rule 39)."""
    fifo_percent: int = 0
    """Pro-rata: this much of a level's share goes first in first out before the rest is divided."""
    peak_refills_in_front: bool = False
    """An exhausted iceberg peak keeps its place instead of going to the back (rule 23)."""
    replace_loses_priority: bool = False
    """Every replace goes to the back, also one that only shrinks the order (rule 10)."""
    market_at_aggressor_limit: bool = False
    """A resting market order trades at the aggressor's limit, whatever its own side's best is (rule 52)."""
    band: Price | None = None
    """How far from the last price a limit may be entered (rule 40)."""
    execution_range: Price | None = None
    """How far from the last price a market order may trade (rule 40)."""
    static_corridor: Price | None = None
    """How far from the reference price an auction may trade (rule 38)."""
    dynamic_corridor: Price | None = None
    """How far from the last price a continuous trade may be (rule 38)."""
    reference_price: Price | None = None
    """Stands in for the last price until there is one; the price of each auction takes its place."""
    seq: Sequence = UNSTAMPED
    at_ns: Nanoseconds = 0


class Terms(msgspec.Struct, array_like=True, frozen=True, gc=False, omit_defaults=True):
    """What an order asks for beyond side, price and quantity. Most orders have none.

    Prices and distances are in price units.
    """

    stop_price: Price | None = None
    trail: Price | None = None
    """Distance at which the stop price follows the last price (rule 29)."""
    display: Quantity | None = None
    """The peak of an iceberg."""
    hidden: bool = False
    minimum_quantity: Quantity | None = None
    all_or_none: bool = False
    protection: Price | None = None
    """How far beyond the best opposite price at entry a market order may trade (rule 17)."""
    cap: Price | None = None
    """The limit of a peg."""
    amount: Money | None = None
    """What to spend, or the most the whole may cost (rules 20, 54); price units times quantity."""
    expires_at_ns: Nanoseconds | None = None
    post_only: PostOnly | None = None
    """``None``: as the instrument says. Means nothing unless the order is post-only."""
    self_trade: SelfTrade | None = None
    """``None``: as the instrument says."""
    self_trade_group: str | None = None
    """Orders of one group count as one account's for self-trade prevention."""


class EnterOrder(_Command, tag="enter"):
    """Enter an order; its ``seq`` becomes the order id. A market by amount has quantity 0."""

    account: AccountId
    client_order_id: ClientOrderId
    symbol: Symbol
    side: Side
    order_type: OrderType
    time_in_force: TimeInForce
    quantity: Quantity
    price: Price | None
    post_only: bool = False
    terms: Terms | None = None
    seq: Sequence = UNSTAMPED
    at_ns: Nanoseconds = 0


class CancelOrder(_Command, tag="cancel"):
    account: AccountId
    client_order_id: ClientOrderId
    seq: Sequence = UNSTAMPED
    at_ns: Nanoseconds = 0


class ReplaceOrder(_Command, tag="replace"):
    """``quantity`` is the new total, executed part included; ``None`` leaves a value as it is.

    The ``price`` of a peg is its cap.
    """

    account: AccountId
    client_order_id: ClientOrderId
    quantity: Quantity | None
    price: Price | None
    stop_price: Price | None = None
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
    """Cancel orders, oldest first; ``None`` means any. Without an account: the venue cancels anybody's.

    With a bound on the price, only orders that have a price.
    """

    account: AccountId | None
    symbol: Symbol | None
    side: Side | None
    lowest: Price | None = None
    highest: Price | None = None
    seq: Sequence = UNSTAMPED
    at_ns: Nanoseconds = 0


class ExpireOrders(_Command, tag="expire"):
    """Cancel the orders whose deadline is ``now_ns`` or earlier (rule 15)."""

    now_ns: Nanoseconds
    seq: Sequence = UNSTAMPED
    at_ns: Nanoseconds = 0


class EndDay(_Command, tag="end_day"):
    """The trading day is over: DAY orders are canceled and used client order ids are free again."""

    seq: Sequence = UNSTAMPED
    at_ns: Nanoseconds = 0


class ChangePhase(_Command, tag="change_phase"):
    """Move an instrument to a phase. Leaving a call for trading or for the close holds the auction first.

    ``account``: the operator who asks; ``None``: the schedule does. ``reference_price`` of ``None``: as the
    instrument stands. ``forced``: hold the auction even if its price is outside the static corridor.
    """

    account: AccountId | None
    symbol: Symbol
    phase: Phase
    reference_price: Price | None = None
    forced: bool = False
    seq: Sequence = UNSTAMPED
    at_ns: Nanoseconds = 0


class SetLastPrice(_Command, tag="set_last_price"):
    """Set the last price as a trade would, and trigger what it triggers."""

    account: AccountId | None
    symbol: Symbol
    price: Price
    seq: Sequence = UNSTAMPED
    at_ns: Nanoseconds = 0


Command = (
    AddInstrument
    | EnterOrder
    | CancelOrder
    | ReplaceOrder
    | ReduceOrder
    | MassCancel
    | ExpireOrders
    | EndDay
    | ChangePhase
    | SetLastPrice
)

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
    Asset,
    ClientOrderId,
    Limit,
    Money,
    Nanoseconds,
    OrderType,
    Phase,
    PostOnly,
    Price,
    Quantity,
    QuoteSet,
    Role,
    SelfTrade,
    Sequence,
    SessionId,
    Settlement,
    Side,
    Symbol,
    TimeInForce,
    TradeId,
    TransactionId,
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
    settlement: Settlement = Settlement.NONE
    base: Asset | None = None
    """What is bought and sold; of spot instruments only."""
    quote: Asset | None = None
    """What prices and fees are paid in."""
    base_scale: int = 1
    """Smallest units of the base asset in one unit of quantity."""
    quote_scale: int = 1
    """Smallest units of the quote asset in price units times quantity."""
    maker_fee_per_unit: Money = 0
    """Per unit of quantity, in smallest units of the quote asset, on top of the rate; negative is a rebate."""
    taker_fee_per_unit: Money = 0
    margin: Money = 0
    """What a unit of position, or of open quantity that would become one, holds of the quote asset."""
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
    reserve_price: Price | None = None
    """A buy holds funds for this price, and may be replaced up to it without holding more."""
    quote_set: QuoteSet | None = None
    """Protected and pulled together with the other quotes of the set."""


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
    session: SessionId = 0
    """The session that takes the order with it when it ends; 0: none does."""
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

    ``reference_price`` of ``None``: as the instrument stands. ``forced``: hold the auction even if its price
    is outside the static corridor.
    """

    symbol: Symbol
    phase: Phase
    reference_price: Price | None = None
    forced: bool = False
    seq: Sequence = UNSTAMPED
    at_ns: Nanoseconds = 0


class SetLastPrice(_Command, tag="set_last_price"):
    """Set the last price as a trade would, and trigger what it triggers."""

    symbol: Symbol
    price: Price
    seq: Sequence = UNSTAMPED
    at_ns: Nanoseconds = 0


# -- what an account does about itself ---------------------------------------------------------------


class SetKillSwitch(_Command, tag="kill_switch"):
    """Cancel everything an account has and refuse what follows; or, with ``on`` false, lift that (rule 45)."""

    account: AccountId
    on: bool
    seq: Sequence = UNSTAMPED
    at_ns: Nanoseconds = 0


class ArmDeadMan(_Command, tag="dead_man"):
    """Cancel everything the account has at the deadline, unless this comes again first. ``None``: never."""

    account: AccountId
    deadline_ns: Nanoseconds | None
    seq: Sequence = UNSTAMPED
    at_ns: Nanoseconds = 0


class CancelSession(_Command, tag="cancel_session"):
    """A session that asked for it ended: cancel what it entered (rule 49)."""

    account: AccountId
    session: SessionId
    seq: Sequence = UNSTAMPED
    at_ns: Nanoseconds = 0


class SetProtection(_Command, tag="set_protection"):
    """Pull the quotes of a set after ``fills`` trades within ``window_ns``, and refuse new ones until this
    comes again. 0 fills: no protection.
    """

    account: AccountId
    quote_set: QuoteSet
    fills: int
    window_ns: Nanoseconds
    seq: Sequence = UNSTAMPED
    at_ns: Nanoseconds = 0


# -- what operators do, and the venue itself ---------------------------------------------------------


class SetAccount(_Command, tag="set_account"):
    """Open an account, or change what it may do and how it proves who it is.

    ``secret_hash`` of ``None``: nobody can log in with a secret. ``copies``: whom a drop copy may read; empty:
    everybody. ``new``: refuse if it exists.
    """

    account: AccountId
    role: Role
    secret_hash: str | None = None
    copies: list[AccountId] = []
    new: bool = False
    seq: Sequence = UNSTAMPED
    at_ns: Nanoseconds = 0


class BlockAccount(_Command, tag="block_account"):
    """Disable an account: everything it has is canceled, what follows is refused. ``on`` false: enable it."""

    account: AccountId
    on: bool
    seq: Sequence = UNSTAMPED
    at_ns: Nanoseconds = 0


class AdjustBalance(_Command, tag="adjust_balance"):
    """Pay in, or out if ``amount`` is negative, once for each transaction id (rule 44)."""

    account: AccountId
    asset: Asset
    amount: Money
    transaction_id: TransactionId
    seq: Sequence = UNSTAMPED
    at_ns: Nanoseconds = 0


class Limits(msgspec.Struct, array_like=True, frozen=True, gc=False):
    """Bounds by ``Limit``; ``None``: this scope sets none. ``hard``: whose breach disables the account."""

    order_quantity: Quantity | None = None
    order_notional: Money | None = None
    open_orders: int | None = None
    open_quantity: Quantity | None = None
    position: Quantity | None = None
    collar: Price | None = None
    daily_loss: Money | None = None
    message_rate: int | None = None
    hard: tuple[Limit, ...] = ()


class SetLimits(_Command, tag="set_limits"):
    """Replace the limits of a scope: an account's or (``None``) everybody's, in one instrument or in each."""

    account: AccountId | None
    symbol: Symbol | None
    limits: Limits
    seq: Sequence = UNSTAMPED
    at_ns: Nanoseconds = 0


class SetFees(_Command, tag="set_fees"):
    """Change what trades of an instrument cost from now on; as in ``AddInstrument``."""

    symbol: Symbol
    maker_fee_ppm: int
    taker_fee_ppm: int
    maker_fee_per_unit: Money = 0
    taker_fee_per_unit: Money = 0
    seq: Sequence = UNSTAMPED
    at_ns: Nanoseconds = 0


class PullOrder(_Command, tag="pull_order"):
    """Cancel somebody's order; ``None``: all of them."""

    account: AccountId
    client_order_id: ClientOrderId | None
    seq: Sequence = UNSTAMPED
    at_ns: Nanoseconds = 0


class BustTrade(_Command, tag="bust_trade"):
    """Undo what a trade moved. Everything but the id is as the trade was: the engine keeps no old trades."""

    trade_id: TradeId
    symbol: Symbol
    price: Price
    quantity: Quantity
    buyer: AccountId
    buyer_fee: Money
    seller: AccountId
    seller_fee: Money
    seq: Sequence = UNSTAMPED
    at_ns: Nanoseconds = 0


class Broadcast(_Command, tag="broadcast"):
    """Tell everybody something."""

    text: str
    seq: Sequence = UNSTAMPED
    at_ns: Nanoseconds = 0


AdminCommand = (
    AddInstrument
    | MassCancel
    | ChangePhase
    | SetLastPrice
    | SetAccount
    | BlockAccount
    | AdjustBalance
    | SetLimits
    | SetFees
    | PullOrder
    | BustTrade
    | Broadcast
)
"""What an operator may do."""


class Administer(_Command, tag="administer"):
    """An operator's command, with who orders it and why."""

    by: AccountId
    why: str
    command: AdminCommand
    seq: Sequence = UNSTAMPED
    at_ns: Nanoseconds = 0


Command = (
    AdminCommand
    | EnterOrder
    | CancelOrder
    | ReplaceOrder
    | ReduceOrder
    | ExpireOrders
    | EndDay
    | SetKillSwitch
    | ArmDeadMan
    | CancelSession
    | SetProtection
    | Administer
)

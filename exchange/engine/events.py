"""What comes out of the engine.

In: nothing. Out: one frozen Struct for each kind of event. All events of a command share its number
and time, so they carry neither. They are listed in the order in which the outside world must learn
of them; equal commands give equal events, byte for byte.
"""

import msgspec

from exchange.engine.commands import Terms
from protocol.vocabulary import (
    AccountId,
    Asset,
    Block,
    CancelReason,
    ClientOrderId,
    Money,
    Nanoseconds,
    OrderId,
    OrderType,
    Phase,
    Price,
    Quantity,
    QuoteSet,
    RejectReason,
    Request,
    Role,
    SessionId,
    Side,
    Symbol,
    TimeInForce,
    TradeId,
    TransactionId,
)


class _Event(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """Base of all events: in the digest of a turn a JSON array that starts with the tag."""


class InstrumentAdded(_Event, frozen=True, tag="instrument_added"):
    symbol: Symbol


class DayEnded(_Event, frozen=True, tag="day_ended"):
    canceled: int


class OrderAccepted(_Event, frozen=True, tag="accepted"):
    """The order is valid. What trades and cancels leave of it rests at its price.

    A stop waits, out of sight, until ``StopTriggered``; an order for the close until its auction.
    """

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
    terms: Terms | None


class RequestRejected(_Event, frozen=True, tag="rejected"):
    """The request changed nothing. ``account`` is ``None`` if the venue itself asked."""

    account: AccountId | None
    client_order_id: ClientOrderId | None
    request: Request
    reason: RejectReason
    text: str


class Trade(_Event, frozen=True, tag="trade"):
    """One resting order met the aggressor, at the resting order's price (rule 1).

    Cumulative and leaves are those after this trade. Fees are in smallest units of the quote asset, which
    without one are price units times quantity.
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


class AuctionTrade(_Event, frozen=True, tag="auction_trade"):
    """A buyer and a seller met in an auction, at its one price (rule 37). Nobody was the aggressor."""

    trade_id: TradeId
    symbol: Symbol
    price: Price
    quantity: Quantity
    buyer: AccountId
    buyer_client_order_id: ClientOrderId
    buyer_order_id: OrderId
    buyer_cumulative: Quantity
    buyer_leaves: Quantity
    buyer_fee: Money
    seller: AccountId
    seller_client_order_id: ClientOrderId
    seller_order_id: OrderId
    seller_cumulative: Quantity
    seller_leaves: Quantity
    seller_fee: Money


class SelfTradePrevented(_Event, frozen=True, tag="self_trade_prevented"):
    """The order shrank by ``quantity`` instead of trading with its own account (rules 31, 32).

    ``price`` is where it rests, ``None`` for the aggressor. Something is left open; an order that is at
    zero is canceled instead.
    """

    account: AccountId
    client_order_id: ClientOrderId
    order_id: OrderId
    symbol: Symbol
    side: Side
    price: Price | None
    quantity: Quantity
    cumulative: Quantity
    leaves: Quantity


class StopTriggered(_Event, frozen=True, tag="stop_triggered"):
    """The last price reached the stop price: the order goes to the market."""

    account: AccountId
    client_order_id: ClientOrderId
    order_id: OrderId
    symbol: Symbol
    side: Side
    stop_price: Price


class OrderRested(_Event, frozen=True, tag="rested"):
    """The order rests at a price its entry did not name; ``None``: as a market order, before all limits."""

    account: AccountId
    client_order_id: ClientOrderId
    order_id: OrderId
    symbol: Symbol
    side: Side
    price: Price | None
    leaves: Quantity


class OrderRepriced(_Event, frozen=True, tag="repriced"):
    """A peg followed the best price of its side, to the back of its new level (rule 53)."""

    account: AccountId
    client_order_id: ClientOrderId
    order_id: OrderId
    symbol: Symbol
    side: Side
    old_price: Price
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
    """Price or total changed; trades of the replaced order follow. ``old_price`` is where it rested.

    ``old_price`` is ``None`` for what rested nowhere or without a price: a stop, a market order.
    ``stop_price`` is that of a stop that still waits.
    """

    account: AccountId
    client_order_id: ClientOrderId
    order_id: OrderId
    symbol: Symbol
    side: Side
    old_price: Price | None
    price: Price | None
    quantity: Quantity
    cumulative: Quantity
    leaves: Quantity
    kept_priority: bool
    stop_price: Price | None = None


class OrdersMassCanceled(_Event, frozen=True, tag="mass_canceled"):
    account: AccountId | None
    count: int


class OrdersExpired(_Event, frozen=True, tag="expired"):
    count: int


class LastPriceSet(_Event, frozen=True, tag="last_price_set"):
    symbol: Symbol
    price: Price


class AuctionHeld(_Event, frozen=True, tag="auction_held"):
    """The trades before it were the auction's. ``price`` is ``None`` if nothing crossed; surplus: bought less
    sold interest at that price.
    """

    symbol: Symbol
    price: Price | None
    volume: Quantity
    surplus: Quantity


class AuctionExtended(_Event, frozen=True, tag="auction_extended"):
    """The auction would be at ``price``, outside the static corridor: the call goes on (rule 38)."""

    symbol: Symbol
    phase: Phase
    price: Price


class PhaseChanged(_Event, frozen=True, tag="phase_changed"):
    symbol: Symbol
    phase: Phase
    previous: Phase


class KillSwitchSet(_Event, frozen=True, tag="kill_switch_set"):
    """The account's orders were canceled before this, if it is on."""

    account: AccountId
    on: bool


class AccountBlocked(_Event, frozen=True, tag="account_blocked"):
    """The account may enter no more orders; the cancels of those it had follow."""

    account: AccountId
    block: Block
    text: str


class AccountUnblocked(_Event, frozen=True, tag="account_unblocked"):
    account: AccountId


class DeadManArmed(_Event, frozen=True, tag="dead_man_armed"):
    account: AccountId
    deadline_ns: Nanoseconds | None


class DeadManFired(_Event, frozen=True, tag="dead_man_fired"):
    """Not renewed in time: the cancels of all the account's orders came before this."""

    account: AccountId
    canceled: int


class SessionCanceled(_Event, frozen=True, tag="session_canceled"):
    """A session ended, and what it had entered was canceled before this."""

    account: AccountId
    session: SessionId
    canceled: int


class ProtectionSet(_Event, frozen=True, tag="protection_set"):
    account: AccountId
    quote_set: QuoteSet
    fills: int
    window_ns: Nanoseconds


class QuotesPulled(_Event, frozen=True, tag="quotes_pulled"):
    """So many trades in so short a time: the set's quotes were canceled before this."""

    account: AccountId
    quote_set: QuoteSet
    canceled: int


class AccountSet(_Event, frozen=True, tag="account_set"):
    account: AccountId
    role: Role


class BalanceAdjusted(_Event, frozen=True, tag="balance_adjusted"):
    """``repeated``: the transaction was carried out before, and nothing changed now (rule 44)."""

    account: AccountId
    asset: Asset
    amount: Money
    transaction_id: TransactionId
    free: Money
    repeated: bool


class LimitsSet(_Event, frozen=True, tag="limits_set"):
    account: AccountId | None
    symbol: Symbol | None


class FeesSet(_Event, frozen=True, tag="fees_set"):
    symbol: Symbol


class TradeBusted(_Event, frozen=True, tag="trade_busted"):
    """What the trade moved went back."""

    trade_id: TradeId
    symbol: Symbol
    price: Price
    quantity: Quantity
    buyer: AccountId
    buyer_fee: Money
    seller: AccountId
    seller_fee: Money


class NoticeSent(_Event, frozen=True, tag="notice"):
    text: str


class Administered(_Event, frozen=True, tag="administered"):
    """An operator's command was carried out; what it did stands before this. For the audit."""

    by: AccountId
    why: str
    action: str
    account: AccountId | None
    symbol: Symbol | None
    text: str


Event = (
    InstrumentAdded
    | DayEnded
    | OrderAccepted
    | RequestRejected
    | Trade
    | AuctionTrade
    | SelfTradePrevented
    | StopTriggered
    | OrderRested
    | OrderRepriced
    | OrderCanceled
    | OrderReplaced
    | OrdersMassCanceled
    | OrdersExpired
    | LastPriceSet
    | AuctionHeld
    | AuctionExtended
    | PhaseChanged
    | KillSwitchSet
    | AccountBlocked
    | AccountUnblocked
    | DeadManArmed
    | DeadManFired
    | SessionCanceled
    | ProtectionSet
    | QuotesPulled
    | AccountSet
    | BalanceAdjusted
    | LimitsSet
    | FeesSet
    | TradeBusted
    | NoticeSent
    | Administered
)

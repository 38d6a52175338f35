"""Every message on the wire, once. JSON objects, one a line, told apart by ``type``.

In: nothing. Out: one frozen ``msgspec.Struct`` for each message and two unions, ``ClientMessage``
and ``ServerMessage``. The descriptions beside the fields are the documentation: ``tontine schema``
and the tables of docs/reference/protocol.md are made from them.

Prices, quantities and times are integers; their units are in ``protocol.vocabulary``. Unknown
fields are refused in both directions, so that a typing error gets an answer that names it.
"""

from typing import Annotated

import msgspec
from msgspec import Meta

from protocol import desk
from protocol.desk import AuditEntry, Balance, DeskAnswer, DeskReport
from protocol.fields import (
    AtField,
    ClientOrderIdField,
    CumulativeField,
    LeavesField,
    Message,
    OrderIdField,
    PreventedField,
    PrivateSeq,
    SideField,
    SymbolField,
    TimeInForceField,
    WireAccount,
    WireClientOrderId,
    WireGroup,
    WireMoney,
    WirePrice,
    WireQuantity,
    WireSecret,
    WireSequence,
    WireSymbol,
    WireTime,
)
from protocol.market import (
    AuctionExtended,
    AuctionResult,
    BestPrices,
    Candle,
    CandlesSnapshot,
    DayStatistics,
    DepthDelta,
    DepthSnapshot,
    Indication,
    OrdersDelta,
    OrdersSnapshot,
    PhaseStatus,
    PrintBusted,
    TradePrint,
    TradesSnapshot,
)
from protocol.vocabulary import (
    AccountId,
    Allocation,
    Asset,
    Block,
    CancelReason,
    Channel,
    ClientOrderId,
    ErrorCode,
    Interval,
    Liquidity,
    Money,
    OrderState,
    OrderType,
    Phase,
    PostOnly,
    Price,
    Quantity,
    RejectReason,
    Request,
    Role,
    SelfTrade,
    Sequence,
    SessionId,
    Settlement,
    Side,
    TimeInForce,
    TradeId,
)

PROTOCOL_VERSION = 4


# -- from the trader -------------------------------------------------------------------------------
class Login(Message, frozen=True, tag="login"):
    """First message of every connection. Answered by ``welcome``."""

    account: Annotated[
        WireAccount, Meta(description="Who trades. In an open venue any name opens an account.")
    ]
    heartbeat_s: Annotated[
        int,
        Meta(
            ge=0,
            le=300,
            description="Seconds between heartbeats, both ways; after three silent intervals the venue "
            "hangs up. 0: none, for people at a keyboard.",
        ),
    ] = 0
    secret: Annotated[
        WireSecret | None, Meta(description="Proves who you are; left out in an open venue only.")
    ] = None
    role: Annotated[
        Role | None, Meta(description="Less than the account may do, if wanted; left out: what it may do.")
    ] = None
    resume_from: Annotated[
        WireSequence | None,
        Meta(
            description="First message of the private stream that you have not seen: it and all later ones are "
            "sent again after the welcome. Left out: only what is new.",
        ),
    ] = None
    cancel_on_disconnect: Annotated[
        bool, Meta(description="Cancel what this session entered when it ends, in whatever way it ends.")
    ] = False
    copy_from: Annotated[
        list[tuple[WireAccount, WireSequence]],
        Meta(
            max_length=10_000,
            description="Role `drop_copy`: `[account, first number not seen]` for each account whose messages are to be "
            "sent again; accounts left out are copied from now on.",
        ),
    ] = []

    def __repr__(self) -> str:
        return f"Login(account={self.account!r}, role={self.role!r})"  # never the secret


class OrderTerms(Message, frozen=True, kw_only=True):
    """What most orders do without: fields of ``new`` and of ``accepted``."""

    stop_price: Annotated[
        WirePrice | None,
        Meta(
            description="`stop`, `stop_limit`: waits until the last price reaches this, then goes to the book."
        ),
    ] = None
    trail: Annotated[
        WirePrice | None,
        Meta(
            description="`stop`, `stop_limit`: the stop price follows the last price at this distance, and never "
            "moves away from it. Without `stop_price` it starts at this distance from the last price."
        ),
    ] = None
    display: Annotated[
        WireQuantity | None,
        Meta(
            description="An iceberg: at most so much is shown, and refilled from the rest when it is executed."
        ),
    ] = None
    hidden: Annotated[
        bool, Meta(description="Rests unseen, behind everything that is shown at its price.")
    ] = False
    minimum_quantity: Annotated[
        WireQuantity | None,
        Meta(description="Cancel the order unless at least so much of it trades at once."),
    ] = None
    all_or_none: Annotated[bool, Meta(description="Trade the whole quantity in one go, now or later.")] = (
        False
    )
    protection: Annotated[
        WirePrice | None,
        Meta(
            description="`market`, `stop`: trade at most this many price units beyond the best price at entry."
        ),
    ] = None
    cap: Annotated[
        WirePrice | None, Meta(description="`peg`: the limit beyond which it does not follow the best price.")
    ] = None
    amount: Annotated[
        WireMoney | None,
        Meta(
            description="`market_by_amount`: what to spend; `money_limit`: the most the whole may cost, for a sale the "
            "least it must bring. In price units times quantity."
        ),
    ] = None
    expires_at_ns: Annotated[
        WireTime | None,
        Meta(description="Time in force `gtd`: canceled from then on, in nanoseconds since 1970 UTC."),
    ] = None
    self_trade: Annotated[
        SelfTrade | None,
        Meta(
            description="What to do where it would trade with an own order; left out: as the instrument says."
        ),
    ] = None
    self_trade_group: Annotated[
        WireGroup | None,
        Meta(description="Orders of all accounts that name the same group count as own orders, too."),
    ] = None
    reserve_price: Annotated[
        WirePrice | None,
        Meta(
            description="A buy with a limit: hold funds for this price, so that it can be replaced up to it; left out: "
            "for its limit."
        ),
    ] = None


class NewOrder(OrderTerms, frozen=True, tag="new"):
    """Enter an order. Answered by ``accepted`` or ``rejected``."""

    client_order_id: Annotated[
        WireClientOrderId,
        Meta(
            description="Your own name for the order; never used before by this account on this trading day."
        ),
    ]
    symbol: Annotated[WireSymbol, Meta(description="The instrument.")]
    side: Annotated[Side, Meta(description="Buy or sell.")]
    quantity: Annotated[
        WireQuantity,
        Meta(description="How much, a multiple of the lot; left out for `market_by_amount` only."),
    ] = 0
    price: Annotated[
        WirePrice | None,
        Meta(description="Limit in price units, a multiple of the tick: for `limit` and `stop_limit`."),
    ] = None
    order_type: Annotated[OrderType, Meta(description="What kind of order.")] = OrderType.LIMIT
    time_in_force: Annotated[TimeInForce, Meta(description="How long the order works.")] = TimeInForce.GTC
    post_only: Annotated[
        bool | PostOnly,
        Meta(
            description="Do not trade on entry. `true`: what happens instead is up to the instrument; or say it "
            "here."
        ),
    ] = False


class Cancel(Message, frozen=True, tag="cancel"):
    """Take an order out of the book. Answered by ``canceled`` or ``rejected``."""

    client_order_id: ClientOrderIdField


class Replace(Message, frozen=True, tag="replace"):
    """Change price, stop price, quantity. Answered by ``replaced``, ``canceled`` or ``rejected``.

    The order keeps its place in the queue only if the price stays and the quantity does not rise.
    """

    client_order_id: ClientOrderIdField
    quantity: Annotated[
        WireQuantity | None, Meta(description="The new total, executed part included; left out: as it is.")
    ] = None
    price: Annotated[
        WirePrice | None, Meta(description="The new limit, of a peg the new cap; left out: as it is.")
    ] = None
    stop_price: Annotated[
        WirePrice | None, Meta(description="The new stop price of a stop that waits; left out: as it is.")
    ] = None


class Reduce(Message, frozen=True, tag="reduce"):
    """Take some quantity off an order, which keeps its place. Answered by ``replaced`` or ``canceled``."""

    client_order_id: ClientOrderIdField
    by: Annotated[
        WireQuantity, Meta(description="How much less; all that is open or more cancels the order.")
    ]


class MassCancel(Message, frozen=True, tag="mass_cancel"):
    """Cancel all orders of the account, or only some of them. Answered by ``mass_canceled``."""

    symbol: Annotated[WireSymbol | None, Meta(description="Only this instrument.")] = None
    side: Annotated[Side | None, Meta(description="Only this side.")] = None
    lowest: Annotated[WirePrice | None, Meta(description="Only orders with this price or a higher one.")] = (
        None
    )
    highest: Annotated[WirePrice | None, Meta(description="Only orders with this price or a lower one.")] = (
        None
    )


class OrderStatus(Message, frozen=True, tag="order_status"):
    """Ask what became of an order. Answered by ``order_state`` or ``error``."""

    client_order_id: ClientOrderIdField


class Subscribe(Message, frozen=True, tag="subscribe"):
    """Receive a public stream. Answered by ``subscribed``, then what there is to see now."""

    channel: Annotated[Channel, Meta(description="Which one.")]
    symbol: Annotated[WireSymbol, Meta(description="The instrument.")]
    levels: Annotated[
        int | None,
        Meta(description="Of `depth`: so many price levels a side, 10 or 50; left out: the whole book."),
    ] = None
    interval: Annotated[
        Interval | None, Meta(description="Of `candles`, and there always: how long they are.")
    ] = None


class Unsubscribe(Message, frozen=True, tag="unsubscribe"):
    """Stop receiving a public stream. Answered by ``unsubscribed``."""

    channel: Annotated[Channel, Meta(description="As in `subscribe`.")]
    symbol: Annotated[WireSymbol, Meta(description="As in `subscribe`.")]
    levels: Annotated[int | None, Meta(description="As in `subscribe`.")] = None
    interval: Annotated[Interval | None, Meta(description="As in `subscribe`.")] = None


class Heartbeat(Message, frozen=True, tag="heartbeat"):
    """Says that the sender is there. Never answered."""


class Logout(Message, frozen=True, tag="logout"):
    """End the session. Answered by ``logged_out``, then the venue hangs up."""


ClientMessage = (
    Login
    | NewOrder
    | Cancel
    | Replace
    | Reduce
    | MassCancel
    | OrderStatus
    | Subscribe
    | Unsubscribe
    | desk.AccountRequest
    | desk.AdminRequest
    | Heartbeat
    | Logout
)


# -- from the venue: session -----------------------------------------------------------------------
class InstrumentInfo(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True, gc=False):
    """What can be traded, in which steps, and by which rules; distances are in price units, inclusive."""

    symbol: SymbolField
    tick: Annotated[
        Price, Meta(description="Prices are multiples of this, unless `tick_table` says otherwise.")
    ]
    lot: Annotated[Quantity, Meta(description="Quantities are multiples of this.")]
    minimum_quantity: Annotated[Quantity, Meta(description="Smallest order quantity.")]
    maximum_quantity: Annotated[Quantity, Meta(description="Largest order quantity.")]
    price_decimals: Annotated[int, Meta(description="For display: 10025 with 2 decimals reads 100.25.")]
    phase: Annotated[Phase, Meta(description="Where the instrument stands now.")] = Phase.CONTINUOUS
    maximum_price: Annotated[
        Price | None, Meta(description="Highest price of an order; left out: 1,000,000,000.")
    ] = None
    tick_table: Annotated[
        list[tuple[Price, Price]],
        Meta(description="`[from price, tick]`, ascending; `tick` holds below the first."),
    ] = []
    maker_fee_ppm: Annotated[
        int,
        Meta(description="Fee of the resting side in parts per million of the notional; negative: a rebate."),
    ] = 0
    taker_fee_ppm: Annotated[int, Meta(description="Fee of the arriving side.")] = 0
    market_remainder_rests: Annotated[
        bool, Meta(description="What is left of a market order rests instead of being canceled.")
    ] = False
    post_only: Annotated[
        PostOnly, Meta(description="What becomes of a post-only order that would trade.")
    ] = PostOnly.REJECT
    self_trade: Annotated[
        SelfTrade, Meta(description="What happens where an order would trade with its own account.")
    ] = SelfTrade.NONE
    allocation: Annotated[
        Allocation, Meta(description="How an arriving order is divided among the orders at one price.")
    ] = Allocation.FIFO
    minimum_allocation: Annotated[Quantity, Meta(description="Pro-rata: shares below it drop to zero.")] = 1
    fifo_percent: Annotated[
        int, Meta(description="Pro-rata: this much goes first in first out before the rest is divided.")
    ] = 0
    peak_refills_in_front: Annotated[
        bool, Meta(description="The refilled peak of an iceberg keeps its place in the queue.")
    ] = False
    replace_loses_priority: Annotated[
        bool,
        Meta(
            description="Every replace goes to the back of the queue, also one that only shrinks the order."
        ),
    ] = False
    market_at_aggressor_limit: Annotated[
        bool, Meta(description="A resting market order trades at the limit of the order that arrives.")
    ] = False
    band: Annotated[Price | None, Meta(description="How far from the last price a limit may be entered.")] = (
        None
    )
    execution_range: Annotated[
        Price | None, Meta(description="How far from the last price a market order may trade.")
    ] = None
    static_corridor: Annotated[
        Price | None, Meta(description="How far from the reference price an auction may trade.")
    ] = None
    dynamic_corridor: Annotated[
        Price | None,
        Meta(
            description="How far from the last price a trade may be; beyond it a volatility auction starts."
        ),
    ] = None
    settlement: Annotated[Settlement, Meta(description="What a trade moves beside positions.")] = (
        Settlement.NONE
    )
    base: Annotated[Asset | None, Meta(description="What is bought and sold, of a spot instrument.")] = None
    quote: Annotated[Asset | None, Meta(description="What prices and fees are paid in.")] = None
    base_scale: Annotated[int, Meta(description="Smallest units of `base` in one unit of quantity.")] = 1
    quote_scale: Annotated[
        int, Meta(description="Smallest units of `quote` in price units times quantity.")
    ] = 1
    maker_fee_per_unit: Annotated[Money, Meta(description="Per unit of quantity, on top of the rate.")] = 0
    taker_fee_per_unit: Annotated[Money, Meta(description="Per unit of quantity, on top of the rate.")] = 0
    margin: Annotated[
        Money, Meta(description="Held of `quote` for each unit of the position in the worst case.")
    ] = 0


class PositionInfo(msgspec.Struct, frozen=True, forbid_unknown_fields=True, gc=False):
    """What an account holds of one instrument."""

    symbol: SymbolField
    quantity: Annotated[int, Meta(description="Bought less sold; negative when short.")]


class OpenOrder(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True, gc=False):
    """An order that rests in the book, or waits for its stop price or its auction."""

    client_order_id: ClientOrderIdField
    order_id: OrderIdField
    symbol: SymbolField
    side: SideField
    quantity: Annotated[Quantity, Meta(description="Total, executed part included.")]
    cumulative: CumulativeField
    leaves: Annotated[Quantity, Meta(description="Quantity still open.")]
    time_in_force: TimeInForceField
    price: Annotated[
        Price | None, Meta(description="Where it rests; left out for an order that rests without a limit.")
    ] = None
    order_type: Annotated[OrderType, Meta(description="As entered.")] = OrderType.LIMIT
    state: Annotated[OrderState, Meta(description="`live` in the book, `pending` if it waits.")] = (
        OrderState.LIVE
    )
    stop_price: Annotated[
        Price | None, Meta(description="Of a stop that waits: where it is now, followed by `trail`.")
    ] = None
    prevented: PreventedField = 0


class Welcome(Message, frozen=True, tag="welcome"):
    """The session is open; where the account stands."""

    account: Annotated[AccountId, Meta(description="As in `login`.")]
    venue: Annotated[str, Meta(description="Name of the venue.")]
    version: Annotated[int, Meta(description="Version of this protocol.")]
    seq: Annotated[
        Sequence,
        Meta(description="Number of the account's last private message; the next one carries one more."),
    ]
    heartbeat_s: Annotated[int, Meta(description="As agreed, in seconds.")]
    instruments: Annotated[list[InstrumentInfo], Meta(description="All instruments of the venue.")]
    positions: Annotated[list[PositionInfo], Meta(description="Positions other than zero.")]
    open_orders: Annotated[
        list[OpenOrder], Meta(description="Orders of the account that are not done, oldest first.")
    ]
    last_seq: Annotated[
        Sequence | None,
        Meta(
            description="After `resume_from`: number of the last private message there is. Those after `seq` up to "
            "it are sent again; what comes then is new. Left out: nothing is sent again."
        ),
    ] = None
    role: Annotated[Role, Meta(description="What this session may do.")] = Role.TRADER
    session: Annotated[SessionId, Meta(description="Number of this session.")] = 0
    balances: Annotated[list[Balance], Meta(description="What the account has, by asset.")] = []
    blocked: Annotated[
        Block | None, Meta(description="Why the account may enter no orders; left out if it may.")
    ] = None


class LoggedOut(Message, frozen=True, tag="logged_out"):
    """Last message of a session that ends in order."""

    text: Annotated[str, Meta(description="Why, in a sentence.")]


class Error(Message, frozen=True, tag="error"):
    """A line was not taken, or the connection ends. Not part of the private stream."""

    code: Annotated[ErrorCode, Meta(description="For programs.")]
    text: Annotated[str, Meta(description="For people.")]
    line: Annotated[
        int | None,
        Meta(description="The offending line of this connection, counted from 1; left out if there is none."),
    ] = None


# -- from the venue: the private stream ------------------------------------------------------------
class Accepted(OrderTerms, frozen=True, tag="accepted"):
    """The order is valid; everything about it as entered. What it leads to follows in messages of its own.

    A stop waits, out of sight, until ``triggered``, and an order for the close until its auction.
    """

    seq: PrivateSeq
    at_ns: AtField
    client_order_id: ClientOrderIdField
    order_id: OrderIdField
    symbol: SymbolField
    side: SideField
    quantity: Annotated[Quantity, Meta(description="As entered.")]
    price: Annotated[Price | None, Meta(description="As entered.")] = None
    order_type: Annotated[OrderType, Meta(description="As entered.")] = OrderType.LIMIT
    time_in_force: Annotated[TimeInForce, Meta(description="As entered.")] = TimeInForce.GTC
    post_only: Annotated[bool | PostOnly, Meta(description="As entered.")] = False


class Rejected(Message, frozen=True, tag="rejected"):
    """The request was refused and changed nothing."""

    seq: PrivateSeq
    at_ns: AtField
    request: Annotated[Request, Meta(description="What was refused.")]
    reason: Annotated[RejectReason, Meta(description="For programs.")]
    text: Annotated[str, Meta(description="For people.")]
    client_order_id: Annotated[ClientOrderId | None, Meta(description="As in the request.")] = None
    line: Annotated[
        int | None, Meta(description="The offending line of this connection, counted from 1.")
    ] = None


class Canceled(Message, frozen=True, tag="canceled"):
    """What was left of the order is out of the book."""

    seq: PrivateSeq
    at_ns: AtField
    client_order_id: ClientOrderIdField
    order_id: OrderIdField
    symbol: SymbolField
    quantity: Annotated[Quantity, Meta(description="How much was canceled.")]
    cumulative: CumulativeField
    reason: Annotated[CancelReason, Meta(description="Why.")]


class Replaced(Message, frozen=True, tag="replaced"):
    """The order has a new price or quantity."""

    seq: PrivateSeq
    at_ns: AtField
    client_order_id: ClientOrderIdField
    order_id: OrderIdField
    symbol: SymbolField
    quantity: Annotated[Quantity, Meta(description="The new total, executed part included.")]
    cumulative: CumulativeField
    leaves: LeavesField
    kept_priority: Annotated[bool, Meta(description="Whether the order kept its place in the queue.")]
    price: Annotated[
        Price | None, Meta(description="The limit that holds now; left out for an order without one.")
    ] = None
    stop_price: Annotated[
        Price | None, Meta(description="The stop price that holds now, of a stop that waits.")
    ] = None


class Rested(Message, frozen=True, tag="rested"):
    """The order rests at a price that its entry did not name."""

    seq: PrivateSeq
    at_ns: AtField
    client_order_id: ClientOrderIdField
    order_id: OrderIdField
    symbol: SymbolField
    leaves: LeavesField
    price: Annotated[
        Price | None, Meta(description="Where; left out: as a market order, before all limits.")
    ] = None


class Repriced(Message, frozen=True, tag="repriced"):
    """A peg followed the best price of its side, to the back of its new price level."""

    seq: PrivateSeq
    at_ns: AtField
    client_order_id: ClientOrderIdField
    order_id: OrderIdField
    symbol: SymbolField
    price: Annotated[Price, Meta(description="Where it rests now.")]
    leaves: LeavesField


class Triggered(Message, frozen=True, tag="triggered"):
    """The last price reached the stop price: the order goes to the book."""

    seq: PrivateSeq
    at_ns: AtField
    client_order_id: ClientOrderIdField
    order_id: OrderIdField
    symbol: SymbolField
    stop_price: Annotated[Price, Meta(description="The stop price when it was reached.")]


class SelfTradePrevented(Message, frozen=True, tag="self_trade_prevented"):
    """The order shrank instead of trading with an own order. No trade, no fee.

    An order of which nothing is left open is ``canceled`` with the reason ``self_trade`` instead.
    """

    seq: PrivateSeq
    at_ns: AtField
    client_order_id: ClientOrderIdField
    order_id: OrderIdField
    symbol: SymbolField
    quantity: Annotated[Quantity, Meta(description="How much it shrank by.")]
    cumulative: CumulativeField
    leaves: LeavesField


class TradeReport(Message, frozen=True, tag="trade_report"):
    """The order traded."""

    seq: PrivateSeq
    at_ns: AtField
    client_order_id: ClientOrderIdField
    order_id: OrderIdField
    symbol: SymbolField
    side: SideField
    trade_id: Annotated[TradeId, Meta(description="The same number on both sides and on the tape.")]
    price: Annotated[
        Price, Meta(description="Price of the trade: the resting order's, in an auction that of the auction.")
    ]
    quantity: Annotated[Quantity, Meta(description="Quantity of the trade.")]
    liquidity: Annotated[
        Liquidity,
        Meta(
            description="`maker` if this order was resting, `taker` if it arrived, `auction` if both rested."
        ),
    ]
    fee: Annotated[
        Money, Meta(description="Paid by this side, in smallest units of `quote`; negative: a rebate.")
    ]
    cumulative: CumulativeField
    leaves: LeavesField


class MassCanceled(Message, frozen=True, tag="mass_canceled"):
    """The mass cancel is done; each order's ``canceled`` came before."""

    seq: PrivateSeq
    at_ns: AtField
    count: Annotated[int, Meta(description="How many orders were canceled.")]


# -- from the venue: answers and public streams ----------------------------------------------------
class OrderStateReport(Message, frozen=True, tag="order_state"):
    """Answer to ``order_status``."""

    client_order_id: ClientOrderIdField
    order_id: OrderIdField
    symbol: SymbolField
    side: SideField
    state: Annotated[OrderState, Meta(description="What the order is now.")]
    quantity: Annotated[Quantity, Meta(description="Total, executed part included.")]
    cumulative: CumulativeField
    leaves: Annotated[Quantity, Meta(description="Quantity still open; 0 unless live or pending.")]
    price: Annotated[Price | None, Meta(description="Limit; left out for an order without one.")] = None
    order_type: Annotated[OrderType, Meta(description="As entered.")] = OrderType.LIMIT
    stop_price: Annotated[
        Price | None, Meta(description="Of a stop that waits: where it is now, followed by `trail`.")
    ] = None
    prevented: PreventedField = 0


class Subscribed(Message, frozen=True, tag="subscribed"):
    """The stream starts after this message."""

    channel: Annotated[Channel, Meta(description="As in `subscribe`.")]
    symbol: SymbolField
    levels: Annotated[int | None, Meta(description="As in `subscribe`.")] = None
    interval: Annotated[Interval | None, Meta(description="As in `subscribe`.")] = None


class Unsubscribed(Message, frozen=True, tag="unsubscribed"):
    """The stream ended before this message."""

    channel: Annotated[Channel, Meta(description="As in `unsubscribe`.")]
    symbol: SymbolField
    levels: Annotated[int | None, Meta(description="As in `unsubscribe`.")] = None
    interval: Annotated[Interval | None, Meta(description="As in `unsubscribe`.")] = None


PrivateMessage = (
    Accepted
    | Rejected
    | Canceled
    | Replaced
    | Rested
    | Repriced
    | Triggered
    | SelfTradePrevented
    | TradeReport
    | MassCanceled
    | DeskReport
    | AuditEntry
)
"""The numbered messages: what a private stream consists of."""


class Copy(Message, frozen=True, tag="copy"):
    """To a drop copy: a message of somebody's private stream, with its place there."""

    account: Annotated[AccountId, Meta(description="Whose; `*` for the venue's own stream.")]
    report: Annotated[PrivateMessage, Meta(description="The message as the account got it.")]


ServerMessage = (
    Welcome
    | LoggedOut
    | Heartbeat
    | Error
    | Accepted
    | Rejected
    | Canceled
    | Replaced
    | Rested
    | Repriced
    | Triggered
    | SelfTradePrevented
    | TradeReport
    | MassCanceled
    | DeskReport
    | DeskAnswer
    | AuditEntry
    | Copy
    | OrderStateReport
    | Subscribed
    | Unsubscribed
    | BestPrices
    | DepthSnapshot
    | DepthDelta
    | OrdersSnapshot
    | OrdersDelta
    | TradesSnapshot
    | TradePrint
    | PrintBusted
    | CandlesSnapshot
    | Candle
    | DayStatistics
    | PhaseStatus
    | Indication
    | AuctionResult
    | AuctionExtended
)

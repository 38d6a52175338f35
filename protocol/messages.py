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

from protocol.vocabulary import (
    MAX_WIRE_INTEGER,
    AccountId,
    CancelReason,
    Channel,
    ClientOrderId,
    ErrorCode,
    Liquidity,
    Money,
    Nanoseconds,
    OrderId,
    OrderState,
    OrderType,
    Price,
    Quantity,
    RejectReason,
    Request,
    Sequence,
    Side,
    Symbol,
    TimeInForce,
    TradeId,
)

PROTOCOL_VERSION = 1


class Message(
    msgspec.Struct,
    frozen=True,
    forbid_unknown_fields=True,
    omit_defaults=True,
    tag_field="type",
    # Messages hold only strings, numbers and flat lists: never part of a reference cycle.
    gc=False,
):
    """Base of every message. Fields that stand at their default are left out of the line."""


# -- what the fields may hold ----------------------------------------------------------------------
# Signed on purpose: a negative quantity is a readable message with a wrong number in it, and gets
# the engine's answer (rule 8). Only what other JSON readers can't hold is refused at the edge.
_Bound = Meta(ge=-MAX_WIRE_INTEGER, le=MAX_WIRE_INTEGER)
WirePrice = Annotated[Price, _Bound]
WireQuantity = Annotated[Quantity, _Bound]
WireAccount = Annotated[AccountId, Meta(min_length=1, max_length=32)]
WireClientOrderId = Annotated[ClientOrderId, Meta(min_length=1, max_length=64)]
WireSymbol = Annotated[Symbol, Meta(min_length=1, max_length=16)]

_ClientOrderIdField = Annotated[WireClientOrderId, Meta(description="Your own name for the order.")]
_OrderIdField = Annotated[OrderId, Meta(description="The venue's number for the order.")]
_SymbolField = Annotated[Symbol, Meta(description="The instrument.")]
_SideField = Annotated[Side, Meta(description="Side of the order.")]
_AtField = Annotated[
    Nanoseconds, Meta(description="When the venue took the command, in nanoseconds since 1970 UTC.")
]
_PrivateSeq = Annotated[
    Sequence, Meta(description="Place in the account's private stream: from 1, without a gap.")
]
_DepthSeq = Annotated[Sequence, Meta(description="Place in the depth stream of this instrument.")]
_Leaves = Annotated[Quantity, Meta(description="Quantity still open after this.")]
_Cumulative = Annotated[Quantity, Meta(description="Quantity executed so far.")]

Level = tuple[Price, Quantity]
"""``[price, quantity]``: the quantity is absolute, 0 removes the price level."""


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


class NewOrder(Message, frozen=True, tag="new"):
    """Enter an order. Answered by ``accepted`` or ``rejected``."""

    client_order_id: Annotated[
        WireClientOrderId,
        Meta(
            description="Your own name for the order; never used before by this account on this trading day."
        ),
    ]
    symbol: Annotated[WireSymbol, Meta(description="The instrument.")]
    side: Annotated[Side, Meta(description="Buy or sell.")]
    quantity: Annotated[WireQuantity, Meta(description="How much, a multiple of the lot.")]
    price: Annotated[
        WirePrice | None,
        Meta(description="Limit in price units, a multiple of the tick; not for market orders."),
    ] = None
    order_type: Annotated[OrderType, Meta(description="Limit, or market: take what the book offers.")] = (
        OrderType.LIMIT
    )
    time_in_force: Annotated[
        TimeInForce,
        Meta(
            description="`gtc` until canceled, `day` until the venue's day ends, `ioc` trade at once and cancel "
            "the rest, `fok` all at once or nothing."
        ),
    ] = TimeInForce.GTC
    post_only: Annotated[bool, Meta(description="Refuse the order if it would trade on entry.")] = False
    protection: Annotated[
        WirePrice | None,
        Meta(
            description="Market orders only: trade at most this many price units beyond the best price at entry."
        ),
    ] = None


class Cancel(Message, frozen=True, tag="cancel"):
    """Take an order out of the book. Answered by ``canceled`` or ``rejected``."""

    client_order_id: _ClientOrderIdField


class Replace(Message, frozen=True, tag="replace"):
    """Change price, quantity or both. Answered by ``replaced``, ``canceled`` or ``rejected``.

    The order keeps its place in the queue only if the price stays and the quantity does not rise.
    """

    client_order_id: _ClientOrderIdField
    quantity: Annotated[
        WireQuantity | None, Meta(description="The new total, executed part included; left out: as it is.")
    ] = None
    price: Annotated[WirePrice | None, Meta(description="The new limit; left out: as it is.")] = None


class Reduce(Message, frozen=True, tag="reduce"):
    """Take some quantity off an order, which keeps its place. Answered by ``replaced`` or ``canceled``."""

    client_order_id: _ClientOrderIdField
    by: Annotated[
        WireQuantity, Meta(description="How much less; all that is open or more cancels the order.")
    ]


class MassCancel(Message, frozen=True, tag="mass_cancel"):
    """Cancel all orders of the account, or those of one instrument or side. Answered by ``mass_canceled``."""

    symbol: Annotated[WireSymbol | None, Meta(description="Only this instrument.")] = None
    side: Annotated[Side | None, Meta(description="Only this side.")] = None


class OrderStatus(Message, frozen=True, tag="order_status"):
    """Ask what became of an order. Answered by ``order_state`` or ``error``."""

    client_order_id: _ClientOrderIdField


class Subscribe(Message, frozen=True, tag="subscribe"):
    """Receive a public stream. Answered by ``subscribed``, for depth followed by a ``depth_snapshot``."""

    channel: Annotated[Channel, Meta(description="`depth`: the book by price level; `trades`: the tape.")]
    symbol: Annotated[WireSymbol, Meta(description="The instrument.")]


class Unsubscribe(Message, frozen=True, tag="unsubscribe"):
    """Stop receiving a public stream. Answered by ``unsubscribed``."""

    channel: Annotated[Channel, Meta(description="As in `subscribe`.")]
    symbol: Annotated[WireSymbol, Meta(description="As in `subscribe`.")]


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
    | Heartbeat
    | Logout
)


# -- from the venue: session -----------------------------------------------------------------------
class InstrumentInfo(msgspec.Struct, frozen=True, forbid_unknown_fields=True, gc=False):
    """What can be traded, and in which steps."""

    symbol: _SymbolField
    tick: Annotated[Price, Meta(description="Prices are multiples of this.")]
    lot: Annotated[Quantity, Meta(description="Quantities are multiples of this.")]
    minimum_quantity: Annotated[Quantity, Meta(description="Smallest order quantity.")]
    maximum_quantity: Annotated[Quantity, Meta(description="Largest order quantity.")]
    price_decimals: Annotated[int, Meta(description="For display: 10025 with 2 decimals reads 100.25.")]


class PositionInfo(msgspec.Struct, frozen=True, forbid_unknown_fields=True, gc=False):
    """What an account holds of one instrument."""

    symbol: _SymbolField
    quantity: Annotated[int, Meta(description="Bought less sold; negative when short.")]


class OpenOrder(msgspec.Struct, frozen=True, forbid_unknown_fields=True, gc=False):
    """An order that rests in the book."""

    client_order_id: _ClientOrderIdField
    order_id: _OrderIdField
    symbol: _SymbolField
    side: _SideField
    price: Annotated[Price, Meta(description="Where it rests.")]
    quantity: Annotated[Quantity, Meta(description="Total, executed part included.")]
    cumulative: _Cumulative
    leaves: Annotated[Quantity, Meta(description="Quantity still open.")]
    time_in_force: Annotated[TimeInForce, Meta(description="As entered.")]


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
        list[OpenOrder], Meta(description="Orders of the account in the book, oldest first.")
    ]


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
class Accepted(Message, frozen=True, tag="accepted"):
    """The order is in. Trades and cancels of the same order follow in their own messages."""

    seq: _PrivateSeq
    at_ns: _AtField
    client_order_id: _ClientOrderIdField
    order_id: _OrderIdField
    symbol: _SymbolField
    side: _SideField
    quantity: Annotated[Quantity, Meta(description="As entered.")]
    price: Annotated[Price | None, Meta(description="As entered.")] = None
    order_type: Annotated[OrderType, Meta(description="As entered.")] = OrderType.LIMIT
    time_in_force: Annotated[TimeInForce, Meta(description="As entered.")] = TimeInForce.GTC
    post_only: Annotated[bool, Meta(description="As entered.")] = False


class Rejected(Message, frozen=True, tag="rejected"):
    """The request was refused and changed nothing."""

    seq: _PrivateSeq
    at_ns: _AtField
    request: Annotated[Request, Meta(description="What was refused.")]
    reason: Annotated[RejectReason, Meta(description="For programs.")]
    text: Annotated[str, Meta(description="For people.")]
    client_order_id: Annotated[ClientOrderId | None, Meta(description="As in the request.")] = None
    line: Annotated[
        int | None, Meta(description="The offending line of this connection, counted from 1.")
    ] = None


class Canceled(Message, frozen=True, tag="canceled"):
    """What was left of the order is out of the book."""

    seq: _PrivateSeq
    at_ns: _AtField
    client_order_id: _ClientOrderIdField
    order_id: _OrderIdField
    symbol: _SymbolField
    quantity: Annotated[Quantity, Meta(description="How much was canceled.")]
    cumulative: _Cumulative
    reason: Annotated[CancelReason, Meta(description="Why.")]


class Replaced(Message, frozen=True, tag="replaced"):
    """The order has a new price or quantity."""

    seq: _PrivateSeq
    at_ns: _AtField
    client_order_id: _ClientOrderIdField
    order_id: _OrderIdField
    symbol: _SymbolField
    quantity: Annotated[Quantity, Meta(description="The new total, executed part included.")]
    price: Annotated[Price, Meta(description="The limit that holds now.")]
    cumulative: _Cumulative
    leaves: _Leaves
    kept_priority: Annotated[bool, Meta(description="Whether the order kept its place in the queue.")]


class Rested(Message, frozen=True, tag="rested"):
    """What was left of a market order rests as a limit order at a price the venue found."""

    seq: _PrivateSeq
    at_ns: _AtField
    client_order_id: _ClientOrderIdField
    order_id: _OrderIdField
    symbol: _SymbolField
    price: Annotated[Price, Meta(description="Where it rests.")]
    leaves: _Leaves


class TradeReport(Message, frozen=True, tag="trade_report"):
    """The order traded."""

    seq: _PrivateSeq
    at_ns: _AtField
    client_order_id: _ClientOrderIdField
    order_id: _OrderIdField
    symbol: _SymbolField
    side: _SideField
    trade_id: Annotated[TradeId, Meta(description="The same number on both sides and on the tape.")]
    price: Annotated[Price, Meta(description="Price of the trade: the resting order's.")]
    quantity: Annotated[Quantity, Meta(description="Quantity of the trade.")]
    liquidity: Annotated[
        Liquidity, Meta(description="`maker` if this order was resting, `taker` if it arrived.")
    ]
    fee: Annotated[
        Money, Meta(description="Paid by this side in price units times quantity; negative: a rebate.")
    ]
    cumulative: _Cumulative
    leaves: _Leaves


class MassCanceled(Message, frozen=True, tag="mass_canceled"):
    """The mass cancel is done; each order's ``canceled`` came before."""

    seq: _PrivateSeq
    at_ns: _AtField
    count: Annotated[int, Meta(description="How many orders were canceled.")]


# -- from the venue: answers and public streams ----------------------------------------------------
class OrderStateReport(Message, frozen=True, tag="order_state"):
    """Answer to ``order_status``."""

    client_order_id: _ClientOrderIdField
    order_id: _OrderIdField
    symbol: _SymbolField
    side: _SideField
    state: Annotated[OrderState, Meta(description="What the order is now.")]
    quantity: Annotated[Quantity, Meta(description="Total, executed part included.")]
    cumulative: _Cumulative
    leaves: Annotated[Quantity, Meta(description="Quantity still open; 0 unless live.")]
    price: Annotated[
        Price | None, Meta(description="Limit; left out for a market order that never rested.")
    ] = None


class Subscribed(Message, frozen=True, tag="subscribed"):
    """The stream starts after this message."""

    channel: Annotated[Channel, Meta(description="As in `subscribe`.")]
    symbol: _SymbolField


class Unsubscribed(Message, frozen=True, tag="unsubscribed"):
    """The stream ended before this message."""

    channel: Annotated[Channel, Meta(description="As in `unsubscribe`.")]
    symbol: _SymbolField


class DepthSnapshot(Message, frozen=True, tag="depth_snapshot"):
    """The whole book by price level. Comes first, and again whenever deltas had to be left out."""

    symbol: _SymbolField
    seq: _DepthSeq
    bids: Annotated[list[Level], Meta(description="`[price, quantity]`, best (highest) first.")]
    asks: Annotated[list[Level], Meta(description="`[price, quantity]`, best (lowest) first.")]


class DepthDelta(Message, frozen=True, tag="depth_delta"):
    """All price levels that one command changed."""

    symbol: _SymbolField
    seq: Annotated[Sequence, Meta(description="One more than that of the snapshot or delta before.")]
    bids: Annotated[list[Level], Meta(description="`[price, quantity]`: absolute; 0 removes the level.")] = []
    asks: Annotated[list[Level], Meta(description="`[price, quantity]`: absolute; 0 removes the level.")] = []


class TradePrint(Message, frozen=True, tag="trade"):
    """One trade on the public tape."""

    symbol: _SymbolField
    seq: Annotated[
        Sequence,
        Meta(
            description="Place in the tape of this instrument since the venue started; a jump means that prints "
            "were left out because this connection was too slow."
        ),
    ]
    trade_id: Annotated[TradeId, Meta(description="Names the trade.")]
    at_ns: _AtField
    price: Annotated[Price, Meta(description="Price of the trade.")]
    quantity: Annotated[Quantity, Meta(description="Quantity of the trade.")]
    aggressor: Annotated[Side, Meta(description="Side of the order that arrived.")]


PrivateMessage = Accepted | Rejected | Canceled | Replaced | Rested | TradeReport | MassCanceled
"""The numbered messages: what a private stream consists of."""

PublicMessage = DepthSnapshot | DepthDelta | TradePrint

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
    | TradeReport
    | MassCanceled
    | OrderStateReport
    | Subscribed
    | Unsubscribed
    | DepthSnapshot
    | DepthDelta
    | TradePrint
)

"""The words of the market: sides, order types, states, reasons, and the units of every number.

In: nothing. Out: enums and names for ids and units that every room shares. No behaviour lives here.

Every enum is a ``StrEnum``: its value is the word on the wire, and it hashes as fast as a string,
which the engine's tables rely on.
"""

from enum import StrEnum
from typing import Final, NewType, TypeAlias

AccountId = NewType("AccountId", str)
"""Who trades; chosen at login, at most 32 characters."""

ClientOrderId = NewType("ClientOrderId", str)
"""Names an order for its owner; chosen by the trader, unique per account for the trading day."""

Symbol = NewType("Symbol", str)
"""Names an instrument, as in ``ACME``."""

# Numbers are plain aliases: sums and products of a NewType are bare ints again, and each call that
# turns them back costs as much as a tenth of a match.
OrderId: TypeAlias = int
"""Names an order for the venue: the sequence number of the command that entered it."""

TradeId: TypeAlias = int
"""Names one match of two orders; counts from 1 over the whole venue."""

Sequence: TypeAlias = int
"""A place in one stream; every stream counts from 1 without a gap."""

Price: TypeAlias = int
"""Integer price in the instrument's price unit; a valid one is a multiple of the tick."""

Quantity: TypeAlias = int
"""Integer quantity in units of the instrument; a valid one is a multiple of the lot."""

Money: TypeAlias = int
"""Integer money: price unit times quantity unit."""

Nanoseconds: TypeAlias = int
"""Integer nanoseconds since 1970-01-01 UTC."""

MAX_QUANTITY: Final = 10**9
"""Largest order quantity and price any instrument may allow: their product still fits 64 bits."""
MAX_PRICE: Final = 10**9
MAX_WIRE_INTEGER: Final = 2**53 - 1
"""Integers beyond this are refused at the edge: JSON readers in other languages lose their digits."""


class Side(StrEnum):
    """Side of an order (a book has bids and asks)."""

    BUY = "buy"
    SELL = "sell"

    @property
    def opposite(self) -> "Side":
        return Side.SELL if self is Side.BUY else Side.BUY


class OrderType(StrEnum):
    LIMIT = "limit"
    MARKET = "market"


class TimeInForce(StrEnum):
    """How long an order works."""

    GTC = "gtc"  # good till canceled
    DAY = "day"  # until the venue's day ends
    IOC = "ioc"  # immediate or cancel: what does not trade at once is canceled
    FOK = "fok"  # fill or kill: all at once or nothing


class Liquidity(StrEnum):
    """Which part an order played in a trade; decides the fee."""

    MAKER = "maker"  # was resting
    TAKER = "taker"  # arrived and traded


class OrderState(StrEnum):
    LIVE = "live"
    FILLED = "filled"
    CANCELED = "canceled"


class Channel(StrEnum):
    """A public stream of market data, one for each instrument."""

    DEPTH = "depth"
    TRADES = "trades"


class Request(StrEnum):
    """The kind of request a rejection answers."""

    NEW = "new"
    CANCEL = "cancel"
    REPLACE = "replace"
    REDUCE = "reduce"
    MASS_CANCEL = "mass_cancel"
    ADMIN = "admin"


class RejectReason(StrEnum):
    """Why the venue refused a request. The text beside it says the same in a sentence."""

    UNKNOWN_SYMBOL = "unknown_symbol"
    UNKNOWN_ORDER = "unknown_order"
    DUPLICATE_CLIENT_ORDER_ID = "duplicate_client_order_id"
    QUANTITY_NOT_POSITIVE = "quantity_not_positive"
    OFF_LOT = "off_lot"
    BELOW_MINIMUM_QUANTITY = "below_minimum_quantity"
    ABOVE_MAXIMUM_QUANTITY = "above_maximum_quantity"
    PRICE_MISSING = "price_missing"
    PRICE_UNEXPECTED = "price_unexpected"
    PRICE_NOT_POSITIVE = "price_not_positive"
    ABOVE_MAXIMUM_PRICE = "above_maximum_price"
    OFF_TICK = "off_tick"
    CONFLICTING_FIELDS = "conflicting_fields"
    POST_ONLY_WOULD_TRADE = "post_only_would_trade"
    NOT_A_REDUCTION = "not_a_reduction"
    NOTHING_TO_REPLACE = "nothing_to_replace"
    DUPLICATE_INSTRUMENT = "duplicate_instrument"
    INVALID_INSTRUMENT = "invalid_instrument"


class CancelReason(StrEnum):
    """Why an order, or what was left of it, was canceled."""

    REQUESTED = "requested"
    MASS_CANCEL = "mass_cancel"
    IMMEDIATE_OR_CANCEL = "immediate_or_cancel"
    FILL_OR_KILL = "fill_or_kill"
    NO_LIQUIDITY = "no_liquidity"
    MARKET_REMAINDER = "market_remainder"
    REPLACED_BELOW_EXECUTED = "replaced_below_executed"
    REDUCED_TO_NOTHING = "reduced_to_nothing"
    DAY_ENDED = "day_ended"


class ErrorCode(StrEnum):
    """Why a line was not taken, or a connection ended. Such answers stand outside the private stream."""

    NOT_JSON = "not_json"
    INVALID_MESSAGE = "invalid_message"
    LINE_TOO_LONG = "line_too_long"
    LINE_CUT_SHORT = "line_cut_short"
    NOT_LOGGED_IN = "not_logged_in"
    ALREADY_LOGGED_IN = "already_logged_in"
    LOGIN_TIMEOUT = "login_timeout"
    HEARTBEAT_MISSED = "heartbeat_missed"
    UNKNOWN_SYMBOL = "unknown_symbol"
    UNKNOWN_ORDER = "unknown_order"
    ALREADY_SUBSCRIBED = "already_subscribed"
    NOT_SUBSCRIBED = "not_subscribed"
    TOO_MANY_CONNECTIONS = "too_many_connections"
    SHUTTING_DOWN = "shutting_down"

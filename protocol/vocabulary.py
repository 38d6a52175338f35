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

Asset = NewType("Asset", str)
"""Names what balances are kept in, as in ``USD`` or ``BTC``; at most 16 characters."""

TransactionId = NewType("TransactionId", str)
"""Names a deposit or a withdrawal for who orders it; the same one is carried out once (rule 44)."""

QuoteSet = NewType("QuoteSet", str)
"""Names quotes that are protected and pulled together; chosen by their owner."""

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

SessionId: TypeAlias = int
"""Names a session that is open now; 0: none in particular."""

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
    MARKET = "market"  # takes what the book offers
    MARKET_TO_LIMIT = "market_to_limit"  # its limit is the best opposite price at entry
    MARKET_BY_AMOUNT = "market_by_amount"  # spends so much money
    MONEY_LIMIT = "money_limit"  # fill or kill: the whole quantity for so much money at most
    STOP = "stop"  # a market order once the last price reaches the stop price
    STOP_LIMIT = "stop_limit"  # a limit order then
    PEG = "peg"  # follows the best limit of its own side


class TimeInForce(StrEnum):
    """How long an order works."""

    GTC = "gtc"  # good till canceled
    DAY = "day"  # until the venue's day ends
    GTD = "gtd"  # until a moment the order names
    IOC = "ioc"  # immediate or cancel: what does not trade at once is canceled
    FOK = "fok"  # fill or kill: all at once or nothing
    AT_THE_OPEN = "at_the_open"  # takes part in the opening auction only
    AT_THE_CLOSE = "at_the_close"  # takes part in the closing auction only


class PostOnly(StrEnum):
    """What becomes of a post-only order that would trade (rule 21)."""

    REJECT = "reject"
    CANCEL = "cancel"
    REPRICE = "reprice"  # one tick behind the best opposite price


class SelfTrade(StrEnum):
    """What happens when an aggressor reaches an order of its own account or group (rule 31)."""

    NONE = "none"  # they trade
    CANCEL_MAKER = "cancel_maker"
    CANCEL_AGGRESSOR = "cancel_aggressor"
    CANCEL_BOTH = "cancel_both"
    DECREMENT = "decrement"  # both shrink by the smaller


class Allocation(StrEnum):
    """How an aggressor is divided among the orders at one price."""

    FIFO = "fifo"  # first in, first out
    PRO_RATA = "pro_rata"  # by their quantities (rule 39)


class Settlement(StrEnum):
    """What a trade of the instrument moves beside positions."""

    NONE = "none"  # nothing: positions are counted, money is not
    SPOT = "spot"  # the base asset against the quote asset, at once
    MARGIN = "margin"  # profit and loss in the quote asset; open positions are secured by a margin


class Role(StrEnum):
    """What a session may do."""

    TRADER = "trader"
    VIEWER = "viewer"  # reads what the account may read, asks for nothing that changes anything
    OPERATOR = "operator"  # runs the venue
    DROP_COPY = "drop_copy"  # reads copies of other accounts' private streams


class Limit(StrEnum):
    """What an account may not go beyond (rule 41)."""

    ORDER_QUANTITY = "order_quantity"
    ORDER_NOTIONAL = "order_notional"
    OPEN_ORDERS = "open_orders"
    OPEN_QUANTITY = "open_quantity"
    POSITION = "position"  # in the worst case: everything open on one side is executed
    COLLAR = "collar"  # how far from the last price a limit may be
    DAILY_LOSS = "daily_loss"
    MESSAGE_RATE = "message_rate"


class Block(StrEnum):
    """Why an account may not enter orders."""

    KILL_SWITCH = "kill_switch"  # it pulled its own; it lifts it itself
    OPERATOR = "operator"  # disabled by an operator
    HARD_BREACH = "hard_breach"  # it went beyond a limit that is hard; an operator lifts it


class Phase(StrEnum):
    """Where an instrument stands in its trading day."""

    PRE_OPEN = "pre_open"  # call: orders collect for the opening auction
    OPENING_AUCTION = "opening_auction"  # call: the last minutes before the open
    CONTINUOUS = "continuous"
    INTRADAY_AUCTION = "intraday_auction"  # call
    VOLATILITY_AUCTION = "volatility_auction"  # call, after a trade would have left the dynamic corridor
    CLOSING_AUCTION = "closing_auction"  # call
    HALT = "halt"  # nothing but cancels
    CLOSED = "closed"  # nothing but cancels


class Liquidity(StrEnum):
    """Which part an order played in a trade; decides the fee."""

    MAKER = "maker"  # was resting
    TAKER = "taker"  # arrived and traded
    AUCTION = "auction"  # both were resting


class OrderState(StrEnum):
    PENDING = "pending"  # a stop that waits for its price, or an order that waits for its auction
    LIVE = "live"
    FILLED = "filled"
    CANCELED = "canceled"


class Channel(StrEnum):
    """A public stream of market data, one for each instrument."""

    BBO = "bbo"  # the best bid and offer
    DEPTH = "depth"  # price levels: the whole book, or the best ones of it
    ORDERS = "orders"  # order by order
    TRADES = "trades"
    CANDLES = "candles"  # one stream for each interval
    STATISTICS = "statistics"  # of the trading day
    STATUS = "status"  # the phase of the instrument
    AUCTION = "auction"  # indicative price, volume and surplus while a call lasts


class Interval(StrEnum):
    """How much time a candle is about. All begin at multiples of themselves since 1970 UTC."""

    SECOND = "1s"
    TEN_SECONDS = "10s"
    MINUTE = "1m"
    FIVE_MINUTES = "5m"
    QUARTER = "15m"
    HOUR = "1h"
    FOUR_HOURS = "4h"
    DAY = "1d"

    @property
    def ns(self) -> int:
        """Its length in nanoseconds."""
        return _INTERVAL_NS[self]


_SECOND_NS: Final = 1_000_000_000
_INTERVAL_NS: Final = {
    Interval.SECOND: _SECOND_NS,
    Interval.TEN_SECONDS: 10 * _SECOND_NS,
    Interval.MINUTE: 60 * _SECOND_NS,
    Interval.FIVE_MINUTES: 300 * _SECOND_NS,
    Interval.QUARTER: 900 * _SECOND_NS,
    Interval.HOUR: 3_600 * _SECOND_NS,
    Interval.FOUR_HOURS: 14_400 * _SECOND_NS,
    Interval.DAY: 86_400 * _SECOND_NS,
}

DEPTH_LEVELS: Final = (10, 50)
"""How many price levels a side a depth stream may be asked to keep to; without any it is the whole book."""


class Request(StrEnum):
    """The kind of request a rejection answers."""

    NEW = "new"
    CANCEL = "cancel"
    REPLACE = "replace"
    REDUCE = "reduce"
    MASS_CANCEL = "mass_cancel"
    MASS_QUOTE = "mass_quote"
    PROTECTION = "protection"
    KILL_SWITCH = "kill_switch"
    DEAD_MAN = "dead_man"
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
    FIELD_MISSING = "field_missing"
    PRICE_NOT_POSITIVE = "price_not_positive"
    ABOVE_MAXIMUM_PRICE = "above_maximum_price"
    OFF_TICK = "off_tick"
    CONFLICTING_FIELDS = "conflicting_fields"
    POST_ONLY_WOULD_TRADE = "post_only_would_trade"
    SELF_TRADE = "self_trade"
    NO_OPPOSITE_SIDE = "no_opposite_side"
    NOTHING_TO_PEG_TO = "nothing_to_peg_to"
    OUTSIDE_BAND = "outside_band"
    WRONG_PHASE = "wrong_phase"
    ALREADY_EXPIRED = "already_expired"
    NOT_A_REDUCTION = "not_a_reduction"
    NOTHING_TO_REPLACE = "nothing_to_replace"
    INSUFFICIENT_FUNDS = "insufficient_funds"
    OVER_RESERVE = "over_reserve"
    ORDER_QUANTITY_LIMIT = "order_quantity_limit"
    ORDER_NOTIONAL_LIMIT = "order_notional_limit"
    OPEN_ORDERS_LIMIT = "open_orders_limit"
    OPEN_QUANTITY_LIMIT = "open_quantity_limit"
    POSITION_LIMIT = "position_limit"
    COLLAR_LIMIT = "collar_limit"
    DAILY_LOSS_LIMIT = "daily_loss_limit"
    MESSAGE_RATE_LIMIT = "message_rate_limit"
    KILL_SWITCH = "kill_switch"
    ACCOUNT_DISABLED = "account_disabled"
    QUOTES_PULLED = "quotes_pulled"
    INVALID_REQUEST = "invalid_request"
    UNKNOWN_ACCOUNT = "unknown_account"
    DUPLICATE_ACCOUNT = "duplicate_account"
    UNKNOWN_ASSET = "unknown_asset"
    UNKNOWN_TRADE = "unknown_trade"
    ALREADY_BUSTED = "already_busted"
    TRANSACTION_CONFLICT = "transaction_conflict"
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
    EXPIRED = "expired"
    SELF_TRADE = "self_trade"
    POST_ONLY = "post_only"
    MINIMUM_QUANTITY = "minimum_quantity"
    OUTSIDE_BAND = "outside_band"
    NOTHING_TO_PEG_TO = "nothing_to_peg_to"
    AUCTION_OVER = "auction_over"
    DISCONNECTED = "disconnected"
    DEAD_MAN = "dead_man"
    KILL_SWITCH = "kill_switch"
    ACCOUNT_DISABLED = "account_disabled"
    QUOTES_PULLED = "quotes_pulled"
    OPERATOR = "operator"


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
    INVALID_SUBSCRIPTION = "invalid_subscription"
    NOT_AN_OPERATOR = "not_an_operator"
    NOT_ALLOWED = "not_allowed"
    LOGIN_FAILED = "login_failed"
    LOGIN_THROTTLED = "login_throttled"
    ACCOUNT_DISABLED = "account_disabled"
    TOO_MANY_SESSIONS = "too_many_sessions"
    RESUME_FROM_THE_FUTURE = "resume_from_the_future"
    RESUME_UNAVAILABLE = "resume_unavailable"
    LINE_TIMEOUT = "line_timeout"
    SLOW_CONSUMER = "slow_consumer"
    UNKNOWN_ACCOUNT = "unknown_account"
    UNKNOWN_TRADE = "unknown_trade"
    TOO_MANY_CONNECTIONS = "too_many_connections"
    SHUTTING_DOWN = "shutting_down"
    BINARY_FRAME = "binary_frame"
    INVALID_FRAME = "invalid_frame"
    LINE_BREAK = "line_break"
    NOT_FOUND = "not_found"
    METHOD_NOT_ALLOWED = "method_not_allowed"
    UNSUPPORTED_MEDIA_TYPE = "unsupported_media_type"
    TOO_MANY_REQUESTS = "too_many_requests"
    INTERNAL_ERROR = "internal_error"

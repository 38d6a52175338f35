"""What can be asked over HTTP, and what comes back.

In: nothing. Out: pydantic models of queries and bodies, each with its bounds; and the shapes of answers. Messages in
answers are those of the protocol: defined once, in ``protocol``. Bodies of orders are made from the protocol's as
well, so that they have the same fields, bounds and descriptions as on every other gateway.
"""

import re
from enum import StrEnum
from typing import Annotated, Any, Final, Union

import msgspec
from msgspec import Meta, inspect
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, create_model

from exchange.gateways.http.past import Fill
from protocol import messages
from protocol.desk import AccountState
from protocol.fields import Message
from protocol.market import (
    AuctionExtended,
    AuctionResult,
    Bar,
    BestPrices,
    DayStatistics,
    DepthSnapshot,
    Indication,
    OrdersSnapshot,
    PhaseStatus,
    TradePrint,
)
from protocol.messages import InstrumentInfo, OpenOrder, OrderStateReport, PrivateMessage
from protocol.vocabulary import DEPTH_LEVELS, MAX_WIRE_INTEGER, Channel, Interval, Side, Symbol

MAX_LIMIT: Final = 1_000
MAX_PAGE: Final = 10_000
_INTEGER: Final = re.compile(r"-?[0-9]{1,19}")


def _integer(value: object) -> object:
    """Digits of a query; pydantic itself would take ``1_000``, `` 1`` and ``1.0``, too."""
    if isinstance(value, str):
        if _INTEGER.fullmatch(value) is None:
            raise ValueError("an integer")
        return int(value)
    return value


QueryInteger = Annotated[int, BeforeValidator(_integer, json_schema_input_type=int)]
Limit = Annotated[
    QueryInteger, Field(ge=1, le=MAX_LIMIT, description="How many at most.", examples=[MAX_LIMIT // 10])
]
Page = Annotated[
    QueryInteger,
    Field(
        ge=1,
        le=MAX_PAGE,
        description="Which page of that many; pages shift while the list grows.",
        examples=[1],
    ),
]
After = Annotated[
    QueryInteger | None,
    Field(
        ge=0, le=2**63 - 1, description="Only what comes after this item; `Link` has it for the next page."
    ),
]
QuerySymbol = Annotated[
    Symbol | None, Field(min_length=1, max_length=16, description="Only this instrument.")
]
QueryPrice = Annotated[QueryInteger | None, Field(ge=-MAX_WIRE_INTEGER, le=MAX_WIRE_INTEGER)]
QueryInterval = Annotated[Interval, Field(description="How long each candle is.", examples=["1m"])]
Levels = Annotated[
    QueryInteger | None,
    Field(description="Of `depth`: so many price levels a side, 10 or 50; left out: the whole book."),
]


# -- queries ---------------------------------------------------------------------------------------
class Query(BaseModel):
    """Base of all queries: nothing unknown."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Listed(Query):
    """Part of a list, newest first."""

    limit: Limit = 100
    page: Page = 1
    after: After = None

    @property
    def skip(self) -> int:
        """So many items are on the pages before."""
        return (self.page - 1) * self.limit


class DepthQuery(Query):
    """How much of the book."""

    # That others than these are refused is the stream's business, which has a code for it.
    levels: Annotated[
        QueryInteger | None,
        Field(
            description="So many price levels a side; left out: the whole book.",
            json_schema_extra={"enum": [*DEPTH_LEVELS]},
        ),
    ] = None


class CandlesQuery(Listed):
    """Which candles."""

    interval: QueryInterval = Interval.MINUTE


class OwnQuery(Listed):
    """Part of a list of the account's own."""

    symbol: QuerySymbol = None


class MassCancelQuery(Query):
    """Which orders; without any key all of the account."""

    symbol: QuerySymbol = None
    side: Annotated[Side | None, Field(description="Only this side.")] = None
    lowest: Annotated[QueryPrice, Field(description="Only orders with this price or a higher one.")] = None
    highest: Annotated[QueryPrice, Field(description="Only orders with this price or a lower one.")] = None


class StreamQuery(Query):
    """Which public stream."""

    channel: Annotated[Channel, Field(description="Which one.", examples=["bbo"])]
    symbol: Annotated[
        Symbol, Field(min_length=1, max_length=16, description="The instrument.", examples=["ACME"])
    ]
    levels: Levels = None
    interval: Annotated[Interval | None, Field(description="Of `candles`, and there always.")] = None


# -- bodies ----------------------------------------------------------------------------------------
def _body(name: str, message: type[Message], without: frozenset[str] = frozenset()) -> type[BaseModel]:
    """A model with the fields of a message."""
    info = inspect.type_info(message)
    assert isinstance(info, inspect.StructType)
    fields: dict[str, Any] = {}
    for field in info.fields:
        if field.name in without:
            continue
        kind = field.type
        assert isinstance(kind, inspect.Metadata)
        assert kind.extra_json_schema is not None
        description = kind.extra_json_schema["description"]
        default = ... if field.required else field.default
        fields[field.name] = (_python_type(kind.type), Field(default, description=description))
    return create_model(
        name,
        __config__=ConfigDict(frozen=True, extra="forbid", strict=True),
        __doc__=message.__doc__,
        **fields,
    )


def _python_type(kind: inspect.Type) -> Any:
    match kind:
        case inspect.Metadata():
            return _python_type(kind.type)
        case inspect.UnionType():
            return Union[tuple(map(_python_type, kind.types))]  # noqa: UP007  # of a tuple that is only known here
        case inspect.NoneType():
            return None
        case inspect.BoolType():
            return bool
        case inspect.IntType(ge=low, le=high):
            return Annotated[int, Field(ge=low, le=high)]
        case inspect.StrType(min_length=low, max_length=high):
            return Annotated[str, Field(min_length=low, max_length=high)]
        case inspect.EnumType(cls=cls):
            return cls
    raise TypeError(f"no body has a field of type {kind}")


NewOrderBody: Final = _body("NewOrderBody", messages.NewOrder)
ReplaceBody: Final = _body("ReplaceBody", messages.Replace, frozenset({"client_order_id"}))

BODY_EXAMPLES: Final[dict[type[BaseModel], dict[str, Any]]] = {
    NewOrderBody: {
        "client_order_id": "anna-1",
        "symbol": "ACME",
        "side": "buy",
        "quantity": 10,
        "price": 10_000,
    },
    ReplaceBody: {"quantity": 8, "price": 10_010},
}


# -- answers ---------------------------------------------------------------------------------------
class _Answer(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """Base of answers that are no message of the protocol."""


class Failure(_Answer, frozen=True):
    """Why there is no other answer."""

    code: Annotated[str, Meta(description="A word of `ErrorCode` or `RejectReason`, as on every gateway.")]
    text: Annotated[str, Meta(description="The same in a sentence.")]
    where: Annotated[str | None, Meta(description="Place of the fault, as in `query.page`.")] = None


class OrderRefused(Failure, frozen=True):
    """The market refused an order, or a change of one."""

    reports: Annotated[
        list[PrivateMessage], Meta(description="What the account's private stream has of it.")
    ] = []
    first: Annotated[
        OrderStateReport | None,
        Meta(description="Of a client order id that was used before: what became of that order."),
    ] = None


class OrderReports(_Answer, frozen=True):
    """What a request has caused for the account: the messages of its private stream, in their order."""

    reports: list[PrivateMessage]


class Instruments(_Answer, frozen=True):
    """What can be traded."""

    instruments: list[InstrumentInfo]


class Trades(_Answer, frozen=True):
    """Trades of an instrument, newest first, without those undone; `seq` 0: from before the venue's last start."""

    trades: list[TradePrint]


class Candles(_Answer, frozen=True):
    """Candles of an instrument, newest first; the first one may still change."""

    symbol: Symbol
    interval: Interval
    candles: list[Bar]


class Orders(_Answer, frozen=True):
    """Open orders of the account, newest first."""

    orders: list[OpenOrder]


class Fills(_Answer, frozen=True):
    """Trades of the account, newest first, without those undone."""

    fills: list[Fill]


class Auction(_Answer, frozen=True):
    """What the auction channel said last; nothing if there was no auction."""

    auction: Indication | AuctionResult | AuctionExtended | None = None


ANSWERS: Final[tuple[type[msgspec.Struct], ...]] = (
    Failure,
    OrderRefused,
    OrderReports,
    Instruments,
    InstrumentInfo,
    DepthSnapshot,
    BestPrices,
    OrdersSnapshot,
    Trades,
    Candles,
    DayStatistics,
    PhaseStatus,
    Auction,
    AccountState,
    Orders,
    OrderStateReport,
    Fills,
)
"""All shapes of answers, for the description of the API."""

QUERIES: Final[tuple[type[Query], ...]] = (
    Query,
    Listed,
    DepthQuery,
    CandlesQuery,
    OwnQuery,
    MassCancelQuery,
    StreamQuery,
)


class Needs(StrEnum):
    """Who may ask."""

    NOTHING = "nothing"
    MARKET_DATA = "market data"
    """A login, unless market data is public."""
    LOGIN = "login"

"""Market data on the wire: what the public streams of an instrument consist of.

In: nothing. Out: one frozen ``msgspec.Struct`` for each message, like those of ``protocol.messages``, where the
unions of everything on the wire are. Every channel begins with how things stand and goes on with numbered
changes; docs/reference/market-data.md says how to follow each, and what to do after a gap.
"""

from typing import Annotated

import msgspec
from msgspec import Meta

from protocol.fields import (
    AtField,
    AuctionSeq,
    AuctionVolumeField,
    DepthSeq,
    Level,
    Message,
    SideField,
    SurplusField,
    SymbolField,
)
from protocol.vocabulary import (
    Interval,
    Money,
    Nanoseconds,
    OrderId,
    Phase,
    Price,
    Quantity,
    Sequence,
    Side,
    TradeId,
)


class BestPrices(Message, frozen=True, tag="bbo"):
    """The best bid and offer: now, and then whenever price or quantity of one changed. Complete each time."""

    symbol: SymbolField
    seq: Annotated[Sequence, Meta(description="Place in the bbo stream of this instrument.")]
    bid: Annotated[Level | None, Meta(description="`[price, quantity]`; left out while nobody bids.")] = None
    ask: Annotated[Level | None, Meta(description="`[price, quantity]`; left out while nobody offers.")] = (
        None
    )


ChecksumField = Annotated[
    int,
    Meta(
        description="CRC-32 of the best ten price levels a side after this message, as `protocol.checksum` makes it."
    ),
]
LevelsField = Annotated[
    int | None, Meta(description="Price levels a side that the stream keeps to; left out: the whole book.")
]


class DepthSnapshot(Message, frozen=True, tag="depth_snapshot"):
    """The book by price level. Comes first, and again whenever deltas had to be left out."""

    symbol: SymbolField
    seq: DepthSeq
    checksum: ChecksumField
    bids: Annotated[list[Level], Meta(description="`[price, quantity]`, best (highest) first.")]
    asks: Annotated[list[Level], Meta(description="`[price, quantity]`, best (lowest) first.")]
    levels: LevelsField = None


class DepthDelta(Message, frozen=True, tag="depth_delta"):
    """All price levels that one command changed, and of the best ones those that came in or went out."""

    symbol: SymbolField
    seq: Annotated[Sequence, Meta(description="One more than that of the snapshot or delta before.")]
    checksum: ChecksumField
    bids: Annotated[list[Level], Meta(description="`[price, quantity]`: absolute; 0 removes the level.")] = []
    asks: Annotated[list[Level], Meta(description="`[price, quantity]`: absolute; 0 removes the level.")] = []
    levels: LevelsField = None


PublicOrder = tuple[OrderId, Price, Quantity]
"""``[number, price, quantity]`` of a displayed order; of an iceberg its peak."""

NumberField = Annotated[
    OrderId, Meta(description="Public number of the order; its owner knows it as `order_id`.")
]


class OrdersSnapshot(Message, frozen=True, tag="orders_snapshot"):
    """The displayed orders of a book. Comes first, and again whenever deltas had to be left out."""

    symbol: SymbolField
    seq: Annotated[Sequence, Meta(description="Place in the orders stream of this instrument.")]
    bids: Annotated[
        list[PublicOrder],
        Meta(description="`[number, price, quantity]`, highest price first, then by priority."),
    ]
    asks: Annotated[
        list[PublicOrder],
        Meta(description="`[number, price, quantity]`, lowest price first, then by priority."),
    ]


class _Change(
    msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True, tag_field="change", gc=False
):
    """What happened to one displayed order."""


class OrderAdded(_Change, frozen=True, tag="add"):
    """An order, or the next peak of an iceberg, rests behind all others at its price."""

    number: NumberField
    side: SideField
    price: Annotated[Price, Meta(description="Where it rests.")]
    quantity: Annotated[Quantity, Meta(description="What it shows.")]


class OrderExecuted(_Change, frozen=True, tag="execute"):
    """Some of an order traded; nothing left of what it showed: it is gone."""

    number: NumberField
    quantity: Annotated[Quantity, Meta(description="How much of it.")]
    trade_id: Annotated[TradeId, Meta(description="The trade, as on the tape.")]


class OrderReduced(_Change, frozen=True, tag="reduce"):
    """An order shows less and keeps its place."""

    number: NumberField
    quantity: Annotated[Quantity, Meta(description="How much less.")]


class OrderDeleted(_Change, frozen=True, tag="delete"):
    """An order shows no more: canceled, or to be added again where it has another place."""

    number: NumberField


OrderChange = OrderAdded | OrderExecuted | OrderReduced | OrderDeleted


class OrdersDelta(Message, frozen=True, tag="orders_delta"):
    """What one command did to displayed orders, in the order in which it is to be applied."""

    symbol: SymbolField
    seq: Annotated[Sequence, Meta(description="One more than that of the snapshot or delta before.")]
    changes: Annotated[list[OrderChange], Meta(description="One after the other.")]


class TradePrint(Message, frozen=True, tag="trade"):
    """One trade on the public tape."""

    symbol: SymbolField
    seq: Annotated[
        Sequence,
        Meta(
            description="Place in the tape of this instrument since the venue started. Prints that are left out because "
            "this connection is too slow come again in a `trades_snapshot`, the last 100 of them."
        ),
    ]
    trade_id: Annotated[TradeId, Meta(description="Names the trade.")]
    at_ns: AtField
    price: Annotated[Price, Meta(description="Price of the trade.")]
    quantity: Annotated[Quantity, Meta(description="Quantity of the trade.")]
    aggressor: Annotated[
        Side | None, Meta(description="Side of the order that arrived; left out for a trade of an auction.")
    ] = None


class TradesSnapshot(Message, frozen=True, tag="trades_snapshot"):
    """The last trades on the tape. Comes first, and again whenever prints had to be left out."""

    symbol: SymbolField
    seq: Annotated[
        Sequence, Meta(description="Place of the last print in the tape; what follows is one more.")
    ]
    trades: Annotated[list[TradePrint], Meta(description="At most 100, oldest first, without those undone.")]


class PrintBusted(Message, frozen=True, tag="print_busted"):
    """A trade that was on the tape is undone: it does not count."""

    symbol: SymbolField
    seq: Annotated[Sequence, Meta(description="Place in the tape of this instrument, as in `trade`.")]
    trade_id: Annotated[TradeId, Meta(description="Names the trade.")]
    at_ns: AtField


class Bar(msgspec.Struct, frozen=True, forbid_unknown_fields=True, gc=False):
    """What traded in one interval of time. Without a trade there is none."""

    start_ns: Annotated[
        Nanoseconds,
        Meta(description="Begin of the interval, in nanoseconds since 1970 UTC; a multiple of its length."),
    ]
    open: Annotated[Price, Meta(description="Price of the first trade.")]
    high: Annotated[Price, Meta(description="Highest price.")]
    low: Annotated[Price, Meta(description="Lowest price.")]
    close: Annotated[Price, Meta(description="Price of the last trade.")]
    volume: Annotated[Quantity, Meta(description="Quantity traded.")]
    turnover: Annotated[Money, Meta(description="Sum of price times quantity.")]
    trades: Annotated[
        int, Meta(description="How many; 0: all that there were are undone, and the candle is gone.")
    ]


IntervalField = Annotated[Interval, Meta(description="How long each is.")]


class CandlesSnapshot(Message, frozen=True, tag="candles_snapshot"):
    """The last candles. Comes first, and again whenever candles had to be left out."""

    symbol: SymbolField
    seq: Annotated[Sequence, Meta(description="Place in this stream of candles.")]
    interval: IntervalField
    candles: Annotated[
        list[Bar], Meta(description="At most 100, oldest first; the last one may still change.")
    ]


class Candle(Message, frozen=True, tag="candle"):
    """The candle that lasts, or began, as one command left it. The one before it changes no more, unless a trade of it is
    undone: then it is sent again.
    """

    symbol: SymbolField
    seq: Annotated[Sequence, Meta(description="One more than that of the snapshot or candle before.")]
    interval: IntervalField
    bar: Annotated[Bar, Meta(description="Complete each time; it replaces one with the same start.")]


class DayStatistics(Message, frozen=True, tag="statistics"):
    """The trading day so far: now, and then whenever something traded. Complete each time."""

    symbol: SymbolField
    seq: Annotated[Sequence, Meta(description="Place in the statistics stream of this instrument.")]
    volume: Annotated[Quantity, Meta(description="Quantity traded.")]
    turnover: Annotated[Money, Meta(description="Sum of price times quantity.")]
    trades: Annotated[int, Meta(description="How many.")]
    open: Annotated[Price | None, Meta(description="Price of the day's first trade; left out before it.")] = (
        None
    )
    high: Annotated[Price | None, Meta(description="Highest price.")] = None
    low: Annotated[Price | None, Meta(description="Lowest price.")] = None
    last: Annotated[Price | None, Meta(description="Price of the last trade.")] = None
    vwap: Annotated[
        Price | None,
        Meta(description="Turnover by volume in price units, rounded down; exact from those two."),
    ] = None


class PhaseStatus(Message, frozen=True, tag="status"):
    """The phase of an instrument: now, and then each change."""

    symbol: SymbolField
    seq: Annotated[Sequence, Meta(description="Place in the status stream of this instrument.")]
    phase: Annotated[Phase, Meta(description="The phase that holds.")]
    previous: Annotated[
        Phase | None,
        Meta(description="The phase before; left out where this is no change, but how it stands."),
    ] = None
    at_ns: Annotated[
        Nanoseconds | None, Meta(description="When it changed; left out where this is no change.")
    ] = None


class Indication(Message, frozen=True, tag="indication"):
    """What an auction would give if it were held now."""

    symbol: SymbolField
    seq: AuctionSeq
    volume: AuctionVolumeField
    surplus: SurplusField
    price: Annotated[
        Price | None, Meta(description="Price of the auction; left out if nothing would trade.")
    ] = None


class AuctionResult(Message, frozen=True, tag="auction_result"):
    """An auction was held."""

    symbol: SymbolField
    seq: AuctionSeq
    at_ns: AtField
    volume: AuctionVolumeField
    surplus: SurplusField
    price: Annotated[
        Price | None, Meta(description="The one price of the auction; left out if nothing traded.")
    ] = None


class AuctionExtended(Message, frozen=True, tag="auction_extended"):
    """An auction was not held, as its price is outside the static corridor: the call goes on."""

    symbol: SymbolField
    seq: AuctionSeq
    at_ns: AtField
    price: Annotated[Price, Meta(description="Where the auction would have been.")]


AuctionMessage = Indication | AuctionResult | AuctionExtended
"""What the auction channel consists of."""

PublicMessage = (
    BestPrices
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
    | AuctionMessage
)

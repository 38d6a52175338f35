"""What a public stream is named by, and which of the venue's streams serves a reader's wish.

In: words of callers, messages. Out: keys.
"""

from typing import Any, Final, NamedTuple

from protocol.errors import LocalProtocolError
from protocol.fields import Message
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
from protocol.messages import Subscribe, Unsubscribe
from protocol.vocabulary import DEPTH_LEVELS, Channel, Interval, Symbol


class StreamKey(NamedTuple):
    """A stream of a session: two that differ in any part are two streams."""

    channel: Channel
    symbol: Symbol
    levels: int | None = None
    interval: Interval | None = None

    def __str__(self) -> str:
        """For people: ``depth 10 of ACME``."""
        words = (self.channel, self.levels, self.interval, "of", self.symbol)
        return " ".join([str(word) for word in words if word is not None])

    @property
    def subscribe(self) -> Subscribe:
        """The request that starts it."""
        return Subscribe(*self)

    @property
    def unsubscribe(self) -> Unsubscribe:
        """The request that ends it."""
        return Unsubscribe(*self)


CHANNELS: Final[dict[type[Message], Channel]] = {
    BestPrices: Channel.BBO,
    DepthSnapshot: Channel.DEPTH,
    DepthDelta: Channel.DEPTH,
    OrdersSnapshot: Channel.ORDERS,
    OrdersDelta: Channel.ORDERS,
    TradesSnapshot: Channel.TRADES,
    TradePrint: Channel.TRADES,
    PrintBusted: Channel.TRADES,
    CandlesSnapshot: Channel.CANDLES,
    Candle: Channel.CANDLES,
    DayStatistics: Channel.STATISTICS,
    PhaseStatus: Channel.STATUS,
    Indication: Channel.AUCTION,
    AuctionResult: Channel.AUCTION,
    AuctionExtended: Channel.AUCTION,
}
"""Every message of a public stream, by what it is part of."""

CHANGES: Final = frozenset((DepthDelta, OrdersDelta, TradePrint, PrintBusted, Candle))
"""Messages that mean something only after the one before."""

Route = tuple[Channel, Symbol, int | None, Interval | None]
"""Equal to the ``StreamKey`` of the same parts, and made faster."""


def route_of(message: Any) -> Route:
    """The stream that a public message is part of."""
    channel = CHANNELS[type(message)]
    levels = message.levels if channel is Channel.DEPTH else None
    interval = message.interval if channel is Channel.CANDLES else None
    return channel, message.symbol, levels, interval


def depth_key(symbol: str, levels: int | None) -> StreamKey:
    """The smallest depth stream that has ``levels`` price levels a side; ``None``: all.

    Raises:
        LocalProtocolError: ``levels`` is below one.
    """
    if levels is not None and levels < 1:
        raise LocalProtocolError(f"a book of {levels} price levels was asked for")
    enough = None if levels is None else next((most for most in DEPTH_LEVELS if most >= levels), None)
    return StreamKey(Channel.DEPTH, Symbol(symbol), enough)


def candles_key(symbol: str, interval: str) -> StreamKey:
    """The candles of that length.

    Raises:
        LocalProtocolError: there are none.
    """
    if interval not in list(Interval):
        known = ", ".join(Interval)
        raise LocalProtocolError(f"there are no candles of {interval!r}, but of {known}")
    return StreamKey(Channel.CANDLES, Symbol(symbol), None, Interval(interval))

"""Public streams for programs in the venue's process, by the names of the venue's channels.

In: feeds. Out: async generators of wire messages, as a subscriber gets them: first how things stand, then what changes.
They end quietly when the venue closes; read them under ``contextlib.aclosing``, so that they leave the stream when
the reader does.
"""

from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import aclosing
from typing import cast

from exchange.market_data.feeds import KEPT, Feeds
from exchange.market_data.hub import MarketData
from exchange.market_data.keys import StreamKey, stream_key
from protocol.market import (
    AuctionMessage,
    BestPrices,
    Candle,
    CandlesSnapshot,
    DayStatistics,
    DepthDelta,
    DepthSnapshot,
    OrdersDelta,
    OrdersSnapshot,
    PhaseStatus,
    PrintBusted,
    PublicMessage,
    TradePrint,
    TradesSnapshot,
)
from protocol.vocabulary import Channel, Interval, Symbol


class Generators:
    """The streams of one venue. Its methods raise ``NoSuchStream``; of an instrument that there is not, at the first step."""

    def __init__(self, hub: MarketData, committed: Callable[[], Awaitable[None]], kept: int = KEPT) -> None:
        """``committed``, ``kept``: as of ``Feeds``."""
        self._feeds: Feeds[PublicMessage] = Feeds(hub, committed, _as_it_is, kept)

    def bbo(self, symbol: Symbol) -> AsyncGenerator[BestPrices]:
        """The best bid and offer, complete each time."""
        return cast("AsyncGenerator[BestPrices]", self.read(stream_key(Channel.BBO, symbol)))

    def depth(self, symbol: Symbol, levels: int | None = None) -> AsyncGenerator[DepthSnapshot | DepthDelta]:
        """The book by price level; ``levels``: the best 10 or 50 a side, ``None`` is all."""
        key = stream_key(Channel.DEPTH, symbol, levels)
        return cast("AsyncGenerator[DepthSnapshot | DepthDelta]", self.read(key))

    def orders(self, symbol: Symbol) -> AsyncGenerator[OrdersSnapshot | OrdersDelta]:
        """The book order by order."""
        key = stream_key(Channel.ORDERS, symbol)
        return cast("AsyncGenerator[OrdersSnapshot | OrdersDelta]", self.read(key))

    def trades(self, symbol: Symbol) -> AsyncGenerator[TradesSnapshot | TradePrint | PrintBusted]:
        """The tape."""
        key = stream_key(Channel.TRADES, symbol)
        return cast("AsyncGenerator[TradesSnapshot | TradePrint | PrintBusted]", self.read(key))

    def candles(self, symbol: Symbol, interval: Interval) -> AsyncGenerator[CandlesSnapshot | Candle]:
        """Candles of one length."""
        key = stream_key(Channel.CANDLES, symbol, interval=interval)
        return cast("AsyncGenerator[CandlesSnapshot | Candle]", self.read(key))

    def statistics(self, symbol: Symbol) -> AsyncGenerator[DayStatistics]:
        """The trading day so far, complete each time."""
        key = stream_key(Channel.STATISTICS, symbol)
        return cast("AsyncGenerator[DayStatistics]", self.read(key))

    def status(self, symbol: Symbol) -> AsyncGenerator[PhaseStatus]:
        """The phase, complete each time."""
        return cast("AsyncGenerator[PhaseStatus]", self.read(stream_key(Channel.STATUS, symbol)))

    def auctions(self, symbol: Symbol) -> AsyncGenerator[AuctionMessage]:
        """Indications, results, extensions."""
        return cast("AsyncGenerator[AuctionMessage]", self.read(stream_key(Channel.AUCTION, symbol)))

    async def read(self, key: StreamKey) -> AsyncGenerator[PublicMessage]:
        """Any stream, by its name.

        Raises:
            NoSuchStream: no such instrument.
        """
        async with aclosing(self._feeds.read(key)) as pieces:
            async for piece in pieces:
                for message in piece:
                    yield message

    def __len__(self) -> int:
        """How many are being read."""
        return len(self._feeds)

    def close(self) -> None:
        """The venue closes: every generator ends when what was told so far has been read."""
        self._feeds.close()


def _as_it_is(message: PublicMessage) -> PublicMessage:
    return message

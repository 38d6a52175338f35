"""Public streams for tasks of this process: one async generator a reader.

In: the hub. Out: wire messages, as a subscriber gets them: first how things stand, then what changes. Matching never
waits for a reader: each has a queue with a bound, and whose queue is full is forgotten until it reads again, when it
is shown how things stand. Generators end quietly when the venue closes; read them under ``contextlib.aclosing``,
so that they leave the stream when the reader does.
"""

import asyncio
from collections import deque
from collections.abc import AsyncGenerator
from typing import TYPE_CHECKING, Final, cast

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

if TYPE_CHECKING:
    from exchange.market_data.hub import MarketData

LIMIT: Final = 1_000
"""Messages that may wait for one reader: some seconds of a busy stream, and little memory, as readers share them."""


class Generators:
    """The streams of one venue. Its methods raise ``NoSuchStream`` at the first step, if there is none such."""

    def __init__(self, hub: "MarketData", limit: int = LIMIT) -> None:
        """``limit``: messages that may wait for one reader."""
        self._hub = hub
        self._limit = limit
        self._readers: dict[_Reader, None] = {}
        self._closed = False

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
        self._hub.check(key)
        if self.is_closed():
            return
        reader = _Reader(self._hub, key, self._limit)
        self._readers[reader] = None
        self._hub.listen(key, reader.hear)
        try:
            while True:
                message = reader.take()
                if message is not None:
                    yield message
                elif self.is_closed():
                    return
                else:
                    await reader.something()
        finally:
            self._hub.unlisten(key, reader.hear)
            del self._readers[reader]

    def __len__(self) -> int:
        """How many are being read."""
        return len(self._readers)

    def is_closed(self) -> bool:
        """Whether the venue is closing, or closed."""
        return self._closed

    def close(self) -> None:
        """The venue closes: every generator ends when what waits in it has been read."""
        self._closed = True
        for reader in self._readers:
            reader.wake()


class _Reader:
    """The queue between the venue and one generator."""

    __slots__ = ("_behind", "_hub", "_key", "_limit", "_queue", "_waiter", "hear")

    def __init__(self, hub: "MarketData", key: StreamKey, limit: int) -> None:
        self._hub = hub
        self._key = key
        self._limit = limit
        self._queue: deque[PublicMessage] = deque()
        self._behind = False  # the queue was full: what it held is forgotten, and nothing is put there
        self._waiter: asyncio.Future[None] | None = None
        self.hear = self._hear  # one and the same object each time, to be found by

    def _hear(self, message: PublicMessage) -> None:
        """The next message of the stream."""
        if self._behind:
            return
        queue = self._queue
        if len(queue) < self._limit:
            queue.append(message)
        else:
            queue.clear()
            self._behind = True
        if self._waiter is not None:
            self.wake()

    def take(self) -> PublicMessage | None:
        """What to read next, ``None`` if there is nothing."""
        if self._queue:
            return self._queue.popleft()
        if self._behind:
            self._behind = False
            return self._hub.recovery(self._key)
        return None

    async def something(self) -> None:
        """Wait until there may be something, or the venue closes."""
        self._waiter = asyncio.get_running_loop().create_future()
        try:
            await self._waiter
        finally:
            self._waiter = None

    def wake(self) -> None:
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)

"""Market data of a session as asynchronous generators, by the names of the venue's channels.

In: the public messages of one connection. Out: generators. Each shares its subscription with all others of the
same stream; the first one subscribes, leaving the last one unsubscribes: read them under
``contextlib.aclosing``. They end quietly when the session was logged out.

A stream in which something is missing or wrong recovers by itself (``traders.market.subscriptions``): readers see
the next correct state, and ``recoveries`` counts.
"""

from collections.abc import AsyncGenerator, Iterable
from contextlib import AbstractContextManager, aclosing

from protocol.market import AuctionMessage, Bar, DayStatistics, PhaseStatus, PrintBusted, TradePrint
from protocol.vocabulary import Channel, Symbol
from traders.arrivals import MAX_UNREAD, Arrivals, ReaderT
from traders.book_view import Depth
from traders.market.awaited import AuctionReader, CandleReader, NewsReader, StateReader
from traders.market.keys import StreamKey, candles_key, depth_key
from traders.market.orders import OrderBook


class MarketStreams(Arrivals):
    """The public streams of a session.

    Every generator raises, besides what it states:
        RemoteProtocolError: the venue has no such instrument.
        SequenceGap, ChecksumMismatch, ImpossibleChange: the stream was wrong more than
            ``subscriptions.MAX_RECOVERIES`` times in a row.
        SessionBroken, or another VenueError: the session ended out of order.
    """

    def following(self, streams: Iterable[StreamKey], reader: ReaderT) -> AbstractContextManager[ReaderT]:
        """Have a reader of one's own told of several streams, as they come, while the block lasts."""
        return self._reading(streams, reader)

    async def bbo(self, symbol: str) -> AsyncGenerator[Depth, None]:
        """The best bid and offer of ``symbol``: now, then whenever one changed, as a book of one level a side.

        A reader slower than the market misses states in between, never the newest.
        """
        key = StreamKey(Channel.BBO, Symbol(symbol))
        with self._reading((key,), StateReader[Depth](str(key), lambda view: view.view())) as reader:
            async for state in reader:
                yield state

    async def depth(self, symbol: str, *, levels: int | None = None) -> AsyncGenerator[Depth, None]:
        """The book of ``symbol`` by price level: now, then whenever it changed, at most ``levels`` a side.

        The venue has streams of 10 and of 50 levels; the smallest that has enough is read, which costs less than the whole
        book. A reader slower than the market misses states in between, never the newest.

        Raises:
            LocalProtocolError: ``levels`` is below one.
        """
        key = depth_key(symbol, levels)
        with self._reading((key,), StateReader[Depth](str(key), lambda view: view.view(levels))) as reader:
            async for state in reader:
                yield state

    async def orders(self, symbol: str) -> AsyncGenerator[OrderBook, None]:
        """The book of ``symbol`` order by order: now, then whenever it changed.

        A reader slower than the market misses states in between, never the newest.
        """
        key = StreamKey(Channel.ORDERS, Symbol(symbol))
        with self._reading((key,), StateReader(str(key), lambda view: view.view())) as reader:
            async for state in reader:
                yield state

    async def trades(self, symbol: str) -> AsyncGenerator[TradePrint, None]:
        """Every trade in ``symbol`` from now on. That one was busted later, only ``tape`` tells.

        Raises:
            SlowConsumer: more than ``MAX_UNREAD`` were not read.
        """
        async with aclosing(self.tape(symbol)) as tape:
            async for one in tape:
                if isinstance(one, TradePrint):
                    yield one

    async def tape(self, symbol: str) -> AsyncGenerator[TradePrint | PrintBusted, None]:
        """Every trade in ``symbol`` from now on, and which of them were undone; each once.

        What the venue had to leave out because this connection was slow it sends again, the last 100 trades of it. A jump
        in ``seq`` that remains means that there were more, or that one was undone meanwhile.

        Raises:
            SlowConsumer: more than ``MAX_UNREAD`` were not read.
        """
        key = StreamKey(Channel.TRADES, Symbol(symbol))
        with self._reading((key,), NewsReader[TradePrint | PrintBusted](str(key), MAX_UNREAD)) as reader:
            async for one in reader:
                yield one

    async def candles(self, symbol: str, interval: str) -> AsyncGenerator[Bar, None]:
        """Candles of ``symbol``, ``interval`` long (a ``protocol.vocabulary.Interval`` or its word, such as ``1m``).

        First the last ones, oldest first, at most 100; then each whenever it changed. The one with the latest start is
        still forming; it is done when a later one comes, and comes again only if a trade of it is undone, with 0 ``trades`` if it was the only one. A reader slower than
        the market misses states of a candle in between, no candle.

        Raises:
            LocalProtocolError: there are no candles of that length.
            SlowConsumer: more than ``MAX_UNREAD`` were not read.
        """
        key = candles_key(symbol, interval)
        with self._reading((key,), CandleReader(str(key), MAX_UNREAD)) as reader:
            async for bar in reader:
                yield bar

    async def statistics(self, symbol: str) -> AsyncGenerator[DayStatistics, None]:
        """The trading day of ``symbol`` so far: now, then whenever something traded.

        A reader slower than the market misses states in between, never the newest.
        """
        key = StreamKey(Channel.STATISTICS, Symbol(symbol))
        with self._reading((key,), StateReader(str(key), lambda view: view.view())) as reader:
            async for state in reader:
                yield state

    async def status(self, symbol: str) -> AsyncGenerator[PhaseStatus, None]:
        """The phase of ``symbol``: now (without ``previous``), then every change.

        Raises:
            SlowConsumer: more than ``MAX_UNREAD`` were not read.
        """
        key = StreamKey(Channel.STATUS, Symbol(symbol))
        with self._reading((key,), NewsReader[PhaseStatus](str(key), MAX_UNREAD)) as reader:
            async for status in reader:
                yield status

    async def auctions(self, symbol: str) -> AsyncGenerator[AuctionMessage, None]:
        """The auctions of ``symbol``: while a call lasts what it would give, then its result.

        A reader slower than the market misses indications in between, never the newest, and no result.

        Raises:
            SlowConsumer: more than ``MAX_UNREAD`` were not read.
        """
        key = StreamKey(Channel.AUCTION, Symbol(symbol))
        with self._reading((key,), AuctionReader(str(key), MAX_UNREAD)) as reader:
            async for auction in reader:
                yield auction

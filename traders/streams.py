"""What a session can be read for: market data, the private stream, drop copies, notices.

In: the messages of one connection, as the client sorts them. Out: asynchronous generators, one for each
stream, and the ``inbox`` that is all of them at once. ``traders.client`` states what is promised.
"""

from collections.abc import AsyncGenerator, Collection, Iterable, Iterator
from contextlib import aclosing, contextmanager
from typing import Final

from protocol.desk import Notice
from protocol.errors import LocalProtocolError, RemoteProtocolError, SessionBusy, SlowConsumer, VenueError
from protocol.market import AuctionMessage, PhaseStatus, PrintBusted, TradePrint
from protocol.messages import Copy, Error, PrivateMessage, Welcome
from protocol.vocabulary import AccountId, Channel, Role, Sequence, Symbol
from traders.book_view import Depth
from traders.connection import Connection
from traders.feed import Queue
from traders.market_data import (
    AuctionReader,
    DepthReader,
    MarketData,
    MarketInbox,
    Reader,
    StatusReader,
    TapeReader,
)

MAX_UNREAD: Final = 10_000
"""Prints or reports a reader may leave unread: seconds of a busy market, a few megabytes."""
MAX_RESUMED: Final = 200_000
"""The same for a private stream that is sent again, which comes as fast as it can be read, and for drop
copies of the whole venue: some hundred megabytes at worst."""


class Streams:
    """The streams of a session; a ``Client`` is this and the requests."""

    def __init__(self, connection: Connection, welcome: Welcome) -> None:
        self.welcome = welcome
        """What the venue said at login: instruments, positions, open orders, balances."""
        self._connection = connection
        self._market = MarketData(connection.send)
        self._received = welcome.seq
        self._read: Sequence | None = None  # by whoever reads the reports
        self._private: Queue[PrivateMessage] | MarketInbox[PrivateMessage | str] | None = None
        # What is sent again comes before anybody can have begun to read.
        self._early: Queue[PrivateMessage] | None = None
        if welcome.last_seq is not None:
            self._private = self._early = Queue("the private stream", MAX_RESUMED)
            self._read = welcome.seq
        self._copies: Queue[Copy] | None = None
        self._copied: dict[AccountId, Sequence] = {}
        if welcome.role is Role.DROP_COPY:
            self._copies = Queue("the copies", MAX_RESUMED)
        self.fell_behind = False
        """Whether the reader of reports or copies was hung up on: it goes on where it stopped in another session."""
        self._notices: list[Queue[Notice]] = []

    @property
    def is_active(self) -> bool:
        """Whether the session still takes requests."""
        return self._connection.is_active

    @property
    def end(self) -> VenueError | None:
        """How the session ended; ``None`` while it lasts."""
        return self._connection.end

    @property
    def resume_from(self) -> Sequence:
        """What to log in with next, so that ``reports`` goes on where its reader stopped.

        A report counts as read when it was handed out. In a session that was not resumed and had no reader,
        everything received does.
        """
        return (self._received if self._read is None else self._read) + 1

    @property
    def copy_from(self) -> dict[AccountId, Sequence]:
        """What to log in with next, so that ``copies`` goes on: by account, of those that were heard of."""
        return {account: seq + 1 for account, seq in self._copied.items()}

    # -- public ------------------------------------------------------------------------------------
    async def depth(self, symbol: str, *, levels: int | None = None) -> AsyncGenerator[Depth, None]:
        """The book of ``symbol``: now, then whenever it changed, at most ``levels`` a side.

        A reader slower than the market misses states in between, never the newest.

        Raises:
            RemoteProtocolError: the venue has no such instrument.
            SessionBroken, or another VenueError: the session ended out of order.
        """
        reader = DepthReader(Symbol(symbol), levels)
        with self._reading(((Channel.DEPTH, Symbol(symbol)),), reader):
            async for depth in reader:
                yield depth

    async def trades(self, symbol: str) -> AsyncGenerator[TradePrint, None]:
        """Every trade in ``symbol`` from now on. That one was busted later, only ``tape`` tells.

        Raises:
            SlowConsumer: more than ``MAX_UNREAD`` were not read.
            RemoteProtocolError: the venue has no such instrument.
            SessionBroken, or another VenueError: the session ended out of order.
        """
        async with aclosing(self.tape(symbol)) as tape:
            async for one in tape:
                if isinstance(one, TradePrint):
                    yield one

    async def tape(self, symbol: str) -> AsyncGenerator[TradePrint | PrintBusted, None]:
        """Every trade in ``symbol`` from now on, and which of them were undone.

        A jump in ``seq`` means that the venue left prints out because this connection was slow.

        Raises:
            SlowConsumer: more than ``MAX_UNREAD`` were not read.
            RemoteProtocolError: the venue has no such instrument.
            SessionBroken, or another VenueError: the session ended out of order.
        """
        reader = TapeReader(f"trades of {symbol}", MAX_UNREAD)
        with self._reading(((Channel.TRADES, Symbol(symbol)),), reader):
            async for trade in reader:
                yield trade

    async def status(self, symbol: str) -> AsyncGenerator[PhaseStatus, None]:
        """The phase of ``symbol``: now (without ``previous``), then every change.

        Raises:
            SlowConsumer: more than ``MAX_UNREAD`` were not read.
            RemoteProtocolError: the venue has no such instrument.
            SessionBroken, or another VenueError: the session ended out of order.
        """
        reader = StatusReader(f"status of {symbol}", MAX_UNREAD)
        with self._reading(((Channel.STATUS, Symbol(symbol)),), reader):
            async for status in reader:
                yield status

    async def auctions(self, symbol: str) -> AsyncGenerator[AuctionMessage, None]:
        """The auctions of ``symbol``: while a call lasts what it would give, then its result.

        A reader slower than the market misses indications in between, never the newest, and no result.

        Raises:
            SlowConsumer: more than ``MAX_UNREAD`` were not read.
            RemoteProtocolError: the venue has no such instrument.
            SessionBroken, or another VenueError: the session ended out of order.
        """
        reader = AuctionReader(f"auctions of {symbol}", MAX_UNREAD)
        with self._reading(((Channel.AUCTION, Symbol(symbol)),), reader):
            async for auction in reader:
                yield auction

    # -- private ------------------------------------------------------------------------------------
    async def reports(self) -> AsyncGenerator[PrivateMessage, None]:
        """The private stream of the account from now on, or from ``resume_from``: every report of every order.

        One reader at a time.

        Raises:
            SessionBusy: another task reads it, here or as part of an ``inbox``.
            SlowConsumer: more than ``MAX_UNREAD`` were not read.
            RemoteProtocolError: the venue could not read a line that was submitted.
            SessionBroken, or another VenueError: the session ended out of order.
        """
        queue: Queue[PrivateMessage] = self._early or Queue("the private stream", MAX_UNREAD)
        with self._private_stream(queue):
            try:
                async for report in queue:
                    self._read = report.seq
                    yield report
            except SlowConsumer:
                self.fell_behind = True
                raise

    async def copies(self) -> AsyncGenerator[tuple[AccountId, PrivateMessage], None]:
        """Drop copies, from the login on: whose, and the message as they got it; ``*`` is the venue itself.

        Only in a session with the role ``drop_copy``. One reader at a time.

        Raises:
            LocalProtocolError: the session has another role.
            SessionBusy: another task reads them.
            SlowConsumer: more than ``MAX_RESUMED`` were not read.
            SessionBroken, or another VenueError: the session ended out of order.
        """
        if self._copies is None:
            raise LocalProtocolError(f"a session with the role {self.welcome.role} gets no copies")
        try:
            async for copy in self._copies:
                self._copied[copy.account] = copy.report.seq
                yield copy.account, copy.report
        except SlowConsumer:
            self.fell_behind = True
            raise

    async def notices(self) -> AsyncGenerator[Notice, None]:
        """What operators tell everybody, from now on.

        Raises:
            SlowConsumer: more than ``MAX_UNREAD`` were not read.
            SessionBroken, or another VenueError: the session ended out of order.
        """
        queue: Queue[Notice] = Queue("the notices", MAX_UNREAD)
        if self.end is not None:
            queue.end(self.end)
        self._notices.append(queue)
        try:
            async for notice in queue:
                yield notice
        finally:
            self._notices.remove(queue)

    # -- all at once -------------------------------------------------------------------------------
    @contextmanager
    def inbox(
        self,
        symbols: Iterable[str],
        *,
        channels: Collection[Channel] = (Channel.DEPTH, Channel.TRADES),
        levels: int | None = None,
    ) -> Iterator[MarketInbox[PrivateMessage | str]]:
        """All streams in one, in the order of arrival, for one reader: what a strategy needs.

        Yields ``Depth`` (conflated by instrument), ``TradePrint`` and private messages, and what other
        ``channels`` carry; it is read with ``async for`` inside the block, and its owner may ``put`` words of
        its own among them.

        Raises:
            SessionBusy: the private stream has a reader.
        """
        inbox: MarketInbox[PrivateMessage | str] = MarketInbox("the inbox", MAX_UNREAD, levels)
        # In the order of the enum: a set's own order changes from process to process.
        chosen = [channel for channel in Channel if channel in channels]
        wanted = tuple((channel, Symbol(symbol)) for symbol in symbols for channel in chosen)
        with self._private_stream(inbox), self._reading(wanted, inbox):
            yield inbox

    # -- for the client ----------------------------------------------------------------------------
    def _reported(self, report: PrivateMessage) -> None:
        self._received = report.seq
        if self._private is not None:
            self._private.put(report)

    def _copy(self, message: Copy) -> None:
        if self._copies is not None:
            self._copies.put(message)

    def _notice(self, message: Notice) -> None:
        for queue in self._notices:
            queue.put(message)

    def _unreadable(self, error: Error) -> None:
        """The venue did not take a line that was submitted; that must not pass unseen."""
        if self._private is not None and error.line is not None:
            self._private.end(RemoteProtocolError(error.code, error.text, error.line))

    def _end_streams(self, reason: VenueError) -> None:
        self._market.end(reason)
        if self._private is not None:
            self._private.end(reason)
        if self._copies is not None:
            self._copies.end(reason)
        for queue in self._notices:
            queue.end(reason)

    # -- inside ------------------------------------------------------------------------------------
    @contextmanager
    def _reading(self, wanted: Iterable[tuple[Channel, Symbol]], reader: Reader) -> Iterator[None]:
        if self._connection.end is not None:
            # Whoever starts to read after the end finds the same end.
            reader.end(self._connection.end)
            yield
            return
        joined: list[tuple[Channel, Symbol]] = []
        try:
            for channel, symbol in wanted:
                self._market.join(channel, symbol, reader)
                joined.append((channel, symbol))
            yield
        finally:
            for channel, symbol in joined:
                self._market.leave(channel, symbol, reader, active=self._connection.is_active)

    @contextmanager
    def _private_stream(
        self, reader: "Queue[PrivateMessage] | MarketInbox[PrivateMessage | str]"
    ) -> Iterator[None]:
        if self._private is not None and self._private is not self._early:
            raise SessionBusy("the private stream")
        if self._connection.end is not None:
            reader.end(self._connection.end)
        if reader is not self._early:
            self._read = self._received
        self._early = None
        self._private = reader
        try:
            yield
        finally:
            self._private = None

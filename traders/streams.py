"""What a session can be read for besides market data: the private stream, drop copies, notices.

In: the messages of one connection, as the client sorts them. Out: asynchronous generators, one for each
stream, and the ``inbox`` that is all of them at once, market data included. ``traders.client`` states what is promised.
"""

from collections.abc import AsyncGenerator, Collection, Iterable, Iterator
from contextlib import contextmanager
from typing import Final

from protocol.desk import Notice
from protocol.errors import LocalProtocolError, RemoteProtocolError, SessionBusy, SlowConsumer, VenueError
from protocol.messages import Copy, Error, PrivateMessage, Welcome
from protocol.vocabulary import AccountId, Channel, Interval, Role, Sequence, Symbol
from traders.connection import Connection
from traders.feed import Queue
from traders.market.generators import MAX_UNREAD, MarketStreams
from traders.market.keys import StreamKey, depth_key
from traders.market.readers import MarketInbox

MAX_RESUMED: Final = 200_000
"""The same for a private stream that is sent again, which comes as fast as it can be read, and for drop
copies of the whole venue: some hundred megabytes at worst."""


class Streams(MarketStreams):
    """The streams of a session; a ``Client`` is this and the requests."""

    def __init__(self, connection: Connection, welcome: Welcome) -> None:
        super().__init__(connection)
        self.welcome = welcome
        """What the venue said at login: instruments, positions, open orders, balances."""
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
        intervals: Collection[Interval] = (),
    ) -> Iterator[MarketInbox[PrivateMessage | str]]:
        """All streams in one, in the order of arrival, for one reader: what a strategy needs.

        Yields ``Depth`` (conflated by instrument), ``TradePrint`` and private messages, and what other
        ``channels`` carry, the best bid and offer as a ``Depth`` of one level; it is read with ``async for`` inside the block,
        and its owner may ``put`` words of its own among them.

        Raises:
            SessionBusy: the private stream has a reader.
            LocalProtocolError: ``levels`` is below one; candles are wanted, and no ``intervals`` are named.
        """
        inbox: MarketInbox[PrivateMessage | str] = MarketInbox("the inbox", MAX_UNREAD, levels)
        # In the order of the enum: a set's own order changes from process to process.
        chosen = [channel for channel in Channel if channel in channels]
        if Channel.CANDLES in chosen and not intervals:
            raise LocalProtocolError("candles need intervals")
        wanted = [
            key
            for symbol in symbols
            for channel in chosen
            for key in _keys(channel, Symbol(symbol), levels, intervals)
        ]
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


def _keys(
    channel: Channel, symbol: Symbol, levels: int | None, intervals: Collection[Interval]
) -> list[StreamKey]:
    if channel is Channel.DEPTH:
        return [depth_key(symbol, levels)]
    if channel is Channel.CANDLES:
        return [StreamKey(channel, symbol, None, interval) for interval in intervals]
    return [StreamKey(channel, symbol)]

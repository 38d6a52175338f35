"""What arrives in a session beside answers, and who gets it, whatever runs the client.

In: the messages of one connection, as ``traders.dealings`` sorts them; readers that come and go. Out: their feeds,
filled; where to resume. A subclass says what its queues are, and lets readers wait: ``traders.streams`` under asyncio.
"""

from collections.abc import Collection, Iterable, Iterator
from contextlib import contextmanager
from typing import Any, Final, TypeVar

from protocol.desk import Notice
from protocol.errors import LocalProtocolError, RemoteProtocolError, SessionBusy, SlowConsumer, VenueError
from protocol.messages import Copy, Error, PrivateMessage, Welcome
from protocol.vocabulary import AccountId, Channel, Interval, Role, Sequence, Symbol
from traders.link import Link
from traders.market.keys import StreamKey, depth_key
from traders.market.readers import MarketInbox, Reader
from traders.market.subscriptions import MarketData
from traders.policies import Queue

MAX_UNREAD: Final = 10_000
"""Prints or reports a reader may leave unread: seconds of a busy market, a few megabytes."""

MAX_RESUMED: Final = 200_000
"""The same for a private stream that is sent again, which comes as fast as it can be read, and for drop
copies of the whole venue: some hundred megabytes at worst."""

ReaderT = TypeVar("ReaderT", bound=Reader)
InboxT = TypeVar("InboxT", bound=MarketInbox[PrivateMessage | str])


class Arrivals:
    """The streams of a session, without the waiting."""

    def __init__(self, link: Link, welcome: Welcome) -> None:
        self._link = link
        self._market = MarketData(link)
        self.welcome = welcome
        """What the venue said at login: instruments, positions, open orders, balances."""
        self._received = welcome.seq
        self._read: Sequence | None = None  # by whoever reads the reports
        self._private: Queue[PrivateMessage] | MarketInbox[PrivateMessage | str] | None = None
        # What is sent again comes before anybody can have begun to read.
        self._early: Any = None
        if welcome.last_seq is not None:
            self._private = self._early = self._queue("the private stream", MAX_RESUMED)
            self._read = welcome.seq
        self._copies: Any = None
        self._copied: dict[AccountId, Sequence] = {}
        if welcome.role is Role.DROP_COPY:
            self._copies = self._queue("the copies", MAX_RESUMED)
        self.fell_behind = False
        """Whether the reader of reports or copies was hung up on: it goes on where it stopped in another session."""
        self._notices: list[Queue[Notice]] = []

    def _queue(self, name: str, limit: int) -> Queue[Any]:
        """An empty one, of those that the subclass can wait for."""
        raise NotImplementedError

    @property
    def is_active(self) -> bool:
        """Whether the session still takes requests."""
        return self._link.is_active

    @property
    def end(self) -> VenueError | None:
        """How the session ended; ``None`` while it lasts."""
        return self._link.end

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

    @property
    def recoveries(self) -> int:
        """How often a public stream was subscribed again because something in it was missing or wrong."""
        return self._market.recoveries

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

    # -- for the subclass: each of these lasts as long as somebody reads ------------------------------
    @contextmanager
    def _report_feed(self) -> Iterator[Any]:
        """The private stream, for one reader at a time."""
        queue = self._early or self._queue("the private stream", MAX_UNREAD)
        with self._private_stream(queue):
            try:
                yield queue
            except SlowConsumer:
                self.fell_behind = True
                raise

    def _report_read(self, report: PrivateMessage) -> PrivateMessage:
        """It was handed out."""
        self._read = report.seq
        return report

    @contextmanager
    def _copy_feed(self) -> Iterator[Any]:
        """Drop copies."""
        if self._copies is None:
            raise LocalProtocolError(f"a session with the role {self.welcome.role} gets no copies")
        try:
            yield self._copies
        except SlowConsumer:
            self.fell_behind = True
            raise

    def _copy_read(self, copy: Copy) -> tuple[AccountId, PrivateMessage]:
        """It was handed out."""
        self._copied[copy.account] = copy.report.seq
        return copy.account, copy.report

    @contextmanager
    def _notice_feed(self) -> Iterator[Any]:
        """Notices from now on."""
        queue: Queue[Notice] = self._queue("the notices", MAX_UNREAD)
        if self.end is not None:
            queue.end(self.end)
        self._notices.append(queue)
        try:
            yield queue
        finally:
            self._notices.remove(queue)

    @contextmanager
    def _filling(
        self,
        inbox: InboxT,
        symbols: Iterable[str],
        channels: Collection[Channel],
        levels: int | None,
        intervals: Collection[Interval],
    ) -> Iterator[InboxT]:
        """Everything goes into ``inbox``."""
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

    @contextmanager
    def _reading(self, wanted: Iterable[StreamKey], reader: ReaderT) -> Iterator[ReaderT]:
        if self._link.end is not None:
            # Whoever starts to read after the end finds the same end.
            reader.end(self._link.end)
            yield reader
            return
        joined: list[StreamKey] = []
        try:
            for key in wanted:
                self._market.join(key, reader)
                joined.append(key)
            yield reader
        finally:
            for key in joined:
                self._market.leave(key, reader)

    @contextmanager
    def _private_stream(
        self, reader: "Queue[PrivateMessage] | MarketInbox[PrivateMessage | str]"
    ) -> Iterator[None]:
        if self._private is not None and self._private is not self._early:
            raise SessionBusy("the private stream")
        if reader is not self._early:
            self._read = self._received
            if self._early is not None:
                self._early.hand_over(reader)
        if self._link.end is not None:
            reader.end(self._link.end)
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

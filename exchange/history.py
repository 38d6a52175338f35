"""Every private message there ever was, to be had again from any number (rule 46).

In: what was put into the tails of the streams. Out: the same lines as were sent live. A stream's newest
messages are in memory; older ones are handed to the journal a page at a time, together with a turn,
and are read from it again. Until the journal says that a page is written it stays readable here, so
nothing is ever missing, and nothing gets into the journal before the commands it follows from.
Without a journal only the newest messages are kept.
"""

from collections import deque
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final, NamedTuple, Protocol

from exchange.peers import Peer
from exchange.report_messages import VENUE
from protocol.codec import encode_all
from protocol.errors import JournalError, ResumeRefused
from protocol.fields import Message
from protocol.vocabulary import AccountId, ErrorCode, Sequence

PAGE: Final = 256
"""Messages that are written and read together; about 40 KB of lines. A power of two."""

PAGE_MASK: Final = PAGE - 1
"""``not seq & PAGE_MASK``: this message is the last of a page."""

KEPT_WITHOUT_JOURNAL: Final = 65_536
"""Messages of a stream that a venue without a journal can send again, while there is room for them."""

KEPT_IN_ALL: Final = 1_000_000
"""The same over all streams, about 250 MB. Whenever there are more, each stream keeps half as many."""

TAPE: Final = AccountId("")
"""Under this name, which nobody can have, the trades of the venue are kept, numbered by ``trade_id``."""

Entry = Any
"""A message; or, if nobody has needed it yet, its builder, time and event; of the tape, the trade itself."""


class StoredPage(NamedTuple):
    """Messages as they stand in the journal, one a line."""

    first_seq: Sequence
    length: int
    lines: bytes


class Outbox(Protocol):
    """Where messages are put for somebody."""

    def append(self, message: Message, /) -> None: ...


class Reader(Protocol):
    """Who follows a stream: a connection, or what makes copies for others."""

    @property
    def outbox(self) -> Outbox: ...

    @property
    def touched(self) -> bool:
        """Whether it is known that there is something in the outbox."""
        ...


class Archive(Protocol):
    """Where pages can be read again."""

    def last_seqs(self) -> dict[AccountId, Sequence]:
        """The number of the last message that is there, by account."""
        ...

    def find(self, account: AccountId, seq: Sequence) -> StoredPage | None:
        """The page with that message; ``None`` if it is not there.

        Raises:
            JournalError: it can't be read.
        """
        ...


class _NothingWritten:
    def last_seqs(self) -> dict[AccountId, Sequence]:
        return {}

    def find(self, account: AccountId, seq: Sequence) -> StoredPage | None:
        return None


NOTHING_WRITTEN: Final[Archive] = _NothingWritten()
"""For a replay from nothing: every message is made again, and handed over."""


class Page:
    """Messages on their way into the journal. Its thread makes the lines, and sets ``written`` at the end."""

    __slots__ = ("account", "entries", "first_seq", "written")

    def __init__(self, account: AccountId, first_seq: Sequence, entries: list[Entry]) -> None:
        self.account = account
        self.first_seq = first_seq
        self.entries = entries
        self.written = False

    def lines(self) -> bytes:
        """As they were sent, or would have been."""
        return _lines(self.first_seq, self.entries)


class PrivateStream:
    """One account's stream: its newest messages, and who listens.

    ``tail`` ends with message ``last_seq``. Whoever appends to it counts on, and says so when a page is
    full (``History.page_is_full``).
    """

    __slots__ = ("account", "copies", "handed_over", "last_seq", "pages", "readers", "tail")

    def __init__(self, account: AccountId, last_seq: Sequence = 0, handed_over: Sequence = 0) -> None:
        self.account = account
        self.last_seq = last_seq
        self.readers: list[Reader] = []
        self.copies: list[Peer] = []  # who gets each message as a drop copy
        self.tail: list[Entry] = []
        self.handed_over = handed_over  # up to here the journal has it, or is about to write it
        self.pages: deque[Page] = deque()  # handed over, maybe not written yet

    def next_page(self, last_seq: Sequence) -> Page:
        """What comes after what was handed over, up to ``last_seq``."""
        start = len(self.tail) - (self.last_seq - self.handed_over)
        entries = self.tail[start : start + last_seq - self.handed_over]
        page = Page(self.account, self.handed_over + 1, entries)
        self.handed_over = last_seq
        self.pages.append(page)
        return page

    def let_go(self) -> None:
        """Forget what is written."""
        written = 0
        while self.pages and self.pages[0].written:
            written += len(self.pages.popleft().entries)
        if written:
            del self.tail[:written]


class _Streams(dict[AccountId, PrivateStream]):
    """Streams by account, each made on first sight."""

    def __init__(self, written: Mapping[AccountId, Sequence]) -> None:
        super().__init__()
        self.written = dict(written)
        self.opened: Callable[[PrivateStream], None] | None = None
        """Called with each new stream."""

    def __missing__(self, account: AccountId) -> PrivateStream:
        self[account] = stream = PrivateStream(account, 0, self.written.pop(account, 0))
        if self.opened is not None:
            self.opened(stream)
        return stream


class History:
    """All streams, and the tape of the venue."""

    def __init__(self, archive: Archive | None = None) -> None:
        """``archive``: where pages that are handed over can be read again; ``None``: nowhere."""
        self._archive = archive
        self.streams = _Streams(archive.last_seqs() if archive is not None else {})
        self.tape = PrivateStream(TAPE, 0, self.streams.written.pop(TAPE, 0))
        self._full: list[PrivateStream] = []
        # Without an archive: how many messages a stream may have, and how many all of them have.
        self._kept_each = KEPT_WITHOUT_JOURNAL
        self._kept_in_all = 0

    # -- growing -------------------------------------------------------------------------------

    def continue_from(self, account: AccountId, last_seq: Sequence) -> None:
        """A stream stood there when a snapshot was taken."""
        stream = self.tape if account == TAPE else self.streams[account]
        stream.last_seq = last_seq

    def put_again(self, stream: PrivateStream, entry: Entry) -> None:
        """The next message of a stream, out of the replay of a journal: kept unless it is written."""
        stream.last_seq = seq = stream.last_seq + 1
        if seq > stream.handed_over:
            stream.tail.append(entry)
            if not seq & PAGE_MASK:
                self.page_is_full(stream)

    def check_recovered(self) -> None:
        """The journal is replayed: what was written of private messages must have come again.

        Raises:
            JournalError: the journal has private messages that follow from none of its commands.
        """
        beyond = [account for account, stream in self._all() if stream.handed_over > stream.last_seq]
        for account in [*beyond, *self.streams.written]:
            raise JournalError(
                "the journal", f"it has private messages of {account!r} that no command caused"
            )

    def page_is_full(self, stream: PrivateStream) -> None:
        """The stream has come to the end of a page."""
        if self._archive is not None:
            self._full.append(stream)
            return
        self._kept_in_all += PAGE
        # Many at once: to shorten a list from the front moves all that stays.
        self._shorten(stream, slack=self._kept_each // 8)
        if self._kept_in_all > KEPT_IN_ALL and self._kept_each > 2 * PAGE:
            self._kept_each //= 2
            for _, other in self._all():
                self._shorten(other, slack=0)

    def _shorten(self, stream: PrivateStream, slack: int) -> None:
        beyond = len(stream.tail) - self._kept_each
        if beyond > slack:
            del stream.tail[:beyond]
            self._kept_in_all -= beyond

    def hand_over(self) -> list[Page]:
        """What is to be written with the turn that is being taken: of each stream all but its last pages."""
        pages: list[Page] = []
        for stream in self._full:
            stream.let_go()
            end = (stream.handed_over | PAGE_MASK) + 1
            while end + PAGE <= stream.last_seq:
                pages.append(stream.next_page(end))
                end += PAGE
        self._full.clear()
        return pages

    def hand_over_rest(self) -> list[Page]:
        """Everything that was never handed over, to be written with a snapshot."""
        if self._archive is None:
            return []
        pages = self.hand_over()
        for _, stream in self._all():
            while stream.handed_over < stream.last_seq:
                end = (stream.handed_over | PAGE_MASK) + 1
                pages.append(stream.next_page(min(end, stream.last_seq)))
        return pages

    # -- reading -------------------------------------------------------------------------------

    def check_place(self, stream: PrivateStream, seq: Sequence) -> None:
        """Whether the stream can be sent from message ``seq`` on.

        Raises:
            ResumeRefused: it has not got there yet, or that message is not kept any more.
        """
        if seq > stream.last_seq + 1:
            text = f"the last message of {_whose(stream)} is {stream.last_seq}: {seq} can't be the next"
            raise ResumeRefused(ErrorCode.RESUME_FROM_THE_FUTURE, text)
        if seq < 1:
            raise _not_kept(stream, seq)
        if seq <= stream.last_seq - len(stream.tail) and self._stored(stream, seq) is None:
            raise _not_kept(stream, seq)

    def read(self, stream: PrivateStream, seq: Sequence) -> tuple[bytes, int]:
        """Messages of the stream from ``seq`` on as lines, and how many: at most a page.

        ``seq`` is not beyond the last message.

        Raises:
            ResumeRefused: that message is not kept any more, or can't be read.
        """
        start = len(stream.tail) - (stream.last_seq - seq) - 1
        if start >= 0:
            entries = stream.tail[start : start + PAGE]
            return _lines(seq, entries), len(entries)
        page = self._stored(stream, seq)
        if page is None:
            raise _not_kept(stream, seq)
        skipped = seq - page.first_seq
        lines = page.lines.split(b"\n", skipped)[-1] if skipped else page.lines
        return lines, page.length - skipped

    def _stored(self, stream: PrivateStream, seq: Sequence) -> StoredPage | None:
        if self._archive is None:
            return None
        try:
            return self._archive.find(stream.account, seq)
        except JournalError as error:
            # What is written is safe and the venue goes on; only this can't be had.
            text = f"message {seq} of {_whose(stream)} can't be read: {error.text}"
            raise ResumeRefused(ErrorCode.RESUME_UNAVAILABLE, text) from error

    def _all(self) -> Iterable[tuple[AccountId, PrivateStream]]:
        """By name, the tape first."""
        return [(TAPE, self.tape), *sorted(self.streams.items())]


def _lines(first_seq: Sequence, entries: list[Entry]) -> bytes:
    return encode_all(
        [
            entry[0](seq, entry[1], entry[2]) if type(entry) is tuple else entry
            for seq, entry in enumerate(entries, first_seq)
        ]
    )


def _not_kept(stream: PrivateStream, seq: Sequence) -> ResumeRefused:
    text = f"message {seq} of {_whose(stream)} is not kept any more; the last one is {stream.last_seq}"
    return ResumeRefused(ErrorCode.RESUME_UNAVAILABLE, text)


def _whose(stream: PrivateStream) -> str:
    return "the venue" if stream.account == VENUE else stream.account

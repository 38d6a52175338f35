"""Every exception of the project.

    VenueError
    ├── ProtocolError          a rule of the protocol was broken (never raised itself)
    │   ├── LocalProtocolError     by us: fix the caller
    │   └── RemoteProtocolError    by the peer: .code, .line, .text to answer with
    ├── SessionClosed          ended in order; iteration just stops
    ├── SessionBroken          peer gone, heartbeat missed, last line cut short
    ├── SessionBusy            two tasks read one stream
    ├── SlowConsumer           a bounded queue was full, the policy was to hang up
    ├── SequenceGap            .expected, .received; recover from a snapshot
    ├── ChecksumMismatch       .expected, .received; the copy of a book is wrong: recover from a snapshot
    ├── ImpossibleChange       .seq, .text; a change does not fit the copy: recover from a snapshot
    ├── ResumeRefused          .code, .text: those private messages can't be sent again
    ├── JournalError           the journal can't be read or written: stop, nothing may leave
    ├── HistoryError           the history can't be read or written: the venue goes on
    ├── ConfigError            a file a person wrote is wrong: .place and .text, .more of them
    └── InvariantViolated      the book is wrong: stop the instrument, keep the journal

A refused order is no exception: it is an answer with a ``RejectReason``. Exceptions carry data;
``__str__`` makes the sentence.
"""

from collections.abc import Sequence
from typing import TypeVar, cast

from protocol.vocabulary import ErrorCode

Failure = TypeVar("Failure", bound=BaseException)


class VenueError(Exception):
    """Root of the tree."""


class ProtocolError(VenueError):
    """A rule of the protocol was broken; see the two leaves for by whom."""

    def __init__(self, *args: object) -> None:
        if type(self) is ProtocolError:
            raise TypeError("raise LocalProtocolError or RemoteProtocolError: say whose fault it is")
        super().__init__(*args)


class LocalProtocolError(ProtocolError):
    """We did what the session's state does not allow."""


class RemoteProtocolError(ProtocolError):
    """The peer broke a rule. ``line`` is the number of its offending line, counted from 1."""

    def __init__(self, code: ErrorCode, text: str, line: int) -> None:
        super().__init__(code, text, line)
        self.code = code
        self.text = text
        self.line = line

    def __str__(self) -> str:
        return f"line {self.line}: {self.text} ({self.code})"


class SessionClosed(VenueError):
    """The session ended in order."""

    def __init__(self, text: str = "the session is closed") -> None:
        super().__init__(text)
        self.text = text

    def __str__(self) -> str:
        return self.text


class SessionBroken(VenueError):
    """The session ended out of order: the peer is gone or broke off.

    ``code`` is what to tell the peer, or what the peer has told, if there is anything to tell.
    """

    def __init__(self, text: str, code: ErrorCode | None = None) -> None:
        super().__init__(text, code)
        self.text = text
        self.code = code

    def __str__(self) -> str:
        return self.text


class SessionBusy(VenueError):
    """A second task wants to read a stream that has a reader."""

    def __init__(self, stream: str) -> None:
        super().__init__(stream)
        self.stream = stream

    def __str__(self) -> str:
        return f"another task reads {self.stream} already"


class SlowConsumer(VenueError):
    """A bounded queue was full and its policy is to hang up."""

    def __init__(self, stream: str, limit: int) -> None:
        super().__init__(stream, limit)
        self.stream = stream
        self.limit = limit

    def __str__(self) -> str:
        return f"{self.stream} was not read: {self.limit} messages were waiting"


class SequenceGap(VenueError):
    """A numbered stream skipped; the copy made from it is worth nothing until a new snapshot."""

    def __init__(self, stream: str, expected: int, received: int) -> None:
        super().__init__(stream, expected, received)
        self.stream = stream
        self.expected = expected
        self.received = received

    def __str__(self) -> str:
        return f"{self.stream}: expected number {self.expected}, received {self.received}"


class ChecksumMismatch(VenueError):
    """A copy of a book is not the venue's, though no message is missing; worth nothing until a new snapshot.

    ``expected`` is what the venue says, ``received`` what follows from the messages that were received.
    """

    def __init__(self, stream: str, seq: int, expected: int, received: int) -> None:
        super().__init__(stream, seq, expected, received)
        self.stream = stream
        self.seq = seq
        self.expected = expected
        self.received = received

    def __str__(self) -> str:
        return f"{self.stream}: checksum at number {self.seq} should be {self.expected}, is {self.received}"


class ImpossibleChange(VenueError):
    """A numbered change can't have happened to the copy it is to change, which is worth nothing until a new snapshot."""

    def __init__(self, stream: str, seq: int, text: str) -> None:
        super().__init__(stream, seq, text)
        self.stream = stream
        self.seq = seq
        self.text = text

    def __str__(self) -> str:
        return f"{self.stream}: number {self.seq} {self.text}"


class ResumeRefused(VenueError):
    """Private messages that were asked for again are not there; ``code`` says whether not yet or no more."""

    def __init__(self, code: ErrorCode, text: str) -> None:
        super().__init__(code, text)
        self.code = code
        self.text = text

    def __str__(self) -> str:
        return self.text


class JournalError(VenueError):
    """The journal can't be opened, read or written."""

    def __init__(self, path: str, text: str) -> None:
        super().__init__(path, text)
        self.path = path
        self.text = text

    def __str__(self) -> str:
        return f"{self.path}: {self.text}"


class HistoryError(VenueError):
    """The history beside the journal can't be opened, read or written. It follows from the journal."""

    def __init__(self, path: str, text: str) -> None:
        super().__init__(path, text)
        self.path = path
        self.text = text

    def __str__(self) -> str:
        return f"{self.path}: {self.text}"


class ConfigError(VenueError):
    """A file or setting written by a person is wrong; ``place`` is file and key.

    ``more``: what else is wrong there. A person wants to mend all of it at once.
    """

    def __init__(self, place: str, text: str, more: Sequence["ConfigError"] = ()) -> None:
        super().__init__(place, text, *more)
        self.place = place
        self.text = text
        self.more = tuple(more)

    def __str__(self) -> str:
        """A line for each."""
        return "\n".join((f"{self.place}: {self.text}", *map(str, self.more)))


class InvariantViolated(VenueError):
    """The engine's own state contradicts itself. Stop, keep the journal, tell the authors."""


def only_cause(group: BaseExceptionGroup[BaseException], kind: type[Failure]) -> Failure | None:
    """The first exception in a group whose exceptions are all of that kind; otherwise ``None``.

    For task groups that fail for one reason, which a group of one would only hide from whoever reads the message. With
    ``except*`` it can't be said: up to Python 3.11.3 what is raised there is put into a group again.
    """
    for error in group.exceptions:
        if isinstance(error, BaseExceptionGroup):
            if only_cause(error, kind) is None:
                return None
        elif not isinstance(error, kind):
            return None
    first = group.exceptions[0]
    return (
        first
        if isinstance(first, kind)
        else only_cause(cast("BaseExceptionGroup[BaseException]", first), kind)
    )

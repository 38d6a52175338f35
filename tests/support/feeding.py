"""Byte input in every way it may arrive: whole, byte by byte, and with a tail.

In: bytes. Out: what a session makes of them, the same for all ways or the test fails.
"""

from collections.abc import Callable, Iterable, Iterator
from typing import NamedTuple, TypeVar

from protocol.errors import RemoteProtocolError
from protocol.fields import Message
from protocol.messages import Welcome
from protocol.session import Inbound, ServerSession
from protocol.vocabulary import AccountId, ErrorCode

ItemT = TypeVar("ItemT")

TAIL = b'{"type":"heartb'
"""The beginning of a line that never ends."""

LOGIN = b'{"type":"login","account":"anna"}\n'
WELCOME = Welcome(AccountId("anna"), "test", 1, 0, 0, instruments=[], positions=[], open_orders=[])


class Fault(NamedTuple):
    """A ``RemoteProtocolError`` that equals another of the same content."""

    code: ErrorCode
    text: str


Taken = tuple[int, Message | Fault]
"""A line number, and the message on that line or what is wrong with it."""


def ways(data: bytes) -> Iterator[list[bytes]]:
    """Chunks that all amount to ``data``, as far as complete lines go."""
    yield [data]
    yield [data[at : at + 1] for at in range(len(data))]
    yield [data + TAIL]


def fed(data: bytes, receiver: Callable[[], Callable[[bytes], Iterable[ItemT]]]) -> list[ItemT]:
    """What a new ``receiver()`` returns for ``data``, however it arrives."""
    results = [
        [item for chunk in chunks for item in receive(chunk)] for chunks, receive in _trials(data, receiver)
    ]
    for result in results[1:]:
        assert result == results[0]
    return results[0]


def at_venue(data: bytes, *, logged_in: bool = True, max_line_bytes: int = 64 * 1024) -> list[Taken]:
    """What the venue's end makes of ``data``; lines count from 1 also after the login."""
    return fed(data, lambda: venue_receiver(logged_in=logged_in, max_line_bytes=max_line_bytes))


def venue_receiver(
    *, logged_in: bool = True, max_line_bytes: int = 64 * 1024
) -> Callable[[bytes], list[Taken]]:
    """A new session of the venue, as a function from bytes to what was taken."""
    session = ServerSession(max_line_bytes=max_line_bytes)
    skipped = 0
    if logged_in:
        skipped = len(session.receive_data(LOGIN))
        session.welcome(WELCOME)

    def receive(chunk: bytes) -> list[Taken]:
        return [(line - skipped, item) for line, item in map(plain, session.receive_data(chunk))]

    return receive


def plain(inbound: Inbound) -> Taken:
    """A line with its fault in a form that can be compared."""
    line, message = inbound
    if isinstance(message, RemoteProtocolError):
        assert message.line == line
        return line, Fault(message.code, message.text)
    return line, message


def codes(taken: Iterable[Taken]) -> list[tuple[int, Message | ErrorCode]]:
    """The same without the texts of faults, which are for people."""
    return [(line, item.code if isinstance(item, Fault) else item) for line, item in taken]


def _trials(
    data: bytes, receiver: Callable[[], Callable[[bytes], Iterable[ItemT]]]
) -> Iterator[tuple[list[bytes], Callable[[bytes], Iterable[ItemT]]]]:
    for chunks in ways(data):
        yield chunks, receiver()

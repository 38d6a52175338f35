"""Who gets in to a listening address: so many connections in all, so many from one source; and what a socket is told first.

In: sources of connections. Out: that there is room, or why not. Who is over a bound is told so and gone, before anything
was built for him. Whoever accepts connections rests after each: a storm of them shall cost those who are connected next to nothing.
"""

import resource
import socket
from collections import Counter
from collections.abc import Callable, Iterable
from typing import Any, Final, NamedTuple

import structlog

from exchange.metrics import Metric, Metrics
from protocol.codec import encode
from protocol.messages import Error
from protocol.vocabulary import ErrorCode

log = structlog.get_logger()

BACKLOG: Final = 1024
"""Connections that wait in the kernel."""

PAUSE_S: Final = 0.001
"""Rest after a connection was taken: some 700 a second, each of which costs a quarter of a millisecond."""

TLS_PAUSE_S: Final = 0.005
"""A handshake costs a millisecond or two."""

OUT_OF_RESOURCES_PAUSE_S: Final = 0.5

HANDSHAKE_TIMEOUT_S: Final = 10.0
SHUTDOWN_TIMEOUT_S: Final = 2.0

SPARE_DESCRIPTORS: Final = 64
"""What the process needs beside its connections."""

KERNEL_BUFFER: Final = 256 * 1024
"""What the kernel may hold unsent for a connection. Left to itself it holds megabytes, and a slow
reader would be fed market data that is seconds old before anyone notices that it is slow."""

KEEPALIVE: Final = (("TCP_KEEPIDLE", 30), ("TCP_KEEPINTVL", 10), ("TCP_KEEPCNT", 3))
"""A peer that vanished without a word while nothing was said is noticed after a minute."""

Farewell = Callable[[ErrorCode, str], bytes]
"""What somebody is sent for whom there is no room, in the words of the protocol."""


def tell_off(code: ErrorCode, text: str) -> bytes:
    """As a line."""
    return encode(Error(code, text))


class Room(NamedTuple):
    """How many connections there may be."""

    in_all: int
    per_source: int


class Door:
    """Of one address that is listened on."""

    def __init__(
        self,
        room: Callable[[], Room],
        metrics: Metrics,
        farewell: Farewell = tell_off,
    ) -> None:
        """``room`` is asked for each connection: it may change while the venue runs."""
        self._room = room
        self._metrics = metrics
        self._farewell = farewell
        self._total = 0
        self._from: Counter[str] = Counter()

    def allow_descriptors(self) -> None:
        """Each connection needs a file descriptor, and systems begin with few."""
        _allow_descriptors(self._room().in_all + SPARE_DESCRIPTORS)

    def admit(self, source: str) -> str | None:
        """Count a connection from there; if there is no room for it the reason, and it is not counted."""
        room = self._room()
        if self._total >= room.in_all:
            text = f"{room.in_all} connections are open already"
        elif self._from[source] >= room.per_source:
            text = f"{room.per_source} connections from {source} are open already"
        else:
            self._total += 1
            self._from[source] += 1
            return None
        self._metrics.add(Metric.CONNECTIONS_REFUSED)
        return text

    def released(self, source: str) -> None:
        """A connection from there is gone."""
        self._total -= 1
        self._from[source] -= 1
        if not self._from[source]:
            del self._from[source]

    def turn_away(self, connection: socket.socket, text: str, *, secure: bool) -> None:
        """Tell it why, and hang up; without a word where that would need a handshake."""
        with connection:
            if not secure:
                connection.setblocking(False)
                try:
                    connection.send(self._farewell(ErrorCode.TOO_MANY_CONNECTIONS, text))
                except OSError:
                    log.debug("went_before_it_was_turned_away")


def sockets_at(found: Iterable[tuple[Any, ...]], port: int) -> list[socket.socket]:
    """Listen at all addresses that were found for a name (``socket.getaddrinfo``), at the same port (0: any free one).

    Raises:
        OSError: one of them can't be had; none is listened on.
    """
    taken: list[socket.socket] = []
    try:
        for family, _, _, _, address in dict.fromkeys(found):
            taken.append(_listening(family, (address[0], port, *address[2:])))
            port = taken[0].getsockname()[1]
    except OSError:
        for listening in taken:
            listening.close()
        raise
    return taken


def prepare(connection: socket.socket) -> None:
    """Bound what the kernel holds for it, let nothing wait there, and have its other end looked after."""
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, KERNEL_BUFFER)
    # Asyncio does so only for sockets whose protocol was named. Without it a report that follows an answer waits until the
    # other end has acknowledged that: 40 ms, if it has nothing to say.
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    for name, value in KEEPALIVE:
        if hasattr(socket, name):  # not every system can be told
            connection.setsockopt(socket.IPPROTO_TCP, getattr(socket, name), value)


def _listening(family: int, address: tuple[object, ...]) -> socket.socket:
    taken = socket.socket(family, socket.SOCK_STREAM)
    try:
        taken.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if family == socket.AF_INET6:
            taken.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        taken.setblocking(False)
        taken.bind(address)
        taken.listen(BACKLOG)
    except OSError:
        taken.close()
        raise
    return taken


def _allow_descriptors(wanted: int) -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft == resource.RLIM_INFINITY or soft >= wanted:
        return
    allowed = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
    resource.setrlimit(resource.RLIMIT_NOFILE, (allowed, hard))
    if allowed < wanted:
        log.warning("few_descriptors", allowed=allowed, wanted=wanted)

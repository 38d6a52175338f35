"""Takes connections from listening sockets: so many at a time, so many in all, so many from one source.

In: listening sockets. Out: protocols joined to their connections, TLS included. Who is over a bound is told
so and gone, before anything was built for him. Not more than some hundreds are taken in a second, so that a
storm of them costs those who are connected next to nothing; the rest waits in the kernel.
"""

import asyncio
import resource
import socket
import ssl
from collections import Counter
from collections.abc import Callable
from typing import Final, NamedTuple

import structlog

from exchange.metrics import Metric, Metrics
from exchange.throttle import source_of
from protocol.codec import encode
from protocol.messages import Error
from protocol.vocabulary import ErrorCode

log = structlog.get_logger()

_BACKLOG: Final = 1024
"""Connections that wait in the kernel."""

_PAUSE_S: Final = 0.001
"""Rest after a connection was taken: some 700 a second, each of which costs a quarter of a millisecond."""

_TLS_PAUSE_S: Final = 0.005
"""A handshake costs a millisecond or two."""

_OUT_OF_RESOURCES_PAUSE_S: Final = 0.5

_HANDSHAKE_TIMEOUT_S: Final = 10.0
_SHUTDOWN_TIMEOUT_S: Final = 2.0

_SPARE_DESCRIPTORS: Final = 64
"""What the process needs beside its connections."""

_KERNEL_BUFFER: Final = 256 * 1024
"""What the kernel may hold unsent for a connection. Left to itself it holds megabytes, and a slow
reader would be fed market data that is seconds old before anyone notices that it is slow."""

_KEEPALIVE: Final = (("TCP_KEEPIDLE", 30), ("TCP_KEEPINTVL", 10), ("TCP_KEEPCNT", 3))
"""A peer that vanished without a word while nothing was said is noticed after a minute."""

Farewell = Callable[[ErrorCode, str], bytes]
"""What somebody is sent for whom there is no room, in the words of the protocol."""

MakeProtocol = Callable[[str], asyncio.BaseProtocol]
"""Makes the protocol of a connection; its argument is the source."""


class Room(NamedTuple):
    """How many connections there may be."""

    in_all: int
    per_source: int


class Acceptor:
    """One address that is listened on."""

    def __init__(
        self,
        make: MakeProtocol,
        room: Callable[[], Room],
        metrics: Metrics,
        farewell: Farewell = lambda code, text: encode(Error(code, text)),
    ) -> None:
        """``room`` is asked for each connection: it may change while the venue runs."""
        self._farewell = farewell
        self._make = make
        self._room = room
        self._metrics = metrics
        self._tls: ssl.SSLContext | None = None
        self._loop = asyncio.get_running_loop()
        self._sockets: list[socket.socket] = []
        self._total = 0
        self._from: Counter[str] = Counter()
        self._opening: set[asyncio.Task[None]] = set()
        self._resting: dict[socket.socket, asyncio.TimerHandle] = {}

    async def listen(self, host: str, port: int, tls: ssl.SSLContext | None) -> tuple[str, int]:
        """Start; the address it got (``port`` 0: any free one). A name may stand for several addresses.

        Raises:
            OSError: the address can't be had.
        """
        self._tls = tls
        _allow_descriptors(self._room().in_all + _SPARE_DESCRIPTORS)
        found = await self._loop.getaddrinfo(
            host or None, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )
        try:
            for family, _, _, _, address in dict.fromkeys(found):
                self._sockets.append(_listening(family, (address[0], port, *address[2:])))
                port = self._sockets[0].getsockname()[1]
        except OSError:
            self.stop()
            raise
        for listening in self._sockets:
            self._loop.add_reader(listening, self._accept, listening)
        taken = self._sockets[0].getsockname()
        return taken[0], taken[1]

    def stop(self) -> None:
        """Take no more connections."""
        for timer in self._resting.values():
            timer.cancel()
        self._resting.clear()
        for listening in self._sockets:
            self._loop.remove_reader(listening)
            listening.close()
        self._sockets.clear()
        for opening in self._opening:
            opening.cancel()

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

    # -- one connection --------------------------------------------------------------------------

    def _accept(self, listening: socket.socket) -> None:
        pause_s = _PAUSE_S if self._tls is None else _TLS_PAUSE_S
        try:
            connection, address = listening.accept()
        except (BlockingIOError, InterruptedError, ConnectionAbortedError):
            return
        except OSError as error:
            log.error("cannot_accept", reason=error.strerror)  # noqa: TRY400  # out of descriptors or memory
            pause_s = _OUT_OF_RESOURCES_PAUSE_S
        else:
            self._take(connection, source_of(address[0]))
        self._loop.remove_reader(listening)
        self._resting[listening] = self._loop.call_later(pause_s, self._go_on, listening)

    def _go_on(self, listening: socket.socket) -> None:
        del self._resting[listening]
        self._loop.add_reader(listening, self._accept, listening)

    def _take(self, connection: socket.socket, source: str) -> None:
        refusal = self.admit(source)
        if refusal is not None:
            self._turn_away(connection, refusal)
            return
        self._metrics.add(Metric.CONNECTIONS)
        opening = self._loop.create_task(self._open(connection, source))
        self._opening.add(opening)
        opening.add_done_callback(self._opening.discard)

    async def _open(self, connection: socket.socket, source: str) -> None:
        secure = self._tls is not None
        try:
            _prepare(connection)
            await self._loop.connect_accepted_socket(
                lambda: self._make(source),
                connection,
                ssl=self._tls,
                ssl_handshake_timeout=_HANDSHAKE_TIMEOUT_S if secure else None,
                ssl_shutdown_timeout=_SHUTDOWN_TIMEOUT_S if secure else None,
            )
        except OSError as error:  # of TLS, too
            connection.close()
            self.released(source)
            self._metrics.add(Metric.HANDSHAKES_FAILED)
            log.debug("handshake_failed", source=source, reason=type(error).__name__)
        except asyncio.CancelledError:
            connection.close()
            self.released(source)
            raise

    def _turn_away(self, connection: socket.socket, text: str) -> None:
        with connection:
            if self._tls is None:
                connection.setblocking(False)
                try:
                    connection.send(self._farewell(ErrorCode.TOO_MANY_CONNECTIONS, text))
                except OSError:
                    log.debug("went_before_it_was_turned_away")


def _listening(family: int, address: tuple[object, ...]) -> socket.socket:
    listening = socket.socket(family, socket.SOCK_STREAM)
    try:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if family == socket.AF_INET6:
            listening.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        listening.setblocking(False)
        listening.bind(address)
        listening.listen(_BACKLOG)
    except OSError:
        listening.close()
        raise
    return listening


def _prepare(connection: socket.socket) -> None:
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, _KERNEL_BUFFER)
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    for name, value in _KEEPALIVE:
        if hasattr(socket, name):  # not every system can be told
            connection.setsockopt(socket.IPPROTO_TCP, getattr(socket, name), value)


def _allow_descriptors(wanted: int) -> None:
    """Each connection needs a file descriptor, and systems begin with few."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft == resource.RLIM_INFINITY or soft >= wanted:
        return
    allowed = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
    resource.setrlimit(resource.RLIMIT_NOFILE, (allowed, hard))
    if allowed < wanted:
        log.warning("few_descriptors", allowed=allowed, wanted=wanted)

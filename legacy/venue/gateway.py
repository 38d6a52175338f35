"""JSON lines over TCP or TLS: listens, keeps the connections, looks after their time-outs.

In: an address, a certificate if there is one. Out: connections that are served by the venue, until it shuts down. One task for each socket that is
listened on, two for each connection, one for the time, and one for each pair of hands that is shaken. The bounds are those of ``exchange.gateways``.
"""

import socket
import ssl
from collections.abc import Generator
from typing import Any

import structlog

from exchange.gateways.bounds import CHUNK, PATIENCE_S, SLICES, TICK_S, TIMED, Limits
from exchange.gateways.door import (
    HANDSHAKE_TIMEOUT_S,
    OUT_OF_RESOURCES_PAUSE_S,
    PAUSE_S,
    TLS_PAUSE_S,
    Door,
    Room,
    prepare,
    sockets_at,
)
from exchange.metrics import Metric
from exchange.throttle import source_of
from exchange.venue import Venue
from legacy.cipher import Cipher
from legacy.errors import BadDescriptor
from legacy.kernel import Kernel
from legacy.streams import Stream
from legacy.task import Task
from legacy.traps import flow, readable, sleep, timeout
from legacy.venue.connection import Connection
from legacy.venue.secure import SecureConnection
from legacy.venue.turns import Turns
from legacy.waiting import Event
from protocol.clock import Clock

log = structlog.get_logger()


class Gateway:
    """One listening address, and its connections."""

    def __init__(self, venue: Venue, turns: Turns, limits: Limits, clock: Clock, kernel: Kernel) -> None:
        self.venue = venue
        self.turns = turns
        self.limits = limits
        """Connections that begin from now on have these; set it to change them."""
        self.metrics = venue.metrics
        self.chunk = memoryview(bytearray(CHUNK))
        self._clock = clock
        self._kernel = kernel
        self._door = Door(self._room, self.metrics)
        self._tls: ssl.SSLContext | None = None
        self._opening: dict[Stream, Task[None]] = {}
        self._listening: list[tuple[socket.socket, Task[None]]] = []
        self._connections: set[Connection] = set()
        self._closed = Event("the last connection to close")
        self._closed.set()

    def listen(self, host: str, port: int, tls: ssl.SSLContext | None = None) -> tuple[str, int]:
        """Start to accept connections; the address it got (``port`` 0: any free one). Looking up a name may take a moment.

        ``tls``: another certificate that is loaded into it later serves the connections after that.

        Raises:
            OSError: the address can't be had.
        """
        self._tls = tls
        self._door.allow_descriptors()
        found = socket.getaddrinfo(host or None, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
        for listening in sockets_at(found, port):
            task = self._kernel.spawn(self._accept(listening), name="accepts")
            self._listening.append((listening, task))
        taken = self._listening[0][0].getsockname()
        return taken[0], taken[1]

    @flow
    def _accept(self, listening: socket.socket) -> Generator[Any, Any, None]:
        """Take connections for ever, one at a time."""
        while True:
            yield from readable(listening)
            pause_s = PAUSE_S if self._tls is None else TLS_PAUSE_S
            try:
                connection, address = listening.accept()
            except (BlockingIOError, InterruptedError, ConnectionAbortedError):
                continue
            except OSError as error:
                log.error("cannot_accept", reason=error.strerror)  # noqa: TRY400  # out of descriptors or memory
                pause_s = OUT_OF_RESOURCES_PAUSE_S
            else:
                self._take(connection, address)
            yield from sleep(pause_s)

    def _take(self, connection: socket.socket, address: Any) -> None:
        source = source_of(address[0])
        refusal = self._door.admit(source)
        if refusal is not None:
            self._door.turn_away(connection, refusal, secure=self._tls is not None)
            return
        self.metrics.add(Metric.CONNECTIONS)
        try:
            prepare(connection)
        except OSError:  # it has gone already
            connection.close()
            self._door.released(source)
            return
        stream = Stream(connection, self._kernel, address)
        if self._tls is None:
            self._join(Connection(self, stream, source))
        else:
            self._opening[stream] = self._kernel.spawn(
                self._secure(stream, source, self._tls), name="handshake"
            )

    @flow
    def _secure(self, stream: Stream, source: str, tls: ssl.SSLContext) -> Generator[Any, Any, None]:
        """Shake hands; until then there is no session."""
        connection = None
        try:
            cipher = Cipher(tls)
            yield from timeout(HANDSHAKE_TIMEOUT_S, cipher.shake_hands(stream))
            connection = SecureConnection(self, stream, source, cipher)
            self._join(connection)
        except (OSError, BadDescriptor) as error:
            self.metrics.add(Metric.HANDSHAKES_FAILED)
            log.debug("handshake_failed", source=source, reason=type(error).__name__)
        finally:
            del self._opening[stream]
            if connection is None:
                stream.close()
                self._door.released(source)

    def _join(self, connection: Connection) -> None:
        self._connections.add(connection)
        self._closed.clear()
        self.turns.join(connection.peer, connection)
        connection.log.debug("connected")
        # Nobody's child: whoever accepts ends before those who were accepted.
        self._kernel.spawn(connection.serve(), name=f"{connection.client} writes")

    def forget(self, connection: Connection) -> None:
        """It is gone."""
        self.turns.leave(connection.peer)
        self._door.released(connection.peer.source)
        self._connections.discard(connection)
        if not self._connections:
            self._closed.set()

    def _room(self) -> Room:
        return Room(self.limits.max_connections, self.limits.max_connections_per_source)

    @flow
    def keep_time(self) -> Generator[Any, Any, None]:
        """Look after heartbeats and time-outs for ever."""
        while True:
            connections = list(self._connections)
            for part in range(SLICES):
                self._tick(connections[part::SLICES])
                self.turns.time_some_more(TIMED)
                yield from sleep(TICK_S / SLICES)

    def tick(self) -> None:
        """Look after them once."""
        self._tick(list(self._connections))

    def _tick(self, connections: list[Connection]) -> None:
        now_s = self._clock.monotonic_s()
        for connection in connections:
            connection.tick(now_s)

    @flow
    def shut_down(self, patience_s: float = PATIENCE_S) -> Generator[Any, Any, None]:
        """Accept no more, tell everybody, and wait until all have their last bytes.

        Who has not read them after ``patience_s`` seconds is cut off.
        """
        self._stop_accepting()
        for connection in list(self._connections):
            connection.shut_down()
        self.turns.schedule()
        try:
            yield from timeout(patience_s, self._closed.wait())
        except TimeoutError:
            yield from self.abort()
        log.info("counted", **self.metrics.counts())

    @flow
    def abort(self) -> Generator[Any, Any, None]:
        """Cut all connections, and wait until they are gone."""
        self.cut()
        yield from self._closed.wait()

    def cut(self) -> None:
        """Cut all connections; nothing more is sent."""
        self._stop_accepting()
        for connection in list(self._connections):
            connection.abort()

    def _stop_accepting(self) -> None:
        for listening, task in self._listening:
            task.cancel()
            self._kernel.release(listening)
            listening.close()
        self._listening.clear()
        for stream, opening in self._opening.items():
            opening.cancel()
            stream.close()  # one that has not begun yet never does

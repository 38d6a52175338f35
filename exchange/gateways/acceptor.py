"""Takes connections from listening sockets: so many at a time, so many in all, so many from one source.

In: listening sockets. Out: protocols joined to their connections, TLS included. Who is over a bound is told
so and gone, before anything was built for him. Not more than some hundreds are taken in a second, so that a
storm of them costs those who are connected next to nothing; the rest waits in the kernel.
"""

import asyncio
import socket
import ssl
from collections.abc import Callable
from typing import Final

import structlog

from exchange.gateways.door import (
    HANDSHAKE_TIMEOUT_S,
    OUT_OF_RESOURCES_PAUSE_S,
    PAUSE_S,
    SHUTDOWN_TIMEOUT_S,
    TLS_PAUSE_S,
    Door,
    Farewell,
    Room,
    prepare,
    sockets_at,
    tell_off,
)
from exchange.metrics import Metric, Metrics
from exchange.throttle import source_of

log = structlog.get_logger()

MOST_MADE_UP: Final = 7
"""Connections taken at once beyond the first: two milliseconds of work."""

MakeProtocol = Callable[[str], asyncio.BaseProtocol]
"""Makes the protocol of a connection; its argument is the source."""


class Acceptor(Door):
    """One address that is listened on."""

    def __init__(
        self,
        make: MakeProtocol,
        room: Callable[[], Room],
        metrics: Metrics,
        farewell: Farewell = tell_off,
    ) -> None:
        """``make`` is given the source of each connection; the rest is the door's."""
        super().__init__(room, metrics, farewell)
        self._make = make
        self._tls: ssl.SSLContext | None = None
        self._loop = asyncio.get_running_loop()
        self._sockets: list[socket.socket] = []
        self._opening: set[asyncio.Task[None]] = set()
        self._resting: dict[socket.socket, asyncio.TimerHandle] = {}
        self._due: dict[socket.socket, int] = {}  # how many are taken next, if not one

    async def listen(self, host: str, port: int, tls: ssl.SSLContext | None) -> tuple[str, int]:
        """Start; the address it got (``port`` 0: any free one). A name may stand for several addresses.

        Raises:
            OSError: the address can't be had.
        """
        self._tls = tls
        self.allow_descriptors()
        found = await self._loop.getaddrinfo(
            host or None, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )
        self._sockets = sockets_at(found, port)
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
        self._due.clear()
        self._sockets.clear()
        for opening in self._opening:
            opening.cancel()

    # -- one connection --------------------------------------------------------------------------

    def _accept(self, listening: socket.socket) -> None:
        pause_s = PAUSE_S if self._tls is None else TLS_PAUSE_S
        for _ in range(self._due.pop(listening, 1)):
            try:
                connection, address = listening.accept()
            except (BlockingIOError, InterruptedError, ConnectionAbortedError):
                return
            except OSError as error:
                log.error("cannot_accept", reason=error.strerror)  # noqa: TRY400  # out of descriptors or memory
                pause_s = OUT_OF_RESOURCES_PAUSE_S
                break
            self._take(connection, source_of(address[0]))
        self._loop.remove_reader(listening)
        due_s = self._loop.time() + pause_s
        self._resting[listening] = self._loop.call_at(due_s, self._go_on, listening, due_s, pause_s)

    def _go_on(self, listening: socket.socket, due_s: float, pause_s: float) -> None:
        del self._resting[listening]
        # Of a rest that took longer than it should, on a machine that has no time for us, some is made up for: the
        # share of the time that connections cost stays what it was.
        late = int((self._loop.time() - due_s) / pause_s)
        self._due[listening] = 1 + min(late, MOST_MADE_UP)
        self._loop.add_reader(listening, self._accept, listening)

    def _take(self, connection: socket.socket, source: str) -> None:
        refusal = self.admit(source)
        if refusal is not None:
            self.turn_away(connection, refusal, secure=self._tls is not None)
            return
        self._metrics.add(Metric.CONNECTIONS)
        opening = self._loop.create_task(self._open(connection, source))
        self._opening.add(opening)
        opening.add_done_callback(self._opening.discard)

    async def _open(self, connection: socket.socket, source: str) -> None:
        secure = self._tls is not None
        try:
            prepare(connection)
            await self._loop.connect_accepted_socket(
                lambda: self._make(source),
                connection,
                ssl=self._tls,
                ssl_handshake_timeout=HANDSHAKE_TIMEOUT_S if secure else None,
                ssl_shutdown_timeout=SHUTDOWN_TIMEOUT_S if secure else None,
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

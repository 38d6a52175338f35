"""JSON lines over TCP or TLS: listens, keeps the connections, looks after their time-outs.

In: an address, a certificate if there is one. Out: connections that are served by the venue, until it
shuts down. The bounds of one connection are in ``exchange.gateways.connection``, those of all in
``exchange.gateways.acceptor``.
"""

import asyncio
import ssl

import structlog

from exchange.gateways.acceptor import Acceptor
from exchange.gateways.bounds import CHUNK, PATIENCE_S, SLICES, TICK_S, TIMED, Limits
from exchange.gateways.connection import TcpConnection
from exchange.gateways.door import Room
from exchange.turns import Turns
from exchange.venue import Venue
from protocol.clock import Clock

log = structlog.get_logger()


class TcpGateway:
    """One listening address, and its connections."""

    def __init__(self, venue: Venue, turns: Turns, limits: Limits, clock: Clock) -> None:
        self.venue = venue
        self.turns = turns
        self.limits = limits
        """Connections that begin from now on have these; set it to change them."""
        self.metrics = venue.metrics
        self.loop = asyncio.get_running_loop()
        self.address = ("", 0)
        """Where it listens, once it does."""
        self.is_secure = False
        # A view: through TLS asyncio writes into slices of it, and a slice of a bytearray is a copy.
        self.chunk = memoryview(bytearray(CHUNK))
        self._clock = clock
        self._connections: set[TcpConnection] = set()
        self._acceptor = Acceptor(lambda source: TcpConnection(self, source), self._room, self.metrics)
        self._closed = asyncio.Event()
        self._closed.set()

    async def listen(self, host: str, port: int, tls: ssl.SSLContext | None = None) -> tuple[str, int]:
        """Start to accept connections; the address it got (``port`` 0: any free one).

        ``tls``: another certificate that is loaded into it later serves the connections after that.

        Raises:
            OSError: the address can't be had.
        """
        self.is_secure = tls is not None
        self.address = await self._acceptor.listen(host, port, tls)
        return self.address

    def join(self, connection: TcpConnection) -> None:
        """A connection is open."""
        self._connections.add(connection)
        self._closed.clear()
        self.turns.join(connection.peer, connection)
        connection.log.debug("connected")

    def admit(self, source: str) -> str | None:
        """Count a connection that came another way; if there is no room for it the reason, and it is not counted."""
        return self._acceptor.admit(source)

    def released(self, source: str) -> None:
        """It is gone before it was served."""
        self._acceptor.released(source)

    def forget(self, connection: TcpConnection) -> None:
        """It is gone."""
        self.turns.leave(connection.peer)
        self._acceptor.released(connection.peer.source)
        self._connections.discard(connection)
        if not self._connections:
            self._closed.set()

    def _room(self) -> Room:
        return Room(self.limits.max_connections, self.limits.max_connections_per_source)

    async def keep_time(self) -> None:
        """Look after heartbeats and time-outs for ever."""
        while True:
            connections = list(self._connections)
            for part in range(SLICES):
                self._tick(connections[part::SLICES])
                self.turns.time_some_more(TIMED)
                await asyncio.sleep(TICK_S / SLICES)

    def tick(self) -> None:
        """Look after them once."""
        self._tick(list(self._connections))

    def _tick(self, connections: list[TcpConnection]) -> None:
        now_s = self._clock.monotonic_s()
        for connection in connections:
            connection.tick(now_s)

    async def shut_down(self, patience_s: float = PATIENCE_S) -> None:
        """Accept no more, tell everybody, and wait until all have their last bytes.

        Who has not read them after ``patience_s`` seconds is cut off.
        """
        self._acceptor.stop()
        for connection in list(self._connections):
            connection.shut_down()
        self.turns.schedule()
        try:
            async with asyncio.timeout(patience_s):
                await self._closed.wait()
        except TimeoutError:
            self.abort()
        log.info("counted", **self.metrics.counts())

    def abort(self) -> None:
        """Cut all connections."""
        self._acceptor.stop()
        for connection in list(self._connections):
            connection.abort()

"""JSON lines over TCP: bytes of one connection to its session and the venue, and back.

In: bytes. Out: bytes, at most one write a connection and turn of the loop. Policies, each with its
bound: commands wait (what a connection sends beyond ``max_in_flight`` unanswered lines stays in the
socket), market data conflates (a connection whose socket is full gets a fresh snapshot when it
reads again), private reports hang up (more than ``max_outgoing_bytes`` unread, and it is cut off).
"""

import asyncio
import socket
from dataclasses import dataclass
from typing import Final

import structlog

from exchange.peers import Peer
from exchange.turns import Turns
from exchange.venue import Venue
from protocol.clock import Clock
from protocol.errors import InvariantViolated, RemoteProtocolError, SessionBroken
from protocol.session import Inbound, ServerSession, SessionState
from protocol.vocabulary import ErrorCode

log = structlog.get_logger()

_HIGH_WATER: Final = 64 * 1024
"""Unsent bytes from which on market data passes a connection by: asyncio's own default."""

_KERNEL_BUFFER: Final = 256 * 1024
"""What the kernel may hold unsent for a connection. Left to itself it holds megabytes, and a slow
reader would be fed market data that is seconds old before anyone notices that it is slow."""

_CHUNK: Final = 256 * 1024
"""What is read from a socket at once, as in asyncio. One buffer serves all connections: a chunk is
dealt with before the loop reads the next. ``asyncio.Protocol`` makes a new buffer of this size for
every chunk, which took five times as long as reading it."""

TICK_S: Final = 1.0
"""How often heartbeats and time-outs are looked at."""


@dataclass(frozen=True, slots=True)
class Limits:
    """Bounds of one connection."""

    max_line_bytes: int
    max_in_flight: int
    max_outgoing_bytes: int
    login_timeout_s: float
    max_connections: int


class TcpConnection(asyncio.BufferedProtocol):
    """One client."""

    __slots__ = (
        "_chunk",
        "_eof",
        "_gateway",
        "_in_flight",
        "_limits",
        "_logged_in",
        "_reading",
        "_receive",
        "_transport",
        "_turns",
        "_venue",
        "_waiting",
        "log",
        "peer",
        "session",
    )

    def __init__(self, gateway: "TcpGateway") -> None:
        self._gateway = gateway
        self._venue = gateway.venue
        self._turns = gateway.turns
        self._limits = limits = gateway.limits
        self.session = ServerSession(
            max_line_bytes=limits.max_line_bytes, login_timeout_s=limits.login_timeout_s
        )
        self.peer = Peer(self.session)
        self._receive = self.session.receive_data
        self._chunk = gateway.chunk
        self._transport: asyncio.Transport | None = None
        self._in_flight = 0  # lines taken whose answers have not left
        self._waiting: list[Inbound] = []  # lines beyond the bound
        self._reading = True
        self._logged_in = False
        self._eof = False
        self.log = log

    # -- asyncio.BufferedProtocol ----------------------------------------------------------------

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        transport.set_write_buffer_limits(high=_HIGH_WATER)
        transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, _KERNEL_BUFFER)
        host, port, *_ = transport.get_extra_info("peername") or ("?", 0)
        self.log = log.bind(client=f"{host}:{port}")
        if not self._gateway.admit(self):
            text = f"{self._limits.max_connections} connections are open already"
            self._hang_up(ErrorCode.TOO_MANY_CONNECTIONS, text)

    def get_buffer(self, sizehint: int) -> bytearray:
        return self._gateway.buffer

    def buffer_updated(self, nbytes: int) -> None:
        inbound = self._receive(bytes(self._chunk[:nbytes]))
        if inbound:
            if self._waiting:
                self._waiting += inbound
            else:
                self._work(inbound)

    def eof_received(self) -> bool:
        # The client will ask nothing more, but is owed answers: keep the writing side.
        self._eof = True
        if not self._waiting:
            self._finish()
        return True

    def connection_lost(self, exc: Exception | None) -> None:
        if self.session.state is not SessionState.CLOSED:
            self.session.broken()
        self._waiting.clear()
        self._venue.leave(self.peer)
        self._gateway.forget(self)
        self.log.info("disconnected", account=self.peer.account, reason=str(exc) if exc else None)

    def pause_writing(self) -> None:
        self.peer.slow = True

    def resume_writing(self) -> None:
        self.peer.slow = False
        if self.peer.behind:
            self._venue.market_data.catch_up(self.peer)
            self._turns.schedule()

    # -- both ways -------------------------------------------------------------------------------

    def _work(self, inbound: list[Inbound]) -> None:
        """Give the venue as many lines as may be in flight."""
        room = self._limits.max_in_flight - self._in_flight
        if len(inbound) > room:
            self._waiting = inbound[room:]
            inbound = inbound[:room]
            self._pause_reading()
        self._in_flight += len(inbound)
        peer = self.peer
        try:
            self._venue.handle(peer, inbound)
        except InvariantViolated as error:
            self._turns.fail(error)
            return
        if peer.closing:
            self._waiting.clear()
        if not self._logged_in and peer.account is not None:
            self._logged_in = True
            self.log = self.log.bind(account=peer.account)
            self.log.info("logged_in")
        self._turns.schedule_after(peer)

    def send(self, data: bytes, *, last: bool) -> None:
        """Write what a turn made; its commands are safe. Then go on with what waits."""
        transport, peer = self._transport, self.peer
        if transport is None or transport.is_closing():
            return
        if data:
            transport.write(data)
        if last:
            transport.close()
            return
        if peer.slow:
            unread = transport.get_write_buffer_size()
            if unread > self._limits.max_outgoing_bytes:
                self.log.warning("slow_consumer_cut_off", unread_bytes=unread)
                transport.abort()
                return
        self._in_flight = 0
        if self._waiting:
            waiting, self._waiting = self._waiting, []
            # Not from within: another connection's output may be next in this turn.
            self._gateway.loop.call_soon(self._go_on, waiting)
        elif not self._reading:
            self._reading = True
            transport.resume_reading()

    def _go_on(self, waiting: list[Inbound]) -> None:
        if self._transport is None or self._transport.is_closing():
            return
        self._work(waiting)
        if self._eof and not self._waiting:
            self._finish()

    def _finish(self) -> None:
        """The input is over: say so when the last answer has left, and hang up."""
        if self.peer.closing:
            return
        try:
            self.session.end_of_data()
        except RemoteProtocolError as fault:
            self.session.fail(fault)
        if self.peer.account is not None:
            self.session.log_out("end of input")
        self.peer.closing = True
        self._venue.touch(self.peer)
        self._turns.schedule()

    def tick(self, now_s: float) -> None:
        """Heartbeats and time-outs."""
        if self.peer.closing:
            return
        try:
            self.session.tick(now_s)
        except SessionBroken as broken:
            code = ErrorCode.HEARTBEAT_MISSED if self.peer.account else ErrorCode.LOGIN_TIMEOUT
            self._hang_up(code, str(broken))
        else:
            if self.session.outbox:
                self._venue.touch(self.peer)
                self._turns.schedule()

    def shut_down(self) -> None:
        """The venue closes: say so, then hang up."""
        if self.peer.closing:
            return
        if self.peer.account is not None:
            self.session.log_out("the venue is shutting down")
            self.peer.closing = True
            self._venue.touch(self.peer)
        else:
            self._hang_up(ErrorCode.SHUTTING_DOWN, "the venue is shutting down")

    def abort(self) -> None:
        """Cut the connection; nothing more is sent."""
        if self._transport is not None:
            self._transport.abort()

    def _hang_up(self, code: ErrorCode, text: str) -> None:
        self.session.end_with(code, text)
        self.peer.closing = True
        self._venue.touch(self.peer)
        self._turns.schedule()
        self.log.info("hung_up", code=code, text=text)

    def _pause_reading(self) -> None:
        if self._reading and self._transport is not None:
            self._reading = False
            self._transport.pause_reading()


class TcpGateway:
    """Listens, and keeps the connections."""

    def __init__(self, venue: Venue, turns: Turns, limits: Limits, clock: Clock) -> None:
        self.venue = venue
        self.turns = turns
        self.limits = limits
        self.loop = asyncio.get_running_loop()
        self.buffer = bytearray(_CHUNK)
        self.chunk = memoryview(self.buffer)
        self._clock = clock
        self._connections: set[TcpConnection] = set()
        self._server: asyncio.Server | None = None
        self._closed = asyncio.Event()
        self._closed.set()

    async def listen(self, host: str, port: int) -> tuple[str, int]:
        """Start to accept connections; the address it got (``port`` 0: any free one).

        Raises:
            OSError: the address can't be had.
        """
        self._server = await self.loop.create_server(
            lambda: TcpConnection(self), host, port, backlog=1024, reuse_address=True
        )
        address = self._server.sockets[0].getsockname()
        return address[0], address[1]

    def admit(self, connection: TcpConnection) -> bool:
        """Count a new connection; ``False`` if there are too many."""
        self._connections.add(connection)
        self._closed.clear()
        self.turns.join(connection.peer, connection)
        connection.log.info("connected")
        return len(self._connections) <= self.limits.max_connections

    def forget(self, connection: TcpConnection) -> None:
        self.turns.leave(connection.peer)
        self._connections.discard(connection)
        if not self._connections:
            self._closed.set()

    async def keep_time(self) -> None:
        """Look after heartbeats and time-outs for ever."""
        while True:
            self.tick()
            await asyncio.sleep(TICK_S)

    def tick(self) -> None:
        """Look after them once."""
        now_s = self._clock.monotonic_s()
        for connection in list(self._connections):
            connection.tick(now_s)

    async def shut_down(self, patience_s: float = 2.0) -> None:
        """Accept no more, tell everybody, and wait until all have their last bytes.

        Who has not read them after ``patience_s`` seconds is cut off.
        """
        if self._server is not None:
            self._server.close()
        for connection in list(self._connections):
            connection.shut_down()
        self.turns.schedule()
        try:
            async with asyncio.timeout(patience_s):
                await self._closed.wait()
        except TimeoutError:
            self.abort()

    def abort(self) -> None:
        """Cut all connections."""
        if self._server is not None:
            self._server.close()
        for connection in list(self._connections):
            connection.abort()

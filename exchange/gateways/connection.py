"""One TCP connection: its bytes to its session and the venue, and back.

In: bytes. Out: bytes, at most one write a turn of the loop. Policies, each with its bound: commands wait
(what is sent beyond ``max_in_flight`` unanswered lines stays in the socket), market data conflates (a
connection whose socket is full gets a fresh snapshot when it reads again), private reports hang up
(more than ``max_outgoing_bytes`` unread: a last word, and it is cut off).
"""

from __future__ import annotations

import asyncio
from time import perf_counter_ns
from typing import TYPE_CHECKING, ClassVar, Final, cast

import structlog

from exchange.access import Refusal
from exchange.gateways.bounds import COUNTED, EFFORT, HIGH_WATER, LAST_WORD_S, REST_S
from exchange.metrics import Metric
from exchange.peers import Framing, Peer
from protocol.errors import InvariantViolated, RemoteProtocolError, SessionBroken
from protocol.session import Inbound, ServerSession
from protocol.session_life import SessionState
from protocol.vocabulary import ErrorCode

if TYPE_CHECKING:
    from exchange.gateways.bounds import Limits
    from exchange.gateways.tcp import TcpGateway

log = structlog.get_logger()

_LOGGING_IN: Final = SessionState.LOGGING_IN


class TcpConnection(asyncio.BufferedProtocol):
    """One client."""

    __slots__ = (
        "_chunk", "_closing_since_s", "_eof", "_faults", "_gateway", "_in_flight", "_limits", "_lingers", "_paused",
        "_reading", "_receive", "_rests", "_tls", "_transport", "_turns", "_venue", "_waiting", "log", "peer",
        "session",
    )  # fmt: skip

    _framing: ClassVar = Framing.LINES

    def __init__(self, gateway: TcpGateway, source: str) -> None:
        self._gateway = gateway
        self._venue = gateway.venue
        self._turns = gateway.turns
        self._limits = limits = gateway.limits
        self.session = self._new_session(limits)
        self.peer = Peer(self.session, source, self._framing)
        self.peer.on_login = self._login_decided
        self._receive = self.session.receive_data
        self._chunk = gateway.chunk
        self._transport: asyncio.Transport | None = None
        self._tls = False
        self._in_flight = 0  # lines taken whose answers have not left
        self._waiting: list[Inbound] = []  # lines beyond the bound
        self._reading = True
        self._paused = False  # the transport has enough to write
        self._eof = False
        self._faults = 0  # lines that could not be taken, as of its last rest
        self._rests = False
        self._lingers = False  # cut off, and given some time to read up to its last word
        self._closing_since_s: float | None = None
        self.log = log

    @property
    def via(self) -> str:
        return "tcp"

    @property
    def waiting(self) -> int:
        """Lines that were read and wait until those before them are answered."""
        return len(self._waiting)

    @property
    def unsent_bytes(self) -> int:
        """What the socket has not taken yet."""
        return 0 if self._transport is None else self._transport.get_write_buffer_size()

    def _new_session(self, limits: Limits) -> ServerSession:
        return ServerSession(
            max_line_bytes=limits.max_line_bytes,
            login_timeout_s=limits.login_timeout_s,
            line_timeout_s=limits.line_timeout_s,
        )

    # -- asyncio.BufferedProtocol ----------------------------------------------------------------

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport = cast("asyncio.Transport", transport)  # uvloop's are not derived from it
        self._tls = transport.get_extra_info("ssl_object") is not None
        transport.set_write_buffer_limits(high=HIGH_WATER)
        host, port, *_ = transport.get_extra_info("peername") or ("?", 0)
        self.log = log.bind(client=f"{host}:{port}")
        self._gateway.join(self)

    def get_buffer(self, sizehint: int) -> memoryview:
        return self._chunk

    def buffer_updated(self, nbytes: int) -> None:
        began_ns = perf_counter_ns() if self._turns.chunks_to_time else 0
        inbound = self._receive(bytes(self._chunk[:nbytes]))
        if inbound:
            if self._waiting:
                self._waiting += inbound
            else:
                self._work(inbound, began_ns)
        elif self.session.holds_back:
            self._pause_reading()
            self._go_on_soon()

    def eof_received(self) -> bool:
        # The client will ask nothing more, but is owed answers: keep the writing side. TLS has no such side.
        self._eof = True
        if self._lingers:
            return False
        if not self._waiting and not self.session.holds_back and not self._rests:
            self._finish()
        return not self._tls

    def connection_lost(self, exc: Exception | None) -> None:
        if self.session.state is not SessionState.CLOSED:
            self.session.broken()
        self._waiting.clear()
        self._turns.attempt(lambda: self._venue.leave(self.peer))
        self._gateway.forget(self)
        if self.peer.account is not None:
            self.log.info("disconnected", reason=str(exc) if exc else None)

    def pause_writing(self) -> None:
        self._paused = True
        self._venue.market_data.passes_by(self.peer)

    def resume_writing(self) -> None:
        self._paused = False
        if self._lingers:
            if self._transport is not None:
                self._end(self._transport)
            return
        if self.peer.backlog is not None:
            self._refill()
            return
        self.peer.slow = False
        self._catch_up()

    # -- both ways -------------------------------------------------------------------------------

    def _work(self, inbound: list[Inbound], began_ns: int) -> None:
        """Give the venue as many lines as may be in flight. ``began_ns``: when they came, if that is to be timed."""
        room = self._limits.max_in_flight - self._in_flight
        if len(inbound) > room:
            self._waiting = inbound[room:]
            inbound = inbound[:room]
            self._pause_reading()
        self._in_flight += len(inbound)
        peer = self.peer
        started_ns = perf_counter_ns() if began_ns else 0
        try:
            left = self._venue.handle(peer, inbound, EFFORT)
        except InvariantViolated as error:
            self._turns.fail(error)
            return
        if left:
            self._waiting = left + self._waiting
            self._pause_reading()
        if peer.closing:
            self._waiting.clear()
        elif self.session.holds_back:
            self._pause_reading()
        if peer.faults != self._faults:
            self._rest()
        if began_ns:
            self._turns.handled(began_ns, started_ns)
        self._turns.schedule_after(peer)

    def _login_decided(self, waiting: list[Inbound], refusal: Refusal | None) -> None:
        """What waited for the decision goes on after the answer to the login has left."""
        if refusal is None:
            peer = self.peer
            self.log = self.log.bind(account=peer.account, session=peer.session_id)
            self.log.info("logged_in", role=peer.role)
        elif refusal.code is ErrorCode.LOGIN_THROTTLED:
            self.log.debug("login_refused", code=refusal.code)  # a flood of them is no flood of lines
        else:
            self.log.info("login_refused", code=refusal.code)
        self._waiting = waiting
        if self._eof and not waiting and not self.session.holds_back and refusal is None:
            self._finish()
        self._turns.schedule()

    def send(self, data: bytes, *, last: bool) -> None:
        """Write what a turn made; its commands are safe. Then go on with what waits."""
        transport, peer = self._transport, self.peer
        if transport is None or transport.is_closing():
            return
        if data:
            transport.write(data)
        if last:
            if not self._lingers:
                self._end(transport)
            return
        if peer.slow:
            unread = transport.get_write_buffer_size()
            if unread > self._limits.max_outgoing_bytes:
                self._cut_off(transport, unread)
                return
            self._speed_up()
        self._in_flight = 0
        if not self._reading or self._waiting:
            self._go_on_soon()

    def tell(self, data: bytes) -> None:
        """Write public lines. Who was passed by because too many waited for him is shown how things stand after them."""
        transport = self._transport
        if transport is None or transport.is_closing() or self._lingers:
            return
        transport.write(data)
        if self.peer.slow:
            self._speed_up()

    def _speed_up(self) -> None:
        """Something was written to a peer that is slow: what it has still to be given, if its socket has room."""
        if self._paused:
            return
        if self.peer.backlog is not None:
            self._refill()
        else:
            self.peer.slow = False
            self._catch_up()

    def _go_on_soon(self) -> None:
        # Not from within: another connection's output may be next in this turn.
        self._gateway.loop.call_soon(self._go_on)

    def _go_on(self) -> None:
        """Handle what waits, then what the session holds back; when there is nothing of either, read again."""
        session = self.session
        if self._transport is None or self._transport.is_closing() or self.peer.closing:
            return
        if session.state is _LOGGING_IN or self._rests:
            return  # it goes on when that is decided, or over
        began_ns = perf_counter_ns() if self._turns.chunks_to_time else 0
        waiting, self._waiting = self._waiting, []
        inbound = waiting or session.more()
        if inbound:
            self._work(inbound, began_ns)
        elif session.holds_back:
            self._go_on_soon()
        else:
            self._resume_reading()
        if self._eof and not self._waiting and not session.holds_back:
            self._finish()

    def _rest(self) -> None:
        """Lines that can't be taken are cheap to send and dear to answer: who sends some has to wait a little."""
        self._faults = self.peer.faults
        self._rests = True
        self._pause_reading()
        self._gateway.loop.call_later(REST_S, self._rested)

    def _rested(self) -> None:
        self._rests = False
        self._go_on()

    def _refill(self) -> None:
        """The socket can take more of the old messages that the peer asked for."""
        self._venue.reports.refill(self.peer)
        self._catch_up()

    def _catch_up(self) -> None:
        self._venue.market_data.catch_up(self.peer)
        self._turns.schedule()

    def _cut_off(self, transport: asyncio.Transport, unread: int) -> None:
        """Too much is unread: nothing more is put there but a last word, and it has not for ever to read it.

        What it sends meanwhile is read and thrown away: closed over unread input, a socket forgets its output.
        """
        self._gateway.metrics.add(Metric.SLOW_CONSUMERS)
        self.log.warning("slow_consumer_cut_off", unread_bytes=unread)
        self._turns.attempt(lambda: self._venue.leave(self.peer))
        # What is in the outbox was not committed, and so may not leave; its account finds it on resume.
        self.session.outbox.clear()
        self.session.end_with(ErrorCode.SLOW_CONSUMER, f"{unread} bytes were left unread")
        self.peer.closing = self._lingers = True
        self._waiting.clear()
        transport.write(self.session.data_to_send())
        self._resume_reading()

    def _finish(self) -> None:
        """The input is over: say so when the last answer has left, and hang up."""
        if self.peer.closing:
            return
        self._turns.attempt(lambda: self._venue.end_session(self.peer))
        try:
            self.session.end_of_data()
        except RemoteProtocolError as fault:
            self.session.fail(fault)
        if self.peer.account is not None:
            self.session.log_out("end of input")
        self._close()

    def tick(self, now_s: float) -> None:
        """Heartbeats and time-outs."""
        if self.peer.closing:
            if self._closing_since_s is None:
                self._closing_since_s = now_s
            elif now_s - self._closing_since_s > LAST_WORD_S:
                self.abort()
            return
        try:
            self.session.tick(now_s, listening=self._reading)
        except SessionBroken as broken:
            self._hang_up(broken.code or ErrorCode.HEARTBEAT_MISSED, broken.text)
        else:
            if self.session.outbox:
                self._venue.touch(self.peer)
                self._turns.schedule()

    def shut_down(self) -> None:
        """The venue closes: say so, then hang up."""
        if self.peer.closing:
            return
        text = "the venue is shutting down"
        if self.peer.account is None:
            self._hang_up(ErrorCode.SHUTTING_DOWN, text)
            return
        self._turns.attempt(lambda: self._venue.end_session(self.peer))
        self.session.log_out(text)
        self._close()

    def abort(self) -> None:
        """Cut the connection; nothing more is sent."""
        if self._transport is not None:
            self._transport.abort()

    def _hang_up(self, code: ErrorCode, text: str) -> None:
        if code in COUNTED:
            self._gateway.metrics.add(COUNTED[code])
        self._turns.attempt(lambda: self._venue.hang_up(self.peer, code, text))
        self.log.info("hung_up", code=code, text=text)

    def _close(self) -> None:
        """Hang up once what is in the outbox has left."""
        self.peer.closing = True
        self._venue.touch(self.peer)
        self._turns.schedule()

    def _end(self, transport: asyncio.Transport) -> None:
        """The last word is written."""
        transport.close()

    def _resume_reading(self) -> None:
        if not self._reading and self._transport is not None:
            self._reading = True
            self._transport.resume_reading()

    def _pause_reading(self) -> None:
        if self._reading and self._transport is not None:
            self._reading = False
            self._transport.pause_reading()

"""One connection: its bytes to its session and the venue, and back.

In: bytes. Out: bytes, one write a turn. Two tasks, each written down in the order in which things happen. The reader
reads, hands the venue what it may have, and waits for the answers when it may have no more: it does not read meanwhile, and so the
client has to wait, too. The writer sleeps until the socket is full, or until there is a last word to see off. The
policies are those of ``exchange.gateways.connection``, where flags and callbacks say what a place in the code says here.
"""

from __future__ import annotations

from collections.abc import Generator
from time import perf_counter_ns
from typing import TYPE_CHECKING, Any, Final

import structlog

from exchange.access import Refusal
from exchange.gateways.bounds import COUNTED, EFFORT, HIGH_WATER, LAST_WORD_S, REST_S
from exchange.metrics import Metric
from exchange.peers import Peer
from legacy.errors import BadDescriptor
from legacy.streams import Stream
from legacy.traps import WaitReadable, flow, pause, sleep, spawn, trap
from legacy.waiting import Event, WaitQueue
from protocol.errors import InvariantViolated, RemoteProtocolError, SessionBroken
from protocol.session import Inbound, ServerSession
from protocol.session_life import SessionState
from protocol.vocabulary import ErrorCode

if TYPE_CHECKING:
    from legacy.venue.gateway import Gateway

log = structlog.get_logger()

_LOW_WATER: Final = HIGH_WATER // 4
"""Unsent bytes at which a connection has room again: asyncio's own default."""

_LOGGING_IN: Final = SessionState.LOGGING_IN


class Connection:
    """One client."""

    __slots__ = (
        "_answers", "_closing_since_s", "_decision", "_ending", "_faults", "_gateway", "_in_flight", "_is_over", "_limits",
        "_listening", "_paused", "_reason", "_stream", "_turns", "_unsent", "_venue", "_waiting", "_work", "client", "log",
        "peer",        "session",
    )  # fmt: skip

    def __init__(self, gateway: Gateway, stream: Stream, source: str) -> None:
        self._gateway = gateway
        self._venue = gateway.venue
        self._turns = gateway.turns
        self._limits = limits = gateway.limits
        self._stream = stream
        self.session = ServerSession(
            max_line_bytes=limits.max_line_bytes,
            login_timeout_s=limits.login_timeout_s,
            line_timeout_s=limits.line_timeout_s,
        )
        self.peer = Peer(self.session, source)
        self.peer.on_login = self._login_decided
        self._in_flight = 0  # lines taken whose answers have not left
        self._waiting: list[Inbound] = []  # lines that were read and not taken yet
        self._faults = 0  # lines that could not be taken, as of its last rest
        self._is_over = False  # the client will send no more
        self._listening = True  # the reader reads; otherwise it waits for something else
        self._answers = WaitQueue("answers to leave")
        self._decision = WaitQueue("a login to be decided")
        self._unsent = bytearray()
        self._work = Event("a full socket, or a last word")
        self._paused = False  # there is enough to write
        self._ending = False  # the last word is written
        self._reason: str | None = None  # why it broke
        self._closing_since_s: float | None = None
        host, port, *_ = stream.peer or ("?", 0)
        self.client = f"{host}:{port}"
        self.log = log.bind(client=self.client)

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
        return len(self._unsent)

    # -- the two tasks ---------------------------------------------------------------------------

    @flow
    def serve(self) -> Generator[Any, Any, None]:
        """The writer, from the first byte to the last; the reader is its child, and ends with it."""
        stream = self._stream
        try:
            yield from spawn(self._read(), name=f"{self.client} reads")
            while not (self._ending and not self._unsent) and not stream.is_closed:
                yield from self._work.wait()
                self._work.clear()
                while self._unsent:
                    yield from stream.writable()
                    self._write_more()
        except (OSError, BadDescriptor) as error:
            self._break(error)
        finally:
            stream.close()
            self._gone()

    @flow
    def _read(self) -> Generator[Any, Any, None]:
        """The reader."""
        turns = self._turns
        read_into, chunk = self._stream.read_into, self._gateway.chunk
        something = WaitReadable(self._stream.sock)  # one for all times: it never changes
        try:
            # With TLS, something may have come together with the end of the handshake.
            if self._take_in(b"", 0):
                yield from self._work_off()
            while not self._is_over:
                yield from trap(something)
                size = read_into(chunk)
                if size is None:
                    continue
                if not size:
                    break
                began_ns = perf_counter_ns() if turns.chunks_to_time else 0
                if self._take_in(bytes(chunk[:size]), began_ns):
                    yield from self._work_off()
        except (OSError, BadDescriptor) as error:
            self._break(error)
        except Exception:
            self.abort()  # a fault of ours: it is told, the connection is cut, the venue goes on
            raise
        else:
            self._finish()

    def _take_in(self, data: bytes, began_ns: int) -> bool:
        """Hand over what came; whether not all of it could be, or the reader has to wait for another reason.
        ``began_ns``: when it came, if that is to be timed.
        """
        inbound = self._receive(data)
        if inbound:
            self._hand_over(inbound, began_ns)
        return bool(self._waiting) or self.session.holds_back or self.peer.faults != self._faults

    def _receive(self, data: bytes) -> list[Inbound]:
        return self.session.receive_data(data)

    @flow
    def _work_off(self) -> Generator[Any, Any, None]:
        """Hand over what waits, then what the session holds back; until there is nothing of either, read no more."""
        session, peer = self.session, self.peer
        self._listening = False
        while not peer.closing:
            if peer.faults != self._faults:
                # Lines that can't be taken are cheap to send and dear to answer: who sends some has to wait a little.
                self._faults = peer.faults
                yield from sleep(REST_S)
            elif session.state is _LOGGING_IN:
                yield from self._decision.park()
            elif self._in_flight:
                yield from self._answers.park()
            elif self._waiting or session.holds_back:
                yield from pause()
                began_ns = perf_counter_ns() if self._turns.chunks_to_time else 0
                waiting, self._waiting = self._waiting, []
                inbound = waiting or session.more()
                if inbound:
                    self._hand_over(inbound, began_ns)
            else:
                break
        self._listening = True

    def _hand_over(self, inbound: list[Inbound], began_ns: int) -> None:
        """Give the venue as many lines as may be in flight."""
        room = self._limits.max_in_flight - self._in_flight
        if len(inbound) > room:
            self._waiting = inbound[room:]
            inbound = inbound[:room]
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
        if peer.closing:
            self._waiting.clear()
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
        self._decision.wake_all()
        self._turns.schedule()

    # -- output ----------------------------------------------------------------------------------

    def send(self, data: bytes, *, last: bool) -> None:
        """Write what a turn made; its commands are safe. Whoever waits for that goes on."""
        if self._ending or self._stream.is_closed:
            return
        if data:
            self._write(data)
        if last:
            self._end_output()
            return
        if self.peer.slow:
            unread = len(self._unsent)
            if unread > self._limits.max_outgoing_bytes:
                self._cut_off(unread)
                return
            self._speed_up()
        self._in_flight = 0
        if self._answers:
            self._answers.wake_all()

    def tell(self, data: bytes) -> None:
        """Write public lines. Who was passed by because too many waited for him is shown how things stand after them."""
        if self._ending or self._stream.is_closed:
            return
        self._write(data)
        if self.peer.slow:
            self._speed_up()

    def _write(self, data: bytes) -> None:
        self._write_raw(data)

    def _write_raw(self, data: bytes) -> None:
        """To the socket if it takes it all, else the rest is the writer's."""
        if not self._unsent:
            try:
                sent = self._stream.write_some(data)
            except (OSError, BadDescriptor) as error:
                self._break(error)
                return
            if sent == len(data):
                return
            data = data[sent:]
        self._unsent += data
        self._work.set()
        if not self._paused and len(self._unsent) > HIGH_WATER:
            self._paused = True
            self._venue.market_data.passes_by(self.peer)

    def _write_more(self) -> None:
        """The socket has room."""
        unsent = self._unsent
        with memoryview(unsent) as view:
            sent = self._stream.write_some(view)
        del unsent[:sent]
        if self._paused and len(unsent) <= _LOW_WATER:
            self._paused = False
            if not self._ending:
                self._speed_up()

    def _speed_up(self) -> None:
        """What a peer that was passed by has still to be given, if its socket has room."""
        peer = self.peer
        if self._paused:
            return
        if peer.backlog is not None:
            self._venue.reports.refill(peer)  # old messages that it asked for
        else:
            peer.slow = False
        self._venue.market_data.catch_up(peer)
        self._turns.schedule()

    def _cut_off(self, unread: int) -> None:
        """Too much is unread: nothing more is put there but a last word, and it has not for ever to read it.

        What it sends meanwhile is read and thrown away: closed over unread input, a socket forgets its output.
        """
        self._gateway.metrics.add(Metric.SLOW_CONSUMERS)
        self.log.warning("slow_consumer_cut_off", unread_bytes=unread)
        self._turns.attempt(lambda: self._venue.leave(self.peer))
        # What is in the outbox was not committed, and so may not leave; its account finds it on resume.
        self.session.outbox.clear()
        self.session.end_with(ErrorCode.SLOW_CONSUMER, f"{unread} bytes were left unread")
        self.peer.closing = True
        self._waiting.clear()
        self._answers.wake_all()
        self._write(self.session.data_to_send())
        self._end_output()

    def _end_output(self) -> None:
        """The last word is written."""
        self._ending = True
        self._work.set()

    # -- the end ---------------------------------------------------------------------------------

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
            self.session.tick(now_s, listening=self._listening)
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
        self._stream.close()
        self._work.set()

    def _break(self, error: Exception) -> None:
        """The socket is of no use any more."""
        if not self._stream.is_closed:
            self._reason = str(error)
            self.abort()

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

    def _gone(self) -> None:
        """The socket is closed."""
        if self.session.state is not SessionState.CLOSED:
            self.session.broken()
        self._waiting.clear()
        self._turns.attempt(lambda: self._venue.leave(self.peer))
        self._gateway.forget(self)
        if self.peer.account is not None:
            self.log.info("disconnected", reason=self._reason)

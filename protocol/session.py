"""Both ends of a session, without I/O.

In: bytes from the peer, messages from our side, the time. Out: messages from the peer with their
line numbers, bytes for the peer. A session owns its state, its liveness and its outbox; it knows
neither sockets nor orders. The life of either end is the table in ``protocol.session_life``.

Contract for both roles: call ``receive_data`` for every chunk and handle what it returns in order;
call ``end_of_data`` when the peer closes; call ``tick`` about once a second; write what
``data_to_send`` returns. Messages leave in the order in which they were put into ``outbox``, so a
private answer put there before the public print of the same event also arrives before it.

The venue's end may hold lines back: while a login is being decided, and when so much came at once that others
would have to wait. ``welcome`` and ``more`` hand out what was held back; until nothing is, read no more.
"""

from collections.abc import Iterable
from typing import Final, get_args

import msgspec

from protocol.codec import client_message_decoder, encode_all, server_message_decoder
from protocol.errors import LocalProtocolError, RemoteProtocolError, SequenceGap, SessionBroken
from protocol.fields import Message
from protocol.framing import MAX_LINE_BYTES, LineBuffer
from protocol.messages import Copy, Error, Heartbeat, LoggedOut, Login, Logout, PrivateMessage, Welcome
from protocol.session_life import SessionEvent, SessionState, next_state
from protocol.vocabulary import AccountId, ErrorCode, Role, Sequence

MISSED_HEARTBEATS: Final = 3
"""Silent intervals after which the peer counts as gone; FIX venues allow two to three."""

MAX_WAITING_BYTES: Final = 512 * 1024
"""What may arrive while a login is being decided: two chunks of a socket."""

_MOST_AT_ONCE: Final = 64
"""Lines looked at one by one before others have their turn: a chunk of two bytes each would take a second."""

_MOST_OF_A_CHUNK: Final = 8192
"""More lines than that in one chunk are hardly messages: a quarter of a megabyte of orders has three thousand."""

Inbound = tuple[int, Message | RemoteProtocolError]
"""A line number, and the message on that line or what is wrong with it."""


# Decoders hold no state between calls; one of each serves all sessions of a process.
_client_messages: Final = client_message_decoder()
_server_messages: Final = server_message_decoder()

_SESSION_MESSAGES: Final = frozenset[type]((Login, Logout, Heartbeat))
"""What the session acts on by itself; everything else passes through while it is active."""

_PRIVATE: Final = frozenset[type](get_args(PrivateMessage))


class _Session:
    """What both roles share: framing, outbox, liveness."""

    def __init__(self, max_line_bytes: int) -> None:
        self.state = SessionState.OPEN
        self.account: AccountId | None = None
        self.heartbeat_s = 0
        self.outbox: list[Message | msgspec.Raw] = []
        """Messages for the peer, in order; append to it, and let ``data_to_send`` empty it."""
        self._buffer = LineBuffer(max_line_bytes)
        # Times are taken in ``tick`` only: between two ticks it is enough to know *that* something
        # came or went, and the hot path stays free of clocks.
        self._heard = True
        self._spoke = False
        self._last_heard_s: float | None = None
        self._last_spoke_s = 0.0

    def data_to_send(self) -> bytes:
        """Everything in the outbox as bytes; the outbox is empty afterwards."""
        if not self.outbox:
            return b""
        self._spoke = True
        data = encode_all(self.outbox)
        self.outbox.clear()
        return data

    def end_of_data(self) -> None:
        """The peer will send no more.

        Raises:
            RemoteProtocolError: in the middle of a line.
        """
        self._buffer.end()

    def broken(self) -> None:
        """The connection is gone, or we are about to cut it."""
        self._go(SessionEvent.BREAK)

    def _go(self, event: SessionEvent) -> None:
        self.state = next_state(self.state, event)

    def _tick(self, now_s: float) -> None:
        if self._heard or self._last_heard_s is None:
            self._last_heard_s = now_s
            self._heard = False
        if self._spoke:
            self._last_spoke_s = now_s
            self._spoke = False
        if self.state is not SessionState.ACTIVE or not self.heartbeat_s:
            return
        silent_s = now_s - self._last_heard_s
        if silent_s > MISSED_HEARTBEATS * self.heartbeat_s:
            text = f"nothing heard for {silent_s:.0f} s at a heartbeat of {self.heartbeat_s} s"
            raise SessionBroken(text, ErrorCode.HEARTBEAT_MISSED)
        if now_s - self._last_spoke_s >= self.heartbeat_s:
            self.outbox.append(Heartbeat())


class ServerSession(_Session):
    """The venue's end. States used: open, logging in, active, closed."""

    def __init__(
        self,
        *,
        max_line_bytes: int = MAX_LINE_BYTES,
        login_timeout_s: float = 60.0,
        line_timeout_s: float = 30.0,
    ) -> None:
        super().__init__(max_line_bytes)
        self._login_timeout_s = login_timeout_s
        self._line_timeout_s = line_timeout_s
        self._opened_s: float | None = None
        self._line_in_progress = 0  # the line that was unfinished at the last tick; 0: none
        self._line_since_s = 0.0
        self.ended_by: ErrorCode | None = None  # the code of the last word, if that was an error
        self._fatal: RemoteProtocolError | None = None  # a fault after which nothing is looked at
        self._held = False
        self._waiting = b""  # whole lines that are held back
        self._first_waiting = 0  # the number of the first of them

    @property
    def holds_back(self) -> bool:
        """Whether lines are held back, or would be: a login is being decided, or ``more`` has some."""
        return self._held

    def receive_data(self, data: bytes) -> list[Inbound]:
        """Messages and faults in the order of their lines.

        ``Login`` is returned for the venue to decide, with ``welcome`` or ``end_with``; until then nothing
        else is returned. ``Logout`` is returned with the session closed already. Heartbeats are
        swallowed. After a logout or an overlong line nothing is returned any more.
        """
        self._heard = True
        buffer = self._buffer
        first_line = buffer.lines + 1
        lines = buffer.feed(data)
        if not lines:
            inbound: list[Inbound] | None = []
        elif self._held:
            inbound = self._hold_more(lines, first_line)
        elif self.state is SessionState.CLOSED:
            inbound = []
        elif self.state is SessionState.ACTIVE and buffer.lines - first_line < _MOST_OF_A_CHUNK:
            inbound = _client_messages.decode_plain(lines, first_line, _SESSION_MESSAGES)
        else:
            inbound = None
        if inbound is None:
            inbound = self._admit(lines, first_line)
        if buffer.overlong:
            inbound += self._break_off(buffer.fault())
        return inbound

    def more(self) -> list[Inbound]:
        """The next of what was held back; nothing while a login is being decided."""
        if self.state is SessionState.LOGGING_IN:
            return []
        lines, self._waiting, self._held = self._waiting, b"", False
        inbound = self._admit(lines, self._first_waiting)
        return inbound if self._fatal is None else inbound + self._break_off(self._fatal)

    def _admit(self, lines: bytes, first_line: int) -> list[Inbound]:
        """Look at lines one by one, so many at once; the rest is held back."""
        *_, rest = lines.split(b"\n", _MOST_AT_ONCE)
        admitted: list[Inbound] = []
        for line, message in _client_messages.decode(lines.removesuffix(rest), first_line):
            logged_in = self.state is SessionState.ACTIVE
            match message:
                case RemoteProtocolError():
                    pass
                case Heartbeat() if logged_in:
                    continue
                case Login() if not logged_in:
                    self._go(SessionEvent.LOGIN)
                    self._hold(lines.split(b"\n", line - first_line + 1)[-1], line + 1)
                    return [*admitted, (line, message)]
                case Login():
                    text = f"this connection is logged in as {self.account}"
                    message = RemoteProtocolError(ErrorCode.ALREADY_LOGGED_IN, text, line)
                case Logout() if logged_in:
                    self._go(SessionEvent.LOGGED_OUT)
                    return [*admitted, (line, message)]
                case _ if not logged_in:
                    text = 'log in first: {"type":"login","account":"NAME"}'
                    message = RemoteProtocolError(ErrorCode.NOT_LOGGED_IN, text, line)
            admitted.append((line, message))
        if rest:
            self._hold(rest, first_line + _MOST_AT_ONCE)
        return admitted

    def _hold(self, lines: bytes, first_line: int) -> None:
        self._waiting, self._first_waiting = lines, first_line
        self._held = True

    def _hold_more(self, lines: bytes, first_line: int) -> list[Inbound]:
        self._first_waiting = self._first_waiting if self._waiting else first_line
        self._waiting += lines
        if self.state is not SessionState.LOGGING_IN or len(self._waiting) <= MAX_WAITING_BYTES:
            return []
        self._held = False
        text = f"more than {MAX_WAITING_BYTES} bytes came before the answer to the login"
        return self._break_off(RemoteProtocolError(ErrorCode.NOT_LOGGED_IN, text, first_line))

    def _break_off(self, fault: RemoteProtocolError) -> list[Inbound]:
        """After this fault nothing has a meaning: the end, once what stands in front of it is dealt with."""
        self._fatal = self._fatal or fault
        if self.state is SessionState.CLOSED or self._held:
            return []
        self._end()
        return [(self._fatal.line, self._fatal)]

    def ends_with(self, fault: RemoteProtocolError) -> bool:
        """Whether this fault is the end of the session, and not just a line that could not be taken."""
        return fault is self._fatal

    def _end(self) -> None:
        self._go(SessionEvent.BREAK)
        self._waiting, self._held = b"", False

    def welcome(self, message: Welcome) -> list[Inbound]:
        """Let the peer in; the first of what it sent after its login is to be handled now."""
        self._go(SessionEvent.WELCOME)
        self.account = message.account
        self.heartbeat_s = message.heartbeat_s
        self.outbox.append(message)
        return self.more()

    def log_out(self, text: str) -> None:
        """Say the last word; the connection is to be closed when it is written."""
        if self.state is not SessionState.CLOSED:
            self._go(SessionEvent.LOGGED_OUT)
        self.outbox.append(LoggedOut(text=text))

    def fail(self, fault: RemoteProtocolError) -> None:
        """Answer a faulty line."""
        if fault is self._fatal:
            self.ended_by = fault.code
        self.outbox.append(Error(code=fault.code, text=fault.text, line=fault.line))

    def end_with(self, code: ErrorCode, text: str, line: int | None = None) -> None:
        """Say why the venue hangs up; the connection is to be closed when it is written."""
        self._end()
        self.ended_by = code
        self.outbox.append(Error(code=code, text=text, line=line))

    def tick(self, now_s: float, *, listening: bool = True) -> None:
        """Put a heartbeat into the outbox when one is due. ``now_s``: monotonic seconds.

        ``listening``: whether what the peer sends is being read; if not, no line has to end.

        Raises:
            SessionBroken: too long silent, not logged in, or in a line without an end; ``code`` says which.
        """
        if self._opened_s is None:
            self._opened_s = now_s
        if self.account is None and now_s - self._opened_s > self._login_timeout_s:
            raise SessionBroken(f"no login within {self._login_timeout_s:.0f} s", ErrorCode.LOGIN_TIMEOUT)
        self._watch_line(now_s, listening)
        self._tick(now_s)

    def _watch_line(self, now_s: float, listening: bool) -> None:
        buffer = self._buffer
        line = buffer.lines + 1 if buffer.in_line and listening else 0
        if line != self._line_in_progress:
            self._line_in_progress, self._line_since_s = line, now_s
        elif line and now_s - self._line_since_s > self._line_timeout_s:
            text = f"line {line} did not end within {self._line_timeout_s:.0f} s"
            raise SessionBroken(text, ErrorCode.LINE_TIMEOUT)


class ClientSession(_Session):
    """The trader's end. Checks that the private stream has no gap, nor any that it gets copies of."""

    def __init__(self, *, max_line_bytes: int = 64 * MAX_LINE_BYTES) -> None:
        # Lines of the venue may be long: a welcome lists every open order, a snapshot every level.
        super().__init__(max_line_bytes)
        self.private_seq: Sequence = 0
        """Number of the last private message."""
        self.copied_seq: dict[AccountId, Sequence] = {}
        """Number of the last message copied, by account."""
        self._resume_from: Sequence | None = None

    def log_in(
        self,
        account: AccountId,
        *,
        heartbeat_s: int = 0,
        secret: str | None = None,
        role: Role | None = None,
        resume_from: Sequence | None = None,
        cancel_on_disconnect: bool = False,
        copy_from: Iterable[tuple[AccountId, Sequence]] = (),
    ) -> None:
        """Put a login into the outbox; the fields of ``Login`` say what each means."""
        self._go(SessionEvent.LOGIN)
        self.account = account
        self.heartbeat_s = heartbeat_s
        self._resume_from = resume_from
        copies = list(copy_from)
        self.copied_seq = {copied: first - 1 for copied, first in copies}
        self.outbox.append(
            Login(account, heartbeat_s, secret, role, resume_from, cancel_on_disconnect, copies)
        )

    def send(self, message: Message) -> None:
        """Put a request into the outbox.

        Raises:
            LocalProtocolError: the session is not active.
        """
        if self.state is not SessionState.ACTIVE:
            raise LocalProtocolError(f"{type(message).__name__} is not possible while {self.state}")
        self.outbox.append(message)

    def log_out(self) -> None:
        """Put a logout into the outbox; the venue answers with its last word."""
        self._go(SessionEvent.LOGOUT)
        self.outbox.append(Logout())

    def receive_data(self, data: bytes) -> list[Message]:
        """Messages of the venue in order; heartbeats are swallowed.

        A fault ends the session, and messages in front of it in the same chunk are lost with it:
        what was copied from the venue has to be fetched anew at the next login anyway.

        Raises:
            RemoteProtocolError: a line is no message of this protocol.
            SequenceGap: a private message is missing, or one of those copied.
        """
        if self.state is SessionState.CLOSED:
            return []
        self._heard = True
        buffer = self._buffer
        first_line = buffer.lines + 1
        lines = buffer.feed(data)
        messages: list[Message] = []
        for line, message in _server_messages.decode(lines, first_line) if lines else ():
            if isinstance(message, RemoteProtocolError):
                self._go(SessionEvent.BREAK)
                raise message
            if type(message) in _PRIVATE:
                seq: Sequence = message.seq  # type: ignore[attr-defined]  # all of them have one
                if seq != self.private_seq + 1:
                    self._go(SessionEvent.BREAK)
                    raise SequenceGap("the private stream", self.private_seq + 1, seq)
                self.private_seq = seq
            elif isinstance(message, Copy):
                self._count_copy(message)
            elif isinstance(message, Heartbeat):
                continue
            elif isinstance(message, Welcome):
                self._welcomed(message, line)
            elif isinstance(message, LoggedOut):
                self._go(SessionEvent.LOGGED_OUT)
                return [*messages, message]
            messages.append(message)
        if buffer.overlong:
            self._go(SessionEvent.BREAK)
            raise buffer.fault()
        return messages

    def _welcomed(self, message: Welcome, line: int) -> None:
        if self.state is not SessionState.LOGGING_IN:
            self._go(SessionEvent.BREAK)
            raise RemoteProtocolError(ErrorCode.ALREADY_LOGGED_IN, "a second welcome", line)
        if self._resume_from is not None and message.seq != self._resume_from - 1:
            self._go(SessionEvent.BREAK)
            raise SequenceGap("the private stream", self._resume_from, message.seq + 1)
        self._go(SessionEvent.WELCOME)
        self.private_seq = message.seq

    def _count_copy(self, copy: Copy) -> None:
        """A copy has come; of an account that was not asked for by number the first one may have any."""
        seq = copy.report.seq
        expected = self.copied_seq.get(copy.account, seq - 1) + 1
        if seq != expected:
            self._go(SessionEvent.BREAK)
            raise SequenceGap(f"the copy of {copy.account}", expected, seq)
        self.copied_seq[copy.account] = seq

    def tick(self, now_s: float) -> None:
        """Put a heartbeat into the outbox when one is due. ``now_s``: monotonic seconds.

        Raises:
            SessionBroken: the venue has been silent for too long.
        """
        self._tick(now_s)

"""Both ends of a session, without I/O.

In: bytes from the peer, messages from our side, the time. Out: messages from the peer with their
line numbers, bytes for the peer. A session owns its state, its liveness and its outbox; it knows
neither sockets nor orders. The life of either end is the table below; docs/reference/protocol.md
draws it.

Contract for both roles: call ``receive_data`` for every chunk and handle what it returns in order;
call ``end_of_data`` when the peer closes; call ``tick`` about once a second; write what
``data_to_send`` returns. Messages leave in the order in which they were put into ``outbox``, so a
private answer put there before the public print of the same event also arrives before it.
"""

from enum import StrEnum
from typing import Final

import msgspec

from protocol.codec import client_message_decoder, encode_all, server_message_decoder
from protocol.errors import LocalProtocolError, RemoteProtocolError, SequenceGap, SessionBroken
from protocol.fields import Message
from protocol.framing import MAX_LINE_BYTES, LineBuffer
from protocol.messages import Error, Heartbeat, LoggedOut, Login, Logout, PrivateMessage, Welcome
from protocol.vocabulary import AccountId, ErrorCode, Sequence

MISSED_HEARTBEATS: Final = 3
"""Silent intervals after which the peer counts as gone; FIX venues allow two to three."""


class SessionState(StrEnum):
    OPEN = "open"  # connected, not logged in
    LOGGING_IN = "logging in"  # client only: login sent, welcome awaited
    ACTIVE = "active"
    LOGGING_OUT = "logging out"  # client only: logout sent, the venue's last word awaited
    CLOSED = "closed"


class SessionEvent(StrEnum):
    LOGIN = "login"
    WELCOME = "welcome"
    LOGOUT = "logout"
    LOGGED_OUT = "logged_out"
    BREAK = "break"  # fatal fault, or the connection is gone


TRANSITIONS: Final[dict[tuple[SessionState, SessionEvent], SessionState]] = {
    (SessionState.OPEN, SessionEvent.LOGIN): SessionState.LOGGING_IN,
    (SessionState.OPEN, SessionEvent.LOGGED_OUT): SessionState.CLOSED,
    (SessionState.OPEN, SessionEvent.BREAK): SessionState.CLOSED,
    (SessionState.LOGGING_IN, SessionEvent.WELCOME): SessionState.ACTIVE,
    (SessionState.LOGGING_IN, SessionEvent.LOGGED_OUT): SessionState.CLOSED,
    (SessionState.LOGGING_IN, SessionEvent.BREAK): SessionState.CLOSED,
    (SessionState.ACTIVE, SessionEvent.LOGOUT): SessionState.LOGGING_OUT,
    # The venue ends the session by itself when it shuts down.
    (SessionState.ACTIVE, SessionEvent.LOGGED_OUT): SessionState.CLOSED,
    (SessionState.ACTIVE, SessionEvent.BREAK): SessionState.CLOSED,
    (SessionState.LOGGING_OUT, SessionEvent.LOGGED_OUT): SessionState.CLOSED,
    (SessionState.LOGGING_OUT, SessionEvent.BREAK): SessionState.CLOSED,
    # A connection may break after its session has ended.
    (SessionState.CLOSED, SessionEvent.BREAK): SessionState.CLOSED,
}


def next_state(state: SessionState, event: SessionEvent) -> SessionState:
    """The state after ``event``.

    Raises:
        LocalProtocolError: the table has no such pair.
    """
    try:
        return TRANSITIONS[state, event]
    except KeyError:
        raise LocalProtocolError(f"{event} is not possible while {state}") from None


Inbound = tuple[int, Message | RemoteProtocolError]
"""A line number, and the message on that line or what is wrong with it."""


# Decoders hold no state between calls; one of each serves all sessions of a process.
_client_messages: Final = client_message_decoder()
_server_messages: Final = server_message_decoder()

_SESSION_MESSAGES: Final = frozenset[type]((Login, Logout, Heartbeat))
"""What the session acts on by itself; everything else passes through while it is active."""


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
            raise SessionBroken(f"nothing heard for {silent_s:.0f} s at a heartbeat of {self.heartbeat_s} s")
        if now_s - self._last_spoke_s >= self.heartbeat_s:
            self.outbox.append(Heartbeat())


class ServerSession(_Session):
    """The venue's end. States used: open, logging in, active, closed."""

    def __init__(self, *, max_line_bytes: int = MAX_LINE_BYTES, login_timeout_s: float = 60.0) -> None:
        super().__init__(max_line_bytes)
        self._login_timeout_s = login_timeout_s
        self._opened_s: float | None = None

    def receive_data(self, data: bytes) -> list[Inbound]:
        """Messages and faults in the order of their lines.

        ``Login`` and ``Logout`` are returned for the venue to act on, with the state changed
        already: what follows in the list is to be handled as coming after. Answer a login with
        ``welcome``. Heartbeats are swallowed. After a logout or an overlong line nothing is
        returned any more.
        """
        self._heard = True
        buffer = self._buffer
        first_line = buffer.lines + 1
        lines = buffer.feed(data)
        if not lines:
            inbound: list[Inbound] | None = []
        elif self.state is SessionState.ACTIVE:
            inbound = _client_messages.decode_plain(lines, first_line, _SESSION_MESSAGES)
        else:
            inbound = None
        if inbound is None:
            inbound = self._admit(_client_messages.decode(lines, first_line))
        if buffer.overlong and self.state is not SessionState.CLOSED:
            self._go(SessionEvent.BREAK)
            inbound.append((buffer.lines + 1, buffer.fault()))
        return inbound

    def _admit(self, inbound: list[Inbound]) -> list[Inbound]:
        admitted: list[Inbound] = []
        for line, message in inbound:
            if self.state is SessionState.CLOSED:
                break
            logged_in = self.account is not None
            match message:
                case RemoteProtocolError():
                    pass
                case Heartbeat() if logged_in:
                    continue
                case Login() if not logged_in:
                    self._go(SessionEvent.LOGIN)
                    self.account = message.account
                    self.heartbeat_s = message.heartbeat_s
                case Login():
                    message = RemoteProtocolError(
                        ErrorCode.ALREADY_LOGGED_IN, f"this connection is logged in as {self.account}", line
                    )
                case Logout() if logged_in:
                    self._go(SessionEvent.LOGGED_OUT)
                case _ if not logged_in:
                    message = RemoteProtocolError(
                        ErrorCode.NOT_LOGGED_IN, 'log in first: {"type":"login","account":"NAME"}', line
                    )
            admitted.append((line, message))
        return admitted

    def welcome(self, message: Welcome) -> None:
        """Let the peer in.

        A session that a later line of the same chunk has ended already stays ended, but its login
        still gets this answer, in front of the answer to that line.
        """
        if self.state is not SessionState.CLOSED or self.account is None:
            self._go(SessionEvent.WELCOME)
        self.outbox.append(message)

    def log_out(self, text: str) -> None:
        """Say the last word; the connection is to be closed when it is written."""
        if self.state is not SessionState.CLOSED:
            self._go(SessionEvent.LOGGED_OUT)
        self.outbox.append(LoggedOut(text=text))

    def fail(self, fault: RemoteProtocolError) -> None:
        """Answer a faulty line."""
        self.outbox.append(Error(code=fault.code, text=fault.text, line=fault.line))

    def end_with(self, code: ErrorCode, text: str) -> None:
        """Say why the venue hangs up; the connection is to be closed when it is written."""
        self._go(SessionEvent.BREAK)
        self.outbox.append(Error(code=code, text=text))

    def tick(self, now_s: float) -> None:
        """Put a heartbeat into the outbox when one is due. ``now_s``: monotonic seconds.

        Raises:
            SessionBroken: the peer has been silent for too long, or never logged in.
        """
        if self._opened_s is None:
            self._opened_s = now_s
        if self.account is None and now_s - self._opened_s > self._login_timeout_s:
            raise SessionBroken(f"no login within {self._login_timeout_s:.0f} s")
        self._tick(now_s)


class ClientSession(_Session):
    """The trader's end. Checks that the private stream has no gap."""

    def __init__(self, *, max_line_bytes: int = 64 * MAX_LINE_BYTES) -> None:
        # Lines of the venue may be long: a welcome lists every open order, a snapshot every level.
        super().__init__(max_line_bytes)
        self.private_seq: Sequence = 0
        """Number of the last private message."""

    def log_in(self, account: AccountId, *, heartbeat_s: int = 0) -> None:
        """Put a login into the outbox."""
        self._go(SessionEvent.LOGIN)
        self.account = account
        self.heartbeat_s = heartbeat_s
        self.outbox.append(Login(account=account, heartbeat_s=heartbeat_s))

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
            SequenceGap: a private message is missing.
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
            if isinstance(message, PrivateMessage):
                if message.seq != self.private_seq + 1:
                    self._go(SessionEvent.BREAK)
                    raise SequenceGap("the private stream", self.private_seq + 1, message.seq)
                self.private_seq = message.seq
            elif isinstance(message, Heartbeat):
                continue
            elif isinstance(message, Welcome):
                if self.state is not SessionState.LOGGING_IN:
                    self._go(SessionEvent.BREAK)
                    raise RemoteProtocolError(ErrorCode.ALREADY_LOGGED_IN, "a second welcome", line)
                self._go(SessionEvent.WELCOME)
                self.private_seq = message.seq
            elif isinstance(message, LoggedOut):
                self._go(SessionEvent.LOGGED_OUT)
                messages.append(message)
                return messages
            messages.append(message)
        if buffer.overlong:
            self._go(SessionEvent.BREAK)
            raise buffer.fault()
        return messages

    def tick(self, now_s: float) -> None:
        """Put a heartbeat into the outbox when one is due. ``now_s``: monotonic seconds.

        Raises:
            SessionBroken: the venue has been silent for too long.
        """
        self._tick(now_s)

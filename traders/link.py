"""What a connection to a venue does whatever runs it: ``protocol.session.ClientSession``, its end, and the line numbers.

In: messages to send, chunks of bytes as they come, the ways in which a socket ends. Out: the venue's messages, by chunk, to one
function; the end, once, to another. No I/O and no waiting: a subclass writes what ``_outgoing`` returns soon after
``_flush_soon``, and closes the socket when it is told to. The end is a ``SessionClosed`` after an orderly logout, a
``SessionBroken`` when the venue is gone or hung up (with the venue's own words where it said any), or the
``VenueError`` that made us hang up.
"""

import ssl
from collections.abc import Callable, Mapping
from typing import Final

from protocol.errors import RemoteProtocolError, SessionBroken, SessionClosed, VenueError
from protocol.fields import Message
from protocol.messages import Error, LoggedOut, Welcome
from protocol.session import ClientSession
from protocol.session_life import SessionState
from protocol.vocabulary import AccountId, ErrorCode, Sequence
from traders.access import Access

Receive = Callable[[list[Message]], None]
Ended = Callable[[VenueError], None]

DEFAULT_HEARTBEAT_S: Final = 10
"""FIX venues commonly agree on 10 to 30 seconds; three missed ones end the session."""

TICK_S: Final = 1.0
"""How often heartbeats are looked after; the session's contract says about once a second."""
LOGIN_TIMEOUT_S: Final = 10.0
"""How long connecting, and then the answer to a login, may take: a venue may be replaying its journal."""
LOGOUT_TIMEOUT_S: Final = 5.0
"""How long the venue's last word may take; afterwards the connection is cut."""


class Link:
    """One end of a connection, and how it ended."""

    def __init__(self, receive: Receive, ended: Ended) -> None:
        self._receive = receive
        self._ended = ended
        self._session = ClientSession()
        self._is_welcome = False
        self._lines_written = 0
        self._last_words: Error | None = None
        self._end: VenueError | None = None

    # -- for the owner -----------------------------------------------------------------------------
    @property
    def is_active(self) -> bool:
        """Whether requests can be sent."""
        return self._session.state is SessionState.ACTIVE

    @property
    def end(self) -> VenueError | None:
        """How the session ended; ``None`` while it lasts."""
        return self._end

    def send(self, message: Message) -> int:
        """Send with the next write; return the number of its line, which an ``Error`` would name.

        Raises:
            SessionBroken, SessionClosed, another VenueError: the way this session ended.
            LocalProtocolError: we are logging out.
        """
        if self._end is not None:
            raise type(self._end)(*self._end.args) from self._end
        self._session.send(message)
        self._flush_soon()
        return self._lines_written + len(self._session.outbox)

    def cut(self, reason: VenueError) -> None:
        """End the session now. Does nothing after the end."""
        self._finish(reason)
        self._hang_up()

    def raise_end(self) -> None:
        """Nothing, if the session ended in order.

        Raises:
            VenueError: how it ended otherwise.
        """
        if self._end is not None and not isinstance(self._end, SessionClosed):
            raise type(self._end)(*self._end.args) from self._end

    # -- for the subclass --------------------------------------------------------------------------
    def _flush_soon(self) -> None:
        """Have what ``_outgoing`` returns written, once, when all that is sent in this turn has been sent."""
        raise NotImplementedError

    def _hang_up(self) -> None:
        """Close the socket, whatever is still to be written."""
        raise NotImplementedError

    def _close(self) -> None:
        """Close the socket after the venue's last word."""
        raise NotImplementedError

    def _welcomed(self, welcome: Welcome) -> None:
        """The login is answered."""
        raise NotImplementedError

    def _over(self, reason: VenueError) -> None:
        """The session has ended; called before the owner learns of it."""
        raise NotImplementedError

    def _send_login(
        self,
        account: AccountId,
        heartbeat_s: int,
        access: Access,
        resume_from: Sequence | None,
        cancel_on_disconnect: bool,
        copy_from: Mapping[AccountId, Sequence] | None,
    ) -> None:
        """``protocol.messages.Login`` says what each word means."""
        self._session.log_in(
            account,
            heartbeat_s=heartbeat_s,
            secret=access.secret,
            role=access.role,
            resume_from=resume_from,
            cancel_on_disconnect=cancel_on_disconnect,
            copy_from=() if copy_from is None else copy_from.items(),
        )
        self._flush_soon()

    def _send_logout(self) -> None:
        """The venue answers with its last word, if it was asked in time. Does nothing after the end."""
        if self._end is None:
            if self._session.state is SessionState.ACTIVE:
                self._session.log_out()
                self._flush_soon()
            elif self._session.state is not SessionState.LOGGING_OUT:
                self.cut(SessionBroken("the connection was cut before the login was answered"))

    def _outgoing(self) -> bytes:
        """What is to be written now, and counted as written."""
        self._lines_written += len(self._session.outbox)
        return self._session.data_to_send()

    def _arrived(self, data: bytes) -> None:
        """Take a chunk."""
        try:
            messages = self._session.receive_data(data)
            if not self._is_welcome and messages and isinstance(messages[0], Welcome):
                self._is_welcome = True
                self._welcomed(messages[0])
                messages = messages[1:]
            if messages:
                self._receive(messages)
        except VenueError as fault:
            self.cut(fault)
            return
        if messages:
            match messages[-1]:
                case LoggedOut(text=text):
                    self._finish(SessionClosed(text))
                    self._close()
                case Error() as error:
                    # Remembered in case the venue hangs up next.
                    self._last_words = error
                case _:
                    self._last_words = None

    def _end_of_data(self) -> None:
        """The venue writes nothing more."""
        try:
            self._session.end_of_data()
        except RemoteProtocolError as fault:
            self._finish(fault)

    def _lost(self, error: Exception | None) -> None:
        """The socket is gone; ``error``: because of that."""
        code: ErrorCode | None = None
        if self._last_words is not None:
            code = self._last_words.code
            reason = f"the venue hung up: {self._last_words.text} ({code})"
        else:
            reason = f"the connection is lost: {error}" if error else "the venue closed the connection"
        self._finish(SessionBroken(reason, code))

    def _finish(self, reason: VenueError) -> None:
        if self._end is not None:
            return
        self._end = reason
        self._session.broken()
        self._over(reason)
        self._ended(reason)


class Relay:
    """Takes what arrives until there is somebody to give it to: an owner is made of the welcome, and
    reports may stand right behind it."""

    def __init__(self) -> None:
        self._receive: Receive | None = None
        self._ended: Ended | None = None
        self._early: list[Message] = []
        self._end: VenueError | None = None

    def attach(self, receive: Receive, ended: Ended) -> None:
        """Give everything to these from now on, what came already first."""
        self._receive, self._ended = receive, ended
        if self._early:
            receive(self._early)
        if self._end is not None:
            ended(self._end)

    def receive(self, messages: list[Message]) -> None:
        if self._receive is None:
            self._early += messages
        else:
            self._receive(messages)

    def ended(self, reason: VenueError) -> None:
        self._end = reason
        if self._ended is not None:
            self._ended(reason)


def no_connection(host: str, port: int, error: OSError) -> SessionBroken:
    """Why there is none, after ``error``, which came of trying to get one."""
    if isinstance(error, TimeoutError):
        return SessionBroken(f"nobody answers at {host}:{port} within {LOGIN_TIMEOUT_S:.0f} s")
    if isinstance(error, ssl.SSLCertVerificationError):
        return SessionBroken(f"the certificate of {host}:{port} is not trusted: {error.verify_message}")
    if isinstance(error, ssl.SSLError):
        return SessionBroken(f"no TLS with {host}:{port} ({error.reason or error})")
    if isinstance(error, ConnectionAbortedError | ConnectionResetError):
        # Somebody was there, and did not like how we began.
        return SessionBroken(f"{host}:{port} hung up before the login")
    return SessionBroken(f"nobody answers at {host}:{port} ({error.strerror or error})")


def no_welcome() -> SessionBroken:
    """The venue did not answer the login."""
    return SessionBroken(f"no answer to the login within {LOGIN_TIMEOUT_S:.0f} s")


def no_farewell() -> SessionBroken:
    """The venue did not answer the logout."""
    return SessionBroken(f"no answer to the logout within {LOGOUT_TIMEOUT_S:.0f} s")

"""One TCP connection to a venue: ``protocol.session.ClientSession`` under asyncio.

In: messages to send. Out: the venue's messages, by chunk, to one function; the end, once, to
another. Promises: at most one write per turn of the event loop, however many messages were sent in
it; one timer, for heartbeats; no task of its own. The end is a ``SessionClosed`` after an orderly
logout, a ``SessionBroken`` when the venue is gone or hung up (with the venue's own words where it
said any), or the ``VenueError`` that made us hang up.
"""

import asyncio
import ssl
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager, suppress
from typing import Final

from protocol.errors import RemoteProtocolError, SessionBroken, SessionClosed, VenueError
from protocol.fields import Message
from protocol.messages import Error, LoggedOut, Welcome
from protocol.session import ClientSession
from protocol.session_life import SessionState
from protocol.vocabulary import AccountId, ErrorCode, Sequence
from traders.access import OPEN, Access, Tls, context_of

Receive = Callable[[list[Message]], None]
Ended = Callable[[VenueError], None]

TICK_S: Final = 1.0
"""How often heartbeats are looked after; the session's contract says about once a second."""
LOGIN_TIMEOUT_S: Final = 10.0
"""How long connecting, and then the answer to a login, may take: a venue may be replaying its journal."""
LOGOUT_TIMEOUT_S: Final = 5.0
"""How long the venue's last word may take; afterwards the connection is cut."""


class Connection(asyncio.Protocol):
    """Made by ``connected``; see there."""

    def __init__(self, receive: Receive, ended: Ended) -> None:
        self._loop = asyncio.get_running_loop()
        self._receive = receive
        self._ended = ended
        self._session = ClientSession()
        self._transport: asyncio.Transport | None = None
        self._flush_is_due = False
        self._timer: asyncio.TimerHandle | None = None
        self._lines_written = 0
        self._last_words: Error | None = None
        self._end: VenueError | None = None
        self._gone: asyncio.Future[None] = self._loop.create_future()
        self._welcomed: asyncio.Future[Welcome] = self._loop.create_future()
        self._writable = asyncio.Event()
        self._writable.set()

    # -- for the owner -----------------------------------------------------------------------------
    @property
    def is_active(self) -> bool:
        """Whether requests can be sent."""
        return self._session.state is SessionState.ACTIVE

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

    async def drain(self) -> None:
        """Wait until the venue takes what was sent: for senders who await no answers."""
        await self._writable.wait()

    async def log_in(
        self,
        account: AccountId,
        heartbeat_s: int,
        access: Access = OPEN,
        *,
        resume_from: Sequence | None = None,
        cancel_on_disconnect: bool = False,
        copy_from: Mapping[AccountId, Sequence] | None = None,
    ) -> Welcome:
        """Open the session; ``protocol.messages.Login`` says what each word means.

        Raises:
            SessionBroken: the venue refused, hung up, or did not answer in time; ``code`` is its word for it.
        """
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
        try:
            async with asyncio.timeout(LOGIN_TIMEOUT_S):
                welcome = await self._welcomed
        except TimeoutError as error:
            raise SessionBroken(f"no answer to the login within {LOGIN_TIMEOUT_S:.0f} s") from error
        if heartbeat_s:
            self._timer = self._loop.call_later(TICK_S, self._tick)
        return welcome

    async def log_out(self) -> None:
        """End the session in order and wait for the end. Does nothing after the end.

        Raises:
            SessionBroken: the venue did not say its last word in time.
        """
        if self._end is None:
            if self._session.state is SessionState.ACTIVE:
                self._session.log_out()
                self._flush_soon()
            elif self._session.state is not SessionState.LOGGING_OUT:
                self.cut(SessionBroken("the connection was cut before the login was answered"))
        try:
            async with asyncio.timeout(LOGOUT_TIMEOUT_S):
                await asyncio.shield(self._gone)
        except TimeoutError as error:
            raise SessionBroken(f"no answer to the logout within {LOGOUT_TIMEOUT_S:.0f} s") from error

    def cut(self, reason: VenueError) -> None:
        """End the session now. Does nothing after the end."""
        self._finish(reason)
        if self._transport is not None:
            self._transport.abort()

    async def gone(self) -> None:
        """Wait until the socket is closed."""
        await asyncio.shield(self._gone)

    @property
    def end(self) -> VenueError | None:
        """How the session ended; ``None`` while it lasts."""
        return self._end

    @property
    def local_port(self) -> int:
        """Our end's TCP port."""
        assert self._transport is not None
        return int(self._transport.get_extra_info("sockname")[1])

    # -- called by asyncio -------------------------------------------------------------------------
    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        try:
            messages = self._session.receive_data(data)
            if not self._welcomed.done():
                messages = self._log_in_answered(messages)
            if messages:
                self._receive(messages)
        except VenueError as fault:
            self.cut(fault)
            return
        if messages:
            match messages[-1]:
                case LoggedOut(text=text):
                    self._finish(SessionClosed(text))
                    assert self._transport is not None
                    self._transport.close()
                case Error() as error:
                    # Remembered in case the venue hangs up next.
                    self._last_words = error
                case _:
                    self._last_words = None

    def eof_received(self) -> bool:
        try:
            self._session.end_of_data()
        except RemoteProtocolError as fault:
            self._finish(fault)
        return False

    def connection_lost(self, exc: Exception | None) -> None:
        code: ErrorCode | None = None
        if self._last_words is not None:
            code = self._last_words.code
            reason = f"the venue hung up: {self._last_words.text} ({code})"
        else:
            reason = f"the connection is lost: {exc}" if exc else "the venue closed the connection"
        self._finish(SessionBroken(reason, code))
        self._writable.set()
        if not self._gone.done():
            self._gone.set_result(None)

    def pause_writing(self) -> None:
        self._writable.clear()

    def resume_writing(self) -> None:
        self._writable.set()

    # -- inside ------------------------------------------------------------------------------------
    def _log_in_answered(self, messages: list[Message]) -> list[Message]:
        if messages and isinstance(messages[0], Welcome):
            self._welcomed.set_result(messages[0])
            return messages[1:]
        return messages

    def _flush_soon(self) -> None:
        if not self._flush_is_due:
            self._flush_is_due = True
            self._loop.call_soon(self._flush)

    def _flush(self) -> None:
        self._flush_is_due = False
        if self._transport is None or self._transport.is_closing():
            return
        self._lines_written += len(self._session.outbox)
        data = self._session.data_to_send()
        if data:
            self._transport.write(data)

    def _tick(self) -> None:
        if self._end is not None:
            return
        try:
            self._session.tick(self._loop.time())
        except SessionBroken as silence:
            self.cut(silence)
            return
        self._flush()
        self._timer = self._loop.call_later(TICK_S, self._tick)

    def _finish(self, reason: VenueError) -> None:
        if self._end is not None:
            return
        self._end = reason
        self._session.broken()
        if self._timer is not None:
            self._timer.cancel()
        if not self._welcomed.done():
            self._welcomed.set_exception(reason)
            # Nobody may be waiting any more; the reason is kept in ``end`` all the same.
            self._welcomed.exception()
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


@asynccontextmanager
async def connected(
    host: str, port: int, receive: Receive, ended: Ended, tls: Tls = None
) -> AsyncIterator[Connection]:
    """A connection to log in on. At the end of the block it is logged out, or cut if that fails.

    ``receive`` gets the venue's messages after the welcome, chunk by chunk; a ``VenueError`` it
    raises ends the session. ``ended`` is called once.

    Raises:
        SessionBroken: nobody answers at ``host``:``port``, or not with a certificate that is trusted; or,
            at the end of a block that raised nothing, the session had broken or the venue did not
            answer the logout.
        ConfigError: the certificates to trust can't be read.
    """
    loop = asyncio.get_running_loop()
    context = context_of(tls)
    try:
        async with asyncio.timeout(LOGIN_TIMEOUT_S):
            _, connection = await loop.create_connection(
                lambda: Connection(receive, ended), host, port, ssl=context
            )
    except TimeoutError as error:
        raise SessionBroken(f"nobody answers at {host}:{port} within {LOGIN_TIMEOUT_S:.0f} s") from error
    except ssl.SSLCertVerificationError as error:
        text = f"the certificate of {host}:{port} is not trusted: {error.verify_message}"
        raise SessionBroken(text) from error
    except ssl.SSLError as error:
        raise SessionBroken(f"no TLS with {host}:{port} ({error.reason or error})") from error
    except (ConnectionAbortedError, ConnectionResetError) as error:
        # Somebody was there, and did not like how we began.
        raise SessionBroken(f"{host}:{port} hung up before the login") from error
    except OSError as error:
        raise SessionBroken(f"nobody answers at {host}:{port} ({error.strerror or error})") from error
    try:
        try:
            yield connection
        except BaseException:
            # The block's own error goes first; the logout is a courtesy then.
            with suppress(SessionBroken):
                await connection.log_out()
            raise
        await connection.log_out()
        if connection.end is not None and not isinstance(connection.end, SessionClosed):
            raise type(connection.end)(*connection.end.args) from connection.end
    finally:
        connection.cut(SessionBroken("the connection was cut"))
        await connection.gone()

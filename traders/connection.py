"""One connection to a venue under asyncio, over TCP or TLS.

In: messages to send. Out: the venue's messages, by chunk, to one function; the end, once, to
another; ``traders.link`` says which end. Promises: at most one write per turn of the event loop, however many messages
were sent in it; one timer, for heartbeats; no task of its own.
"""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress

from protocol.errors import SessionBroken, VenueError
from protocol.messages import Welcome
from protocol.vocabulary import AccountId, Sequence
from traders.access import OPEN, Access, Tls, context_of
from traders.link import (
    LOGIN_TIMEOUT_S,
    LOGOUT_TIMEOUT_S,
    TICK_S,
    Ended,
    Link,
    Receive,
    no_connection,
    no_farewell,
    no_welcome,
)


class Connection(Link, asyncio.Protocol):
    """Made by ``connected``; see there."""

    def __init__(self, receive: Receive, ended: Ended) -> None:
        super().__init__(receive, ended)
        self._loop = asyncio.get_running_loop()
        self._transport: asyncio.Transport | None = None
        self._flush_is_due = False
        self._timer: asyncio.TimerHandle | None = None
        self._gone: asyncio.Future[None] = self._loop.create_future()
        self._welcome: asyncio.Future[Welcome] = self._loop.create_future()
        self._writable = asyncio.Event()
        self._writable.set()

    # -- for the owner -----------------------------------------------------------------------------
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
        self._send_login(account, heartbeat_s, access, resume_from, cancel_on_disconnect, copy_from)
        try:
            async with asyncio.timeout(LOGIN_TIMEOUT_S):
                welcome = await self._welcome
        except TimeoutError as error:
            raise no_welcome() from error
        if heartbeat_s:
            self._timer = self._loop.call_later(TICK_S, self._tick)
        return welcome

    async def log_out(self) -> None:
        """End the session in order and wait for the end. Does nothing after the end.

        Raises:
            SessionBroken: the venue did not say its last word in time.
        """
        self._send_logout()
        try:
            async with asyncio.timeout(LOGOUT_TIMEOUT_S):
                await asyncio.shield(self._gone)
        except TimeoutError as error:
            raise no_farewell() from error

    async def gone(self) -> None:
        """Wait until the socket is closed."""
        await asyncio.shield(self._gone)

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
        self._arrived(data)

    def eof_received(self) -> bool:
        self._end_of_data()
        return False

    def connection_lost(self, exc: Exception | None) -> None:
        self._lost(exc)
        self._writable.set()
        if not self._gone.done():
            self._gone.set_result(None)

    def pause_writing(self) -> None:
        self._writable.clear()

    def resume_writing(self) -> None:
        self._writable.set()

    # -- inside ------------------------------------------------------------------------------------
    def _welcomed(self, welcome: Welcome) -> None:
        if not self._welcome.done():
            self._welcome.set_result(welcome)

    def _flush_soon(self) -> None:
        if not self._flush_is_due:
            self._flush_is_due = True
            self._loop.call_soon(self._flush)

    def _flush(self) -> None:
        self._flush_is_due = False
        if self._transport is None or self._transport.is_closing():
            return
        data = self._outgoing()
        if data:
            self._transport.write(data)

    def _hang_up(self) -> None:
        if self._transport is not None:
            self._transport.abort()

    def _close(self) -> None:
        assert self._transport is not None
        self._transport.close()

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

    def _over(self, reason: VenueError) -> None:
        if self._timer is not None:
            self._timer.cancel()
        if not self._welcome.done():
            self._welcome.set_exception(reason)
            # Nobody may be waiting any more; the reason is kept in ``end`` all the same.
            self._welcome.exception()


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
    except OSError as error:
        raise no_connection(host, port, error) from error
    try:
        try:
            yield connection
        except BaseException:
            # The block's own error goes first; the logout is a courtesy then.
            with suppress(SessionBroken):
                await connection.log_out()
            raise
        await connection.log_out()
        connection.raise_end()
    finally:
        connection.cut(SessionBroken("the connection was cut"))
        await connection.gone()

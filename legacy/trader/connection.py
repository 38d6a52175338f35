"""One connection to a venue on the generator kernel, over TCP or TLS.

In: messages to send. Out: the venue's messages, by chunk, to one function; the end, once, to another; ``traders.link`` says
which end. Promises: at most one write per turn of the ready queue, however many messages were sent in it. Three tasks: one
reads, one writes, one looks after heartbeats. They belong to the kernel: who connects may hand the client to
another task, and end.
"""

from collections.abc import Generator, Mapping
from contextlib import suppress
from typing import Any, Final

from legacy.cipher import Cipher
from legacy.errors import BadDescriptor, ChildCancelled, TaskCancelled
from legacy.kernel import Kernel
from legacy.streams import Stream
from legacy.streams import connect as connect_stream
from legacy.task import Task
from legacy.traps import current_kernel, flow, join, pause, sleep, spawn, timeout
from legacy.waiting import Future, WaitQueue
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

CHUNK: Final = 256 * 1024
"""Bytes read at once, as many as asyncio reads."""


class Connection(Link):
    """Made by ``open_connection``."""

    def __init__(self, stream: Stream, kernel: Kernel, receive: Receive, ended: Ended) -> None:
        super().__init__(receive, ended)
        self._stream = stream
        self._kernel = kernel
        self._helpers: list[Task[None]] = []
        self._flush_is_due = False
        self._to_write = WaitQueue("something to write")
        self._is_blocked = False
        self._room = WaitQueue("room to write")
        self._welcome: Future[Welcome] = Future("the answer to the login")
        self.local_port = int(stream.sock.getsockname()[1])
        """Our end's TCP port."""

    # -- for the owner -----------------------------------------------------------------------------
    @flow
    def drain(self) -> Generator[Any, Any, None]:
        """Wait until the venue takes what was sent: for senders who wait for no answers."""
        while self._end is None and (self._is_blocked or self._flush_is_due):
            yield from self._room.park() if self._is_blocked else pause()

    @flow
    def log_in(
        self,
        account: AccountId,
        heartbeat_s: int,
        access: Access = OPEN,
        *,
        resume_from: Sequence | None = None,
        cancel_on_disconnect: bool = False,
        copy_from: Mapping[AccountId, Sequence] | None = None,
    ) -> Generator[Any, Any, Welcome]:
        """Open the session; ``protocol.messages.Login`` says what each word means.

        Raises:
            SessionBroken: the venue refused, hung up, or did not answer in time; ``code`` is its word for it.
        """
        self._send_login(account, heartbeat_s, access, resume_from, cancel_on_disconnect, copy_from)
        try:
            welcome = yield from timeout(LOGIN_TIMEOUT_S, self._welcome.wait())
        except TimeoutError as error:
            raise no_welcome() from error
        if heartbeat_s:
            yield from self._help(self._look_after_heartbeats(), "heartbeats")
        return welcome

    @flow
    def log_out(self) -> Generator[Any, Any, None]:
        """End the session in order and wait for the end. Does nothing after the end.

        Raises:
            SessionBroken: the venue did not say its last word in time.
        """
        self._send_logout()
        try:
            yield from timeout(LOGOUT_TIMEOUT_S, self.gone())
        except TimeoutError as error:
            raise no_farewell() from error

    @flow
    def gone(self) -> Generator[Any, Any, None]:
        """Wait until the socket is closed, which is the end of the reader."""
        with suppress(ChildCancelled):
            yield from join(self._helpers[0])

    @flow
    def start(self) -> Generator[Any, Any, None]:
        """Set its tasks to work."""
        try:
            yield from self._help(self._read(), "reader")
            yield from self._help(self._write(), "writer")
        except BaseException:
            self._stream.close()
            raise

    # -- what its tasks do -------------------------------------------------------------------------
    def _read(self) -> Generator[Any, Any, None]:
        failure: OSError | None = None
        try:
            self._take_in(b"")
            while not self._stream.is_closed:
                data = yield from self._stream.read(CHUNK)
                if not data:
                    self._end_of_data()
                    break
                self._take_in(data)
        except BadDescriptor:
            pass  # closed by ourselves
        except OSError as error:
            failure = error
        except TaskCancelled:
            self._finish(SessionBroken("the connection was cut"))
            raise
        finally:
            self._lost(failure)
            self._stream.close()
            for helper in self._helpers[1:]:
                helper.cancel()
            self._room.wake_all()

    def _write(self) -> Generator[Any, Any, None]:
        while True:
            while not self._flush_is_due:
                yield from self._to_write.park()
            self._flush_is_due = False
            data = self._sealed()
            try:
                sent = self._stream.write_some(data) if data else 0
                if sent < len(data):
                    yield from self._write_rest(data[sent:])
            except (BadDescriptor, OSError):
                return  # the reader finds out why, and what the venue said last

    def _write_rest(self, data: bytes) -> Generator[Any, Any, None]:
        self._is_blocked = True
        try:
            yield from self._stream.write(data)
        finally:
            self._is_blocked = False
            self._room.wake_all()

    def _look_after_heartbeats(self) -> Generator[Any, Any, None]:
        while self._end is None:
            yield from sleep(TICK_S)
            try:
                self._session.tick(self._kernel.clock.monotonic_s())
            except SessionBroken as silence:
                self.cut(silence)
                return
            self._flush_soon()

    # -- between the socket and the session ----------------------------------------------------------
    def _take_in(self, data: bytes) -> None:
        """The socket gave that."""
        if data:
            self._arrived(data)

    def _sealed(self) -> bytes:
        """What is to be written, as the socket is to have it."""
        return self._outgoing()

    # -- inside ------------------------------------------------------------------------------------
    @flow
    def _help(self, work: Generator[Any, Any, None], name: str) -> Generator[Any, Any, None]:
        name = f"{name} of connection {self.local_port}"
        self._helpers.append((yield from spawn(work, name=name, detached=True)))

    def _welcomed(self, welcome: Welcome) -> None:
        self._welcome.set_result(welcome)

    def _flush_soon(self) -> None:
        if not self._flush_is_due:
            self._flush_is_due = True
            self._to_write.wake_one()

    def _hang_up(self) -> None:
        self._stream.close()

    def _close(self) -> None:
        self._stream.close()

    def _over(self, reason: VenueError) -> None:
        if not self._welcome.is_done:
            self._welcome.set_error(reason)


class SecureConnection(Connection):
    """The same over TLS."""

    def __init__(
        self, stream: Stream, kernel: Kernel, receive: Receive, ended: Ended, cipher: Cipher
    ) -> None:
        """``cipher``: has shaken hands."""
        super().__init__(stream, kernel, receive, ended)
        self._cipher = cipher

    def _take_in(self, data: bytes) -> None:
        # Also at the beginning, with nothing: something may have come together with the end of the handshake.
        super()._take_in(self._cipher.open(data))
        if self._cipher.owes:
            self._flush_soon()
        if self._cipher.is_over and not self._stream.is_closed:
            self._end_of_data()
            self._stream.close()

    def _sealed(self) -> bytes:
        return self._cipher.seal(self._outgoing())

    def _close(self) -> None:
        with suppress(OSError):
            self._stream.write_some(self._cipher.end())
        super()._close()


@flow
def open_connection(
    host: str, port: int, receive: Receive, ended: Ended, tls: Tls = None
) -> Generator[Any, Any, Connection]:
    """A connection to log in on.

    ``receive`` gets the venue's messages after the welcome, chunk by chunk; a ``VenueError`` it raises ends the session.
    ``ended`` is called once.

    Raises:
        SessionBroken: nobody answers at ``host``:``port``, or not with a certificate that is trusted.
        ConfigError: the certificates to trust can't be read.
    """
    context = context_of(tls)
    kernel = yield from current_kernel()
    cipher = None if context is None else Cipher(context, host)
    try:
        stream = yield from timeout(LOGIN_TIMEOUT_S, _reach(host, port, cipher))
    except OSError as error:
        raise no_connection(host, port, error) from error
    if cipher is None:
        connection = Connection(stream, kernel, receive, ended)
    else:
        connection = SecureConnection(stream, kernel, receive, ended, cipher)
    yield from connection.start()
    return connection


@flow
def _reach(host: str, port: int, cipher: Cipher | None) -> Generator[Any, Any, Stream]:
    """Connect, and shake hands if there is a cipher."""
    stream = yield from connect_stream(host, port)
    if cipher is not None:
        try:
            yield from cipher.shake_hands(stream)
        except BaseException:
            stream.close()
            raise
    return stream

"""Sockets for tasks: raw, non-blocking, with ``yield from``.

In: addresses, bytes. Out: connections, bytes. A stream belongs to at most one task that reads and one that writes. Closing
one wakes whoever waits for it, with ``BadDescriptor``.
"""

import errno
import os
import socket
from collections.abc import Generator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import Any, Final

from legacy.errors import BadDescriptor
from legacy.kernel import Kernel
from legacy.threads import in_thread
from legacy.traps import Flow, current_kernel, flow, pause, readable, writable

BACKLOG: Final = 100
"""Connections that wait to be accepted, as many as asyncio lets wait."""

ACCEPTED_IN_A_ROW: Final = 16
"""Then all others have their turn: a flood of connections holds up nobody for longer."""

_AWAY: Final = frozenset(
    {errno.ECONNABORTED, errno.EPROTO, errno.ENETDOWN, errno.EHOSTDOWN, errno.EHOSTUNREACH, errno.ENETUNREACH}
)
"""Faults of a connection that was gone before it was accepted; accept(2) names them."""


class Stream:
    """One connection."""

    __slots__ = ("_kernel", "peer", "sock")

    def __init__(self, sock: socket.socket, kernel: Kernel, peer: Any = None) -> None:
        """``sock`` becomes non-blocking. ``peer``: its address."""
        sock.setblocking(False)
        self.sock = sock
        self.peer = peer
        self._kernel = kernel

    @property
    def is_closed(self) -> bool:
        return self.sock.fileno() < 0

    def readable(self) -> Flow[None]:
        """Wait for something to read."""
        return readable(self.sock)

    def writable(self) -> Flow[None]:
        """Wait for room to write."""
        return writable(self.sock)

    @flow
    def read(self, most: int = 65_536) -> Generator[Any, Any, bytes]:
        """What is there, at least one byte; empty at the end.

        Raises:
            BadDescriptor: it is closed, or is closed meanwhile.
            OSError: the connection broke.
        """
        while True:
            yield from readable(self.sock)
            try:
                return self.sock.recv(most)
            except (BlockingIOError, InterruptedError):
                continue

    def read_into(self, buffer: memoryview) -> int | None:
        """What is there, at once; 0 at the end, ``None``: nothing is there."""
        try:
            return self.sock.recv_into(buffer)
        except (BlockingIOError, InterruptedError):
            return None

    def write_some(self, data: bytes | memoryview) -> int:
        """Write what there is room for; how much that was.

        Raises:
            BadDescriptor: it is closed.
            OSError: the connection broke.
        """
        if self.is_closed:
            raise BadDescriptor("the connection is closed: nothing can be written to it")
        try:
            return self.sock.send(data)
        except (BlockingIOError, InterruptedError):
            return 0

    @flow
    def write(self, data: bytes) -> Generator[Any, Any, None]:
        """Write all of it. Raises as ``read``."""
        view = memoryview(data)
        while view:
            sent = self.write_some(view)
            view = view[sent:]
            if view:
                yield from writable(self.sock)

    def end_output(self) -> None:
        """Nothing more will be written; the other side reads to its end."""
        with suppress(OSError):
            self.sock.shutdown(socket.SHUT_WR)

    def close(self) -> None:
        """Hang up. Twice is once."""
        if self.sock.fileno() >= 0:
            self._kernel.release(self.sock)
            self.sock.close()

    def abort(self) -> None:
        """Hang up, and forget what was not sent yet."""
        if self.sock.fileno() >= 0:
            with suppress(OSError):
                self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
            self.close()


class Listener:
    """A socket that connections come to."""

    def __init__(self, sock: socket.socket, kernel: Kernel) -> None:
        sock.setblocking(False)
        self._sock = sock
        self._kernel = kernel
        self._in_a_row = 0

    @property
    def address(self) -> tuple[str, int]:
        host, port, *_ = self._sock.getsockname()
        return host, port

    @flow
    def accept(self) -> Generator[Any, Any, Stream]:
        """The next connection.

        Raises:
            BadDescriptor: the listener is closed.
            OSError: there are too many open files, or too little memory; try again later.
        """
        while True:
            if self._sock.fileno() < 0:
                raise BadDescriptor("the listener is closed")
            if self._in_a_row == ACCEPTED_IN_A_ROW:
                self._in_a_row = 0
                yield from pause()
                continue
            try:
                sock, peer = self._sock.accept()
            except (BlockingIOError, InterruptedError):
                self._in_a_row = 0
                yield from readable(self._sock)
                continue
            except OSError as error:
                if error.errno not in _AWAY:
                    raise
                self._in_a_row += 1
                continue
            self._in_a_row += 1
            with suppress(OSError):
                sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, True)
            return Stream(sock, self._kernel, peer)

    def close(self) -> None:
        """Take no more connections."""
        if self._sock.fileno() >= 0:
            self._kernel.release(self._sock)
            self._sock.close()


@flow
def listen(host: str, port: int, backlog: int = BACKLOG) -> Generator[Any, Any, Listener]:
    """Listen at an address; port 0: any free one.

    Raises:
        OSError: it can't be had.
    """
    kernel = yield from current_kernel()
    family, kind, number, _, address = (yield from _addresses(host, port, socket.AI_PASSIVE))[0]
    sock = socket.socket(family, kind, number)
    try:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, True)
        sock.bind(address)
        sock.listen(backlog)
    except BaseException:
        sock.close()
        raise
    return Listener(sock, kernel)


@flow
def connect(host: str, port: int) -> Generator[Any, Any, Stream]:
    """A connection, to the first address of ``host`` that answers.

    Raises:
        OSError: none does; of the last one, why.
    """
    kernel = yield from current_kernel()
    failure: OSError | None = None
    for family, kind, number, _, address in (yield from _addresses(host, port)):
        try:
            sock = socket.socket(family, kind, number)
        except OSError as error:  # there is no such family here
            failure = error
            continue
        stream = Stream(sock, kernel, address)
        try:
            code = sock.connect_ex(address)
            if code == errno.EINPROGRESS:
                yield from stream.writable()
                code = sock.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
            if not code:
                with suppress(OSError):
                    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, True)
                return stream
            failure = OSError(code, os.strerror(code))
        except BaseException:
            stream.close()
            raise
        stream.close()
    assert failure is not None
    raise failure


@flow
def _addresses(host: str, port: int, flags: int = 0) -> Generator[Any, Any, list[Any]]:
    """Numbers are taken as they are; names are looked up in a thread, for that may take seconds."""
    try:
        return socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM, flags=flags | socket.AI_NUMERICHOST | socket.AI_NUMERICSERV
        )
    except socket.gaierror:
        pool = ThreadPoolExecutor(1, thread_name_prefix="names")
        try:
            return (
                yield from in_thread(
                    pool, lambda: socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=flags)
                )
            )
        finally:
            pool.shutdown(wait=False)

"""TLS for a connection: the same reader and writer, with a cipher between them and the socket.

In: bytes of the socket, bytes for it. Out: the others of either kind. ``Cipher`` knows no socket: OpenSSL works on two buffers
in memory, and so neither of its "I want to read before I can write" reaches a task but the one that shakes hands.
"""

from __future__ import annotations

import ssl
from collections.abc import Generator
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Final

from legacy.streams import Stream
from legacy.traps import flow
from legacy.venue.connection import Connection
from protocol.session import Inbound

if TYPE_CHECKING:
    from legacy.venue.gateway import Gateway

_AT_ONCE: Final = 16 * 1024
"""A record of TLS holds no more."""


class Cipher:
    """The venue's end of a TLS connection, without I/O."""

    def __init__(self, context: ssl.SSLContext) -> None:
        self._incoming = ssl.MemoryBIO()
        self._outgoing = ssl.MemoryBIO()
        self._tls = context.wrap_bio(self._incoming, self._outgoing, server_side=True)
        self.is_over = False
        """The other end has said that it will send no more."""

    @flow
    def shake_hands(self, stream: Stream) -> Generator[Any, Any, None]:
        """Agree on keys. What comes behind that in the same piece is kept for ``open``.

        Raises:
            OSError: it can't be: no TLS, nothing in common, or gone.
        """
        while True:
            try:
                self._tls.do_handshake()
            except ssl.SSLWantReadError:
                yield from stream.write(self.owed())
                data = yield from stream.read()
                if not data:
                    raise ConnectionResetError("gone before hands were shaken") from None
                self._incoming.write(data)
            except ssl.SSLError:
                stream.write_some(self.owed())  # says why
                raise
            else:
                yield from stream.write(self.owed())
                return

    def open(self, data: bytes) -> bytes:
        """What the other end said with it.

        Raises:
            ssl.SSLError: it is nothing that the other end can have sent.
        """
        self._incoming.write(data)
        said = b""
        try:
            while piece := self._tls.read(_AT_ONCE):
                said += piece
            self.is_over = True
        except ssl.SSLWantReadError:
            pass
        except ssl.SSLZeroReturnError:
            self.is_over = True
        return said

    def seal(self, data: bytes) -> bytes:
        """What is to be sent to say it."""
        with memoryview(data) as view:
            while view:
                view = view[self._tls.write(view) :]
        return self.owed()

    def owed(self) -> bytes:
        """What TLS itself has to say; often nothing."""
        return self._outgoing.read()

    def end(self) -> bytes:
        """That nothing more will be said."""
        with suppress(ssl.SSLError):  # it wants to hear the same from the other end, which need not say it
            self._tls.unwrap()
        return self.owed()


class SecureConnection(Connection):
    """One client, over TLS."""

    __slots__ = ("_cipher",)

    def __init__(self, gateway: Gateway, stream: Stream, source: str, cipher: Cipher) -> None:
        """``cipher``: has shaken hands."""
        super().__init__(gateway, stream, source)
        self._cipher = cipher

    def _receive(self, data: bytes) -> list[Inbound]:
        said = self._cipher.open(data)
        self._is_over = self._cipher.is_over
        owed = self._cipher.owed()
        if owed:
            self._write_raw(owed)
        return self.session.receive_data(said) if said else []

    def _write(self, data: bytes) -> None:
        self._write_raw(self._cipher.seal(data))

    def _end_output(self) -> None:
        self._write_raw(self._cipher.end())
        super()._end_output()

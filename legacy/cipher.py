"""TLS without sockets: a cipher between a connection and its bytes.

In: bytes of the socket, bytes for it. Out: the others of either kind. OpenSSL works on two buffers in memory, and so neither
of its "I want to read before I can write" reaches a task but the one that shakes hands.
"""

import ssl
from collections.abc import Generator
from contextlib import suppress
from typing import Any, Final

from legacy.streams import Stream
from legacy.traps import flow

_AT_ONCE: Final = 16 * 1024
"""A record of TLS holds no more."""


class Cipher:
    """One end of a TLS connection, without I/O."""

    def __init__(self, context: ssl.SSLContext, host: str | None = None) -> None:
        """``host``: the name of the other end, which its certificate has to be for; ``None``: we are the venue."""
        self._incoming = ssl.MemoryBIO()
        self._outgoing = ssl.MemoryBIO()
        self._tls = context.wrap_bio(
            self._incoming, self._outgoing, server_side=host is None, server_hostname=host
        )
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

    @property
    def owes(self) -> bool:
        """Whether TLS itself has something to say."""
        return self._outgoing.pending > 0

    def owed(self) -> bytes:
        """What TLS itself has to say; often nothing."""
        return self._outgoing.read()

    def end(self) -> bytes:
        """That nothing more will be said."""
        with suppress(ssl.SSLError):  # it wants to hear the same from the other end, which need not say it
            self._tls.unwrap()
        return self.owed()

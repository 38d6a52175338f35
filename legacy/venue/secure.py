"""TLS for a connection: the same reader and writer, with a cipher between them and the socket.

In: bytes of the socket, bytes for it. Out: the others of either kind, see ``legacy.cipher``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from legacy.cipher import Cipher
from legacy.streams import Stream
from legacy.venue.connection import Connection
from protocol.session import Inbound

if TYPE_CHECKING:
    from legacy.venue.gateway import Gateway


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

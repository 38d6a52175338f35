"""One WebSocket connection: all of a TCP connection, its bounds and policies included, in frames.

In: the bytes behind a handshake. Out: frames, at most one write a turn of the loop. The socket was taken over from
HTTP with ``asyncio.Transport.set_protocol``: from then on the transport itself tells this connection when its write
buffer is full and when it has room again, as it tells those of TCP, and nothing is between them.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, ClassVar

from exchange.gateways.connection import TcpConnection
from exchange.peers import Framing
from protocol.websocket_session import WebSocketSession

if TYPE_CHECKING:
    from exchange.gateways.bounds import Limits
    from exchange.gateways.tcp import TcpGateway


class WebSocketConnection(TcpConnection):
    """One client that has shaken hands."""

    __slots__ = ("_ended", "_frames")

    _framing: ClassVar = Framing.FRAMES

    def __init__(self, gateway: TcpGateway, source: str) -> None:
        super().__init__(gateway, source)
        self._ended = False  # the close frame is written

    def _new_session(self, limits: Limits) -> WebSocketSession:
        self._frames = WebSocketSession(
            max_line_bytes=limits.max_line_bytes,
            login_timeout_s=limits.login_timeout_s,
            line_timeout_s=limits.line_timeout_s,
        )
        return self._frames

    @property
    def via(self) -> str:
        return "websocket"

    def take_over(self, transport: asyncio.Transport, head: bytes, data: bytes) -> None:
        """Serve a socket from here on. ``head``: the answer to its handshake; ``data``: what came behind that."""
        transport.write(head)
        # Between two reads: uvloop settles with the first one whether they go into a buffer of the protocol.
        transport.pause_reading()
        transport.set_protocol(self)
        self.connection_made(transport)
        while data:
            size = len(data[: len(self._chunk)])
            self._chunk[:size], data = data[:size], data[size:]
            self.buffer_updated(size)
        if self._reading:
            transport.resume_reading()

    def buffer_updated(self, nbytes: int) -> None:
        super().buffer_updated(nbytes)
        self._heed_control_frames()

    def _go_on(self) -> None:
        super()._go_on()
        self._heed_control_frames()

    def _heed_control_frames(self) -> None:
        if self._frames.owes_pong:
            self._venue.touch(self.peer)
            self._turns.schedule()
        if self._frames.heard_close and not self._eof:
            super().eof_received()

    def eof_received(self) -> bool:
        if self._ended:
            return False
        return super().eof_received()

    def shut_down(self) -> None:
        self._frames.going_away = True
        super().shut_down()

    # -- the end -------------------------------------------------------------------------------

    def send(self, data: bytes, *, last: bool) -> None:
        if last:
            self._be_told_when_written()
        super().send(data, last=last)

    def _cut_off(self, transport: asyncio.Transport, unread: int) -> None:
        self._be_told_when_written()
        super()._cut_off(transport, unread)

    def _end(self, transport: asyncio.Transport) -> None:
        """The client answers with a close frame and hangs up; closed over that, the socket could forget the last word."""
        if self._ended:
            return
        self._ended = True
        if self._eof or not transport.can_write_eof():
            transport.close()
            return
        self._resume_reading()
        if not self._paused:
            self._end_output()

    def resume_writing(self) -> None:
        if not self._ended:
            super().resume_writing()
            return
        self._paused = False
        self._end_output()

    def _be_told_when_written(self) -> None:
        """Have ``resume_writing`` called when nothing is left to write, not when little is."""
        if self._transport is not None:
            self._transport.set_write_buffer_limits(high=0)

    def _end_output(self) -> None:
        # All is written: the transport would not catch the error if the client went away before that.
        assert self._transport is not None
        try:
            self._transport.write_eof()
        except OSError:
            self._transport.abort()

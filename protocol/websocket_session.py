"""The venue's end of a session whose messages travel in WebSocket frames, without I/O.

In: bytes of a client that has shaken hands. Out: the same messages and faults as those of lines, and frames for the
client. All that ``protocol.session`` promises holds here as well; in addition pings are answered (one answer for
those that came at once), and behind the last word there is a close frame that says why.
"""

from typing import Final

from protocol.errors import RemoteProtocolError
from protocol.framing import MAX_LINE_BYTES
from protocol.session import Inbound, ServerSession
from protocol.session_life import SessionState
from protocol.vocabulary import ErrorCode
from protocol.websocket import CLOSE_CODES, CloseCode, FrameReader, close_frame, pong_frame, text_frames

_CUT_SHORT: Final = "the last message has no end and was not taken"


class WebSocketSession(ServerSession):
    """The venue's end of a session in frames."""

    def __init__(
        self,
        *,
        max_line_bytes: int = MAX_LINE_BYTES,
        login_timeout_s: float = 60.0,
        line_timeout_s: float = 30.0,
    ) -> None:
        super().__init__(
            max_line_bytes=max_line_bytes, login_timeout_s=login_timeout_s, line_timeout_s=line_timeout_s
        )
        self._frames = FrameReader(max_line_bytes)
        self._said_last = False  # the last word is in the outbox, or was
        self._close_sent = False
        self.going_away = False
        """The venue closes: a connection that ends in order ends because of that."""

    @property
    def holds_back(self) -> bool:
        """Whether lines are held back, or frames were not looked at yet; ``more`` has some."""
        return self.state is not SessionState.CLOSED and (self._held or self._frames.has_more)

    @property
    def heard_close(self) -> bool:
        """Whether the client said that it will send no more."""
        return self._frames.closed

    @property
    def owes_pong(self) -> bool:
        """Whether ``data_to_send`` has an answer to a ping."""
        return self._frames.ping is not None and not self._close_sent

    def receive_data(self, data: bytes) -> list[Inbound]:
        """Messages and faults in the order in which they came; ``line`` counts messages, from 1."""
        if self.state is SessionState.CLOSED:
            return []
        frames = self._frames
        inbound = super().receive_data(frames.feed(data))
        if frames.fault is not None and self._fatal is None:
            code, text = frames.fault
            inbound += self._break_off(RemoteProtocolError(code, text, self._buffer.lines + 1))
        return inbound

    def more(self) -> list[Inbound]:
        """The next of what was held back; nothing while a login is being decided."""
        inbound = super().more()
        return self.receive_data(b"") if not inbound and not self._held else inbound

    def end_of_data(self) -> None:
        """The client will send no more.

        Raises:
            RemoteProtocolError: in the middle of a message.
        """
        if self._frames.in_message and self._fatal is None:
            raise RemoteProtocolError(ErrorCode.LINE_CUT_SHORT, _CUT_SHORT, self._buffer.lines + 1)

    def data_to_send(self) -> bytes:
        """Everything in the outbox as frames, an answer to the last ping, and the close frame behind the last word."""
        frames = self._frames
        if not self.outbox and frames.ping is None and not self._said_last:
            return b""
        data = text_frames(super().data_to_send())
        if self._close_sent:
            return b""
        if frames.ping is not None:
            data += pong_frame(frames.ping)
            frames.ping = None
        if self._said_last:
            self._close_sent = True
            data += self._last_frame()
        return data

    def log_out(self, text: str) -> None:
        """Say the last word; the connection is to be closed when it is written."""
        super().log_out(text)
        self._said_last = True

    def fail(self, fault: RemoteProtocolError) -> None:
        """Answer a faulty message."""
        super().fail(fault)
        self._said_last = self._said_last or self.ends_with(fault)

    def end_with(self, code: ErrorCode, text: str, line: int | None = None) -> None:
        """Say why the venue hangs up; the connection is to be closed when it is written."""
        super().end_with(code, text, line)
        self._said_last = True

    def _last_frame(self) -> bytes:
        if self.ended_by is not None:
            return close_frame(CLOSE_CODES.get(self.ended_by, CloseCode.POLICY), self.ended_by)
        return close_frame(CloseCode.GOING_AWAY if self.going_away else CloseCode.NORMAL)

"""WebSocket frames (RFC 6455) to lines and back, as the venue's end of a connection sees them.

In: bytes of a client that has shaken hands, cut anywhere; lines for it. Out: what it says, each message as a line;
frames. Nothing is kept but the beginning of a header or of a control frame: what arrives of a message is handed on
at once, so the only bound of its length is that of a line. Neither compressed nor binary frames are spoken.
"""

import base64
import codecs
import hashlib
from enum import IntEnum
from typing import Final

from protocol.framing import MAX_LINE_BYTES
from protocol.vocabulary import ErrorCode

SUBPROTOCOL: Final = "tontine.v4"
"""The name under which a client may ask for these messages."""

_GUID: Final = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"

MOST_FRAMES_AT_ONCE: Final = 512
"""Frames that are looked at before others have their turn: a quarter of a megabyte of empty ones, six bytes each,
would take a tenth of a second."""

_FINAL: Final = 0x80
_RESERVED: Final = 0x70
_MASKED: Final = 0x80
_CONTINUATION: Final = 0x0
_TEXT: Final = 0x1
_BINARY: Final = 0x2
_CLOSE: Final = 0x8
_PING: Final = 0x9
_PONG: Final = 0xA
_CONTROL: Final = 0x8
_WHOLE_TEXT: Final = _FINAL | _TEXT
_HEADER: Final = 6
"""Of a short frame: two bytes and the mask."""
_SHORT: Final = 125
_TWO_BYTES: Final = 126
_EIGHT_BYTES: Final = 127


class CloseCode(IntEnum):
    """Why the venue ends a connection; what the last message before it says in words."""

    NORMAL = 1000
    GOING_AWAY = 1001
    PROTOCOL_ERROR = 1002
    UNSUPPORTED = 1003
    INCONSISTENT = 1007
    POLICY = 1008
    TOO_BIG = 1009
    TRY_AGAIN_LATER = 1013


CLOSE_CODES: Final[dict[ErrorCode, CloseCode]] = {
    ErrorCode.SHUTTING_DOWN: CloseCode.GOING_AWAY,
    ErrorCode.INVALID_FRAME: CloseCode.PROTOCOL_ERROR,
    ErrorCode.BINARY_FRAME: CloseCode.UNSUPPORTED,
    ErrorCode.NOT_JSON: CloseCode.INCONSISTENT,
    ErrorCode.LINE_TOO_LONG: CloseCode.TOO_BIG,
    ErrorCode.LOGIN_THROTTLED: CloseCode.TRY_AGAIN_LATER,
}
"""What a connection is closed with after an error; after every other one it is ``POLICY``."""

_MAY_BE_SENT: Final = frozenset({1000, 1001, 1002, 1003, *range(1007, 1015), *range(3000, 5000)})


def accept(key: str) -> str | None:
    """The answer to a client's ``Sec-WebSocket-Key``; ``None`` if that is not one."""
    try:
        nonce = base64.b64decode(key, validate=True)
    except ValueError:
        return None
    if len(nonce) != 16:
        return None
    # RFC 6455 asks for this hash. It keeps no secret.
    digest = hashlib.sha1(key.encode("ascii") + _GUID, usedforsecurity=False).digest()
    return base64.b64encode(digest).decode("ascii")


def text_frames(lines: bytes) -> bytes:
    """Each line as a frame of its own, without its newline: the same bytes for whoever gets these lines."""
    pieces: list[bytes] = []
    for line in lines.split(b"\n")[:-1]:
        length = len(line)
        pieces.append(_HEADS[length] if length < _USUAL else _head(_WHOLE_TEXT, length))
        pieces.append(line)
    return b"".join(pieces)


def close_frame(code: CloseCode, reason: str = "") -> bytes:
    """The last frame. ``reason``: at most 123 bytes."""
    return _control(_CLOSE, code.to_bytes(2) + reason.encode())


def pong_frame(payload: bytes) -> bytes:
    """The answer to a ping."""
    return _control(_PONG, payload)


def _control(opcode: int, payload: bytes) -> bytes:
    return _head(_FINAL | opcode, len(payload)) + payload


def _head(first: int, length: int) -> bytes:
    if length <= _SHORT:
        return bytes((first, length))
    if length <= 0xFFFF:
        return bytes((first, _TWO_BYTES)) + length.to_bytes(2)
    return bytes((first, _EIGHT_BYTES)) + length.to_bytes(8)


_USUAL: Final = 1024
"""Nearly all messages are shorter: their heads are made beforehand, which saves a third of the time."""

_HEADS: Final = [_head(_WHOLE_TEXT, length) for length in range(_USUAL)]


def _unmasked(payload: bytes, key: bytes) -> bytes:
    # As two numbers: no step of the interpreter a byte.
    length = len(payload)
    mask = (key * (length // 4 + 1))[:length]
    return (int.from_bytes(payload, "little") ^ int.from_bytes(mask, "little")).to_bytes(length, "little")


class FrameReader:
    """Takes a client's frames apart."""

    def __init__(self, limit: int = MAX_LINE_BYTES) -> None:
        """``limit``: bytes of the longest message, with the newline that it has as a line."""
        self._limit = limit
        self._rest = b""
        self._in_frame = False  # the header of a data frame was read, its end was not
        self._left = 0  # bytes of it that are to come
        self._key = b""
        self._final = False
        self._length = 0  # of the message so far
        self._utf8 = codecs.getincrementaldecoder("utf-8")()
        self.in_message = False
        """Whether a message has begun whose end has not arrived."""
        self.has_more = False
        """Whether there are frames that were not looked at; ``feed(b"")`` goes on."""
        self.ping: bytes | None = None
        """Of the last ping, which is to be answered; empty it."""
        self.closed = False
        """The client said that it will send no more; nothing after that is looked at."""
        self.fault: tuple[ErrorCode, str] | None = None
        """What makes the rest of the input meaningless; nothing of it is looked at."""

    def feed(self, data: bytes) -> bytes:
        """Take a chunk; what it has of messages, a newline behind each that is complete.

        Messages in front of a fault are still returned; then ``fault`` is set.
        """
        if self._is_over():
            return b""
        if self._rest:
            data = self._rest + data
        at, end = 0, len(data)
        pieces: list[bytes] = []
        budget = MOST_FRAMES_AT_ONCE
        while budget:
            budget -= 1
            start = at + _HEADER
            # Nearly every frame is a short message, and whole.
            if (
                start <= end
                and data[at] == _WHOLE_TEXT
                and not self.in_message
                and (stop := start + (data[at + 1] ^ _MASKED)) <= end
                and stop - start <= _SHORT
                and (payload := _unmasked(data[start:stop], data[at + 2 : start])).isascii()
                and b"\n" not in payload
                and stop - start < self._limit
            ):
                pieces += (payload, b"\n")
                at = stop
                continue
            after = self._payload(data, at, pieces) if self._in_frame else self._begin(data, at)
            if after is None:
                break
            at = after
            if self._is_over():
                at = end
                break
        self.has_more = not budget and at < end
        self._rest = data[at:]
        return b"".join(pieces)

    def _is_over(self) -> bool:
        return self.fault is not None or self.closed

    def _begin(self, data: bytes, at: int) -> int | None:
        """Read a header, and of a control frame the rest; where to go on, ``None`` if it is not all there."""
        here = len(data) - at
        if here < 2:
            return None
        opcode, final = data[at] & 0xF, bool(data[at] & _FINAL)
        length = data[at + 1] & ~_MASKED
        broken = self._broken_rule(data[at], opcode, data[at + 1])
        if broken is not None:
            return self._fail(ErrorCode.INVALID_FRAME, broken)
        if opcode == _BINARY:
            return self._fail(ErrorCode.BINARY_FRAME, "messages are text frames, this one is binary")
        start = at + _HEADER
        if length == _TWO_BYTES:
            start += 2
            length = int.from_bytes(data[at + 2 : at + 4]) if here >= 4 else 0
        elif length == _EIGHT_BYTES:
            start += 8
            length = int.from_bytes(data[at + 2 : at + 10]) if here >= 10 else 0
        if not opcode & _CONTROL and self._length + length >= self._limit:
            return self._fail(ErrorCode.LINE_TOO_LONG, f"the line is longer than {self._limit} bytes")
        if start > len(data):
            return None
        key = data[start - 4 : start]
        if opcode & _CONTROL:
            stop = start + length
            if stop > len(data):
                return None
            self._heed(opcode, _unmasked(data[start:stop], key))
            return stop
        self._key, self._left, self._final = key, length, final
        self._in_frame = self.in_message = True
        return start

    def _broken_rule(self, first: int, opcode: int, second: int) -> str | None:
        """What is wrong with the first two bytes of a frame."""
        if first & _RESERVED:
            return "a reserved bit is set, and no extension was agreed on"
        if not second & _MASKED:
            return "frames of a client are masked"
        if opcode & _CONTROL:
            if opcode > _PONG:
                return f"there is no opcode {opcode}"
            if not first & _FINAL or second & ~_MASKED > _SHORT:
                return "a control frame is whole and no longer than 125 bytes"
        elif opcode > _BINARY:
            return f"there is no opcode {opcode}"
        elif (opcode == _CONTINUATION) is not self.in_message:
            return "a message is continued before it began, or begun before the last one ended"
        return None

    def _payload(self, data: bytes, at: int, pieces: list[bytes]) -> int | None:
        """Hand on what there is of a data frame."""
        masked = data[at : at + self._left]
        if self._left and not masked:
            return None
        piece = _unmasked(masked, self._key)
        self._left -= len(piece)
        self._length += len(piece)
        turn = len(piece) % 4
        self._key = self._key[turn:] + self._key[:turn]
        ends = self._final and not self._left
        try:
            self._utf8.decode(piece, ends)
        except UnicodeDecodeError as error:
            return self._fail(ErrorCode.NOT_JSON, f"not UTF-8: {error.reason}")
        if b"\n" in piece:
            return self._fail(ErrorCode.LINE_BREAK, "a frame holds one message, without line breaks")
        pieces.append(piece)
        self._in_frame = bool(self._left)
        if ends:
            pieces.append(b"\n")
            self.in_message, self._length = False, 0
        return at + len(piece)

    def _heed(self, opcode: int, payload: bytes) -> None:
        """Take a control frame."""
        if opcode == _PING:
            self.ping = payload
        elif opcode == _CLOSE:
            code, reason = int.from_bytes(payload[:2]), payload[2:]
            if payload and (len(payload) == 1 or code not in _MAY_BE_SENT):
                self._fail(ErrorCode.INVALID_FRAME, "a close frame has no code, or one that may not be sent")
                return
            try:
                reason.decode()
            except UnicodeDecodeError as error:
                self._fail(ErrorCode.NOT_JSON, f"not UTF-8: {error.reason}")
                return
            self.closed = True

    def _fail(self, code: ErrorCode, text: str) -> int:
        self.fault = code, text
        return 0

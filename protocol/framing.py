"""Bytes to lines and back.

In: chunks of bytes, cut anywhere. Out: the complete lines among them, newlines included, as one
piece. Promises: memory stays within the line limit, the result does not depend on where the input
was cut, and a slow sender of single bytes costs time in proportion to the bytes.
"""

from typing import Final

from protocol.errors import RemoteProtocolError
from protocol.vocabulary import ErrorCode

MAX_LINE_BYTES: Final = 64 * 1024
"""Longest line, newline included: the default StreamReader limit of asyncio, many times a message."""


class LineBuffer:
    """Keeps the beginning of a line until its end arrives."""

    def __init__(self, limit: int = MAX_LINE_BYTES) -> None:
        self._limit = limit
        self._tail = bytearray()
        self.lines = 0
        """Lines handed out so far."""
        self.overlong = False
        """A line went beyond the limit; it was dropped, and nothing after it is looked at."""

    @property
    def in_line(self) -> bool:
        """Whether a line has begun whose end has not arrived."""
        return bool(self._tail)

    def feed(self, data: bytes) -> bytes:
        """Take a chunk; return all lines that are complete now, or ``b""``.

        Lines in front of one that is too long are still returned; then ``overlong`` is set.
        """
        if not self._tail and len(data) <= self._limit and data.endswith(b"\n") and not self.overlong:
            self.lines += data.count(b"\n")  # whole lines, as most chunks are
            return data
        if self.overlong:
            return b""
        end = data.rfind(b"\n") + 1
        if end == 0:
            self._tail += data
            if len(self._tail) > self._limit:
                self._drop()
            return b""
        whole = bytes(self._tail) + data[:end] if self._tail else data[:end]
        self._tail = bytearray(data[end:])
        if len(whole) > self._limit:
            whole = self._up_to_overlong(whole)
        if len(self._tail) > self._limit:
            self._drop()
        self.lines += whole.count(b"\n")
        return whole

    def end(self) -> None:
        """The input is over.

        Raises:
            RemoteProtocolError: in the middle of a line; ``LINE_CUT_SHORT``.
        """
        if self._tail:
            raise RemoteProtocolError(
                ErrorCode.LINE_CUT_SHORT, "the last line has no end and was not taken", self.lines + 1
            )

    def fault(self) -> RemoteProtocolError:
        """What to tell the sender of an overlong line."""
        return RemoteProtocolError(
            ErrorCode.LINE_TOO_LONG, f"the line is longer than {self._limit} bytes", self.lines + 1
        )

    def _up_to_overlong(self, whole: bytes) -> bytes:
        start = 0
        while start < len(whole):
            # As many lines at once as fit into the limit, for then none of them goes beyond it.
            end = whole.rfind(b"\n", start, start + self._limit) + 1
            if not end:
                self._drop()
                return whole[:start]
            start = end
        return whole

    def _drop(self) -> None:
        self.overlong = True
        self._tail.clear()

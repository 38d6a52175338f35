"""Connections in memory: what TCP does, in virtual time.

In: bytes that one end writes. Out: the same bytes in the same order at the other end, as late as the latency of their way
makes them. As with sockets: who does not read has at most so many bytes sent to him, then the writer is told to pause;
each way can be closed by itself; who writes to an end that is gone gets a reset. An acknowledgement takes no time.
What a program writes in one instant travels together; what several connections write in one instant leaves in the order
of their numbers, whatever order their tasks ran in.
"""

import asyncio
from collections import deque
from collections.abc import Callable
from enum import Enum
from typing import Any, Final, cast

from protocol.vocabulary import Nanoseconds
from simulation.bots.loop import VirtualLoop
from simulation.kernel import Kernel
from simulation.latency import Draw

WINDOW: Final = 256 * 1024
"""Bytes on their way, or unread at the other end: as many as a socket of the venue takes."""

HIGH_WATER: Final = 64 * 1024
"""Bytes beyond that, from which on a writer is told to pause: asyncio's own default."""

PIECE: Final = 256 * 1024
"""What is read at once, as in asyncio."""


class Mark(Enum):
    """What travels beside bytes."""

    END = "end"
    """Nothing follows."""
    RESET = "reset"
    """The other end is gone, and did not read everything."""


class Wire:
    """One way between two ends."""

    def __init__(self, kernel: Kernel, draw: Draw) -> None:
        self._kernel = kernel
        self._draw = draw
        self._arrived_ns: Nanoseconds = 0

    def send(self, arrive: Callable[[Any], object], item: object) -> None:
        """Have it arrive, after everything that was sent before."""
        arrives_ns = max(self._kernel.time_ns + self._draw.ns(), self._arrived_ns)
        self._arrived_ns = arrives_ns
        self._kernel.at(arrives_ns, arrive, item)


class Post:
    """Gathers what programs write in one instant."""

    def __init__(self, kernel: Kernel) -> None:
        self._kernel = kernel
        self._leaving: dict[int, End] = {}

    def leave(self, end: "End") -> None:
        """This end has something to send."""
        if not self._leaving:
            self._kernel.at(self._kernel.time_ns, self._collect)
        self._leaving[end.number] = end

    def _collect(self, _: None) -> None:
        leaving, self._leaving = self._leaving, {}
        for number in sorted(leaving):
            leaving[number].let_go()


class Plug:
    """In place of a socket, for programs that set options of it."""

    def __init__(self, own: tuple[str, int], other: tuple[str, int]) -> None:
        self._own, self._other = own, other

    def setsockopt(self, *_: object) -> None:
        """Means nothing here."""

    def getsockname(self) -> tuple[str, int]:
        return self._own

    def getpeername(self) -> tuple[str, int]:
        return self._other

    def fileno(self) -> int:
        return -1


class End(asyncio.Transport):
    """One end of a connection. ``other`` is set before anything is written."""

    other: "End"

    def __init__(
        self,
        loop: VirtualLoop,
        number: int,
        wire: Wire,
        post: Post | None,
        addresses: tuple[tuple[str, int], tuple[str, int]],
    ) -> None:
        """``number``: of the connection; ``wire``: to the other end; ``post``: gathers what is written, without it
        everything leaves at once; ``addresses``: its own, and the other's.
        """
        own, other = addresses
        super().__init__({"sockname": own, "peername": other, "socket": Plug(own, other)})
        self.number = number
        self.is_gone = False
        """Whether it has been closed for good, or was never opened."""
        self._loop = loop
        self._wire = wire
        self._post = post
        self._protocol: asyncio.BaseProtocol | None = None
        self._leaving: list[bytes] = []  # written in this instant, within the window
        self._unsent: deque[bytes] = deque()  # beyond it
        self._unsent_bytes = 0
        self._window = WINDOW
        self._high, self._low = HIGH_WATER, HIGH_WATER // 4
        self._write_paused = False
        self._ends = False  # nothing more will be written
        self._ended = False  # the other end has been told so
        self._closing = False
        self._inbox: deque[bytes | Mark] = deque()  # arrived, and not read
        self._reading = True
        self._heard_end = False

    def open(self, protocol: asyncio.BaseProtocol) -> None:
        """It is connected; to be called in a turn of its loop."""
        self._protocol = protocol
        protocol.connection_made(self)

    # -- writing -----------------------------------------------------------------------------------
    def write(self, data: bytes | bytearray | memoryview) -> None:
        if not isinstance(data, bytes | bytearray | memoryview):
            raise TypeError(f"data argument must be a bytes-like object, not {type(data).__name__!r}")
        if self._ends and not self._closing:
            raise RuntimeError("Cannot call write() after write_eof()")
        if self.is_gone or self._closing or not data:
            return
        self._put(bytes(data))
        if self._leaving:
            self._leave()
        if self._unsent_bytes > self._high and not self._write_paused:
            self._write_paused = True
            self._told().pause_writing()

    def _put(self, data: bytes) -> None:
        room = 0 if self._unsent else self._window
        now, later = data[:room], data[room:]
        if now:
            self._window -= len(now)
            self._leaving.append(now)
        if later:
            self._unsent.append(later)
            self._unsent_bytes += len(later)

    def _leave(self) -> None:
        if self._post is None:
            self.let_go()
        else:
            self._post.leave(self)

    def let_go(self) -> None:
        """Send what was written, and the end if this was all."""
        if self._leaving:
            data = self._leaving[0] if len(self._leaving) == 1 else b"".join(self._leaving)
            self._leaving.clear()
            self._wire.send(self.other.arrive, data)
        if self._ends and not self._unsent and not self._ended:
            self._ended = True
            self._wire.send(self.other.arrive, Mark.END)

    def acknowledge(self, count: int) -> None:
        """The other end has read so many bytes."""
        self._window += count
        if not self._unsent or self.is_gone:
            return
        waiting, self._unsent, self._unsent_bytes = self._unsent, deque(), 0
        for data in waiting:
            self._put(data)
        self._leave()
        if self._write_paused and self._unsent_bytes <= self._low:
            self._write_paused = False
            self._loop.call_soon(self._told().resume_writing)
        if self._closing and not self._unsent:
            self._loop.call_soon(self._lose, None)

    def get_write_buffer_size(self) -> int:
        return self._unsent_bytes

    def get_write_buffer_limits(self) -> tuple[int, int]:
        return self._low, self._high

    def set_write_buffer_limits(self, high: int | None = None, low: int | None = None) -> None:
        if high is None:
            high = HIGH_WATER if low is None else 4 * low
        if low is None:
            low = high // 4
        if not high >= low >= 0:
            raise ValueError(f"high ({high!r}) must be >= low ({low!r}) must be >= 0")
        self._high, self._low = high, low

    def can_write_eof(self) -> bool:
        return True

    def write_eof(self) -> None:
        if not self._ends and not self.is_gone:
            self._ends = True
            self._leave()

    # -- closing -----------------------------------------------------------------------------------
    def is_closing(self) -> bool:
        return self._closing

    def close(self) -> None:
        """What was written still gets there; nothing more is read."""
        if self._closing:
            return
        self._closing = True
        self._inbox.clear()
        if not self._ends:
            self._ends = True
            self._leave()
        if not self._unsent:
            self._loop.call_soon(self._lose, None)

    def abort(self) -> None:
        """What has not left is forgotten."""
        self._force(None)

    def _force(self, error: Exception | None) -> None:
        if self.is_gone:
            return
        self._unsent.clear()
        self._unsent_bytes = 0
        self._ends = True
        if not self._closing or error is not None:
            self._closing = True
            self._leave()
        self._loop.call_soon(self._lose, error)

    def hang_up(self) -> None:
        """Its program is gone, or never came: nobody is told here, the other end is."""
        if not self.is_gone:
            self.is_gone = self._ends = True
            self._unsent.clear()
            self.let_go()

    def _lose(self, error: Exception | None) -> None:
        if self.is_gone:
            return
        self.is_gone = True
        self._inbox.clear()
        self._told().connection_lost(error)

    # -- reading -----------------------------------------------------------------------------------
    def arrive(self, item: bytes | Mark) -> None:
        """Something has got here."""
        if self.is_gone:
            if isinstance(item, bytes) and not self.other.is_gone:
                self._wire.send(self.other.arrive, Mark.RESET)
        elif item is Mark.RESET:
            error = ConnectionResetError(104, "Connection reset by peer")
            self._loop.run_now(self._force, error)
        elif self._closing:
            self.other.acknowledge(len(item) if isinstance(item, bytes) else 0)
        else:
            self._inbox.append(item)
            if self._reading:
                self._loop.run_now(self._read)

    def _read(self) -> None:
        inbox = self._inbox
        while inbox and self._reading and not self._closing:
            item = inbox.popleft()
            if isinstance(item, Mark):
                self._hear_end()
                continue
            self.other.acknowledge(len(item))
            try:
                self._feed(item)
            except Exception as error:  # noqa: BLE001  # as asyncio does
                self._loop.call_exception_handler(
                    {
                        "message": "Fatal error: protocol.data_received() call failed.",
                        "exception": error,
                        "transport": self,
                        "protocol": self._protocol,
                    }
                )
                self._force(error)

    def _feed(self, data: bytes) -> None:
        protocol = self._protocol
        if not isinstance(protocol, asyncio.BufferedProtocol):
            cast(asyncio.Protocol, protocol).data_received(data)
            return
        while data:
            buffer = memoryview(cast(bytearray, protocol.get_buffer(len(data))))
            if not buffer:
                raise RuntimeError("get_buffer() returned an empty buffer")
            piece = data[: min(len(buffer), PIECE)]
            buffer[: len(piece)] = piece
            protocol.buffer_updated(len(piece))
            data = data[len(piece) :]
            if data and not self._reading:
                self._inbox.appendleft(data)
                self.other.acknowledge(-len(data))
                return

    def _hear_end(self) -> None:
        if self._heard_end:
            return
        self._heard_end = True
        if not cast(asyncio.Protocol, self._told()).eof_received():
            self.close()

    def pause_reading(self) -> None:
        if not self._closing:
            self._reading = False

    def resume_reading(self) -> None:
        if not self._closing and not self._reading:
            self._reading = True
            if self._inbox:
                self._loop.call_soon(self._read)

    def is_reading(self) -> bool:
        return self._reading and not self._closing

    def set_protocol(self, protocol: asyncio.BaseProtocol) -> None:
        self._protocol = protocol

    def get_protocol(self) -> asyncio.BaseProtocol:
        return self._told()

    def _told(self) -> asyncio.BaseProtocol:
        assert self._protocol is not None, "it is open"
        return self._protocol

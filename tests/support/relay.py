"""A piece of bad line between a trader and a venue, which a test cuts, holds, or speaks through.

In: the address of a venue. Out: an address to connect to instead. What goes through it is passed on line by line and
unchanged, until a test asks for something else. Threads of its own: it goes on while the test waits.
"""

import socket
import threading
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Final

PATIENCE_S: Final = 20.0
_KERNEL_BUFFER: Final = 4096
"""What the kernel keeps unread on the venue's side: a line that is held is soon noticed."""

_LAST_LINES: Final = 100
"""So many of each side are remembered."""


class Relay:
    """Passes on what both ends say."""

    def __init__(self, host: str, port: int, source: str | None) -> None:
        self._venue = (host, port)
        self._source = source
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.host, self.port = self._listening.getsockname()
        self._ends: list[socket.socket] = []
        self._dead: set[socket.socket] = set()
        self._traders: list[socket.socket] = []
        self._flows = threading.Event()
        self._flows.set()
        self._to_drop = b""
        self._changed = threading.Lock()
        self._dropped = threading.Event()
        self._news = threading.Condition()
        self.lines_from_venue = 0
        """So many were passed on."""
        self._from_venue: deque[bytes] = deque(maxlen=_LAST_LINES)
        self._from_trader: deque[bytes] = deque(maxlen=_LAST_LINES)
        threading.Thread(target=self._accept, daemon=True).start()

    def hold(self) -> None:
        """Read nothing more of what the venue says: the trader has become a slow reader."""
        self._flows.clear()

    def go_on(self) -> None:
        """Read on where it was held."""
        self._flows.set()

    def drop(self, needle: bytes) -> None:
        """Lose the next line of the venue that has this in it."""
        with self._changed:
            self._to_drop = needle
            self._dropped.clear()

    def wait_for_drop(self) -> None:
        """Until that line came."""
        assert self._dropped.wait(PATIENCE_S), f"no line with {self._to_drop!r} came"

    def heard_from_venue(self, line: bytes) -> bytes:
        """Wait until the venue has said that, among its last lines; the line."""
        return self._heard_from(self._from_venue, line)

    def heard_from_trader(self, line: bytes) -> bytes:
        """As above."""
        return self._heard_from(self._from_trader, line)

    def _heard_from(self, lines: deque[bytes], line: bytes) -> bytes:
        with self._news:
            assert self._news.wait_for(lambda: line in lines, PATIENCE_S), f"{line!r} was not said"
        return line

    def say(self, line: bytes) -> None:
        """Tell the trader something that the venue never said; at a moment at which the venue says nothing."""
        for trader in self._traders:
            trader.sendall(line)

    def cut(self) -> None:
        """Break every connection, with a reset, to both sides."""
        ends, self._ends, self._traders = self._ends, [], []
        self._dead.update(ends)
        for end in ends:
            with suppress(OSError):
                end.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
            with suppress(OSError):
                end.shutdown(socket.SHUT_RD)  # the thread that reads it lets go of it
            end.close()
        self._flows.set()

    def close(self) -> None:
        """End it."""
        with suppress(OSError):
            self._listening.shutdown(socket.SHUT_RDWR)
        self._listening.close()
        self.cut()

    # -- threads -----------------------------------------------------------------------------------
    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                trader, _ = self._listening.accept()
                venue = socket.socket()
                venue.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _KERNEL_BUFFER)
                if self._source is not None:
                    venue.bind((self._source, 0))
                venue.connect(self._venue)
                self._ends += [trader, venue]
                self._traders.append(trader)
                for act in (self._to_venue, self._to_trader):
                    threading.Thread(target=act, args=(trader, venue), daemon=True).start()

    def _to_venue(self, trader: socket.socket, venue: socket.socket) -> None:
        with suppress(OSError):
            while data := trader.recv(65_536):
                venue.sendall(data)
                self._note(self._from_trader, data)
            if trader not in self._dead:
                venue.shutdown(socket.SHUT_WR)

    def _to_trader(self, trader: socket.socket, venue: socket.socket) -> None:
        rest = b""
        with suppress(OSError):
            while self._flows.wait() and (data := venue.recv(65_536)):
                lines, newline, rest = (rest + data).rpartition(b"\n")
                trader.sendall(self._left_over(lines + newline))
                self.lines_from_venue += lines.count(b"\n") + len(newline)
                self._note(self._from_venue, lines + newline)
            if trader not in self._dead:
                trader.sendall(rest)
                trader.shutdown(socket.SHUT_WR)

    def _note(self, last: deque[bytes], lines: bytes) -> None:
        with self._news:
            last.extend(lines.splitlines(keepends=True)[-_LAST_LINES:])
            self._news.notify_all()

    def _left_over(self, lines: bytes) -> bytes:
        with self._changed:
            needle = self._to_drop
            if not needle or needle not in lines:
                return lines
            kept = lines.splitlines(keepends=True)
            kept.remove(next(line for line in kept if needle in line))
            self._to_drop = b""
            self._dropped.set()
            return b"".join(kept)


@contextmanager
def relay(host: str, port: int, *, source: str | None = None) -> Iterator[Relay]:
    """A relay to a venue; ``source``: the address of this machine from which it goes there, such as 127.0.0.2."""
    running = Relay(host, port, source)
    try:
        yield running
    finally:
        running.close()

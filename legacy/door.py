"""The door of a kernel: what other threads and signal handlers want to have called between two tasks.

In: functions, from anywhere. Out: those, in order, on the kernel's thread. Whoever puts one in rings a bell, so that a
kernel that waits in its selector wakes up.
"""

import selectors
import socket
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import Final

RING: Final = b"\0"


class Door:
    """Functions to be called, and the bell."""

    def __init__(self) -> None:
        self.expected = 0
        """So many are to come for certain."""
        self._posted: deque[Callable[[], None]] = deque()
        self._bell: tuple[socket.socket, socket.socket] | None = None
        """Whoever posts writes to the second; the selector looks at the first."""
        self._is_closed = False

    def __len__(self) -> int:
        return len(self._posted)

    def open(self, selector: selectors.BaseSelector) -> None:
        """Have ``selector`` listen; its key has no data."""
        self._bell = socket.socketpair()
        for end in self._bell:
            end.setblocking(False)
        selector.register(self._bell[0], selectors.EVENT_READ)

    def post(self, act: Callable[[], None]) -> None:
        """From any thread, from a signal handler. When it is closed, nothing happens."""
        if self._is_closed:
            return
        self._posted.append(act)
        if self._bell is not None:
            with suppress(OSError):  # full: it rings anyhow; closed: nobody listens any more
                self._bell[1].send(RING)

    def take(self) -> Iterator[Callable[[], None]]:
        """What is there now. Whatever is posted while it is called waits for the tasks."""
        for _ in range(len(self._posted)):
            yield self._posted.popleft()

    def silence(self) -> None:
        """It has been heard."""
        assert self._bell is not None
        with suppress(BlockingIOError):
            while self._bell[0].recv(4096):
                pass

    def close(self) -> None:
        self._is_closed = True
        self._posted.clear()
        for end in self._bell or ():
            end.close()

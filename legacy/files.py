"""What tasks wait for in sockets and pipes: a selector, and who waits for which of its files.

In: files, tasks that wait for them. Out: those tasks, when there is something to read or room to write. A file stays with the
selector until it has something to tell and nobody waits: most wait again at once, and to register costs a system call.
"""

from __future__ import annotations

import errno
import selectors
from collections.abc import Callable
from contextlib import suppress
from typing import Any, Final

from legacy.errors import BadDescriptor, DescriptorBusy
from legacy.task import Task
from legacy.traps import File

READ: Final = selectors.EVENT_READ
WRITE: Final = selectors.EVENT_WRITE
_WHAT: Final = {READ: "to read", WRITE: "to write"}


class Watched:
    """A file that the selector knows, and who waits for it."""

    __slots__ = ("file", "mask", "waiting")

    def __init__(self, file: File) -> None:
        self.file = file
        self.mask = 0
        self.waiting: dict[int, Task[Any]] = {}
        """Who waits to read, who to write."""

    def forget(self, task: Task[Any]) -> None:
        """It does not wait any more."""
        for event, waiting in self.waiting.items():
            if waiting is task:
                del self.waiting[event]
                return


class Files:
    """All files of a kernel that tasks wait for."""

    def __init__(self, selector: selectors.BaseSelector, wake: Callable[[Task[Any]], None]) -> None:
        self._selector = selector
        self._wake = wake
        self._watched: dict[int, Watched] = {}

    @property
    def anybody_waits(self) -> bool:
        return any(watched.waiting for watched in self._watched.values())

    def wait(self, task: Task[Any], file: File, event: int) -> Watched:
        """Where the task waits from now on.

        Raises:
            BadDescriptor: it is closed, or can't be waited for.
            DescriptorBusy: another task waits for the same.
        """
        fd = fileno(file)
        watched = self._watched.get(fd)
        if watched is None:
            watched = Watched(file)
        elif watched.file is not file and watched.file != file:
            # Closed without ``release``; the number is another file's now.
            self._unregister(fd)
            watched = Watched(file)
        elif event in watched.waiting:
            raise DescriptorBusy(f"{watched.waiting[event]} waits {_WHAT[event]} file {fd} already")
        if not watched.mask & event:
            self._look_for(fd, watched, watched.mask | event)
        watched.waiting[event] = task
        return watched

    def is_ready(self, fd: int, watched: Watched, events: int) -> None:
        """The selector says so."""
        unwanted = 0
        for event in (READ, WRITE):
            if events & event:
                task = watched.waiting.get(event)
                if task is not None:
                    self._wake(task)
                else:
                    unwanted |= event
        unwanted &= watched.mask
        if unwanted and self._watched.get(fd) is watched:
            self._look_for(fd, watched, watched.mask & ~unwanted)

    def release(self, file: File) -> list[Task[Any]]:
        """It is about to be closed; who waits for it."""
        fd = fileno(file)
        watched = self._watched.pop(fd, None)
        if watched is None:
            return []
        self._unregister(fd)
        return list(watched.waiting.values())

    def _look_for(self, fd: int, watched: Watched, mask: int) -> None:
        """Have the selector look for these events and no others."""
        try:
            if not mask:
                self._unregister(fd)
                del self._watched[fd]
            elif watched.mask:
                self._selector.modify(fd, mask, watched)
            else:
                self._selector.register(fd, mask, watched)
                self._watched[fd] = watched
        except (OSError, ValueError, KeyError) as error:
            raise BadDescriptor(f"file {fd} can't be waited for: {_reason(fd, error)}") from error
        watched.mask = mask

    def _unregister(self, fd: int) -> None:
        with suppress(KeyError, ValueError):
            self._selector.unregister(fd)


def fileno(file: File) -> int:
    """Its number, -1 if it is closed."""
    return file if isinstance(file, int) else file.fileno()


def _reason(fd: int, error: Exception) -> str:
    if fd < 0 or (isinstance(error, OSError) and error.errno == errno.EBADF):
        return "it is closed"
    if isinstance(error, PermissionError):
        return "files on a disk are always ready"
    return str(error)

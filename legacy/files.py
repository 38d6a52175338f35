"""What tasks wait for in sockets and pipes: a selector, and who waits for which of its files.

In: files, tasks that wait for them. Out: those tasks, when there is something to read or room to write. A file stays with the
selector until it has something to tell and nobody waits: most wait again at once, and to register costs a system call.
Whoever closes a file calls ``release`` before: the operating system tells nobody, and gives its number to the next file.
"""

from __future__ import annotations

import errno
import os
import selectors
from collections.abc import Callable
from contextlib import suppress
from typing import Any, Final

from legacy.errors import BadDescriptor, DescriptorBusy
from legacy.task import Task
from legacy.traps import File, fileno

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

    def __init__(
        self,
        selector: selectors.BaseSelector,
        wake: Callable[[Task[Any]], None],
        throw: Callable[[Task[Any], BaseException], None],
    ) -> None:
        self._selector = selector
        self._wake = wake
        self._throw = throw
        self._watched: dict[int, Watched] = {}

    @property
    def anybody_waits(self) -> bool:
        return any(watched.waiting for watched in self._watched.values())

    @property
    def number(self) -> int:
        """How many the selector looks at."""
        return len(self._watched)

    def wait(self, task: Task[Any], file: File, event: int) -> Watched:
        """Where the task waits from now on.

        Raises:
            BadDescriptor: it is closed, or can't be waited for.
            DescriptorBusy: another task waits for the same.
        """
        fd = fileno(file)
        watched = self._watched.get(fd)
        if watched is not None and watched.file is not file and watched.file != file:
            self._drop(fd, watched, "was closed, and its number is another file's")
            watched = None
        if watched is None:
            watched = Watched(file)
        elif event in watched.waiting:
            raise DescriptorBusy(f"{watched.waiting[event]} waits {_WHAT[event]} file {fd} already")
        elif isinstance(file, int):
            # A bare number may be another file's by now, which the selector would not know.
            self._unregister(fd)
            mask, watched.mask = watched.mask, 0
            self._look_for(fd, watched, mask)
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
            with suppress(BadDescriptor):  # whoever waited for it has been told
                self._look_for(fd, watched, watched.mask & ~unwanted)

    def release(self, file: File) -> list[Task[Any]]:
        """It is about to be closed; who waits for it."""
        fd = fileno(file)
        watched = self._watched.get(fd)
        if watched is None or (watched.file is not file and watched.file != file):
            return []
        del self._watched[fd]
        self._unregister(fd)
        return list(watched.waiting.values())

    def drop_closed(self) -> bool:
        """Forget files that were closed without ``release``; whether there were any."""
        closed = [fd for fd in self._watched if not _is_open(fd)]
        for fd in closed:
            self._drop(fd, self._watched[fd], "was closed while a task waited for it")
        return bool(closed)

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
            reason = _reason(fd, error)
            self._drop(fd, watched, f"can't be waited for any more: {reason}")
            raise BadDescriptor(f"file {fd} can't be waited for: {reason}") from error
        watched.mask = mask

    def _drop(self, fd: int, watched: Watched, why: str) -> None:
        """Forget a file; whoever waits for it learns of it."""
        if self._watched.get(fd) is watched:
            del self._watched[fd]
            self._unregister(fd)
        watched.mask = 0
        for task in list(watched.waiting.values()):
            self._throw(task, BadDescriptor(f"file {fd} {why}"))

    def _unregister(self, fd: int) -> None:
        with suppress(KeyError, ValueError):
            self._selector.unregister(fd)


def _is_open(fd: int) -> bool:
    try:
        os.fstat(fd)
    except OSError:
        return False
    return True


def _reason(fd: int, error: Exception) -> str:
    if fd < 0 or (isinstance(error, OSError) and error.errno == errno.EBADF):
        return "it is closed"
    if isinstance(error, PermissionError):
        return "files on a disk are always ready"
    return str(error)

"""Watching tasks without touching them: what ``ps``, traces and tests hang on.

In: what the kernel does to tasks, as it does it. Out: whatever the observer makes of it.
"""

import sys
import traceback
from collections.abc import Callable, Iterable
from contextlib import suppress
from typing import Any, Protocol

from legacy.errors import KernelError
from legacy.task import Task
from legacy.traps import Trap


class Observer(Protocol):
    """Watches tasks without touching them. Every method is called by the kernel, and must neither raise nor wait.
    Who raises is taken off the list, and the crash hook hears of it.
    """

    def created(self, task: Task[Any], by: Task[Any] | None) -> None:
        """A task stands in the ready queue for the first time."""

    def resumed(self, task: Task[Any]) -> None:
        """It runs."""

    def parked(self, task: Task[Any], request: Trap[Any]) -> None:
        """It stopped running: it asked for something that takes its time, if only that others go first."""

    def woken(self, task: Task[Any], by: Task[Any] | None) -> None:
        """It is ready again; ``by``: the task that ran then, ``None``: time, a file, another thread."""

    def ended(self, task: Task[Any]) -> None:
        """It has a result or an error."""


Crashed = Callable[[Task[Any], BaseException], None]
"""Learns of what a task raised while nobody joined it."""


class Onlookers:
    """The observers of a kernel, and its crash hook. What they raise is told, and changes nothing."""

    def __init__(self, observers: Iterable[Observer], crashed: Crashed | None) -> None:
        """``crashed``: ``None`` prints."""
        self.observers = tuple(observers)
        self._crashed = crashed or _print_crash

    def tell(self, what: str, task: Task[Any], *facts: object) -> None:
        """Call the method ``what`` of all; who raises is called no more."""
        for observer in self.observers:
            try:
                getattr(observer, what)(task, *facts)
            except Exception as error:  # noqa: BLE001  # no task's, so none is to suffer
                self.observers = tuple(other for other in self.observers if other is not observer)
                failure = KernelError(f"{observer!r:.80} raised an error, and observes no more")
                failure.__cause__ = error
                self.report(task, failure)

    def report(self, task: Task[Any], error: BaseException) -> None:
        """Tell the crash hook; what that raises is printed, for there is nobody else."""
        try:
            self._crashed(task, error)
        except Exception as another:  # noqa: BLE001  # an error in a report stops nothing
            with suppress(Exception):
                _print_crash(task, error)
                traceback.print_exception(another)


def _print_crash(task: Task[Any], error: BaseException) -> None:
    sys.stderr.write(f"task {task.id} {task.name} ended with an error, and nobody joined it:\n")
    traceback.print_exception(error)

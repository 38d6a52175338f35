"""Watching tasks without touching them: what ``ps``, traces and tests hang on.

In: what the kernel does to tasks, as it does it. Out: whatever the observer makes of it.
"""

from typing import Any, Protocol

from legacy.task import Task
from legacy.traps import Trap


class Observer(Protocol):
    """Watches tasks without touching them. Every method is called by the kernel, and must neither raise nor wait."""

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

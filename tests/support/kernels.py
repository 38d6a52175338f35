"""Kernels for tests: time passes at once, and an observer checks that the order is first in, first out."""

import selectors
from collections import deque
from typing import Any

from legacy.kernel import Kernel
from legacy.observer import Crashed, Observer
from legacy.task import Task, TaskState
from legacy.traps import Trap
from protocol.clock import ManualClock


class MovesTime(selectors.SelectSelector):
    """Instead of waiting it moves the clock."""

    def __init__(self, clock: ManualClock) -> None:
        super().__init__()
        self._clock = clock

    def select(self, timeout: float | None = None) -> list[Any]:
        found = super().select(0 if timeout is not None else None)
        if not found and timeout:
            self._clock.advance(seconds=timeout)
        return found


def kernel_of(crashed: Crashed | None = None, *observers: Observer, patience_s: float = 5) -> Kernel:
    """A kernel whose time is made up; nothing is printed of what ``crashed`` takes."""
    clock = ManualClock()
    return Kernel(
        clock=clock, selector=MovesTime(clock), observers=observers, crashed=crashed, patience_s=patience_s
    )


class Crashes:
    """A crash hook that remembers: the name of the task, and what it raised."""

    def __init__(self) -> None:
        self.seen: list[tuple[str, BaseException]] = []

    def __call__(self, task: Task[Any], error: BaseException) -> None:
        self.seen.append((task.name.rpartition(".")[2], error))

    def texts(self) -> list[str]:
        return [f"{name}: {error}" for name, error in self.seen]


class InOrder:
    """An observer that keeps a ready queue of its own: whoever stands first runs next."""

    def __init__(self) -> None:
        self.ready: deque[Task[Any]] = deque()
        self.turns = 0
        self.wrong: list[str] = []

    def created(self, task: Task[Any], by: Task[Any] | None) -> None:
        self.ready.append(task)

    def resumed(self, task: Task[Any]) -> None:
        self.turns += 1
        if not self.ready or self.ready[0] is not task:
            self.wrong.append(f"{task} runs, and {self.ready[0] if self.ready else 'nobody'} is first")
        if task in self.ready:
            self.ready.remove(task)

    def parked(self, task: Task[Any], request: Trap[Any]) -> None:
        if task.state is TaskState.READY:
            self.ready.append(task)

    def woken(self, task: Task[Any], by: Task[Any] | None) -> None:
        self.ready.append(task)

    def ended(self, task: Task[Any]) -> None:
        if task in self.ready:
            self.wrong.append(f"{task} ended, and is ready")

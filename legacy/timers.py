"""What tasks wait for by the clock: a heap of alarms.

In: seconds, and what to do to which task then. Out: those calls, in order of time, and of the calls where that is the same. A
cancelled alarm stays in the heap until half of it is such: so each costs the same, however many there are.
"""

from __future__ import annotations

from collections.abc import Callable
from heapq import heapify, heappop, heappush
from typing import Any

from legacy.errors import TaskCancelled
from legacy.task import Task
from protocol.clock import Clock


class Alarm:
    """Something to be done to a task at a time."""

    __slots__ = ("_timers", "act", "number", "task")

    def __init__(
        self, act: Callable[[Task[Any], Alarm], None], task: Task[Any], number: int, timers: Timers
    ) -> None:
        self.act: Callable[[Task[Any], Alarm], None] | None = act
        """``None``: it has gone off, or is not needed any more."""
        self.task = task
        self.number = number
        """Counts up: of two alarms of one task, the outer one has the lower number."""
        self._timers = timers

    def __repr__(self) -> str:
        return "a timer"

    def cancel(self) -> None:
        """It is not needed any more; nor is what it has brought about, if its task does not know of that yet."""
        if self.act is not None:
            self.act = None
            self._timers.note_cancelled()
        task = self.task
        if _is_of(self, task.pending_cancel):
            task.pending_cancel = None
        if _is_of(self, task.cancellation):
            task.cancellation = None

    def forget(self, task: Task[Any]) -> None:
        """Its task does not sleep any more."""
        self.cancel()


class Timers:
    """All alarms of a kernel."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._heap: list[tuple[float, int, Alarm]] = []
        self._last_number = 0
        self._cancelled = 0

    def set(self, seconds: float, act: Callable[[Task[Any], Alarm], None], task: Task[Any]) -> Alarm:
        """Have ``act`` called in so many seconds.

        Raises:
            ValueError: that is no number: the heap would lose its order.
        """
        if seconds != seconds:
            raise ValueError("a task can't wait for nan seconds")
        self._last_number += 1
        alarm = Alarm(act, task, self._last_number, self)
        heappush(self._heap, (self._clock.monotonic_s() + seconds, self._last_number, alarm))
        return alarm

    def wait_s(self) -> float | None:
        """How long until the next one goes off; ``None``: there is none."""
        heap = self._heap
        while heap and heap[0][2].act is None:
            heappop(heap)
            self._cancelled -= 1
        return max(heap[0][0] - self._clock.monotonic_s(), 0) if heap else None

    def go_off(self) -> None:
        """All whose time has come."""
        heap = self._heap
        if not heap:
            return
        now_s = self._clock.monotonic_s()
        while heap and heap[0][0] <= now_s:
            alarm = heappop(heap)[2]
            act, alarm.act = alarm.act, None
            if act is None:
                self._cancelled -= 1
            else:
                act(alarm.task, alarm)

    def note_cancelled(self) -> None:
        """One of them is not needed any more."""
        self._cancelled += 1
        if self._cancelled * 2 > len(self._heap):
            # In place: ``go_off`` may be at work on it, and what goes off may cancel others.
            self._heap[:] = [entry for entry in self._heap if entry[2].act is not None]
            heapify(self._heap)
            self._cancelled = 0


def _is_of(alarm: Alarm, cancelled: BaseException | None) -> bool:
    return isinstance(cancelled, TaskCancelled) and cancelled.reason is alarm


def outranks(new: TaskCancelled, old: BaseException | None) -> bool:
    """Which of two cancellations a task that has not heard of either is to hear of: whether the new one.

    Whoever cancels a task means it, and so outranks its alarms; of these, the outer one does.
    """
    if not isinstance(old, TaskCancelled):
        return True
    if not isinstance(old.reason, Alarm):
        return False
    return not isinstance(new.reason, Alarm) or new.reason.number < old.reason.number

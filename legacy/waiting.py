"""What tasks wait for that is no file and no time: park and wake, and what is built of these two.

In: tasks that wait; plain calls that wake them, from tasks or from anything else that runs on the kernel's thread.
Out: futures, events, locks, bounded queues. First come, first served. What was given to a task is never lost: a task
that is cancelled after it was woken hears of that at its next trap.
"""

from __future__ import annotations

from collections import OrderedDict, deque
from collections.abc import Generator
from typing import Any, Generic, TypeVar, cast

from legacy.errors import KernelError, QueueClosed
from legacy.task import Task
from legacy.traps import Flow, Park, current_task, flow, trap

T = TypeVar("T")


class WaitQueue:
    """Tasks that wait for the same thing, in the order in which they came."""

    __slots__ = ("name", "tasks")

    def __init__(self, name: str) -> None:
        """``name``: what they wait for, to be shown."""
        self.name = name
        # A plain dict would look for its first item past all those that were taken out: quadratic, when a crowd is woken.
        self.tasks: OrderedDict[Task[Any], None] = OrderedDict()
        """Changed by the kernel and by ``wake``."""

    def __repr__(self) -> str:
        return self.name

    def __len__(self) -> int:
        return len(self.tasks)

    def park(self) -> Flow[Any]:
        """Wait to be woken; the answer is what it is woken with."""
        return trap(Park(self))

    def forget(self, task: Task[Any]) -> None:
        """It does not wait any more."""
        del self.tasks[task]

    def wake_one(self, value: object = None) -> Task[Any] | None:
        """Wake who came first; ``None``: nobody waits."""
        for task in self.tasks:
            task.kernel.wake(task, value)
            return task
        return None

    def wake_all(self, value: object = None) -> None:
        """Wake everybody, in order."""
        while self.tasks:
            self.wake_one(value)

    def throw_all(self, error: BaseException) -> None:
        """Raise ``error`` in everybody, in order."""
        while self.tasks:
            task = next(iter(self.tasks))
            task.kernel.throw(task, error)


class Future(Generic[T]):
    """Remembers a result, or an error, and wakes who waits for it."""

    __slots__ = ("_done", "_error", "_result", "_waiters")

    def __init__(self, name: str = "a result") -> None:
        self._waiters = WaitQueue(name)
        self._done = False
        self._result: T | None = None
        self._error: BaseException | None = None

    @property
    def is_done(self) -> bool:
        return self._done

    def set_result(self, result: T) -> None:
        """Give it its result.

        Raises:
            KernelError: it has one, or an error.
        """
        self._finish()
        self._result = result
        self._waiters.wake_all()

    def set_error(self, error: BaseException) -> None:
        """Have ``error`` raised in whoever waits for it, now or later.

        Raises:
            KernelError: it has one, or a result.
        """
        self._finish()
        self._error = error
        self._waiters.wake_all()

    @flow
    def wait(self) -> Generator[Any, Any, T]:
        """The result.

        Raises:
            the error that it was given.
        """
        while not self._done:
            yield from self._waiters.park()
        if self._error is not None:
            raise self._error
        return cast("T", self._result)

    def _finish(self) -> None:
        if self._done:
            raise KernelError(f"{self._waiters.name} is there already")
        self._done = True


class Event:
    """Something that has happened, or not yet."""

    __slots__ = ("_is_set", "_waiters")

    def __init__(self, name: str = "an event") -> None:
        self._waiters = WaitQueue(name)
        self._is_set = False

    @property
    def is_set(self) -> bool:
        return self._is_set

    def set(self) -> None:
        self._is_set = True
        self._waiters.wake_all()

    def clear(self) -> None:
        self._is_set = False

    @flow
    def wait(self) -> Generator[Any, Any, None]:
        """Until it is set; at once if it is."""
        if not self._is_set:
            yield from self._waiters.park()


class Lock:
    """One task at a time: ``yield from lock.acquire()``, then ``try`` and ``finally: lock.release()``."""

    __slots__ = ("_waiters", "owner")

    def __init__(self, name: str = "a lock") -> None:
        self._waiters = WaitQueue(name)
        self.owner: Task[Any] | None = None

    @flow
    def acquire(self) -> Generator[Any, Any, None]:
        """Wait until nobody has it, and have it.

        Raises:
            KernelError: the task that asks has it already, and would wait for itself.
        """
        task = yield from current_task()
        if self.owner is task:
            raise KernelError(f"{task} has {self._waiters.name} already")
        if self.owner is None:
            self.owner = task
        else:
            yield from self._waiters.park()  # woken as its owner

    def release(self) -> None:
        """Give it to who has waited longest.

        Raises:
            KernelError: nobody has it.
        """
        if self.owner is None:
            raise KernelError(f"nobody has {self._waiters.name}")
        self.owner = self._waiters.wake_one()


class Queue(Generic[T]):
    """First in, first out, with a bound: who puts waits while it is full, who takes while it is empty.

    What is put goes to whoever has waited longest to take, and room to whoever has waited longest to put: nobody overtakes.
    """

    __slots__ = ("_closed", "_getters", "_items", "_limit", "_offered", "_putters", "name")

    def __init__(self, limit: int, name: str = "a queue") -> None:
        """Raises ``ValueError`` for a limit below 1: a queue without a bound is a leak."""
        if limit < 1:
            raise ValueError(f"a queue holds at least one item, not {limit}")
        self.name = name
        self._limit = limit
        self._items: deque[T] = deque()
        self._getters = WaitQueue(f"an item of {name}")
        self._putters = WaitQueue(f"room in {name}")
        self._offered: dict[Task[Any], T] = {}
        """What those have to put who wait for room."""
        self._closed = False

    def __len__(self) -> int:
        return len(self._items)

    @property
    def is_full(self) -> bool:
        return len(self._items) >= self._limit

    @flow
    def put(self, item: T) -> Generator[Any, Any, None]:
        """Wait for room.

        Raises:
            QueueClosed: it was closed.
        """
        if self.offer(item):
            return
        task = yield from current_task()
        self._offered[task] = item
        try:
            yield from self._putters.park()  # whoever makes room puts it in
        finally:
            self._offered.pop(task, None)

    def offer(self, item: T) -> bool:
        """Put it if there is room; whether there was.

        Raises:
            QueueClosed: it was closed.
        """
        self._check_open()
        if self._getters:
            self._getters.wake_one(item)
        elif self.is_full:
            return False
        else:
            self._items.append(item)
        return True

    @flow
    def get(self) -> Generator[Any, Any, T]:
        """Wait for an item.

        Raises:
            QueueClosed: it was closed, and everything that was put before has been taken.
        """
        if not self._items:
            self._check_open()
            return cast("T", (yield from self._getters.park()))
        item = self._items.popleft()
        putter = self._putters.wake_one()
        if putter is not None:
            self._items.append(self._offered.pop(putter))
        return item

    def close(self) -> None:
        """Nothing more is put; what is there can be taken."""
        self._closed = True
        for waiters in (self._getters, self._putters):
            waiters.throw_all(QueueClosed(f"{self.name} is closed"))

    def _check_open(self) -> None:
        if self._closed:
            raise QueueClosed(f"{self.name} is closed")

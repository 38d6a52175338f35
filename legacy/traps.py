"""What a task may ask of the kernel: one frozen dataclass for each request, one function for each way to ask.

In: nothing. Out: requests, yielded to the kernel; its answers. Only a task yields traps, and ``trap`` is the only function
of this runtime with a bare ``yield``: everything else reaches it with ``yield from``, or with ``await``, which is the same
(``types.coroutine`` says so to the interpreter). The kernel answers with a value or with a raised exception, never
with an exception as a value.
"""

from __future__ import annotations

import types
from collections.abc import Awaitable, Callable, Generator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Generic, ParamSpec, Protocol, TypeVar, cast

from legacy.errors import TaskCancelled

if TYPE_CHECKING:
    from legacy.kernel import Kernel
    from legacy.task import Task
    from legacy.timers import Alarm
    from legacy.waiting import WaitQueue

T = TypeVar("T")
T_co = TypeVar("T_co", covariant=True)
P = ParamSpec("P")


class Flow(Generator[Any, Any, T_co], Awaitable[T_co]):
    """Something to be waited for, for a value of type ``T_co``: with ``yield from`` in a generator, with ``await`` in an
    ``async def``. For type checkers: at run time it is a plain generator.
    """


def flow(function: Callable[P, Generator[Any, Any, T]]) -> Callable[P, Flow[T]]:
    """Decorator: a generator function that ``await`` can be said to as well."""
    return cast("Callable[P, Flow[T]]", types.coroutine(function))


class HasFileno(Protocol):
    """A socket, a pipe."""

    def fileno(self) -> int:
        """Its descriptor, or -1 if it is closed."""
        ...


File = int | HasFileno


def fileno(file: File) -> int:
    """Its number, -1 if it is closed."""
    try:
        return file if isinstance(file, int) else file.fileno()
    except ValueError:  # so say closed files that are no sockets
        return -1


class Trap(Generic[T]):
    """A request whose answer is a ``T``. ``str`` of those that take time: what the task waits for, in words."""

    __slots__ = ()


@dataclass(frozen=True, slots=True)
class Pause(Trap[None]):
    """Let every other task that is ready go first."""

    def __str__(self) -> str:
        return "its turn"


@dataclass(frozen=True, slots=True)
class Sleep(Trap[None]):
    """Go on after ``seconds``."""

    seconds: float

    def __str__(self) -> str:
        return f"{self.seconds:g} s"


@dataclass(frozen=True, slots=True)
class Park(Trap[Any]):
    """Go on when somebody takes the task out of ``queue``; the answer is what he gives it."""

    queue: WaitQueue

    def __str__(self) -> str:
        return self.queue.name


@dataclass(frozen=True, slots=True)
class CurrentTask(Trap["Task[Any]"]):
    """Which task am I?"""


@dataclass(frozen=True, slots=True)
class Spawn(Trap["Task[T]"]):
    """Run ``target`` as a task of its own. A child of the one that asks, unless ``detached``."""

    target: Generator[Any, Any, T] | Awaitable[T]
    name: str | None = None
    detached: bool = False


@dataclass(frozen=True, slots=True)
class Join(Trap[T]):
    """Wait for the end of ``task``; the answer is its result, or what it raised."""

    task: Task[T]

    def __str__(self) -> str:
        return f"the end of {self.task.id} {self.task.name}"


@dataclass(frozen=True, slots=True)
class Cancel(Trap[bool]):
    """Have ``TaskCancelled`` raised in ``task``; false: it has ended. Does not wait for its end."""

    task: Task[Any]


@dataclass(frozen=True, slots=True)
class SetAlarm(Trap["Alarm"]):
    """Cancel the task that asks in ``seconds``, with the alarm itself as the reason, unless that is cancelled before."""

    seconds: float


@dataclass(frozen=True, slots=True)
class WaitReadable(Trap[None]):
    """Go on when there is something to read in ``file``, or its end."""

    file: File

    def __str__(self) -> str:
        return f"something to read in file {fileno(self.file)}"


@dataclass(frozen=True, slots=True)
class WaitWritable(Trap[None]):
    """Go on when ``file`` takes something, or will never again."""

    file: File

    def __str__(self) -> str:
        return f"room to write in file {fileno(self.file)}"


# -- the border ------------------------------------------------------------------------------------
@flow
def trap(request: Trap[T]) -> Generator[Trap[T], T, T]:
    """Ask the kernel; its answer. The one bare ``yield`` of the runtime."""
    return (yield request)


_PAUSE: Final = Pause()
_CURRENT_TASK: Final = CurrentTask()


def pause() -> Flow[None]:
    """Let every other task that is ready go first."""
    return trap(_PAUSE)


def sleep(seconds: float) -> Flow[None]:
    """Go on after ``seconds``; with 0 or less, after every other task that is ready."""
    return trap(Sleep(seconds) if seconds > 0 else _PAUSE)


def current_task() -> Flow[Task[Any]]:
    """The task that asks."""
    return trap(_CURRENT_TASK)


@flow
def current_kernel() -> Generator[Any, Any, Kernel]:
    """The kernel that runs the task that asks."""
    task: Task[Any] = yield from trap(_CURRENT_TASK)
    return task.kernel


def spawn(
    target: Generator[Any, Any, T] | Awaitable[T], *, name: str | None = None, detached: bool = False
) -> Flow[Task[T]]:
    """Run ``target``, a generator or a coroutine, as a task of its own.

    A child ends with its parent: when that has ended, children that are still at work are cancelled, and whoever joins
    the parent waits for them as well. ``detached``: it belongs to the kernel, which cancels it when the main task ends.

    Raises:
        TaskClosed: ``target`` has ended, or is being run.
    """
    return trap(Spawn(target, name, detached))


def join(task: Task[T]) -> Flow[T]:
    """Wait for the end of ``task``, and return what it returned.

    Raises:
        whatever it raised.
        ChildCancelled: it was cancelled.
        JoinsItself: it is the task that asks.
    """
    return trap(Join(task))


def cancel(task: Task[Any]) -> Flow[bool]:
    """Have ``TaskCancelled`` raised where ``task`` waits; ``False``: it has ended already."""
    return trap(Cancel(task))


def readable(file: File) -> Flow[None]:
    """Wait until there is something to read, or the end.

    Raises:
        BadDescriptor: it is closed, or is closed meanwhile.
        DescriptorBusy: another task waits for that.
    """
    return trap(WaitReadable(file))


def writable(file: File) -> Flow[None]:
    """Wait until something can be written. Raises as ``readable``."""
    return trap(WaitWritable(file))


@flow
def timeout(seconds: float, inner: Generator[Any, Any, T] | Awaitable[T]) -> Generator[Any, Any, T]:
    """What ``inner`` returns, if that is within ``seconds``.

    Raises:
        TimeoutError: it is not; ``inner`` has been cancelled, and has cleaned up.
    """
    alarm, earlier = yield from _set_alarm(seconds, inner)
    try:
        # A coroutine as well: this is a coroutine function itself, says its decorator.
        return (yield from cast("Generator[Any, Any, T]", inner))
    except TaskCancelled as cancelled:
        if cancelled.reason is not alarm:
            raise
        _raise_stronger(alarm, earlier)
        raise TimeoutError(f"not within {seconds:g} s") from None
    finally:
        alarm.cancel()


@flow
def _set_alarm(seconds: float, inner: object) -> Generator[Any, Any, tuple[Alarm, TaskCancelled | None]]:
    """The alarm, and what has cancelled its task so far."""
    try:
        alarm: Alarm = yield from trap(SetAlarm(seconds))
    except BaseException:
        cast("Any", inner).close()  # it never begins
        raise
    return alarm, alarm.task.cancellation


def _raise_stronger(alarm: Alarm, earlier: TaskCancelled | None) -> None:
    """Two that meet: what has cancelled the task since ``earlier``, if that outranks the alarm, must not get lost."""
    strongest = alarm.task.cancellation
    if strongest is not None and strongest is not earlier and strongest.reason is not alarm:
        raise TaskCancelled(strongest.reason) from None

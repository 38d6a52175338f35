"""What the kernel does about each trap: one function for each, found by the type of the trap.

In: the kernel, the task that asks, its trap. Out: whether the task goes on at once; then its answer stands in ``task.value`` or in
``task.thrown``. If it does not, it stands in the queue again or in the place where it is parked. What an answer raises is
raised in the task. The state changes last: a program that is interrupted here leaves nothing half parked.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Final

from legacy.errors import JoinsItself, KernelError
from legacy.files import READ, WRITE
from legacy.task import Task, TaskState
from legacy.timers import Alarm
from legacy.traps import (
    Cancel,
    CurrentTask,
    File,
    Join,
    Park,
    Pause,
    SetAlarm,
    Sleep,
    Spawn,
    WaitReadable,
    WaitWritable,
)
from legacy.waiting import WaitQueue

if TYPE_CHECKING:
    from legacy.kernel import Kernel

Answer = Callable[["Kernel", Task[Any], Any], bool]


def _pause(kernel: Kernel, task: Task[Any], request: Pause) -> bool:
    kernel.ready.append(task)
    task.state = TaskState.READY
    return False


def _sleep(kernel: Kernel, task: Task[Any], request: Sleep) -> bool:
    task.place = kernel.timers.set(request.seconds, _wake_up, task)
    task.state = TaskState.PARKED
    return False


def _park(kernel: Kernel, task: Task[Any], request: Park) -> bool:
    return _stand_in(task, request.queue)


def _current_task(kernel: Kernel, task: Task[Any], request: CurrentTask) -> bool:
    task.value = task
    return True


def _spawn(kernel: Kernel, task: Task[Any], request: Spawn[Any]) -> bool:
    task.value = kernel.new_task(request.target, request.name, None if request.detached else task)
    return True


def _join(kernel: Kernel, task: Task[Any], request: Join[Any]) -> bool:
    other = request.task
    if other is task:
        raise JoinsItself(f"{task} can't wait for its own end")
    if other.kernel is not kernel:
        raise KernelError(f"{other} belongs to another kernel")
    if not other.is_ended:
        if other.joiners is None:
            other.joiners = WaitQueue(f"the end of {other.id} {other.name}")
        return _stand_in(task, other.joiners)
    task.thrown = other.seen_by_joiner()
    if task.thrown is None:
        task.value = other.result
    return True


def _cancel(kernel: Kernel, task: Task[Any], request: Cancel) -> bool:
    task.value = kernel.cancel(request.task)
    return True


def _set_alarm(kernel: Kernel, task: Task[Any], request: SetAlarm) -> bool:
    task.value = kernel.timers.set(request.seconds, _time_out, task)
    return True


def _wait_readable(kernel: Kernel, task: Task[Any], request: WaitReadable) -> bool:
    return _wait_for_file(kernel, task, request.file, READ)


def _wait_writable(kernel: Kernel, task: Task[Any], request: WaitWritable) -> bool:
    return _wait_for_file(kernel, task, request.file, WRITE)


def _wait_for_file(kernel: Kernel, task: Task[Any], file: File, event: int) -> bool:
    task.place = kernel.files.wait(task, file, event)
    task.state = TaskState.PARKED
    return False


def _stand_in(task: Task[Any], queue: WaitQueue) -> bool:
    queue.tasks[task] = None
    task.place = queue
    task.state = TaskState.PARKED
    return False


def _wake_up(task: Task[Any], alarm: Alarm) -> None:
    task.kernel.wake(task)


def _time_out(task: Task[Any], alarm: Alarm) -> None:
    task.kernel.cancel(task, alarm)


ANSWERS: Final[dict[type, Answer]] = {
    Pause: _pause,
    Sleep: _sleep,
    Park: _park,
    CurrentTask: _current_task,
    Spawn: _spawn,
    Join: _join,
    Cancel: _cancel,
    SetAlarm: _set_alarm,
    WaitReadable: _wait_readable,
    WaitWritable: _wait_writable,
}

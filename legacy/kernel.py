"""The kernel: runs tasks, answers their traps, waits for time and files when none of them can go on.

In: one task, which spawns others. Out: its result. Promises: tasks that are ready run first in, first out; each trap is
answered with a value or with a raised exception, kept apart; what a task raises reaches who joins it, or the crash hook, and
never stops the kernel; a child never outlives its parent unnoticed; when the main task has ended, all others are
cancelled, and every generator is closed. One thread; ``post`` is the one door for others, and for signal handlers.
``docs/from-yield-to-await.md`` grows it step by step.
"""

from __future__ import annotations

import selectors
import socket
import sys
import traceback
from collections import deque
from collections.abc import Callable, Generator, Iterable
from contextlib import suppress
from typing import Any, Final, TypeVar, cast

from legacy.errors import (
    BadDescriptor,
    ChildCancelled,
    Deadlocked,
    JoinsItself,
    KernelError,
    NotATrap,
    TaskCancelled,
)
from legacy.files import READ, WRITE, Files, fileno
from legacy.observer import Observer
from legacy.task import Target, Task, TaskState, check_target
from legacy.timers import Alarm, Timers
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
from protocol.clock import Clock, SystemClock

T = TypeVar("T")

STEPS_PER_POLL: Final = 16
"""Files and timers are looked at when no task is ready, and after so many steps: looking costs as much as several steps,
and nobody waits longer than sixteen of them for it.
"""

PATIENCE_S: Final = 5.0
"""So long tasks may take to clean up when the kernel stops; then their generators are closed."""

Crashed = Callable[[Task[Any], BaseException], None]
"""Learns of what a task raised while nobody joined it."""


class Kernel:
    """Runs one main task, and what that spawns."""

    def __init__(
        self,
        *,
        clock: Clock | None = None,
        selector: selectors.BaseSelector | None = None,
        observers: Iterable[Observer] = (),
        crashed: Crashed | None = None,
        patience_s: float = PATIENCE_S,
    ) -> None:
        """``crashed`` learns of errors that nobody joined for; by default they are printed. A test hands in a clock and a
        selector that moves it on instead of waiting.
        """
        self.clock = clock or SystemClock()
        self.tasks: dict[int, Task[Any]] = {}
        """All that have not ended, by number; not to be changed."""
        self.current: Task[Any] | None = None
        self.observers = tuple(observers)
        self._crashed = crashed or _print_crash
        self._patience_s = patience_s
        self._selector = selector or selectors.DefaultSelector()
        self._ready: deque[Task[Any]] = deque()  # FIFO: a test proves it
        self._timers = Timers(self.clock)
        self._files = Files(self._selector, self.wake)
        self._last_id = 0
        self._posted: deque[Callable[[], None]] = deque()
        self._expected = 0
        self._inner, self._outer = socket.socketpair()
        self._inner.setblocking(False)
        self._outer.setblocking(False)
        self._main: Task[Any] | None = None
        self._stopped_by: BaseException | None = None
        self._answers: dict[type, Callable[[Task[Any], Any], bool]] = {
            Pause: self._pause,
            Sleep: self._sleep,
            Park: self._park,
            CurrentTask: self._current_task,
            Spawn: self._spawn,
            Join: self._join,
            Cancel: self._cancel,
            SetAlarm: self._set_alarm,
            WaitReadable: self._wait_readable,
            WaitWritable: self._wait_writable,
        }

    # -- from outside ----------------------------------------------------------------------------

    def run(self, target: Target[T], name: str = "main") -> T:
        """Run ``target`` until it has ended; then stop everything else. Once for each kernel.

        Raises:
            whatever the main task raised.
            KernelError: this kernel has run already.
        """
        if self._main is not None:
            raise KernelError("a kernel runs once")
        self._main = task = self._new_task(target, name, None)
        self._selector.register(self._inner, READ)
        try:
            try:
                self._run_until(lambda: task.is_ended)
            except KeyboardInterrupt as interrupt:
                self._stopped_by = interrupt
            self._stop()
        finally:
            self._close()
        if self._stopped_by is not None:
            raise self._stopped_by
        return task.outcome()

    def post(self, act: Callable[[], None]) -> None:
        """Have something called between two tasks. The one method for other threads, and for signal handlers."""
        self._posted.append(act)
        with suppress(BlockingIOError, OSError):  # full: it wakes anyhow; closed: nobody listens any more
            self._outer.send(b"\0")

    def expect(self, number: int = 1) -> None:
        """So many calls of ``post`` are to come (or, negative, have come): all tasks may wait for them."""
        self._expected += number

    def spawn(self, target: Target[T], name: str | None = None) -> Task[T]:
        """Run ``target`` as a task that is nobody's child; for code that is no task itself."""
        return self._new_task(target, name, None)

    def cancel(self, task: Task[Any], reason: object = None) -> bool:
        """As the trap ``Cancel``."""
        return self._cancel_with(task, TaskCancelled(reason))

    def wake(self, task: Task[Any], value: object = None) -> None:
        """Let a parked task go on, with that answer. For those who have it in their queue."""
        self._unpark(task)
        task.value = value
        self._make_ready(task)

    def throw(self, task: Task[Any], error: BaseException) -> None:
        """Let a parked task go on with that error."""
        self._unpark(task)
        task.thrown = error
        self._make_ready(task)

    def release(self, file: File) -> None:
        """A file is about to be closed: whoever waits for it learns of it. Always call it before: numbers are used again."""
        for task in self._files.release(file):
            self.throw(task, BadDescriptor(f"file {fileno(file)} was closed while {task} waited for it"))

    # -- the loop --------------------------------------------------------------------------------

    def _run_until(self, is_over: Callable[[], bool]) -> None:
        ready, steps = self._ready, 0
        while not is_over():
            while ready and steps < STEPS_PER_POLL:
                self._step(ready.popleft())
                steps += 1
            if self._stopped_by is not None:
                return
            if steps == STEPS_PER_POLL or not is_over():
                steps = 0
                self._poll()

    def _step(self, task: Task[Any]) -> None:
        """Run a task up to its next trap that takes time."""
        observers = self.observers
        self.current = task
        task.state = TaskState.RUNNING
        task.waits_for = None
        for observer in observers:
            observer.resumed(task)
        target, answers = task.target, self._answers
        while True:
            try:
                if task.thrown is None:
                    value, task.value = task.value, None
                    request = target.send(value)
                else:
                    thrown, task.thrown = task.thrown, None
                    request = target.throw(thrown)
            except StopIteration as stop:
                self._finished(task, stop.value, None)
                break
            except BaseException as error:  # noqa: BLE001  # the task's, whatever it is; see _finished
                self._finished(task, None, error)
                break
            answer = answers.get(type(request))
            if answer is None:
                task.thrown = NotATrap(request)
                continue
            if task.pending_cancel is not None:
                task.thrown, task.pending_cancel = task.pending_cancel, None
                continue
            if not answer(task, request):
                task.waits_for = request
                for observer in observers:
                    observer.parked(task, request)
                break
        self.current = None

    def _poll(self) -> None:
        """Look at files, timers and what was posted; wait for them if no task is ready."""
        wait_s: float | None = 0
        if not self._ready and not self._posted:
            wait_s = self._timers.wait_s()
            if wait_s is None and not self._expected and not self._files.anybody_waits:
                self._report_deadlock()
                wait_s = 0
        for key, events in self._selector.select(wait_s):
            if key.data is None:
                self._drain()
            else:
                self._files.is_ready(key.fd, key.data, events)
        while self._posted:
            self._call(self._posted.popleft())
        self._timers.go_off()

    def _call(self, act: Callable[[], None]) -> None:
        try:
            act()
        except Exception as error:  # noqa: BLE001  # as a task's
            task: Task[Any] = Task(0, getattr(act, "__qualname__", repr(act)), _nothing(), self)
            self._crashed(task, error)

    def _drain(self) -> None:
        with suppress(BlockingIOError):
            while self._inner.recv(4096):
                pass

    def _report_deadlock(self) -> None:
        """Raised in the main task, or, if that has ended already, in the oldest."""
        waiting = [task for task in self.tasks.values() if task.state is TaskState.PARKED]
        text = "; ".join(f"{task.id} {task.name} waits for {wish_of(task)}" for task in waiting[:8])
        victim = self._main if self._main in waiting else waiting[0]
        assert victim is not None
        self.throw(victim, Deadlocked(f"no task can go on: {text}"))

    # -- the life of a task ----------------------------------------------------------------------

    def _new_task(self, target: Target[T], name: str | None, parent: Task[Any] | None) -> Task[T]:
        check_target(target)
        self._last_id += 1
        task = Task(self._last_id, name or cast("Any", target).__qualname__, target, self)
        self.tasks[task.id] = task
        if parent is not None:
            task.parent = parent
            if parent.children is None:
                parent.children = {}
            parent.children[task] = None
        self._ready.append(task)
        for observer in self.observers:
            observer.created(task, self.current)
        return task

    def _make_ready(self, task: Task[Any]) -> None:
        task.state = TaskState.READY
        self._ready.append(task)
        for observer in self.observers:
            observer.woken(task, self.current)

    def _unpark(self, task: Task[Any]) -> None:
        """Take a parked task out of wherever it waits."""
        place, task.place = task.place, None
        assert place is not None, task
        place.forget(task)

    def _finished(self, task: Task[Any], result: object, error: BaseException | None) -> None:
        """Its target has ended. It has ended itself when its children have."""
        task.result, task.error = result, error
        task.pending_cancel = None
        if isinstance(error, KeyboardInterrupt | SystemExit):
            self._stopped_by = error  # not the task's: the process is to end
        if task.children:
            task.state = TaskState.ENDING
            for child in list(task.children):
                self.cancel(child, f"the end of {task.name}")
        else:
            self._ended(task)

    def _ended(self, task: Task[Any]) -> None:
        task.state = TaskState.ENDED
        del self.tasks[task.id]
        for observer in self.observers:
            observer.ended(task)
        error = task.error
        if task.joiners:
            tasks, task.joiners = task.joiners, None
            while tasks:
                self._answer_join(task, tasks)
        elif error is not None and not isinstance(error, TaskCancelled) and task is not self._main:
            self._crashed(task, error)
        parent, task.parent = task.parent, None
        if parent is not None and parent.children is not None:
            del parent.children[task]
            if parent.state is TaskState.ENDING and not parent.children:
                self._ended(parent)

    def _answer_join(self, task: Task[Any], joiners: WaitQueue) -> None:
        error = _seen_by_joiner(task)
        if error is None:
            joiners.wake_one(task.result)
        else:
            joiner = next(iter(joiners.tasks))
            self.throw(joiner, error)

    def _cancel_with(self, task: Task[Any], error: TaskCancelled) -> bool:
        if task.state is TaskState.PARKED:
            self.throw(task, error)
        elif task.state is TaskState.READY and task.generator_state() == "created":
            task.thrown = error  # it never begins
        elif task.state is TaskState.READY or task.state is TaskState.RUNNING:
            if task.pending_cancel is None:
                task.pending_cancel = error
        else:
            return False  # ending: its children are cancelled already
        return True

    # -- the end ---------------------------------------------------------------------------------

    def _stop(self) -> None:
        """Cancel what is left, newest first, and let it clean up; close what does not want to end."""
        for task in sorted(self.tasks.values(), key=lambda one: -one.id):
            self.cancel(task, "the end of the kernel")
        if not self.tasks:
            return
        impatient = self._timers.set(self._patience_s, _lose_patience, next(iter(self.tasks.values())))
        interrupt, self._stopped_by = self._stopped_by, None
        self._run_until(lambda: not self.tasks or impatient.act is None)
        self._stopped_by = interrupt or self._stopped_by

    def _close(self) -> None:
        for task in list(self.tasks.values()):
            try:
                task.target.close()
            except BaseException as error:  # noqa: BLE001  # a generator that does not let itself be closed
                self._crashed(task, error)
        self.tasks.clear()
        self._ready.clear()
        self._selector.close()
        self._inner.close()
        self._outer.close()

    # -- the answers: whether the task goes on at once --------------------------------------------

    def _pause(self, task: Task[Any], request: Pause) -> bool:
        task.state = TaskState.READY
        self._ready.append(task)
        return False

    def _sleep(self, task: Task[Any], request: Sleep) -> bool:
        task.state = TaskState.PARKED
        task.place = self._timers.set(request.seconds, _wake_up, task)
        return False

    def _park(self, task: Task[Any], request: Park) -> bool:
        task.state = TaskState.PARKED
        task.place = queue = request.queue
        queue.tasks[task] = None
        return False

    def _current_task(self, task: Task[Any], request: CurrentTask) -> bool:
        task.value = task
        return True

    def _spawn(self, task: Task[Any], request: Spawn[Any]) -> bool:
        try:
            task.value = self._new_task(request.target, request.name, None if request.detached else task)
        except (KernelError, TypeError) as error:
            task.thrown = error
        return True

    def _join(self, task: Task[Any], request: Join[Any]) -> bool:
        other = request.task
        if other is task:
            task.thrown = JoinsItself(f"{task} can't wait for its own end")
        elif other.is_ended:
            task.thrown = _seen_by_joiner(other)
            task.value = other.result
        else:
            if other.joiners is None:
                other.joiners = WaitQueue(f"the end of {other.id} {other.name}")
            return self._park(task, Park(other.joiners))
        return True

    def _cancel(self, task: Task[Any], request: Cancel) -> bool:
        task.value = self.cancel(request.task)
        return True

    def _set_alarm(self, task: Task[Any], request: SetAlarm) -> bool:
        task.value = self._timers.set(request.seconds, _time_out, task)
        return True

    def _wait_readable(self, task: Task[Any], request: WaitReadable) -> bool:
        return self._wait_for_file(task, request.file, READ)

    def _wait_writable(self, task: Task[Any], request: WaitWritable) -> bool:
        return self._wait_for_file(task, request.file, WRITE)

    def _wait_for_file(self, task: Task[Any], file: File, event: int) -> bool:
        try:
            task.place = self._files.wait(task, file, event)
        except KernelError as error:
            task.thrown = error
            return True
        task.state = TaskState.PARKED
        return False


# -- helpers ---------------------------------------------------------------------------------------
def wish_of(task: Task[Any]) -> str:
    """What a task waits for, in words."""
    match task.waits_for:
        case None:
            return "its children" if task.state is TaskState.ENDING else "nothing"
        case Park(queue):
            return repr(queue)
        case Sleep(seconds):
            return f"{seconds:g} s"
        case WaitReadable(file):
            return f"something to read in file {fileno(file)}"
        case WaitWritable(file):
            return f"room to write in file {fileno(file)}"
        case request:
            return type(request).__name__


def _wake_up(task: Task[Any], alarm: Alarm) -> None:
    task.kernel.wake(task)


def _time_out(task: Task[Any], alarm: Alarm) -> None:
    task.kernel.cancel(task, alarm)


def _lose_patience(task: Task[Any], alarm: Alarm) -> None:
    """The kernel looks whether it has rung."""


def _seen_by_joiner(task: Task[Any]) -> BaseException | None:
    """What joining a task raises that has ended."""
    if isinstance(task.error, TaskCancelled):
        return ChildCancelled(f"task {task.id} {task.name} was {task.error}")
    return task.error


def _nothing() -> Generator[Any, Any, None]:
    yield from ()


def _print_crash(task: Task[Any], error: BaseException) -> None:
    sys.stderr.write(f"task {task.id} {task.name} ended with an error, and nobody joined it:\n")
    traceback.print_exception(error)

"""The kernel: runs tasks, answers their traps, waits for time and files when none of them can go on.

In: one task, which spawns others. Out: its result. Promises: tasks that are ready run first in, first out; each trap is
answered with a value or with a raised exception, kept apart; what a task raises reaches who joins it, or the crash hook, and
never stops the kernel; a child never outlives its parent unnoticed; when the main task has ended, all others are
cancelled, and every generator is closed. One thread; ``post`` is the one door for others, and for signal handlers.
``docs/from-yield-to-await.md`` grows it step by step.
"""

from __future__ import annotations

import selectors
from collections import deque
from collections.abc import Callable, Iterable
from contextlib import suppress
from typing import Any, Final, TypeVar, cast

from legacy.answers import ANSWERS
from legacy.door import Door
from legacy.errors import BadDescriptor, Deadlocked, KernelError, NotATrap, TaskCancelled, TaskClosed
from legacy.files import Files
from legacy.interrupts import between_steps
from legacy.observer import Crashed, Observer, Onlookers
from legacy.task import Target, Task, TaskState, check_target
from legacy.timers import Timers, outranks
from legacy.traps import File, Spawn, fileno, pause
from protocol.clock import Clock, SystemClock

T = TypeVar("T")

STEPS_PER_POLL: Final = 16
"""Files and timers are looked at when no task is ready, and after so many steps: looking costs as much as several steps,
and nobody waits longer than sixteen of them for it.
"""

PATIENCE_S: Final = 5.0
"""So long tasks may take to clean up when the kernel stops; then their generators are closed."""

LONGEST_WAIT_S: Final = 86_400.0  # selectors refuse to wait for months
_INTERRUPTS: Final = (KeyboardInterrupt, SystemExit)  # the program is to end
_NOBODYS_ERRORS: Final = (TaskCancelled, *_INTERRUPTS)
_OVER: Final = (TaskState.ENDING, TaskState.ENDED)  # its target has ended, whatever its children do


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
        self.ready: deque[Task[Any]] = deque()  # FIFO: a test proves it
        self.timers = Timers(self.clock)
        self._onlookers = Onlookers(observers, crashed)
        self._patience_s = patience_s
        self._selector = selector or selectors.DefaultSelector()
        self.files = Files(self._selector, self.wake, self.throw)
        self._last_id = 0
        self._targets: set[object] = set()
        """What is being run: no generator has two tasks."""
        self._door = Door()
        self._main: Task[Any] | None = None
        self._is_closed = False
        self._stopped_by: BaseException | None = None

    # -- from outside ----------------------------------------------------------------------------

    def run(self, target: Target[T], name: str = "main") -> T:
        """Run ``target`` until it has ended; then stop everything else. Once for each kernel, in any thread.

        Raises:
            whatever the main task raised.
            KernelError: this kernel has run already.
        """
        if self._main is not None:
            raise KernelError("a kernel runs once")
        self._main = task = self.new_task(target, name, None)
        try:
            self._door.open(self._selector)
            try:
                with between_steps(self.post):
                    self._run_until(lambda: task.state in _OVER)
            except _INTERRUPTS as interrupt:
                self._interrupted(interrupt)
            self._stop()
        finally:
            self._close()
        if self._stopped_by is not None:
            raise self._stopped_by
        return task.outcome()

    def post(self, act: Callable[[], None]) -> None:
        """Have something called between two tasks. The one method for other threads, and for signal handlers. After the end
        of the kernel it does nothing.
        """
        self._door.post(act)

    def expect(self, number: int = 1) -> None:
        """So many calls of ``post`` are to come (or, negative, have come): all tasks may wait for them."""
        self._door.expected += number

    def spawn(self, target: Target[T], name: str | None = None) -> Task[T]:
        """Run ``target`` as a task that is nobody's child; for code that is no task itself. Raises as ``new_task``."""
        return self.new_task(target, name, None)

    def cancel(self, task: Task[Any], reason: object = None) -> bool:
        """As the trap ``Cancel``."""
        if task.kernel is not self:
            raise KernelError(f"{task} belongs to another kernel")
        cancelled = TaskCancelled(reason)
        if outranks(cancelled, task.cancellation):
            task.cancellation = TaskCancelled(reason)  # never raised, so it holds nothing
        if task.state is TaskState.PARKED:
            self.throw(task, cancelled)
        elif task.state is TaskState.READY and task.generator_state() == "created":
            task.thrown = cancelled  # it never begins
        elif task.state is TaskState.READY or task.state is TaskState.RUNNING:
            if outranks(cancelled, task.pending_cancel):
                task.pending_cancel = cancelled
        else:
            return False  # ending: its children are cancelled already
        return True

    def wake(self, task: Task[Any], value: object = None) -> None:
        """Let a parked task go on, with that answer. For those who have it in their queue.

        Raises:
            TaskClosed: it is not parked: it has ended, or goes on already.
        """
        self._unpark(task)
        task.value = value
        self._make_ready(task)

    def throw(self, task: Task[Any], error: BaseException) -> None:
        """Let a parked task go on with that error. Raises as ``wake``."""
        self._unpark(task)
        task.thrown = error
        self._make_ready(task)

    def release(self, file: File) -> None:
        """A file is about to be closed: whoever waits for it learns of it. Always call it before: numbers are used again."""
        for task in self.files.release(file):
            self.throw(task, BadDescriptor(f"file {fileno(file)} was closed while {task} waited for it"))

    def new_task(self, target: Target[T], name: str | None, parent: Task[Any] | None) -> Task[T]:
        """Have ``target`` run, after everybody who is ready.

        Raises:
            TypeError: it is neither a generator nor a coroutine.
            TaskClosed: it has ended, or another task runs it.
            KernelError: the kernel has ended.
        """
        check_target(target)
        if target in self._targets:
            raise TaskClosed(f"{cast('Any', target).__qualname__} can't be run: a task runs it already")
        if self._is_closed:
            cast("Any", target).close()
            raise KernelError("the kernel has ended, and runs nothing any more")
        self._last_id += 1
        task = Task(self._last_id, name or cast("Any", target).__qualname__, target, self)
        self._targets.add(target)
        self.tasks[task.id] = task
        if parent is not None:
            task.parent = parent
            if parent.children is None:
                parent.children = {}
            parent.children[task] = None
        self.ready.append(task)
        if self._onlookers.observers:
            self._onlookers.tell("created", task, self.current)
        return task

    # -- the loop --------------------------------------------------------------------------------

    def _run_until(self, is_over: Callable[[], bool]) -> None:
        ready = self.ready
        while True:
            steps = 0
            while ready and steps < STEPS_PER_POLL:
                self._step(ready.popleft())
                steps += 1
            if is_over() or self._stopped_by is not None:
                return
            self._poll()

    def _step(self, task: Task[Any]) -> None:
        """Run a task up to its next trap that takes time."""
        self.current = task
        task.state = TaskState.RUNNING
        task.waits_for = None
        if self._onlookers.observers:
            self._onlookers.tell("resumed", task)
        target, thrown = task.target, task.thrown
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
                if (
                    error.__traceback__ is not None
                ):  # this frame is no news, and would hold what it holds for long
                    error.__traceback__ = error.__traceback__.tb_next
                thrown = None
                self._finished(task, None, error)
                break
            try:
                answer = ANSWERS.get(type(request))
                if answer is None:
                    task.thrown = NotATrap(request)
                elif task.pending_cancel is not None:
                    task.thrown, task.pending_cancel = task.pending_cancel, None
                    if type(request) is Spawn:
                        cast("Any", request.target).close()  # nobody will ever run it
                elif not answer(self, task, request):
                    task.waits_for = request
                    if self._onlookers.observers:
                        self._onlookers.tell("parked", task, request)
                    break
            except Exception as error:  # noqa: BLE001  # of the trap: a limit that is no number, a file that is none
                task.thrown = error
        self.current = None

    def _poll(self) -> None:
        """Look at files, timers and what was posted; wait for them if no task is ready."""
        wait_s: float | None = 0
        if not self.ready and not self._door:
            wait_s = self.timers.wait_s()
            if wait_s is not None:
                wait_s = min(wait_s, LONGEST_WAIT_S)
            elif not self._door.expected and not self.files.anybody_waits:
                self._report_deadlock()
                wait_s = 0
        try:
            found = self._selector.select(wait_s)
        except OSError:  # selectors other than epoll look at closed files, and fail
            found = []
            if not self.files.drop_closed():
                raise
        for key, events in found:
            if key.data is None:
                self._door.silence()
            else:
                self.files.is_ready(key.fd, key.data, events)
        for act in self._door.take():
            self._call(act)
        self.timers.go_off()

    def _call(self, act: Callable[[], None]) -> None:
        try:
            act()
        except _INTERRUPTS:
            raise
        except BaseException as error:  # noqa: BLE001  # as a task's
            self._onlookers.report(Task(0, getattr(act, "__qualname__", repr(act)), pause(), self), error)

    def _report_deadlock(self) -> None:
        """Raised in the main task, or in the oldest."""
        waiting = [task for task in self.tasks.values() if task.state is TaskState.PARKED]
        text = "; ".join(f"{task.id} {task.name} waits for {task.wish()}" for task in waiting[:8])
        victim = next((task for task in waiting if task is self._main), waiting[0])
        self.throw(victim, Deadlocked(f"no task can go on: {text}"))

    # -- the life of a task ----------------------------------------------------------------------

    def _make_ready(self, task: Task[Any]) -> None:
        self.ready.append(task)
        task.state = TaskState.READY
        if self._onlookers.observers:
            self._onlookers.tell("woken", task, self.current)

    def _unpark(self, task: Task[Any]) -> None:
        """Take a parked task out of wherever it waits."""
        place = task.place
        if place is None:
            raise TaskClosed(f"{task} can't be woken: it does not wait")
        task.place = None
        place.forget(task)

    def _finished(self, task: Task[Any], result: object, error: BaseException | None) -> None:
        """Its target has ended. It has ended itself when its children have."""
        task.result, task.error = result, error
        task.pending_cancel = None
        if isinstance(error, _INTERRUPTS):
            self._stopped_by = error
        if task.children:
            task.state = TaskState.ENDING
            for child in list(task.children):
                self._end(child, f"the end of {task.name}")
        else:
            self._ended(task)

    def _end(self, task: Task[Any], reason: str) -> None:
        """Cancel it; once: what it does about that is not to be disturbed by a parent that ends as well."""
        if not task.is_told_to_end:
            task.is_told_to_end = True
            with suppress(TaskClosed):  # the program was interrupted at this very task; it will be closed
                self.cancel(task, reason)

    def _ended(self, task: Task[Any]) -> None:
        """It has, and so, maybe, has its parent, and the parent of that: a loop, as families may be deep."""
        while True:
            task.state = TaskState.ENDED
            self.tasks.pop(task.id, None)
            self._targets.discard(task.target)
            if self._onlookers.observers:
                self._onlookers.tell("ended", task)
            error = task.error
            if task.joiners:
                seen = task.seen_by_joiner()
                if seen is None:
                    task.joiners.wake_all(task.result)
                else:
                    task.joiners.throw_all(seen)
            elif not (error is None or isinstance(error, _NOBODYS_ERRORS) or task is self._main):
                self._onlookers.report(task, error)
            parent, task.parent = task.parent, None
            if parent is None or parent.children is None:
                return
            del parent.children[task]
            if parent.children or parent.state is not TaskState.ENDING:
                return
            task = parent

    # -- the end ---------------------------------------------------------------------------------

    def _interrupted(self, interrupt: BaseException) -> None:
        """The program is to end, at whatever line. The task that ran then, if any, can still clean up."""
        self._stopped_by = interrupt
        task, self.current = self.current, None
        if task is None or task.state is not TaskState.RUNNING:
            return
        if task.place is not None:
            self._unpark(task)
        task.thrown, task.is_told_to_end = (
            TaskCancelled("the end of the kernel"),
            True,
        )  # its answer may be lost
        if task.generator_state() == "closed":
            self._finished(task, None, task.thrown)
        else:
            self._make_ready(task)

    def _stop(self) -> None:
        """Cancel what is left, newest first, and let it clean up."""
        for task in sorted(self.tasks.values(), key=lambda one: -one.id):
            self._end(task, "the end of the kernel")
        if not self.tasks:
            return
        impatient = self.timers.set(
            self._patience_s, lambda task, alarm: None, next(iter(self.tasks.values()))
        )
        interrupt, self._stopped_by = self._stopped_by, None
        self._run_until(lambda: not self.tasks or impatient.act is None)
        self._stopped_by = interrupt or self._stopped_by
        for task in self.tasks.values():
            if task.state is not TaskState.ENDING:  # those wait for others
                text = f"{task}, cancelled, did not end within {self._patience_s:g} s; it waits for {task.wish()}"
                self._onlookers.report(task, KernelError(text))

    def _close(self) -> None:
        """Close every generator that is left, newest first, and what the kernel has opened."""
        self._is_closed = True
        while self.tasks:
            _, task = self.tasks.popitem()
            failure = task.close()
            if isinstance(failure, _INTERRUPTS):
                self._stopped_by = failure
            elif failure is not None:
                self._onlookers.report(task, failure)
            if task.place is not None:
                self._unpark(task)
            if task.state is not TaskState.ENDING:
                task.error = TaskCancelled("the end of the kernel")
            task.state = TaskState.ENDED
            if self._onlookers.observers:
                self._onlookers.tell("ended", task)
        self.ready.clear()
        self._targets.clear()
        self._selector.close()
        self._door.close()

"""The bridge between ``yield from`` and ``await``, both ways.

On the kernel ``async def`` needs nothing: every flow can be awaited (``legacy.traps.flow``), and the kernel drives a
coroutine by ``send``, like any generator.

    async def bot():
        async with closing(await connect("127.0.0.1", 7001, account="alice")) as client: ...

    Kernel().run(bot())

Under asyncio a flow needs somebody who answers its traps:

    client = await under_asyncio(connect("127.0.0.1", 7001, account="alice"))

In: flows, and coroutines that await nothing but flows. Out: what they return. Promises: the rules are those of the kernel, for
it is the kernel that answers; only the waiting is asyncio's. Each task of flows is an asyncio task. Children end with their
parent, errors arrive as they were raised, ``CancelledError`` is ``TaskCancelled`` inside and again ``CancelledError`` outside.
What asyncio does not have: that all tasks wait for one another is not noticed.
"""

import asyncio
import selectors
from collections import deque
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Generator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any, Final, NoReturn, Protocol, TypeVar, cast
from weakref import WeakValueDictionary

from legacy.errors import KernelError, TaskCancelled
from legacy.files import READ, WRITE, Files, Watched
from legacy.kernel import Kernel
from legacy.task import Target, Task, TaskState
from legacy.timers import Alarm, Timers
from legacy.traps import flow
from protocol.clock import Clock

T = TypeVar("T")
T_co = TypeVar("T_co", covariant=True)


# -- for who uses it -------------------------------------------------------------------------------
async def under_asyncio(target: Target[T]) -> T:
    """What a flow, or a coroutine that awaits flows, returns; asyncio waits for it.

    It is a task of its own: what it spawned has ended when this returns, except in the block of ``children_of_block``.
    Where a flow can be awaited as it is, on the kernel and inside what this function runs, this does so and no more.

    Raises:
        whatever it raises.
        asyncio.CancelledError: it was cancelled, by asyncio or by another flow. As everywhere in asyncio, a result that comes
            at the same time is lost.
        TaskClosed: it has ended already.
    """
    try:
        loop = asyncio.get_running_loop()
    except RuntimeError:
        return await _as_it_is(target)
    kernel = AsyncioKernel.of(loop)
    return await (kernel.run_here(target) if kernel.current is None else _as_it_is(target))


@asynccontextmanager
async def children_of_block(name: str | None = None) -> AsyncIterator[None]:
    """What the flows spawn that this asyncio task awaits in the block, such as the reader of a connection, lives until the
    end of the block. There it is cancelled, and has ended when the block has.
    """
    kernel = AsyncioKernel.of(asyncio.get_running_loop())
    asyncio_task = asyncio.current_task()
    assert asyncio_task is not None, "a coroutine runs in a task"
    before = kernel.hosts.get(asyncio_task)
    host = kernel.hosts[asyncio_task] = kernel.begin_host(name or f"flows of {asyncio_task.get_name()}")
    try:
        yield
    finally:
        if before is None:
            del kernel.hosts[asyncio_task]
        else:
            kernel.hosts[asyncio_task] = before
        await kernel.end_host(host)


class Closes(Protocol):
    """A client, a stream of market data, a connection."""

    def close(self) -> Awaitable[Any] | None:
        """Close it: a flow, or a plain call."""
        ...


class Gives(Closes, Protocol[T_co]):
    """A stream that is asked for one item at a time."""

    def next(self) -> Awaitable[T_co | None]:
        """The next item; ``None``: the quiet end."""
        ...


ClosesT = TypeVar("ClosesT", bound=Closes)


@asynccontextmanager
async def closing(thing: ClosesT) -> AsyncIterator[ClosesT]:
    """``async with`` for what has a ``close``; on the kernel and under asyncio."""
    try:
        yield thing
    finally:
        await _close(thing)


async def each(stream: Gives[T]) -> AsyncGenerator[T, None]:
    """``async for`` over what has a ``next`` and a ``close``; on the kernel and under asyncio.

    Closes the stream when it is left: read it under ``contextlib.aclosing``.
    """
    try:
        while True:
            item = await under_asyncio(stream.next())
            if item is None:
                return
            yield item
    finally:
        await _close(stream)


async def _close(thing: Closes) -> None:
    closed = thing.close()
    if closed is not None:
        await under_asyncio(closed)


@flow
def _as_it_is(target: Target[T]) -> Generator[Any, Any, T]:
    """``await`` knows nothing of plain generators; ``yield from``, in here, knows generators and coroutines."""
    return (yield from cast("Generator[Any, Any, T]", target))


# -- the kernel, waiting by means of asyncio -------------------------------------------------------
@dataclass(frozen=True, slots=True)
class ByAsyncio:
    """Why a task of flows is cancelled: its asyncio task is. ``message``: what ``cancel`` was told; empty: nothing."""

    message: str

    def __str__(self) -> str:
        return f"asyncio: {self.message}" if self.message else "asyncio"

    def again(self) -> asyncio.CancelledError:
        """What asyncio is to hear of it."""
        return asyncio.CancelledError(self.message) if self.message else asyncio.CancelledError()


class AsyncioKernel(Kernel):
    """One for each event loop, whose ready queue, timers and selector take the place of a kernel's own."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        super().__init__(crashed=self._report_crash)
        self._loop = loop
        self._selector.close()
        self.ready: deque[Task[Any]] = deque(maxlen=0)  # nobody: the queue of the loop is the ready queue
        self.timers = LoopTimers(self.clock, loop)
        selector = LoopSelector(loop)
        self.files = Files(selector, self.wake, self.throw)
        selector.is_ready = self.files.is_ready
        self._waiters: dict[Task[Any], asyncio.Future[None]] = {}
        self._awaited: dict[Task[Any], Task[Any] | None] = {}
        """Tasks whose outcome somebody awaits; each with the host that its children go to."""
        self._unheard: dict[Task[Any], ByAsyncio] = {}
        """Tasks that ended without having heard that their asyncio task was cancelled."""
        self.hosts: dict[asyncio.Task[Any], Task[Any]] = {}
        """Parents of what is spawned in a block, by the asyncio task that runs the block."""

    @classmethod
    def of(cls, loop: asyncio.AbstractEventLoop) -> "AsyncioKernel":
        """The one of this loop. It lives as long as tasks and connections of it do."""
        kernel = _KERNELS.get(loop)
        if kernel is None:
            kernel = _KERNELS[loop] = cls(loop)
        return kernel

    # -- what is asked of a kernel from outside --------------------------------------------------
    def run(self, target: Target[T], name: str = "main") -> T:
        """Not this one.

        Raises:
            KernelError: always.
        """
        raise KernelError("asyncio runs this kernel: await under_asyncio(...)")

    def post(self, act: Callable[[], None]) -> None:
        """As any kernel's."""
        self._loop.call_soon_threadsafe(self._call, act)

    # -- for the bridge --------------------------------------------------------------------------
    async def run_here(self, target: Target[T]) -> T:
        """Run it in this asyncio task, as a task of its own, and return what it returns."""
        task = super().new_task(target, None, None)
        asyncio_task = cast("asyncio.Task[Any]", asyncio.current_task())
        self._awaited[task] = self.hosts.get(asyncio_task)
        try:
            await self._live(task)
        finally:
            del self._awaited[task]
        unheard = self._unheard.pop(task, None)
        if isinstance(task.error, TaskCancelled):
            raise _translated(task.error) from task.error
        if task.error is None and unheard is not None:
            raise unheard.again()
        return task.outcome()

    def begin_host(self, name: str) -> Task[None]:
        """A task that does nothing but have children."""
        return super().new_task(_nothing(), name, None)

    async def end_host(self, host: Task[None]) -> None:
        """End its children, and wait for them."""
        host.target.close()
        self._finished(host, None, None)
        await self._live(host)
        unheard = self._unheard.pop(host, None)
        if unheard is not None:
            raise unheard.again()

    # -- the life of a task ----------------------------------------------------------------------
    def new_task(self, target: Target[T], name: str | None, parent: Task[Any] | None) -> Task[T]:
        task = super().new_task(target, name, parent)
        # Not made by the loop: its factory may be one that begins a task inside another one's step.
        asyncio_task = asyncio.Task(self._live_alone(task), loop=self._loop, name=task.name)
        _ALIVE.add(asyncio_task)
        asyncio_task.add_done_callback(lambda done: self._left(task, done))
        return task

    async def _live_alone(self, task: Task[Any]) -> None:
        await self._live(task)
        if isinstance(task.error, KeyboardInterrupt | SystemExit):
            raise task.error
        if isinstance(task.error, TaskCancelled):
            raise _translated(task.error) from task.error

    def _left(self, task: Task[Any], asyncio_task: asyncio.Task[None]) -> None:
        _ALIVE.discard(asyncio_task)
        self._unheard.pop(task, None)  # who cancelled it sees that it has ended
        if not task.is_ended:  # cancelled before it began
            self.cancel(task, ByAsyncio(""))
            self._step(task)

    async def _live(self, task: Task[Any]) -> None:
        """Step by step to the end of the task, and of its children."""
        while not task.is_ended:
            if task.state is not TaskState.ENDING:
                self._step(task)
            if not task.is_ended:
                try:
                    await self._turn(task)
                except asyncio.CancelledError as cancelled:
                    self._cancel_by_asyncio(task, ByAsyncio(str(cancelled)))

    async def _turn(self, task: Task[Any]) -> None:
        """Until it is its turn to run; of an ending task, until it has ended."""
        if task.state is TaskState.READY:
            await asyncio.sleep(0)
            return
        waiter = self._waiters[task] = self._loop.create_future()
        try:
            await waiter
        finally:
            del self._waiters[task]

    def _make_ready(self, task: Task[Any]) -> None:
        super()._make_ready(task)
        self._wake_asyncio(task)

    def _finished(self, task: Task[Any], result: object, error: BaseException | None) -> None:
        pending = task.pending_cancel
        if isinstance(pending, TaskCancelled) and isinstance(pending.reason, ByAsyncio):
            self._unheard[task] = pending.reason
        host = self._awaited.get(task)
        if host is not None and task.children:
            for child in task.children:
                child.parent = host
            host.children = {**(host.children or {}), **task.children}
            task.children = None
        super()._finished(task, result, error)

    def _ended(self, task: Task[Any]) -> None:
        family: list[Task[Any]] = [task]
        while (parent := family[-1].parent) is not None:
            family.append(parent)
        super()._ended(task)
        for one in family:
            if one.is_ended:  # a parent, too, that waited for its last child
                self._wake_asyncio(one)

    def _wake_asyncio(self, task: Task[Any]) -> None:
        waiter = self._waiters.get(task)
        if waiter is not None and not waiter.done():
            waiter.set_result(None)

    # -- cancellation, crashes, files ------------------------------------------------------------
    def _cancel_by_asyncio(self, task: Task[Any], reason: ByAsyncio) -> None:
        self.cancel(task, reason)
        for error in (task.thrown, task.pending_cancel):
            if isinstance(error, TaskCancelled) and error.reason is reason:
                return
        self._unheard[task] = reason  # it is ending, or is being cancelled already

    def _report_crash(self, task: Task[Any], error: BaseException) -> None:
        if task not in self._awaited and not isinstance(error, KeyboardInterrupt | SystemExit):
            text = f"task {task.id} {task.name} ended with an error, and nobody joined it"
            self._loop.call_exception_handler({"message": text, "exception": error})


class LoopAlarm(Alarm):
    """One that the event loop sees to."""

    __slots__ = ("handle",)

    handle: asyncio.TimerHandle

    def cancel(self) -> None:
        self.handle.cancel()
        super().cancel()


class LoopTimers(Timers):
    """The timers of an event loop, in place of a heap."""

    def __init__(self, clock: Clock, loop: asyncio.AbstractEventLoop) -> None:
        super().__init__(clock)
        self._loop = loop

    def set(self, seconds: float, act: Callable[[Task[Any], Alarm], None], task: Task[Any]) -> Alarm:
        if seconds != seconds:
            raise ValueError("a task can't wait for nan seconds")
        self._last_number += 1
        alarm = LoopAlarm(act, task, self._last_number, self)
        alarm.handle = self._loop.call_later(seconds, self._goes_off, alarm)
        return alarm

    def note_cancelled(self) -> None:
        """The loop has been told."""

    def _goes_off(self, alarm: Alarm) -> None:
        act, alarm.act = alarm.act, None
        if act is not None:
            act(alarm.task, alarm)


class LoopSelector(selectors.BaseSelector):
    """The selector of an event loop: calls instead of being asked."""

    is_ready: Callable[[int, Watched, int], None]

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._keys: dict[int, selectors.SelectorKey] = {}

    def register(self, fileobj: Any, events: int, data: Any = None) -> selectors.SelectorKey:
        """Raises ``ValueError`` for files of asyncio's own transports, besides what any selector raises."""
        try:
            if events & READ:
                self._loop.add_reader(fileobj, self.is_ready, fileobj, data, READ)
            if events & WRITE:
                self._loop.add_writer(fileobj, self.is_ready, fileobj, data, WRITE)
        except RuntimeError as error:
            raise ValueError(str(error)) from error
        key = self._keys[fileobj] = selectors.SelectorKey(fileobj, fileobj, events, data)
        return key

    def unregister(self, fileobj: Any) -> selectors.SelectorKey:
        key = self._keys.pop(fileobj)
        self._loop.remove_reader(fileobj)
        self._loop.remove_writer(fileobj)
        return key

    def select(self, timeout: float | None = None) -> NoReturn:
        """The loop does that."""
        raise NotImplementedError

    def get_map(self) -> Mapping[Any, selectors.SelectorKey]:
        return self._keys


_KERNELS: Final[WeakValueDictionary[asyncio.AbstractEventLoop, AsyncioKernel]] = WeakValueDictionary()

_ALIVE: Final[set[asyncio.Task[None]]] = set()
"""The loop holds its tasks only weakly."""


def _translated(error: TaskCancelled) -> asyncio.CancelledError:
    reason = error.reason
    return reason.again() if isinstance(reason, ByAsyncio) else asyncio.CancelledError(str(error))


def _nothing() -> Generator[Any, Any, None]:
    yield from ()

"""The same flows on the kernel and under asyncio: the same answers, the same order."""

import asyncio
import socket
import threading
from collections.abc import Callable, Generator
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar, cast

import pytest
from hypothesis import given, settings
from hypothesis import strategies as some

from legacy.bridge import AsyncioKernel, under_asyncio
from legacy.errors import (
    BadDescriptor,
    ChildCancelled,
    DescriptorBusy,
    JoinsItself,
    NotATrap,
    TaskCancelled,
    TaskClosed,
)
from legacy.kernel import Kernel
from legacy.streams import connect, listen
from legacy.task import Task, TaskState
from legacy.threads import in_thread
from legacy.traps import (
    cancel,
    current_kernel,
    current_task,
    flow,
    join,
    pause,
    readable,
    sleep,
    spawn,
    timeout,
)
from legacy.waiting import Event, Future, Lock, Queue, WaitQueue

T = TypeVar("T")
Flow = Generator[Any, Any, Any]


def on_kernel(target: Generator[Any, Any, T]) -> T:
    return Kernel().run(target, cast("Any", target).__qualname__)


def on_asyncio(target: Generator[Any, Any, T]) -> T:
    return asyncio.run(under_asyncio(target))


def on_uvloop(target: Generator[Any, Any, T]) -> T:
    uvloop = pytest.importorskip("uvloop")
    return cast("T", uvloop.run(under_asyncio(target)))


Run = Callable[[Generator[Any, Any, Any]], Any]
either = pytest.mark.parametrize("run", [on_kernel, on_asyncio, on_uvloop])


@either
def test_tasks_that_are_ready_run_first_in_first_out(run: Run) -> None:
    seen: list[str] = []

    def worker(name: str) -> Flow:
        for number in range(3):
            seen.append(f"{name}{number}")
            yield from pause()

    def main() -> Flow:
        tasks = []
        for name in "abc":
            tasks.append((yield from spawn(worker(name))))
        for task in tasks:
            yield from join(task)

    run(main())

    assert seen == ["a0", "b0", "c0", "a1", "b1", "c1", "a2", "b2", "c2"]


@either
def test_a_result_may_be_an_exception_and_an_error_is_raised(run: Run) -> None:
    def returns() -> Flow:
        yield from pause()
        return ValueError("a result")

    def raises() -> Flow:
        yield from pause()
        raise ValueError("an error")

    def main() -> Flow:
        first = yield from spawn(returns())
        second = yield from spawn(raises())
        result = yield from join(first)
        with pytest.raises(ValueError, match="an error"):
            yield from join(second)
        return result

    assert str(run(main())) == "a result"


@either
def test_children_are_cancelled_with_their_parent_which_waits_for_them(run: Run) -> None:
    seen: list[str] = []

    def child(depth: int) -> Flow:
        if depth:
            yield from spawn(child(depth - 1))
        try:
            yield from Event("a miracle").wait()
        except TaskCancelled:
            yield from pause()
            seen.append(f"child {depth}")
            raise

    def parent() -> Flow:
        yield from spawn(child(2))
        yield from pause()
        yield from pause()
        yield from pause()
        return 7

    def main() -> Flow:
        task = yield from spawn(parent())
        seen.append(str((yield from join(task))))

    run(main())

    assert seen == ["child 2", "child 1", "child 0", "7"]


@either
def test_a_timeout_cancels_what_it_waits_for_and_nothing_else(run: Run) -> None:
    seen: list[str] = []

    def slow() -> Flow:
        try:
            yield from sleep(60)
        finally:
            yield from pause()
            seen.append("cleaned")

    def quick() -> Flow:
        yield from sleep(0.001)
        return "in time"

    def main() -> Flow:
        with pytest.raises(TimeoutError):
            yield from timeout(0.002, slow())
        seen.append((yield from timeout(60, quick())))

    run(main())

    assert seen == ["cleaned", "in time"]


@either
def test_what_was_given_to_a_task_before_it_was_cancelled_is_not_lost(run: Run) -> None:
    queue: Queue[int] = Queue(1)
    got: list[object] = []

    def getter() -> Flow:
        got.append((yield from queue.get()))
        try:
            yield from pause()
        except TaskCancelled:
            got.append("cancelled")
            raise

    def main() -> Flow:
        task = yield from spawn(getter())
        yield from pause()
        queue.offer(5)
        assert (yield from cancel(task))
        with pytest.raises(ChildCancelled):
            yield from join(task)
        assert not (yield from cancel(task))

    run(main())

    assert got == [5, "cancelled"]


@either
def test_a_task_that_never_began_never_begins_once_it_is_cancelled(run: Run) -> None:
    seen: list[str] = []

    def worker() -> Flow:
        seen.append("began")
        yield from pause()

    def main() -> Flow:
        task = yield from spawn(worker())
        yield from cancel(task)
        yield from pause()
        return task.state

    assert run(main()) is TaskState.ENDED
    assert seen == []


@either
def test_queues_locks_and_futures_wake_in_order(run: Run) -> None:
    seen: list[str] = []
    lock, queue, answer = Lock(), Queue[int](1), Future[str]()

    def worker(name: str) -> Flow:
        yield from lock.acquire()
        try:
            seen.append(f"{name} has item {(yield from queue.get())}")
        finally:
            lock.release()
        seen.append(f"{name} heard {(yield from answer.wait())}")

    def main() -> Flow:
        tasks = []
        for name in "abc":
            tasks.append((yield from spawn(worker(name))))
        for item in range(3):
            yield from queue.put(item)
        yield from pause()
        yield from pause()
        answer.set_result("it")
        for task in tasks:
            yield from join(task)

    run(main())

    assert sorted(seen[:3]) == ["a has item 0", "b has item 1", "c has item 2"]
    assert [line for line in seen if "heard" in line] == ["a heard it", "b heard it", "c heard it"]


@either
def test_what_can_not_be_is_refused_where_it_is_asked(run: Run) -> None:
    def main() -> Flow:
        with pytest.raises(NotATrap, match="'hello'"):
            yield "hello"
        with pytest.raises(JoinsItself):
            yield from join((yield from current_task()))
        done = sleep(0)
        done.close()
        with pytest.raises(TaskClosed):
            yield from spawn(done)
        with pytest.raises(TypeError, match="not called"):
            yield from spawn(main)  # type: ignore[arg-type]
        with pytest.raises(ValueError, match="nan"):
            yield from timeout(float("nan"), pause())
        return "alive"

    assert run(main()) == "alive"


@either
def test_sockets_are_read_and_written(run: Run) -> None:
    much = bytes(300_000)  # more than the buffers of a connection hold

    def serve(listener: Any) -> Flow:
        stream = yield from listener.accept()
        received = b""
        while piece := (yield from stream.read()):
            received += piece
        yield from stream.write(received)
        stream.close()

    def main() -> Flow:
        listener = yield from listen("127.0.0.1", 0)
        yield from spawn(serve(listener))
        stream = yield from connect(*listener.address)
        yield from stream.write(much + b"end")
        stream.end_output()
        received = b""
        while piece := (yield from stream.read()):
            received += piece
        stream.close()
        listener.close()
        return received == much + b"end"

    assert run(main())


@either
def test_whoever_waits_for_a_file_that_is_closed_learns_of_it(run: Run) -> None:
    def main() -> Flow:
        kernel = yield from current_kernel()
        one, other = socket.socketpair()
        with other:
            waiting = yield from spawn(readable(one))
            yield from pause()
            with pytest.raises(DescriptorBusy):
                yield from readable(one)
            kernel.release(one)
            one.close()
            with pytest.raises(BadDescriptor):
                yield from join(waiting)
            with pytest.raises(BadDescriptor):
                yield from readable(one)

    run(main())


@either
def test_threads_do_what_would_block(run: Run) -> None:
    def main() -> Flow:
        with ThreadPoolExecutor(1) as pool:
            with pytest.raises(ZeroDivisionError):
                yield from in_thread(pool, lambda: 1 // 0)
            return (yield from in_thread(pool, threading.get_ident))

    assert run(main()) != threading.get_ident()


@either
def test_coroutines_and_generators_are_each_others_children(run: Run) -> None:
    queue: Queue[str] = Queue(1)

    async def native(name: str) -> str:
        await queue.put(name)
        return name

    @flow
    def delegates() -> Flow:
        return (yield from under_asyncio(native("at once")))  # type: ignore[misc]

    def main() -> Flow:
        task: Task[str] = yield from spawn(native("native"))
        assert (yield from queue.get()) == (yield from join(task))
        return (yield from delegates())

    assert run(main()) == "at once"


@either
def test_what_is_detached_outlives_its_parent(run: Run) -> None:
    seen: list[str] = []
    goes_on = Event()

    def loner() -> Flow:
        yield from goes_on.wait()
        seen.append("still there")

    def parent() -> Flow:
        return (yield from spawn(loner(), detached=True))

    def main() -> Flow:
        task = yield from join((yield from spawn(parent())))
        goes_on.set()
        yield from join(task)

    run(main())

    assert seen == ["still there"]


# -- programs made at random -----------------------------------------------------------------------
Step = tuple[str, int]

STEPS = some.lists(
    some.tuples(
        some.sampled_from(
            ["pause", "spawn", "put", "get", "join", "cancel", "park", "wake", "quick", "raise"]
        ),
        some.integers(0, 5),
    ),
    max_size=8,
)


class Program:
    """One run of a random program, and everything that was seen in it."""

    def __init__(self, scripts: list[list[Step]]) -> None:
        self.scripts = scripts
        self.seen: list[str] = []
        self.tasks: list[Task[Any]] = []
        self.queue: Queue[int] = Queue(2)
        self.place = WaitQueue("a place")

    def worker(self, name: str, script: list[Step]) -> Flow:
        try:
            for verb, number in script:
                self.seen.append(f"{name} {verb} {number}")
                try:
                    answer = yield from self.does(verb, number, name)
                except (ChildCancelled, JoinsItself, ValueError) as error:
                    answer = type(error).__name__
                self.seen.append(f"{name} {answer}")
            return name
        except TaskCancelled as cancelled:
            self.seen.append(f"{name} {cancelled}")
            yield from pause()
            self.seen.append(f"{name} cleaned up")
            raise

    def does(self, verb: str, number: int, name: str) -> Flow:
        match verb:
            case "pause":
                yield from pause()
            case "spawn" if len(self.tasks) < 12:
                script = self.scripts[number % len(self.scripts)]
                task = yield from spawn(self.worker(f"{name}.{number}", script))
                self.tasks.append(task)
            case "put":
                yield from self.queue.put(number)
            case "get":
                return (yield from self.queue.get())
            case "join" if self.tasks:
                return (yield from join(self.tasks[number % len(self.tasks)]))
            case "cancel" if self.tasks:
                return (yield from cancel(self.tasks[number % len(self.tasks)]))
            case "park":
                return (yield from self.place.park())
            case "wake":
                return self.place.wake_one(number) is not None
            case "quick":
                return (yield from timeout(60, self.queue.get()))
            case "raise":
                raise ValueError(number)
        return None

    def main(self) -> Flow:
        """Waits for the whole family: a kernel whose main task ends cancels everybody at once."""
        yield from join((yield from spawn(self.parent())))

    def parent(self) -> Flow:
        """Starts a worker for each script, and gives all of them some turns."""
        for number, script in enumerate(self.scripts):
            self.tasks.append((yield from spawn(self.worker(str(number), script))))
        for _ in range(60):
            yield from pause()
        self.seen.append("the end")


@settings(max_examples=60, deadline=None)
@given(some.lists(STEPS, min_size=1, max_size=4))
def test_random_programs_run_alike(scripts: list[list[Step]]) -> None:
    ours, theirs = Program(scripts), Program(scripts)

    on_kernel(ours.main())
    on_asyncio(theirs.main())

    assert theirs.seen == ours.seen


@settings(max_examples=60, deadline=None)
@given(
    some.lists(STEPS, min_size=1, max_size=4),
    some.lists(some.tuples(some.integers(0, 12), some.integers(0, 9)), max_size=6),
)
def test_whatever_asyncio_cancels_every_task_ends_and_nothing_is_left(
    scripts: list[list[Step]], cancellations: list[tuple[int, int]]
) -> None:
    program = Program(scripts)

    async def run() -> tuple[AsyncioKernel, set[asyncio.Task[Any]]]:
        kernel = AsyncioKernel.of(asyncio.get_running_loop())
        me = asyncio.current_task()
        asyncio.get_running_loop().set_exception_handler(lambda loop, context: None)
        running = asyncio.create_task(under_asyncio(program.main()))
        for turns, which in cancellations:
            for _ in range(turns):
                await asyncio.sleep(0)
            others = sorted(asyncio.all_tasks() - {me}, key=lambda task: task.get_name())
            if others:
                others[which % len(others)].cancel()
        await asyncio.wait([running])
        await asyncio.sleep(0)  # for callbacks of those that ended last
        return kernel, asyncio.all_tasks() - {me}

    kernel, left = asyncio.run(run())

    assert not left
    assert not any((kernel.tasks, kernel.hosts, kernel._waiters, kernel._awaited, kernel._unheard))
    assert all(task.is_ended for task in program.tasks)
    assert not program.place.tasks

"""Random programs of random tasks: whatever they do to one another, the kernel keeps what it promises."""

from collections.abc import Generator
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from legacy.errors import ChildCancelled, JoinsItself, QueueClosed, TaskCancelled
from legacy.kernel import Kernel
from legacy.task import Task, TaskState
from legacy.traps import Trap, cancel, current_task, join, pause, sleep, spawn, timeout
from legacy.waiting import Event, Future, Lock, Queue
from tests.support.kernels import Crashes, InOrder, kernel_of

Flow = Generator[Any, Any, Any]
Op = tuple[Any, ...]

LONGEST_S = 40


class Planned(Exception):
    """A task fails because its program says so."""


def programs() -> st.SearchStrategy[list[Op]]:
    """Of one task; others are inside it."""
    number = st.integers(0, 7)
    simple = st.one_of(
        st.just(("pause",)),
        st.tuples(st.just("sleep"), st.integers(0, 3)),
        st.tuples(st.sampled_from(["put", "get", "offer"]), st.integers(0, 1)),
        st.tuples(st.sampled_from(["wait", "set", "clear", "future", "resolve"]), st.integers(0, 1)),
        st.tuples(st.sampled_from(["cancel", "join"]), number),
        st.just(("fail",)),
    )
    return st.recursive(
        st.lists(simple, min_size=1, max_size=5),
        lambda inner: st.lists(
            st.one_of(
                simple,
                st.tuples(st.just("spawn"), inner, st.booleans()),
                st.tuples(st.just("timeout"), st.integers(0, 3), inner),
                st.tuples(st.just("locked"), st.integers(0, 1), inner),
                st.tuples(st.just("finally"), inner, st.integers(0, 2)),
            ),
            min_size=1,
            max_size=5,
        ),
        max_leaves=20,
    )


class World:
    """What the tasks share, and what they write down."""

    def __init__(self) -> None:
        self.queues = [Queue[int](1, "short"), Queue[int](3, "long")]
        self.put: list[list[int]] = [[], []]
        self.got: list[list[int]] = [[], []]
        self.locks = [Lock("left"), Lock("right")]
        self.events = [Event("one"), Event("two")]
        self.futures = [Future[int]("first"), Future[int]("second")]
        self.tasks: list[Task[Any]] = []
        self.began = 0
        self.left = 0
        self.cancelled: set[Task[Any]] = set()
        self.last_item = 0
        self.wrong: list[str] = []

    def check_nobody_is_forgotten(self) -> None:
        """Between any two turns: nobody waits for what is there."""
        for queue in self.queues:
            if len(queue) and len(queue._getters):
                self.wrong.append(f"somebody waits for an item of {queue.name}, and there is one")
            if not queue.is_full and len(queue._putters):
                self.wrong.append(f"somebody waits for room in {queue.name}, and there is some")
        for lock in self.locks:
            if lock.owner is None and len(lock._waiters):
                self.wrong.append("somebody waits for a lock that nobody has")
            if lock.owner is not None and lock.owner.is_ended:
                self.wrong.append("a lock belongs to nobody who lives")
        for event in self.events:
            if event.is_set and len(event._waiters):
                self.wrong.append("somebody waits for an event that has happened")
        for future in self.futures:
            if future.is_done and len(future._waiters):
                self.wrong.append("somebody waits for a result that is there")

    # -- tasks -----------------------------------------------------------------------------------
    def run(self, ops: list[Op]) -> Flow:
        task = yield from current_task()
        self.began += 1
        try:
            yield from self.do(task, ops)
        finally:
            self.left += 1

    def do(self, task: Task[Any], ops: list[Op]) -> Flow:
        for op in ops:
            was_cancelled = task in self.cancelled
            asked = yield from self.do_one(task, op)
            if asked and was_cancelled:
                self.wrong.append(f"{task} was cancelled, and {op[0]} went well after that")

    def do_one(self, task: Task[Any], op: Op) -> Flow:
        """True: there was at least one trap in it that a cancellation would have struck."""
        match op:
            case ("pause",):
                yield from pause()
                return True
            case ("sleep", seconds):
                yield from sleep(seconds)
                return True
            case ("put", which):
                self.last_item += 1
                item = self.last_item
                yield from self.queues[which].put(item)
                self.put[which].append(item)
            case ("offer", which):
                self.last_item += 1
                if self.queues[which].offer(self.last_item):
                    self.put[which].append(self.last_item)
            case ("get", which):
                self.got[which].append((yield from self.queues[which].get()))
            case ("wait", which):
                yield from self.events[which].wait()
            case ("set", which):
                self.events[which].set()
            case ("clear", which):
                self.events[which].clear()
            case ("future", which):
                yield from self.futures[which].wait()
            case ("resolve", which):
                if not self.futures[which].is_done:
                    self.futures[which].set_result(1)
            case ("cancel", which):
                other = self.tasks[which % len(self.tasks)]
                may_live = other.state is not TaskState.ENDING
                if (yield from cancel(other)) and may_live:
                    self.cancelled.add(other)
            case ("join", which):
                with suppress(Planned, ChildCancelled, JoinsItself):
                    yield from join(self.tasks[which % len(self.tasks)])
                return True
            case ("fail",):
                raise Planned
            case ("spawn", ops, detached):
                self.tasks.append((yield from spawn(self.run(ops), detached=detached)))
                return True
            case ("timeout", seconds, ops):
                yield from self.within(task, seconds, ops)
            case ("locked", which, ops):
                lock = self.locks[which]
                if lock.owner is not task:
                    yield from lock.acquire()
                    try:
                        yield from self.do(task, ops)
                    finally:
                        lock.release()
            case ("finally", ops, seconds):
                try:
                    yield from self.do(task, ops)
                finally:
                    yield from sleep(seconds)
        return False

    def within(self, task: Task[Any], seconds: int, ops: list[Op]) -> Flow:
        clock = task.kernel.clock
        until = clock.monotonic_s() + seconds
        try:
            yield from timeout(seconds, self.do(task, ops))
        except TimeoutError:
            if clock.monotonic_s() < until:
                self.wrong.append("a time limit came too early")
        if clock.monotonic_s() > until and not _cleans_up(ops):
            self.wrong.append("a time limit came too late")


def _cleans_up(ops: list[Op]) -> bool:
    """Whether there is a ``finally`` in it, which takes its time."""
    return any(
        op[0] == "finally" or any(_cleans_up(part) for part in op if isinstance(part, list))
        for op in ops
        if op[0] != "spawn"
    )


class Looks(InOrder):
    """After each turn."""

    def __init__(self, world: World) -> None:
        super().__init__()
        self._world = world

    def parked(self, task: Task[Any], request: Trap[Any]) -> None:
        super().parked(task, request)
        self._world.check_nobody_is_forgotten()


@settings(max_examples=150, deadline=None)
@given(st.lists(programs(), min_size=1, max_size=4))
def test_whatever_tasks_do_the_kernel_keeps_its_promises(tasks: list[list[Op]]) -> None:
    world, crashes = World(), Crashes()
    looks = Looks(world)
    kernel = kernel_of(crashes, looks, patience_s=10 * LONGEST_S)

    def main() -> Flow:
        for ops in tasks:
            world.tasks.append((yield from spawn(world.run(ops))))
        yield from sleep(LONGEST_S)

    kernel.run(main())

    assert looks.wrong == []
    assert world.wrong == []
    assert not kernel.tasks
    assert {type(error) for _, error in crashes.seen} <= {Planned}
    assert world.began == world.left
    assert all(task.generator_state() == "closed" for task in world.tasks)
    assert all(task.is_ended for task in world.tasks)
    for which, queue in enumerate(world.queues):
        left = list(queue._items)
        assert sorted(world.got[which] + left) == sorted(world.put[which])


@settings(max_examples=200, deadline=None)
@given(
    st.lists(st.tuples(st.sampled_from(["put", "get"]), st.integers(0, 3)), max_size=30), st.integers(1, 3)
)
def test_nobody_overtakes_at_a_queue(visits: list[tuple[str, int]], limit: int) -> None:
    queue = Queue[int](limit)
    got: list[int | None] = []
    came: list[int] = []

    def visitor(kind: str, number: int, seconds: int) -> Flow:
        yield from sleep(seconds)
        if kind == "put":
            came.append(number)
            yield from queue.put(number)
        else:
            place = len(got)
            got.append(None)
            got[place] = yield from queue.get()

    def main() -> Flow:
        for number, (kind, seconds) in enumerate(visits):
            yield from spawn(visitor(kind, number, seconds))
        yield from sleep(10)

    kernel_of().run(main())

    nothing: list[int | None] = [None] * len(got)
    assert got == [*came, *nothing][: len(got)]


@settings(max_examples=200, deadline=None)
@given(st.lists(st.integers(0, 5), min_size=1, max_size=40))
def test_sleepers_wake_in_order_of_time_and_of_going_to_sleep(seconds: list[int]) -> None:
    woke: list[tuple[int, int]] = []

    def sleeper(number: int, time: int) -> Flow:
        yield from sleep(time)
        woke.append((time, number))

    def main() -> Flow:
        for number, time in enumerate(seconds):
            yield from spawn(sleeper(number, time))
        yield from sleep(6)

    kernel_of().run(main())

    assert woke == sorted(woke)


@pytest.mark.parametrize("after", range(12))
def test_a_task_may_be_cancelled_after_any_of_its_steps(after: int) -> None:
    queue = Queue[int](1)
    lock = Lock()
    done: list[str] = []

    def worker() -> Flow:
        try:
            yield from lock.acquire()
            try:
                yield from queue.put(1)
                yield from timeout(50, pause())
                yield from queue.get()
                yield from sleep(0.1)
                inner = yield from spawn(pause())
                yield from join(inner)
            finally:
                lock.release()
        finally:
            done.append("left")

    def main() -> Flow:
        task = yield from spawn(worker())
        for _ in range(after):
            yield from pause()
        was_there = yield from cancel(task)
        try:
            yield from join(task)
        except ChildCancelled:
            assert was_there
        yield from lock.acquire()  # nobody has it any more

    kernel = kernel_of()
    kernel.run(main())

    assert done in (["left"], [])  # it may not have begun
    assert bool(done) == bool(after)
    assert not kernel.tasks


def test_a_closed_queue_tells_everybody_who_waits() -> None:
    queue = Queue[int](1)
    told: list[str] = []

    def getter() -> Flow:
        try:
            yield from queue.get()
        except QueueClosed as closed:
            told.append(f"get: {closed}")

    def main() -> Flow:
        for _ in range(2):
            yield from spawn(getter())
        yield from pause()
        queue.close()
        yield from pause()
        with pytest.raises(QueueClosed):
            yield from queue.put(1)

    kernel_of().run(main())

    assert told == ["get: a queue is closed"] * 2


def test_the_kernel_of_the_tests_is_one_that_fails_when_it_should() -> None:
    looks = InOrder()

    class Hasty(Kernel):
        """Runs the newest first."""

        def _step(self, task: Task[Any]) -> None:
            if self.ready:
                self.ready.append(task)
                task = self.ready.popleft()
            super()._step(task)

    def main() -> Flow:
        for _ in range(3):
            yield from spawn(pause())
        yield from pause()

    Hasty(observers=[looks]).run(main())

    assert looks.wrong
    assert issubclass(TaskCancelled, BaseException)

"""The kernel: order, answers, errors, ends."""

from collections.abc import Generator
from typing import Any

import pytest

from legacy.errors import ChildCancelled, Deadlocked, JoinsItself, NotATrap, TaskCancelled, TaskClosed
from legacy.task import TaskState
from legacy.traps import cancel, current_task, join, pause, sleep, spawn, timeout
from legacy.waiting import Event, Lock, Queue
from tests.support.kernels import kernel_of

Flow = Generator[Any, Any, Any]


def test_tasks_that_are_ready_run_first_in_first_out() -> None:
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

    kernel_of().run(main())

    assert seen == ["a0", "b0", "c0", "a1", "b1", "c1", "a2", "b2", "c2"]


def test_a_result_may_be_an_exception_and_an_error_is_raised() -> None:
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

    assert str(kernel_of().run(main())) == "a result"


def test_time_passes_in_order() -> None:
    seen: list[float] = []

    def sleeper(seconds: float) -> Flow:
        yield from sleep(seconds)
        seen.append(seconds)

    def main() -> Flow:
        for seconds in (3, 1, 2, 1.5):
            yield from spawn(sleeper(seconds))
        yield from sleep(10)

    kernel_of().run(main())

    assert seen == [1, 1.5, 2, 3]


def test_a_cancelled_task_cleans_up_with_traps_of_its_own() -> None:
    seen: list[str] = []

    def worker() -> Flow:
        try:
            yield from sleep(100)
        finally:
            yield from sleep(1)
            seen.append("clean")

    def main() -> Flow:
        task = yield from spawn(worker())
        yield from pause()
        assert (yield from cancel(task))
        with pytest.raises(ChildCancelled):
            yield from join(task)
        assert not (yield from cancel(task))

    kernel_of().run(main())

    assert seen == ["clean"]


def test_children_end_with_their_parent_and_whoever_joins_it_waits_for_them() -> None:
    seen: list[str] = []

    def child() -> Flow:
        try:
            yield from sleep(100)
        finally:
            yield from sleep(1)
            seen.append("child")

    def parent() -> Flow:
        yield from spawn(child())
        yield from pause()
        return 7

    def main() -> Flow:
        task = yield from spawn(parent())
        seen.append(str((yield from join(task))))

    kernel_of().run(main())

    assert seen == ["child", "7"]


def test_what_nobody_joined_for_reaches_the_hook_and_the_rest_goes_on() -> None:
    crashes: list[str] = []

    def fails() -> Flow:
        yield from pause()
        raise ValueError("alone")

    def main() -> Flow:
        yield from spawn(fails())
        yield from sleep(5)
        return "done"

    result = kernel_of(lambda task, error: crashes.append(f"{task.name} {error}")).run(main())

    assert result == "done"
    assert [crash.rpartition(".")[2] for crash in crashes] == ["fails alone"]


def test_a_timeout_cancels_what_it_waits_for_and_nothing_else() -> None:
    seen: list[str] = []

    def slow() -> Flow:
        try:
            yield from sleep(10)
        finally:
            seen.append("cleaned")

    def quick() -> Flow:
        yield from sleep(1)
        return "in time"

    def main() -> Flow:
        with pytest.raises(TimeoutError):
            yield from timeout(2, slow())
        seen.append((yield from timeout(2, quick())))
        yield from sleep(100)

    kernel_of().run(main())

    assert seen == ["cleaned", "in time"]


def test_what_was_given_to_a_task_before_it_was_cancelled_is_not_lost() -> None:
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
        yield from cancel(task)
        yield from sleep(1)

    kernel_of().run(main())

    assert got == [5, "cancelled"]


def test_a_task_that_never_began_never_begins_once_it_is_cancelled() -> None:
    seen: list[str] = []

    def worker() -> Flow:
        seen.append("began")
        yield from pause()

    def main() -> Flow:
        task = yield from spawn(worker())
        yield from cancel(task)
        yield from pause()
        return task.state

    assert kernel_of().run(main()) is TaskState.ENDED
    assert seen == []


def test_locks_are_handed_over_in_order() -> None:
    lock = Lock()
    seen: list[int] = []

    def worker(number: int) -> Flow:
        yield from lock.acquire()
        try:
            yield from sleep(1)
            seen.append(number)
        finally:
            lock.release()

    def main() -> Flow:
        tasks = []
        for number in range(4):
            tasks.append((yield from spawn(worker(number))))
        yield from pause()
        yield from cancel(tasks[1])
        for task in (tasks[0], tasks[2], tasks[3]):
            yield from join(task)

    kernel_of().run(main())

    assert seen == [0, 2, 3]


def test_what_can_not_be_is_refused_where_it_is_asked() -> None:
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
        return "alive"

    assert kernel_of().run(main()) == "alive"


def test_who_waits_for_ever_is_told_so() -> None:
    def main() -> Flow:
        yield from Event("a miracle").wait()

    with pytest.raises(Deadlocked, match="main waits for a miracle"):
        kernel_of().run(main())


def test_nothing_is_left_when_the_main_task_has_ended() -> None:
    closed: list[str] = []

    def stubborn() -> Flow:
        while True:
            try:
                yield from sleep(1)
            except TaskCancelled:
                closed.append("no")
            except GeneratorExit:
                closed.append("closed")
                raise

    def main() -> Flow:
        yield from spawn(stubborn(), detached=True)
        yield from sleep(1)

    kernel = kernel_of()
    kernel.run(main())

    assert closed == ["no", "closed"]
    assert not kernel.tasks

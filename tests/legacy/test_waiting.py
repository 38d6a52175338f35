"""Futures, events, locks and queues: what each does for those who come early, late, and twice."""

from collections.abc import Generator
from typing import Any

import pytest

from legacy.errors import ChildCancelled, KernelError, QueueClosed
from legacy.traps import cancel, current_kernel, current_task, join, pause, sleep, spawn, timeout
from legacy.waiting import Event, Future, Lock, Queue, WaitQueue
from tests.support.kernels import kernel_of

Flow = Generator[Any, Any, Any]


# -- futures ---------------------------------------------------------------------------------------
def test_a_future_is_known_to_those_who_came_early_and_to_those_who_come_late() -> None:
    future = Future[str]("the price")

    def main() -> Flow:
        early = yield from spawn(future.wait())
        yield from pause()
        assert not future.is_done
        future.set_result("100")
        return (yield from join(early)), (yield from future.wait())

    assert kernel_of().run(main()) == ("100", "100")
    with pytest.raises(KernelError, match="the price is there already"):
        future.set_error(ValueError())


def test_the_error_of_a_future_is_raised_and_an_exception_may_be_its_result() -> None:
    broken, fine = Future[int](), Future[ValueError]()

    def main() -> Flow:
        broken.set_error(ValueError("broken"))
        fine.set_result(ValueError("fine"))
        with pytest.raises(ValueError, match="broken"):
            yield from broken.wait()
        return str((yield from fine.wait()))

    assert kernel_of().run(main()) == "fine"


# -- events ----------------------------------------------------------------------------------------
def test_an_event_wakes_everybody_in_order_and_lets_pass_who_comes_then() -> None:
    event = Event()
    seen: list[int] = []

    def waiter(number: int) -> Flow:
        yield from event.wait()
        seen.append(number)

    def main() -> Flow:
        for number in range(3):
            yield from spawn(waiter(number))
        yield from pause()
        event.set()
        yield from waiter(9)
        yield from pause()
        event.clear()
        with pytest.raises(TimeoutError):
            yield from timeout(1, event.wait())

    kernel_of().run(main())

    assert seen == [9, 0, 1, 2]


# -- locks -----------------------------------------------------------------------------------------
def test_a_lock_goes_to_who_waits_and_not_to_who_comes_just_then() -> None:
    lock = Lock()
    seen: list[str] = []

    def late() -> Flow:
        yield from lock.acquire()
        seen.append("late")
        lock.release()

    def main() -> Flow:
        yield from lock.acquire()
        waits = yield from spawn(late())
        yield from pause()
        lock.release()
        yield from lock.acquire()
        seen.append("early, again")
        lock.release()
        yield from join(waits)

    kernel_of().run(main())

    assert seen == ["late", "early, again"]


def test_a_lock_is_not_taken_twice_and_not_released_by_nobody() -> None:
    lock = Lock("the book")

    def main() -> Flow:
        yield from lock.acquire()
        with pytest.raises(KernelError, match="has the book already"):
            yield from lock.acquire()
        lock.release()
        with pytest.raises(KernelError, match="nobody has the book"):
            lock.release()

    kernel_of().run(main())


def test_who_is_cancelled_when_the_lock_is_his_already_gives_it_back() -> None:
    lock = Lock()

    def worker() -> Flow:
        yield from lock.acquire()
        try:
            yield from sleep(100)
        finally:
            lock.release()

    def main() -> Flow:
        yield from lock.acquire()
        task = yield from spawn(worker())
        yield from pause()
        lock.release()  # it is the worker's now
        yield from cancel(task)
        with pytest.raises(ChildCancelled):
            yield from join(task)
        return lock.owner

    assert kernel_of().run(main()) is None


# -- queues ----------------------------------------------------------------------------------------
def test_a_queue_holds_so_much_and_no_more() -> None:
    queue = Queue[int](2, "reports")

    def main() -> Flow:
        assert queue.offer(1)
        yield from queue.put(2)
        assert queue.is_full
        assert not queue.offer(3)
        with pytest.raises(TimeoutError):
            yield from timeout(1, queue.put(4))
        got = []
        for _ in range(2):
            got.append((yield from queue.get()))
        return got, len(queue)

    assert kernel_of().run(main()) == ([1, 2], 0)
    with pytest.raises(ValueError, match="at least one"):
        Queue[int](0)


def test_what_a_getter_was_given_and_did_not_hear_of_is_not_for_others() -> None:
    queue = Queue[int](1)
    seen: list[tuple[str, int]] = []

    def getter(name: str) -> Flow:
        seen.append((name, (yield from queue.get())))

    def main() -> Flow:
        first = yield from spawn(getter("first"))
        yield from spawn(getter("second"))
        yield from pause()
        queue.offer(1)
        queue.offer(2)
        yield from cancel(first)
        yield from spawn(getter("third"))
        queue.offer(3)
        yield from pause()

    kernel_of().run(main())

    assert sorted(seen) == [("first", 1), ("second", 2), ("third", 3)]


def test_room_that_is_made_belongs_to_who_waits_for_it() -> None:
    queue = Queue[str](1)
    got: list[str] = []

    def main() -> Flow:
        yield from queue.put("first")
        yield from spawn(queue.put("second"))
        yield from pause()
        got.append((yield from queue.get()))
        assert not queue.offer("overtakes")
        got.append((yield from queue.get()))

    kernel_of().run(main())

    assert got == ["first", "second"]


def test_a_place_that_is_not_needed_goes_to_the_next() -> None:
    queue = Queue[int](1)
    got: list[int] = []

    def getter() -> Flow:
        got.append((yield from queue.get()))

    def main() -> Flow:
        for number in range(3):
            yield from spawn(queue.put(number))
        for _ in range(3):
            yield from spawn(getter())
        yield from sleep(1)

    kernel_of().run(main())

    assert got == [0, 1, 2]


def test_of_a_closed_queue_the_rest_can_be_taken() -> None:
    queue = Queue[int](2, "reports")

    def main() -> Flow:
        yield from queue.put(1)
        putter = yield from spawn(queue.put(2))
        yield from join(putter)
        late = yield from spawn(queue.put(3))
        yield from pause()
        queue.close()
        with pytest.raises(QueueClosed, match="reports is closed"):
            yield from join(late)
        with pytest.raises(QueueClosed):
            queue.offer(4)
        got = [(yield from queue.get()), (yield from queue.get())]
        with pytest.raises(QueueClosed):
            yield from queue.get()
        return got

    assert kernel_of().run(main()) == [1, 2]


def test_what_was_put_before_the_queue_was_closed_can_be_taken_whoever_heard_of_it() -> None:
    queue = Queue[int](1)

    def main() -> Flow:
        yield from queue.put(1)
        putter = yield from spawn(queue.put(2))
        yield from pause()
        yield from queue.get()
        queue.close()
        yield from join(putter)
        return (yield from queue.get())

    assert kernel_of().run(main()) == 2


def test_nobody_overtakes_a_putter_who_has_been_woken() -> None:
    queue = Queue[int](2)
    got: list[int] = []

    def main() -> Flow:
        for number in (1, 2):
            yield from queue.put(number)
        yield from spawn(queue.put(3))
        yield from pause()
        for _ in range(2):
            got.append((yield from queue.get()))
        assert queue.offer(4)
        for _ in range(2):
            got.append((yield from queue.get()))

    kernel_of().run(main())

    assert got == [1, 2, 3, 4]


# -- park and wake ---------------------------------------------------------------------------------
def test_park_and_wake_are_all_that_is_needed() -> None:
    line = WaitQueue("a turn")

    def main() -> Flow:
        tasks = []
        for _ in range(3):
            tasks.append((yield from spawn(line.park())))
        yield from pause()
        assert tasks[0].wish() == "a turn"
        assert line.wake_one("first") is tasks[0]
        kernel = yield from current_kernel()
        kernel.throw(tasks[1], ValueError("second"))
        line.wake_all("others")
        assert line.wake_one() is None
        with pytest.raises(ValueError, match="second"):
            yield from join(tasks[1])
        return (yield from join(tasks[0])), (yield from join(tasks[2]))

    assert kernel_of().run(main()) == ("first", "others")


def test_a_coroutine_waits_for_all_of_it_with_await() -> None:
    queue, lock, event, future = Queue[int](1), Lock(), Event(), Future[int]()

    async def helper() -> int:
        await lock.acquire()
        lock.release()
        await event.wait()
        return await queue.get() + await future.wait()

    async def main() -> int:
        task = await spawn(helper())
        await pause()
        event.set()
        future.set_result(1)
        await queue.put(2)
        assert (await current_task()).name == "main"
        return await timeout(1, join(task))

    assert kernel_of().run(main()) == 3

"""The bridge, both ways: ``async def`` on the kernel, flows under asyncio; results, errors and cancellation cross it."""

import asyncio
from collections.abc import AsyncGenerator, Generator
from contextlib import aclosing
from typing import Any

import pytest

from legacy.bridge import AsyncioKernel, children_of_block, closing, each, under_asyncio
from legacy.errors import ChildCancelled, KernelError, NotATrap, QueueClosed, TaskCancelled, TaskClosed
from legacy.kernel import Kernel
from legacy.streams import Stream, connect, listen
from legacy.task import Frame, Task
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
from legacy.waiting import Event, Future, Queue

Flow = Generator[Any, Any, Any]


class Numbers:
    """A stream as a client has them: ``next``, ``None`` at the end, ``close``."""

    def __init__(self, *numbers: int) -> None:
        self._queue: Queue[int] = Queue(8, "numbers")
        self.is_closed = False
        for number in numbers:
            self._queue.offer(number)
        self._queue.close()

    @flow
    def next(self) -> Generator[Any, Any, int | None]:
        yield from pause()
        try:
            return (yield from self._queue.get())
        except QueueClosed:
            return None

    @flow
    def close(self) -> Generator[Any, Any, None]:
        yield from pause()
        self.is_closed = True


# -- async def on the kernel -----------------------------------------------------------------------
def test_a_coroutine_is_a_task_like_any_other() -> None:
    queue: Queue[int] = Queue(1)
    here: list[list[Frame]] = []

    async def inner() -> int:
        return await queue.get()

    async def reader() -> int:
        return await inner() + await inner()

    async def main() -> int:
        task = await spawn(reader())
        await pause()
        here.append(task.where())
        await queue.put(3)
        await queue.put(4)
        return await join(task)

    assert Kernel().run(main()) == 7
    assert [frame.function.rpartition(".")[2] for frame in here[0]] == ["reader", "inner", "get", "trap"]


def test_errors_and_cancellation_pass_through_coroutines() -> None:
    seen: list[str] = []

    async def waits() -> None:
        try:
            await Event("a miracle").wait()
        except TaskCancelled:
            await pause()
            seen.append("cleaned up")
            raise

    async def fails() -> None:
        await pause()
        raise ValueError("wrong")

    async def main() -> None:
        task = await spawn(waits())
        await pause()
        await cancel(task)
        with pytest.raises(ChildCancelled):
            await join(task)
        with pytest.raises(ValueError, match="wrong"):
            await join(await spawn(fails()))
        with pytest.raises(TimeoutError):
            await timeout(0.001, waits())

    Kernel().run(main())

    assert seen == ["cleaned up", "cleaned up"]


def test_streams_are_read_with_async_for_on_the_kernel() -> None:
    async def main() -> tuple[list[int], bool]:
        numbers = Numbers(1, 2, 3)
        async with aclosing(each(numbers)) as items:
            return [item async for item in items], numbers.is_closed

    assert Kernel().run(main()) == ([1, 2, 3], True)


async def test_streams_are_read_with_async_for_under_asyncio() -> None:
    numbers, left = Numbers(1, 2, 3), Numbers(1, 2, 3)

    read = [item async for item in each(numbers)]
    async with aclosing(each(left)) as items:
        first = await anext(items)

    assert (read, numbers.is_closed) == ([1, 2, 3], True)
    assert (first, left.is_closed) == (1, True)


def test_connections_are_closed_with_async_with_on_the_kernel() -> None:
    async def serve(queue: Future[tuple[str, int]]) -> None:
        async with closing(await listen("127.0.0.1", 0)) as listener:
            queue.set_result(listener.address)
            async with closing(await listener.accept()) as stream:
                await stream.write((await stream.read()).upper())

    async def main() -> tuple[bytes, bool]:
        address: Future[tuple[str, int]] = Future()
        await spawn(serve(address))
        async with closing(await connect(*await address.wait())) as stream:
            await stream.write(b"order")
            answer = await stream.read()
        return answer, stream.is_closed

    assert Kernel().run(main()) == (b"ORDER", True)


def test_an_async_generator_waits_for_the_kernel() -> None:
    async def doubled(queue: Queue[int]) -> AsyncGenerator[int, None]:
        while True:
            yield 2 * await queue.get()

    async def main() -> list[int]:
        queue: Queue[int] = Queue(2)
        await queue.put(1)
        await queue.put(2)
        async with aclosing(doubled(queue)) as numbers:
            return [await anext(numbers), await anext(numbers)]

    assert Kernel().run(main()) == [2, 4]


def test_what_is_asyncios_is_no_trap() -> None:
    async def main() -> None:
        await asyncio.sleep(0)

    with pytest.raises(NotATrap):
        Kernel().run(main())


# -- flows under asyncio ---------------------------------------------------------------------------
async def test_a_flow_is_awaited_for_its_result_or_its_error() -> None:
    error = ValueError("the very same")

    @flow
    def returns() -> Flow:
        yield from sleep(0.001)
        return 5

    def raises() -> Flow:
        yield from pause()
        raise error

    assert await under_asyncio(returns()) == 5
    with pytest.raises(ValueError, match="the very same") as caught:
        await under_asyncio(raises())
    assert caught.value is error


async def test_flows_of_several_asyncio_tasks_wait_for_one_another() -> None:
    queue: Queue[int] = Queue(1)

    def gives() -> Flow:
        for number in range(5):
            yield from queue.put(number)

    async with asyncio.TaskGroup() as group:
        group.create_task(under_asyncio(gives()))
        taken = [await under_asyncio(queue.get()) for _ in range(5)]

    assert taken == [0, 1, 2, 3, 4]


async def test_what_is_spawned_is_an_asyncio_task_and_ends_with_its_parent() -> None:
    names: list[set[str]] = []

    def child() -> Flow:
        yield from Event("a miracle").wait()

    def parent() -> Flow:
        yield from spawn(child(), name="the child")
        yield from pause()
        names.append({task.get_name() for task in asyncio.all_tasks()})

    await under_asyncio(parent())

    assert "the child" in names[0]
    assert "the child" not in {task.get_name() for task in asyncio.all_tasks()}


async def test_in_a_block_children_live_until_its_end() -> None:
    seen: list[str] = []
    asked: Queue[str] = Queue(1)
    answered: Queue[str] = Queue(1)

    def answers() -> Flow:
        try:
            while True:
                yield from answered.put((yield from asked.get()).upper())
        finally:
            yield from pause()
            seen.append("has ended")

    def begins() -> Flow:
        return (yield from spawn(answers()))

    def asks(word: str) -> Flow:
        yield from asked.put(word)
        return (yield from answered.get())

    async with children_of_block():
        task: Task[Any] = await under_asyncio(begins())
        async with children_of_block():
            seen.append(await under_asyncio(asks("one")))
        seen.append(await under_asyncio(asks("two")))

    assert task.is_ended
    assert seen == ["ONE", "TWO", "has ended"]


async def test_asyncio_cancels_a_flow_and_waits_while_it_cleans_up() -> None:
    seen: list[str] = []
    waits = asyncio.Event()

    def child() -> Flow:
        try:
            yield from Event("a miracle").wait()
        finally:
            seen.append("child")

    def stubborn() -> Flow:
        yield from spawn(child())
        yield from pause()
        waits.set()
        try:
            yield from sleep(60)
        except TaskCancelled as cancelled:
            seen.append(str(cancelled))
            yield from pause()
            seen.append("cleaned up")
            raise

    task = asyncio.create_task(under_asyncio(stubborn()))
    await waits.wait()
    task.cancel("enough")
    with pytest.raises(asyncio.CancelledError):
        await task

    assert task.cancelled()
    assert seen == ["cancelled by asyncio: enough", "cleaned up", "child"]


async def test_timeouts_of_asyncio_end_flows_and_nothing_else() -> None:
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.001):
            await under_asyncio(sleep(60))

    async with asyncio.timeout(60):
        await under_asyncio(sleep(0.001))

    current = asyncio.current_task()
    assert current is not None
    assert current.cancelling() == 0


async def test_a_flow_that_is_cancelled_by_a_flow_is_cancelled_for_asyncio() -> None:
    known: Future[Task[Any]] = Future()

    def waits() -> Flow:
        known.set_result((yield from current_task()))
        yield from sleep(60)

    def ends(known: Future[Task[Any]]) -> Flow:
        return (yield from cancel((yield from known.wait())))

    task = asyncio.create_task(under_asyncio(waits()))
    cancelled = await under_asyncio(ends(known))
    await asyncio.wait([task])

    assert cancelled
    assert task.cancelled()


async def test_a_group_whose_one_flow_fails_cancels_the_others() -> None:
    seen: list[str] = []

    def waits() -> Flow:
        try:
            yield from sleep(60)
        except TaskCancelled:
            seen.append("cancelled")
            raise

    def fails() -> Flow:
        yield from pause()
        raise ValueError("wrong")

    async def both() -> None:
        async with asyncio.TaskGroup() as group:
            group.create_task(under_asyncio(waits()))
            group.create_task(under_asyncio(fails()))

    with pytest.raises(ExceptionGroup) as caught:
        await both()

    assert [str(error) for error in caught.value.exceptions] == ["wrong"]
    assert seen == ["cancelled"]


async def test_a_cancellation_beside_the_last_answer_is_heard() -> None:
    event = Event()
    task = asyncio.create_task(under_asyncio(event.wait()))
    await asyncio.sleep(0)

    event.set()
    task.cancel()

    with pytest.raises(asyncio.CancelledError):
        await task


async def test_a_child_that_asyncio_cancels_before_it_began_has_ended() -> None:
    def child() -> Flow:
        yield from pause()

    def parent() -> Flow:
        task = yield from spawn(child(), name="unborn")
        for one in asyncio.all_tasks():
            if one.get_name() == "unborn":
                one.cancel()
        with pytest.raises(ChildCancelled):
            yield from join(task)
        return task.is_ended

    assert await under_asyncio(parent())


async def test_what_nobody_joined_for_reaches_the_handler_of_the_loop() -> None:
    reported: list[str] = []
    loop = asyncio.get_running_loop()
    loop.set_exception_handler(lambda _, context: reported.append(str(context["exception"])))

    def fails() -> Flow:
        yield from pause()
        raise ValueError("alone")

    def main() -> Flow:
        yield from spawn(fails())
        yield from pause()
        yield from pause()
        return "goes on"

    assert await under_asyncio(main()) == "goes on"
    assert reported == ["alone"]


async def test_a_coroutine_that_awaits_asyncio_itself_is_told_so() -> None:
    async def mixed() -> None:
        await asyncio.get_running_loop().create_future()

    with pytest.raises(NotATrap, match="Future"):
        await under_asyncio(mixed())


async def test_the_kernel_of_a_loop_is_one_and_is_run_by_nobody_else() -> None:
    kernel = await under_asyncio(current_kernel())
    again = await under_asyncio(current_kernel())

    assert isinstance(kernel, AsyncioKernel)
    assert again is kernel
    with pytest.raises(KernelError, match="under_asyncio"):
        kernel.run(pause())


async def test_what_has_ended_is_not_run_again() -> None:
    done = pause()
    await under_asyncio(done)

    with pytest.raises(TaskClosed):
        await under_asyncio(done)


async def test_a_file_of_asyncios_own_is_left_to_it() -> None:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    async with server:
        reader, writer = await asyncio.open_connection(*server.sockets[0].getsockname())
        theirs = writer.get_extra_info("socket").fileno()
        with pytest.raises(KernelError, match="transport"):
            await under_asyncio(readable(theirs))
        assert await reader.read() == b""
        writer.close()
        await writer.wait_closed()


async def test_a_connection_serves_many_flows() -> None:
    async with children_of_block():
        listener = await under_asyncio(listen("127.0.0.1", 0))
        served = asyncio.create_task(under_asyncio(_echo(listener)))
        async with closing(await under_asyncio(connect(*listener.address))) as stream:
            for word in (b"one", b"two"):
                await under_asyncio(stream.write(word))
                assert await under_asyncio(stream.read()) == word
        await served
        listener.close()


def _echo(listener: Any) -> Flow:
    stream: Stream = yield from listener.accept()
    while data := (yield from stream.read()):
        yield from stream.write(data)
    stream.close()

"""Bounded queues: what a slow reader gets, by policy."""

import asyncio

import pytest

from protocol.errors import SessionBroken, SessionBusy, SessionClosed, SlowConsumer
from traders.feed import Inbox, Latest, Queue


async def test_a_queue_gives_every_item_in_order_then_ends_quietly() -> None:
    queue: Queue[int] = Queue("numbers", 3)
    for number in (1, 2, 3):
        queue.put(number)

    queue.end(SessionClosed())
    queue.put(4)

    assert [number async for number in queue] == [1, 2, 3]


async def test_a_full_queue_gives_what_it_had_then_says_who_was_slow() -> None:
    queue: Queue[int] = Queue("numbers", 2)
    for number in (1, 2, 3, 4):
        queue.put(number)

    assert [await anext(queue), await anext(queue)] == [1, 2]
    with pytest.raises(SlowConsumer, match="numbers was not read: 2 messages were waiting"):
        await anext(queue)


async def test_any_other_end_is_raised_every_time() -> None:
    queue: Queue[int] = Queue("numbers", 2)

    queue.end(SessionBroken("the cable was cut"))
    queue.end(SessionClosed())

    for _ in range(2):
        with pytest.raises(SessionBroken, match="the cable was cut"):
            await anext(queue)


async def test_a_waiting_reader_is_woken_by_an_item_and_by_the_end() -> None:
    queue: Queue[int] = Queue("numbers", 2)

    async with asyncio.TaskGroup() as group:
        reading = group.create_task(_all(queue))
        await asyncio.sleep(0)
        queue.put(7)
        await asyncio.sleep(0)
        queue.end(SessionClosed())

    assert reading.result() == [7]


async def test_a_cancelled_reader_leaves_the_queue_to_the_next() -> None:
    queue: Queue[int] = Queue("numbers", 2)
    reading = asyncio.ensure_future(anext(queue))
    await asyncio.sleep(0)

    reading.cancel()
    with pytest.raises(asyncio.CancelledError):
        await reading
    queue.put(1)

    assert await anext(queue) == 1


async def test_two_tasks_can_not_wait_for_one_queue() -> None:
    queue: Queue[int] = Queue("numbers", 2)
    reading = asyncio.ensure_future(anext(queue))
    await asyncio.sleep(0)

    with pytest.raises(SessionBusy, match="numbers"):
        await anext(queue)

    queue.put(1)
    assert await reading == 1


async def test_the_latest_state_is_made_when_it_is_read() -> None:
    state = [0]
    latest = Latest("state", lambda: state[0])

    for state[0] in range(100):
        latest.touch()
    latest.end(SessionClosed())

    assert [value async for value in latest] == [99]


async def test_an_inbox_keeps_items_and_conflates_states_where_they_last_changed() -> None:
    inbox: Inbox[str] = Inbox("everything", 10)
    inbox.touch("book", lambda: "book 1")
    inbox.put("report 1")
    inbox.touch("other", lambda: "other")
    inbox.put("report 2")

    inbox.touch("book", lambda: "book 2")
    inbox.end(SessionClosed())

    assert [item async for item in inbox] == ["report 1", "other", "report 2", "book 2"]


async def test_a_full_inbox_hangs_up() -> None:
    inbox: Inbox[str] = Inbox("everything", 2)
    for item in ("one", "two", "three"):
        inbox.put(item)

    assert [await anext(inbox), await anext(inbox)] == ["one", "two"]
    with pytest.raises(SlowConsumer):
        await anext(inbox)


async def _all(queue: Queue[int]) -> list[int]:
    return [number async for number in queue]

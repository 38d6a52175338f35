"""Several flows at once, on a real venue: what is left of them when one fails, and when the time is over."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import aclosing

import pytest

from exchange.in_process import InProcess
from legacy.steps.step_19 import market
from legacy.steps.step_20 import ACME
from legacy.steps.step_22 import LostHeart, bids, buy_within, positions, quotes, with_gather, with_group
from protocol.errors import VenueError
from traders.client import Client
from traders.tasks import task_group


@pytest.fixture
async def venue() -> AsyncIterator[InProcess]:
    async with market() as venue:
        yield venue


async def test_after_a_failure_gather_is_over_and_the_others_go_on(venue: InProcess) -> None:
    left = await with_gather(venue.address)

    assert [task.done() for task in left] == [False, False]
    assert await bids(venue) == [10_000, 9_990]
    for task in left:
        task.cancel()
    await asyncio.wait(left)
    assert await bids(venue) == []


async def test_after_a_failure_a_group_has_waited_for_all_to_clean_up(venue: InProcess) -> None:
    before = asyncio.all_tasks()

    with pytest.raises(ExceptionGroup) as failure:
        await with_group(venue.address)

    assert [type(error) for error in failure.value.exceptions] == [LostHeart]
    assert asyncio.all_tasks() == before
    assert await bids(venue) == []


async def test_a_group_that_is_cancelled_takes_its_tasks_with_it(venue: InProcess) -> None:
    at_work = asyncio.Barrier(2)

    async def group_of_one() -> None:
        async with asyncio.TaskGroup() as group:
            group.create_task(quotes(venue.address, "anna", 10_000, at_work))

    task = asyncio.create_task(group_of_one())
    await at_work.wait()
    assert await bids(venue) == [10_000]
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task

    assert await bids(venue) == []


async def test_the_group_of_the_product_tells_one_failure_of_the_market_as_itself(venue: InProcess) -> None:
    async def trade() -> None:
        async with task_group() as group, Client.connect(*venue.address, account="anna") as anna:
            group.create_task(_refused(anna))

    with pytest.raises(VenueError):
        await trade()


async def _refused(client: Client) -> None:
    await client.order_status("never")


async def test_what_is_bought_in_time_is_kept_and_the_rest_canceled(venue: InProcess) -> None:
    async with (
        Client.connect(*venue.address, account="anna") as anna,
        Client.connect(*venue.address, account="ben") as ben,
    ):
        await ben.sell(ACME, 3, at=100)

        assert await buy_within(anna, 0.01, 5, 100) == 3
        assert await bids(venue) == []
        assert await positions(anna, ben) == [3, -3]


async def test_an_order_that_is_done_in_time_waits_for_no_deadline(venue: InProcess) -> None:
    async with (
        Client.connect(*venue.address, account="anna") as anna,
        Client.connect(*venue.address, account="ben") as ben,
        asyncio.timeout(10),
    ):
        await ben.sell(ACME, 5, at=100)

        assert await buy_within(anna, 3_600, 5, 100) == 5


async def test_an_outer_deadline_is_not_taken_for_the_inner_one(venue: InProcess) -> None:
    async def is_over_when_it_is_in(deadline: asyncio.Timeout) -> None:
        async with aclosing(venue.market_data.depth(ACME)) as updates:
            async for update in updates:
                if update.bids:
                    deadline.reschedule(asyncio.get_running_loop().time())
                    return

    async def buys(anna: Client) -> None:
        async with asyncio.timeout(None) as deadline, asyncio.TaskGroup() as group:
            group.create_task(is_over_when_it_is_in(deadline))
            await buy_within(anna, 3_600, 5, 100)

    async with Client.connect(*venue.address, account="anna") as anna:
        with pytest.raises(TimeoutError):
            await buys(anna)

        assert await bids(venue) == [100]  # it was cancelled, and did not come to its own end

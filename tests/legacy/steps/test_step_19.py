"""Generators that are awaited, coroutines that are driven, and traders that cross the bridge."""

import asyncio
import inspect
from typing import Any, cast

import pytest

from legacy.bridge import under_asyncio
from legacy.kernel import Kernel
from legacy.steps import step_12
from legacy.steps.market import Market
from legacy.steps.step_12 import Outcome
from legacy.steps.step_19 import (
    LIMIT,
    PRICES,
    bracket,
    buy_below,
    enter,
    main,
    market,
    on_the_kernel,
    trade_a_bracket,
    with_asyncio,
    without_log,
)
from legacy.trader.client import connect
from protocol.errors import SessionBroken
from protocol.messages import NewOrder
from protocol.vocabulary import Side
from traders.client import Client


def silent(line: str) -> None:
    """Whatever a step tells."""


# -- coroutines and generators ---------------------------------------------------------------------
def test_a_coroutine_has_the_states_of_a_generator_and_is_driven_like_one() -> None:
    order = bracket(5, 10_000, 10_020, 9_980)
    assert inspect.getcoroutinestate(order) == inspect.CORO_CREATED

    request = order.send(None)

    assert isinstance(request, NewOrder)
    assert (request.side, request.quantity, request.price) == (Side.BUY, 5, 10_000)
    assert inspect.getcoroutinestate(order) == inspect.CORO_SUSPENDED
    order.close()
    assert inspect.getcoroutinestate(order) == inspect.CORO_CLOSED


def test_errors_are_thrown_through_await_into_the_part_that_waits() -> None:
    order = bracket(5, 10_000, 10_020, 9_980)
    order.send(None)

    with pytest.raises(ZeroDivisionError):
        order.throw(ZeroDivisionError())

    assert inspect.getcoroutinestate(order) == inspect.CORO_CLOSED


def test_what_a_coroutine_returns_travels_like_what_a_generator_returns() -> None:
    async def outcome() -> Outcome:
        return Outcome("at once", 0)

    with pytest.raises(StopIteration) as stop:
        outcome().send(None)

    assert stop.value.value == Outcome("at once", 0)


def test_a_plain_generator_is_not_awaited_and_a_marked_one_is() -> None:
    def plain() -> Any:
        yield 1

    async def waits() -> None:
        await plain()

    with pytest.raises(TypeError, match="can't be used in 'await'"):
        waits().send(None)
    assert inspect.isawaitable(enter(5, 10_000))


def test_the_bracket_comes_to_the_same_with_await_as_with_yield_from() -> None:
    def run(driven: Any) -> Outcome:
        market = Market()
        anna, ben, cora = market.member("anna"), market.member("ben"), market.member("cora")
        script = iter((lambda: ben.sell("b1", 5, at=10_000), lambda: cora.buy("c1", 5, at=10_020)))

        def others() -> None:
            next(script)()

        return cast("Outcome", step_12.trade(driven, anna, others, lambda report: None))

    outcome = trade_a_bracket(silent)

    assert outcome == run(step_12.bracket(5, price=10_000, target=10_020, stop=9_980))
    assert outcome.profit == 100


# -- traders, both ways ----------------------------------------------------------------------------
def test_a_coroutine_and_a_flow_trade_on_the_kernel() -> None:
    kernel = Kernel()

    with without_log():
        assert kernel.run(on_the_kernel(silent)) == (PRICES[-1], PRICES[-1])

    assert not kernel.tasks


async def test_a_coroutine_and_a_flow_trade_under_asyncio() -> None:
    assert await with_asyncio(silent) == (PRICES[-1], PRICES[-1])


async def test_a_flow_trades_with_the_client_of_asyncio_in_one_event_loop() -> None:
    async with market() as venue, Client.connect(*venue.address, account="ben") as ben:
        anna = asyncio.create_task(under_asyncio(buy_below(venue.address, LIMIT, silent)))
        order = await ben.sell("ACME", 1, at=PRICES[-1])

        assert await anna == PRICES[-1]
        async for _ in order:
            pass
        assert order.is_done


async def test_a_flow_that_asyncio_cancels_tells_so_before_asyncio_hears_of_it() -> None:
    told: list[str] = []
    async with market() as venue, Client.connect(*venue.address, account="ben") as ben:
        anna = asyncio.create_task(under_asyncio(buy_below(venue.address, 1, told.append)))
        async with asyncio.timeout(10):
            await ben.sell("ACME", 1, at=PRICES[0])
            anna.cancel()
            with pytest.raises(asyncio.CancelledError):
                await anna

    assert told == ["anna waits no longer: cancelled by asyncio"]


async def test_an_error_of_the_venue_crosses_the_bridge() -> None:
    async with market() as venue:
        with pytest.raises(SessionBroken):
            await under_asyncio(connect(*venue.address, account="*"))


async def test_two_coroutines_of_flows_share_a_client() -> None:
    async with market() as venue:
        client = await under_asyncio(connect(*venue.address, account="anna"))
        async with asyncio.TaskGroup() as group:
            tasks = [
                group.create_task(under_asyncio(client.buy("ACME", 1, at=price))) for price in range(1, 6)
            ]
        names = {task.result().client_order_id for task in tasks}
        answer: Any = await under_asyncio(client.mass_cancel())
        await under_asyncio(client.close())

    assert len(names) == 5
    assert answer.count == 5


def test_what_is_shown_is_the_same_on_the_kernel_and_under_asyncio() -> None:
    lines: list[str] = []

    main(lines.append)

    kernel, asyncio_ = lines.index("on the kernel:"), lines.index("under asyncio:")
    told = lines[kernel + 1 : asyncio_]
    assert [line for line in lines[asyncio_ + 1 :] if line in told] == told

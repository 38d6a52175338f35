"""A book as an asynchronous iterator, and as an asynchronous generator (step 21): what holds for both."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from typing import Any

import pytest

from exchange.in_process import InProcess
from legacy.steps.step_19 import market
from legacy.steps.step_20 import ACME, DepthStream, Line
from legacy.steps.step_21 import depth
from protocol.errors import RemoteProtocolError, SessionBroken
from protocol.messages import MassCancel, MassCanceled
from protocol.vocabulary import ErrorCode, Symbol
from traders.book_view import Depth
from traders.client import Client

Stream = DepthStream | AsyncGenerator[Depth, None]
Form = Callable[[Line, Symbol], Stream]
either = pytest.mark.parametrize("form", [DepthStream, depth])


@pytest.fixture
async def venue() -> AsyncIterator[InProcess]:
    async with market() as venue:
        yield venue


@either
async def test_it_gives_the_book_now_and_after_each_change(venue: InProcess, form: Form) -> None:
    seen: list[tuple[Any, Any]] = []
    async with (
        Client.connect(*venue.address, account="ben") as ben,
        Line(*venue.address, "anna") as line,
    ):
        await ben.buy("ACME", 3, at=100)
        stream = form(line, ACME)
        async for book in stream:
            seen.append((book.bids, book.asks))
            if len(seen) == 3:
                break
            await (ben.buy("ACME", 2, at=100) if len(seen) == 1 else ben.sell("ACME", 4, at=100))
        await stream.aclose()

    assert seen == [(((100, 3),), ()), (((100, 5),), ()), (((100, 1),), ())]


@either
async def test_it_asks_for_nothing_before_it_is_read(venue: InProcess, form: Form) -> None:
    async with Line(*venue.address, "anna") as line:
        stream = form(line, ACME)
        line.send(MassCancel())

        assert isinstance(await line.next(), MassCanceled)
        assert not (await anext(stream)).bids
        await stream.aclose()


@either
async def test_when_it_is_closed_nothing_more_comes_and_the_session_goes_on(
    venue: InProcess, form: Form
) -> None:
    async with (
        Client.connect(*venue.address, account="ben") as ben,
        Line(*venue.address, "anna") as line,
    ):
        stream = form(line, ACME)
        await anext(stream)
        await ben.buy("ACME", 3, at=100)  # its change is on the way, or here, unread
        await stream.aclose()
        await stream.aclose()
        await ben.buy("ACME", 3, at=101)
        line.send(MassCancel())

        assert isinstance(await line.next(), MassCanceled)
        with pytest.raises(StopAsyncIteration):
            await anext(stream)


@either
async def test_two_streams_follow_one_another_on_a_line(venue: InProcess, form: Form) -> None:
    async with (
        Client.connect(*venue.address, account="ben") as ben,
        Line(*venue.address, "anna") as line,
    ):
        for price in (100, 101):
            await ben.buy("ACME", 1, at=price)
            stream = form(line, ACME)
            assert (await anext(stream)).best_bid == price
            await stream.aclose()


@either
async def test_it_ends_quietly_with_the_venue_and_stays_ended(form: Form) -> None:
    async with market() as venue:
        line = await Line(*venue.address, "anna").__aenter__()
        stream = form(line, ACME)
        await anext(stream)
        rest = asyncio.create_task(_rest(stream))

    assert await rest == []
    for _ in range(2):
        with pytest.raises(StopAsyncIteration):
            await anext(stream)
    await line.__aexit__()


async def _rest(stream: Stream) -> list[Depth]:
    return [book async for book in stream]


@either
async def test_an_instrument_that_there_is_not_is_an_error_and_the_end(venue: InProcess, form: Form) -> None:
    async with Line(*venue.address, "anna") as line:
        stream = form(line, Symbol("NONE"))

        with pytest.raises(RemoteProtocolError) as refused:
            await anext(stream)
        with pytest.raises(StopAsyncIteration):
            await anext(stream)

    assert refused.value.code is ErrorCode.UNKNOWN_SYMBOL


@either
async def test_a_reader_that_gives_up_waiting_leaves_the_session_in_order(
    venue: InProcess, form: Form
) -> None:
    async with Line(*venue.address, "anna") as line:
        stream = form(line, ACME)
        await anext(stream)
        waiting = asyncio.ensure_future(anext(stream))
        await asyncio.sleep(0)
        waiting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await waiting
        await stream.aclose()
        line.send(MassCancel())

        assert isinstance(await line.next(), MassCanceled)


async def test_whoever_is_not_let_in_is_told_so(venue: InProcess) -> None:
    with pytest.raises(SessionBroken, match="refused"):
        async with Line(*venue.address, "*"):
            pass

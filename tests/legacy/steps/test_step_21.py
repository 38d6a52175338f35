"""The asynchronous generator of a book: what it is besides an iterator, and that the product's own tells the same."""

from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing

import pytest

from exchange.in_process import InProcess
from legacy.steps.step_19 import market
from legacy.steps.step_20 import ACME, Line
from legacy.steps.step_21 import depth, tops
from protocol.messages import MassCancel, MassCanceled
from protocol.vocabulary import Side
from traders.book_view import Depth
from traders.client import Client


@pytest.fixture
async def venue() -> AsyncIterator[InProcess]:
    async with market() as venue:
        yield venue


async def test_a_loop_that_is_left_leaves_it_suspended_and_aclosing_ends_it(venue: InProcess) -> None:
    async with Line(*venue.address, "anna") as line:
        books = depth(line, ACME)
        async with aclosing(books):
            async for _ in books:
                break
            assert books.ag_frame is not None  # type: ignore[attr-defined]  # suspended at its yield

        line.send(MassCancel())
        assert books.ag_frame is None  # type: ignore[attr-defined]  # it has ended
        assert isinstance(await line.next(), MassCanceled)  # and has unsubscribed


async def test_an_error_of_the_reader_unsubscribes_as_well(venue: InProcess) -> None:
    async def fails(line: Line) -> None:
        async with aclosing(depth(line, ACME)) as books:
            async for _ in books:
                raise ZeroDivisionError

    async with Line(*venue.address, "anna") as line:
        with pytest.raises(ZeroDivisionError):
            await fails(line)
        line.send(MassCancel())

        assert isinstance(await line.next(), MassCanceled)


async def test_the_consumer_drives_a_chain_and_the_end_of_it_ends_all() -> None:
    asked: list[int] = []

    async def numbered() -> AsyncGenerator[Depth, None]:
        try:
            for seq in range(100):
                asked.append(seq)
                yield Depth(ACME, seq, ((100 + seq // 3, 1),), ())
        finally:
            asked.append(-1)

    async with aclosing(numbered()) as books, aclosing(tops(books)) as changes:
        first = await anext(changes)
        second = await anext(changes)

    assert (first, second) == (((100, 1), None), ((101, 1), None))
    assert asked == [0, 1, 2, 3, -1]


async def test_the_client_tells_what_this_generator_tells(venue: InProcess) -> None:
    async with (
        Client.connect(*venue.address, account="ben") as ben,
        Client.connect(*venue.address, account="cora") as cora,
        Line(*venue.address, "anna") as line,
        aclosing(depth(line, ACME)) as ours,
        aclosing(cora.depth("ACME")) as theirs,
    ):
        for side, quantity, price in ((Side.BUY, 3, 100), (Side.SELL, 2, 104), (Side.SELL, 5, 100)):
            assert await anext(ours) == await anext(theirs)
            await ben.new(side, "ACME", quantity, at=price)
        assert await anext(ours) == await anext(theirs)

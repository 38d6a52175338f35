"""Public streams for many tasks of one process: what a reader gets, in which form, and when."""

import asyncio
from contextlib import AsyncExitStack, aclosing
from itertools import pairwise

import pytest

from exchange.intake import order_entry
from exchange.market_data.feeds import Feeds
from exchange.market_data.keys import StreamKey
from protocol.errors import JournalError
from protocol.market import BestPrices, PublicMessage
from protocol.messages import NewOrder
from protocol.vocabulary import AccountId, Channel, Side, Symbol
from tests.support.in_memory import open_venue, order

BBO = StreamKey(Channel.BBO, Symbol("ACME"))


class Desk:
    """A venue in memory whose commits are in the hands of the test, and its feeds of seven messages at most."""

    def __init__(self) -> None:
        self.venue = open_venue()
        self.safe = asyncio.Event()
        self.safe.set()
        self.broken = False
        self.feeds: Feeds[str] = Feeds(self.venue.market_data, self.committed, self.form, kept=7)
        self.formed = 0

    async def committed(self) -> None:
        await self.safe.wait()
        if self.broken:
            raise JournalError("a journal", "the disk is full")

    def form(self, message: PublicMessage) -> str:
        assert isinstance(message, BestPrices)
        self.formed += 1
        return str(message.seq)

    def quote(self, count: int = 1) -> None:
        """Better the best bid so often."""
        for _ in range(count):
            number = self.venue.sequencer.last_seq
            bid = order(f"q{number}", Side.BUY, 1, number)
            self.venue.carry_out(
                AccountId("anna"), order_entry(lambda _: None)[NewOrder](AccountId("anna"), bid)
            )


async def some_steps() -> None:
    for _ in range(10):
        await asyncio.sleep(0)


async def test_a_message_is_put_into_its_form_once_for_all_its_readers() -> None:
    desk = Desk()
    async with AsyncExitStack() as stack:
        readers = [await stack.enter_async_context(aclosing(desk.feeds.read(BBO))) for _ in range(20)]
        first = [await anext(reader) for reader in readers]

        desk.quote(3)
        read = [await anext(reader) for reader in readers]

    assert first == [["0"]] * 20
    assert read == [["1", "2", "3"]] * 20
    assert desk.formed == 20 + 3


@pytest.mark.parametrize(("reads_already", "told"), [(True, "1"), (False, "0")])
async def test_nothing_leaves_before_the_commit_that_covers_it(reads_already: bool, told: str) -> None:
    desk = Desk()
    async with aclosing(desk.feeds.read(BBO)) as reader:
        if reads_already:
            await anext(reader)
        desk.safe.clear()
        desk.quote()
        reading = asyncio.ensure_future(anext(reader))
        await some_steps()
        waited = not reading.done()

        desk.safe.set()

        assert (waited, await reading) == (True, [told])


async def test_who_fell_too_far_behind_is_shown_how_things_stand() -> None:
    desk = Desk()
    async with aclosing(desk.feeds.read(BBO)) as quick, aclosing(desk.feeds.read(BBO)) as slow:
        await anext(quick), await anext(slow)
        for _ in range(20):
            desk.quote()
            await anext(quick)

        shown = await anext(slow)
        desk.quote()

        assert (shown, await anext(slow)) == (["20"], ["21"])
    assert desk.venue.market_data.conflations == 1


async def test_silence_is_told_and_a_message_that_comes_after_it_is_not_lost() -> None:
    desk = Desk()
    async with aclosing(desk.feeds.read(BBO, silence_s=0.001)) as reader:
        await anext(reader)
        silence = [await anext(reader) for _ in range(3)]
        desk.quote()

        assert silence == [[]] * 3
        assert await anext(reader) == ["1"]


async def test_a_stream_ends_when_the_venue_closes_with_what_was_told_before() -> None:
    desk = Desk()

    async def read_all() -> list[list[str]]:
        async with aclosing(desk.feeds.read(BBO)) as pieces:
            return [piece async for piece in pieces]

    reading = [asyncio.ensure_future(read_all()) for _ in range(5)]
    await some_steps()
    desk.safe.clear()
    desk.quote()
    desk.feeds.close()
    await some_steps()
    waited = not any(one.done() for one in reading)
    desk.safe.set()

    assert waited
    assert await asyncio.gather(*reading) == [[["0"], ["1"]]] * 5
    assert await read_all() == []
    assert not desk.venue.market_data.active


async def test_a_stream_ends_without_what_can_not_be_written() -> None:
    desk = Desk()
    async with aclosing(desk.feeds.read(BBO)) as waits, aclosing(desk.feeds.read(BBO)) as begins:
        await anext(waits)
        desk.broken = True
        desk.quote()

        assert [piece async for piece in waits] == []
        assert [piece async for piece in begins] == []
    assert not desk.venue.market_data.active


async def test_between_its_readers_the_market_goes_on() -> None:
    """A thousand of them that take long do not keep a callback waiting for all of them."""
    desk = Desk()
    woken = 0
    seen: list[int] = []

    async def read() -> None:
        nonlocal woken
        async with aclosing(desk.feeds.read(BBO)) as pieces:
            await anext(pieces)
            await anext(pieces)
            woken += 1

    reading = [asyncio.ensure_future(read()) for _ in range(100)]
    await some_steps()
    desk.quote()
    while not all(one.done() for one in reading):
        seen.append(woken)
        await asyncio.sleep(0)

    assert max(after - before for before, after in pairwise(seen)) <= 4
    assert woken == 100

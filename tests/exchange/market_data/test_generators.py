"""Public streams for tasks of the venue's own process."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing

import pytest

from exchange.market_data.feeds import KEPT
from exchange.market_data.generators import Generators
from exchange.market_data.keys import NoSuchStream, stream_key
from exchange.venue import Venue
from protocol.desk import ChangePhase
from protocol.market import (
    AuctionResult,
    BestPrices,
    CandlesSnapshot,
    DayStatistics,
    DepthDelta,
    DepthSnapshot,
    Indication,
    OrdersSnapshot,
    PhaseStatus,
    PublicMessage,
    TradePrint,
    TradesSnapshot,
)
from protocol.messages import Cancel
from protocol.vocabulary import Channel, ClientOrderId, ErrorCode, Interval, Phase, Side, Symbol
from tests.support.in_memory import OPERATORS, Trader, end_turn, open_venue, order
from tests.support.wire_requests import ACME


async def at_once() -> None:
    """A venue without a journal has nothing to wait for."""


def feeds_of(venue: Venue, kept: int = KEPT) -> Generators:
    return Generators(venue.market_data, at_once, kept)


async def first(generator: AsyncGenerator[PublicMessage]) -> PublicMessage:
    async with aclosing(generator) as messages:
        return await anext(messages)


async def test_every_stream_begins_with_how_things_stand() -> None:
    venue = open_venue()
    Trader(venue, "anna").send(order("b", Side.BUY, 5, 99))
    feeds = feeds_of(venue)

    told = [
        await first(generator)
        for generator in (
            feeds.bbo(ACME), feeds.depth(ACME), feeds.depth(ACME, 10), feeds.orders(ACME), feeds.trades(ACME),
            feeds.candles(ACME, Interval.MINUTE), feeds.statistics(ACME), feeds.status(ACME),
        )
    ]  # fmt: skip

    assert [type(one) for one in told] == [
        BestPrices, DepthSnapshot, DepthSnapshot, OrdersSnapshot, TradesSnapshot, CandlesSnapshot, DayStatistics,
        PhaseStatus,
    ]  # fmt: skip
    assert told[0] == BestPrices(ACME, 0, (99, 5))
    assert len(feeds) == 0
    assert not venue.market_data.active


async def test_what_changes_is_read_in_the_order_in_which_it_happened() -> None:
    venue = open_venue()
    feeds = feeds_of(venue)
    trader = Trader(venue, "anna")

    async with aclosing(feeds.trades(ACME)) as tape:
        assert await anext(tape) == TradesSnapshot(ACME, 0, [])
        trader.send(order("s", Side.SELL, 5, 100), order("b", Side.BUY, 2, 100), order("c", Side.BUY, 3, 100))

        assert [await anext(tape), await anext(tape)] == [
            TradePrint(ACME, 1, 1, 0, 100, 2, Side.BUY),
            TradePrint(ACME, 2, 2, 0, 100, 3, Side.BUY),
        ]


async def test_a_reader_that_waits_is_woken() -> None:
    venue = open_venue()
    feeds = feeds_of(venue)
    trader = Trader(venue, "anna")

    async with aclosing(feeds.bbo(ACME)) as prices:
        await anext(prices)
        waiting = asyncio.ensure_future(anext(prices))
        await asyncio.sleep(0)
        assert not waiting.done()
        trader.send(order("b", Side.BUY, 5, 99))

        assert await waiting == BestPrices(ACME, 1, (99, 5))


async def test_auctions_are_read_from_the_call_on() -> None:
    venue = open_venue()
    feeds = feeds_of(venue)
    trader, operator = Trader(venue, "anna"), Trader(venue, OPERATORS[0])

    async with aclosing(feeds.auctions(ACME)) as auctions:
        begun = asyncio.ensure_future(anext(auctions))  # outside of a call there is nothing to show
        await asyncio.sleep(0)
        operator.send(ChangePhase(ACME, Phase.PRE_OPEN, "a test"))
        trader.send(order("s", Side.SELL, 5, 100), order("b", Side.BUY, 2, 100))
        end_turn(venue)
        operator.send(ChangePhase(ACME, Phase.CONTINUOUS, "a test"))

        assert [type(await begun), type(await anext(auctions))] == [Indication, AuctionResult]


async def test_who_does_not_read_is_forgotten_and_then_shown_how_things_stand() -> None:
    """Matching does not wait for it, and it takes no memory."""
    venue = open_venue()
    feeds = feeds_of(venue, kept=10)
    trader = Trader(venue, "anna")

    async with aclosing(feeds.depth(ACME)) as depth, aclosing(feeds.depth(ACME)) as quick:
        await anext(depth)
        read = [await anext(quick)]
        for number in range(100):
            trader.send(order(f"b{number}", Side.BUY, 1, 1 + number))
            read.append(await anext(quick))
        caught_up = await anext(depth)
        trader.send(Cancel(ClientOrderId("b0")))

        book = venue.engine.books[ACME]
        assert isinstance(caught_up, DepthSnapshot)
        assert (caught_up.seq, len(caught_up.bids)) == (100, 100)
        assert await anext(depth) == await anext(quick)
        assert [one.seq for one in read if isinstance(one, DepthDelta)] == list(range(1, 101))
        assert len(book.depth(Side.BUY)) == 99
        assert venue.market_data.conflations == 1


async def test_a_thousand_readers_are_told_the_same() -> None:
    venue = open_venue()
    feeds = feeds_of(venue)
    trader = Trader(venue, "anna")
    heard: list[list[int]] = [[] for _ in range(1_000)]

    async def read(number: int) -> None:
        async with aclosing(feeds.bbo(ACME)) as prices:
            async for message in prices:
                heard[number].append(message.seq)

    async with asyncio.TaskGroup() as tasks:
        for number in range(1_000):
            tasks.create_task(read(number))
        await asyncio.sleep(0)
        assert len(feeds) == 1_000
        for number in range(20):
            trader.send(order(f"b{number}", Side.BUY, 1, 1 + number))
        feeds.close()

    assert heard == [list(range(21))] * 1_000
    assert len(feeds) == 0
    assert venue.market_data.subscribers()[Channel.BBO] == 0


async def test_when_the_venue_closes_generators_end_quietly() -> None:
    venue = open_venue()
    feeds = feeds_of(venue)

    async def read_all(generator: AsyncGenerator[PublicMessage]) -> list[PublicMessage]:
        async with aclosing(generator) as messages:
            return [message async for message in messages]

    waiting = asyncio.ensure_future(read_all(feeds.status(ACME)))
    await asyncio.sleep(0)
    feeds.close()

    assert await waiting == [PhaseStatus(ACME, 0, Phase.CONTINUOUS)]
    assert await read_all(feeds.status(ACME)) == []  # who comes later ends at once
    assert not venue.market_data.active


async def test_a_reader_that_is_cancelled_leaves_nothing_behind() -> None:
    venue = open_venue()
    feeds = feeds_of(venue)

    async def read() -> None:
        async with aclosing(feeds.bbo(ACME)) as prices:
            async for _ in prices:
                pass

    reading = asyncio.ensure_future(read())
    await asyncio.sleep(0)
    assert venue.market_data.active
    reading.cancel()

    with pytest.raises(asyncio.CancelledError):
        await reading
    assert not venue.market_data.active


async def test_there_is_nothing_to_read_of_what_does_not_exist() -> None:
    venue = open_venue()
    feeds = feeds_of(venue)

    with pytest.raises(NoSuchStream) as unknown:
        await first(feeds.bbo(Symbol("NOPE")))
    with pytest.raises(NoSuchStream, match="levels"):
        feeds.depth(ACME, 7)

    assert unknown.value.code is ErrorCode.UNKNOWN_SYMBOL
    assert len(feeds) == 0


def test_a_snapshot_can_be_had_of_what_nobody_reads() -> None:
    """And shows trades of before."""
    venue: Venue = open_venue()
    trader = Trader(venue, "anna")
    trader.send(order("s", Side.SELL, 5, 100), order("b", Side.BUY, 2, 100))
    hub = venue.market_data

    assert hub.snapshot(stream_key(Channel.BBO, ACME)) == BestPrices(ACME, 0, None, (100, 3))
    assert hub.snapshot(stream_key(Channel.TRADES, ACME)) == TradesSnapshot(
        ACME, 1, [TradePrint(ACME, 1, 1, 0, 100, 2, Side.BUY)]
    )
    assert hub.snapshot(stream_key(Channel.AUCTION, ACME)) is None
    assert hub.snapshot(stream_key(Channel.BBO, Symbol("NOPE"))) is None
    assert not hub.active

"""What is missing or wrong in a stream is found, asked for again, and never shown."""

import asyncio
from collections.abc import Callable
from contextlib import aclosing

import pytest

from protocol.errors import ChecksumMismatch, ImpossibleChange, SequenceGap, VenueError
from protocol.fields import Message
from protocol.market import (
    Bar,
    Candle,
    CandlesSnapshot,
    DepthDelta,
    OrderAdded,
    OrderDeleted,
    OrdersDelta,
    OrdersSnapshot,
    TradesSnapshot,
)
from protocol.messages import Error, Subscribe, Unsubscribe, Unsubscribed
from protocol.vocabulary import Channel, ErrorCode, Interval, Side
from tests.support.book_talk import BookTalk, snapshot_of
from tests.support.scripted_venue import Peer
from tests.traders.reports import ACME, accepted, printed
from traders.book_view import Depth
from traders.client import Client
from traders.market.subscriptions import MAX_RECOVERIES

Pair = tuple[Client, Peer]

LOST = BookTalk(5).delta([(99, 1)])
WRONG = DepthDelta(ACME, 1, 7, [(99, 1)])


async def hear_recovery(peer: Peer, channel: Channel, *begin: Message) -> None:
    """Unsubscribed and subscribed again; answer both."""
    await peer.hear(Unsubscribe)
    peer.say(Unsubscribed(channel, ACME))
    await peer.hear_subscription(channel, "ACME", *begin)


@pytest.mark.parametrize("fault", [LOST, WRONG], ids=["gap", "checksum"])
async def test_a_book_that_went_wrong_is_read_again_and_readers_see_the_next_right_one(
    pair: Pair, fault: Message
) -> None:
    client, peer = pair
    book = BookTalk(7, [(98, 2)])

    async with aclosing(client.depth("ACME")) as depths:
        reading = asyncio.create_task(anext(depths))
        await peer.hear_subscription(Channel.DEPTH)
        await reading
        peer.say(fault)
        reading = asyncio.create_task(anext(depths))
        await hear_recovery(peer, Channel.DEPTH, book.snapshot())
        assert await reading == Depth(ACME, 7, ((98, 2),), ())
        peer.say(book.delta([(98, 0)]))
        assert (await anext(depths)).seq == 8

    assert client.recoveries == 1


async def test_a_change_that_was_not_read_before_the_fault_is_not_shown(pair: Pair) -> None:
    client, peer = pair

    async with aclosing(client.depth("ACME")) as depths:
        reading = asyncio.create_task(anext(depths))
        await peer.hear_subscription(Channel.DEPTH)
        await reading
        peer.say(BookTalk().delta([(98, 1)]), LOST)
        await hear_recovery(peer, Channel.DEPTH, snapshot_of(9, [(97, 3)]))
        assert await anext(depths) == Depth(ACME, 9, ((97, 3),), ())


async def test_what_the_old_subscription_still_says_changes_nothing(pair: Pair) -> None:
    client, peer = pair
    late = BookTalk(6)

    async with aclosing(client.depth("ACME")) as depths:
        reading = asyncio.create_task(anext(depths))
        await peer.hear_subscription(Channel.DEPTH)
        await reading
        peer.say(LOST, late.delta([(98, 1)]), late.delta([(98, 2)]))
        await hear_recovery(peer, Channel.DEPTH, late.snapshot())
        assert await anext(depths) == Depth(ACME, 8, ((98, 2),), ())

    assert client.recoveries == 1


async def test_a_reader_that_comes_during_a_recovery_waits_for_the_right_book(pair: Pair) -> None:
    client, peer = pair

    async with aclosing(client.depth("ACME")) as one, aclosing(client.depth("ACME")) as two:
        reading = asyncio.create_task(anext(one))
        await peer.hear_subscription(Channel.DEPTH)
        await reading
        peer.say(LOST)
        await peer.hear(Unsubscribe)
        readings = [asyncio.create_task(anext(one)), asyncio.create_task(anext(two))]
        await peer.hear_subscription(Channel.DEPTH, "ACME", snapshot_of(9))
        assert [depth.seq for depth in await asyncio.gather(*readings)] == [9, 9]


async def test_an_inbox_forgets_the_wrong_book_and_nothing_else(pair: Pair) -> None:
    client, peer = pair

    with client.inbox(["ACME"]) as inbox:
        await peer.hear_subscription(Channel.DEPTH)
        await peer.hear_subscription(Channel.TRADES)
        await anext(inbox)
        peer.say(BookTalk().delta([(98, 1)]), accepted("x", 1), printed(), LOST)
        await hear_recovery(peer, Channel.DEPTH, snapshot_of(9))
        items = [await anext(inbox) for _ in range(3)]

    assert items == [accepted("x", 1), printed(), Depth(ACME, 9, (), ())]


async def test_orders_recover_from_a_gap_and_from_a_change_that_can_not_be(pair: Pair) -> None:
    client, peer = pair

    async with aclosing(client.orders("ACME")) as books:
        reading = asyncio.create_task(anext(books))
        await peer.hear_subscription(Channel.ORDERS)
        await reading
        for count, seq in ((1, 2), (2, 10)):
            peer.say(OrdersDelta(ACME, seq, [OrderDeleted(5)]))
            reading = asyncio.create_task(anext(books))
            await hear_recovery(peer, Channel.ORDERS, OrdersSnapshot(ACME, 9, [(1, 99, 5)], []))
            assert (await reading).seq == 9
            assert client.recoveries == count
        peer.say(OrdersDelta(ACME, 10, [OrderAdded(2, Side.BUY, 99, 1)]))
        assert (await anext(books)).levels(Side.BUY) == ((99, 6),)


async def test_the_tape_recovers_with_every_trade_once(pair: Pair) -> None:
    client, peer = pair
    trades = [printed(trade_id=number) for number in range(1, 6)]

    async with aclosing(client.trades("ACME")) as tape:
        reading = asyncio.create_task(anext(tape))
        await peer.hear_subscription(Channel.TRADES)
        peer.say(trades[0], trades[1], trades[3], trades[4])
        await hear_recovery(peer, Channel.TRADES, TradesSnapshot(ACME, 5, trades))
        read = [await reading, *[await anext(tape) for _ in range(4)]]

    assert read == trades
    assert client.recoveries == 1


async def test_candles_recover(pair: Pair) -> None:
    client, peer = pair
    minute = Interval.MINUTE
    bars = [Bar(minute.ns * number, 1, 1, 1, 1, 1, 1, 1) for number in range(3)]

    async with aclosing(client.candles("ACME", "1m")) as candles:
        reading = asyncio.create_task(anext(candles))
        await peer.hear_subscription(
            Channel.CANDLES, "ACME", CandlesSnapshot(ACME, 4, minute, bars[:1]), interval=minute
        )
        read = [await reading]
        peer.say(Candle(ACME, 6, minute, bars[2]))
        await peer.hear(Unsubscribe)
        await peer.hear_subscription(
            Channel.CANDLES, "ACME", CandlesSnapshot(ACME, 6, minute, bars), interval=minute
        )
        read += [await anext(candles), await anext(candles)]

    assert read == bars


def nonsense_of_orders(seq: int) -> Message:
    return OrdersDelta(ACME, seq, [OrderDeleted(77)])


@pytest.mark.parametrize(
    ("channel", "begin", "fault", "error"),
    [
        (Channel.DEPTH, snapshot_of(3), lambda seq: DepthDelta(ACME, seq + 1, 0), SequenceGap),
        (Channel.DEPTH, snapshot_of(3), lambda seq: DepthDelta(ACME, seq, 0), ChecksumMismatch),
        (Channel.ORDERS, OrdersSnapshot(ACME, 3, [], []), nonsense_of_orders, ImpossibleChange),
    ],
)
async def test_a_stream_that_is_wrong_again_and_again_ends_with_the_error(
    pair: Pair, channel: Channel, begin: Message, fault: Callable[[int], Message], error: type[VenueError]
) -> None:
    client, peer = pair

    async with aclosing(client.depth("ACME") if channel is Channel.DEPTH else client.orders("ACME")) as books:
        reading = asyncio.create_task(anext(books))
        await peer.hear_subscription(channel, "ACME", begin)
        await reading
        for _ in range(MAX_RECOVERIES):
            peer.say(fault(4))
            await hear_recovery(peer, channel, begin)
        peer.say(fault(4))
        await peer.hear(Unsubscribe)
        with pytest.raises(error):
            assert [book async for book in books]

    assert client.recoveries == MAX_RECOVERIES


async def test_a_right_change_between_faults_begins_the_count_anew(pair: Pair) -> None:
    client, peer = pair

    async with aclosing(client.depth("ACME")) as depths:
        reading = asyncio.create_task(anext(depths))
        await peer.hear_subscription(Channel.DEPTH)
        await reading
        for _ in range(2 * MAX_RECOVERIES):
            peer.say(BookTalk().delta([(98, 1)]), LOST)
            await hear_recovery(peer, Channel.DEPTH)
        assert (await anext(depths)).seq == 0

    assert client.recoveries == 2 * MAX_RECOVERIES


async def test_a_snapshot_alone_does_not_begin_the_count_anew(pair: Pair) -> None:
    client, peer = pair
    wrong = snapshot_of(3, [(98, 1)])
    wrong = type(wrong)(ACME, 3, wrong.checksum + 1, wrong.bids, [])

    async with aclosing(client.depth("ACME")) as depths:
        reading = asyncio.create_task(anext(depths))
        await peer.hear_subscription(Channel.DEPTH, "ACME", wrong)
        for _ in range(MAX_RECOVERIES):
            await hear_recovery(peer, Channel.DEPTH, wrong)
        with pytest.raises(ChecksumMismatch):
            await reading


async def test_a_stream_that_begins_without_a_snapshot_is_asked_for_again(pair: Pair) -> None:
    client, peer = pair

    async with aclosing(client.depth("ACME")) as depths:
        reading = asyncio.create_task(anext(depths))
        await peer.hear_subscription(Channel.DEPTH, "ACME", LOST)
        await hear_recovery(peer, Channel.DEPTH, snapshot_of(9))
        assert (await reading).seq == 9


async def test_a_recovery_that_the_venue_refuses_ends_the_stream(pair: Pair) -> None:
    client, peer = pair

    async with aclosing(client.depth("ACME")) as depths:
        reading = asyncio.create_task(anext(depths))
        await peer.hear_subscription(Channel.DEPTH)
        await reading
        peer.say(LOST)
        await peer.hear(Unsubscribe)
        await peer.hear(Subscribe)
        peer.say(Error(ErrorCode.UNKNOWN_SYMBOL, "ACME is gone", 4))
        with pytest.raises(VenueError, match="ACME is gone"):
            await anext(depths)


async def test_nothing_is_asked_for_any_more_once_the_session_is_ending(pair: Pair) -> None:
    client, peer = pair

    async with aclosing(client.depth("ACME")) as depths:
        reading = asyncio.create_task(anext(depths))
        await peer.hear_subscription(Channel.DEPTH)
        await reading
        peer.session.outbox.append(LOST)
        peer.session.log_out("the day is over")
        peer.flush()
        assert [depth async for depth in depths] == []

"""Market data of the client, channel by channel, the venue's part said by the test."""

import asyncio
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing

import pytest

from protocol.errors import LocalProtocolError, RemoteProtocolError, SlowConsumer
from protocol.market import (
    Bar,
    BestPrices,
    Candle,
    CandlesSnapshot,
    DayStatistics,
    Indication,
    OrderAdded,
    OrdersDelta,
    OrdersSnapshot,
    TradesSnapshot,
)
from protocol.messages import Error, Subscribe, Unsubscribe
from protocol.vocabulary import Channel, ErrorCode, Interval, Side
from tests.support.book_talk import BookTalk
from tests.support.scripted_venue import Peer
from tests.traders.reports import ACME, printed
from traders.book_view import Depth
from traders.client import Client
from traders.market import generators
from traders.market.orders import OrderBook, OrderLevel

Pair = tuple[Client, Peer]


Stream = Callable[[Client], AsyncGenerator[object, None]]

ALL: dict[str, Stream] = {
    "bbo": lambda client: client.bbo("ACME"),
    "depth": lambda client: client.depth("ACME"),
    "orders": lambda client: client.orders("ACME"),
    "trades": lambda client: client.trades("ACME"),
    "tape": lambda client: client.tape("ACME"),
    "candles": lambda client: client.candles("ACME", "1m"),
    "statistics": lambda client: client.statistics("ACME"),
    "status": lambda client: client.status("ACME"),
    "auctions": lambda client: client.auctions("ACME"),
}
each = pytest.mark.parametrize("stream", ALL.values(), ids=ALL)


async def read_all(stream: AsyncGenerator[object, None]) -> None:
    async with aclosing(stream) as items:
        async for _ in items:
            pass


@each
async def test_every_stream_ends_quietly_with_the_session(pair: Pair, stream: Stream) -> None:
    client, peer = pair

    reading = asyncio.create_task(read_all(stream(client)))
    await peer.hear(Subscribe)
    peer.session.log_out("the day is over")
    peer.flush()
    await reading

    await read_all(stream(client))


@each
async def test_every_stream_of_an_unknown_instrument_tells_so_and_is_left(pair: Pair, stream: Stream) -> None:
    client, peer = pair

    reading = asyncio.create_task(read_all(stream(client)))
    await peer.hear(Subscribe)
    peer.say(Error(ErrorCode.UNKNOWN_SYMBOL, "there is no ACME", 2))

    with pytest.raises(RemoteProtocolError, match="there is no ACME"):
        await reading


@each
async def test_leaving_every_stream_unsubscribes(pair: Pair, stream: Stream) -> None:
    client, peer = pair

    reading = asyncio.create_task(read_all(stream(client)))
    asked = await peer.hear(Subscribe)
    reading.cancel()

    left = await peer.hear(Unsubscribe)
    assert (left.channel, left.symbol, left.levels, left.interval) == (
        asked.channel, asked.symbol, asked.levels, asked.interval,
    )  # fmt: skip


async def test_the_best_prices_are_a_book_of_one_level_and_conflate(pair: Pair) -> None:
    client, peer = pair

    async with aclosing(client.bbo("ACME")) as best:
        reading = asyncio.create_task(anext(best))
        await peer.hear_subscription(Channel.BBO, "ACME", BestPrices(ACME, 7, (99, 30)))
        first = await reading
        peer.say(BestPrices(ACME, 8, (99, 30), (101, 1)), BestPrices(ACME, 11, (99, 30), (103, 10)))
        second = await anext(best)

    assert (first, first.mid) == (Depth(ACME, 7, ((99, 30),), ()), None)
    assert (second.seq, second.best_ask, second.imbalance(), second.microprice) == (11, 103, 0.5, 102.0)
    assert client.recoveries == 0, "complete messages may jump"


@pytest.mark.parametrize(("wanted", "asked"), [(1, 10), (10, 10), (11, 50), (50, 50), (51, None)])
async def test_depth_reads_the_smallest_stream_that_has_enough_and_cuts(
    pair: Pair, wanted: int, asked: int | None
) -> None:
    client, peer = pair
    book = BookTalk(1, [(price, 1) for price in range(1, asked + 1 if asked else 80)], levels=asked)

    async with aclosing(client.depth("ACME", levels=wanted)) as depths:
        reading = asyncio.create_task(anext(depths))
        await peer.hear_subscription(Channel.DEPTH, "ACME", book.snapshot(), levels=asked)
        depth = await reading

    assert len(depth.bids) == wanted
    assert depth.best_bid == book.bids[0][0]


async def test_two_depths_of_an_instrument_are_two_streams(pair: Pair) -> None:
    client, peer = pair
    few, all_ = BookTalk(levels=10), BookTalk(5)

    async with aclosing(client.depth("ACME", levels=3)) as some, aclosing(client.depth("ACME")) as whole:
        one, two = asyncio.create_task(anext(some)), asyncio.create_task(anext(whole))
        await peer.hear_subscription(Channel.DEPTH, "ACME", few.snapshot(), levels=10)
        await peer.hear_subscription(Channel.DEPTH, "ACME", all_.snapshot())
        assert ((await one).seq, (await two).seq) == (0, 5)
        peer.say(all_.delta([(1, 1)]), few.delta([(2, 1)]))
        assert ((await anext(some)).bids, (await anext(whole)).bids) == (((2, 1),), ((1, 1),))
        assert client.recoveries == 0
    assert {(await peer.hear(Unsubscribe)).levels for _ in range(2)} == {10, None}


async def test_a_book_of_no_levels_is_refused(pair: Pair) -> None:
    client, _ = pair

    for levels in (0, -1):
        async with aclosing(client.depth("ACME", levels=levels)) as depths:
            with pytest.raises(LocalProtocolError, match=f"a book of {levels} price levels"):
                await anext(depths)


async def test_orders_are_a_book_and_conflate(pair: Pair) -> None:
    client, peer = pair

    async with aclosing(client.orders("ACME")) as books:
        reading = asyncio.create_task(anext(books))
        await peer.hear_subscription(Channel.ORDERS, "ACME", OrdersSnapshot(ACME, 3, [(1, 99, 5)], []))
        first = await reading
        peer.say(
            OrdersDelta(ACME, 4, [OrderAdded(2, Side.BUY, 99, 7)]),
            OrdersDelta(ACME, 5, [OrderAdded(3, Side.SELL, 101, 9)]),
        )
        second = await anext(books)

    assert first == OrderBook(ACME, 3, (OrderLevel(99, 5, ((1, 5),)),), ())
    assert second.bids == (OrderLevel(99, 12, ((1, 5), (2, 7))),)
    assert second.asks == (OrderLevel(101, 9, ((3, 9),)),)


async def test_trades_before_the_subscription_are_no_news_and_left_out_ones_come_once(pair: Pair) -> None:
    client, peer = pair
    before = [printed(trade_id=1), printed(trade_id=2)]

    async with aclosing(client.trades("ACME")) as trades:
        reading = asyncio.create_task(anext(trades))
        await peer.hear_subscription(Channel.TRADES, "ACME", TradesSnapshot(ACME, 2, before))
        peer.say(printed(trade_id=3))
        peer.say(TradesSnapshot(ACME, 5, [*before, *(printed(trade_id=number) for number in (3, 4, 5))]))
        read = [await reading, await anext(trades), await anext(trades)]

    assert [trade.trade_id for trade in read] == [3, 4, 5]


def bar(start: int, close: int) -> Bar:
    return Bar(start * 10**9, 100, 200, 50, close, 1, close, 1)


async def test_candles_of_the_past_come_first_and_unread_states_of_a_candle_conflate(pair: Pair) -> None:
    client, peer = pair
    second = Interval.SECOND

    async with aclosing(client.candles("ACME", "1s")) as candles:
        reading = asyncio.create_task(anext(candles))
        await peer.hear_subscription(
            Channel.CANDLES,
            "ACME",
            CandlesSnapshot(ACME, 3, second, [bar(1, 101), bar(2, 102)]),
            interval=second,
        )
        read = [await reading, await anext(candles)]
        peer.say(
            Candle(ACME, 4, second, bar(2, 103)),
            Candle(ACME, 5, second, bar(3, 104)),
            Candle(ACME, 6, second, bar(3, 105)),
        )
        read += [await anext(candles), await anext(candles)]
        async with aclosing(client.candles("ACME", Interval.SECOND)) as late:
            shown = [await anext(late) for _ in range(3)]

    assert read == [bar(1, 101), bar(2, 102), bar(2, 103), bar(3, 105)]
    assert shown == [bar(1, 101), bar(2, 103), bar(3, 105)]
    assert await peer.hear(Unsubscribe) == Unsubscribe(Channel.CANDLES, ACME, None, second)


async def test_candles_nobody_reads_are_bounded(pair: Pair, monkeypatch: pytest.MonkeyPatch) -> None:
    client, peer = pair
    monkeypatch.setattr(generators, "MAX_UNREAD", 2)
    second = Interval.SECOND

    async with aclosing(client.candles("ACME", "1s")) as candles:
        reading = asyncio.create_task(anext(candles))
        await peer.hear_subscription(
            Channel.CANDLES, "ACME", CandlesSnapshot(ACME, 1, second, [bar(1, 100)]), interval=second
        )
        await reading
        peer.say(*(Candle(ACME, number, second, bar(number, 100)) for number in range(2, 6)))
        with pytest.raises(SlowConsumer, match="2 messages were waiting"):
            assert [one async for one in candles]


async def test_candles_of_a_length_that_is_not_made_are_refused(pair: Pair) -> None:
    client, _ = pair

    async with aclosing(client.candles("ACME", "2m")) as candles:
        with pytest.raises(LocalProtocolError, match="there are no candles of '2m', but of 1s, 10s, 1m"):
            await anext(candles)


async def test_statistics_conflate(pair: Pair) -> None:
    client, peer = pair

    async with aclosing(client.statistics("ACME")) as days:
        reading = asyncio.create_task(anext(days))
        await peer.hear_subscription(Channel.STATISTICS)
        first = await reading
        last = DayStatistics(ACME, 2, 9, 900, 2, 100, 100, 100, 100, 100)
        peer.say(DayStatistics(ACME, 1, 5, 500, 1, 100, 100, 100, 100, 100), last)
        second = await anext(days)

    assert (first, second) == (DayStatistics(ACME, 0, 0, 0, 0), last)


async def test_a_late_reader_is_shown_how_things_stand(pair: Pair) -> None:
    client, peer = pair

    async with aclosing(client.auctions("ACME")) as early, aclosing(client.auctions("ACME")) as late:
        reading = asyncio.create_task(anext(early))
        await peer.hear_subscription(Channel.AUCTION, "ACME", Indication(ACME, 4, 10, 0, 99))
        assert await reading == await anext(late) == Indication(ACME, 4, 10, 0, 99)


async def test_an_inbox_reads_any_channels(pair: Pair) -> None:
    client, peer = pair
    channels = [Channel.BBO, Channel.ORDERS, Channel.CANDLES, Channel.STATISTICS]

    with client.inbox(["ACME"], channels=channels, intervals=[Interval.MINUTE, Interval.HOUR]) as inbox:
        await peer.hear_subscription(Channel.BBO)
        await peer.hear_subscription(Channel.ORDERS)
        await peer.hear_subscription(Channel.CANDLES, interval=Interval.MINUTE)
        await peer.hear_subscription(Channel.CANDLES, interval=Interval.HOUR)
        await peer.hear_subscription(Channel.STATISTICS)
        first = [await anext(inbox) for _ in range(3)]
        peer.say(
            Candle(ACME, 1, Interval.MINUTE, bar(1, 100)),
            Candle(ACME, 1, Interval.HOUR, bar(1, 100)),
            Candle(ACME, 2, Interval.MINUTE, bar(1, 102)),
        )
        then = [await anext(inbox), await anext(inbox)]

    assert first == [Depth(ACME, 0, (), ()), OrderBook(ACME, 0, (), ()), DayStatistics(ACME, 0, 0, 0, 0)]
    assert then == [
        Candle(ACME, 1, Interval.HOUR, bar(1, 100)),
        Candle(ACME, 2, Interval.MINUTE, bar(1, 102)),
    ]


async def test_an_inbox_with_candles_says_how_long_they_are_to_be(pair: Pair) -> None:
    client, _ = pair

    with (
        pytest.raises(LocalProtocolError, match="candles need intervals"),
        client.inbox(["ACME"], channels=[Channel.CANDLES]),
    ):
        pass


async def test_readers_of_a_stream_share_a_subscription(pair: Pair) -> None:
    client, peer = pair

    async with aclosing(client.depth("ACME", levels=1)) as one:
        reading = asyncio.create_task(anext(one))
        await peer.hear_subscription(
            Channel.DEPTH, "ACME", BookTalk(3, [(99, 1), (98, 1)], levels=10).snapshot(), levels=10
        )
        await reading
        async with aclosing(client.depth("ACME", levels=7)) as two:
            assert await anext(two) == Depth(ACME, 3, ((99, 1), (98, 1)), ())
        client.submit(Subscribe(Channel.STATUS, ACME))
        assert await peer.hear(Subscribe) == Subscribe(Channel.STATUS, ACME), "nothing was said before it"

"""The client against a real socket, the venue's part said by the test."""
# ruff: noqa: PT012 - a session that breaks says so when its block ends: the block is the act.

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, aclosing

import pytest

from protocol.errors import (
    LocalProtocolError,
    RemoteProtocolError,
    SequenceGap,
    SessionBroken,
    SessionBusy,
    SessionClosed,
    SlowConsumer,
)
from protocol.messages import (
    Cancel,
    Error,
    Logout,
    MassCancel,
    MassCanceled,
    NewOrder,
    OrderStateReport,
    OrderStatus,
    Reduce,
    Replace,
    Subscribe,
    Unsubscribe,
)
from protocol.vocabulary import (
    CancelReason,
    Channel,
    ClientOrderId,
    ErrorCode,
    OrderState,
    OrderType,
    RejectReason,
    Request,
    Side,
    TimeInForce,
)
from tests.support.book_talk import BookTalk
from tests.support.scripted_venue import Peer, ScriptedVenue, scripted_venue
from tests.traders.reports import ACME, NOW, accepted, canceled, printed, rejected, replaced, traded
from traders.book_view import Depth
from traders.client import Client
from traders.market import generators
from traders.order_ids import unique_prefix
from traders.order_view import OrderPhase


@pytest.fixture
async def venue() -> AsyncIterator[ScriptedVenue]:
    async with scripted_venue() as running:
        yield running


@pytest.fixture
async def pair(venue: ScriptedVenue) -> AsyncIterator[tuple[Client, Peer]]:
    """A logged-in client whose ids read a1, a2, ... and its peer."""
    async with AsyncExitStack() as stack:
        client = await stack.enter_async_context(
            Client.connect(venue.host, venue.port, account="alice", id_prefix="a")
        )
        yield client, await venue.peer()


async def test_a_client_logs_in_and_out_in_order(venue: ScriptedVenue) -> None:
    async with Client.connect(venue.host, venue.port, account="alice") as client:
        peer = await venue.peer()
        assert client.welcome.account == "alice"
        assert client.instruments[ACME].price_decimals == 2

    assert isinstance(await peer.heard.get(), Logout)
    assert await peer.heard.get() is None


async def test_nobody_at_the_port_is_one_clear_error(venue: ScriptedVenue) -> None:
    async with scripted_venue() as gone:
        port = gone.port

    with pytest.raises(SessionBroken, match=rf"nobody answers at 127\.0\.0\.1:{port}"):
        async with Client.connect("127.0.0.1", port, account="alice"):
            pass


async def test_a_refused_login_tells_the_venues_reason(venue: ScriptedVenue) -> None:
    venue.answers_logins = False

    async def refuse() -> None:
        peer = await venue.peer()
        peer.say(Error(ErrorCode.TOO_MANY_CONNECTIONS, "the venue is full"))
        peer.hang_up_after_writing()

    async with asyncio.TaskGroup() as group:
        group.create_task(refuse())
        with pytest.raises(SessionBroken, match="the venue is full"):
            async with Client.connect(venue.host, venue.port, account="alice"):
                pass


async def test_an_order_is_a_handle_once_the_venue_answered(pair: tuple[Client, Peer]) -> None:
    client, peer = pair

    buying = asyncio.create_task(
        client.buy("ACME", 100, at=10_025, time_in_force=TimeInForce.DAY, post_only=True)
    )
    request = await peer.hear(NewOrder)
    peer.say(accepted("a1"))
    order = await buying

    assert request == NewOrder(
        ClientOrderId("a1"),
        ACME,
        Side.BUY,
        100,
        10_025,
        OrderType.LIMIT,
        TimeInForce.DAY,
        True,
    )
    assert order.is_live
    assert order.rejection is None


async def test_an_order_without_a_price_is_a_market_order(pair: tuple[Client, Peer]) -> None:
    client, peer = pair

    selling = asyncio.create_task(client.sell("ACME", 5, protection=30))
    request = await peer.hear(NewOrder)
    peer.say(accepted("a1", price=None))
    await selling

    assert (request.order_type, request.price, request.protection, request.side) == (
        OrderType.MARKET,
        None,
        30,
        Side.SELL,
    )


async def test_a_refused_order_is_an_answer(pair: tuple[Client, Peer]) -> None:
    client, peer = pair

    buying = asyncio.create_task(client.buy("ACME", 100, at=10_025))
    await peer.hear(NewOrder)
    refusal = rejected("a1", line=2)
    peer.say(refusal)
    order = await buying

    assert order.rejection == refusal
    assert not order.is_live
    assert [report async for report in order] == [refusal]


async def test_an_order_yields_its_reports_and_ends_when_it_is_done(pair: tuple[Client, Peer]) -> None:
    client, peer = pair
    first = traded("a1", 2, quantity=40, leaves=60)
    second = traded("a1", 4, quantity=60, cumulative=100)

    buying = asyncio.create_task(client.buy("ACME", 100, at=10_000))
    await peer.hear(NewOrder)
    peer.say(accepted("a1"), first, accepted("another", 3), second)
    order = await buying

    assert [report async for report in order] == [accepted("a1"), first, second]
    assert (order.phase, order.cumulative, order.leaves, order.average_price) == (
        OrderPhase.FILLED,
        100,
        0,
        10_000,
    )


async def test_an_order_is_canceled_replaced_and_reduced(pair: tuple[Client, Peer]) -> None:
    client, peer = pair
    buying = asyncio.create_task(client.buy("ACME", 100, at=10_000))
    await peer.hear(NewOrder)
    peer.say(accepted("a1"))
    order = await buying

    async def venue_side() -> list[object]:
        heard: list[object] = [await peer.hear(Replace)]
        peer.say(replaced("a1", 2, quantity=90, price=10_010))
        heard.append(await peer.hear(Reduce))
        peer.say(replaced("a1", 3, quantity=80, price=10_010))
        heard.append(await peer.hear(Cancel))
        peer.say(canceled("a1", 4, quantity=80))
        return heard

    async with asyncio.TaskGroup() as group:
        other = group.create_task(venue_side())
        assert await order.replace(quantity=90, at=10_010) == replaced("a1", 2, quantity=90, price=10_010)
        assert (order.quantity, order.price) == (90, 10_010)
        assert await order.reduce(10) == replaced("a1", 3, quantity=80, price=10_010)
        assert await order.cancel() == canceled("a1", 4, quantity=80)

    assert other.result() == [
        Replace(ClientOrderId("a1"), 90, 10_010),
        Reduce(ClientOrderId("a1"), 10),
        Cancel(ClientOrderId("a1")),
    ]
    assert order.is_done


async def test_pipelined_requests_get_their_own_answers(pair: tuple[Client, Peer]) -> None:
    client, peer = pair
    buying = asyncio.create_task(client.buy("ACME", 100, at=10_000))
    await peer.hear(NewOrder)
    peer.say(accepted("a1"))
    order = await buying
    too_late = rejected("a1", 5, request=Request.CANCEL, reason=RejectReason.UNKNOWN_ORDER, line=6)

    async with asyncio.TaskGroup() as group:
        reducing = group.create_task(order.reduce(10))
        replacing = group.create_task(order.replace(at=9_990))
        canceling = group.create_task(order.cancel())
        again = group.create_task(order.cancel())
        for kind in (Reduce, Replace, Cancel, Cancel):
            await peer.hear(kind)
        peer.say(
            replaced("a1", 2, quantity=90, price=10_000),
            replaced("a1", 3, quantity=90, price=9_990),
            canceled("a1", 4, quantity=90),
            too_late,
        )

    assert reducing.result() == replaced("a1", 2, quantity=90, price=10_000)
    assert replacing.result() == replaced("a1", 3, quantity=90, price=9_990)
    assert canceling.result() == canceled("a1", 4, quantity=90)
    assert again.result() == too_late


async def test_a_cancel_nobody_asked_for_answers_no_request(pair: tuple[Client, Peer]) -> None:
    client, peer = pair
    buying = asyncio.create_task(client.buy("ACME", 100, at=10_000))
    await peer.hear(NewOrder)
    peer.say(accepted("a1"))
    order = await buying
    day_over = canceled("a1", 2, reason=CancelReason.DAY_ENDED)
    too_late = rejected("a1", 3, request=Request.CANCEL, reason=RejectReason.UNKNOWN_ORDER, line=3)

    canceling = asyncio.create_task(order.cancel())
    await peer.hear(Cancel)
    peer.say(day_over, too_late)

    assert await canceling == too_late
    assert [report async for report in order] == [accepted("a1"), day_over]


async def test_a_line_the_venue_cannot_read_fails_the_call_that_sent_it(pair: tuple[Client, Peer]) -> None:
    client, peer = pair

    buying = asyncio.create_task(client.buy("ACME", 100, at=10_000))
    await peer.hear(NewOrder)
    peer.say(Error(ErrorCode.INVALID_MESSAGE, "no good", 2))

    with pytest.raises(RemoteProtocolError, match="line 2: no good"):
        await buying


async def test_a_live_id_of_this_session_is_not_sent_twice(pair: tuple[Client, Peer]) -> None:
    client, peer = pair
    buying = asyncio.create_task(client.buy("ACME", 100, at=10_000, client_order_id="mine"))
    await peer.hear(NewOrder)
    peer.say(accepted("mine"))
    await buying

    with pytest.raises(LocalProtocolError, match="mine is a live order"):
        await client.sell("ACME", 100, at=10_000, client_order_id="mine")


async def test_mass_cancel_and_order_status_are_answered(pair: tuple[Client, Peer]) -> None:
    client, peer = pair
    state = OrderStateReport(
        ClientOrderId("x"),
        9,
        ACME,
        Side.BUY,
        OrderState.FILLED,
        5,
        5,
        0,
    )

    async with asyncio.TaskGroup() as group:
        status = group.create_task(client.order_status("x"))
        everything = group.create_task(client.mass_cancel(symbol="ACME", side=Side.SELL))
        assert await peer.hear(OrderStatus) == OrderStatus(ClientOrderId("x"))
        assert await peer.hear(MassCancel) == MassCancel(ACME, Side.SELL)
        peer.say(state, MassCanceled(1, NOW, 0))

    assert status.result() == state
    assert everything.result() == MassCanceled(1, NOW, 0)


async def test_an_unknown_order_has_no_status(pair: tuple[Client, Peer]) -> None:
    client, peer = pair

    asking = asyncio.create_task(client.order_status("x"))
    await peer.hear(OrderStatus)
    peer.say(Error(ErrorCode.UNKNOWN_ORDER, "no such order", 2))

    with pytest.raises(RemoteProtocolError) as caught:
        await asking
    assert caught.value.code is ErrorCode.UNKNOWN_ORDER


async def test_depth_shows_the_book_and_conflates_for_a_slow_reader(pair: tuple[Client, Peer]) -> None:
    client, peer = pair
    book = BookTalk(7, [(99, 1)], [(101, 2)])

    async with aclosing(client.depth("ACME")) as depths:
        reading = asyncio.create_task(anext(depths))
        await peer.hear_subscription(
            Channel.DEPTH,
            "ACME",
            book.snapshot(),
        )
        first = await reading
        peer.say(book.delta([(99, 0), (98, 4)]), book.delta([], [(101, 5)]))
        second = await anext(depths)

    assert first == Depth(ACME, 7, ((99, 1),), ((101, 2),))
    assert second == Depth(ACME, 9, ((98, 4),), ((101, 5),))


async def test_the_first_reader_subscribes_and_the_last_one_unsubscribes(pair: tuple[Client, Peer]) -> None:
    client, peer = pair

    async with aclosing(client.depth("ACME")) as one:
        reading = asyncio.create_task(anext(one))
        await peer.hear_subscription(Channel.DEPTH)
        await reading
        async with aclosing(client.depth("ACME")) as two:
            late = await anext(two)
        client.submit(MassCancel())
        await peer.hear(MassCancel)

    assert late == Depth(ACME, 0, (), ())
    await peer.hear(Unsubscribe)


async def test_every_reader_of_the_tape_gets_every_trade(pair: tuple[Client, Peer]) -> None:
    client, peer = pair

    async with aclosing(client.trades("ACME")) as one, aclosing(client.trades("ACME")) as two:
        readings = [asyncio.create_task(anext(one)), asyncio.create_task(anext(two))]
        await peer.hear_subscription(Channel.TRADES)
        peer.say(printed(trade_id=1), printed(trade_id=2))
        firsts = await asyncio.gather(*readings)
        seconds = [await anext(one), await anext(two)]

    assert [trade.trade_id for trade in firsts] == [1, 1]
    assert [trade.trade_id for trade in seconds] == [2, 2]


async def test_a_stream_of_an_unknown_instrument_tells_so(pair: tuple[Client, Peer]) -> None:
    client, peer = pair

    async with aclosing(client.trades("NOPE")) as trades:
        reading = asyncio.create_task(anext(trades))
        await peer.hear(Subscribe)
        peer.say(Error(ErrorCode.UNKNOWN_SYMBOL, "there is no NOPE", 2))
        with pytest.raises(RemoteProtocolError, match="there is no NOPE"):
            await reading


async def test_a_reader_that_does_not_read_is_hung_up_on_after_what_was_queued(
    pair: tuple[Client, Peer], monkeypatch: pytest.MonkeyPatch
) -> None:
    client, peer = pair
    monkeypatch.setattr(generators, "MAX_UNREAD", 2)

    async with aclosing(client.trades("ACME")) as trades:
        reading = asyncio.create_task(anext(trades))
        await peer.hear_subscription(Channel.TRADES)
        peer.say(*(printed(trade_id=number) for number in range(1, 5)))
        read = [await reading, await anext(trades)]
        with pytest.raises(SlowConsumer, match="2 messages were waiting"):
            await anext(trades)

    assert [trade.trade_id for trade in read] == [1, 2]


async def test_the_private_stream_has_one_reader(pair: tuple[Client, Peer]) -> None:
    client, peer = pair

    async with aclosing(client.reports()) as reports:
        reading = asyncio.create_task(anext(reports))
        client.submit(MassCancel())
        await peer.hear(MassCancel)
        async with aclosing(client.reports()) as second:
            with pytest.raises(SessionBusy, match="the private stream"):
                await anext(second)
        peer.say(MassCanceled(1, NOW, 0))
        assert await reading == MassCanceled(1, NOW, 0)


async def test_an_order_has_one_reader(pair: tuple[Client, Peer]) -> None:
    client, peer = pair
    buying = asyncio.create_task(client.buy("ACME", 100, at=10_000))
    await peer.hear(NewOrder)
    peer.say(accepted("a1"))
    order = await buying

    async with aclosing(aiter(order)) as one, aclosing(aiter(order)) as two:
        await anext(one)
        with pytest.raises(SessionBusy, match="order a1"):
            await anext(two)


async def test_streams_end_quietly_when_the_venue_logs_out(pair: tuple[Client, Peer]) -> None:
    client, peer = pair

    async def read() -> list[object]:
        async with aclosing(client.depth("ACME")) as depths:
            return [depth async for depth in depths]

    reading = asyncio.create_task(read())
    await peer.hear_subscription(Channel.DEPTH)
    peer.session.log_out("the day is over")
    peer.flush()

    assert await reading == [Depth(ACME, 0, (), ())]
    assert [report async for report in client.reports()] == []
    assert [depth async for depth in client.depth("ACME")] == []
    with pytest.raises(SessionClosed, match="the day is over"):
        await client.buy("ACME", 1, at=1)


async def test_streams_and_calls_break_when_the_venue_is_gone(venue: ScriptedVenue) -> None:
    with pytest.raises(SessionBroken):
        async with Client.connect(venue.host, venue.port, account="alice") as client:
            peer = await venue.peer()
            buying = asyncio.create_task(client.buy("ACME", 100, at=10_000))
            reading = asyncio.create_task(anext(client.reports()))
            await peer.hear(NewOrder)
            peer.hang_up()
            with pytest.raises(SessionBroken):
                await buying
            with pytest.raises(SessionBroken):
                await reading


async def test_the_venues_last_words_are_told(venue: ScriptedVenue) -> None:
    with pytest.raises(SessionBroken, match="nothing heard"):
        async with Client.connect(venue.host, venue.port, account="alice") as client:
            peer = await venue.peer()
            reading = asyncio.create_task(anext(client.reports()))
            peer.say(Error(ErrorCode.HEARTBEAT_MISSED, "nothing heard"))
            peer.hang_up_after_writing()
            with pytest.raises(SessionBroken, match="heartbeat_missed"):
                await reading


async def test_a_missing_private_message_ends_the_session(venue: ScriptedVenue) -> None:
    with pytest.raises(SequenceGap, match="expected number 1, received 3"):
        async with Client.connect(venue.host, venue.port, account="alice") as client:
            peer = await venue.peer()
            reading = asyncio.create_task(anext(client.reports()))
            peer.say(accepted("x", 3))
            with pytest.raises(SequenceGap):
                await reading


async def test_nonsense_from_the_venue_ends_the_session(venue: ScriptedVenue) -> None:
    with pytest.raises(RemoteProtocolError):
        async with Client.connect(venue.host, venue.port, account="alice") as client:
            peer = await venue.peer()
            reading = asyncio.create_task(anext(client.reports()))
            peer.say_bytes(b"hello\n")
            with pytest.raises(RemoteProtocolError):
                await reading


async def test_the_blocks_own_error_is_the_one_that_is_raised(venue: ScriptedVenue) -> None:
    with pytest.raises(ZeroDivisionError):
        async with Client.connect(venue.host, venue.port, account="alice"):
            peer = await venue.peer()
            raise ZeroDivisionError

    assert isinstance(await peer.heard.get(), Logout)


async def test_a_cancelled_block_logs_out_and_stays_cancelled(venue: ScriptedVenue) -> None:
    async def trade() -> None:
        async with Client.connect(venue.host, venue.port, account="alice") as client:
            async for _ in client.reports():
                pass

    trading = asyncio.create_task(trade())
    peer = await venue.peer()
    trading.cancel()

    with pytest.raises(asyncio.CancelledError):
        await trading
    assert isinstance(await peer.heard.get(), Logout)


async def test_what_is_sent_in_one_turn_of_the_loop_is_one_write(pair: tuple[Client, Peer]) -> None:
    client, peer = pair
    before = len(peer.reads)

    for _ in range(100):
        client.submit(MassCancel())
    for _ in range(100):
        await peer.hear(MassCancel)

    assert len(peer.reads) == before + 1


async def test_a_submitted_line_the_venue_cannot_read_ends_the_reports(pair: tuple[Client, Peer]) -> None:
    client, peer = pair

    async with aclosing(client.reports()) as reports:
        reading = asyncio.create_task(anext(reports))
        client.submit(MassCancel())
        await peer.hear(MassCancel)
        peer.say(Error(ErrorCode.INVALID_MESSAGE, "no good", 2))
        with pytest.raises(RemoteProtocolError, match="no good"):
            await reading


async def test_an_inbox_keeps_the_order_of_the_wire_and_conflates_depth(pair: tuple[Client, Peer]) -> None:
    client, peer = pair

    book = BookTalk()

    with client.inbox(["ACME"]) as inbox:
        await peer.hear_subscription(Channel.DEPTH)
        await peer.hear_subscription(Channel.TRADES)
        assert await anext(inbox) == Depth(ACME, 0, (), ())
        peer.say(
            book.delta([(99, 1)]),
            accepted("x", 1),
            printed(),
            book.delta([(99, 2)]),
        )
        items = [await anext(inbox) for _ in range(3)]

    assert items == [accepted("x", 1), printed(), Depth(ACME, 2, ((99, 2),), ())]


async def test_ids_of_two_sessions_differ_even_if_nothing_happened_between(venue: ScriptedVenue) -> None:
    async with (
        Client.connect(venue.host, venue.port, account="alice") as one,
        Client.connect(venue.host, venue.port, account="alice") as two,
    ):
        assert one.welcome.seq == two.welcome.seq
        assert one.next_id() != one.next_id()
        assert not {one.next_id(), one.next_id()} & {two.next_id(), two.next_id(), two.next_id()}

    assert unique_prefix(one.welcome, 5000) == "0-1388-"


@pytest.mark.slow
async def test_a_silent_venue_is_noticed() -> None:
    async with scripted_venue() as venue:
        with pytest.raises(SessionBroken, match="nothing heard for"):
            async with Client.connect(venue.host, venue.port, account="alice", heartbeat_s=1) as client:
                async for _ in client.reports():
                    pass

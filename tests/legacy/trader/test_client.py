"""The client on the generator kernel against a real venue: orders, answers, streams, ends."""

import socket
from collections.abc import Generator
from contextlib import closing
from typing import Any

import pytest

from legacy.trader.client import connect, session
from legacy.traps import join, pause, spawn, timeout
from protocol.errors import (
    LocalProtocolError,
    RemoteProtocolError,
    SessionBroken,
    SessionBusy,
    SessionClosed,
)
from protocol.messages import Accepted, Canceled, MassCanceled, Rejected, Replaced, TradeReport
from protocol.vocabulary import CancelReason, ErrorCode, OrderState, RejectReason, Side, TimeInForce
from tests.legacy.trader.conftest import Run
from tests.support.venue import VenueProcess
from traders.order_view import OrderPhase

Flow = Generator[Any, Any, Any]


# -- orders ----------------------------------------------------------------------------------------
def test_two_traders_meet(venue: VenueProcess, run: Run) -> None:
    def main() -> Flow:
        alice: Any = yield from connect(venue.host, venue.port, account="alice")
        bob: Any = yield from connect(venue.host, venue.port, account="bob")
        with bob.depth("BOOK") as depths, alice.trades("BOOK") as trades:
            assert (yield from depths.next()).bids == ()
            resting = yield from alice.buy("BOOK", 100, at=10_000)
            assert (yield from depths.next()).bids == ((10_000, 100),)
            taking = yield from bob.sell("BOOK", 40)
            print_ = yield from trades.next()
            yield from resting.replace(quantity=70)
            canceled = yield from resting.cancel()
        assert (print_.price, print_.quantity) == (10_000, 40)
        assert isinstance(canceled, Canceled)
        assert (canceled.quantity, canceled.cumulative) == (30, 40)
        state = yield from bob.order_status(taking.client_order_id)
        assert state.state is OrderState.FILLED
        kinds = [(yield from kinds_of(resting)), (yield from kinds_of(taking))]
        yield from alice.close()
        yield from bob.close()
        return kinds

    assert run(main()) == [[Accepted, TradeReport, Replaced, Canceled], [Accepted, TradeReport]]


def test_what_the_venue_refuses_is_an_answer(venue: VenueProcess, run: Run) -> None:
    def trade(client: Any) -> Flow:
        none_there = yield from client.buy("NOPE", 100, at=10_000)
        nothing = yield from client.buy("NONE", 10, time_in_force=TimeInForce.IOC)
        resting = yield from client.sell("NONE", 10, at=10_050)
        yield from resting.cancel()
        late = yield from resting.cancel()
        with pytest.raises(RemoteProtocolError) as unknown:
            yield from client.order_status("never")
        return none_there, nothing, late, unknown.value.code

    none_there, nothing, late, code = run(session(venue.host, venue.port, trade, account="carol"))

    assert none_there.phase is OrderPhase.REJECTED
    assert none_there.rejection.reason is RejectReason.UNKNOWN_SYMBOL
    assert nothing.phase is OrderPhase.CANCELED
    assert isinstance(late, Rejected)
    assert code is ErrorCode.UNKNOWN_ORDER


def test_an_order_is_reduced_to_nothing(venue: VenueProcess, run: Run) -> None:
    def trade(client: Any) -> Flow:
        order = yield from client.sell("LIFE", 10, at=10_000)
        less = yield from order.reduce(by=4)
        gone = yield from order.reduce(by=6)
        with pytest.raises(LocalProtocolError, match="needs a quantity"):
            yield from order.replace()
        return less, gone, order

    less, gone, order = run(session(venue.host, venue.port, trade, account="dora"))

    assert (less.quantity, less.leaves) == (6, 6)
    assert gone.reason is CancelReason.REDUCED_TO_NOTHING
    assert order.is_done


def test_answers_find_who_asked_whatever_their_order(venue: VenueProcess, run: Run) -> None:
    def enter(client: Any, price: int) -> Flow:
        order = yield from client.buy("MANY", 1, at=price)
        return order.price

    def trade(client: Any) -> Flow:
        tasks = []
        for price in range(100, 150):
            tasks.append((yield from spawn(enter(client, price))))
        prices = []
        for task in tasks:
            prices.append((yield from join(task)))
        answer = yield from client.mass_cancel(symbol="MANY", side=Side.BUY)
        return prices, answer

    prices, answer = run(session(venue.host, venue.port, trade, account="emil"))

    assert prices == list(range(100, 150))
    assert isinstance(answer, MassCanceled)
    assert answer.count == 50


def test_a_name_is_used_once_at_a_time(venue: VenueProcess, run: Run) -> None:
    def trade(client: Any) -> Flow:
        yield from client.buy("MASS", 1, at=100, client_order_id="mine")
        with pytest.raises(LocalProtocolError, match="mine is a live order"):
            yield from client.buy("MASS", 1, at=100, client_order_id="mine")
        yield from client.mass_cancel()
        state = yield from client.account()
        return state.account

    assert run(session(venue.host, venue.port, trade, account="fred")) == "fred"


def test_a_coroutine_uses_the_same_client(venue: VenueProcess, run: Run) -> None:
    async def main() -> tuple[list[type], int | None]:
        async with await connect(venue.host, venue.port, account="gina") as client:
            order = await client.sell("NEWS", 5, at=200)
            with client.depth("NEWS") as depths:
                asked = await anext(depths)
            await order.cancel()
            return [type(report) async for report in order], asked.best_ask

    assert run(main()) == ([Accepted, Canceled], 200)  # type: ignore[arg-type]  # a coroutine runs as well


# -- streams ---------------------------------------------------------------------------------------
def test_every_public_stream_can_be_read(venue: VenueProcess, run: Run) -> None:
    def trade(client: Any) -> Flow:
        streams = {
            "bbo": client.bbo("TAPE"),
            "orders": client.orders("TAPE"),
            "tape": client.tape("TAPE"),
            "candles": client.candles("TAPE", "1m"),
            "statistics": client.statistics("TAPE"),
            "status": client.status("TAPE"),
        }
        for stream in streams.values():
            stream.__enter__()
        yield from client.sell("TAPE", 5, at=300)
        yield from client.buy("TAPE", 2, at=300)
        seen = {}
        for name, stream in streams.items():
            seen[name] = yield from stream.next()
            while name == "statistics" and not seen[name].trades:
                seen[name] = yield from stream.next()
            yield from stream.close()
            assert (yield from stream.next()) is None
        yield from client.mass_cancel()
        return seen

    seen = run(session(venue.host, venue.port, trade, account="hugo"))

    assert seen["bbo"].best_ask == 300
    assert [level.price for level in seen["orders"].asks] == [300]
    assert (seen["tape"].price, seen["tape"].quantity) == (300, 2)
    assert seen["candles"].volume == 2
    assert seen["statistics"].trades == 1
    assert seen["status"].previous is None


def test_the_private_stream_is_resumed_where_its_reader_stopped(venue: VenueProcess, run: Run) -> None:
    def first(client: Any) -> Flow:
        with client.reports() as reports:
            order = yield from client.buy("MASS", 1, at=50)
            yield from order.cancel()
            read = yield from reports.next()
            with pytest.raises(SessionBusy):
                yield from client.reports().next()
        return read, client.resume_from

    def second(client: Any) -> Flow:
        with client.reports() as reports:
            return (yield from reports.next())

    def main() -> Flow:
        accepted, place = yield from session(venue.host, venue.port, first, account="ines")
        canceled = yield from session(venue.host, venue.port, second, account="ines", resume_from=place)
        return accepted, canceled

    accepted, canceled = run(main())

    assert isinstance(accepted, Accepted)
    assert isinstance(canceled, Canceled)
    assert canceled.seq == accepted.seq + 1


def test_the_inbox_has_everything_in_the_order_of_arrival(venue: VenueProcess, run: Run) -> None:
    def trade(client: Any) -> Flow:
        with client.inbox(["LIFE"]) as inbox:
            yield from inbox.next()
            order = yield from client.sell("LIFE", 1, at=70)
            inbox.put("a word")
            items = []
            for _ in range(3):
                items.append((yield from inbox.next()))
            yield from order.cancel()
        return {type(item).__name__ for item in items}

    kinds = run(session(venue.host, venue.port, trade, account="jana"))

    assert kinds == {"Accepted", "Depth", "str"}


def test_a_reader_that_gives_up_waiting_misses_nothing(venue: VenueProcess, run: Run) -> None:
    def trade(client: Any) -> Flow:
        with client.trades("SLOW") as trades:
            with pytest.raises(TimeoutError):
                yield from timeout(0.01, trades.next())
            yield from client.sell("SLOW", 1, at=70)
            yield from client.buy("SLOW", 1, at=70)
            return (yield from trades.next())

    print_ = run(session(venue.host, venue.port, trade, account="kurt"))

    assert (print_.price, print_.quantity) == (70, 1)


def test_a_stream_of_an_unknown_instrument_tells_so(venue: VenueProcess, run: Run) -> None:
    def trade(client: Any) -> Flow:
        with pytest.raises(RemoteProtocolError) as refused:
            yield from client.trades("NOPE").next()
        with pytest.raises(LocalProtocolError):
            client.depth("ACME", levels=0)
        return refused.value.code

    code = run(session(venue.host, venue.port, trade, account="lena"))

    assert code is ErrorCode.UNKNOWN_SYMBOL


# -- ends ------------------------------------------------------------------------------------------
def test_nobody_answers(run: Run) -> None:
    with closing(socket.create_server(("127.0.0.1", 0))) as listener:
        port = listener.getsockname()[1]

    with pytest.raises(SessionBroken, match=f"nobody answers at 127.0.0.1:{port} \\(Connection refused\\)"):
        run(connect("127.0.0.1", port, account="mona"))


def test_a_login_that_is_refused_says_why(venue: VenueProcess, run: Run) -> None:
    with pytest.raises(SessionBroken) as refused:
        run(connect(venue.host, venue.port, account="nina", resume_from=1_000))

    assert refused.value.code is ErrorCode.RESUME_FROM_THE_FUTURE


def test_after_the_logout_streams_end_quietly_and_requests_do_not(venue: VenueProcess, run: Run) -> None:
    def main() -> Flow:
        client = yield from connect(venue.host, venue.port, account="olaf")
        stream = client.depth("ACME")
        yield from stream.next()
        waiting = yield from spawn(stream.next())
        yield from pause()
        order = yield from client.buy("ACME", 1, at=10)
        yield from order.cancel()
        yield from client.close()
        yield from client.close()
        with pytest.raises(SessionClosed):
            yield from client.buy("ACME", 1, at=10)
        return (yield from join(waiting)), (yield from client.trades("ACME").next()), client.end

    last, nothing, end = run(main())

    assert (last is None or last.symbol == "ACME", nothing) == (True, None)
    assert isinstance(end, SessionClosed)


def kinds_of(order: Any) -> Flow:
    kinds = []
    while (report := (yield from order.next_report())) is not None:
        kinds.append(type(report))
    return kinds

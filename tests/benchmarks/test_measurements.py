"""Every benchmark runs, in a size that proves nothing about speed."""

import pytest

from benchmarks import engine, feed, flow, memory, restart, resume, special_orders, wire
from benchmarks.bare_book import BareBook
from benchmarks.load import Load, Shape
from benchmarks.report import Plan, Result
from benchmarks.servers import disk_directory, floor, venue
from exchange.engine.engine import Engine
from exchange.engine.events import (
    AuctionTrade,
    Event,
    LastPriceSet,
    OrderAccepted,
    OrderCanceled,
    OrderRepriced,
    OrderRested,
    OrdersExpired,
    RequestRejected,
    StopTriggered,
    Trade,
)
from protocol.vocabulary import Channel, Side

PLAN = Plan(samples=1)
TINY = Shape(2, 4, 100)

KINDS = (
    "limit, rests",
    "limit, trades with one",
    "market, trades with one",
    "ioc, trades with one",
    "ioc, meets none",
    "fok, trades with one",
    "fok, meets none",
    "post-only, rests",
    "cancel",
    "replace, new price",
    "replace, smaller",
    "reduce",
)


def shape_of(results: list[Result]) -> list[tuple[str, str, bool, float | None]]:
    """Case, unit, whether there is a floor, target."""
    assert all(result.value > 0 and result.samples == 1 for result in results)
    return [(result.case, result.unit, result.floor is not None, result.target) for result in results]


def test_engine() -> None:
    results = list(engine.measure(PLAN, length=500, queue=50, prices=50, rounds=20))

    assert shape_of(results) == [
        ("realistic flow", "commands/s", False, 600_000),
        ("the same on a bare book, no events", "commands/s", False, None),
        ("a level of 50 orders eaten", "commands/s", False, 300_000),
        ("50 distinct prices", "commands/s", False, 300_000),
        ("the best emptied over a gap", "commands/s", False, 300_000),
        *((f"only: {kind}", "commands/s", False, None) for kind in KINDS),
        *((f"realistic flow, {name}", "commands/s", False, None) for name, _ in special_orders.sleepers()),
        *(
            (f"only: {case.name}", "orders/s" if case.orders else "commands/s", False, None)
            for case in special_orders.cases(20)
        ),
    ]


HAPPENS: dict[str, type[Event]] = {
    "iceberg, rests": OrderAccepted,
    "iceberg, a peak is taken and refills": Trade,
    "hidden, trades with one": Trade,
    "market with protection": Trade,
    "market-to-limit": Trade,
    "market by amount": Trade,
    "money-limited fill-or-kill": Trade,
    "stop, waits": OrderAccepted,
    "stop, triggers and trades": StopTriggered,
    "trailing stop, follows the last price": LastPriceSet,
    "primary peg, follows the best": OrderRepriced,
    "post-only, repriced": OrderRested,
    "minimum quantity": Trade,
    "all-or-none, trades with one": Trade,
    "resting market order, trades": Trade,
    "GTD, expires": OrdersExpired,
    "self-trade prevention, cancel_maker": OrderCanceled,
    "self-trade prevention, cancel_aggressor": OrderCanceled,
    "self-trade prevention, cancel_both": OrderCanceled,
    "self-trade prevention, decrement": OrderCanceled,
    "pro-rata, a level of 10 shared": Trade,
    "limit in a band and a corridor, trades": Trade,
    "limit in a call": OrderAccepted,
    "auction": AuctionTrade,
}


@pytest.mark.parametrize("case", list(special_orders.cases(20)), ids=lambda case: case.name)
def test_each_special_order_does_what_its_figure_is_named_after(case: special_orders.Case) -> None:
    before, measured = case.work()
    venue = Engine()
    for command in before:
        assert not any(isinstance(event, RequestRejected) for event in venue.apply(command))

    for command in measured:
        events = venue.apply(command)
        assert not any(isinstance(event, RequestRejected) for event in events)
        assert any(type(event) is HAPPENS[case.name] for event in events), events


def test_sleeping_orders_are_there_and_do_nothing() -> None:
    made = flow.stationary(500, seed=5)
    for name, sleeper in special_orders.sleepers():
        venue = Engine()
        for command in (*made.warm_up, *sleeper, *made.commands):
            assert not any(isinstance(event, RequestRejected) for event in venue.apply(command)), name
        assert venue.books[flow.SYMBOL].special, name


def test_the_bare_book_does_the_same_trades() -> None:
    made = flow.stationary(3_000, seed=5)
    whole, bare = Engine(), BareBook()

    trades = 0
    for command in (*made.warm_up, *made.commands):
        trades += sum(type(event) is Trade for event in whole.apply(command))
        bare.handlers[type(command)](command)

    book = whole.books[flow.SYMBOL]
    assert bare.traded == trades > 100
    assert [bare.depth(side) for side in Side] == [book.depth(side) for side in Side]


def test_memory() -> None:
    results = list(memory.measure(PLAN, orders=5_000, connections=200))

    assert shape_of(results) == [
        ("resting order, of 5,000", "bytes", False, 600),
        ("idle connection, of 200", "kB", False, 60),
    ]
    assert all(result.at_most for result in results)


def test_restart() -> None:
    results = list(restart.measure(PLAN, length=1_200))

    # The instrument, the book that the flow finds, the flow.
    assert shape_of(results) == [
        (f"{1 + flow.RESTING + 1_200:,} commands without a snapshot", "commands/s", False, 300_000),
    ]


def test_resume() -> None:
    results = list(resume.measure(PLAN, missed=1_200))

    missed = results[0].case.partition(" ")[0]
    assert int(missed.replace(",", "")) >= 1_200
    assert shape_of(results) == [
        (f"{missed} missed messages, while it runs", "messages/s", False, 200_000),
        (f"{missed} missed messages, after kill -9 and restart", "messages/s", False, 200_000),
    ]


def test_feed_to_a_crowd() -> None:
    results = list(feed.fan_out(PLAN, Channel.DEPTH, (4,), readers=40))

    assert shape_of(results) == [
        ("depth to 40, 4 a turn", "lines/s", True, 0.4),
        ("depth to 40, 4 a turn, server's CPU", "us/line", True, None),
    ]


def test_feed_beside_orders() -> None:
    results = list(feed.round_trips(PLAN, readers=40, shape=Shape(2, 4, 200), calm=500))

    assert shape_of(results) == [
        (f"2x4{how}, depth to 40{what}", unit, True, target)
        for how, growth in (("", 2.0), (" at 500 requests/s", None))
        for what, unit, target in (
            (", round trip 99 %", "us", growth),
            (", round trip median", "us", None),
            ("", "requests/s", None),
        )
    ]


def test_feed_beside_readers_that_do_not_read() -> None:
    results = list(feed.stalled(PLAN, readers=10, number=10))

    assert [(result.case, result.target) for result in results] == [
        ("trades to 10 beside 10 that do not read", 0.9),
        ("trades to 10 beside 10 that do not read, server's CPU", None),
        ("memory of one of 10 that do not read", 2.0),
    ]
    assert results[-1].met


def test_feed_to_web_sockets() -> None:
    results = {
        result.case.rpartition(", ")[2]: result
        for result in feed.web_sockets(Plan(samples=1, seconds=1), readers=40, updates=500)
    }

    assert results["500 updates/s for 1 s"].unit == "updates/s"
    assert results["readers without the last one"].value == 0
    assert results["messages delivered"].value > 0
    assert results["readers shown how things stand instead"].value >= 0
    assert 0 < results["median"].value <= results["99 %"].value <= results["worst"].value


def test_wire_under_load() -> None:
    results = list(wire.under_load(PLAN, TINY))

    assert shape_of(results) == [
        ("2x4 journal off", "requests/s", True, 0.25),
        ("2x4 sync=full", "requests/s", True, 0.20),
        ("2x4 journal off, server's CPU", "us/request", True, None),
        ("2x4 sync=full, server's CPU", "us/request", True, None),
        ("2x4 journal off, floor on one buffer", "requests/s", True, None),
        ("2x4 sync=full, floor on one buffer", "requests/s", True, None),
        ("2x4 generator against a byte echo", "requests/s", False, None),
    ]


def test_wire_alone_and_beside_the_floor() -> None:
    results = [*wire.alone(PLAN, Shape(1, 1, 50)), *wire.beside_floor(PLAN, Shape(1, 8, 50))]

    assert shape_of(results) == [
        ("1x1 median round trip", "us", True, 1.6),
        ("1x1 journal off", "requests/s", True, None),
        ("1x8 journal off", "requests/s", True, None),
        ("1x8 journal off, server's CPU", "us/request", True, None),
    ]


@pytest.mark.parametrize("shape", [Shape(1, 1, 30), Shape(3, 8, 300), Shape(1, 64, 300)], ids=str)
def test_every_server_answers_every_request_of_every_run(shape: Shape) -> None:
    with (
        disk_directory() as directory,
        venue(directory, "--open", "--journal", "off") as exchange,
        floor(directory) as bare,
        Load(shape, runs=2, seed=1) as load,
    ):
        load.connect(exchange)
        load.connect(bare)
        runs = [load.run(server, number) for number in range(2) for server in (exchange, bare)]

    sent = {run.requests for run in runs}
    assert len(sent) == 1
    assert sent.pop() >= shape.requests * 0.8
    assert all(run.seconds > 0 for run in runs)

"""Orders with a deadline, and the order in which the venue removes orders: rules 15 and 16."""

from typing import Any

import pytest

from exchange.engine.commands import EndDay
from exchange.engine.events import OrdersExpired
from protocol.vocabulary import OrderState, OrderType, Phase, Side, TimeInForce
from tests.support.books import (
    TAKER,
    Market,
    at_any_price,
    book_of,
    buy,
    cancel,
    enter,
    expire,
    instrument,
    phase,
    picture,
    replace,
    sell,
    stop,
    told,
    trades,
    waiting,
)

DAY, GTD = TimeInForce.DAY, TimeInForce.GTD
AT_THE_OPEN, AT_THE_CLOSE = TimeInForce.AT_THE_OPEN, TimeInForce.AT_THE_CLOSE
RESTS = instrument(market_remainder_rests=True)


@pytest.mark.parametrize(("now", "expires"), [(999, False), (1_000, True), (1_001, True)])
def test_order_expires_when_its_deadline_is_there(now: int, expires: bool) -> None:
    """Rule 15: now >= deadline; expiry has its own now."""
    book = book_of()
    book.submit(buy(5, at=100, time_in_force=GTD, expires_at_ns=1_000))

    events = book.submit(expire(now))

    assert told(events) == (["new canceled 5: expired", "1 expired"] if expires else ["0 expired"])
    assert events[-1] == OrdersExpired(int(expires))
    assert book.order("new", TAKER).state is (OrderState.CANCELED if expires else OrderState.LIVE)


@pytest.mark.parametrize("deadline", [-1, 0])
def test_order_whose_deadline_is_over_is_refused(deadline: int) -> None:
    """Rules 8 and 15: it is 0 when it is entered."""
    book = book_of()

    events = book.submit(buy(5, at=100, time_in_force=GTD, expires_at_ns=deadline))

    assert told(events) == ["new refused: already_expired"]


def test_expired_order_trades_no_more_and_others_live_on() -> None:
    """Rule 15."""
    book = book_of("| 100 | 1 stays")
    book.submit(sell(1, at=100, name="goes", time_in_force=GTD, expires_at_ns=5))
    book.submit(sell(1, at=100, name="later", time_in_force=GTD, expires_at_ns=6))

    book.submit(expire(5))
    events = book.submit(buy(9, at=100))

    assert trades(events) == [("stays", 100, 1), ("later", 100, 1)]


def test_what_is_left_of_an_order_expires() -> None:
    """Rule 15."""
    book = book_of("| 100 | 3 a")
    book.submit(buy(5, at=100, time_in_force=GTD, expires_at_ns=5))

    events = book.submit(expire(5))

    assert told(events) == ["new canceled 2: expired", "1 expired"]


def test_deadline_outlives_a_replace_and_is_forgotten_with_a_cancel() -> None:
    """Rules 10 and 15."""
    book = book_of()
    for name in ("moved", "gone"):
        book.submit(buy(5, at=100, name=name, time_in_force=GTD, expires_at_ns=5))
    book.submit(replace("moved", price=90, quantity=9, owner=TAKER))
    book.submit(cancel("gone", TAKER))

    events = book.submit(expire(5))

    assert told(events) == ["moved canceled 9: expired", "1 expired"]


def test_engine_knows_when_an_order_may_expire_next() -> None:
    """Rule 15: expiry is a command, so somebody has to know when to send it."""
    book = book_of()
    before = book.engine.next_deadline_ns()
    for name, deadline in (("b", 7), ("a", 5), ("c", 9)):
        book.submit(buy(5, at=100, name=name, time_in_force=GTD, expires_at_ns=deadline))

    seen = [book.engine.next_deadline_ns()]
    for now in (5, 8, 9):
        book.submit(expire(now))
        seen.append(book.engine.next_deadline_ns())

    assert before is None
    assert seen == [5, 7, 9, None]


# -- the order of removal --------------------------------------------------------------------------
def everything(time_in_force: TimeInForce) -> Market:
    """Orders of every kind on both sides, entered in no particular order."""
    deadline = 5 if time_in_force is GTD else None
    more: dict[str, Any] = {"time_in_force": time_in_force, "expires_at_ns": deadline}
    book = book_of("", RESTS)
    for command in (
        stop(Side.SELL, 1, name="stop1", **more),
        sell(1, at=104, name="s104", **more),
        sell(1, at=104, name="s104hidden", hidden=True, **more),
        sell(1, at=104, name="s104second", **more),
        sell(1, at=103, name="s103", **more),
        buy(1, at=101, name="b101", **more),
        buy(1, at=99, name="b99hidden", hidden=True, **more),
        buy(1, at=99, name="b99", **more),
        buy(9, at=99, name="b99ice", display=1, **more),
        stop(Side.BUY, 200, name="stop2", **more),
        buy(1, at=98, name="stays"),
    ):
        assert told(book.submit(command))[0].endswith("accepted")
    return book


REMOVED = [
    "b99", "b99ice", "b99hidden", "b101", "s103", "s104", "s104second", "s104hidden", "stop1", "stop2",
]  # fmt: skip


def test_expired_orders_go_bids_then_asks_price_ascending_then_stops() -> None:
    """Rule 15: first in first out at a price, displayed before hidden."""
    book = everything(GTD)

    events = book.submit(expire(5))

    assert [sentence.split()[0] for sentence in told(events)] == [*REMOVED, "10"]
    assert picture(book) == [("bid", 98, "stays", 1)]
    assert waiting(book) == []


def test_end_of_day_removes_in_the_same_order() -> None:
    """Rule 15."""
    book = everything(DAY)

    events = book.submit(EndDay())

    assert [sentence.split()[0] for sentence in told(events)] == [*REMOVED, "day"]
    assert told(events)[-1] == "day ended, 10 canceled"


def test_market_orders_that_rest_go_before_the_limits_of_their_side() -> None:
    """Rules 15 and 52."""
    book = book_of("", RESTS)
    book.submit(buy(1, at=99, name="limit", time_in_force=DAY))
    for name in ("m1", "m2"):
        book.submit(buy(1, name=name, time_in_force=DAY))

    events = book.submit(EndDay())

    assert told(events)[:3] == [
        "m1 canceled 1: day_ended",
        "m2 canceled 1: day_ended",
        "limit canceled 1: day_ended",
    ]
    assert at_any_price(book, Side.BUY) == []


def test_orders_for_an_auction_end_with_the_day() -> None:
    """Rules 15 and 16: those that wait come last."""
    book = book_of()
    book.submit(buy(1, at=100, name="close", time_in_force=AT_THE_CLOSE))
    book.submit(phase(Phase.PRE_OPEN))
    book.submit(buy(1, at=100, name="open", time_in_force=AT_THE_OPEN))
    book.submit(buy(1, at=101, name="day", time_in_force=DAY))

    events = book.submit(EndDay())

    assert told(events) == [
        "open canceled 1: day_ended",
        "day canceled 1: day_ended",
        "close canceled 1: day_ended",
        "day ended, 3 canceled",
    ]


@pytest.mark.parametrize("time_in_force", [DAY, GTD])
def test_pegs_follow_before_the_count_and_are_no_part_of_it(time_in_force: TimeInForce) -> None:
    """Rules 15 and 53."""
    deadline = 5 if time_in_force is GTD else None
    book = book_of("5 y | 99 |")
    book.submit(buy(5, at=100, name="x", time_in_force=time_in_force, expires_at_ns=deadline))
    book.submit(enter(Side.BUY, 5, name="p", order_type=OrderType.PEG))

    events = book.submit(expire(5) if time_in_force is GTD else EndDay())

    assert told(events)[1] == "p moves from 100 to 99"
    assert told(events)[2] in ("1 expired", "day ended, 1 canceled")


def test_expiry_goes_through_the_instruments_as_they_were_listed() -> None:
    """Rule 15, over several books."""
    market = Market(instrument("TWO"), instrument("ONE"))
    for symbol in ("ONE", "TWO"):
        market.submit(buy(1, at=5, name=symbol, symbol=symbol, time_in_force=GTD, expires_at_ns=5))

    events = market.submit(expire(5))

    assert told(events) == ["TWO canceled 1: expired", "ONE canceled 1: expired", "2 expired"]

"""Corridors: longer calls, and trading that is interrupted by one (rule 38)."""

from typing import Any

import pytest

from exchange.engine.events import AuctionExtended
from protocol.vocabulary import (
    Phase,
    Price,
    Side,
    TimeInForce,
)
from tests.support.books import (
    ACME,
    Market,
    asks,
    bids,
    book_of,
    buy,
    call_of,
    instrument,
    last_price,
    phase,
    picture,
    sell,
    stop,
    told,
    waiting,
)

CONTINUOUS, OPENING, CLOSING = Phase.CONTINUOUS, Phase.OPENING_AUCTION, Phase.CLOSING_AUCTION


def auction_of(book: Market, to: Phase = CONTINUOUS) -> list[str]:
    """What the end of the call tells, without the change of phase."""
    return told(book.submit(phase(to)))[:-1]


STATIC = instrument(static_corridor=5, reference_price=100)


@pytest.mark.parametrize(("price", "held"), [(94, False), (95, True), (105, True), (106, False)])
def test_auction_price_outside_the_static_corridor_extends_the_call(price: Price, held: bool) -> None:
    """Rule 38: inclusive; nothing has happened, and the next attempt is a fresh one."""
    book = call_of(f"5 b | {price} | 5 s", STATIC)

    events = book.submit(phase(CONTINUOUS))

    if held:
        assert told(events)[0] == f"b buys from s: 5 at {price}"
    else:
        assert events == (AuctionExtended(ACME, OPENING, price),)
        assert book.engine.books[ACME].phase is OPENING
        assert picture(book) == [("bid", price, "b", 5), ("ask", price, "s", 5)]


def test_extended_call_ends_when_its_price_has_come_back_or_when_it_is_forced() -> None:
    """Rule 38."""
    back, forced = (call_of("5 b | 106 | 5 s", STATIC) for _ in range(2))
    for book in (back, forced):
        assert told(book.submit(phase(CONTINUOUS))) == ["opening_auction goes on: the price would be 106"]

    back.submit(sell(5, at=104, name="t"))
    came_back = back.submit(phase(CONTINUOUS))
    was_forced = forced.submit(phase(CONTINUOUS, forced=True))

    assert told(came_back)[:2] == ["b buys from t: 5 at 104", "auction: 5 at 104, surplus 0"]
    assert told(was_forced) == [
        "b buys from s: 5 at 106",
        "auction: 5 at 106, surplus 0",
        "opening_auction to continuous",
    ]


def test_auction_without_a_price_is_outside_of_nothing() -> None:
    """Rules 36 and 38."""
    book = call_of("5 b | 200 |", STATIC)

    assert auction_of(book) == ["auction without a price"]


def test_price_of_each_auction_is_the_next_reference() -> None:
    """Rule 38: the corridor moves with it."""
    book = call_of("5 b | 105 | 5 s", STATIC)
    book.submit(phase(CONTINUOUS))
    book.submit(phase(Phase.INTRADAY_AUCTION))
    book.submit(buy(5, at=110, name="b2"))
    book.submit(sell(5, at=110, name="s2"))

    assert auction_of(book) == ["b2 buys from s2: 5 at 110", "auction: 5 at 110, surplus 0"]


# -- continuous trading ------------------------------------------------------------------------------------
LADDER = """
    bid | price | ask
        |   106 | 5 d
        |   105 | 5 c
        |   103 | 5 a
"""
DYNAMIC = instrument(dynamic_corridor=5, reference_price=100)


@pytest.mark.parametrize(
    ("time_in_force", "rest"),
    [
        (TimeInForce.GTC, None),
        (TimeInForce.IOC, "new canceled 10: immediate_or_cancel"),
    ],
)
def test_aggressor_stops_before_the_first_trade_outside_the_dynamic_corridor(
    time_in_force: TimeInForce, rest: str | None
) -> None:
    """Rule 38: the corridor is inclusive and frozen; what is left joins the call, or is canceled."""
    book = book_of(LADDER, DYNAMIC)

    events = book.submit(buy(20, at=110, time_in_force=time_in_force))

    assert told(events) == [
        "new accepted",
        "new with a: 5 at 103",
        "new with c: 5 at 105",
        "continuous to volatility_auction",
        *([rest] if rest else []),
    ]
    assert bids(book) == ([] if rest else [(110, 10)])
    assert asks(book) == [(106, 5)]


def test_seller_stops_before_the_lower_end() -> None:
    """Rule 38, the other side."""
    book = book_of("5 x | 95 |\n5 y | 94 |", DYNAMIC)

    events = book.submit(sell(10, at=90))

    assert told(events) == ["new accepted", "new with x: 5 at 95", "continuous to volatility_auction"]
    assert (bids(book), asks(book)) == ([(94, 5)], [(90, 5)])


def test_first_trade_may_be_outside_already() -> None:
    """Rule 38: then there is none."""
    book = book_of("| 106 | 5 d", DYNAMIC)

    events = book.submit(buy(5))

    assert told(events) == [
        "new accepted",
        "continuous to volatility_auction",
        "new rests 5 at any price",
    ]
    assert told(book.submit(phase(CONTINUOUS))) == [
        "new buys from d: 5 at 106",
        "auction: 5 at 106, surplus 0",
        "volatility_auction to continuous",
    ]


def test_order_that_ends_just_inside_the_corridor_causes_no_auction() -> None:
    """Rule 38: what lies beyond is not reached."""
    book = book_of(LADDER, DYNAMIC)

    events = book.submit(buy(10, at=110))

    assert told(events) == ["new accepted", "new with a: 5 at 103", "new with c: 5 at 105"]


@pytest.mark.parametrize(
    ("terms", "end"),
    [
        ({"time_in_force": TimeInForce.FOK}, ["new canceled 15: fill_or_kill"]),
        ({"all_or_none": True}, []),
    ],
)
def test_order_that_must_be_whole_causes_no_auction(terms: dict[str, Any], end: list[str]) -> None:
    """Rules 14, 38, 51: it trades nothing, so nothing is outside."""
    book = book_of(LADDER, DYNAMIC)

    events = book.submit(buy(15, at=106, **terms))

    assert told(events) == ["new accepted", *end]
    assert book.engine.books[ACME].phase is CONTINUOUS


def test_corridor_moves_with_the_last_price() -> None:
    """Rule 38: around the last price, and the reference price only while there is none."""
    book = book_of("| 115 | 5 d", DYNAMIC)
    book.submit(last_price(110))

    events = book.submit(buy(5, at=115))

    assert told(events) == ["new accepted", "new with d: 5 at 115"]


def test_there_is_no_corridor_without_a_price_to_measure_it_from() -> None:
    """Rule 38."""
    book = book_of("| 115 | 5 d", instrument(dynamic_corridor=5))

    events = book.submit(buy(5, at=115))

    assert told(events) == ["new accepted", "new with d: 5 at 115"]


def test_triggered_stop_may_cause_the_auction_and_stops_not_elected_yet_wait() -> None:
    """Rules 28 and 38: in a call nothing is triggered."""
    book = book_of("| 101 | 1 a\n | 104 | 1 b\n | 120 | 5 c", DYNAMIC)
    book.submit(stop(Side.BUY, 101, 2, name="s1"))
    book.submit(stop(Side.BUY, 104, 2, name="s2"))

    events = book.submit(buy(1, at=101))

    assert told(events) == [
        "new accepted",
        "new with a: 1 at 101",
        "s1 triggered at 101",
        "s1 with b: 1 at 104",
        "continuous to volatility_auction",
        "s1 rests 1 at any price",
    ]
    assert waiting(book) == [("s2", 104, 2)]


def test_stop_elected_before_a_volatility_auction_goes_into_it_or_is_killed_by_its_time_in_force() -> None:
    """Rules 14, 28 and 38: what was elected goes on; what must trade at once can't."""
    book = book_of("| 120 | 9 far\n| 101 | 1 near", instrument(dynamic_corridor=5))
    book.submit(last_price(100))
    book.submit(stop(Side.BUY, 101, 3, name="first"))
    book.submit(stop(Side.BUY, 102, 1, name="whole", time_in_force=TimeInForce.FOK))
    book.submit(stop(Side.BUY, 102, 1, name="now", time_in_force=TimeInForce.IOC))
    book.submit(stop(Side.BUY, 103, 1, name="last"))

    events = book.submit(last_price(103))

    assert told(events) == [
        "last price 103",
        "first triggered at 101",
        "first with near: 1 at 101",
        "continuous to volatility_auction",
        "first rests 2 at any price",
        "whole triggered at 102",
        "whole canceled 1: fill_or_kill",
        "now triggered at 102",
        "now canceled 1: immediate_or_cancel",
        "last triggered at 103",
        "last rests 1 at any price",
    ]

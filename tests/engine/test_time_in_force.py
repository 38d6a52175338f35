"""How long orders work: rules 13 to 15."""

import pytest

from exchange.engine.commands import EndDay
from protocol.vocabulary import OrderState, TimeInForce
from tests.support.books import (
    MAKER,
    Market,
    asks,
    bids,
    book_of,
    buy,
    instrument,
    mass_cancel,
    picture,
    picture_of,
    sell,
    told,
)

DAY, GTC, IOC, FOK = TimeInForce.DAY, TimeInForce.GTC, TimeInForce.IOC, TimeInForce.FOK

LADDER = """
    bid | price | ask
        |   103 | 9 d
        |   102 | 5 c
        |   101 | 4 a, 2 b
    3 x |   100 |
"""


def test_rest_of_an_immediate_order_is_canceled() -> None:
    """Rule 13."""
    book = book_of(LADDER)

    events = book.submit(buy(8, at=101, time_in_force=IOC))

    assert told(events) == [
        "new accepted",
        "new with a: 4 at 101",
        "new with b: 2 at 101",
        "new canceled 2: immediate_or_cancel",
    ]
    assert bids(book) == [(100, 3)]


def test_immediate_order_without_any_fill_is_canceled_not_refused() -> None:
    """Rule 13."""
    book = book_of(LADDER)

    events = book.submit(buy(8, at=100, time_in_force=IOC))

    assert told(events) == ["new accepted", "new canceled 8: immediate_or_cancel"]
    assert picture(book) == picture_of(LADDER)
    assert book.order("new", "taker").state is OrderState.CANCELED


def test_immediate_order_that_fills_says_nothing_more() -> None:
    """Rule 13."""
    book = book_of(LADDER)

    events = book.submit(buy(4, at=101, time_in_force=IOC))

    assert told(events) == ["new accepted", "new with a: 4 at 101"]


def test_fill_or_kill_counts_all_levels_up_to_its_limit() -> None:
    """Rule 14: an exact fit fills."""
    book = book_of(LADDER)

    events = book.submit(buy(11, at=102, time_in_force=FOK))

    assert told(events) == [
        "new accepted",
        "new with a: 4 at 101",
        "new with b: 2 at 101",
        "new with c: 5 at 102",
    ]
    assert asks(book) == [(103, 9)]


@pytest.mark.parametrize(("quantity", "limit"), [(12, 102), (7, 101), (21, 103), (21, 500), (1, 100)])
def test_fill_or_kill_that_is_short_is_killed_without_a_side_effect(quantity: int, limit: int) -> None:
    """Rule 14."""
    book = book_of(LADDER)

    events = book.submit(buy(quantity, at=limit, time_in_force=FOK))

    assert told(events) == ["new accepted", f"new canceled {quantity}: fill_or_kill"]
    assert picture(book) == picture_of(LADDER)


def test_fill_or_kill_does_not_count_what_was_canceled() -> None:
    """Rule 14."""
    book = book_of(LADDER)
    book.submit(buy(3, at=101, name="before"))

    short = book.submit(buy(4, at=101, name="four", time_in_force=FOK))
    fits = book.submit(buy(3, at=101, name="three", time_in_force=FOK))

    assert told(short) == ["four accepted", "four canceled 4: fill_or_kill"]
    assert told(fits) == ["three accepted", "three with a: 1 at 101", "three with b: 2 at 101"]


def test_selling_fill_or_kill_looks_at_the_bids() -> None:
    """Rule 14, the other side."""
    book = book_of(LADDER)

    short = book.submit(sell(4, at=100, name="short", time_in_force=FOK))
    fits = book.submit(sell(3, at=100, name="fits", time_in_force=FOK))

    assert told(short) == ["short accepted", "short canceled 4: fill_or_kill"]
    assert told(fits) == ["fits accepted", "fits with x: 3 at 100"]


def test_fill_or_kill_market_order_takes_everything_or_nothing() -> None:
    """Rules 14 and 18: it fills over all levels; short, it is killed as any fill or kill."""
    book = book_of(LADDER)

    short = book.submit(buy(21, name="short", time_in_force=FOK))
    fits = book.submit(buy(20, name="fits", time_in_force=FOK))

    assert told(short) == ["short accepted", "short canceled 21: fill_or_kill"]
    assert [sentence.split(":")[1] for sentence in told(fits)[1:]] == [
        " 4 at 101",
        " 2 at 101",
        " 5 at 102",
        " 9 at 103",
    ]


def test_fill_or_kill_market_order_with_protection_counts_only_what_it_may_reach() -> None:
    """Rules 14 and 17."""
    book = book_of(LADDER)

    short = book.submit(buy(12, protection=1, name="short", time_in_force=FOK))
    fits = book.submit(buy(11, protection=1, name="fits", time_in_force=FOK))

    assert told(short) == ["short accepted", "short canceled 12: fill_or_kill"]
    assert told(fits)[-1] == "fits with c: 5 at 102"


def test_end_of_day_removes_day_orders_bids_first_price_ascending_oldest_first() -> None:
    """Rule 15: the order of removal."""
    book = book_of(LADDER)
    for command in (
        sell(1, at=105, name="s105", time_in_force=DAY),
        sell(1, at=104, name="s104", time_in_force=DAY),
        buy(1, at=99, name="b99", time_in_force=DAY),
        buy(1, at=98, name="b98", time_in_force=DAY),
        buy(2, at=98, name="b98second", time_in_force=DAY),
        sell(1, at=104, name="s104second", time_in_force=DAY),
    ):
        book.submit(command)

    events = book.submit(EndDay())

    assert told(events) == [
        "b98 canceled 1: day_ended",
        "b98second canceled 2: day_ended",
        "b99 canceled 1: day_ended",
        "s104 canceled 1: day_ended",
        "s104second canceled 1: day_ended",
        "s105 canceled 1: day_ended",
        "day ended, 6 canceled",
    ]
    assert picture(book) == picture_of(LADDER)


def test_end_of_day_goes_through_the_instruments_as_they_were_listed() -> None:
    """Rule 15, over several books."""
    market = Market(instrument("TWO"), instrument("ONE"))
    market.submit(buy(1, at=5, name="one", symbol="ONE", time_in_force=DAY))
    market.submit(buy(1, at=5, name="two", symbol="TWO", time_in_force=DAY))

    events = market.submit(EndDay())

    assert told(events) == ["two canceled 1: day_ended", "one canceled 1: day_ended", "day ended, 2 canceled"]


def test_end_of_day_without_day_orders_only_says_so() -> None:
    """Rule 15."""
    book = book_of(LADDER)

    events = book.submit(EndDay())

    assert told(events) == ["day ended, 0 canceled"]
    assert picture(book) == picture_of(LADDER)


def test_what_is_left_of_a_traded_day_order_ends_with_the_day() -> None:
    """Rule 15."""
    book = book_of(LADDER)
    book.submit(buy(7, at=101, time_in_force=DAY))

    events = book.submit(EndDay())

    assert told(events) == ["new canceled 1: day_ended", "day ended, 1 canceled"]


def test_next_day_frees_the_ids_of_dead_orders_and_only_those() -> None:
    """Rule 6: unique for the trading day, and rule 15: GTC orders outlive it."""
    book = book_of(LADDER)
    book.submit(mass_cancel(MAKER))
    book.submit(sell(1, at=101, name="alive", owner=MAKER))
    book.submit(EndDay())

    dead = book.submit(sell(1, at=101, name="a", owner=MAKER))
    alive = book.submit(sell(1, at=101, name="alive", owner=MAKER))

    assert told(dead) == ["a accepted"]
    assert told(alive) == ["alive refused: duplicate_client_order_id"]


@pytest.mark.parametrize("time_in_force", [GTC, DAY])
def test_order_that_rests_is_visible_at_once(time_in_force: TimeInForce) -> None:
    book = book_of()

    events = book.submit(buy(5, at=100, time_in_force=time_in_force))

    assert told(events) == ["new accepted"]
    assert picture(book) == [("bid", 100, "new", 5)]

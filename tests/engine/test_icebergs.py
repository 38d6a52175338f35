"""Orders that show a part of themselves, or nothing: rules 23 to 26."""

from typing import Any

import pytest

from protocol.vocabulary import Price, Quantity, Side
from tests.support.books import (
    MAKER,
    Market,
    asks,
    bids,
    book_of,
    buy,
    cancel,
    enter,
    instrument,
    picture,
    reduce,
    replace,
    sell,
    told,
    trades,
)


def one_and_another(**settings: Any) -> Market:
    """An iceberg ``ice`` of 30 with a peak of 10, then an ordinary order ``b`` of 5, both at 100."""
    book = book_of("", instrument(**settings))
    book.submit(sell(30, at=100, name="ice", owner=MAKER, display=10))
    book.submit(sell(5, at=100, name="b", owner=MAKER))
    return book


# -- peaks -----------------------------------------------------------------------------------------
def test_partly_filled_peak_keeps_its_place() -> None:
    """Rule 23."""
    book = one_and_another()

    first = book.submit(buy(4, at=100, name="1"))
    second = book.submit(buy(6, at=100, name="2"))

    assert (trades(first), trades(second)) == ([("ice", 100, 4)], [("ice", 100, 6)])


def test_exhausted_peak_refills_at_the_back_of_its_level() -> None:
    """Rule 23."""
    book = one_and_another()

    book.submit(buy(10, at=100, name="1"))
    events = book.submit(buy(6, at=100, name="2"))

    assert trades(events) == [("b", 100, 5), ("ice", 100, 1)]
    assert picture(book) == [("ask", 100, "ice", 19)]


def test_refilled_peak_stands_before_whoever_comes_after_its_refill() -> None:
    """Rule 23: the new sequence is that of the command that exhausted the old peak."""
    book = one_and_another()

    book.submit(buy(10, at=100, name="1"))
    book.submit(sell(5, at=100, name="c"))
    events = book.submit(buy(18, at=100, name="2"))

    assert trades(events) == [("b", 100, 5), ("ice", 100, 10), ("c", 100, 3)]


def test_peak_may_keep_its_place_where_the_instrument_says_so() -> None:
    """Rule 23, the other choice."""
    book = one_and_another(peak_refills_in_front=True)

    events = book.submit(buy(12, at=100))

    assert trades(events) == [("ice", 100, 10), ("ice", 100, 2)]
    assert asks(book) == [(100, 13)]


@pytest.mark.parametrize(("display", "shown"), [(1, 1), (7, 7), (8, 8), (9, 8), (1_000, 8)])
def test_peak_is_not_more_than_what_is_open(display: Quantity, shown: Quantity) -> None:
    """Rule 23."""
    book = book_of()

    events = book.submit(buy(8, at=50, display=display))

    assert told(events) == ["new accepted"]
    assert bids(book) == [(50, shown)]


def test_last_peak_is_what_is_left() -> None:
    """Rule 23."""
    book = book_of()
    book.submit(sell(25, at=100, name="ice", owner=MAKER, display=10))

    shown = [asks(book)]
    for number in range(2):
        book.submit(buy(10, at=100, name=f"b{number}"))
        shown.append(asks(book))

    assert shown == [[(100, 10)], [(100, 10)], [(100, 5)]]


# -- one sweep at one price ------------------------------------------------------------------------
@pytest.mark.parametrize(("makers", "near", "far"), [(Side.SELL, 100, 101), (Side.BUY, 100, 99)])
def test_sweep_takes_displayed_then_peaks_in_turn_then_hidden_then_the_next_level(
    makers: Side, near: Price, far: Price
) -> None:
    """Rules 1, 2, 24: all of one price before the next, and at the resting prices."""
    book = book_of()
    book.submit(enter(makers, 7, near, name="hidden", owner=MAKER, hidden=True))
    book.submit(enter(makers, 25, near, name="ten", owner=MAKER, display=10))
    book.submit(enter(makers, 5, near, name="plain", owner=MAKER))
    book.submit(enter(makers, 20, near, name="eight", owner=MAKER, display=8))
    book.submit(enter(makers, 5, far, name="next", owner=MAKER))

    events = book.submit(enter(makers.opposite, 60, far))

    assert trades(events) == [
        ("ten", near, 10),
        ("plain", near, 5),
        ("eight", near, 8),
        ("ten", near, 10),
        ("eight", near, 8),
        ("ten", near, 5),
        ("eight", near, 4),
        ("hidden", near, 7),
        ("next", far, 3),
    ]
    assert [(price, name, quantity) for _, price, name, quantity in picture(book)] == [(far, "next", 2)]


def test_sweep_that_takes_just_the_displayed_quantities_leaves_fresh_peaks_in_their_order() -> None:
    """Rules 23, 24: an exact fit refills all of them."""
    book = book_of()
    book.submit(sell(25, at=100, name="ten", owner=MAKER, display=10))
    book.submit(sell(5, at=100, name="plain", owner=MAKER))
    book.submit(sell(20, at=100, name="eight", owner=MAKER, display=8))

    book.submit(buy(23, at=100, name="1"))

    assert picture(book) == [("ask", 100, "ten", 15), ("ask", 100, "eight", 12)]
    assert asks(book) == [(100, 18)]
    assert trades(book.submit(buy(11, at=100, name="2"))) == [("ten", 100, 10), ("eight", 100, 1)]


def test_hidden_orders_trade_among_themselves_in_the_order_of_their_arrival() -> None:
    """Rule 2: displayed before hidden, then arrival."""
    book = book_of()
    for name in ("h1", "h2", "h3"):
        book.submit(buy(5, at=50, name=name, owner=MAKER, hidden=True))
    book.submit(buy(5, at=50, name="late", owner=MAKER))
    book.submit(cancel("h2"))

    events = book.submit(sell(12, at=50))

    assert trades(events) == [("late", 50, 5), ("h1", 50, 5), ("h3", 50, 2)]


# -- an aggressive iceberg -------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("offered", "peak", "reserve"),
    [(0, 10, 90), (20, 10, 70), (50, 10, 40), (90, 10, 0), (95, 5, 0), (100, 0, 0)],
)
@pytest.mark.parametrize("side", Side)
def test_aggressive_iceberg_executes_its_full_size_first(
    side: Side, offered: Quantity, peak: Quantity, reserve: Quantity
) -> None:
    """Rule 25, its examples: what rests has peak plus reserve equal to what is unexecuted, exactly."""
    book = book_of()
    if offered:
        book.submit(enter(side.opposite, offered, 100, name="a", owner=MAKER))

    events = book.submit(enter(side, 100, 100, display=10))

    assert trades(events) == ([("a", 100, offered)] if offered else [])
    assert book.engine.books[book.order("new", "taker").symbol].depth(side) == ([(100, peak)] if peak else [])
    assert book.order("new", "taker").leaves == peak + reserve


# -- what is shown ---------------------------------------------------------------------------------
def test_depth_shows_peaks_only_and_nothing_of_hidden_orders() -> None:
    """Rule 26."""
    book = book_of("| 100 | 5 a")
    book.submit(sell(30, at=100, name="ice", display=10))
    book.submit(sell(70, at=100, name="hidden", hidden=True))
    book.submit(sell(1, at=99, name="alone", hidden=True))

    assert asks(book) == [(100, 15)]
    assert picture(book) == [
        ("ask", 99, "alone", 1),
        ("ask", 100, "a", 5),
        ("ask", 100, "ice", 30),
        ("ask", 100, "hidden", 70),
    ]


def test_hidden_order_is_met_at_its_own_price_although_nobody_sees_it() -> None:
    """Rules 1 and 26."""
    book = book_of("| 100 | 5 a")
    book.submit(sell(1, at=98, name="alone", hidden=True))

    events = book.submit(buy(3, at=100, name="b"))

    assert told(events) == ["b accepted", "b with alone: 1 at 98", "b with a: 2 at 100"]


def test_level_that_only_hidden_orders_are_left_of_is_not_shown() -> None:
    """Rule 26."""
    book = book_of("| 100 | 5 a")
    book.submit(sell(3, at=100, name="hidden", hidden=True))

    book.submit(buy(5, at=100))

    assert asks(book) == []
    assert picture(book) == [("ask", 100, "hidden", 3)]


# -- changes ---------------------------------------------------------------------------------------
def test_iceberg_that_shrinks_keeps_its_place_and_shows_no_more_than_is_left() -> None:
    """Rules 10 and 23."""
    book = one_and_another()
    book.submit(buy(4, at=100, name="1"))

    shown = []
    for total in (20, 10, 9):
        assert told(book.submit(replace("ice", quantity=total)))[0].endswith("keeps its place")
        shown.append(asks(book))

    assert shown == [[(100, 11)], [(100, 11)], [(100, 10)]]
    assert trades(book.submit(buy(6, at=100, name="2"))) == [("ice", 100, 5), ("b", 100, 1)]


def test_iceberg_that_grows_goes_to_the_back_with_a_full_peak() -> None:
    """Rules 10 and 23."""
    book = one_and_another()
    book.submit(buy(4, at=100, name="1"))

    events = book.submit(replace("ice", quantity=31))

    assert told(events) == ["ice replaced: 27 at 100, goes to the back"]
    assert asks(book) == [(100, 15)]
    assert trades(book.submit(buy(7, at=100, name="2"))) == [("b", 100, 5), ("ice", 100, 2)]


def test_reduced_iceberg_keeps_its_place() -> None:
    """Rules 10 and 23."""
    book = one_and_another()

    events = book.submit(reduce("ice", 22))

    assert told(events) == ["ice replaced: 8 at 100, keeps its place"]
    assert asks(book) == [(100, 13)]
    assert trades(book.submit(buy(9, at=100))) == [("ice", 100, 8), ("b", 100, 1)]


@pytest.mark.parametrize("name", ["ice", "hidden"])
def test_canceled_order_takes_its_unseen_part_with_it(name: str) -> None:
    """Rule 26: nothing is left to meet."""
    book = book_of()
    book.submit(sell(30, at=100, name="ice", owner=MAKER, display=10))
    book.submit(sell(30, at=100, name="hidden", owner=MAKER, hidden=True))

    events = book.submit(cancel(name))
    swept = book.submit(buy(100, at=100))

    assert told(events) == [f"{name} canceled 30: requested"]
    assert sum(quantity for _, _, quantity in trades(swept)) == 30
    assert picture(book) == [("bid", 100, "new", 70)]


def test_iceberg_may_not_grow_beyond_the_peaks_it_could_be_entered_with() -> None:
    """Rules 12 and 23: one order must not make any number of trades."""
    book = book_of()
    book.submit(sell(1_000, at=100, name="ice", owner=MAKER, display=1))

    events = book.submit(replace("ice", quantity=1_001))

    assert told(events) == ["ice refused: conflicting_fields"]
    assert picture(book) == [("ask", 100, "ice", 1_000)]


@pytest.mark.parametrize("display", [3, 4, 100])
def test_iceberg_that_shows_all_it_has_is_counted_down_like_any_order(display: int) -> None:
    """Rules 3 and 23: nobody gets more of it than is open."""
    book = book_of()
    book.submit(buy(3, at=102, name="ice", owner=MAKER, display=display))

    first = book.submit(sell(2, name="1"))
    shown = bids(book)
    second = book.submit(sell(2, name="2"))

    assert told(first) == ["1 accepted", "1 with ice: 2 at 102"]
    assert shown == [(102, 1)]
    assert told(second) == ["2 accepted", "2 with ice: 1 at 102", "2 canceled 1: market_remainder"]


def test_last_peak_is_counted_down_like_any_order() -> None:
    """Rules 3 and 23: what is left of 25 after two peaks of 10."""
    book = book_of()
    book.submit(sell(25, at=100, name="ice", owner=MAKER, display=10))

    met = [
        trades(book.submit(buy(quantity, at=100, name=f"b{at}")))
        for at, quantity in enumerate((10, 10, 3, 3))
    ]

    assert met == [[("ice", 100, 10)], [("ice", 100, 10)], [("ice", 100, 3)], [("ice", 100, 2)]]
    assert picture(book) == [("bid", 100, "b3", 1)]


def test_iceberg_that_shrinks_to_its_peak_is_counted_down_like_any_order() -> None:
    """Rules 10 and 23."""
    book = book_of()
    book.submit(sell(25, at=100, name="ice", owner=MAKER, display=10))
    book.submit(replace("ice", quantity=6))

    met = [trades(book.submit(buy(4, at=100, name=name))) for name in ("1", "2")]

    assert met == [[("ice", 100, 4)], [("ice", 100, 2)]]
    assert (bids(book), asks(book)) == ([(100, 2)], [])

"""Where prices may be: tick tables, entry bands and execution ranges (rules 8 and 40)."""

import pytest

from exchange.engine.commands import Command
from protocol.vocabulary import OrderType, Price, Side, TimeInForce
from tests.support.books import (
    MAKER,
    TAKER,
    asks,
    book_of,
    buy,
    enter,
    instrument,
    last_price,
    picture,
    picture_of,
    replace,
    sell,
    told,
    trades,
)

BAND = instrument(band=10)
RANGE = instrument(execution_range=5)


# -- ticks -----------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("price", "valid"),
    [
        (99, True),
        (100, True),
        (101, False),
        (105, True),
        (995, True),
        (1_000, True),
        (1_005, False),
        (1_010, True),
    ],
)
def test_tick_is_that_of_the_prices_range(price: Price, valid: bool) -> None:
    """Rule 8: 1 below 100, 5 from there, 10 from 1000."""
    book = book_of("", instrument(tick=1, tick_table=[(100, 5), (1_000, 10)]))

    events = book.submit(buy(1, at=price))

    assert told(events) == ["new accepted" if valid else "new refused: off_tick"]


def test_stop_prices_caps_and_new_prices_keep_to_the_table_too() -> None:
    """Rules 8 and 12."""
    book = book_of("1 x | 90 |", instrument(tick=1, tick_table=[(100, 5)]))
    commands: list[Command] = [
        buy(1, name="1", order_type=OrderType.STOP, stop_price=101),
        buy(1, name="2", order_type=OrderType.PEG, cap=101),
        replace("x", price=101),
    ]

    answers = [told(book.submit(command)) for command in commands]

    assert answers == [[f"{name} refused: off_tick"] for name in ("1", "2", "x")]


# -- the entry band --------------------------------------------------------------------------------
@pytest.mark.parametrize("side", Side)
@pytest.mark.parametrize(("price", "inside"), [(89, False), (90, True), (110, True), (111, False)])
def test_limits_are_entered_within_the_band_around_the_last_price(
    side: Side, price: Price, inside: bool
) -> None:
    """Rule 40: inclusive, on both sides and for both sides."""
    book = book_of("", BAND)
    book.submit(last_price(100))

    events = book.submit(enter(side, 1, price))

    assert told(events) == ["new accepted" if inside else "new refused: outside_band"]


@pytest.mark.parametrize(
    ("table", "last", "reference", "centre"),
    [
        ("", 100, 150, 100),
        ("| 109 | 1 a\n1 x | 107 |", 100, 105, 100),
        ("| 104 | 1 a\n1 x | 101 |", None, 105, 102),  # the middle, rounded down
        ("1 x | 101 |", None, 105, 105),  # one side has no middle
        ("", None, 105, 105),
    ],
)
def test_band_lies_around_the_last_price_else_the_middle_else_the_reference_price(
    table: str, last: Price | None, reference: Price, centre: Price
) -> None:
    """Rule 40."""
    inside = {}
    for side, distance in [(Side.BUY, -11), (Side.BUY, -10), (Side.SELL, 10), (Side.SELL, 11)]:
        book = book_of(table, instrument(band=10, reference_price=reference))
        if last is not None:
            book.submit(last_price(last))
        inside[distance] = told(book.submit(enter(side, 1, centre + distance))) == ["new accepted"]

    assert inside == {-11: False, -10: True, 10: True, 11: False}


def test_there_is_no_band_without_a_price_to_measure_it_from() -> None:
    """Rule 40."""
    book = book_of("", BAND)

    events = book.submit(buy(1, at=1)) + book.submit(sell(1, at=999_999, name="far"))

    assert told(events) == ["new accepted", "far accepted"]


def test_market_orders_skip_the_band() -> None:
    """Rule 40."""
    book = book_of("| 150 | 1 a", BAND)
    book.submit(last_price(100))

    events = book.submit(buy(1))

    assert told(events) == ["new accepted", "new with a: 1 at 150"]


def test_replace_out_of_the_band_is_refused_and_the_order_stays() -> None:
    """Rules 12 and 40."""
    book = book_of("5 x | 100 |", BAND)
    book.submit(last_price(100))

    outside = book.submit(replace("x", price=111, quantity=1))
    edge = book.submit(replace("x", price=110))

    assert told(outside) == ["x refused: outside_band"]
    assert told(edge) == ["x replaced: 5 at 110, goes to the back"]


def test_order_that_the_band_has_left_behind_may_still_shrink() -> None:
    """Rules 10 and 40: its price is not entered again."""
    book = book_of("5 x | 100 |", BAND)
    book.submit(last_price(500))

    events = book.submit(replace("x", quantity=3))

    assert told(events) == ["x replaced: 3 at 100, keeps its place"]


@pytest.mark.parametrize(("limit", "inside"), [(115, True), (116, False)])
def test_limit_of_a_stop_is_held_against_the_band_when_it_is_triggered(limit: Price, inside: bool) -> None:
    """Rules 27 and 40: at entry it may be anywhere."""
    book = book_of("", BAND)
    book.submit(last_price(50))
    entered = book.submit(buy(5, at=limit, name="s", order_type=OrderType.STOP_LIMIT, stop_price=105))

    events = book.submit(last_price(105))

    assert told(entered) == ["s accepted"]
    assert told(events)[1:] == ["s triggered at 105", *([] if inside else ["s canceled 5: outside_band"])]


# -- the execution range ---------------------------------------------------------------------------
def test_market_order_trades_within_its_range_and_no_further() -> None:
    """Rule 40: inclusive, and frozen while the last price moves under the sweep."""
    book = book_of("""
        bid | price | ask
            |   106 | 5 c
            |   105 | 5 b
            |   103 | 5 a
    """, RANGE)  # fmt: skip
    book.submit(last_price(100))

    events = book.submit(buy(20))

    assert told(events) == [
        "new accepted",
        "new with a: 5 at 103",
        "new with b: 5 at 105",
        "new canceled 10: market_remainder",
    ]
    assert asks(book) == [(106, 5)]


def test_next_market_order_is_measured_from_the_new_last_price() -> None:
    """Rule 40: frozen for one sweep, not for ever."""
    book = book_of("| 106 | 5 c\n | 105 | 5 b", RANGE)
    book.submit(last_price(100))
    book.submit(buy(10, name="1"))

    events = book.submit(buy(5, name="2"))

    assert trades(events) == [("c", 106, 5)]


def test_seller_keeps_to_the_lower_end_of_the_range() -> None:
    """Rule 40, the other side."""
    book = book_of("5 x | 95 |\n5 y | 94 |", RANGE)
    book.submit(last_price(100))

    events = book.submit(sell(10))

    assert told(events) == ["new accepted", "new with x: 5 at 95", "new canceled 5: market_remainder"]


def test_market_order_with_everything_out_of_range_ends_without_liquidity() -> None:
    """Rules 18 and 40."""
    table = "| 106 | 5 c"
    book = book_of(table, RANGE)
    book.submit(last_price(100))

    events = book.submit(buy(5))

    assert told(events) == ["new accepted", "new canceled 5: no_liquidity"]
    assert picture(book) == picture_of(table)


@pytest.mark.parametrize(("quantity", "fills"), [(5, True), (6, False)])
def test_range_bounds_what_fill_or_kill_counts(quantity: int, fills: bool) -> None:
    """Rules 14 and 40."""
    book = book_of("| 106 | 5 c\n | 105 | 5 b", RANGE)
    book.submit(last_price(100))

    events = book.submit(buy(quantity, time_in_force=TimeInForce.FOK))

    assert trades(events) == ([("b", 105, 5)] if fills else [])


def test_limit_orders_do_not_obey_the_range() -> None:
    """Rule 40: they have said how far they go."""
    book = book_of("| 150 | 5 c", RANGE)
    book.submit(last_price(100))

    events = book.submit(buy(5, at=150))

    assert told(events) == ["new accepted", "new with c: 5 at 150"]


def test_money_is_spent_within_the_range() -> None:
    """Rules 20 and 40."""
    book = book_of("| 106 | 5 c\n | 105 | 5 b", RANGE)
    book.submit(last_price(100))

    events = book.submit(enter(Side.BUY, 0, order_type=OrderType.MARKET_BY_AMOUNT, amount=10**6))

    assert trades(events) == [("b", 105, 5)]
    assert book.order("new", TAKER).cumulative == 5


def test_rest_of_a_market_order_does_not_rest_where_there_is_a_range() -> None:
    """Rules 40 and 52: it would meet prices that it must not trade at."""
    book = book_of("| 105 | 5 b", instrument(execution_range=5, market_remainder_rests=True))
    book.submit(last_price(100))

    events = book.submit(buy(7, owner=MAKER))

    assert told(events)[-1] == "new canceled 2: market_remainder"

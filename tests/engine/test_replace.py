"""Replace and reduce: rules 9 to 12."""

import pytest

from exchange.engine.events import OrderReplaced
from protocol.vocabulary import ClientOrderId, RejectReason, Side
from tests.support.books import (
    ACME,
    MAKER,
    asks,
    bids,
    book_of,
    buy,
    cancel,
    instrument,
    picture,
    picture_of,
    reduce,
    replace,
    sell,
    told,
    trades,
)

QUEUE = """
    bid        | price | ask
               |   102 | 5 c
               |   101 | 10 a, 2 b
    9 x, 4 y   |    99 |
"""


def test_smaller_total_keeps_the_place() -> None:
    """Rule 10."""
    book = book_of(QUEUE)

    events = book.submit(replace("a", quantity=6))

    assert events == (
        OrderReplaced(
            account=MAKER, client_order_id=ClientOrderId("a"), order_id=4, symbol=ACME, side=Side.SELL,
            old_price=101, price=101, quantity=6, cumulative=0, leaves=6, kept_priority=True,
        ),
    )  # fmt: skip
    assert picture(book)[2:4] == [("ask", 101, "a", 6), ("ask", 101, "b", 2)]


def test_same_price_and_total_keep_the_place() -> None:
    """Rule 10: not risen."""
    book = book_of(QUEUE)

    events = book.submit(replace("a", quantity=10, price=101))

    assert told(events) == ["a replaced: 10 at 101, keeps its place"]
    assert picture(book) == picture_of(QUEUE)


def test_greater_total_goes_to_the_back() -> None:
    """Rule 10."""
    book = book_of(QUEUE)

    events = book.submit(replace("a", quantity=11))

    assert told(events) == ["a replaced: 11 at 101, goes to the back"]
    assert picture(book)[2:4] == [("ask", 101, "b", 2), ("ask", 101, "a", 11)]


def test_new_price_goes_to_the_back_of_its_new_level() -> None:
    """Rule 10."""
    book = book_of(QUEUE)

    events = book.submit(replace("a", price=102))

    assert told(events) == ["a replaced: 10 at 102, goes to the back"]
    assert picture(book)[2:] == [("ask", 101, "b", 2), ("ask", 102, "c", 5), ("ask", 102, "a", 10)]


def test_return_to_an_old_price_goes_to_the_back_too() -> None:
    """Rule 10."""
    book = book_of(QUEUE)

    book.submit(replace("a", price=103))
    events = book.submit(replace("a", price=101, quantity=1))

    assert told(events) == ["a replaced: 1 at 101, goes to the back"]
    assert picture(book)[2:4] == [("ask", 101, "b", 2), ("ask", 101, "a", 1)]


def test_new_quantity_is_the_total_executed_part_included() -> None:
    """Rule 9."""
    book = book_of(QUEUE)
    book.submit(buy(4, at=101))

    events = book.submit(replace("a", quantity=9))

    assert told(events) == ["a replaced: 5 at 101, keeps its place"]
    assert (book.order("a").quantity, book.order("a").cumulative, book.order("a").leaves) == (9, 4, 5)


def test_total_that_rises_to_what_it_was_before_goes_to_the_back() -> None:
    """Rule 10: compared with the total that holds now, not with the first one."""
    book = book_of(QUEUE)
    book.submit(replace("a", quantity=5))

    events = book.submit(replace("a", quantity=10))

    assert told(events) == ["a replaced: 10 at 101, goes to the back"]


@pytest.mark.parametrize("total", [0, 1, 3, 4])
def test_total_that_is_executed_already_cancels_the_rest(total: int) -> None:
    """Rule 9: not a refusal."""
    book = book_of(QUEUE)
    book.submit(buy(4, at=101))

    events = book.submit(replace("a", quantity=total))

    assert told(events) == ["a canceled 6: replaced_below_executed"]
    assert picture(book)[2:] == [("ask", 101, "b", 2), ("ask", 102, "c", 5)]


def test_executed_total_below_the_minimum_cancels_the_rest_all_the_same() -> None:
    """Rules 8 and 9: no order of that size is being entered."""
    book = book_of("| 101 | 30 a", instrument(minimum_quantity=10))
    book.submit(buy(20, at=101))

    events = book.submit(replace("a", quantity=5))

    assert told(events) == ["a canceled 10: replaced_below_executed"]


def test_replace_that_crosses_trades_as_a_fresh_aggressor_at_the_makers_prices() -> None:
    """Rules 1 and 11."""
    book = book_of(QUEUE)

    events = book.submit(replace("x", price=102, quantity=20))

    assert told(events) == [
        "x replaced: 20 at 102, goes to the back",
        "x with a: 10 at 101",
        "x with b: 2 at 101",
        "x with c: 5 at 102",
    ]
    assert picture(book) == [("bid", 99, "y", 4), ("bid", 102, "x", 3)]


def test_replace_that_crosses_and_fills_leaves_nothing_behind() -> None:
    """Rule 11."""
    book = book_of(QUEUE)

    events = book.submit(replace("x", price=101))

    assert told(events) == ["x replaced: 9 at 101, goes to the back", "x with a: 9 at 101"]
    assert picture(book) == [
        ("bid", 99, "y", 4),
        ("ask", 101, "a", 1),
        ("ask", 101, "b", 2),
        ("ask", 102, "c", 5),
    ]
    assert told(book.submit(cancel("x"))) == ["x refused: unknown_order"]


def test_replace_after_a_partial_fill_trades_only_what_is_open() -> None:
    """Rules 9 and 11."""
    book = book_of(QUEUE)
    book.submit(sell(5, at=99))

    events = book.submit(replace("x", price=101))

    assert told(events) == ["x replaced: 4 at 101, goes to the back", "x with a: 4 at 101"]
    assert (book.order("x").quantity, book.order("x").cumulative) == (9, 9)


@pytest.mark.parametrize(
    ("quantity", "price", "reason"),
    [
        (None, None, RejectReason.NOTHING_TO_REPLACE),
        (-1, None, RejectReason.QUANTITY_NOT_POSITIVE),
        (-5, 200, RejectReason.QUANTITY_NOT_POSITIVE),
        (10, None, RejectReason.BELOW_MINIMUM_QUANTITY),
        (1_010, None, RejectReason.ABOVE_MAXIMUM_QUANTITY),
        (25, None, RejectReason.OFF_LOT),
        (None, 0, RejectReason.PRICE_NOT_POSITIVE),
        (None, 10_005, RejectReason.ABOVE_MAXIMUM_PRICE),
        (20, 101, RejectReason.OFF_TICK),
    ],
)
def test_replace_that_is_not_valid_leaves_the_order_as_it_stood(
    quantity: int | None, price: int | None, reason: RejectReason
) -> None:
    """Rules 8 and 12."""
    table = "| 200 | 100 a, 100 b"
    steps = instrument(tick=5, lot=10, minimum_quantity=20, maximum_quantity=1_000, maximum_price=10_000)
    book = book_of(table, steps)

    events = book.submit(replace("a", quantity=quantity, price=price))

    assert told(events) == [f"a refused: {reason}"]
    assert picture(book) == picture_of(table)


@pytest.mark.parametrize("price", [101, 102, 500])
def test_post_only_replace_that_would_trade_is_refused(price: int) -> None:
    """Rules 12, 21, 22: the original stays untouched; a locking price would trade."""
    book = book_of(QUEUE)
    book.submit(buy(3, at=98, name="p", post_only=True))
    before = picture(book)

    events = book.submit(replace("p", price=price, quantity=1, owner="taker"))

    assert told(events) == ["p refused: post_only_would_trade"]
    assert picture(book) == before


def test_post_only_replace_that_stays_on_its_side_moves() -> None:
    """Rule 21 forbids trading, not moving."""
    book = book_of(QUEUE)
    book.submit(buy(3, at=98, name="p", post_only=True))

    events = book.submit(replace("p", price=100, owner="taker"))

    assert told(events) == ["p replaced: 3 at 100, goes to the back"]
    assert bids(book)[0] == (100, 3)


def test_replaced_order_stays_post_only() -> None:
    """Rule 21 holds for the order's whole life."""
    book = book_of(QUEUE)
    book.submit(buy(3, at=98, name="p", post_only=True))
    book.submit(replace("p", price=100, owner="taker"))

    events = book.submit(replace("p", price=101, owner="taker"))

    assert told(events) == ["p refused: post_only_would_trade"]


def test_orders_behind_a_replaced_one_move_up() -> None:
    """Rule 10, seen from behind."""
    book = book_of(QUEUE)

    book.submit(replace("a", quantity=11))
    events = book.submit(buy(3, at=101))

    assert trades(events) == [("b", 101, 2), ("a", 101, 1)]


# -- reduce ----------------------------------------------------------------------------------------
def test_reduced_order_keeps_its_place() -> None:
    """Rule 10."""
    book = book_of(QUEUE)

    events = book.submit(reduce("a", 4))

    assert told(events) == ["a replaced: 6 at 101, keeps its place"]
    assert (book.order("a").quantity, asks(book)[0]) == (6, (101, 8))
    assert trades(book.submit(buy(7, at=101))) == [("a", 101, 6), ("b", 101, 1)]


def test_reduce_counts_from_what_is_open() -> None:
    """Rule 9: the executed part stays executed."""
    book = book_of(QUEUE)
    book.submit(buy(4, at=101))

    events = book.submit(reduce("a", 5))

    assert told(events) == ["a replaced: 1 at 101, keeps its place"]
    assert (book.order("a").quantity, book.order("a").cumulative) == (5, 4)


@pytest.mark.parametrize("by", [10, 11, 10**12])
def test_reduce_by_all_that_is_open_cancels(by: int) -> None:
    book = book_of(QUEUE)

    events = book.submit(reduce("a", by))

    assert told(events) == ["a canceled 10: reduced_to_nothing"]
    assert asks(book) == [(101, 2), (102, 5)]


@pytest.mark.parametrize(("by", "reason"), [(0, "not_a_reduction"), (-10, "not_a_reduction"), (5, "off_lot")])
def test_reduce_that_is_not_valid_changes_nothing(by: int, reason: str) -> None:
    """Rule 8."""
    book = book_of("| 101 | 100 a", instrument(lot=10))

    events = book.submit(reduce("a", by))

    assert told(events) == [f"a refused: {reason}"]
    assert asks(book) == [(101, 100)]

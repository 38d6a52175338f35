"""Orders that only make: rules 21 and 22."""

import pytest

from exchange.engine.commands import EnterOrder
from protocol.vocabulary import TimeInForce
from tests.support.books import MAKER, book_of, buy, picture, picture_of, sell, told

SPREAD = """
    bid | price | ask
        |   103 | 5 b
        |   102 | 5 a
    3 x |    99 |
"""


@pytest.mark.parametrize("command", [buy(1, at=103, post_only=True), sell(1, at=98, post_only=True)])
def test_post_only_order_that_crosses_is_refused_and_nothing_else_happens(command: EnterOrder) -> None:
    """Rule 21."""
    book = book_of(SPREAD)

    events = book.submit(command)

    assert told(events) == ["new refused: post_only_would_trade"]
    assert picture(book) == picture_of(SPREAD)


@pytest.mark.parametrize("command", [buy(1, at=102, post_only=True), sell(1, at=99, post_only=True)])
def test_locking_price_counts_as_crossing(command: EnterOrder) -> None:
    """Rule 22."""
    book = book_of(SPREAD)

    events = book.submit(command)

    assert told(events) == ["new refused: post_only_would_trade"]


def test_own_orders_count_too() -> None:
    """Rule 21."""
    book = book_of(SPREAD)

    events = book.submit(buy(1, at=102, post_only=True, owner=MAKER))

    assert told(events) == ["new refused: post_only_would_trade"]


def test_post_only_order_inside_the_spread_rests() -> None:
    """Rule 21."""
    book = book_of(SPREAD)

    events = book.submit(buy(1, at=101, post_only=True, time_in_force=TimeInForce.DAY))

    assert told(events) == ["new accepted"]
    assert ("bid", 101, "new", 1) in picture(book)


def test_post_only_order_is_met_by_others_as_any_maker() -> None:
    """Rule 21 concerns what it does, not what is done to it."""
    book = book_of(SPREAD)
    book.submit(buy(1, at=101, name="p", post_only=True))

    events = book.submit(sell(2, at=101))

    assert told(events) == ["new accepted", "new with p: 1 at 101"]


def test_id_of_a_refused_post_only_order_stays_free() -> None:
    """Rule 21: nothing happened."""
    book = book_of(SPREAD)
    book.submit(buy(1, at=102, post_only=True))

    events = book.submit(buy(1, at=101, post_only=True))

    assert told(events) == ["new accepted"]

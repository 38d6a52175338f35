"""What a book keeps: not more than what lives in it, however long it lives."""

import pytest

from protocol.vocabulary import Side
from tests.support.books import MAKER, asks, book_of, buy, cancel, sell

LIVING = 20


@pytest.mark.parametrize("leave", ["canceled", "filled"])
def test_level_that_never_empties_does_not_grow_with_the_orders_that_passed_through(leave: str) -> None:
    book = book_of()
    for number in range(LIVING):
        book.submit(sell(1, at=101, name=f"s{number}", owner=MAKER))

    for number in range(LIVING, 2_000):
        book.submit(sell(1, at=101, name=f"s{number}", owner=MAKER))
        book.submit(
            cancel(f"s{number - LIVING}") if leave == "canceled" else buy(1, at=101, name=f"b{number}")
        )

    assert asks(book) == [(101, LIVING)]
    assert len(book.side(Side.SELL).levels[101].orders) < 5 * LIVING


def test_emptied_levels_are_forgotten() -> None:
    book = book_of()
    for price in range(100, 200):
        book.submit(sell(1, at=price, name=f"s{price}", owner=MAKER))

    for price in (150, 199, 101):
        book.submit(cancel(f"s{price}"))
    book.submit(buy(92, at=195))

    side = book.side(Side.SELL)
    assert list(side.levels) == [194, 195, 196, 197, 198]
    assert side.keys == [-198, -197, -196, -195, -194]

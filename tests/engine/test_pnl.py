"""Positions: what they cost, what they have brought, what they would bring now (rule 43)."""

from typing import NamedTuple

import pytest

from exchange.engine.commands import EndDay
from tests.support.accounts import margined, spot
from tests.support.books import MAKER, TAKER, Market, buy, instrument, last_price, sell


class Standing(NamedTuple):
    quantity: int
    cost: int
    average_price: int | None
    realised: int
    unrealised: int


STORIES: dict[str, tuple[list[tuple[int, int]], Standing]] = {
    "nothing": ([], Standing(0, 0, None, 0, 0)),
    "long": ([(10, 100)], Standing(10, 1_000, 100, 0, 0)),
    "long, at two prices": ([(10, 100), (10, 103)], Standing(20, 2_030, 101, 0, 30)),
    "short": ([(-10, 100)], Standing(-10, -1_000, 100, 0, 0)),
    "short, at two prices": ([(-10, 100), (-10, 103)], Standing(-20, -2_030, 101, 0, -30)),
    "part of a long closed": ([(10, 100), (-4, 110)], Standing(6, 600, 100, 40, 60)),
    "part of a short closed": ([(-10, 100), (4, 90)], Standing(-6, -600, 100, 40, 60)),
    "long closed": ([(10, 100), (-10, 90)], Standing(0, 0, None, -100, 0)),
    "turned from long to short": ([(10, 100), (-15, 110)], Standing(-5, -550, 110, 100, 0)),
    "turned from short to long": ([(-10, 100), (15, 90)], Standing(5, 450, 90, 100, 0)),
    "cost cut off toward zero": ([(2, 100), (1, 101), (-1, 100)], Standing(2, 201, 100, 0, -1)),
    "cost of a short cut off toward zero": ([(-2, 100), (-1, 101), (1, 100)], Standing(-2, -201, 100, 0, 1)),
}
"""Quantities, negative for sales, at prices; and where they lead, marked at the last of them."""


@pytest.mark.parametrize("name", STORIES)
def test_position_and_its_profit(name: str) -> None:
    """Rule 43: at average cost."""
    story, expected = STORIES[name]
    book = Market(margined(instrument(), 1))
    for owner in (MAKER, TAKER):
        book.fund(owner, USD=100_000)

    for number, (quantity, price) in enumerate(story):
        mine, others = (buy, sell) if quantity > 0 else (sell, buy)
        book.submit(others(abs(quantity), at=price, name=f"m{number}", owner=MAKER))
        book.submit(mine(abs(quantity), at=price, name=f"t{number}"))

    held = book.holding(TAKER)
    assert Standing(held.quantity, held.cost, held.average_price, held.realised, held.unrealised) == expected
    assert book.money(TAKER)[0] == 100_000 + expected.realised - abs(expected.quantity)


def test_what_one_wins_another_loses() -> None:
    """Rule 43."""
    book = Market(margined(instrument(), 1))
    for owner in (MAKER, TAKER):
        book.fund(owner, USD=100_000)
    book.submit(sell(7, at=101, name="a", owner=MAKER))
    book.submit(buy(7, at=101))

    book.submit(last_price(113))

    assert (book.holding(TAKER).unrealised, book.holding(MAKER).unrealised) == (84, -84)


def test_spot_positions_are_counted_beside_the_balances() -> None:
    """Rule 43: their profit is for people; the money has changed hands already."""
    book = Market(spot(instrument(), base_scale=10, quote_scale=3))
    book.fund(MAKER, BTC=100)
    book.fund(TAKER, USD=10_000)
    book.submit(sell(5, at=100, name="a", owner=MAKER))
    book.submit(buy(5, at=100))

    book.submit(last_price(110))

    held = book.holding(TAKER)
    assert (held.quantity, held.cost, held.average_price, held.unrealised) == (5, 1_500, 100, 150)
    assert book.money(TAKER) == (8_500, 0)


def test_open_orders_are_counted_with_the_position() -> None:
    """Rule 42."""
    book = Market(margined(instrument(), 1))
    book.fund(TAKER, USD=1_000)
    book.submit(buy(5, at=90, name="a"))
    book.submit(buy(2, at=91, name="b"))

    book.submit(sell(4, at=110, name="c"))

    held = book.holding(TAKER)
    assert (held.open_orders, held.open_buys, held.open_sells) == (3, 7, 4)


def test_positions_outlive_the_day() -> None:
    """Rule 15: orders for the day do not."""
    book = Market(margined(instrument(), 1))
    for owner in (MAKER, TAKER):
        book.fund(owner, USD=1_000)
    book.submit(sell(5, at=100, name="a", owner=MAKER))
    book.submit(buy(5, at=100))

    book.submit(EndDay())

    assert book.holding(TAKER).quantity == 5
    assert book.money(TAKER) == (995, 5)

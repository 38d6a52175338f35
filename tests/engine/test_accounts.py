"""Fees, positions, and what an account has in the market: rule 43."""

import pytest

from exchange.engine.events import Trade
from exchange.engine.matching import fee
from tests.support.books import (
    MAKER,
    TAKER,
    Market,
    book_of,
    buy,
    cancel,
    instrument,
    replace,
    sell,
    told,
)

BOTH = """
    bid        | price | ask
               |   102 | 5 d
               |   101 | 4 a, 2 b
    3 x, 1 y   |   100 |
"""


@pytest.mark.parametrize(
    ("notional", "rate_ppm", "expected"),
    [
        (1_000_000, 250, 250),
        (999_999, 250, 249),
        (1, 999_999, 0),
        (0, 250, 0),
        (10_000, 0, 0),
        (1_000_000, -250, -250),
        (999_999, -250, -249),
        (1, -999_999, 0),
        (7, 1_000_000, 7),
        (10**18, 1, 10**12),
    ],
)
def test_fee_is_cut_toward_zero_and_gets_its_sign_after(notional: int, rate_ppm: int, expected: int) -> None:
    """Rule 43: also a rebate is rounded in the venue's favour."""
    assert fee(notional, rate_ppm) == expected


def test_each_trade_carries_the_fees_of_both_sides() -> None:
    """Rule 43: per trade, on its own notional."""
    book = book_of(BOTH, instrument(maker_fee_ppm=-10_000, taker_fee_ppm=25_000))

    events = book.submit(buy(6, at=101))

    fees = [(event.maker_fee, event.taker_fee) for event in events if isinstance(event, Trade)]
    assert fees == [(-4, 10), (-2, 5)]


def test_order_without_a_trade_costs_nothing() -> None:
    """Rule 43: fees are per trade."""
    book = book_of("", instrument(maker_fee_ppm=1_000_000, taker_fee_ppm=1_000_000))

    entered = book.submit(buy(5, at=100))
    canceled = book.submit(cancel("new", TAKER))

    assert told(entered) + told(canceled) == ["new accepted", "new canceled 5: requested"]


def test_position_is_what_was_bought_less_what_was_sold() -> None:
    book = book_of(BOTH)

    book.submit(buy(8, at=102, name="1"))
    book.submit(sell(2, at=100, name="2"))

    assert (book.position(TAKER), book.position(MAKER)) == (6, -6)


def test_positions_are_kept_by_instrument() -> None:
    market = Market(instrument("ONE"), instrument("TWO"))
    market.submit(sell(5, at=10, name="a", owner=MAKER, symbol="ONE"))
    market.submit(buy(5, at=10, name="b", owner=MAKER, symbol="TWO"))

    market.submit(buy(3, at=10, name="1", symbol="ONE"))
    market.submit(sell(4, at=10, name="2", symbol="TWO"))

    assert (market.position(TAKER, "ONE"), market.position(TAKER, "TWO")) == (3, -4)
    assert (market.position(MAKER, "ONE"), market.position(MAKER, "TWO")) == (-3, 4)


def test_replace_that_crosses_moves_positions() -> None:
    """Rule 11."""
    book = book_of(BOTH)
    book.submit(buy(5, at=50))

    book.submit(replace("new", price=101, owner=TAKER))

    assert (book.position(TAKER), book.position(MAKER)) == (5, -5)


def test_open_orders_are_the_live_ones_oldest_first_also_for_an_account_with_a_long_past() -> None:
    book = book_of(BOTH)
    for number in range(50):
        book.submit(buy(1, at=1, name=f"past{number}", owner=MAKER))
        book.submit(cancel(f"past{number}"))
    book.submit(cancel("a"))
    book.submit(buy(2, at=101))

    names = [order.client_order_id for order in book.engine.open_orders(MAKER)]

    assert names == ["x", "y", "d"]

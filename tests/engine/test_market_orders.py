"""Market orders and their protection: rules 17 and 18."""

import pytest

from exchange.engine.commands import AddInstrument
from exchange.engine.events import OrderRested
from protocol.vocabulary import ClientOrderId, OrderState, Side, TimeInForce
from tests.support.books import (
    ACME,
    TAKER,
    asks,
    at_any_price,
    bids,
    book_of,
    buy,
    cancel,
    instrument,
    picture,
    replace,
    sell,
    told,
    trades,
)

RULE_17 = """
    bid | price | ask
        | 90550 | 3 c
        | 90300 | 3 b
        | 90025 | 2 a
"""
RESTS = instrument(market_remainder_rests=True)


def test_rest_of_a_market_order_is_canceled() -> None:
    """Rule 17."""
    book = book_of(RULE_17)

    events = book.submit(buy(15))

    assert told(events) == [
        "new accepted",
        "new with a: 2 at 90025",
        "new with b: 3 at 90300",
        "new with c: 3 at 90550",
        "new canceled 7: market_remainder",
    ]
    assert picture(book) == []


def test_rest_of_a_protected_market_order_rests_at_its_protection_price() -> None:
    """Rule 17, its example."""
    book = book_of(RULE_17, RESTS)

    events = book.submit(buy(15, protection=600))

    assert trades(events) == [("a", 90025, 2), ("b", 90300, 3), ("c", 90550, 3)]
    assert events[-1] == OrderRested(TAKER, ClientOrderId("new"), 5, ACME, Side.BUY, 90625, 7)
    assert picture(book) == [("bid", 90625, "new", 7)]


def test_rest_of_a_protected_market_order_is_canceled_by_default() -> None:
    """Rule 17, its example without the setting."""
    book = book_of(RULE_17)

    events = book.submit(buy(15, protection=600))

    assert trades(events) == [("a", 90025, 2), ("b", 90300, 3), ("c", 90550, 3)]
    assert told(events)[-1] == "new canceled 7: market_remainder"
    assert picture(book) == []


@pytest.mark.parametrize(
    ("points", "met"),
    [(0, ["a"]), (274, ["a"]), (275, ["a", "b"]), (524, ["a", "b"]), (525, ["a", "b", "c"])],
)
def test_protected_market_order_never_trades_beyond_its_points(points: int, met: list[str]) -> None:
    """Rule 17: the limit is inclusive, and measured from the best price at entry."""
    book = book_of(RULE_17)

    events = book.submit(buy(15, protection=points))

    assert [name for name, _, _ in trades(events)] == met


def test_protection_of_a_seller_goes_down_from_the_best_bid() -> None:
    """Rule 17."""
    book = book_of("""
        bid | price | ask
        2 a |   100 |
        3 b |    97 |
        4 c |    96 |
    """, RESTS)  # fmt: skip

    events = book.submit(sell(10, protection=3))

    assert told(events) == [
        "new accepted",
        "new with a: 2 at 100",
        "new with b: 3 at 97",
        "new rests 5 at 97",
    ]
    assert (bids(book), asks(book)) == ([(96, 4)], [(97, 5)])


def test_rest_of_a_market_order_without_protection_rests_before_all_limits() -> None:
    """Rule 52: where market orders rest."""
    book = book_of(RULE_17, RESTS)

    events = book.submit(buy(15))

    assert told(events) == [
        "new accepted",
        "new with a: 2 at 90025",
        "new with b: 3 at 90300",
        "new with c: 3 at 90550",
        "new rests 7 at any price",
    ]
    assert at_any_price(book, Side.BUY) == [("new", 7)]
    assert picture(book) == []


def test_immediate_market_order_never_rests() -> None:
    """Rules 13 and 17: immediate-or-cancel wins over the instrument's setting."""
    book = book_of(RULE_17, RESTS)

    events = book.submit(buy(15, protection=600, time_in_force=TimeInForce.IOC))

    assert told(events)[-1] == "new canceled 7: market_remainder"


@pytest.mark.parametrize(
    ("listed", "points"),
    [(RESTS, 100), (RESTS, 5_000), (instrument(market_remainder_rests=True, maximum_price=110), 20)],
)
def test_rest_is_canceled_where_the_protection_price_would_be_no_price(
    listed: AddInstrument, points: int
) -> None:
    """Rules 8 and 17: nothing rests at or below zero, or above the instrument's maximum."""
    book = book_of("""
        bid | price | ask
            |   100 | 1 b
        1 a |    99 |
    """, listed)  # fmt: skip

    command = buy(5, protection=points) if listed is not RESTS else sell(5, protection=points)
    events = book.submit(command)

    assert told(events)[-1] == "new canceled 4: market_remainder"


@pytest.mark.parametrize(
    ("listed", "protection"), [(instrument(), None), (instrument(), 600), (RESTS, 0), (RESTS, 600)]
)
def test_market_order_without_an_opposite_side_is_canceled_for_no_liquidity(
    listed: AddInstrument, protection: int | None
) -> None:
    """Rule 18: protection has nothing to be measured from."""
    book = book_of("""
        bid | price | ask
        1 x |   100 |
    """, listed)  # fmt: skip

    events = book.submit(buy(5, protection=protection))

    assert told(events) == ["new accepted", "new canceled 5: no_liquidity"]
    assert book.order("new", TAKER).state is OrderState.CANCELED
    assert bids(book) == [(100, 1)]


def test_rested_market_order_is_an_order_like_any_other() -> None:
    """It trades as a maker at its price, can be replaced from there, and canceled."""
    book = book_of(RULE_17, RESTS)
    book.submit(buy(15, protection=600))

    traded = book.submit(sell(1, at=90000, name="s"))
    replaced = book.submit(replace("new", price=90000, owner=TAKER))
    canceled = book.submit(cancel("new", TAKER))

    assert told(traded) == ["s accepted", "s with new: 1 at 90625"]
    assert told(replaced) == ["new replaced: 6 at 90000, goes to the back"]
    assert told(canceled) == ["new canceled 6: requested"]


def test_market_order_that_fills_says_nothing_more() -> None:
    book = book_of(RULE_17)

    events = book.submit(buy(5))

    assert told(events) == ["new accepted", "new with a: 2 at 90025", "new with b: 3 at 90300"]
    assert asks(book) == [(90550, 3)]

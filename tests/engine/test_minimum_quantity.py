"""Orders that want a least quantity at once: rule 33."""

import pytest

from exchange.engine.commands import EnterOrder
from protocol.vocabulary import OrderType, Price, Quantity, SelfTrade, Side, TimeInForce
from tests.support.books import (
    MAKER,
    TAKER,
    book_of,
    buy,
    enter,
    picture,
    picture_of,
    replace,
    sell,
    told,
    trades,
)

LADDER = """
    bid | price | ask
        |   101 | 4 b
        |   100 | 6 a
"""


@pytest.mark.parametrize(
    ("minimum", "limit", "met", "left"),
    [
        (1, 100, [("a", 100, 6)], 4),
        (5, 100, [("a", 100, 6)], 4),
        (6, 100, [("a", 100, 6)], 4),
        (10, 101, [("a", 100, 6), ("b", 101, 4)], 0),
    ],
)
def test_order_with_its_minimum_at_hand_trades_and_rests_as_usual(
    minimum: Quantity, limit: Price, met: list[tuple[str, Price, Quantity]], left: Quantity
) -> None:
    """Rule 33: an exact fit is enough."""
    book = book_of(LADDER)

    events = book.submit(buy(10, at=limit, minimum_quantity=minimum))

    assert trades(events) == met
    assert [order for order in picture(book) if order[0] == "bid"] == (
        [("bid", limit, "new", left)] if left else []
    )


@pytest.mark.parametrize(("minimum", "limit"), [(7, 100), (10, 100), (1, 99)])
def test_order_without_its_minimum_is_canceled_whole(minimum: Quantity, limit: Price) -> None:
    """Rule 33: one short, and nothing happens at all."""
    book = book_of(LADDER)

    events = book.submit(buy(10, at=limit, minimum_quantity=minimum))

    assert told(events) == ["new accepted", "new canceled 10: minimum_quantity"]
    assert picture(book) == picture_of(LADDER)


@pytest.mark.parametrize(("minimum", "fills"), [(9, True), (10, True), (11, False)])
def test_seller_looks_at_the_bids(minimum: Quantity, fills: bool) -> None:
    """Rule 33, the other side."""
    book = book_of("""
        bid | price | ask
        6 x |   100 |
        4 y |    99 |
    """)

    events = book.submit(sell(12, at=99, minimum_quantity=minimum))

    assert trades(events) == ([("x", 100, 6), ("y", 99, 4)] if fills else [])


@pytest.mark.parametrize(
    ("command", "end"),
    [
        (buy(10, at=100, minimum_quantity=6, time_in_force=TimeInForce.IOC), "new canceled 4: immediate_or_cancel"),
        (buy(10, at=100, minimum_quantity=7, time_in_force=TimeInForce.IOC), "new canceled 10: minimum_quantity"),
        (buy(12, minimum_quantity=10), "new canceled 2: market_remainder"),
        (buy(12, minimum_quantity=11), "new canceled 12: minimum_quantity"),
        (buy(12, minimum_quantity=7, protection=0), "new canceled 12: minimum_quantity"),
        (
            enter(Side.BUY, 10, order_type=OrderType.MARKET_TO_LIMIT, minimum_quantity=6),
            "new rests 4 at 100",
        ),
        (
            enter(Side.BUY, 10, order_type=OrderType.MARKET_TO_LIMIT, minimum_quantity=7),
            "new canceled 10: minimum_quantity",
        ),
        (buy(7, at=100, minimum_quantity=6, time_in_force=TimeInForce.FOK), "new canceled 7: fill_or_kill"),
    ],
)  # fmt: skip
def test_every_type_that_may_have_a_minimum_keeps_to_it(command: EnterOrder, end: str) -> None:
    """Rules 13, 14, 17, 19 and 33."""
    book = book_of(LADDER)

    events = book.submit(command)

    assert told(events)[-1] == end


def test_reserve_and_hidden_orders_count() -> None:
    """Rules 25 and 33: what is available at once, seen or not."""
    book = book_of()
    book.submit(sell(30, at=100, name="ice", owner=MAKER, display=10))
    book.submit(sell(5, at=100, name="hidden", owner=MAKER, hidden=True))

    events = book.submit(buy(40, at=100, minimum_quantity=35))

    assert sum(quantity for _, _, quantity in trades(events)) == 35


@pytest.mark.parametrize("mode", [SelfTrade.CANCEL_MAKER, SelfTrade.CANCEL_BOTH, SelfTrade.DECREMENT])
def test_own_orders_do_not_count_and_are_left_alone_if_it_is_short(mode: SelfTrade) -> None:
    """Rules 31 and 33."""
    book = book_of(LADDER)

    events = book.submit(buy(10, at=101, owner=MAKER, minimum_quantity=1, self_trade=mode))

    assert told(events) == ["new accepted", "new canceled 10: minimum_quantity"]
    assert picture(book) == picture_of(LADDER)


def test_rest_may_trade_in_smaller_pieces() -> None:
    """Rule 33: the minimum is for the entry."""
    book = book_of(LADDER)
    book.submit(buy(10, at=100, minimum_quantity=6))

    events = book.submit(sell(1, at=100, name="s"))
    replaced = book.submit(replace("new", price=101, quantity=9, owner=TAKER))

    assert told(events) == ["s accepted", "s with new: 1 at 100"]
    assert told(replaced) == ["new replaced: 2 at 101, goes to the back", "new with b: 2 at 101"]

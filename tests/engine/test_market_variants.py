"""Market-to-limit, market by amount, and orders bounded by money: rules 19, 20 and 54."""

from typing import Any

import pytest

from exchange.engine.commands import EnterOrder
from protocol.vocabulary import Money, OrderState, OrderType, Quantity, SelfTrade, Side, TimeInForce
from tests.support.books import (
    MAKER,
    TAKER,
    book_of,
    buy,
    enter,
    instrument,
    picture,
    picture_of,
    sell,
    told,
    trades,
)

LADDER = """
    bid | price | ask
        |   102 | 9 c
        |   101 | 5 b
        |   100 | 5 a
    5 x |    90 |
    5 y |    89 |
"""


def to_limit(side: Side, quantity: Quantity, *, time_in_force: TimeInForce = TimeInForce.GTC) -> EnterOrder:
    return enter(side, quantity, order_type=OrderType.MARKET_TO_LIMIT, time_in_force=time_in_force)


def by_amount(side: Side, amount: Money, **terms: Any) -> EnterOrder:
    return enter(side, 0, order_type=OrderType.MARKET_BY_AMOUNT, amount=amount, **terms)


def for_money(side: Side, quantity: Quantity, amount: Money, **terms: Any) -> EnterOrder:
    fill_or_kill = TimeInForce.FOK
    return enter(
        side, quantity, order_type=OrderType.MONEY_LIMIT, time_in_force=fill_or_kill, amount=amount, **terms
    )


# -- market to limit -------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("side", "quantity", "sentences", "rests"),
    [
        (Side.BUY, 3, ["new with a: 3 at 100"], None),
        (Side.BUY, 5, ["new with a: 5 at 100"], None),
        (Side.BUY, 8, ["new with a: 5 at 100", "new rests 3 at 100"], ("bid", 100, "new", 3)),
        (Side.SELL, 8, ["new with x: 5 at 90", "new rests 3 at 90"], ("ask", 90, "new", 3)),
    ],
)
def test_limit_is_the_best_opposite_price_and_the_rest_rests_there(
    side: Side, quantity: Quantity, sentences: list[str], rests: tuple[str, int, str, int] | None
) -> None:
    """Rule 19: it does not walk the book."""
    book = book_of(LADDER)

    events = book.submit(to_limit(side, quantity))

    assert told(events) == ["new accepted", *sentences]
    assert [order for order in picture(book) if order[2] == "new"] == ([rests] if rests else [])


@pytest.mark.parametrize("table", ["", "5 x | 90 |"])
def test_market_to_limit_without_an_opposite_side_is_refused(table: str) -> None:
    """Rule 19."""
    book = book_of(table)

    events = book.submit(to_limit(Side.BUY, 5))

    assert told(events) == ["new refused: no_opposite_side"]
    assert picture(book) == picture_of(table)


@pytest.mark.parametrize(
    ("time_in_force", "end"),
    [
        (TimeInForce.IOC, "new canceled 3: immediate_or_cancel"),
        (TimeInForce.FOK, "new canceled 8: fill_or_kill"),
    ],
)
def test_market_to_limit_that_must_not_rest_is_canceled(time_in_force: TimeInForce, end: str) -> None:
    """Rules 13, 14 and 19."""
    book = book_of(LADDER)

    events = book.submit(to_limit(Side.BUY, 8, time_in_force=time_in_force))

    assert told(events)[-1] == end


# -- market by amount ------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("side", "amount", "met"),
    [
        (Side.BUY, 100, [("a", 100, 1)]),
        (Side.BUY, 199, [("a", 100, 1)]),
        (Side.BUY, 500, [("a", 100, 5)]),
        (Side.BUY, 600, [("a", 100, 5)]),
        (Side.BUY, 601, [("a", 100, 5), ("b", 101, 1)]),
        (Side.BUY, 1_000, [("a", 100, 5), ("b", 101, 4)]),
        (Side.BUY, 1_005, [("a", 100, 5), ("b", 101, 5)]),
        (Side.BUY, 10_000, [("a", 100, 5), ("b", 101, 5), ("c", 102, 9)]),
        (Side.SELL, 450, [("x", 90, 5)]),
        (Side.SELL, 540, [("x", 90, 5), ("y", 89, 1)]),
    ],
)
def test_each_level_gives_what_is_left_of_the_money_buys_there(
    side: Side, amount: Money, met: list[tuple[str, int, int]]
) -> None:
    """Rule 20: dust is not spent."""
    book = book_of(LADDER)

    events = book.submit(by_amount(side, amount))

    assert told(events)[0] == "new accepted"
    assert trades(events) == met
    assert len(events) == 1 + len(met)
    order = book.order("new", TAKER)
    bought = sum(quantity for _, _, quantity in met)
    assert (order.state, order.quantity, order.cumulative) == (OrderState.FILLED, bought, bought)


@pytest.mark.parametrize("command", [by_amount(Side.BUY, 99), by_amount(Side.SELL, 89)])
def test_walk_ends_at_the_first_level_that_would_give_nothing(command: EnterOrder) -> None:
    """Rule 20: a zero trade never prints, and a cheaper level behind it is not asked."""
    book = book_of(LADDER)

    events = book.submit(command)

    assert told(events) == ["new accepted", "new canceled 0: no_liquidity"]
    assert picture(book) == picture_of(LADDER)


def test_money_buys_whole_lots() -> None:
    """Rule 20: 14 at 10 are two lots; the 49 that are left buy 2 at 20, and that is no lot."""
    book = book_of("""
        bid | price | ask
            |    20 | 50 b
            |    10 | 10 a
    """, instrument(lot=5))  # fmt: skip

    one = book.submit(by_amount(Side.BUY, 149))

    assert trades(one) == [("a", 10, 10)]
    assert picture(book) == [("ask", 20, "b", 50)]


def test_money_reaches_into_the_reserve_of_an_iceberg() -> None:
    """Rules 20, 24, 25."""
    book = book_of()
    book.submit(sell(30, at=100, name="ice", owner=MAKER, display=10))

    events = book.submit(by_amount(Side.BUY, 2_550))

    assert trades(events) == [("ice", 100, 10), ("ice", 100, 10), ("ice", 100, 5)]


def test_own_order_ends_what_money_buys_as_self_trade_prevention_says() -> None:
    """Rules 20 and 31."""
    book = book_of(LADDER)
    book.submit(sell(1, at=99, name="first", owner="other"))

    events = book.submit(
        enter(
            Side.BUY, 0, owner=MAKER, order_type=OrderType.MARKET_BY_AMOUNT, amount=1_000,
            self_trade=SelfTrade.CANCEL_AGGRESSOR,
        )
    )  # fmt: skip

    assert told(events) == ["new accepted", "new with first: 1 at 99", "new canceled 0: self_trade"]
    assert book.order("new").state is OrderState.CANCELED


# -- money-limited fill or kill --------------------------------------------------------------------
@pytest.mark.parametrize(
    ("side", "amount", "fills"),
    [
        (Side.BUY, 803, True),  # 5 at 100 and 3 at 101
        (Side.BUY, 804, True),
        (Side.BUY, 802, False),
        (Side.SELL, 717, True),  # 5 at 90 and 3 at 89
        (Side.SELL, 716, True),
        (Side.SELL, 718, False),
    ],
)
def test_whole_quantity_must_cost_at_most_or_bring_at_least_the_money(
    side: Side, amount: Money, fills: bool
) -> None:
    """Rule 54: exact equality fills, one unit off is killed without effect."""
    book = book_of(LADDER)

    events = book.submit(for_money(side, 8, amount))

    first, second = ("a", "b") if side is Side.BUY else ("x", "y")
    best, next_ = (100, 101) if side is Side.BUY else (90, 89)
    if fills:
        assert told(events) == [
            "new accepted",
            f"new with {first}: 5 at {best}",
            f"new with {second}: 3 at {next_}",
        ]
    else:
        assert told(events) == ["new accepted", "new canceled 8: fill_or_kill"]
        assert picture(book) == picture_of(LADDER)


@pytest.mark.parametrize(("side", "amount"), [(Side.BUY, 10**9), (Side.SELL, 1)])
def test_money_does_not_make_up_for_a_quantity_that_is_not_there(side: Side, amount: Money) -> None:
    """Rule 54: the whole quantity."""
    book = book_of(LADDER)

    events = book.submit(for_money(side, 20, amount))

    assert told(events) == ["new accepted", "new canceled 20: fill_or_kill"]
    assert picture(book) == picture_of(LADDER)


def test_empty_side_kills_it() -> None:
    """Rule 54."""
    book = book_of()

    events = book.submit(for_money(Side.SELL, 1, 1))

    assert told(events) == ["new accepted", "new canceled 1: fill_or_kill"]


def test_own_orders_are_not_counted_and_not_paid_for() -> None:
    """Rules 14, 31 and 54: behind an own order at 100 the rest costs 101."""
    book = book_of("""
        bid | price | ask
            |   101 | 9 b
    """)
    book.submit(sell(5, at=100, name="own"))

    killed = book.submit(for_money(Side.BUY, 5, 504, self_trade=SelfTrade.CANCEL_MAKER))
    filled = book.submit(
        enter(
            Side.BUY, 5, name="2", order_type=OrderType.MONEY_LIMIT, time_in_force=TimeInForce.FOK, amount=505,
            self_trade=SelfTrade.CANCEL_MAKER,
        )
    )  # fmt: skip

    assert told(killed) == ["new accepted", "new canceled 5: fill_or_kill"]
    assert told(filled) == ["2 accepted", "own canceled 5: self_trade", "2 with b: 5 at 101"]


def test_plain_limits_stay_plain_beside_it() -> None:
    """Rule 54 says nothing about the others: a trade prints at the resting price."""
    book = book_of(LADDER)
    book.submit(for_money(Side.BUY, 8, 803))

    events = book.submit(buy(3, at=102, name="b"))

    assert trades(events) == [("b", 101, 2), ("c", 102, 1)]

"""Sharing an aggressor by size: rule 39."""

from typing import Any

import pytest

from exchange.engine.commands import AddInstrument
from exchange.engine.prorata import allocate
from protocol.vocabulary import Allocation, OrderType, Price, Quantity, SelfTrade, Side, TimeInForce
from tests.support.books import (
    MAKER,
    TAKER,
    Market,
    asks,
    bids,
    book_of,
    buy,
    cancel,
    enter,
    instrument,
    picture,
    replace,
    sell,
    told,
    trades,
)

SHARES = instrument(allocation=Allocation.PRO_RATA)
EXAMPLE = (("top", 10), ("a", 5), ("b", 20), ("c", 50), ("d", 75))


def level(
    *makers: tuple[str, Quantity], side: Side = Side.BUY, at: Price = 100, listed: AddInstrument = SHARES
) -> Market:
    """Orders at one price, oldest first; the first of them bettered the market, so it is the top."""
    book = book_of("", listed)
    for name, quantity in makers:
        book.submit(enter(side, quantity, at, name=name, owner=MAKER))
    return book


def level_without_top(*makers: tuple[str, Quantity], **settings: Any) -> Market:
    """The same with nobody on top: who bettered the market is gone."""
    book = level(("gone", 10), *makers, listed=instrument(allocation=Allocation.PRO_RATA, **settings))
    book.submit(cancel("gone"))
    return book


def shares(*quantities: Quantity, at: Price = 100) -> list[tuple[str, Price, Quantity]]:
    """What the makers of the example got; 0: nothing."""
    return [(name, at, share) for (name, _), share in zip(EXAMPLE, quantities, strict=True) if share]


@pytest.mark.parametrize("side", Side)
def test_top_first_then_shares_rounded_down_then_first_in_first_out(side: Side) -> None:
    """Rule 39, its example: sell 60 against 10 (top), 5, 20, 50, 75."""
    book = level(*EXAMPLE, side=side)

    events = book.submit(enter(side.opposite, 60, 100))

    assert trades(events) == shares(10, 3, 6, 16, 25)
    assert [(name, quantity) for _, _, name, quantity in picture(book)] == [
        ("a", 2),
        ("b", 14),
        ("c", 34),
        ("d", 50),
    ]


@pytest.mark.parametrize(
    ("minimum", "expected"),
    [(1, (10, 3, 6, 16, 25)), (6, (10, 3, 6, 16, 25)), (7, (10, 5, 4, 16, 25)), (26, (10, 5, 20, 25, 0))],
)
def test_shares_under_the_minimum_allocation_drop_to_zero(
    minimum: Quantity, expected: tuple[Quantity, ...]
) -> None:
    """Rule 39: what they leave goes first in first out."""
    book = level(*EXAMPLE, listed=instrument(allocation=Allocation.PRO_RATA, minimum_allocation=minimum))

    events = book.submit(sell(60, at=100))

    assert trades(events) == shares(*expected)


def test_part_of_the_quantity_may_go_first_in_first_out_before_the_rest_is_shared() -> None:
    """Rule 39 with a first-in-first-out part: 20 of 50 to a and b, 30 by 5, 50 and 75, the last one to b."""
    book = level(*EXAMPLE, listed=instrument(allocation=Allocation.PRO_RATA, fifo_percent=40))

    events = book.submit(sell(60, at=100))

    assert trades(events) == shares(10, 5, 17, 11, 17)


def test_shares_are_whole_lots() -> None:
    """Rules 8 and 39: 60 by 20, 50 and 80 would be 8, 20 and 32; the lot that is left goes to the oldest."""
    book = level_without_top(("a", 20), ("b", 50), ("c", 80), lot=10)

    events = book.submit(sell(60, at=100))

    assert trades(events) == [("a", 100, 10), ("b", 100, 20), ("c", 100, 30)]


@pytest.mark.parametrize(
    ("quantity", "expected"),
    [
        (1, [("a", 100, 1)]),
        (2, [("a", 100, 1), ("b", 100, 1)]),
        (3, [("a", 100, 2), ("b", 100, 1)]),
        (10, [("a", 100, 5), ("b", 100, 5)]),
    ],
)
def test_what_rounding_leaves_goes_to_the_oldest(
    quantity: Quantity, expected: list[tuple[str, Price, Quantity]]
) -> None:
    """Rule 39: one lot that nobody's share reaches."""
    book = level_without_top(("a", 5), ("b", 5))

    events = book.submit(sell(quantity, at=100))

    assert trades(events) == expected


# -- who is on top ---------------------------------------------------------------------------------
def test_top_keeps_its_right_while_it_is_there() -> None:
    """Rule 39: also after a partial fill."""
    book = level(("top", 10), ("a", 90))

    first = book.submit(sell(4, at=100, name="1"))
    second = book.submit(sell(16, at=100, name="2"))

    assert trades(first) == [("top", 100, 4)]
    assert trades(second) == [("top", 100, 6), ("a", 100, 10)]


def test_right_of_the_top_passes_to_who_betters_the_market() -> None:
    """Rule 39: the order it bettered does not get it back."""
    book = level(("old", 10), ("a", 10))
    book.submit(buy(5, at=101, name="new", owner=MAKER))

    events = book.submit(sell(15, at=100, name="s"))

    assert trades(events) == [("new", 101, 5), ("old", 100, 5), ("a", 100, 5)]


def test_order_that_joins_a_price_is_not_on_top() -> None:
    """Rule 39: it bettered nothing, also when the top is gone."""
    book = level(("top", 10), ("a", 10))
    book.submit(cancel("top"))
    book.submit(buy(10, at=100, name="b", owner=MAKER))

    events = book.submit(sell(10, at=100, name="s"))

    assert trades(events) == [("a", 100, 5), ("b", 100, 5)]


def test_right_of_the_top_is_lost_when_the_order_goes_to_the_back() -> None:
    """Rules 10 and 39."""
    book = level(("top", 10), ("a", 10))
    book.submit(replace("top", quantity=20))

    events = book.submit(sell(12, at=100))

    assert trades(events) == [("a", 100, 4), ("top", 100, 8)]


def test_order_that_moves_to_a_better_price_is_on_top() -> None:
    """Rule 39: it betters the market like a new one."""
    book = level(("a", 10), ("b", 10))
    book.submit(replace("b", price=101))
    book.submit(buy(10, at=101, name="c", owner=MAKER))

    events = book.submit(sell(12, at=101))

    assert trades(events) == [("b", 101, 10), ("c", 101, 2)]


def test_each_side_has_its_own_top() -> None:
    """Rule 39: one a side."""
    book = level(("bid", 10), ("b", 90))
    book.submit(sell(10, at=105, name="ask", owner=MAKER))
    book.submit(sell(90, at=105, name="a", owner=MAKER))

    sold = book.submit(sell(10, at=100, name="1"))
    bought = book.submit(buy(10, at=105, name="2"))

    assert (trades(sold), trades(bought)) == ([("bid", 100, 10)], [("ask", 105, 10)])


# -- with other orders -----------------------------------------------------------------------------
def test_whole_level_is_taken_before_the_next_is_shared() -> None:
    """Rules 24 and 39."""
    book = level_without_top(("a", 5), ("b", 5))
    for name in ("c", "d"):
        book.submit(buy(10, at=99, name=name, owner=MAKER))

    events = book.submit(sell(20, at=99))

    assert trades(events) == [("a", 100, 5), ("b", 100, 5), ("c", 99, 5), ("d", 99, 5)]
    assert bids(book) == [(99, 10)]


def test_icebergs_share_with_their_peaks_then_with_the_next_ones_and_hidden_orders_come_last() -> None:
    """Rules 24 and 39."""
    book = level_without_top(("a", 10))
    book.submit(buy(30, at=100, name="ice", owner=MAKER, display=10))
    book.submit(buy(10, at=100, name="hidden", owner=MAKER, hidden=True))

    events = book.submit(sell(45, at=100))

    assert trades(events) == [
        ("a", 100, 10),
        ("ice", 100, 10),
        ("ice", 100, 10),
        ("ice", 100, 10),
        ("hidden", 100, 5),
    ]


@pytest.mark.parametrize(
    ("mode", "sentences"),
    [
        (SelfTrade.CANCEL_MAKER, ["own canceled 10: self_trade", "t with a: 5 at 100", "t with b: 5 at 100"]),
        (SelfTrade.CANCEL_AGGRESSOR, ["t canceled 10: self_trade"]),
        (SelfTrade.CANCEL_BOTH, ["own canceled 10: self_trade", "t canceled 10: self_trade"]),
        (SelfTrade.DECREMENT, ["own canceled 10: self_trade", "t canceled 10: self_trade"]),
    ],
)
def test_own_orders_are_reached_with_their_level(mode: SelfTrade, sentences: list[str]) -> None:
    """Rules 31 and 39: before anybody trades there, for nobody is before anybody."""
    book = level_without_top(("a", 10), ("b", 10))
    book.submit(buy(10, at=100, name="own"))

    events = book.submit(sell(10, at=100, name="t", owner=TAKER, self_trade=mode))

    assert told(events) == ["t accepted", *sentences]


@pytest.mark.parametrize(("quantity", "fills"), [(20, True), (21, False)])
def test_fill_or_kill_counts_the_whole_level(quantity: Quantity, fills: bool) -> None:
    """Rules 14 and 39."""
    book = level_without_top(("a", 10), ("b", 10))

    events = book.submit(sell(quantity, at=100, time_in_force=TimeInForce.FOK))

    assert trades(events) == ([("a", 100, 10), ("b", 100, 10)] if fills else [])


def test_plain_instruments_know_no_shares() -> None:
    """Rule 39 is a choice of the instrument: first in first out elsewhere."""
    book = book_of("", instrument())
    for name, quantity in EXAMPLE:
        book.submit(sell(quantity, at=100, name=name, owner=MAKER))

    events = book.submit(buy(60, at=100))

    assert trades(events) == shares(10, 5, 20, 25, 0)
    assert asks(book) == [(100, 100)]


# -- the sum itself --------------------------------------------------------------------------------
@pytest.mark.parametrize("quantity", [0, 1, 7, 59, 149, 150, 1_000])
@pytest.mark.parametrize("top", [None, 0, 3])
def test_shares_are_all_there_is_or_all_that_is_wanted_and_nobody_gets_more_than_he_has(
    quantity: Quantity, top: int | None
) -> None:
    """Rule 39: whatever is rounded away is given out again."""
    sizes = [5, 20, 50, 75]

    given = allocate(sizes, quantity, top=top)

    assert sum(given) == min(quantity, sum(sizes))
    assert all(0 <= share <= size for share, size in zip(given, sizes, strict=True))
    assert allocate(sizes, quantity, top=top) == given


@pytest.mark.parametrize(
    ("amount", "met"),
    [
        (99, []),
        (599, [("a", 100, 3), ("b", 100, 2)]),
        (2_098, [("a", 100, 10), ("b", 100, 10)]),
        (2_099, [("a", 100, 10), ("b", 100, 10), ("c", 99, 1)]),
    ],
)
def test_money_is_shared_like_a_quantity(amount: int, met: list[tuple[str, Price, Quantity]]) -> None:
    """Rules 20 and 39."""
    book = level_without_top(("a", 10), ("b", 10))
    book.submit(buy(10, at=99, name="c", owner=MAKER))

    events = book.submit(enter(Side.SELL, 0, order_type=OrderType.MARKET_BY_AMOUNT, amount=amount))

    assert trades(events) == met


def test_shared_level_outside_the_corridor_stops_the_aggressor() -> None:
    """Rules 38 and 39."""
    book = level(
        ("a", 10), listed=instrument(allocation=Allocation.PRO_RATA, dynamic_corridor=5, reference_price=106)
    )

    events = book.submit(sell(4, at=100))

    assert told(events) == ["new accepted", "continuous to volatility_auction"]

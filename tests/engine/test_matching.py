"""Price, priority, atomicity: rules 1 to 5."""

import pytest

from exchange.engine.events import OrderAccepted, Trade
from protocol.vocabulary import ClientOrderId, OrderType, Side, TimeInForce
from tests.support.books import (
    ACME,
    MAKER,
    TAKER,
    Market,
    asks,
    bids,
    book_of,
    buy,
    cancel,
    instrument,
    picture,
    picture_of,
    sell,
    told,
    trades,
)

LADDER = """
    bid       | price | ask
              |   102 | 5 c
              |   101 | 4 a, 2 b
    3 x       |   100 |
    1 y, 6 z  |    99 |
"""


def test_sweep_takes_best_price_first_then_oldest() -> None:
    """Rules 1 and 2."""
    book = book_of(LADDER)

    events = book.submit(buy(8, at=102))

    assert trades(events) == [("a", 101, 4), ("b", 101, 2), ("c", 102, 2)]
    assert asks(book) == [(102, 3)]


def test_selling_sweep_takes_highest_bid_first_then_oldest() -> None:
    """Rules 1 and 2."""
    book = book_of(LADDER)

    events = book.submit(sell(8, at=99))

    assert trades(events) == [("x", 100, 3), ("y", 99, 1), ("z", 99, 4)]
    assert bids(book) == [(99, 2)]


def test_trade_prints_at_the_resting_price_when_the_buyer_would_pay_more() -> None:
    """Rule 1."""
    book = book_of(LADDER)

    events = book.submit(buy(1, at=500))

    assert trades(events) == [("a", 101, 1)]


def test_trade_prints_at_the_resting_price_when_the_seller_would_take_less() -> None:
    """Rule 1."""
    book = book_of(LADDER)

    events = book.submit(sell(1, at=1))

    assert trades(events) == [("x", 100, 1)]


def test_trade_tells_both_sides_what_they_have_and_what_is_left() -> None:
    """The whole of one trade, field by field."""
    book = book_of("""
        bid | price | ask
            |   101 | 4 a
    """)

    events = book.submit(buy(6, at=101))

    assert events == (
        OrderAccepted(
            account=TAKER, client_order_id=ClientOrderId("new"), order_id=3, symbol=ACME, side=Side.BUY,
            order_type=OrderType.LIMIT, time_in_force=TimeInForce.GTC, quantity=6, price=101, post_only=False,
            terms=None,
        ),
        Trade(
            trade_id=1, symbol=ACME, price=101, quantity=4, aggressor=Side.BUY,
            maker=MAKER, maker_client_order_id=ClientOrderId("a"), maker_order_id=2, maker_cumulative=4, maker_leaves=0,
            maker_fee=0, taker=TAKER, taker_client_order_id=ClientOrderId("new"), taker_order_id=3, taker_cumulative=4,
            taker_leaves=2, taker_fee=0,
        ),
    )  # fmt: skip
    assert picture(book) == [("bid", 101, "new", 2)]


def test_what_is_left_of_an_aggressor_rests_at_its_limit() -> None:
    book = book_of(LADDER)

    events = book.submit(buy(8, at=101))

    assert told(events) == ["new accepted", "new with a: 4 at 101", "new with b: 2 at 101"]
    assert bids(book) == [(101, 2), (100, 3), (99, 7)]
    assert asks(book) == [(102, 5)]


def test_order_that_does_not_reach_the_other_side_rests_behind_its_price() -> None:
    """Rule 2: arrival decides inside a price."""
    book = book_of(LADDER)

    events = book.submit(sell(7, at=101))

    assert told(events) == ["new accepted"]
    assert picture(book)[3:] == [
        ("ask", 101, "a", 4),
        ("ask", 101, "b", 2),
        ("ask", 101, "new", 7),
        ("ask", 102, "c", 5),
    ]


def test_sweep_stops_at_the_limit_although_more_is_offered_beyond() -> None:
    book = book_of(LADDER)

    events = book.submit(buy(100, at=101, time_in_force=TimeInForce.IOC))

    assert trades(events) == [("a", 101, 4), ("b", 101, 2)]
    assert asks(book) == [(102, 5)]


def test_partly_filled_maker_stays_first() -> None:
    """Rule 3."""
    book = book_of(LADDER)

    book.submit(buy(1, at=101, name="one"))
    events = book.submit(buy(4, at=101, name="two"))

    assert trades(events) == [("a", 101, 3), ("b", 101, 1)]


def test_cancel_does_not_reorder_the_others() -> None:
    """Rule 3."""
    book = book_of("""
        bid | price | ask
            |   101 | 1 a, 2 b, 3 c, 4 d
    """)

    book.submit(cancel("b"))
    events = book.submit(buy(6, at=101))

    assert trades(events) == [("a", 101, 1), ("c", 101, 3), ("d", 101, 2)]


def test_canceled_orders_at_the_head_of_a_queue_are_passed_over() -> None:
    """Rule 3, where the oldest are gone."""
    book = book_of("""
        bid | price | ask
            |   101 | 1 a, 2 b, 3 c
    """)

    book.submit(cancel("a"))
    book.submit(cancel("b"))
    events = book.submit(buy(1, at=101))

    assert told(events) == ["new accepted", "new with c: 1 at 101"]
    assert asks(book) == [(101, 2)]


@pytest.mark.parametrize("kept", [0, 1, 50, 98, 99])
def test_queue_keeps_its_order_whoever_leaves_it(kept: int) -> None:
    """Rule 3, over the point where a long queue lets go of its dead."""
    book = book_of()
    for number in range(100):
        book.submit(sell(1, at=101, name=f"s{number}", owner=MAKER))

    for number in range(100):
        if number % 3 and number != kept:
            book.submit(cancel(f"s{number}"))
    events = book.submit(buy(1_000, at=101))

    assert [name for name, _, _ in trades(events)] == [
        f"s{number}" for number in range(100) if number % 3 == 0 or number == kept
    ]


def test_queue_that_is_eaten_and_refilled_keeps_its_order() -> None:
    """Rule 3, for a price that never empties."""
    book = book_of("""
        bid | price | ask
            |   101 | 1 first, 1 second
    """)

    met = []
    for number in range(200):
        book.submit(sell(1, at=101, name=f"s{number}", owner=MAKER))
        met += trades(book.submit(buy(1, at=101, name=f"b{number}")))

    assert [name for name, _, _ in met] == ["first", "second", *(f"s{number}" for number in range(198))]
    assert asks(book) == [(101, 2)]


def test_command_is_one_group_of_events_in_the_order_of_their_happening() -> None:
    """Rule 4: accepted, then traded, then what was left is canceled."""
    book = book_of(LADDER)

    events = book.submit(buy(20, at=102, time_in_force=TimeInForce.IOC))

    assert told(events) == [
        "new accepted",
        "new with a: 4 at 101",
        "new with b: 2 at 101",
        "new with c: 5 at 102",
        "new canceled 9: immediate_or_cancel",
    ]


def test_equal_prices_trade_and_never_lock_the_book() -> None:
    """Rule 5."""
    book = book_of(LADDER)

    events = book.submit(buy(6, at=101))

    assert told(events) == ["new accepted", "new with a: 4 at 101", "new with b: 2 at 101"]
    assert (bids(book)[0], asks(book)[0]) == ((100, 3), (102, 5))


def test_last_price_is_that_of_the_last_trade() -> None:
    book = book_of(LADDER)
    assert book.engine.books[ACME].last_price is None

    book.submit(buy(8, at=102))

    assert book.engine.books[ACME].last_price == 102


def test_trade_ids_count_over_all_instruments_without_a_gap() -> None:
    market = Market(instrument("ONE"), instrument("TWO"))
    market.submit(sell(2, at=10, name="a", owner=MAKER, symbol="ONE"))
    market.submit(sell(2, at=20, name="b", owner=MAKER, symbol="TWO"))

    first = market.submit(buy(1, at=10, name="1", symbol="ONE"))
    second = market.submit(buy(1, at=20, name="2", symbol="TWO"))
    third = market.submit(buy(1, at=10, name="3", symbol="ONE"))

    ids = [event.trade_id for event in (*first, *second, *third) if isinstance(event, Trade)]
    assert ids == [1, 2, 3]


def test_instruments_do_not_trade_with_each_other() -> None:
    market = Market(instrument("ONE"), instrument("TWO"))
    market.submit(sell(2, at=10, name="a", owner=MAKER, symbol="ONE"))

    events = market.submit(buy(2, at=10, symbol="TWO"))

    assert told(events) == ["new accepted"]
    assert (asks(market, "ONE"), bids(market, "ONE")) == ([(10, 2)], [])
    assert (asks(market, "TWO"), bids(market, "TWO")) == ([], [(10, 2)])


def test_own_orders_trade_with_each_other() -> None:
    """Rule 31, mode none, which is the default."""
    book = book_of(LADDER)

    events = book.submit(buy(1, at=101, owner=MAKER))

    assert told(events) == ["new accepted", "new with a: 1 at 101"]
    assert book.position(MAKER) == 0


def test_emptied_best_level_uncovers_the_next_one_across_a_gap() -> None:
    book = book_of("""
        bid | price  | ask
            | 900000 | 1 far
            |    101 | 1 near
    """)

    book.submit(buy(1, at=101))

    assert asks(book) == [(900000, 1)]
    assert picture(book) == picture_of("| 900000 | 1 far")

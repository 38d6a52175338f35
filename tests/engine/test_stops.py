"""Orders that wait for a price: rules 27 and 28."""

import pytest

from exchange.engine.commands import EnterOrder
from exchange.engine.events import OrderAccepted, StopTriggered, Trade
from exchange.engine.order import Order
from protocol.vocabulary import (
    ClientOrderId,
    OrderState,
    OrderType,
    Price,
    Side,
    TimeInForce,
)
from tests.support.books import (
    ACME,
    MAKER,
    TAKER,
    Market,
    asks,
    bids,
    book_of,
    buy,
    last_price,
    picture,
    sell,
    stop,
    told,
    waiting,
)

WIDE = """
    bid  | price | ask
         |   110 | 50 a
    50 x |    90 |
"""


def order_of(book: Market, name: str = "s") -> Order:
    return book.order(name, TAKER)


# -- when ------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("side", "last", "goes"),
    [
        (Side.BUY, 104, False),
        (Side.BUY, 105, True),
        (Side.BUY, 106, True),
        (Side.SELL, 106, False),
        (Side.SELL, 105, True),
        (Side.SELL, 104, True),
    ],
)
def test_stop_goes_when_the_last_price_is_there_or_through(side: Side, last: Price, goes: bool) -> None:
    """Rule 27: the stop price itself counts."""
    book = book_of(WIDE)
    book.submit(stop(side, 105, 5))

    events = book.submit(last_price(last))

    met = "s with a: 5 at 110" if side is Side.BUY else "s with x: 5 at 90"
    assert told(events) == [f"last price {last}", *(["s triggered at 105", met] if goes else [])]
    assert order_of(book).state is (OrderState.FILLED if goes else OrderState.PENDING)


@pytest.mark.parametrize("last", [105, 106])
def test_stop_that_is_through_at_entry_is_active_at_once(last: Price) -> None:
    """Rule 27."""
    book = book_of(WIDE)
    book.submit(last_price(last))

    events = book.submit(stop(Side.BUY, 105, 5))

    assert told(events) == ["s accepted", "s triggered at 105", "s with a: 5 at 110"]


def test_stop_waits_while_there_is_no_last_price() -> None:
    """Rule 27: the best prices trigger nothing."""
    book = book_of(WIDE)

    events = book.submit(stop(Side.BUY, 1, 5)) + book.submit(stop(Side.SELL, 1_000, 5, name="t"))

    assert told(events) == ["s accepted", "t accepted"]
    assert waiting(book) == [("s", 1, 5), ("t", 1_000, 5)]


def test_stop_tells_its_whole_story() -> None:
    """Rules 27, 28: accepted, triggered by somebody's trade, traded at the resting price."""
    book = book_of("""
        bid | price | ask
            |   101 | 1 a
            |   103 | 5 b
    """)
    accepted = book.submit(stop(Side.BUY, 101, 2))
    order_id = order_of(book).order_id

    events = book.submit(buy(1, at=101))

    assert isinstance(accepted[0], OrderAccepted)
    assert accepted[0].terms is not None
    assert (accepted[0].order_type, accepted[0].price, accepted[0].terms.stop_price) == (
        OrderType.STOP,
        None,
        101,
    )
    assert events[2] == StopTriggered(TAKER, ClientOrderId("s"), order_id, ACME, Side.BUY, 101)
    assert told(events) == [
        "new accepted",
        "new with a: 1 at 101",
        "s triggered at 101",
        "s with b: 2 at 103",
    ]
    assert isinstance(events[3], Trade)
    assert (events[3].taker_order_id, events[3].maker, events[3].aggressor) == (order_id, MAKER, Side.BUY)


# -- never in the middle of a sweep ----------------------------------------------------------------
def test_stop_goes_after_the_aggressor_has_finished() -> None:
    """Rule 28: the aggressor's later levels come before the stop that its first level triggers."""
    book = book_of("""
        bid | price | ask
            |   103 | 5 c
            |   102 | 1 b
            |   101 | 1 a
    """)
    book.submit(stop(Side.BUY, 101, 2))

    events = book.submit(buy(2, at=102))

    assert told(events) == [
        "new accepted",
        "new with a: 1 at 101",
        "new with b: 1 at 102",
        "s triggered at 101",
        "s with c: 2 at 103",
    ]


def test_price_that_a_sweep_only_passed_triggers_nothing() -> None:
    """Rule 28: what counts is the last price when the aggressor has finished."""
    book = book_of("""
        bid  | price | ask
             |   103 | 5 b
             |   101 | 1 a
        50 x |    90 |
    """)
    book.submit(last_price(105))
    book.submit(stop(Side.SELL, 101))

    events = book.submit(buy(2, at=103))

    assert told(events) == ["new accepted", "new with a: 1 at 101", "new with b: 1 at 103"]
    assert waiting(book) == [("s", 101, 1)]


def test_rest_of_the_aggressor_is_in_the_book_before_the_stop_arrives() -> None:
    """Rules 4 and 28: match, rest or kill, then stops."""
    book = book_of("| 101 | 1 a")
    book.submit(stop(Side.SELL, 101, 3))
    book.submit(last_price(200))

    events = book.submit(buy(5, at=101))

    assert told(events) == [
        "new accepted",
        "new with a: 1 at 101",
        "s triggered at 101",
        "s with new: 3 at 101",
    ]
    assert picture(book) == [("bid", 101, "new", 1)]


# -- in which order --------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("side", "prices", "last"), [(Side.BUY, (103, 102, 102), 105), (Side.SELL, (97, 98, 98), 95)]
)
def test_nearest_stop_price_goes_first_then_entry_time(
    side: Side, prices: tuple[Price, ...], last: Price
) -> None:
    """Rule 28."""
    book = book_of()
    for number, price in enumerate(prices, 1):
        book.submit(stop(side, price, name=f"s{number}"))

    events = book.submit(last_price(last))

    near, far = prices[1], prices[0]
    assert told(events) == [
        f"last price {last}",
        f"s2 triggered at {near}",
        "s2 canceled 1: no_liquidity",
        f"s3 triggered at {near}",
        "s3 canceled 1: no_liquidity",
        f"s1 triggered at {far}",
        "s1 canceled 1: no_liquidity",
    ]


def test_buys_go_before_sells_where_one_price_triggers_both() -> None:
    """Rule 28, where the first price ever is through on both sides."""
    book = book_of()
    book.submit(stop(Side.SELL, 110, name="seller"))
    book.submit(stop(Side.BUY, 90, name="buyer"))

    events = book.submit(last_price(100))

    assert told(events)[1::2] == ["buyer triggered at 90", "seller triggered at 110"]


def test_each_activation_may_trigger_more_until_there_are_none() -> None:
    """Rule 28: a single pass is a known bug."""
    book = book_of("""
        bid | price | ask
            |   109 | 1 e
            |   107 | 1 d
            |   105 | 1 c
            |   103 | 1 b
            |   101 | 1 a
    """)
    for price in (107, 105, 103, 101):
        book.submit(stop(Side.BUY, price, name=f"s{price}"))

    events = book.submit(buy(1, at=101))

    assert told(events) == [
        "new accepted",
        "new with a: 1 at 101",
        "s101 triggered at 101",
        "s101 with b: 1 at 103",
        "s103 triggered at 103",
        "s103 with c: 1 at 105",
        "s105 triggered at 105",
        "s105 with d: 1 at 107",
        "s107 triggered at 107",
        "s107 with e: 1 at 109",
    ]
    assert (picture(book), waiting(book)) == ([], [])


def test_stops_that_an_activation_triggers_queue_behind_those_elected_before() -> None:
    """Rule 28."""
    book = book_of("""
        bid | price | ask
            |   105 | 9 c
            |   103 | 1 b
            |   101 | 1 a
    """)
    book.submit(stop(Side.BUY, 103, name="later"))
    book.submit(stop(Side.BUY, 101, name="first"))
    book.submit(stop(Side.BUY, 101, name="second"))

    events = book.submit(buy(1, at=101))

    assert told(events)[2::2] == [
        "first triggered at 101",
        "second triggered at 101",
        "later triggered at 103",
    ]
    assert told(events)[3::2] == [
        "first with b: 1 at 103",
        "second with c: 1 at 105",
        "later with c: 1 at 105",
    ]


# -- what it becomes -------------------------------------------------------------------------------
def test_stop_limit_trades_up_to_its_limit_and_rests_there() -> None:
    """Rule 27."""
    book = book_of("""
        bid | price | ask
            |   107 | 5 b
            |   106 | 5 a
    """)
    book.submit(stop(Side.BUY, 105, 8, limit=106))

    events = book.submit(last_price(105))

    assert told(events) == ["last price 105", "s triggered at 105", "s with a: 5 at 106"]
    assert (bids(book), asks(book)) == ([(106, 3)], [(107, 5)])


def test_stop_limit_that_does_not_cross_rests_as_of_its_activation() -> None:
    """Rules 2 and 27: behind those that were there already, though it was entered before them."""
    book = book_of()
    book.submit(stop(Side.BUY, 105, 8, limit=106))
    book.submit(buy(1, at=106, name="b"))

    events = book.submit(last_price(105))

    assert told(events) == ["last price 105", "s triggered at 105"]
    assert picture(book) == [("bid", 106, "b", 1), ("bid", 106, "s", 8)]


@pytest.mark.parametrize(
    ("command", "end"),
    [
        (stop(Side.BUY, 105, 60), "s canceled 10: market_remainder"),
        (
            stop(Side.BUY, 105, 60, limit=110, time_in_force=TimeInForce.IOC),
            "s canceled 10: immediate_or_cancel",
        ),
        (stop(Side.BUY, 105, 60, limit=110, time_in_force=TimeInForce.FOK), "s canceled 60: fill_or_kill"),
        (stop(Side.BUY, 105, 60, time_in_force=TimeInForce.FOK), "s canceled 60: fill_or_kill"),
    ],
)
def test_time_in_force_of_a_stop_counts_from_its_activation(command: EnterOrder, end: str) -> None:
    """Rules 13, 14, 17 and 27: until then it waits, whatever its time in force."""
    book = book_of(WIDE)

    entered = book.submit(command)
    events = book.submit(last_price(105))

    assert told(entered) == ["s accepted"]
    assert told(events)[-1] == end
    assert picture(book)[0] == ("bid", 90, "x", 50)


def test_protection_of_a_stop_is_measured_when_it_is_triggered() -> None:
    """Rules 17 and 27."""
    book = book_of(WIDE)
    book.submit(stop(Side.BUY, 105, 4, protection=2))
    book.submit(sell(1, at=107, name="b"))
    book.submit(sell(1, at=109, name="c"))

    events = book.submit(last_price(105))

    assert told(events)[1:] == [
        "s triggered at 105",
        "s with b: 1 at 107",
        "s with c: 1 at 109",
        "s canceled 2: market_remainder",
    ]

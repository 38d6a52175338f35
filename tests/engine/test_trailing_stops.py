"""Stops that follow the price: rule 29."""

import pytest

from exchange.engine.commands import EnterOrder
from protocol.vocabulary import OrderType, Phase, Price, Side
from tests.support.books import (
    TAKER,
    book_of,
    buy,
    enter,
    last_price,
    phase,
    reduce,
    replace,
    sell,
    told,
    waiting,
)


def trailing(side: Side, trail: int, *, name: str = "t", stop_price: Price | None = None) -> EnterOrder:
    return enter(side, 5, name=name, order_type=OrderType.STOP, trail=trail, stop_price=stop_price)


@pytest.mark.parametrize(
    ("side", "prices", "stops"),
    [
        (Side.SELL, (100, 110, 106, 108, 112), (95, 105, 105, 105, 107)),
        (Side.BUY, (100, 90, 94, 92, 88), (105, 95, 95, 95, 93)),
    ],
)
def test_trailing_stop_follows_the_price_and_never_moves_away(
    side: Side, prices: tuple[Price, ...], stops: tuple[Price, ...]
) -> None:
    """Rule 29."""
    book = book_of()
    book.submit(last_price(prices[0]))
    book.submit(trailing(side, 5))

    stood = [waiting(book)]
    for price in prices[1:]:
        book.submit(last_price(price))
        stood.append(waiting(book))

    assert stood == [[("t", stop, 5)] for stop in stops]


@pytest.mark.parametrize(
    ("side", "prices", "stop"), [(Side.SELL, (100, 110, 105), 105), (Side.BUY, (100, 90, 95), 95)]
)
def test_trailing_stop_goes_when_the_price_comes_back_to_it(
    side: Side, prices: tuple[Price, ...], stop: Price
) -> None:
    """Rules 27 and 29."""
    book = book_of()
    book.submit(last_price(prices[0]))
    book.submit(trailing(side, 5))
    book.submit(last_price(prices[1]))

    events = book.submit(last_price(prices[2]))

    assert told(events) == [f"last price {stop}", f"t triggered at {stop}", "t canceled 5: no_liquidity"]


def test_trailing_stop_without_a_last_price_follows_from_the_first_one_on() -> None:
    """Rule 29."""
    book = book_of()

    book.submit(trailing(Side.SELL, 5))
    before = waiting(book)
    book.submit(last_price(100))

    assert before == [("t", None, 5)]
    assert waiting(book) == [("t", 95, 5)]


def test_stop_price_that_is_given_stands_until_a_trade_moves_it() -> None:
    """Rule 29."""
    book = book_of()
    book.submit(last_price(100))
    book.submit(trailing(Side.SELL, 5, name="far", stop_price=80))
    book.submit(trailing(Side.SELL, 5, name="near", stop_price=99))

    before = waiting(book)
    book.submit(last_price(101))

    assert before == [("far", 80, 5), ("near", 99, 5)]
    assert waiting(book) == [("far", 96, 5), ("near", 99, 5)]


def test_trailing_stop_is_moved_by_every_trade_of_a_sweep_before_triggers_are_looked_at() -> None:
    """Rules 28 and 29: the sweep's best price moves the stop, its last one triggers it."""
    book = book_of("""
        bid | price | ask
        1 x |   110 |
        1 y |   104 |
        9 z |    90 |
    """)
    book.submit(last_price(100))
    book.submit(trailing(Side.SELL, 5))

    events = book.submit(sell(2, at=104))

    assert told(events) == [
        "new accepted",
        "new with x: 1 at 110",
        "new with y: 1 at 104",
        "t triggered at 105",
        "t with z: 5 at 90",
    ]


def test_trailing_stop_follows_the_price_of_an_auction() -> None:
    """Rule 29."""
    book = book_of()
    book.submit(last_price(100))
    book.submit(trailing(Side.SELL, 5))
    book.submit(phase(Phase.INTRADAY_AUCTION))
    book.submit(buy(1, at=120, name="b"))
    book.submit(sell(1, at=120, name="s"))

    book.submit(phase(Phase.CONTINUOUS))

    assert waiting(book) == [("t", 115, 5)]


def test_trailing_stop_that_shrinks_goes_on_following() -> None:
    """Rules 10 and 29."""
    book = book_of()
    book.submit(last_price(100))
    book.submit(trailing(Side.BUY, 5))

    events = book.submit(reduce("t", 2, TAKER))
    book.submit(last_price(90))

    assert told(events) == ["t replaced: 3 at None, keeps its place"]
    assert waiting(book) == [("t", 95, 3)]


def test_trailing_stop_can_be_given_another_stop_price_and_follows_from_there() -> None:
    """Rules 29 and 30."""
    book = book_of()
    book.submit(last_price(100))
    book.submit(trailing(Side.SELL, 5))

    book.submit(replace("t", stop_price=50, owner=TAKER))
    set_back = waiting(book)
    book.submit(last_price(99))

    assert set_back == [("t", 50, 5)]
    assert waiting(book) == [("t", 94, 5)]


def test_trailing_stops_go_in_the_order_of_the_prices_they_have_reached() -> None:
    """Rules 28 and 29."""
    book = book_of()
    book.submit(last_price(100))
    book.submit(trailing(Side.SELL, 10, name="wide"))
    book.submit(trailing(Side.SELL, 2, name="tight"))
    book.submit(last_price(120))

    events = book.submit(last_price(105))

    assert told(events)[1::2] == ["tight triggered at 118", "wide triggered at 110"]

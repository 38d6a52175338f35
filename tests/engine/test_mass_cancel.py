"""Many orders canceled at once: rule 45."""

import pytest

from exchange.engine.events import OrdersMassCanceled
from protocol.vocabulary import OrderType, Phase, Price, Side, TimeInForce
from tests.support.books import (
    MAKER,
    TAKER,
    Market,
    at_any_price,
    book_of,
    buy,
    enter,
    in_phase,
    instrument,
    mass_cancel,
    picture,
    picture_of,
    replace,
    sell,
    told,
    waiting,
)

BOTH = """
    bid        | price | ask
               |   102 | 5 d
               |   101 | 4 a, 2 b
    3 x, 1 y   |   100 |
"""


def test_mass_cancel_takes_everything_of_one_account_oldest_first() -> None:
    """Rule 45: a fixed order."""
    book = book_of(BOTH)
    book.submit(buy(1, at=98, name="mine"))

    events = book.submit(mass_cancel(MAKER))

    assert told(events) == [
        "x canceled 3: mass_cancel",
        "y canceled 1: mass_cancel",
        "a canceled 4: mass_cancel",
        "b canceled 2: mass_cancel",
        "d canceled 5: mass_cancel",
        "5 canceled for maker",
    ]
    assert picture(book) == [("bid", 98, "mine", 1)]


@pytest.mark.parametrize(("side", "left"), [(Side.BUY, "ask"), (Side.SELL, "bid")])
def test_mass_cancel_of_one_side_leaves_the_other(side: Side, left: str) -> None:
    """Rule 45."""
    book = book_of(BOTH)

    book.submit(mass_cancel(MAKER, side=side))

    assert picture(book) == [order for order in picture_of(BOTH) if order[0] == left]


def test_mass_cancel_of_one_instrument_leaves_the_others() -> None:
    """Rule 45."""
    market = Market(instrument("ONE"), instrument("TWO"))
    market.submit(buy(1, at=10, name="a", symbol="ONE"))
    market.submit(buy(2, at=10, name="b", symbol="TWO"))

    events = market.submit(mass_cancel(TAKER, "TWO"))

    assert told(events) == ["b canceled 2: mass_cancel", "1 canceled for taker"]
    assert picture(market, "ONE") == [("bid", 10, "a", 1)]


@pytest.mark.parametrize(
    ("lowest", "highest", "canceled"),
    [
        (None, None, ["x", "y", "a", "b", "d"]),
        (101, None, ["a", "b", "d"]),
        (None, 101, ["x", "y", "a", "b"]),
        (101, 101, ["a", "b"]),
        (100, 102, ["x", "y", "a", "b", "d"]),
        (103, None, []),
    ],
)
def test_mass_cancel_of_a_price_range_includes_both_ends(
    lowest: Price | None, highest: Price | None, canceled: list[str]
) -> None:
    """Rule 45."""
    book = book_of(BOTH)

    events = book.submit(mass_cancel(MAKER, lowest=lowest, highest=highest))

    assert [sentence.split()[0] for sentence in told(events)[:-1]] == canceled
    assert told(events)[-1] == f"{len(canceled)} canceled for maker"


def test_price_range_that_ends_before_it_begins_is_refused() -> None:
    """Rule 45: an empty book answers differently than a typing error."""
    book = book_of(BOTH)

    events = book.submit(mass_cancel(MAKER, lowest=102, highest=101))

    assert told(events) == ["it refused: conflicting_fields"]
    assert picture(book) == picture_of(BOTH)


def test_mass_cancel_of_the_venue_takes_everybodys_oldest_first() -> None:
    """Rule 45: nobody is named."""
    book = book_of("5 x | 100 |")
    book.submit(sell(1, at=101, name="t", owner=TAKER))
    book.submit(sell(1, at=102, name="m", owner=MAKER))

    events = book.submit(mass_cancel(None))

    assert told(events) == [
        "x canceled 5: mass_cancel",
        "t canceled 1: mass_cancel",
        "m canceled 1: mass_cancel",
        "3 canceled for the venue",
    ]
    assert events[-1] == OrdersMassCanceled(None, 3)
    assert picture(book) == []


def test_mass_cancel_of_the_venue_may_be_bound_to_an_instrument_a_side_and_a_range() -> None:
    """Rule 45."""
    market = Market(instrument("ONE"), instrument("TWO"))
    for number, (symbol, make, price) in enumerate(
        [("ONE", buy, 10), ("ONE", buy, 9), ("ONE", sell, 11), ("TWO", buy, 10)]
    ):
        market.submit(make(1, at=price, name=f"o{number}", symbol=symbol))

    events = market.submit(mass_cancel(None, "ONE", Side.BUY, lowest=10))

    assert told(events) == ["o0 canceled 1: mass_cancel", "1 canceled for the venue"]


def special_orders() -> Market:
    """A stop, an order for the close, a market order that rests, an iceberg, a hidden order."""
    book = book_of("", instrument(market_remainder_rests=True))
    book.submit(buy(1, at=99, name="stop", order_type=OrderType.STOP_LIMIT, stop_price=120))
    book.submit(buy(2, at=100, name="close", time_in_force=TimeInForce.AT_THE_CLOSE))
    book.submit(buy(3, name="market"))
    book.submit(buy(40, at=100, name="ice", display=1))
    book.submit(buy(5, at=101, name="hidden", hidden=True))
    return book


def test_mass_cancel_reaches_orders_that_wait_and_orders_without_a_price() -> None:
    """Rules 30 and 45."""
    book = special_orders()

    events = book.submit(mass_cancel(TAKER))

    assert told(events) == [
        "stop canceled 1: mass_cancel",
        "close canceled 2: mass_cancel",
        "market canceled 3: mass_cancel",
        "ice canceled 40: mass_cancel",
        "hidden canceled 5: mass_cancel",
        "5 canceled for taker",
    ]
    assert (picture(book), waiting(book), at_any_price(book, Side.BUY)) == ([], [], [])


@pytest.mark.parametrize(("lowest", "highest"), [(1, None), (None, 10**6), (1, 10**6)])
def test_mass_cancel_of_a_price_range_takes_only_what_rests_at_a_price(
    lowest: Price | None, highest: Price | None
) -> None:
    """Rule 45: a stop's limit is not where it is."""
    book = special_orders()

    events = book.submit(mass_cancel(TAKER, lowest=lowest, highest=highest))

    assert told(events) == [
        "ice canceled 40: mass_cancel",
        "hidden canceled 5: mass_cancel",
        "2 canceled for taker",
    ]
    assert waiting(book) == [("stop", 120, 1), ("close", None, 2)]
    assert at_any_price(book, Side.BUY) == [("market", 3)]


def test_pegs_follow_before_the_count() -> None:
    """Rules 4, 45, 53: they are no part of it."""
    book = book_of("5 x | 100 |\n5 y | 99 |")
    book.submit(enter(Side.BUY, 5, name="p", order_type=OrderType.PEG))

    one = book.submit(mass_cancel(MAKER, lowest=100))
    all_ = book.submit(mass_cancel(MAKER))

    assert told(one) == ["x canceled 5: mass_cancel", "p moves from 100 to 99", "1 canceled for maker"]
    assert told(all_) == [
        "y canceled 5: mass_cancel",
        "p canceled 5: nothing_to_peg_to",
        "1 canceled for maker",
    ]


@pytest.mark.parametrize("now", Phase)
def test_mass_cancel_works_in_every_phase(now: Phase) -> None:
    """Rules 34 and 45."""
    book = in_phase(now, BOTH)

    events = book.submit(mass_cancel(MAKER))

    assert told(events)[-1] == "5 canceled for maker"
    assert picture(book) == []


def test_mass_cancel_with_nothing_to_cancel_says_so() -> None:
    """Rule 45: nothing is dropped in silence."""
    book = book_of(BOTH)

    events = book.submit(mass_cancel("nobody"))

    assert told(events) == ["0 canceled for nobody"]


def test_mass_cancel_of_an_unknown_instrument_is_refused() -> None:
    """Rules 8 and 45."""
    book = book_of(BOTH)

    events = book.submit(mass_cancel(MAKER, "NONE"))

    assert told(events) == ["it refused: unknown_symbol"]
    assert picture(book) == picture_of(BOTH)


def test_replaced_order_keeps_its_age_for_a_mass_cancel() -> None:
    """Rule 45: oldest by order id, not by place in the queue."""
    book = book_of(BOTH)
    book.submit(replace("x", quantity=50))

    events = book.submit(mass_cancel(MAKER, side=Side.BUY))

    assert told(events)[:2] == ["x canceled 50: mass_cancel", "y canceled 1: mass_cancel"]


def test_pegs_follow_a_mass_cancel_instrument_by_instrument_as_they_are_listed() -> None:
    """Rules 45 and 53: whichever instrument lost its order first."""
    market = Market(instrument("ONE"), instrument("TWO"))
    for symbol in ("TWO", "ONE"):
        market.submit(buy(1, at=10, name=f"best {symbol}", symbol=symbol, owner=MAKER))
        market.submit(enter(Side.BUY, 1, name=f"peg {symbol}", symbol=symbol, order_type=OrderType.PEG))

    events = market.submit(mass_cancel(MAKER))

    assert told(events) == [
        "best TWO canceled 1: mass_cancel",
        "best ONE canceled 1: mass_cancel",
        "peg ONE canceled 1: nothing_to_peg_to",
        "peg TWO canceled 1: nothing_to_peg_to",
        "2 canceled for maker",
    ]

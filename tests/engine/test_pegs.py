"""Orders that follow the best price of their side: rule 53."""

from typing import Any

import pytest

from exchange.engine.commands import EnterOrder
from exchange.engine.events import OrderRepriced, OrderRested
from protocol.vocabulary import ClientOrderId, OrderType, Phase, Price, Quantity, Side
from tests.support.books import (
    ACME,
    MAKER,
    TAKER,
    bids,
    book_of,
    buy,
    cancel,
    enter,
    instrument,
    last_price,
    mass_cancel,
    phase,
    picture,
    reduce,
    replace,
    sell,
    stop,
    told,
    trades,
)

BIDS = """
    bid | price | ask
    5 x |   100 |
    5 y |    99 |
"""


def peg(
    side: Side, quantity: Quantity = 5, *, name: str = "p", cap: Price | None = None, **terms: Any
) -> EnterOrder:
    order_type = OrderType.PEG
    return enter(side, quantity, name=name, owner=TAKER, order_type=order_type, cap=cap, **terms)


# -- entry -----------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("side", "table", "cap", "price"),
    [
        (Side.BUY, BIDS, None, 100),
        (Side.BUY, BIDS, 101, 100),
        (Side.BUY, BIDS, 100, 100),
        (Side.BUY, BIDS, 97, 97),
        (Side.SELL, "| 100 | 5 a", None, 100),
        (Side.SELL, "| 100 | 5 a", 99, 100),
        (Side.SELL, "| 100 | 5 a", 103, 103),
    ],
)
def test_peg_rests_at_the_best_of_its_side_or_at_its_cap(
    side: Side, table: str, cap: Price | None, price: Price
) -> None:
    """Rule 53: a buy at the lower of the two, a sell at the higher; behind who is there."""
    book = book_of(table)

    events = book.submit(peg(side, cap=cap))

    order_id = book.order("p", TAKER).order_id
    assert told(events) == ["p accepted", f"p rests 5 at {price}"]
    assert events[1] == OrderRested(TAKER, ClientOrderId("p"), order_id, ACME, side, price, 5)
    assert [name for _, at, name, _ in picture(book) if at == price][-1] == "p"


@pytest.mark.parametrize("table", ["", "| 100 | 5 a"])
def test_peg_without_a_limit_on_its_side_is_refused(table: str) -> None:
    """Rule 53."""
    book = book_of(table)

    events = book.submit(peg(Side.BUY))

    assert told(events) == ["p refused: nothing_to_peg_to"]


def test_hidden_orders_are_nothing_to_peg_to() -> None:
    """Rules 26 and 53: a peg must not tell where they are."""
    book = book_of("5 y | 99 |")
    book.submit(buy(5, at=100, name="hidden", hidden=True))

    events = book.submit(peg(Side.BUY))

    assert told(events) == ["p accepted", "p rests 5 at 99"]


# -- following -------------------------------------------------------------------------------------
@pytest.mark.parametrize(("side", "better"), [(Side.BUY, 101), (Side.SELL, 99)])
def test_pegs_queue_behind_the_order_that_set_the_new_best_in_their_order(side: Side, better: Price) -> None:
    """Rule 53."""
    book = book_of()
    book.submit(enter(side, 5, 100, name="x", owner=MAKER))
    for name in ("p", "q", "r"):
        book.submit(peg(side, name=name))
    book.submit(cancel("q", TAKER))

    events = book.submit(enter(side, 1, better, name="setter", owner=MAKER))

    assert told(events) == [
        "setter accepted",
        f"p moves from 100 to {better}",
        f"r moves from 100 to {better}",
    ]
    assert events[1] == OrderRepriced(
        TAKER, ClientOrderId("p"), book.order("p", TAKER).order_id, ACME, side, 100, better, 5
    )
    assert [name for _, price, name, _ in picture(book) if price == better] == ["setter", "p", "r"]


def test_pegs_follow_the_best_down() -> None:
    """Rule 53."""
    book = book_of(BIDS)
    book.submit(peg(Side.BUY))

    events = book.submit(cancel("x"))

    assert told(events) == ["x canceled 5: requested", "p moves from 100 to 99"]
    assert picture(book) == [("bid", 99, "y", 5), ("bid", 99, "p", 5)]


def test_best_does_not_count_pegs() -> None:
    """Rule 53: they do not hold each other up."""
    book = book_of(BIDS)
    book.submit(peg(Side.BUY))
    book.submit(peg(Side.BUY, name="q"))

    events = book.submit(cancel("x"))

    assert told(events)[1:] == ["p moves from 100 to 99", "q moves from 100 to 99"]


def test_peg_at_its_cap_stays_where_it_is_and_is_passed_by_those_who_follow() -> None:
    """Rule 53: relative order among those that move; who does not move keeps its place."""
    book = book_of(BIDS)
    book.submit(peg(Side.BUY, name="capped", cap=100))
    book.submit(peg(Side.BUY, name="free"))

    up = book.submit(buy(1, at=102, name="setter", owner=MAKER))
    down = book.submit(cancel("setter"))

    assert told(up) == ["setter accepted", "free moves from 100 to 102"]
    assert told(down) == ["setter canceled 1: requested", "free moves from 102 to 100"]
    assert picture(book)[1:] == [("bid", 100, "x", 5), ("bid", 100, "capped", 5), ("bid", 100, "free", 5)]


def test_order_of_pegs_outlives_a_level_that_one_of_them_did_not_leave() -> None:
    """Rule 53: their order is that of their entry, wherever they are when they move."""
    book = book_of(BIDS)
    book.submit(peg(Side.BUY, name="capped", cap=100))
    book.submit(peg(Side.BUY, name="free"))
    book.submit(buy(1, at=102, name="setter", owner=MAKER))
    book.submit(cancel("setter"))
    book.submit(cancel("x"))

    events = book.submit(cancel("y"))

    assert told(events)[1:] == ["capped canceled 5: nothing_to_peg_to", "free canceled 5: nothing_to_peg_to"]


def test_pegs_are_canceled_when_the_last_limit_disappears() -> None:
    """Rule 53."""
    book = book_of("5 x | 100 |")
    book.submit(peg(Side.BUY))
    book.submit(peg(Side.BUY, name="q", cap=90))

    events = book.submit(sell(5, at=100))

    assert told(events) == [
        "new accepted",
        "new with x: 5 at 100",
        "p canceled 5: nothing_to_peg_to",
        "q canceled 5: nothing_to_peg_to",
    ]
    assert picture(book) == []


def test_pegs_of_both_sides_follow_bids_first() -> None:
    """Rules 4 and 53."""
    book = book_of("""
        bid | price | ask
            |   110 | 5 b
            |   105 | 5 a
        5 x |   100 |
        5 y |    95 |
    """)
    book.submit(peg(Side.SELL, name="seller"))
    book.submit(peg(Side.BUY, name="buyer"))
    book.submit(buy(10, at=105, name="1"))

    events = book.submit(mass_cancel(MAKER, lowest=100, highest=105))

    assert told(events)[-2:] == ["buyer moves from 100 to 95", "1 canceled for maker"]


# -- when ------------------------------------------------------------------------------------------
def test_peg_is_not_repriced_in_the_middle_of_a_sweep() -> None:
    """Rule 53: it trades where it stood, although the limit it followed is gone by then."""
    book = book_of(BIDS)
    book.submit(peg(Side.BUY, 10))

    events = book.submit(sell(8, at=99))

    assert told(events) == [
        "new accepted",
        "new with x: 5 at 100",
        "new with p: 3 at 100",
        "p moves from 100 to 99",
    ]
    assert picture(book) == [("bid", 99, "y", 5), ("bid", 99, "p", 7)]


def test_sweep_does_not_meet_a_peg_again_at_its_new_price() -> None:
    """Rules 4 and 53: it moves when the aggressor is done."""
    book = book_of(BIDS)
    book.submit(peg(Side.BUY, 10))

    events = book.submit(sell(30, at=99))

    assert trades(events) == [("x", 100, 5), ("p", 100, 10), ("y", 99, 5)]
    assert picture(book) == [("ask", 99, "new", 10)]


def test_pegs_follow_after_the_stops_and_only_once() -> None:
    """Rules 4, 28, 53: match, stops, pegs."""
    book = book_of("""
        bid | price | ask
        5 x |   100 |
        5 y |    99 |
        5 z |    98 |
    """)
    book.submit(peg(Side.BUY, 1))
    book.submit(enter(Side.SELL, 6, name="s", order_type=OrderType.STOP, stop_price=100))

    events = book.submit(sell(5, at=100))

    assert told(events) == [
        "new accepted",
        "new with x: 5 at 100",
        "s triggered at 100",
        "s with p: 1 at 100",
        "s with y: 5 at 99",
    ]
    assert picture(book) == [("bid", 98, "z", 5)]


@pytest.mark.parametrize("terms", [{"display": 2}, {"hidden": True}])
def test_peg_may_be_an_iceberg_or_hidden(terms: dict[str, Any]) -> None:
    """Rules 23, 26, 53: it follows with what it shows."""
    book = book_of(BIDS)
    book.submit(peg(Side.BUY, **terms))
    book.submit(sell(6, at=100))

    events = book.submit(buy(1, at=101, name="setter", owner=MAKER))

    assert told(events)[1:] == ["p moves from 99 to 101"]
    assert bids(book)[0] == (101, 3 if "display" in terms else 1)


def test_pegs_do_not_move_in_a_call_and_follow_when_trading_goes_on() -> None:
    """Rules 34 and 53."""
    book = book_of(BIDS)
    book.submit(peg(Side.BUY))
    book.submit(phase(Phase.INTRADAY_AUCTION))

    in_call = book.submit(buy(1, at=103, name="setter", owner=MAKER))
    after = book.submit(phase(Phase.CONTINUOUS))

    assert told(in_call) == ["setter accepted"]
    assert told(after) == [
        "auction without a price",
        "intraday_auction to continuous",
        "p moves from 100 to 103",
    ]


def test_last_price_that_is_set_moves_no_peg() -> None:
    """Rule 53: they follow limits, not trades."""
    book = book_of(BIDS)
    book.submit(peg(Side.BUY))

    events = book.submit(last_price(500))

    assert told(events) == ["last price 500"]


# -- changes ---------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("cap", "sentence"),
    [
        (98, "p replaced: 5 at 98, goes to the back"),
        (150, "p replaced: 5 at 100, goes to the back"),
        (101, "p replaced: 5 at 100, keeps its place"),
    ],
)
def test_price_of_a_peg_is_its_cap(cap: Price, sentence: str) -> None:
    """Rules 10 and 53: the same cap keeps the place."""
    book = book_of(BIDS)
    book.submit(peg(Side.BUY, cap=101))

    events = book.submit(replace("p", price=cap, owner=TAKER))

    assert told(events) == [sentence]


def test_peg_that_grows_goes_behind_the_other_pegs() -> None:
    """Rules 10 and 53: also for the next move."""
    book = book_of(BIDS)
    book.submit(peg(Side.BUY))
    book.submit(peg(Side.BUY, name="q"))

    grown = book.submit(replace("p", quantity=6, owner=TAKER))
    moved = book.submit(cancel("x"))

    assert told(grown) == ["p replaced: 6 at 100, goes to the back"]
    assert told(moved)[1:] == ["q moves from 100 to 99", "p moves from 100 to 99"]


def test_peg_that_shrinks_keeps_its_turn() -> None:
    """Rules 10 and 53."""
    book = book_of(BIDS)
    book.submit(peg(Side.BUY))
    book.submit(peg(Side.BUY, name="q"))

    reduced = book.submit(reduce("p", 1, TAKER))
    moved = book.submit(cancel("x"))

    assert told(reduced) == ["p replaced: 4 at 100, keeps its place"]
    assert told(moved)[1:] == ["p moves from 100 to 99", "q moves from 100 to 99"]


def test_pegs_stay_where_they_are_when_a_stop_has_begun_a_volatility_auction() -> None:
    """Rules 38 and 53: they follow in continuous trading only, whatever began the call."""
    book = book_of(
        """
        bid  | price | ask
             |   120 | 9 far
             |   101 | 4 near
        10 x |    98 |
        """,
        instrument(dynamic_corridor=5),
    )
    book.submit(last_price(100))
    book.submit(peg(Side.BUY, 2))
    book.submit(stop(Side.BUY, 101, 3))

    events = book.submit(buy(6, at=101))

    assert told(events) == [
        "new accepted",
        "new with near: 4 at 101",
        "s triggered at 101",
        "continuous to volatility_auction",
        "s rests 3 at any price",
    ]
    assert picture(book)[:3] == [("bid", 98, "x", 10), ("bid", 98, "p", 2), ("bid", 101, "new", 2)]

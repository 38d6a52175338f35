"""Market orders that rest: rule 52."""

import pytest

from exchange.engine.commands import AddInstrument
from exchange.engine.events import OrderRested
from protocol.vocabulary import ClientOrderId, OrderType, Price, Quantity, Side, TimeInForce
from tests.support.books import (
    ACME,
    MAKER,
    TAKER,
    Market,
    asks,
    at_any_price,
    bids,
    book_of,
    buy,
    cancel,
    enter,
    instrument,
    last_price,
    picture,
    reduce,
    replace,
    sell,
    told,
    trades,
)

RESTS = instrument(market_remainder_rests=True)
REFERENCE = instrument(market_remainder_rests=True, reference_price=70)
AT_AGGRESSOR = instrument(market_remainder_rests=True, market_at_aggressor_limit=True)


def with_market_order(
    listed: AddInstrument = RESTS,
    *,
    side: Side = Side.BUY,
    best: Price | None = None,
    last: Price | None = None,
) -> Market:
    """A market order ``m`` of 5 that rests, and perhaps a limit ``x`` on its side, and a last price."""
    book = book_of("", listed)
    book.submit(enter(side, 5, name="m", owner=MAKER))
    if best is not None:
        book.submit(enter(side, 5, best, name="x", owner=MAKER))
    if last is not None:
        book.submit(last_price(last))
    return book


def test_market_order_without_an_opposite_side_rests() -> None:
    """Rule 52: without a price, before all limits."""
    book = book_of("5 x | 100 |", RESTS)

    events = book.submit(buy(7))

    assert told(events) == ["new accepted", "new rests 7 at any price"]
    assert events[1] == OrderRested(TAKER, ClientOrderId("new"), 3, ACME, Side.BUY, None, 7)
    assert (at_any_price(book, Side.BUY), bids(book)) == ([("new", 7)], [(100, 5)])


@pytest.mark.parametrize("side", Side)
def test_resting_market_orders_come_before_every_limit_and_among_themselves_by_arrival(side: Side) -> None:
    """Rules 2 and 52: also before limits that came earlier."""
    book = book_of("", RESTS)
    book.submit(enter(side, 5, 100, name="x", owner=MAKER))
    book.submit(enter(side, 2, name="m1", owner=MAKER))
    book.submit(enter(side, 2, name="m2", owner=MAKER))

    events = book.submit(enter(side.opposite, 6, 100))

    assert trades(events) == [("m1", 100, 2), ("m2", 100, 2), ("x", 100, 2)]


@pytest.mark.parametrize(
    ("side", "best", "limit", "price"),
    [
        (Side.BUY, 100, 98, 100),  # better for the seller than his limit
        (Side.BUY, 100, 100, 100),
        (Side.BUY, 97, 98, 98),  # does not cross his limit
        (Side.BUY, None, 98, 98),
        (Side.SELL, 100, 102, 100),
        (Side.SELL, 100, 100, 100),
        (Side.SELL, 103, 102, 102),
        (Side.SELL, None, 102, 102),
    ],
)
def test_it_trades_at_its_own_sides_best_limit_if_that_crosses_else_at_the_aggressors_limit(
    side: Side, best: Price | None, limit: Price, price: Price
) -> None:
    """Rule 52."""
    book = with_market_order(side=side, best=best)

    events = book.submit(enter(side.opposite, 5, limit))

    assert told(events) == ["new accepted", f"new with m: 5 at {price}"]
    assert at_any_price(book, side) == []


@pytest.mark.parametrize(("best", "limit"), [(100, 98), (97, 98), (None, 98)])
def test_it_may_always_trade_at_the_aggressors_limit(best: Price | None, limit: Price) -> None:
    """Rule 52, the setting."""
    book = with_market_order(AT_AGGRESSOR, best=best)

    events = book.submit(sell(5, at=limit))

    assert trades(events) == [("m", limit, 5)]


@pytest.mark.parametrize("side", Side)
@pytest.mark.parametrize(
    ("listed", "best", "last", "price"),
    [
        (RESTS, 100, 80, 100),
        (RESTS, None, 80, 80),
        (REFERENCE, None, 80, 80),
        (REFERENCE, None, None, 70),
        (REFERENCE, 100, None, 100),
        (AT_AGGRESSOR, 100, 80, 80),
    ],
)
def test_market_against_market_trades_at_the_best_limit_else_the_last_or_reference_price(
    listed: AddInstrument, best: Price | None, last: Price | None, price: Price, side: Side
) -> None:
    """Rule 52: the best limit is that of the side that rests."""
    book = with_market_order(listed, side=side, best=best, last=last)

    events = book.submit(enter(side.opposite, 5))

    assert told(events) == ["new accepted", f"new with m: 5 at {price}"]


def test_market_against_market_without_any_price_is_no_trade() -> None:
    """Rule 52: both rest."""
    book = with_market_order()

    events = book.submit(sell(3))

    assert told(events) == ["new accepted", "new rests 3 at any price"]
    assert (at_any_price(book, Side.BUY), at_any_price(book, Side.SELL)) == ([("m", 5)], [("new", 3)])


def test_limit_trades_with_the_resting_market_order_and_then_with_limits() -> None:
    """Rules 24 and 52: market orders first, then price levels; the rest rests."""
    book = with_market_order(best=100)

    events = book.submit(sell(12, at=100))

    assert told(events) == ["new accepted", "new with m: 5 at 100", "new with x: 5 at 100"]
    assert picture(book) == [("ask", 100, "new", 2)]


def test_partly_filled_it_keeps_its_turn() -> None:
    """Rules 3 and 52."""
    book = with_market_order()
    book.submit(buy(5, name="second", owner=MAKER))

    first = book.submit(sell(3, at=100, name="1"))
    next_ = book.submit(sell(3, at=100, name="2"))

    assert (trades(first), trades(next_)) == ([("m", 100, 3)], [("m", 100, 2), ("second", 100, 1)])


@pytest.mark.parametrize(("quantity", "fills"), [(10, True), (11, False)])
def test_it_counts_for_fill_or_kill(quantity: Quantity, fills: bool) -> None:
    """Rules 14 and 52."""
    book = with_market_order(best=100)

    events = book.submit(sell(quantity, at=100, time_in_force=TimeInForce.FOK))

    expected = ["new with m: 5 at 100", "new with x: 5 at 100"]
    assert told(events)[1:] == (expected if fills else ["new canceled 11: fill_or_kill"])


def test_post_only_order_that_would_meet_it_is_refused() -> None:
    """Rules 21 and 52: whatever its price."""
    book = with_market_order()

    events = book.submit(sell(1, at=900, post_only=True))

    assert told(events) == ["new refused: post_only_would_trade"]


def test_it_is_no_limit_for_those_who_ask_for_the_best() -> None:
    """Rules 19, 52, 53: it has no price."""
    book = with_market_order()

    to_limit = book.submit(enter(Side.SELL, 1, order_type=OrderType.MARKET_TO_LIMIT))
    peg = book.submit(enter(Side.BUY, 1, order_type=OrderType.PEG))

    assert told(to_limit) == ["new refused: no_opposite_side"]
    assert told(peg) == ["new refused: nothing_to_peg_to"]


def test_it_can_be_canceled_and_reduced_like_any_order() -> None:
    """Rules 10 and 52: what is left keeps its turn."""
    book = with_market_order()
    book.submit(buy(5, name="second", owner=MAKER))

    reduced = book.submit(reduce("m", 1))
    smaller = book.submit(replace("m", quantity=3))
    turns = at_any_price(book, Side.BUY)
    canceled = book.submit(cancel("m"))

    assert told(reduced) == ["m replaced: 4 at None, keeps its place"]
    assert told(smaller) == ["m replaced: 3 at None, keeps its place"]
    assert turns == [("m", 3), ("second", 5)]
    assert told(canceled) == ["m canceled 3: requested"]


def test_it_goes_to_the_back_when_it_grows() -> None:
    """Rules 10 and 52."""
    book = with_market_order()
    book.submit(buy(5, name="second", owner=MAKER))

    events = book.submit(replace("m", quantity=6))

    assert told(events) == ["m replaced: 6 at None, goes to the back", "m rests 6 at any price"]
    assert at_any_price(book, Side.BUY) == [("second", 5), ("m", 6)]


def test_it_can_not_be_given_a_price() -> None:
    """Rules 8 and 12."""
    book = with_market_order()

    events = book.submit(replace("m", price=100))

    assert told(events) == ["m refused: price_unexpected"]
    assert at_any_price(book, Side.BUY) == [("m", 5)]


def test_it_rests_beside_a_book_that_is_never_crossed() -> None:
    """Rules 5 and 52: limits that come across from it trade with it first."""
    book = with_market_order(best=100)

    book.submit(sell(3, at=101, name="s"))

    assert at_any_price(book, Side.BUY) == [("m", 2)]
    assert (bids(book), asks(book)) == ([(100, 5)], [])

"""Identity and validity: rules 6 to 8. A refusal changes nothing."""

import pytest

from exchange.engine.commands import AddInstrument, Command, EnterOrder
from exchange.engine.events import RequestRejected
from protocol.vocabulary import ClientOrderId, OrderType, RejectReason, Request, Side, TimeInForce
from tests.support.books import (
    ACME,
    MAKER,
    TAKER,
    Market,
    book_of,
    buy,
    cancel,
    enter,
    instrument,
    mass_cancel,
    picture,
    reduce,
    replace,
    sell,
    told,
)

STEPS = instrument(tick=5, lot=10, minimum_quantity=20, maximum_quantity=1_000, maximum_price=10_000)
LIMIT, MARKET = OrderType.LIMIT, OrderType.MARKET

REFUSED: dict[RejectReason, list[EnterOrder]] = {
    RejectReason.UNKNOWN_SYMBOL: [buy(100, at=500, symbol="NONE"), sell(0, symbol="")],
    RejectReason.QUANTITY_NOT_POSITIVE: [buy(0, at=500), sell(-10, at=500), buy(0), buy(-1)],
    RejectReason.BELOW_MINIMUM_QUANTITY: [buy(10, at=500), sell(10), buy(1, at=500)],
    RejectReason.ABOVE_MAXIMUM_QUANTITY: [buy(1_010, at=500), sell(10**15), buy(1_001, at=500)],
    RejectReason.OFF_LOT: [buy(25, at=500), sell(999)],
    RejectReason.PRICE_MISSING: [enter(Side.BUY, 100, order_type=LIMIT)],
    RejectReason.PRICE_NOT_POSITIVE: [buy(100, at=0), sell(100, at=-5), buy(100, protection=-5)],
    RejectReason.ABOVE_MAXIMUM_PRICE: [buy(100, at=10_005), sell(100, at=10**15), buy(100, at=10_001)],
    RejectReason.OFF_TICK: [buy(100, at=501), sell(100, at=499), sell(100, protection=7)],
    RejectReason.PRICE_UNEXPECTED: [enter(Side.SELL, 100, 500, order_type=MARKET)],
    RejectReason.CONFLICTING_FIELDS: [
        enter(Side.BUY, 100, order_type=MARKET, post_only=True),
        buy(100, at=500, post_only=True, time_in_force=TimeInForce.IOC),
        buy(100, at=500, post_only=True, time_in_force=TimeInForce.FOK),
        buy(100, at=500, protection=5),
    ],
}
"""Rule 8: every way in which an order is not valid, for an instrument with steps and limits."""

BOOK = """
    bid | price | ask
        |   505 | 100 a
"""


@pytest.mark.parametrize(
    ("reason", "command"), [(reason, command) for reason, commands in REFUSED.items() for command in commands]
)
def test_order_that_is_not_valid_is_refused_before_matching(
    reason: RejectReason, command: EnterOrder
) -> None:
    """Rule 8."""
    book = book_of(BOOK, STEPS)
    before = picture(book)

    events = book.submit(command)

    assert told(events) == [f"new refused: {reason}"]
    assert isinstance(events[0], RequestRejected)
    assert (events[0].request, events[0].account) == (Request.NEW, TAKER)
    assert events[0].text
    assert picture(book) == before


@pytest.mark.parametrize("command", [buy(20, at=5), sell(1_000, at=10_000), buy(20), sell(20, protection=0)])
def test_order_on_the_very_limits_is_taken(command: EnterOrder) -> None:
    """Rule 8: limits are inclusive."""
    book = book_of("", STEPS)

    events = book.submit(command)

    assert told(events)[0] == "new accepted"


def test_price_that_others_rest_at_does_not_make_a_bad_quantity_good() -> None:
    """Rule 8, where a price level exists already."""
    book = book_of(BOOK, STEPS)

    events = book.submit(sell(25, at=505))

    assert told(events) == ["new refused: off_lot"]


def test_refusal_says_the_numbers_in_question() -> None:
    book = book_of(BOOK, STEPS)

    events = book.submit(buy(100, at=501))

    assert events == (
        RequestRejected(
            TAKER,
            ClientOrderId("new"),
            Request.NEW,
            RejectReason.OFF_TICK,
            "price 501 is not a multiple of the tick 5",
        ),
    )


# -- ids -------------------------------------------------------------------------------------------
def test_id_of_a_live_order_is_refused_and_the_book_unchanged() -> None:
    """Rule 6."""
    book = book_of(BOOK)

    events = book.submit(sell(7, at=505, name="a", owner=MAKER))

    assert told(events) == ["a refused: duplicate_client_order_id"]
    assert picture(book) == [("ask", 505, "a", 100)]


def test_id_of_a_dead_order_is_refused_for_the_rest_of_the_day() -> None:
    """Rule 6; the answer says what became of the order."""
    book = book_of(BOOK)
    book.submit(buy(100, at=505, name="b"))

    again = book.submit(sell(1, at=505, name="a", owner=MAKER))

    assert told(again) == ["a refused: duplicate_client_order_id"]
    assert isinstance(again[0], RequestRejected)
    assert again[0].text == "client_order_id 'a' is taken: it is order 2, filled, 100 executed"


def test_bare_engine_allows_the_id_of_a_dead_order_again() -> None:
    """Rule 6: unique for the day is the gateway's wish."""
    book = book_of(BOOK, ids_unique_per_day=False)
    book.submit(cancel("a"))

    events = book.submit(sell(1, at=505, name="a", owner=MAKER))

    assert told(events) == ["a accepted"]
    assert picture(book) == [("ask", 505, "a", 1)]


def test_bare_engine_refuses_the_id_of_a_live_order() -> None:
    """Rule 6."""
    book = book_of(BOOK, ids_unique_per_day=False)

    events = book.submit(sell(1, at=505, name="a", owner=MAKER))

    assert told(events) == ["a refused: duplicate_client_order_id"]


def test_id_of_a_refused_order_stays_free() -> None:
    book = book_of(BOOK)
    book.submit(buy(0, at=1))

    events = book.submit(buy(1, at=1))

    assert told(events) == ["new accepted"]


def test_two_accounts_may_use_the_same_id() -> None:
    """Rule 6: unique per account."""
    book = book_of(BOOK)

    events = book.submit(sell(1, at=505, name="a", owner=TAKER))

    assert told(events) == ["a accepted"]
    assert picture(book) == [("ask", 505, "a", 100), ("ask", 505, "a", 1)]


@pytest.mark.parametrize(
    "command",
    [
        cancel("a", TAKER),
        cancel("dead"),
        cancel("never"),
        cancel("a", "nobody"),
        replace("a", quantity=1, owner=TAKER),
        replace("dead", quantity=1),
        replace("never", price=0),
        replace("never"),
        replace("a", quantity=1, owner="nobody"),
        reduce("a", 1, TAKER),
        reduce("dead", 1),
        reduce("never", -1),
        reduce("a", 1, "nobody"),
    ],
)
def test_unknown_dead_and_foreign_orders_get_one_and_the_same_answer(command: Command) -> None:
    """Rule 7: nothing is leaked about other people's orders."""
    book = book_of("""
        bid | price | ask
            |   505 | 100 a, 5 dead
    """)
    book.submit(cancel("dead"))
    book.submit(buy(1, at=1, name="mine"))
    name = getattr(command, "client_order_id", "")

    events = book.submit(command)

    assert told(events) == [f"{name} refused: unknown_order"]
    assert isinstance(events[0], RequestRejected)
    assert events[0].text == f"no live order {name!r}"
    assert picture(book) == [("bid", 1, "mine", 1), ("ask", 505, "a", 100)]


def test_asking_for_an_order_opens_no_account() -> None:
    """Rule 50: state does not depend on questions."""
    book = book_of(BOOK)

    book.submit(cancel("a", "nobody"))
    book.submit(mass_cancel("nobody"))

    assert list(book.engine.accounts.by_name) == [MAKER]
    assert book.engine.open_orders(TAKER) == []


# -- instruments -----------------------------------------------------------------------------------
def test_instrument_is_listed_once() -> None:
    market = Market(instrument())

    events = market.submit(instrument(tick=7))

    assert told(events) == ["it refused: duplicate_instrument"]
    assert market.engine.books[ACME].instrument.tick == 1


@pytest.mark.parametrize(
    "listed",
    [
        instrument(tick=0),
        instrument(lot=-1),
        instrument(minimum_quantity=0),
        instrument(maximum_quantity=10**9 + 1),
        instrument(maximum_price=0),
        instrument(minimum_quantity=11, maximum_quantity=10),
        instrument(maker_fee_ppm=1_000_001),
        instrument(taker_fee_ppm=-1_000_001),
        instrument(band=-1),
        instrument(execution_range=10**9 + 1),
        instrument(static_corridor=-1),
        instrument(dynamic_corridor=-1),
        instrument(reference_price=0),
        instrument(maximum_price=100, reference_price=101),
        instrument(minimum_allocation=0),
        instrument(fifo_percent=101),
        instrument(fifo_percent=-1),
        instrument(tick_table=[(0, 5)]),
        instrument(tick_table=[(100, 0)]),
        instrument(tick_table=[(100, 5), (100, 10)]),
        instrument(tick_table=[(1_000, 10), (100, 5)]),
        instrument(tick=3, tick_table=[(100, 5)]),
        instrument(tick_table=[(103, 5)]),
    ],
)
def test_instrument_that_makes_no_sense_is_not_listed(listed: AddInstrument) -> None:
    """Rule 8 for the venue itself: steps, rates, bands and corridors."""
    market = Market()

    events = market.submit(listed)

    assert told(events) == ["it refused: invalid_instrument"]
    assert market.engine.books == {}

"""Stops while they wait: unseen, and orders all the same (rule 30)."""

import pytest

from exchange.engine.commands import Command
from exchange.engine.events import OrderCanceled, OrderReplaced, StopTriggered, Trade
from exchange.engine.order import Order
from protocol.vocabulary import (
    CancelReason,
    ClientOrderId,
    OrderState,
    Price,
    Side,
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
    cancel,
    instrument,
    last_price,
    picture,
    picture_of,
    reduce,
    replace,
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


def test_stop_is_in_nobodys_way_while_it_waits() -> None:
    """Rule 30: not in the book, and nobody trades with it."""
    book = book_of(WIDE)
    book.submit(stop(Side.SELL, 80, 5, limit=80))

    events = book.submit(buy(1, at=109))

    assert told(events) == ["new accepted"]
    assert (bids(book), asks(book)) == ([(109, 1), (90, 50)], [(110, 50)])
    assert order_of(book).state is OrderState.PENDING


def test_stop_can_be_canceled() -> None:
    """Rule 30: it rested nowhere, so there is no price."""
    book = book_of(WIDE)
    book.submit(stop(Side.BUY, 105, 5, limit=106))
    order_id = order_of(book).order_id

    events = book.submit(cancel("s", TAKER))

    assert events == (
        OrderCanceled(
            TAKER, ClientOrderId("s"), order_id, ACME, Side.BUY, None, 5, 0, CancelReason.REQUESTED
        ),
    )  # fmt: skip
    assert told(book.submit(last_price(200))) == ["last price 200"]
    assert told(book.submit(cancel("s", TAKER))) == ["s refused: unknown_order"]


def test_stop_can_be_replaced() -> None:
    """Rule 30: limit, stop price and total."""
    book = book_of(WIDE)
    book.submit(stop(Side.BUY, 105, 5, limit=106))
    order_id = order_of(book).order_id

    events = book.submit(replace("s", quantity=7, price=111, stop_price=104, owner=TAKER))

    assert events == (
        OrderReplaced(
            TAKER, ClientOrderId("s"), order_id, ACME, Side.BUY, old_price=None, price=111, quantity=7,
            cumulative=0, leaves=7, kept_priority=False, stop_price=104,
        ),
    )  # fmt: skip
    assert told(book.submit(last_price(104)))[1:] == ["s triggered at 104", "s with a: 7 at 110"]


def test_stop_that_is_replaced_to_a_price_already_there_goes_at_once() -> None:
    """Rules 27 and 30."""
    book = book_of(WIDE)
    book.submit(last_price(100))
    book.submit(stop(Side.BUY, 105, 5))

    events = book.submit(replace("s", stop_price=100, owner=TAKER))

    assert [type(event) for event in events] == [OrderReplaced, StopTriggered, Trade]
    assert told(events)[1:] == ["s triggered at 100", "s with a: 5 at 110"]


@pytest.mark.parametrize(
    ("changes", "first"),
    [
        ([], "s1"),
        ([reduce("s1", 1, TAKER)], "s1"),
        ([replace("s1", quantity=3, owner=TAKER)], "s1"),
        ([replace("s1", quantity=6, owner=TAKER)], "s2"),
        ([replace("s1", stop_price=104, owner=TAKER), replace("s1", stop_price=105, owner=TAKER)], "s2"),
    ],
)
def test_stop_keeps_its_time_of_entry_if_it_only_shrinks(changes: list[Command], first: str) -> None:
    """Rules 10 and 28."""
    book = book_of(WIDE)
    for name in ("s1", "s2"):
        book.submit(stop(Side.BUY, 105, 5, name=name))
    for command in changes:
        book.submit(command)

    events = book.submit(last_price(105))

    assert told(events)[1] == f"{first} triggered at 105"


def test_total_of_nothing_cancels_a_stop_and_a_negative_one_is_refused() -> None:
    """Rules 8 and 9."""
    book = book_of(WIDE)
    book.submit(stop(Side.BUY, 105, 5))

    refused = book.submit(replace("s", quantity=-1, owner=TAKER))
    gone = book.submit(replace("s", quantity=0, owner=TAKER))

    assert told(refused) == ["s refused: quantity_not_positive"]
    assert told(gone) == ["s canceled 5: replaced_below_executed"]
    assert (waiting(book), picture(book)) == ([], picture_of(WIDE))


def test_stop_price_of_an_order_that_waits_for_nothing_is_refused() -> None:
    """Rule 12: nothing but the refusal."""
    book = book_of(WIDE)
    book.submit(stop(Side.BUY, 105, 5, limit=106))
    book.submit(last_price(105))

    for name, owner in (("a", MAKER), ("s", TAKER)):
        events = book.submit(replace(name, stop_price=100, owner=owner))
        assert told(events) == [f"{name} refused: conflicting_fields"]


@pytest.mark.parametrize(
    ("stop_price", "reason"), [(0, "price_not_positive"), (103, "off_tick"), (10**7, "above_maximum_price")]
)
def test_stop_price_that_is_none_leaves_the_stop_as_it_was(stop_price: Price, reason: str) -> None:
    """Rules 8 and 12."""
    book = book_of("", instrument(tick=5))
    book.submit(stop(Side.BUY, 105, 5))

    events = book.submit(replace("s", stop_price=stop_price, owner=TAKER))

    assert told(events) == [f"s refused: {reason}"]
    assert waiting(book) == [("s", 105, 5)]


def test_stop_that_is_reduced_to_nothing_is_canceled() -> None:
    """Rule 30."""
    book = book_of(WIDE)
    book.submit(stop(Side.BUY, 105, 5))

    events = book.submit(reduce("s", 5, TAKER))

    assert told(events) == ["s canceled 5: reduced_to_nothing"]
    assert waiting(book) == []

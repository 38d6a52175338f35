"""The table of an order's states, and that the engine keeps to it."""

from collections.abc import Callable

import msgspec
import pytest

from exchange.engine.commands import Command
from exchange.engine.events import (
    Event,
    OrderCanceled,
    OrderReplaced,
    SelfTradePrevented,
    StopTriggered,
    Trade,
)
from exchange.engine.order import TRANSITIONS, OrderTrigger
from protocol.vocabulary import OrderState, OrderType, SelfTrade, TimeInForce
from tests.support.books import MAKER, Market, book_of, buy, cancel, last_price, reduce, replace, sell, told

BOOK = "| 100 | 10 a"
STOP_LIMIT = OrderType.STOP_LIMIT
LISTED = sell(10, at=100, name="a", owner=MAKER)

TO_STATE: dict[OrderState, Callable[[], Market]] = {
    OrderState.PENDING: lambda: _after(
        sell(10, at=100, name="a", owner=MAKER, order_type=STOP_LIMIT, stop_price=90)
    ),
    OrderState.LIVE: lambda: _after(LISTED, buy(3, at=100, name="some")),
    OrderState.FILLED: lambda: _after(LISTED, buy(10, at=100, name="all")),
    OrderState.CANCELED: lambda: _after(LISTED, cancel("a")),
}
TRY: dict[OrderTrigger, Command] = {
    OrderTrigger.FILL: buy(1, at=100, time_in_force=TimeInForce.IOC),
    OrderTrigger.FILL_UP: buy(99, at=100, time_in_force=TimeInForce.IOC),
    OrderTrigger.PREVENT: buy(
        1, at=100, owner=MAKER, time_in_force=TimeInForce.IOC, self_trade=SelfTrade.DECREMENT
    ),
    OrderTrigger.TRIGGER: last_price(90),
    OrderTrigger.REPLACE: replace("a", quantity=9),
    OrderTrigger.CANCEL: cancel("a"),
}
KINDS: dict[OrderTrigger, type[Event]] = {
    OrderTrigger.FILL: Trade,
    OrderTrigger.FILL_UP: Trade,
    OrderTrigger.PREVENT: SelfTradePrevented,
    OrderTrigger.TRIGGER: StopTriggered,
    OrderTrigger.REPLACE: OrderReplaced,
    OrderTrigger.CANCEL: OrderCanceled,
}


def _after(*commands: Command) -> Market:
    """A market after these; ``LISTED`` is the order ``a`` that rests."""
    book = book_of()
    for command in commands:
        book.submit(msgspec.structs.replace(command))
    return book


def happened(trigger: OrderTrigger, events: tuple[Event, ...]) -> bool:
    """Whether it happened to the order ``a``."""
    of_kind = [event for event in events if isinstance(event, KINDS[trigger])]
    names = {
        getattr(event, "maker_client_order_id", getattr(event, "client_order_id", None)) for event in of_kind
    }
    return "a" in names


@pytest.mark.parametrize("state", OrderState)
@pytest.mark.parametrize("trigger", OrderTrigger)
def test_order_changes_as_the_table_says_and_in_no_other_way(
    state: OrderState, trigger: OrderTrigger
) -> None:
    book = TO_STATE[state]()
    assert book.order("a").state is state

    events = book.submit(msgspec.structs.replace(TRY[trigger]))

    assert happened(trigger, events) is (state in TRANSITIONS[trigger])
    assert book.order("a").state is TRANSITIONS[trigger].get(state, state)


def test_table_names_only_living_orders() -> None:
    """Dead orders stay dead."""
    living = {OrderState.PENDING, OrderState.LIVE}

    assert {state for row in TRANSITIONS.values() for state in row} == living
    assert set(TRANSITIONS) == set(OrderTrigger)


@pytest.mark.parametrize(
    ("change", "quantities"),
    [
        (lambda book: book.submit(buy(3, at=100)), (10, 3, 7)),
        (lambda book: book.submit(buy(10, at=100)), (10, 10, 0)),
        (lambda book: book.submit(cancel("a")), (10, 0, 0)),
        (lambda book: book.submit(reduce("a", 4)), (6, 0, 6)),
        (lambda book: book.submit(replace("a", quantity=12)), (12, 0, 12)),
    ],
)
def test_quantity_is_cumulative_and_leaves_while_live(
    change: Callable[[Market], object], quantities: tuple[int, int, int]
) -> None:
    """A canceled order keeps what it reached and has nothing left."""
    book = book_of(BOOK)

    change(book)

    order = book.order("a")
    assert (order.quantity, order.cumulative, order.leaves) == quantities


def test_order_that_filled_in_part_before_its_cancel_is_canceled() -> None:
    book = book_of(BOOK)
    book.submit(buy(3, at=100))

    events = book.submit(cancel("a"))

    assert told(events) == ["a canceled 7: requested"]
    assert (book.order("a").state, book.order("a").cumulative) == (OrderState.CANCELED, 3)


def test_cancel_says_where_the_order_rested_and_what_it_had_reached() -> None:
    book = book_of(BOOK)
    book.submit(buy(3, at=100))

    (event,) = book.submit(cancel("a"))

    assert isinstance(event, OrderCanceled)
    assert (event.account, event.price, event.quantity, event.cumulative) == (MAKER, 100, 7, 3)


def test_order_that_never_rested_is_canceled_without_a_price() -> None:
    book = book_of(BOOK)

    events = book.submit(sell(1, at=200, time_in_force=TimeInForce.IOC))

    assert isinstance(events[-1], OrderCanceled)
    assert events[-1].price is None

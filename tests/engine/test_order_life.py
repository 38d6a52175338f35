"""The table of an order's states, and that the engine keeps to it."""

from collections.abc import Callable

import pytest

from exchange.engine.events import Event, OrderCanceled, OrderReplaced, Trade
from exchange.engine.order import TRANSITIONS, OrderTrigger
from protocol.vocabulary import OrderState, TimeInForce
from tests.support.books import MAKER, Market, book_of, buy, cancel, reduce, replace, sell, told

BOOK = "| 100 | 10 a"

TO_STATE: dict[OrderState, Callable[[Market], object]] = {
    OrderState.LIVE: lambda book: book.submit(buy(3, at=100, name="some")),
    OrderState.FILLED: lambda book: book.submit(buy(10, at=100, name="all")),
    OrderState.CANCELED: lambda book: book.submit(cancel("a")),
}
TRY: dict[OrderTrigger, Callable[[Market], tuple[Event, ...]]] = {
    OrderTrigger.FILL: lambda book: book.submit(buy(1, at=100, time_in_force=TimeInForce.IOC)),
    OrderTrigger.FILL_UP: lambda book: book.submit(buy(99, at=100, time_in_force=TimeInForce.IOC)),
    OrderTrigger.REPLACE: lambda book: book.submit(replace("a", quantity=9)),
    OrderTrigger.CANCEL: lambda book: book.submit(cancel("a")),
}


def happened(trigger: OrderTrigger, events: tuple[Event, ...]) -> bool:
    """Whether the order ``a`` was filled, replaced or canceled."""
    kinds = {
        OrderTrigger.FILL: Trade,
        OrderTrigger.FILL_UP: Trade,
        OrderTrigger.REPLACE: OrderReplaced,
        OrderTrigger.CANCEL: OrderCanceled,
    }
    names = {
        getattr(event, "maker_client_order_id", getattr(event, "client_order_id", None)) for event in events
    }
    return "a" in names and any(isinstance(event, kinds[trigger]) for event in events)


@pytest.mark.parametrize("state", OrderState)
@pytest.mark.parametrize("trigger", OrderTrigger)
def test_order_changes_as_the_table_says_and_in_no_other_way(
    state: OrderState, trigger: OrderTrigger
) -> None:
    book = book_of(BOOK)
    TO_STATE[state](book)
    assert book.order("a").state is state

    events = TRY[trigger](book)

    assert happened(trigger, events) is (state in TRANSITIONS[trigger])
    assert book.order("a").state is TRANSITIONS[trigger].get(state, state)


def test_table_names_only_living_orders() -> None:
    """Dead orders stay dead."""
    assert {state for row in TRANSITIONS.values() for state in row} == {OrderState.LIVE}
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

"""The life of an order as its owner sees it."""

import pytest

from protocol.errors import InvariantViolated
from protocol.messages import PrivateMessage, Rested
from protocol.vocabulary import ClientOrderId, Request, Side
from tests.traders.reports import ACME, NOW, accepted, canceled, rejected, replaced, traded
from traders.order_view import DONE, TRANSITIONS, OrderEvent, OrderPhase, OrderView


def order_after(*reports: PrivateMessage) -> OrderView:
    order = OrderView(ClientOrderId("a"), ACME, Side.BUY, 100, 10_000)
    for report in reports:
        order.apply(report)
    return order


def test_an_order_is_sent_then_live() -> None:
    assert order_after().phase is OrderPhase.SENT
    assert order_after(accepted("a")).is_live


def test_trades_add_up_until_it_is_filled() -> None:
    order = order_after(
        accepted("a"),
        traded("a", price=10_000, quantity=30, leaves=70),
        traded("a", price=9_990, quantity=70, cumulative=100),
    )

    assert order.phase is OrderPhase.FILLED
    assert (order.cumulative, order.leaves, order.average_price) == (100, 0, 9_993)


def test_a_replaced_order_has_its_new_price_and_quantity() -> None:
    order = order_after(accepted("a"), replaced("a", 2, quantity=80, price=9_950, cumulative=10))

    assert (order.quantity, order.price, order.cumulative, order.leaves) == (80, 9_950, 10, 70)


def test_a_market_order_that_rests_has_the_price_the_venue_found() -> None:
    order = OrderView(ClientOrderId("a"), ACME, Side.BUY, 15, None)

    order.apply(accepted("a", price=None))
    order.apply(Rested(2, NOW, ClientOrderId("a"), 1, ACME, 7, 90_625))

    assert (order.price, order.leaves, order.is_live) == (90_625, 7, True)


def test_a_canceled_order_keeps_what_it_traded() -> None:
    order = order_after(
        accepted("a"), traded("a", quantity=30, leaves=70), canceled("a", 3, quantity=70, cumulative=30)
    )

    assert (order.phase, order.cumulative, order.leaves) == (OrderPhase.CANCELED, 30, 0)


def test_a_refused_order_says_why() -> None:
    order = order_after(rejected("a"))

    assert order.rejection == rejected("a")
    assert order.is_done


@pytest.mark.parametrize("request_", [Request.CANCEL, Request.REPLACE, Request.REDUCE])
def test_the_refusal_of_a_change_changes_nothing(request_: Request) -> None:
    order = order_after(accepted("a"), rejected("a", 2, request=request_))

    assert order.is_live
    assert order.rejection is None


@pytest.mark.parametrize(
    "reports",
    [
        (traded("a"),),
        (canceled("a", 1),),
        (accepted("a"), accepted("a")),
        (accepted("a"), traded("a"), traded("a")),
        (accepted("a"), canceled("a", 2), replaced("a", 3, quantity=1, price=1)),
        (rejected("a"), accepted("a")),
    ],
)
def test_a_report_the_table_does_not_know_is_the_venues_contradiction(
    reports: tuple[PrivateMessage, ...],
) -> None:
    with pytest.raises(InvariantViolated, match="order a is"):
        order_after(*reports)


def test_nothing_follows_the_end() -> None:
    assert not [pair for pair in TRANSITIONS if pair[0] in DONE]
    assert {event for _, event in TRANSITIONS} == set(OrderEvent)

"""The life of an order as its owner sees it."""

import pytest

from protocol.errors import InvariantViolated
from protocol.messages import Accepted, PrivateMessage, Replaced, Rested
from protocol.vocabulary import ClientOrderId, OrderType, Request, Side
from tests.traders.reports import (
    ACME,
    NOW,
    accepted,
    canceled,
    prevented,
    rejected,
    replaced,
    repriced,
    traded,
    triggered,
)
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


def stop(seq: int = 1) -> Accepted:
    name = ClientOrderId("a")
    return Accepted(seq, NOW, name, 1, ACME, Side.BUY, 100, order_type=OrderType.STOP, stop_price=10_100)


def test_a_stop_is_pending_until_it_is_triggered() -> None:
    pending, live = order_after(stop()), order_after(stop(), triggered("a", 2))

    assert (pending.is_pending, pending.is_live, pending.stop_price) == (True, False, 10_100)
    assert (live.is_pending, live.is_live, live.stop_price) == (False, True, 10_050)


def test_a_pending_stop_can_be_replaced_and_canceled() -> None:
    changed = Replaced(2, NOW, ClientOrderId("a"), 1, ACME, 50, 0, 50, False, stop_price=10_200)

    order = order_after(stop(), changed)

    assert (order.is_pending, order.quantity, order.stop_price) == (True, 50, 10_200)
    assert order_after(stop(), canceled("a", 2)).phase is OrderPhase.CANCELED


def test_a_peg_is_where_it_followed_to() -> None:
    order = order_after(accepted("a", price=None), repriced("a", 2, price=10_005))

    assert (order.price, order.is_live) == (10_005, True)


def test_what_self_trade_prevention_took_is_neither_executed_nor_open() -> None:
    order = order_after(accepted("a"), prevented("a", 2, quantity=30, leaves=70))

    assert (order.prevented, order.cumulative, order.leaves, order.quantity) == (30, 0, 70, 100)
    assert order.is_live


def test_an_order_by_amount_learns_its_quantity_from_its_trades() -> None:
    order = OrderView(ClientOrderId("a"), ACME, Side.BUY, 0, None)

    order.apply(
        Accepted(1, NOW, order.client_order_id, 1, ACME, Side.BUY, 0, order_type=OrderType.MARKET_BY_AMOUNT)
    )
    order.apply(traded("a", 2, quantity=4, leaves=2))
    order.apply(traded("a", 3, quantity=2, cumulative=6))

    assert (order.phase, order.quantity, order.cumulative) == (OrderPhase.FILLED, 6, 6)


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
        (stop(), traded("a", 2)),
        (stop(), triggered("a", 2), triggered("a", 3)),
        (accepted("a"), triggered("a", 2)),
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

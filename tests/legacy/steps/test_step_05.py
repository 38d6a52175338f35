"""The life of an order, fed one report at a time."""

import inspect

import pytest

from legacy.steps.market import Market, Member, OrderReport
from legacy.steps.step_05 import order_life
from protocol.messages import NewOrder
from protocol.vocabulary import ClientOrderId, Side, Symbol
from traders.order_view import OrderPhase, OrderView


def told() -> list[str]:
    return []


def reports_of_a_fill() -> list[OrderReport]:
    market = Market()
    anna, ben = market.member("anna"), market.member("ben")
    anna.buy("a1", 10, at=10_000)
    ben.sell("b1", 4, at=10_000)
    ben.sell("b2", 6, at=10_000)
    return anna.reports()


def test_a_value_sent_too_early_is_a_type_error_and_does_no_harm() -> None:
    accepted, *_ = reports_of_a_fill()
    life = order_life(told().append)

    with pytest.raises(TypeError, match="just-started"):
        life.send(accepted)

    assert inspect.getgeneratorstate(life) == inspect.GEN_CREATED
    assert life.send(None) is OrderPhase.SENT  # type: ignore[arg-type]  # None is the one value that may be sent now
    assert life.send(accepted) is OrderPhase.LIVE


def test_every_report_moves_it_to_its_next_yield_and_the_last_one_to_its_end() -> None:
    accepted, first, second = reports_of_a_fill()
    lines = told()
    life = order_life(lines.append)

    phases = [next(life), life.send(accepted), life.send(first)]

    assert phases == [OrderPhase.SENT, OrderPhase.LIVE, OrderPhase.LIVE]
    assert inspect.getgeneratorlocals(life)["executed"] == 4
    with pytest.raises(StopIteration):
        life.send(second)
    assert inspect.getgeneratorstate(life) == inspect.GEN_CLOSED
    assert lines == [
        "accepted: to buy 10 ACME",
        "traded 4 at 100.00: 4 so far, 6 left",
        "traded 6 at 100.00: 10 so far, 0 left",
    ]


def test_a_life_that_has_ended_takes_nothing_more() -> None:
    *reports, last = reports_of_a_fill()
    life = order_life(told().append)
    next(life)
    for report in reports:
        life.send(report)

    for _ in range(2):
        with pytest.raises(StopIteration):
            life.send(last)


@pytest.mark.parametrize("canceled", [True, False])
def test_its_phases_are_those_of_the_client(canceled: bool) -> None:
    market = Market()
    anna, ben = market.member("anna"), market.member("ben")
    view = OrderView.of(NewOrder(ClientOrderId("a1"), Symbol("ACME"), Side.BUY, 10, 10_000))
    life = order_life(told().append)
    phase: OrderPhase | None = next(life)
    anna.buy("a1", 10, at=10_000)
    ben.sell("b1", 4, at=10_000)
    if canceled:
        anna.cancel("a1")
    else:
        ben.sell("b2", 6, at=10_000)

    for report in anna.reports():
        assert phase is view.phase
        view.apply(report)
        try:
            phase = life.send(report)
        except StopIteration:
            phase = None

    assert phase is None
    assert view.is_done


def test_refusals_are_told_one_ends_the_order_and_the_other_does_not() -> None:
    market = Market()
    anna = market.member("anna")

    assert lines_of(anna, quantity=0) == ["refused: quantity 0 is not positive"]

    life = order_life((lines := told()).append)
    next(life)
    anna.buy("a2", 1, at=10_000)
    anna.cancel("never entered")
    accepted, refused = anna.reports()
    life.send(accepted)
    assert life.send(refused) is OrderPhase.LIVE
    assert lines[1:] == ["can't be canceled"]


def lines_of(member: Member, quantity: int) -> list[str]:
    """What is told of an order that gets one report and ends."""
    lines = told()
    life = order_life(lines.append)
    next(life)
    member.buy("a1", quantity, at=10_000)
    with pytest.raises(StopIteration):
        life.send(member.next_report())
    return lines

"""Delegation: values, send, throw, close and the return value pass through; the long form passes values only."""

import inspect
from collections.abc import Callable, Generator
from itertools import islice
from pathlib import Path
from types import GeneratorType
from typing import Any

import pytest

from legacy.steps.market import Market, Member, OrderReport, Request
from legacy.steps.step_02 import list_tape, read_tape
from legacy.steps.step_07 import state_of
from legacy.steps.step_12 import (
    STOP,
    TARGET,
    GiveUp,
    NewPage,
    Outcome,
    bracket,
    chain,
    enter,
    leave,
    logger,
    protect,
    second_thoughts,
    time_logger,
    trade,
)
from legacy.steps.tape import SAMPLE, made_up, write_tape
from protocol.messages import Accepted, Cancel, Canceled, NewOrder, Rejected, TradeReport


def reports() -> list[OrderReport]:
    market = Market()
    anna, ben = market.member("anna"), market.member("ben")
    anna.buy("a1", 2, at=10_000)
    market.clock.advance(seconds=2)
    ben.sell("b1", 2, at=10_000)
    return anna.reports()


# -- the audit -------------------------------------------------------------------------------------
def test_what_is_sent_to_the_outer_one_is_logged_by_the_inner_one() -> None:
    lines: list[str] = []
    audit = logger(lines.append, "anna")
    next(audit)

    for report in reports():
        audit.send(report)

    assert lines == ["audit of anna", "   09:30:00.000 Accepted a1", "   09:30:02.000 TradeReport a1"]
    assert inner_of(audit).__name__ == "time_logger"


def test_the_inner_ones_return_value_is_the_value_of_the_expression() -> None:
    lines: list[str] = []
    audit = logger(lines.append, "anna")
    next(audit)
    for report in reports():
        audit.send(report)

    with pytest.raises(StopIteration) as end:
        audit.send(None)

    assert end.value.value == 2
    assert lines[-1] == "   2 lines"


def test_what_is_thrown_is_caught_by_the_inner_one_or_comes_out_of_the_outer_one() -> None:
    lines: list[str] = []
    audit = logger(lines.append, "anna")
    next(audit)

    audit.throw(NewPage())
    assert lines[-1] == "   ----------"
    assert inspect.getgeneratorstate(audit) == inspect.GEN_SUSPENDED

    with pytest.raises(LookupError):
        audit.throw(LookupError())
    assert inspect.getgeneratorstate(audit) == inspect.GEN_CLOSED


def test_closing_the_outer_one_closes_the_inner_one_first() -> None:
    closed: list[str] = []

    def part(name: str, inner: Generator[None, None, None] | None = None) -> Generator[None, None, None]:
        try:
            if inner is None:
                yield
            else:
                yield from inner
        finally:
            closed.append(name)

    inner = part("inner")
    outer = part("outer", part("middle", inner))
    next(outer)

    outer.close()

    assert closed == ["inner", "middle", "outer"]
    assert state_of(inner) == "closed"


def test_the_long_form_passes_values_out_and_nothing_in() -> None:
    def long_form(out: Callable[[str], None]) -> Generator[Any, Any, None]:
        for value in time_logger(out):  # noqa: UP028  # that is what is looked at
            yield value

    lines: list[str] = []
    audit = long_form(lines.append)
    next(audit)

    with pytest.raises(NewPage):
        audit.throw(NewPage())
    with pytest.raises(StopIteration):
        audit.send(None)

    other = long_form(lines.append)
    next(other)
    with pytest.raises(StopIteration):  # the report was lost, and its place taken by None: the end
        other.send(reports()[0])
    assert lines == []


# -- two tapes -------------------------------------------------------------------------------------
def test_a_chain_gives_the_trades_of_one_tape_after_those_of_the_other(tmp_path: Path) -> None:
    other = tmp_path / "tape.jsonl"
    write_tape(other, made_up(5))

    assert list(chain(read_tape(SAMPLE), read_tape(other))) == list_tape(SAMPLE) + list_tape(other)
    assert list(chain()) == []


def test_a_chain_opens_a_tape_when_it_comes_to_it_and_closes_the_one_it_is_in(tmp_path: Path) -> None:
    other = tmp_path / "tape.jsonl"
    write_tape(other, made_up(5))
    first, second = read_tape(other), read_tape(SAMPLE)
    tapes = chain(first, second)

    assert len(list(islice(tapes, 5))) == 5
    assert [state_of(first), state_of(second)] == ["suspended", "created"]
    next(tapes)
    file = inspect.getgeneratorlocals(second)["file"]
    assert [state_of(first), state_of(second)] == ["closed", "suspended"]

    tapes.close()

    assert state_of(second) == "closed"
    assert file.closed


# -- the bracket -----------------------------------------------------------------------------------
class Scene:
    """A member with a bracket, and others who do what is written down for them, one thing after the other."""

    def __init__(self, *script: tuple[str, str, int, int]) -> None:
        """``script``: who, ``buy`` or ``sell``, how much, at which price."""
        self.market = Market()
        self.anna = self.market.member("anna")
        self.others = {name: self.market.member(name) for name in ("ben", "cora")}
        self.seen: list[OrderReport] = []
        self._script = iter(enumerate(script))

    def act(self) -> None:
        number, (name, what, quantity, price) = next(self._script)
        enter_order = getattr(self.others[name], what)
        enter_order(f"{name}{number}", quantity, at=price)

    def trade(self, flow: Generator[Any, OrderReport, Outcome]) -> Outcome:
        return trade(flow, self.anna, self.act, self.seen.append)

    def told(self) -> list[tuple[str, str | None]]:
        return [(type(report).__name__, report.client_order_id) for report in self.seen]


def sold(seen: list[OrderReport]) -> int:
    return sum(
        one.quantity for one in seen if isinstance(one, TradeReport) and one.client_order_id != "entry"
    )


def is_flat(member: Member) -> bool:
    """Whether nothing of the member is in the book any more: both its names are free to be canceled in vain."""
    member.send(Cancel(TARGET))
    member.send(Cancel(STOP))
    return all(isinstance(report, Rejected) for report in member.reports()[-2:])


def test_a_bracket_sells_at_its_target_and_takes_the_stop_away() -> None:
    scene = Scene(("ben", "sell", 5, 10_000), ("cora", "buy", 5, 10_020))

    outcome = scene.trade(bracket(5, price=10_000, target=10_020, stop=9_980))

    assert outcome == Outcome("sold", 5 * 20)
    assert scene.told()[-1] == ("Canceled", "stop")
    assert is_flat(scene.anna)


def test_a_bracket_sells_at_its_stop_and_takes_the_target_away() -> None:
    scene = Scene(
        ("ben", "sell", 5, 10_000),
        ("cora", "buy", 1, 9_980),
        ("cora", "buy", 9, 9_970),
        ("ben", "sell", 1, 9_980),
    )

    outcome = scene.trade(bracket(5, price=10_000, target=10_020, stop=9_980))

    assert outcome == Outcome("sold", -5 * 30)
    assert scene.told()[-1] == ("Canceled", "target")
    assert is_flat(scene.anna)


def test_what_one_way_out_sells_the_other_can_not_sell_again() -> None:
    scene = Scene(
        ("ben", "sell", 5, 10_000),
        ("cora", "buy", 2, 10_020),
        ("cora", "buy", 1, 10_020),
        ("cora", "buy", 1, 9_980),
        ("cora", "buy", 9, 9_970),
        ("ben", "sell", 1, 9_980),
    )

    outcome = scene.trade(bracket(5, price=10_000, target=10_020, stop=9_980))

    assert outcome == Outcome("sold", 3 * 20 - 2 * 30)
    assert sold(scene.seen) == 5
    assert is_flat(scene.anna)


def test_a_target_that_trades_at_once_is_no_surprise() -> None:
    scene = Scene(("cora", "buy", 2, 9_990), ("ben", "sell", 5, 10_000))
    scene.act()

    outcome = scene.trade(bracket(1, price=10_000, target=9_990, stop=9_000))

    assert outcome == Outcome("sold", -10)
    assert is_flat(scene.anna)


def test_an_entry_that_is_refused_is_all_there_is() -> None:
    scene = Scene()

    outcome = scene.trade(bracket(0, price=10_000, target=10_020, stop=9_980))

    assert outcome == Outcome("not entered", 0)
    assert scene.told() == [("Rejected", "entry")]


@pytest.mark.parametrize("sold_before", [0, 2])
def test_who_gives_up_has_both_orders_canceled_though_he_knows_neither(sold_before: int) -> None:
    market = Market()
    anna, ben, cora = market.member("anna"), market.member("ben"), market.member("cora")
    flow = bracket(5, price=10_000, target=10_020, stop=9_980)
    ben.sell("b1", 5, at=10_000)
    request = next(flow)
    while request is not None or anna.mail:
        if request is not None:
            anna.send(request)
        request = flow.send(anna.next_report())
    if sold_before:
        cora.buy("c1", sold_before, at=10_020)
        request = flow.send(anna.next_report())
        assert flow.send(answer_to(anna, request)) is None

    first = flow.throw(GiveUp())
    second = flow.send(answer_to(anna, first))
    last = answer_to(anna, second)
    with pytest.raises(StopIteration) as end:
        flow.send(last)

    assert (first, second) == (Cancel(TARGET), Cancel(STOP))
    assert isinstance(last, Canceled)
    assert end.value.value == Outcome("given up", 0)
    assert is_flat(anna)


def test_second_thoughts_are_thrown_into_the_part_that_waits() -> None:
    scene = Scene()
    scene.others["ben"].sell("b1", 5, at=10_000)

    outcome = second_thoughts(scene.anna, scene.seen.append)

    assert outcome == Outcome("given up", 0)
    assert scene.told()[-2:] == [("Canceled", "target"), ("Canceled", "stop")]
    assert is_flat(scene.anna)


def test_the_stack_of_sub_generators_is_to_be_seen_from_outside() -> None:
    scene, flow = Scene(), bracket(5, price=10_000, target=10_020, stop=9_980)
    assert inner_of(flow) is None

    request = next(flow)

    assert isinstance(request, NewOrder)
    assert inner_of(flow).__name__ == "enter"
    scene.others["ben"].sell("b1", 5, at=10_000)
    scene.anna.send(request)
    for _ in range(2):
        flow.send(scene.anna.next_report())
    assert inner_of(flow).__name__ == "protect"


def test_each_part_runs_alone_as_well() -> None:
    scene = Scene(("ben", "sell", 2, 10_000), ("ben", "sell", 3, 10_000))

    def part() -> Generator[Any, OrderReport, Outcome]:
        filled = yield from enter(5, 10_000)
        return Outcome("bought", filled.turnover)

    assert scene.trade(part()) == Outcome("bought", 50_000)

    ways_out = protect(5, 10_020, 9_980)
    first = next(ways_out)
    assert isinstance(first, NewOrder)
    scene.anna.send(first)
    second = ways_out.send(scene.anna.next_report())
    assert isinstance(second, NewOrder)
    scene.anna.send(second)
    with pytest.raises(StopIteration) as end:
        ways_out.send(scene.anna.next_report())
    assert isinstance(end.value.value, Accepted)
    assert next(leave(5, end.value.value)) is None


def answer_to(member: Member, request: Request | None) -> OrderReport:
    """What is reported at once."""
    assert request is not None
    member.send(request)
    return member.next_report()


def inner_of(generator: Generator[Any, Any, Any]) -> Any:
    """The generator that it delegates to now; ``None``: it stands at a yield of its own, or nowhere."""
    assert isinstance(generator, GeneratorType)
    return generator.gi_yieldfrom

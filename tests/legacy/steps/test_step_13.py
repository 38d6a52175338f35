"""Turns: first in, first out; results, ends and failures."""

import inspect
from collections.abc import Generator

import pytest

from legacy.steps.market import Market
from legacy.steps.step_13 import Turns, buyer, seller, take_turns


def worker(name: str, turns: int, seen: list[str]) -> Turns[str]:
    """So many turns, written down; returns its name."""
    try:
        for number in range(turns):
            seen.append(f"{name}{number}")
            yield
        return name.upper()
    finally:
        seen.append(f"{name} ends")


def test_turns_are_taken_first_in_first_out() -> None:
    seen: list[str] = []

    take_turns({name: worker(name, 3, seen) for name in "abc"})

    assert seen[:9] == ["a0", "b0", "c0", "a1", "b1", "c1", "a2", "b2", "c2"]


def test_who_has_ended_takes_no_turn_and_the_others_keep_their_order() -> None:
    seen: list[str] = []

    results = take_turns({"a": worker("a", 1, seen), "b": worker("b", 3, seen), "c": worker("c", 2, seen)})

    assert seen == ["a0", "b0", "c0", "a ends", "b1", "c1", "b2", "c ends", "b ends"]
    assert list(results.items()) == [("a", "A"), ("c", "C"), ("b", "B")]


def test_nobody_runs_before_his_turn() -> None:
    seen: list[str] = []
    flows = {name: worker(name, 1, seen) for name in "ab"}

    assert seen == []
    assert [inspect.getgeneratorstate(flow) for flow in flows.values()] == [inspect.GEN_CREATED] * 2
    take_turns(flows)
    assert [inspect.getgeneratorstate(flow) for flow in flows.values()] == [inspect.GEN_CLOSED] * 2


def test_one_that_fails_has_the_others_closed() -> None:
    seen: list[str] = []

    def fails() -> Generator[None, None, str]:
        yield
        raise LookupError("broken")

    flows = {"a": worker("a", 5, seen), "broken": fails(), "b": worker("b", 5, seen)}
    with pytest.raises(LookupError, match="broken"):
        take_turns(flows)

    assert seen == ["a0", "b0", "a1", "b ends", "a ends"]
    assert {inspect.getgeneratorstate(flow) for flow in flows.values()} == {inspect.GEN_CLOSED}


def test_no_flows_no_results() -> None:
    assert take_turns(dict[str, Turns[None]]()) == {}


def test_a_seller_and_a_buyer_trade_until_both_are_done() -> None:
    market = Market()
    anna, ben = market.member("anna"), market.member("ben")
    lines: list[str] = []

    results = take_turns(
        {
            "anna": seller(anna, [10_000, 10_005, 9_990], lines.append),
            "ben": buyer(ben, 10_020, 3, lines.append),
        }
    )

    assert results["ben"] == 3
    assert results["anna"] == sum(
        int(line.rpartition(" ")[2].replace(".", "")) for line in lines if "bought" in line
    )


def test_a_buyer_who_can_pay_no_more_gives_up() -> None:
    market = Market()
    ben = market.member("ben")

    assert take_turns({"ben": buyer(ben, 10_000, 1, lambda text: None)}) == {"ben": 0}

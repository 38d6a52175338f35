"""Hostile strategies are named and stopped, and nobody else notices."""

import signal
from pathlib import Path
from typing import Any

import pytest

from protocol.errors import ConfigError
from protocol.vocabulary import AccountId
from simulation.containment import FaultKind
from simulation.run import Run, simulate
from tests.support import hostile
from traders.scenario import scenario_of

FILE = hostile.__file__
SECOND = 1_000_000_000


def scenario(*groups: dict[str, Any], **keys: Any) -> Any:
    return scenario_of(
        {
            "venue": {"instruments": [{"symbol": "ACME"}]},
            "length_s": 10.0,
            "latency": {"model": "fixed", "ns": 1_000},
            "traders": [{"arrivals": "regular", **group} for group in groups],
            **keys,
        },
        "place",
    )


def one(name: str, **keys: Any) -> dict[str, Any]:
    return {"strategy": f"{FILE}:{name}", "name": name[:20], **keys}


def open_orders(run: Run, account: str) -> int:
    return len(run.market.venue.engine.open_orders(AccountId(account)))


WORST = {
    "Raises": (FaultKind.RAISED, "ZeroDivisionError: a mistake"),
    "RaisesWhileYielding": (FaultKind.RAISED, "KeyError: 'half way'"),
    "Exits": (FaultKind.RAISED, "SystemExit: enough"),
    "Recurses": (FaultKind.RAISED, "RecursionError"),
    "AnswersNothing": (FaultKind.RAISED, "TypeError"),
    "AnswersText": (FaultKind.NONSENSE, "'buy' is no intent"),
    "AnswersForeignTag": (FaultKind.NONSENSE, "no order was placed with tag 77"),
    "AnswersNoTag": (FaultKind.RAISED, "TypeError"),
    "AnswersTwice": (FaultKind.NONSENSE, "send each once"),
    "AsksForAFraction": (FaultKind.NONSENSE, "no wire carries"),
    "AsksForText": (FaultKind.NONSENSE, "no wire carries"),
    "AsksForMoreThanAWireCarries": (FaultKind.NONSENSE, "no wire carries"),
    "AsksForNoSide": (FaultKind.NONSENSE, "no wire carries"),
    "AsksForNoInstrument": (FaultKind.NONSENSE, "no wire carries"),
    "AsksForStrangeTerms": (FaultKind.NONSENSE, "no wire carries"),
    "AsksForUnknownTerms": (FaultKind.RAISED, "TypeError"),
    "ReplacesWithText": (FaultKind.NONSENSE, "no wire carries"),
    "CancelsAllOfANumber": (FaultKind.NONSENSE, "no wire carries"),
    "AnswersForEver": (FaultKind.FLOODED, "more than 1000 intents"),
    "AnswersMany": (FaultKind.FLOODED, "more than 1000 intents"),
}


@pytest.mark.parametrize("name", WORST)
@pytest.mark.parametrize("sampled", [1_000, 0], ids=["latency", "no latency"])
def test_whatever_a_strategy_does_it_is_named_and_stopped_and_the_others_go_on(
    name: str, sampled: int
) -> None:
    kind, text = WORST[name]
    groups = one(name), {"strategy": f"{FILE}:Keeps", "name": "keeps"}

    run = simulate(scenario(*groups, latency={"model": "fixed", "ns": sampled}))

    [fault] = run.faults
    assert (fault.group, fault.account, fault.kind) == (name[:20], f"{name[:20]}-1", kind)
    assert text in fault.error
    assert run.start_ns < fault.at_ns < run.start_ns + 5 * SECOND
    bad, good = run.agents
    assert (bad.running, open_orders(run, bad.account)) == (False, 0)
    assert good.strategy.timers == 10  # type: ignore[attr-defined]
    assert run.kernel.time_ns >= run.start_ns + 10 * SECOND


def test_an_order_on_its_way_when_a_strategy_is_stopped_is_canceled_too() -> None:
    latency = {"model": "uniform", "low_ns": 1_000_000, "high_ns": 2_000_000_000}

    run = simulate(scenario(one("Raises", interval_s=0.2), latency=latency))

    assert [fault.kind for fault in run.faults] == [FaultKind.RAISED]
    assert open_orders(run, "Raises-1") == 0


def test_the_run_ends_with_the_first_fault_if_the_scenario_says_so() -> None:
    run = simulate(scenario(one("Raises"), one("Keeps"), on_fault="stop_run"))

    [fault] = run.faults
    assert run.end_ns == fault.at_ns
    assert run.agents[1].strategy.timers < 6  # type: ignore[attr-defined]
    assert open_orders(run, "Raises-1") == open_orders(run, "Keeps-1") == 0


@pytest.mark.parametrize("name", ["Answers", "Provokes"])
def test_traders_who_answer_each_other_at_one_instant_come_to_an_end(name: str) -> None:
    groups = one(name, count=2), one("Keeps")

    run = simulate(
        scenario(*groups, latency={"model": "fixed", "ns": 0}, containment={"commands_per_s": 500})
    )

    assert {(fault.kind, fault.group) for fault in run.faults} == {(FaultKind.FLOODED, name)}
    assert {fault.at_ns for fault in run.faults} == {run.start_ns}
    assert run.faults[0].error == "Flooded: more than 500 commands in a second"
    assert run.log.commands < 2_000
    assert run.agents[2].strategy.timers == 10  # type: ignore[attr-defined]


def test_a_thousand_commands_in_a_second_are_no_flood() -> None:
    run = simulate(scenario(one("Keeps", interval_s=0.001), containment={"commands_per_s": 1_000}))

    assert run.faults == []


def test_who_thinks_longer_than_it_has_time_falls_behind() -> None:
    slow = one("Keeps", interval_s=0.01, computation={"model": "fixed", "ns": SECOND})

    run = simulate(scenario(slow, containment={"inbox": 100}))

    [fault] = run.faults
    assert fault.kind is FaultKind.FELL_BEHIND
    assert run.start_ns + SECOND < fault.at_ns < run.start_ns + 3 * SECOND


@pytest.mark.timeout(50, method="thread")  # the timer of the system is what is tried
@pytest.mark.parametrize("name", ["Sleeps", "ThinksForEver", "CatchesEverything"])
@pytest.mark.parametrize("thinks", [0, 1])
def test_who_sleeps_or_computes_for_ever_is_interrupted(name: str, thinks: int) -> None:
    groups = one(name, computation={"model": "fixed", "ns": thinks}), one("Keeps")

    run = simulate(scenario(*groups, containment={"decision_s": 0.2}))

    [fault] = run.faults
    assert (fault.kind, fault.account) == (FaultKind.HUNG, f"{name}-1")
    assert fault.error == "Hangs: no decision within 0.2 s"
    assert run.agents[1].strategy.timers == 10  # type: ignore[attr-defined]
    assert signal.getsignal(signal.SIGALRM) is signal.SIG_DFL


def test_a_strategy_that_cant_be_made_is_a_mistake_in_the_scenario() -> None:
    with pytest.raises(ConfigError, match=r"place: traders CantBeMade.*OSError: no such file"):
        Run(scenario(one("CantBeMade")), place="place")


def test_equal_runs_have_equal_faults() -> None:
    chosen = scenario(one("Raises"), one("AnswersForEver"), one("Keeps"))

    first, second = (simulate(chosen, seed=4) for _ in range(2))

    assert first.faults == second.faults
    assert first.log.digest == second.log.digest
    assert Path(FILE).name == "hostile.py"

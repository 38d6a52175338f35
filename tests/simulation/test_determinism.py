"""Equal scenario and equal seed give equal runs: in other processes, under other hash seeds, on other versions of Python."""

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from exchange.engine.engine import Engine
from exchange.engine.sequencer import Turn
from simulation import market
from simulation.log import EventLog
from simulation.run import Run, simulate
from tests.support.pythons import others
from traders.scenario import Scenario, scenario_of

ROOT = Path(__file__).parents[2]

EVERYBODY: dict[str, Any] = {
    "seed": 5,
    "length_s": 60.0,
    "venue": {
        "instruments": [{"symbol": "ACME", "reference_price": 10_000}, {"symbol": "ZINC"}],
    },
    "latency": {"model": "lognormal", "floor_ns": 200_000, "median_ns": 300_000, "sigma": 0.6},
    "oracle": {"instruments": {"ACME": {"mean": 10_000}, "ZINC": {"mean": 10_000}}},
    "traders": [
        {"strategy": "noise", "count": 20, "interval_s": 1.0},
        {"strategy": "value", "count": 5, "observation_noise": 20},
        {"strategy": "momentum", "count": 2},
        {"strategy": "mean_reversion"},
        {"strategy": "adaptive_market_maker", "interval_s": 1.0},
        {"strategy": "avellaneda_stoikov", "symbols": ["ZINC"]},
        {"strategy": "imbalance", "computation": {"model": "uniform", "low_ns": 1_000, "high_ns": 90_000}},
    ],
}
"""Every kind of latency, of arrival and of trader that draws numbers."""

PINNED = "a2a34f280fcc3c82bbd06ddf95480321"
"""Of that scenario. It changes when a strategy, the engine or the log changes what they do; nothing else may change it."""

PROGRAM = """
import json, sys
from simulation.run import simulate
from traders.scenario import scenario_of
run = simulate(scenario_of(json.load(sys.stdin), "stdin"))
print(run.log.digest, run.log.commands, run.kernel.handled, run.kernel.time_ns)
"""


def scenario(**changes: Any) -> Scenario:
    return scenario_of({**EVERYBODY, **changes}, "place")


def told_by(python: str, hash_seed: str) -> list[str]:
    import json

    environment = {**os.environ, "PYTHONHASHSEED": hash_seed}
    done = subprocess.run(  # ourselves
        [python, "-c", PROGRAM], input=json.dumps(EVERYBODY), cwd=ROOT, env=environment,
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    return done.stdout.splitlines()[-1].split()


def test_the_hash_of_a_small_scenario_is_what_it_was() -> None:
    run = simulate(scenario())

    assert run.faults == []
    assert run.log.commands > 1_000
    assert run.log.digest == PINNED


@pytest.mark.parametrize("hash_seed", ["0", "1", "31337"])
def test_another_process_with_another_hash_seed_runs_the_same(hash_seed: str) -> None:
    assert told_by(sys.executable, hash_seed)[0] == PINNED


@pytest.mark.skipif(not others(), reason="there is no other Python with the libraries")
def test_other_versions_of_python_run_the_same() -> None:
    assert {told_by(python, "7")[0] for python in others()} == {PINNED}


def test_another_seed_is_another_run() -> None:
    assert simulate(scenario(), seed=6).log.digest != PINNED


def test_a_longer_run_begins_like_a_shorter_one() -> None:
    digests = []
    for length_s in (30.0, 60.0):
        run = Run(scenario(length_s=length_s), place="place")
        run.start()
        run.advance(run.start_ns + 20_000_000_000)
        run.market.take_turn()
        digests.append(run.log.digest)

    assert digests[0] == digests[1]


def test_slices_and_turns_of_any_size_give_the_same_hash(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(market, "_TURN", 7)
    run = Run(scenario(), place="place")

    run.start()
    for number in range(1, 100):
        run.advance(run.start_ns + (run.end_ns - run.start_ns) * number // 100)
    run.finish()

    assert run.log.digest == PINNED


def test_the_log_is_a_journal_that_an_engine_can_replay() -> None:
    turns: list[Turn] = []
    run = Run(scenario(), place="place")
    run.on_turn(turns.append)
    run.run()

    engine, again = Engine(), EventLog()
    for turn in turns:
        events = [engine.apply(command) for command in turn.commands]
        again.add(Turn(turn.first_seq, turn.commands, events))

    assert again.digest == run.log.digest == PINNED

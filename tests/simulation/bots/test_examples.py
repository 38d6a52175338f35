"""Every example that trades over TCP runs as it stands among hundreds of simulated traders, the same way every time."""

import json
import subprocess
import sys
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from simulation.bots.bot import BotState
from simulation.bots.host import BotRun
from tests.support.bots import bot_of, hosted, printed
from tests.support.pythons import others

ROOT = Path(__file__).parents[3]
NO_PROGRAMS = {
    "joiner.py": "a strategy: it takes part as an agent",
    "venue_in_process.py": "it brings a venue of its own",
}
MARKET: dict[str, Any] = {
    "length_s": 40,
    "venue": {
        "instruments": [{"symbol": "ACME"}],
        "accounts": [{"name": "auditor", "role": "drop_copy", "copies": ["quoter", "noise-7"]}],
    },
    "traders": [
        {"strategy": "noise", "count": 290, "interval_s": 1.0},
        {"strategy": "momentum", "count": 10},
    ],
    "latency": {"model": "lognormal", "floor_ns": 50_000, "median_ns": 200_000},
}
BOTS: list[dict[str, Any]] = [
    {"program": "examples/first_order.py"},
    {"program": "examples/quoting.py", "starts_after_s": 1},
    {"program": "examples/reconnecting_bot.py"},
    {"program": "examples/watch_market.py", "args": ["{host}", "{port}", "ACME", 10]},
    {"program": "examples/order_book.py", "args": ["localhost", "{port}", "ACME", 10]},
    {"program": "examples/candles.py:main", "args": ["{host}", "{port}", "ACME", 5, "1s"], "count": 3},
    {"program": "examples/drop_copy.py", "args": ["{host}", "{port}", "auditor", 2]},
]


@cache
def the_run() -> BotRun:
    return hosted(BOTS, seed=5, **MARKET)


def figures(run: BotRun) -> dict[str, Any]:
    """All there is to be equal in equal runs."""
    return {
        "hash": run.log.digest,
        "events": run.kernel.handled,
        "printed": {bot.account: bot.output.lines for bot in run.bots},
        "ended": {bot.account: bot.ended_ns for bot in run.bots},
        "chance": [str(fault) for fault in run.faults],
    }


def test_every_example_is_among_them() -> None:
    examples = {path.name for path in (ROOT / "examples").glob("*.py")}

    assert examples == {Path(bot["program"].partition(":")[0]).name for bot in BOTS} | set(NO_PROGRAMS)


def test_they_run_beside_hundreds_of_agents() -> None:
    run = the_run()

    assert run.faults == []
    assert {bot.account: bot.state for bot in run.bots} == dict.fromkeys(
        (bot.account for bot in run.bots), BotState.ENDED
    )
    assert len(run.agents) == 300
    assert run.log.commands > 3_000


def test_they_print_what_they_print_live() -> None:
    run = the_run()

    assert printed(run, "first_order-1") == ["Accepted", "Replaced", "Canceled", "done: canceled"]
    assert printed(run, "quoting-1")[0] == "MassQuoted"
    assert printed(run, "quoting-1")[-1] == "pulled, 2 canceled"
    assert printed(run, "reconnecting_bot-1")[0] == "the order is live"
    assert sum("traded" in line for line in printed(run, "watch_market-1")) == 10
    assert printed(run, "order_book-1")[-1] == "recovered 0 times"
    assert len(printed(run, "candles-2")) == 6
    assert printed(run, "drop_copy-1")[0] == "watching"
    assert len(printed(run, "drop_copy-1")) == 3


def test_a_round_trip_of_the_first_order_takes_its_latency() -> None:
    bot = bot_of(the_run(), "first_order-1")

    assert bot.started_ns is not None
    assert bot.ended_ns is not None
    # Connect, log in, enter, replace, cancel, log out: six times there and back, a quarter of a millisecond each way.
    assert 6 * 2 * 50_000 < bot.ended_ns - bot.started_ns < 6 * 2 * 1_000_000


def test_the_same_run_again_is_the_same_run() -> None:
    assert figures(hosted(BOTS, seed=5, **MARKET)) == figures(the_run())


def test_another_seed_is_another_run() -> None:
    assert hosted(BOTS, seed=6, **MARKET).log.digest != the_run().log.digest


@pytest.mark.parametrize("hash_seed", ["0", "1", "4711"])
def test_it_is_the_same_in_another_process_whatever_its_hashes(hash_seed: str) -> None:
    assert elsewhere(sys.executable, hash_seed) == json.loads(json.dumps(figures(the_run())))


@pytest.mark.skipif(not others(), reason="there is no other Python with the libraries")
def test_it_is_the_same_on_another_python() -> None:
    for other in others():
        assert elsewhere(other, "0") == json.loads(json.dumps(figures(the_run())))


def elsewhere(python: str, hash_seed: str) -> Any:
    """The figures of the run in a process of its own."""
    program = (
        "import json; from tests.simulation.bots.test_examples import figures, the_run;"
        "print(json.dumps(figures(the_run())))"
    )
    done = subprocess.run(
        [python, "-c", program],
        cwd=ROOT,
        env={"PYTHONPATH": str(ROOT), "PATH": "", "PYTHONHASHSEED": hash_seed},
        capture_output=True,
        text=True,
        timeout=55,
        check=True,
    )
    return json.loads(done.stdout)

"""One run of what ``benchmarks.simulation`` measures, in this process.

In: a case, a seed, how much of it. Out: what it took. Whoever imports this has decided whether simulations run compiled.
"""

import resource
import tempfile
from collections.abc import Mapping
from importlib import resources
from pathlib import Path
from time import process_time
from typing import Any, Final

from benchmarks.simulation import Ran
from exchange.engine.commands import CancelOrder, EnterOrder, ReplaceOrder
from exchange.engine.sequencer import Turn
from simulation.calm import calm_collector
from simulation.recorder import Recorder
from simulation.run import Run
from simulation.samples import Sampler
from simulation.tables import best_format
from traders.scenario import Scenario, load_scenario, scenario_of

_ORDER_EVENTS: Final = (EnterOrder, CancelOrder, ReplaceOrder)


def scenario(case: str, share: float) -> Scenario:
    """What is run: a part of the day, the same with ten times as many, or periods of the auction."""
    if case == "auction":
        return auction(max(round(200 * share), 2))
    day = load_scenario(Path(str(resources.files("simulation") / "scenarios" / "day.toml")))
    length_s = day.length_s * share
    if case == "crowd":
        groups = tuple(group.model_copy(update={"count": 10 * group.count}) for group in day.traders)
        return day.model_copy(update={"length_s": length_s, "traders": groups})
    return day.model_copy(update={"length_s": length_s})


def auction(periods: int) -> Scenario:
    """Six buyers and six sellers with five units each, zero intelligence with a budget, as D. K. Gode and S. Sunder had
    them; nobody has a latency. The last units are worth less than they cost, so that there is always somebody who shouts.
    """
    groups: list[Mapping[str, Any]] = [
        {"strategy": "zic", "name": name, "role": role, "count": 6, "interval_s": 0.05}
        for name, role in (("buyer", "buyers"), ("seller", "sellers"))
    ]
    demand = [[150 - 18 * unit - number for unit in range(5)] for number in range(6)]
    supply = [[50 + 18 * unit + number for unit in range(5)] for number in range(6)]
    schedule = {"demand": demand, "supply": supply}
    return scenario_of(
        {
            "venue": {"instruments": [{"symbol": "ACME"}]},
            "latency": {"model": "fixed", "ns": 0},
            "experiment": {"periods": periods, "period_s": 30.0, "schedules": [schedule]},
            "traders": groups,
        },
        "bench",
    )


class _Orders:
    """Counts order events, which takes no part in the run."""

    def __init__(self) -> None:
        self.turns: list[int] = []

    def add(self, turn: Turn) -> None:
        self.turns.append(sum([type(command) in _ORDER_EVENTS for command in turn.commands]))


def run_one(case: str, seed: int, share: float, *, log: bool, tables: bool) -> Ran:
    """One run, here."""
    run, orders = Run(scenario(case, share), place="bench", seed=seed), _Orders()
    if not log:
        run.market.on_turn.clear()
    run.on_turn(orders.add)
    with tempfile.TemporaryDirectory(prefix="tontine-bench-") as directory, calm_collector():
        recorder = Recorder(run, Path(directory), best_format(), Sampler(run)) if tables else None
        started_s = process_time()
        run.run()
        if recorder is not None:
            recorder.finish()
        seconds = process_time() - started_s
    if run.faults:
        raise AssertionError(f"a strategy broke a promise: {run.faults[0]}")
    peak = _peak_bytes() / 1e9
    return Ran(seconds, run.kernel.handled, sum(orders.turns), len(run.agents), peak, run.log.digest)


def _peak_bytes() -> int:
    """Of this process. What ``getrusage`` says may be that of the one that started it."""
    try:
        lines = Path("/proc/self/status").read_text(encoding="ascii").splitlines()
        return next(int(line.split()[1]) * 1024 for line in lines if line.startswith("VmHWM"))
    except (OSError, StopIteration):
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024

"""Virtual time: events and orders a second on one core, memory, what the log and the tables cost, and the live fleet.

In: how carefully to measure. Out: one figure for each target. Every run is a process of its own; seconds are those of its
processor, from the start of the market to its end.

An event is one thing handled by one party: a wake-up of a trader, a request's arrival at the venue, one message's arrival at
one trader. A message that ten traders are told is ten events; what is told to nobody, and what the venue does inside, is none.
An order event is an entry, a cancel or a replace that reached the engine.
"""

import json
import resource
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping
from importlib import resources
from pathlib import Path
from statistics import median
from time import process_time
from typing import Any, Final, NamedTuple

from benchmarks.report import Plan, Result
from benchmarks.servers import ROOT
from exchange.engine.commands import CancelOrder, EnterOrder, ReplaceOrder
from exchange.engine.sequencer import Turn
from simulation.calm import calm_collector
from simulation.recorder import Recorder
from simulation.run import Run
from simulation.samples import Sampler
from simulation.tables import best_format
from traders.scenario import Scenario, load_scenario, scenario_of

_EVENTS_TARGET: Final = 240_000
_ORDERS_TARGET: Final = 20_000
_AUCTION_TARGET: Final = 100_000
_GIGABYTES_TARGET: Final = 4.0
_GROWTH_TARGET: Final = 1.5
_LIVE_TARGET_S: Final = 10.0

_MARKET_HOURS: Final = 6.5
_PART: Final = 0.1
"""Of the day that is run with and without its log."""
_CROWD_PART: Final = 0.02
"""Of the day that ten thousand agents trade: ten times as many orders, and each of the market makers, ten times as many of
them, hears of all of them.
"""
_QUICK: Final = 0.04
"""Of every length, in a quick look: for trends, not for records."""

_ORDER_EVENTS: Final = (EnterOrder, CancelOrder, ReplaceOrder)

NOTE: Final = (
    "simulation: an event is a wake-up of a trader, a request's arrival at the venue or one message's arrival at one "
    "trader; an order event is an entry, cancel or replace that reached the engine; seconds are of the processor"
)


class Ran(NamedTuple):
    """One run in a process of its own."""

    seconds: float
    """Of the processor."""
    events: int
    orders: int
    """Order events."""
    agents: int
    gigabytes: float
    """The most it ever had resident, the interpreter included."""
    digest: str

    @property
    def event_s(self) -> float:
        return self.seconds / self.events


def measure(plan: Plan) -> Iterator[Result]:
    """All cases; those with a target first."""
    share = _QUICK if plan.quick else 1.0
    thousand = [_ran(plan, "day", share) for _ in range(plan.samples)]
    unlogged = [_ran(plan, "day", share * _PART, log=False) for _ in range(plan.samples)]
    logged = [_ran(plan, "day", share * _PART) for _ in range(plan.samples)]
    tabled = [_ran(plan, "day", share * _PART, tables=True) for _ in range(plan.samples)]
    crowded = [_ran(plan, "crowd", share * _CROWD_PART) for _ in range(plan.samples)]
    auctions = [_ran(plan, "auction", share) for _ in range(plan.samples)]
    one = thousand[0]
    hours = f"{one.agents:,} agents, {_MARKET_HOURS * share:.3g} market hours"
    yield _rate(plan, f"{hours}: events", thousand, lambda ran: ran.events, "events/s", _EVENTS_TARGET)
    yield _rate(plan, f"{hours}: orders", thousand, lambda ran: ran.orders, "order events/s", _ORDERS_TARGET)
    many = crowded[0]
    hours = f"{many.agents:,} agents, {_MARKET_HOURS * _CROWD_PART * share:.3g} market hours"
    yield Result(
        "simulation", f"{hours}: peak memory", median(ran.gigabytes for ran in crowded), "GB",
        target=_GIGABYTES_TARGET, at_most=True, samples=plan.samples, note=NOTE,
    )  # fmt: skip
    yield Result(
        "simulation", f"{hours}: time of an event, beside {one.agents:,}",
        median(ran.event_s for ran in crowded) * 1e6, "us", floor=median(ran.event_s for ran in logged) * 1e6,
        target=_GROWTH_TARGET, at_most=True, samples=plan.samples,
    )  # fmt: skip
    yield _rate(
        plan, "induced-value double auction, no latency: orders", auctions, lambda ran: ran.orders,
        "order events/s", _AUCTION_TARGET,
    )  # fmt: skip
    bare_s = median(ran.seconds for ran in unlogged)
    for case, runs in (("with its event log", logged), ("with log and tables", tabled)):
        yield Result(
            "simulation", f"a day {case}, beside one without", median(ran.seconds for ran in runs), "s",
            floor=bare_s, samples=plan.samples,
        )  # fmt: skip
    yield from _live(plan)


def _rate(
    plan: Plan, case: str, runs: list[Ran], count: Callable[[Ran], int], unit: str, target: float
) -> Result:
    value = median(count(ran) / ran.seconds for ran in runs)
    return Result("simulation", case, value, unit, target=target, samples=plan.samples, note=NOTE)


def _live(plan: Plan) -> Iterator[Result]:
    """Over TCP, once: it takes its time by the clock."""
    from benchmarks import fleet_live  # a server and asyncio, which no other case needs

    traders = 200 if plan.quick else fleet_live.TRADERS
    found = fleet_live.measure(traders, seconds=5.0 if plan.quick else fleet_live.SECONDS)
    case = f"live, {found.traders:,} traders over TCP"
    yield Result(
        "simulation", f"{case}: all had an order answered", found.first_orders_s, "s",
        target=_LIVE_TARGET_S, at_most=True,
    )  # fmt: skip
    yield Result(
        "simulation", f"{case}: orders of who got least, beside the median", found.least_orders, "orders",
        floor=found.median_orders, target=0.5,
    )  # fmt: skip


def _ran(plan: Plan, case: str, share: float, *, log: bool = True, tables: bool = False) -> Ran:
    """One run, in a process of its own."""
    words = [case, str(plan.seed), str(share), str(int(log)), str(int(tables))]
    command = [sys.executable, "-m", "benchmarks.simulation", *words]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)  # noqa: S603  # ourselves
    return Ran(**json.loads(done.stdout))


# -- in the process of its own ---------------------------------------------------------------------
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


if __name__ == "__main__":
    found = run_one(
        sys.argv[1],
        int(sys.argv[2]),
        float(sys.argv[3]),
        log=sys.argv[4] == "1",
        tables=sys.argv[5] == "1",
    )
    print(json.dumps(found._asdict()))

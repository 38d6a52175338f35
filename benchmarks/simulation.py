"""Virtual time: events and orders a second on one core, memory, what the log and the tables cost, and the live fleet.

In: how carefully to measure. Out: one figure for each target. Every run is a process of its own; seconds are those of its
processor, from the start of the market to its end. Simulations run compiled where they can be; what the source does is
measured beside it, once.

An event is one thing handled by one party: a wake-up of a trader, a request's arrival at the venue, one message's arrival at
one trader. A message that ten traders are told is ten events; what is told to nobody, and what the venue does inside, is none.
An order event is an entry, a cancel or a replace that reached the engine.
"""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from statistics import median
from typing import Final, NamedTuple

from benchmarks.report import Plan, Result
from benchmarks.servers import ROOT
from simulation import native

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
    lacking = lacking_to_compile()
    compiled = not lacking

    def runs(case: str, part: float = 1.0, *, log: bool = True, tables: bool = False) -> list[Ran]:
        wanted = _Wanted(case, share * part, compiled, log, tables)
        return [_ran(plan, wanted) for _ in range(plan.samples)]

    thousand, auctions = runs("day"), runs("auction")
    unlogged, logged = runs("day", _PART, log=False), runs("day", _PART)
    tabled = runs("day", _PART, tables=True)
    crowded = runs("crowd", _CROWD_PART)
    note = f"{NOTE}; run {'compiled by mypyc' if compiled else f'from the source, interpreted: {lacking}'}"
    one, many = thousand[0], crowded[0]
    day = f"{one.agents:,} agents, {_MARKET_HOURS * share:.3g} market hours"
    crowd = f"{many.agents:,} agents, {_MARKET_HOURS * _CROWD_PART * share:.3g} market hours"
    auction = "induced-value double auction, no latency"
    yield _events(day, thousand, _EVENTS_TARGET, note)
    yield _orders(day, thousand, _ORDERS_TARGET, note)
    yield Result(
        "simulation", f"{crowd}: peak memory", median(ran.gigabytes for ran in crowded), "GB",
        target=_GIGABYTES_TARGET, at_most=True, samples=plan.samples, note=note,
    )  # fmt: skip
    yield Result(
        "simulation", f"{crowd}: time of an event, beside {one.agents:,}",
        median(ran.event_s for ran in crowded) * 1e6, "us", floor=median(ran.event_s for ran in logged) * 1e6,
        target=_GROWTH_TARGET, at_most=True, samples=plan.samples,
    )  # fmt: skip
    yield _orders(auction, auctions, _AUCTION_TARGET, note)
    if compiled:
        interpreted = _interpreted(plan, "day", share, one)
        yield _events(f"{day}, interpreted", interpreted)
        yield _orders(f"{day}, interpreted", interpreted)
        yield _orders(f"{auction}, interpreted", _interpreted(plan, "auction", share, auctions[0]))
    bare_s = median(ran.seconds for ran in unlogged)
    for case, found in (("with its event log", logged), ("with log and tables", tabled)):
        yield Result(
            "simulation", f"a day {case}, beside one without", median(ran.seconds for ran in found), "s",
            floor=bare_s, samples=plan.samples,
        )  # fmt: skip
    yield from _live(plan)


def _events(case: str, runs: list[Ran], target: float | None = None, note: str = "") -> Result:
    value, samples = median(ran.events / ran.seconds for ran in runs), len(runs)
    return Result(
        "simulation", f"{case}: events", value, "events/s", target=target, samples=samples, note=note
    )


def _orders(case: str, runs: list[Ran], target: float | None = None, note: str = "") -> Result:
    value, samples = median(ran.orders / ran.seconds for ran in runs), len(runs)
    return Result(
        "simulation", f"{case}: orders", value, "order events/s", target=target, samples=samples, note=note
    )


def _interpreted(plan: Plan, case: str, share: float, compiled: Ran) -> list[Ran]:
    """The same run from the source; once, for nobody waits for it twice."""
    ran = _ran(plan, _Wanted(case, share, compiled=False))
    if ran.digest != compiled.digest:
        raise AssertionError(f"{case}: {compiled.digest} compiled, {ran.digest} from the source")
    return [ran]


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


class _Wanted(NamedTuple):
    """One run, as the process that makes it is told."""

    case: str
    share: float
    compiled: bool
    log: bool = True
    tables: bool = False


def _ran(plan: Plan, wanted: _Wanted) -> Ran:
    """One run, in a process of its own."""
    words = [wanted.case, str(plan.seed), str(wanted.share), str(int(wanted.log)), str(int(wanted.tables))]
    command = [sys.executable, "-m", "benchmarks.simulation", *words]
    environment = {**os.environ, native.VARIABLE: str(int(wanted.compiled))}
    done = subprocess.run(  # noqa: S603  # ourselves
        command, cwd=ROOT, env=environment, capture_output=True, text=True, check=True
    )
    return Ran(**json.loads(done.stdout))


def lacking_to_compile() -> str:
    """Have compiled modules, if that can be, else say what is lacking. What takes long is announced."""
    from simulation.compiling import CannotCompile, build  # not in the processes whose memory counts

    if os.environ.get(native.VARIABLE) == "0":
        return f"{native.VARIABLE}=0"
    try:
        build(lambda line: print(line, file=sys.stderr, flush=True))
    except CannotCompile as error:
        return str(error).partition("\n")[0]
    return ""


# -- in a process of its own -----------------------------------------------------------------------
def main(case: str, seed: str, share: str, log: str, tables: str) -> None:
    """Make one run, and print it."""
    native.prefer()
    from benchmarks.simulated import run_one  # only now: it imports what is compiled

    found = run_one(case, int(seed), float(share), log=log == "1", tables=tables == "1")
    print(json.dumps(found._asdict()))


if __name__ == "__main__":
    main(*sys.argv[1:])

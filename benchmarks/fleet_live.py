"""A live fleet: thousands of traders in one process, each with a connection, against one server process.

In: how many, how often each acts, for how long. Out: when everybody was connected, when each had an answer to an order, how
many orders were answered a second and to the one who got the fewest, and the processor time of both sides. The venue keeps no
journal; the fleet runs on the other core. Traders are noise, who sample the market and enter an order each time they look,
and two market makers, who are told of every change.
"""

import asyncio
import gc
import resource
import tempfile
import time
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from statistics import median
from typing import Any, Final, NamedTuple

from benchmarks.servers import LOAD_CORE, Server, need_linux, pin, venue
from protocol.clock import SystemClock
from traders.fleet import Fleet
from traders.roster import Member
from traders.scenario import Scenario, scenario_of

TRADERS: Final = 2_000
INTERVAL_S: Final = 2.5
"""Between two decisions of each: 800 a second of 2,000."""
SECONDS: Final = 20.0

_LOOK_S: Final = 0.05


class LiveFleet(NamedTuple):
    """One run."""

    traders: int
    seconds: float
    """From the first login to the stop."""
    all_connected_s: float
    """Until the last login was answered."""
    first_orders_s: float
    """Until the venue had answered an order of every single trader; infinite if it never had."""
    orders: int
    """Answered, refusals included."""
    least_orders: int
    """Answered to the trader who got the fewest."""
    median_orders: float
    broken: int
    reconnects: int
    fleet_cpu_s: float
    server_cpu_s: float

    @property
    def orders_per_s(self) -> float:
        """While it lasted."""
        return self.orders / self.seconds


def measure(traders: int = TRADERS, interval_s: float = INTERVAL_S, seconds: float = SECONDS) -> LiveFleet:
    """Run one fleet.

    Raises:
        ConfigError: this is no Linux.
    """
    need_linux()
    with (
        tempfile.TemporaryDirectory(prefix="tontine-bench-") as directory,
        venue(Path(directory), "--open", "--journal", "off") as server,
        ProcessPoolExecutor(1, mp_context=get_context("spawn"), initializer=_prepare) as pool,
    ):
        return pool.submit(_run, server, traders, interval_s, seconds).result()


def crowd(traders: int, interval_s: float, seed: int = 1) -> Scenario:
    """So many traders in one instrument, two of them market makers. The others act like clockwork, after a first wait of a
    random part of their interval: one who gets fewer answers than the others was kept waiting by something else than chance.
    """
    makers = {"strategy": "market_maker", "count": 2, "interval_s": 1.0, "parameters": {"reference": 10_000}}
    noise = {
        "strategy": "noise",
        "count": traders - 2,
        "interval_s": interval_s,
        "arrivals": "regular",
        "parameters": {"reference": 10_000, "maximum_orders": 1_000},
    }
    groups: list[dict[str, Any]] = [makers, noise]
    return scenario_of(
        {"seed": seed, "traders": [{**group, "symbols": ["ACME"]} for group in groups]}, "bench"
    )


# -- in the process of the fleet -------------------------------------------------------------------
def _prepare() -> None:
    pin(LOAD_CORE)


def _run(server: Server, traders: int, interval_s: float, seconds: float) -> LiveFleet:
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 100)
    return asyncio.run(_trade(server, traders, interval_s, seconds))


async def _trade(server: Server, traders: int, interval_s: float, seconds: float) -> LiveFleet:
    fleet = Fleet(
        crowd(traders, interval_s), clock=SystemClock(), place="bench", host=server.host, port=server.port
    )
    stop = asyncio.Event()
    connected_s = [float("inf")]

    def all_in() -> None:
        connected_s[0] = time.perf_counter() - started_s
        fleet.begin()

    fleet.on_all_in = all_in
    started_s, server_cpu_s, cpu_s = time.perf_counter(), server.cpu_s(), _cpu_s()
    watching = asyncio.create_task(_first_answers(fleet))
    asyncio.get_running_loop().call_later(seconds, stop.set)
    running = asyncio.create_task(fleet.run(stop))
    await stop.wait()
    lasted_s = time.perf_counter() - started_s
    used_s, server_used_s = _cpu_s() - cpu_s, server.cpu_s() - server_cpu_s
    counts = sorted(_answered(trader) for trader in fleet.traders)
    # Whoever was first answered after the end counts as never.
    first_s = watching.result() - started_s if watching.done() else float("inf")
    watching.cancel()
    await running
    return LiveFleet(
        traders,
        lasted_s,
        connected_s[0],
        first_s,
        sum(counts),
        counts[0],
        median(counts),
        sum(one.broken for one in fleet.results()),
        sum(one.reconnects for one in fleet.results()),
        used_s,
        server_used_s,
    )


async def _first_answers(fleet: Fleet) -> float:
    """When the venue had answered an order of everybody."""
    # Nobody announces it: to count would slow down what is measured.
    while not all(_answered(trader) for trader in fleet.traders):  # noqa: ASYNC110
        await asyncio.sleep(_LOOK_S)
    return time.perf_counter()


def _answered(trader: Member) -> int:
    desk = trader.desk
    return 0 if desk is None else desk.orders_taken + desk.orders_refused


def _cpu_s() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def main() -> None:
    """Print one run."""
    found = measure()
    for name, value in zip(found._fields, found, strict=True):
        print(f"{name:16} {round(value, 2):,}")
    print(f"{'orders/s':16} {found.orders_per_s:,.0f}")


if __name__ == "__main__":
    main()

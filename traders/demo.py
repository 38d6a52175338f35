"""The demonstration: a real venue, a fleet, and a board, in one command.

In: how many traders, how long. Out: a market in motion, and the number of trades at the end.
Promises: the venue is a process of its own, listening on a free port of this machine, its journal in
a temporary directory; when the demonstration ends, for whatever reason, the fleet has logged out,
the venue is gone, and the journal with it.
"""

import asyncio
import tempfile
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractContextManager, asynccontextmanager, nullcontext
from pathlib import Path
from typing import Any, Final

from rich.console import Console
from rich.live import Live

from protocol.clock import Clock
from traders.board import Scene, draw, plain_line
from traders.client import Client
from traders.fleet import Fleet
from traders.scenario import Scenario, scenario_of
from traders.tasks import task_group
from traders.venue_process import own_venue
from traders.watch import Watch

DRAWN_PER_S: Final = 4
PLAIN_INTERVAL_S: Final = 1.0
CROWD_ORDERS_PER_S: Final = 60
"""Of the whole crowd, however many they are: a board in motion that can still be read."""

Show = Callable[[Scene], None]


def demo_scenario(traders: int, seed: int) -> Scenario:
    """``traders`` traders: for every ten one market maker, the others of zero intelligence."""
    makers = max(1, traders // 10)
    crowd = max(1, traders - makers)
    groups: list[dict[str, Any]] = [
        {"strategy": "market_maker", "name": "maker", "count": makers, "interval_s": 1.0},
        {
            "strategy": "zero_intelligence",
            "name": "crowd",
            "count": crowd,
            "interval_s": crowd / CROWD_ORDERS_PER_S,
            "parameters": {"range_ticks": 12},
        },
    ]
    return scenario_of({"seed": seed, "traders": groups}, "demo")


async def run_demo(
    *,
    traders: int,
    seconds: float | None,
    seed: int,
    plain: bool,
    clock: Clock,
    console: Console,
    stop: asyncio.Event,
) -> tuple[Fleet, Scene]:
    """Run it until ``stop`` or for ``seconds``; return the fleet and what there was to see at the end.

    Raises:
        SessionBroken: the venue did not start or broke off, or every session did.
    """
    scenario = demo_scenario(traders, seed)
    async with own_journal() as journal, own_venue(journal) as venue:
        fleet = Fleet(scenario, clock=clock, place="demo", host=venue.host, port=venue.port)
        return fleet, await watched(
            fleet, seconds=seconds, plain=plain, clock=clock, console=console, stop=stop
        )


async def watched(
    fleet: Fleet,
    *,
    seconds: float | None,
    plain: bool,
    clock: Clock,
    console: Console,
    stop: asyncio.Event,
) -> Scene:
    """Run a fleet and show it, until ``stop`` or for ``seconds``; return the last scene."""
    watch = Watch(fleet, clock.monotonic_s())
    interval_s = PLAIN_INTERVAL_S if plain else 1 / DRAWN_PER_S
    async with task_group() as group, Client.connect(fleet.host, fleet.port, account="watch") as client:
        group.create_task(watch.follow(client))
        await watch.ready.wait()
        trading = group.create_task(fleet.run(stop))
        group.create_task(_stop_after(seconds, stop, trading))
        with shown(plain, console) as show:
            while not trading.done():
                show(watch.scene(clock.monotonic_s()))
                await asyncio.wait((trading,), timeout=interval_s)
        # Logged out: the last print has come, and the task that follows has ended by itself.
    return watch.scene(clock.monotonic_s())


@asynccontextmanager
async def own_journal() -> AsyncIterator[Path]:
    """Where a journal may lie that nobody will miss."""
    with tempfile.TemporaryDirectory(prefix="tontine-demo-") as directory:
        yield Path(directory) / "demo.journal"


def shown(plain: bool, console: Console) -> AbstractContextManager[Show]:
    """How scenes are shown: a live board, or plain lines where there is no terminal."""
    if plain:
        return nullcontext(lambda scene: console.print(plain_line(scene), highlight=False, soft_wrap=True))
    return _LiveBoard(console)


class _LiveBoard(AbstractContextManager[Show]):
    def __init__(self, console: Console) -> None:
        self._live = Live(console=console, auto_refresh=False, transient=False)

    def __enter__(self) -> Show:
        self._live.start()
        return lambda scene: self._live.update(draw(scene), refresh=True)

    def __exit__(self, *_: object) -> None:
        self._live.stop()


async def _stop_after(seconds: float | None, stop: asyncio.Event, trading: "asyncio.Task[None]") -> None:
    """Set ``stop`` in time; end when the trading has."""
    await asyncio.wait((trading,), timeout=seconds)
    stop.set()

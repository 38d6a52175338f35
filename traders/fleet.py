"""Many traders in one process, each with a connection of its own.

In: a scenario, where the venue listens, a seed. Out: traders at work until told to stop, then a
result for each. Promises: one ``TaskGroup`` holds them all; a trader whose session breaks is
counted and does not disturb the others; stopping cancels the orders of every trader and logs it
out; what a trader draws depends on the seed and its own name only, not on who else takes part.
"""

import asyncio
from collections.abc import Iterable
from dataclasses import dataclass
from random import Random
from typing import Final

from protocol.clock import Clock
from protocol.errors import ConfigError, SessionBroken, VenueError
from protocol.messages import InstrumentInfo
from traders.access import OPEN, Access
from traders.client import Client
from traders.runtime import Runner, poisson, regular
from traders.scenario import Scenario, TraderSpec, group_name, specs
from traders.strategies.desk import Desk
from traders.tasks import task_group

MAX_CONNECTING: Final = 32
"""Logins under way at a time; well below the listen backlog of 100 that asyncio servers have."""


@dataclass(frozen=True, slots=True)
class GroupResult:
    """What the traders of one name did."""

    name: str
    traders: int
    broken: int
    orders: int
    refused: int
    fills: int
    profit: int


class FleetTrader:
    """One member of a fleet, before, during and after its session."""

    def __init__(self, spec: TraderSpec) -> None:
        self.spec = spec
        self.runner: Runner | None = None
        self.failure: VenueError | None = None

    @property
    def name(self) -> str:
        """Of its group."""
        return group_name(self.spec.group)

    @property
    def desk(self) -> Desk | None:
        return self.runner.desk if self.runner else None

    @property
    def profit(self) -> int:
        """After fees, open positions at the last known price; 0 before login."""
        return self.desk.strategy.profit() if self.desk else 0

    @property
    def fills(self) -> int:
        """Trade reports: a trade inside the fleet counts for both sides."""
        return self.desk.strategy.portfolio.trades if self.desk else 0


class Fleet:
    """The traders of one scenario."""

    def __init__(
        self,
        scenario: Scenario,
        *,
        clock: Clock,
        place: str,
        host: str | None = None,
        port: int | None = None,
        seed: int | None = None,
        prefix: str = "",
        access: Access = OPEN,
    ) -> None:
        """What is given here overrides the scenario. ``place`` names the scenario in errors.

        ``access``: how each of them gets in.

        Raises:
            ConfigError: the scenario asks for something impossible.
        """
        self.host = host or scenario.host
        self.port = port or scenario.port
        self.seed = scenario.seed if seed is None else seed
        self.traders = [
            FleetTrader(spec) for spec in specs(scenario, place=place, prefix=prefix, seed=self.seed)
        ]
        self._clock = clock
        self._place = place
        self._access = access
        self._connecting = asyncio.Semaphore(MAX_CONNECTING)
        self._stopping = asyncio.Event()

    async def run(self, stop: asyncio.Event) -> None:
        """Trade until ``stop`` is set, or until the venue has logged everybody out.

        Raises:
            SessionBroken: the session of every single trader broke; the first reason is told.
            ConfigError: a trader wants an instrument the venue does not have.
        """
        async with task_group() as group:
            tasks = [group.create_task(self._trade(trader)) for trader in self.traders]
            stopper = group.create_task(self._stop_after(stop))
            await asyncio.wait(tasks)
            stopper.cancel()
        failures = [trader.failure for trader in self.traders if trader.failure is not None]
        if len(failures) == len(self.traders):
            raise SessionBroken(f"all {len(failures)} sessions ended: {failures[0]}") from failures[0]

    def results(self) -> list[GroupResult]:
        """By name of the group, in the order of the scenario."""
        names = dict.fromkeys(trader.name for trader in self.traders)
        return [_result(name, [one for one in self.traders if one.name == name]) for name in names]

    @property
    def trading(self) -> int:
        """Traders that were let in and whose session has not broken."""
        return sum(trader.runner is not None and trader.failure is None for trader in self.traders)

    async def _stop_after(self, stop: asyncio.Event) -> None:
        await stop.wait()
        self._stopping.set()
        for trader in self.traders:
            if trader.runner is not None:
                trader.runner.stop()

    async def _trade(self, trader: FleetTrader) -> None:
        try:
            await self._session(trader)
        except ConfigError:
            raise
        except VenueError as failure:
            trader.failure = failure

    async def _session(self, trader: FleetTrader) -> None:
        spec = trader.spec
        await self._connecting.acquire()
        connecting = True
        try:
            if self._stopping.is_set():
                return
            async with Client.connect(
                self.host, self.port, account=spec.account, **self._access.words()
            ) as client:
                self._connecting.release()
                connecting = False
                strategy = spec.strategy(self._instruments(spec, client), spec.parameters, Random(spec.seed))
                spread = poisson if spec.group.arrivals == "poisson" else regular
                waits_s = spread(spec.group.interval_s, Random(f"{spec.seed}/timers"))
                trader.runner = Runner(strategy, client, self._clock, waits_s)
                if self._stopping.is_set():
                    return
                await trader.runner.run()
        finally:
            if connecting:
                self._connecting.release()

    def _instruments(self, spec: TraderSpec, client: Client) -> list[InstrumentInfo]:
        known = client.instruments
        wanted = spec.group.symbols or tuple(known)
        for symbol in wanted:
            if symbol not in known:
                raise ConfigError(
                    f"{self._place}: symbols", f"the venue does not have {symbol}; it has {', '.join(known)}"
                )
        return [known[symbol] for symbol in wanted]


def _result(name: str, traders: Iterable[FleetTrader]) -> GroupResult:
    members = list(traders)
    desks = [one.desk for one in members if one.desk is not None]
    return GroupResult(
        name,
        len(members),
        sum(one.failure is not None for one in members),
        sum(desk.orders_sent for desk in desks),
        sum(desk.orders_refused for desk in desks),
        sum(one.fills for one in members),
        sum(one.profit for one in members),
    )

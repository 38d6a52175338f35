"""Many traders in one process under asyncio, each with a connection of its own.

In: a scenario, where the venue listens, a seed. Out: traders at work until told to stop, then a
result for each. Promises: one ``TaskGroup`` holds them all; a trader whose session breaks is
counted and does not disturb the others; stopping cancels the orders of every trader and logs it out.
"""

import asyncio

from protocol.clock import Clock
from protocol.errors import ConfigError, VenueError
from traders.access import OPEN, Access
from traders.client import Client
from traders.console import stop_signals
from traders.roster import MAX_CONNECTING, Member, Roster
from traders.runtime import Runner
from traders.scenario import Scenario
from traders.tasks import task_group


class Fleet(Roster):
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
        """As a ``Roster``."""
        super().__init__(
            scenario, clock=clock, place=place, host=host, port=port, seed=seed, prefix=prefix, access=access
        )
        self._runners: list[Runner] = []
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
        self.raise_if_all_broke()

    def run_until_stopped(self, seconds: float | None) -> None:
        async def run() -> None:
            with stop_signals() as stop:
                if seconds is not None:
                    asyncio.get_running_loop().call_later(seconds, stop.set)
                await self.run(stop)

        asyncio.run(run())

    async def _stop_after(self, stop: asyncio.Event) -> None:
        await stop.wait()
        self._stopping.set()
        for runner in self._runners:
            runner.stop()

    async def _trade(self, trader: Member) -> None:
        try:
            await self._session(trader)
        except ConfigError:
            raise
        except VenueError as failure:
            trader.failure = failure

    async def _session(self, trader: Member) -> None:
        await self._connecting.acquire()
        connecting = True
        try:
            if self._stopping.is_set():
                return
            async with Client.connect(
                self.host, self.port, account=trader.spec.account, **self.access.words()
            ) as client:
                self._connecting.release()
                connecting = False
                strategy = self.strategy_of(trader, client.instruments)
                runner = Runner(strategy, client, self.clock, trader.waits_s())
                self._runners.append(runner)
                trader.desk = runner.desk
                if self._stopping.is_set():
                    return
                await runner.run()
        finally:
            if connecting:
                self._connecting.release()

"""Many traders in one process under asyncio, each with a connection of its own.

In: a scenario, where the venue listens, a seed. Out: traders at work until told to stop, then a
result for each. Promises: one ``TaskGroup`` holds them all; what happens to one of them does not disturb the
others; stopping cancels the orders of every trader and logs it out.

A trader whose session breaks comes back, after a wait that grows with each try. Its session asked the venue to cancel what it
had entered when it ended, so nothing of it stays in the book meanwhile; the next one resumes the private stream, so that
the strategy is told everything it missed, the cancels among it, and goes on with its position and whatever it has learned. A
fleet that nobody was ever let into gives up at once. A strategy that raises, answers with nonsense, floods or hangs is
stopped and named, its orders canceled.
"""

import asyncio
import traceback
from collections.abc import Callable, Sequence
from contextlib import AsyncExitStack
from random import Random

from protocol.clock import Clock
from protocol.errors import ConfigError, SlowConsumer, VenueError
from protocol.messages import MassCancel
from protocol.vocabulary import ErrorCode, Nanoseconds
from protocol.vocabulary import Sequence as Seq
from traders import watchdog
from traders.access import OPEN, Access
from traders.backoff import USUAL, may_try_again
from traders.client import Client
from traders.console import stop_signals
from traders.descriptors import allow_connections
from traders.fleet_clock import PeriodClock, length_s, voiding
from traders.market_feed import market_feed
from traders.oracle import Oracle
from traders.roster import ALL, MAX_CONNECTING, Fault, Member, Report, Roster, Share
from traders.runtime import Runner
from traders.sampling import Newest, Observer, Sampler, is_sampler
from traders.scenario import Scenario
from traders.strategies.base import Strategy
from traders.tasks import task_group
from traders.watchdog import Hangs, Watchdog

_FORGOTTEN = frozenset((ErrorCode.RESUME_FROM_THE_FUTURE, ErrorCode.RESUME_UNAVAILABLE))
"""The venue does not remember what a trader missed: it goes on without."""


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
        share: Share = ALL,
        reconnect: bool = True,
    ) -> None:
        """As a ``Roster``. ``reconnect``: come back when a session breaks; otherwise it counts as broken."""
        super().__init__(
            scenario,
            clock=clock,
            place=place,
            host=host,
            port=port,
            seed=seed,
            prefix=prefix,
            access=access,
            share=share,
        )
        self.reconnect = reconnect
        self.begun_ns: Nanoseconds | None = None
        """When the scenario began: its oracle, its periods and its length are counted from then."""
        self.on_all_in: Callable[[], None] = self.begin
        """Called when everybody is in, or will not be."""
        self.periods = None if scenario.experiment is None else PeriodClock(scenario.experiment, clock)
        self._oracle = None if scenario.oracle is None else Oracle(scenario.oracle, self.seed)
        self._newest = Newest()
        self._watchdog = Watchdog()
        self._runners: dict[Member, Runner] = {}
        self._coming = set(self.traders)
        self._connecting = asyncio.Semaphore(MAX_CONNECTING)
        self._stopping = asyncio.Event()
        self._begun = asyncio.Event()
        self._turned_away: set[Member] = set()
        self._let_in: asyncio.Future[bool] | None = None

    async def run(self, stop: asyncio.Event) -> None:
        """Trade until ``stop`` is set, or until the venue has logged everybody out.

        Raises:
            SessionBroken: the session of every single trader broke; the first reason is told.
            ConfigError: a trader wants an instrument the venue does not have, or there are more of them than this process
                can have connections.
        """
        allow_connections(len(self.traders) + 1)
        self._let_in = asyncio.get_running_loop().create_future()
        with self._watchdog.watching():
            async with AsyncExitStack() as stack, task_group() as group:
                await self._look_at_the_market(stack)
                tasks = [group.create_task(self._trade(trader)) for trader in self.traders]
                helpers = [group.create_task(self._stop_after(stop))]
                if self.periods is not None:
                    helpers.append(group.create_task(self._keep_periods(self.periods, stop)))
                await asyncio.wait(tasks)
                for helper in helpers:
                    helper.cancel()
        self.raise_if_all_broke()

    def run_until_stopped(self, seconds: float | None, report: Report | None = None) -> None:
        async def run() -> None:
            with stop_signals() as stop:
                telling = asyncio.create_task(tell_now_and_then(self, report))
                try:
                    await self.run_for(seconds, stop)
                finally:
                    telling.cancel()

        asyncio.run(run())

    async def run_for(self, seconds: float | None, stop: asyncio.Event) -> None:
        """``run``, for so many seconds from now; by default as long from its beginning as the scenario says."""
        loop = asyncio.get_running_loop()
        if seconds is not None:
            loop.call_later(seconds, stop.set)
            await self.run(stop)
            return
        lasts_s = length_s(self.scenario)

        async def ring() -> None:
            await self._begun.wait()
            if lasts_s is not None:
                await asyncio.sleep(lasts_s)
                stop.set()

        ringing = asyncio.create_task(ring())
        try:
            await self.run(stop)
        finally:
            ringing.cancel()

    def begin(self, at_ns: Nanoseconds | None = None) -> None:
        """Everybody is in: the scenario begins, or began at a time that another process says."""
        if self.begun_ns is None:
            self.begun_ns = self.clock.now_ns() if at_ns is None else at_ns
            self._begun.set()

    # -- by the clock ------------------------------------------------------------------------------
    async def _stop_after(self, stop: asyncio.Event) -> None:
        await stop.wait()
        self._stopping.set()
        for runner in self._runners.values():
            runner.stop()

    async def _keep_periods(self, periods: PeriodClock, stop: asyncio.Event) -> None:
        await self._begun.wait()
        assert self.begun_ns is not None
        await periods.run(self.begun_ns, self.traders, self._runners.get)
        stop.set()

    async def _look_at_the_market(self, stack: AsyncExitStack) -> None:
        """One connection for all who sample, if there are any; and for trades that void orders."""
        samplers = [trader for trader in self.traders if is_sampler(trader.spec.strategy)]
        experiment = self.scenario.experiment
        voids = experiment is not None and experiment.clear_after_trade
        lookers = self.traders if voids else samplers
        if not lookers:
            return
        if experiment is not None and voids:
            self._newest.on_trade.append(voiding(experiment.symbol, self._working))
        everything = any(not trader.spec.group.symbols for trader in lookers)
        symbols = None if everything else {one for trader in lookers for one in trader.spec.group.symbols}
        tried = await stack.enter_async_context(
            market_feed(
                self.host,
                self.port,
                account=lookers[0].spec.account,
                access=self.access,
                symbols=symbols,
                newest=self._newest,
                rng=Random(f"{self.seed}/market feed"),
            )
        )
        await tried.wait()

    def _working(self) -> Sequence[Runner]:
        return tuple(self._runners.values())

    # -- one trader --------------------------------------------------------------------------------
    async def _trade(self, trader: Member) -> None:
        try:
            await self._sessions(trader)
        except ConfigError:
            raise
        except (Exception, Hangs) as failure:  # noqa: BLE001  # whatever a strategy raises is contained and told
            runner = self._runners.get(trader)
            if isinstance(failure, VenueError) and (runner is None or runner.fault is not failure):
                trader.failure = failure
            else:
                self._stop_for(trader, failure)
        finally:
            self._runners.pop(trader, None)
            self._arrived(trader)
            self._turned_away_one(trader)

    async def _sessions(self, trader: Member) -> None:
        """One after the other, until one ends in order, or breaks for good."""
        rng = Random(f"{trader.spec.seed}/reconnecting")
        tries = 0
        resume = True
        while True:
            try:
                await self._session(trader, resume=resume)
            except VenueError as end:
                runner = self._runners.get(trader)
                if runner is not None and runner.fault is end:
                    raise
                if resume and runner is not None and getattr(end, "code", None) in _FORGOTTEN:
                    resume = False
                    continue
                if not self.reconnect or not (may_try_again(end) or isinstance(end, SlowConsumer)):
                    raise
                if trader.is_connected:
                    tries = 0
                trader.is_connected = False
                tries += 1
                if not await self._somebody_is_in(trader) or await self._stopped_within(
                    USUAL.wait_s(tries, rng)
                ):
                    raise
                resume = True
            else:
                return
            finally:
                trader.is_connected = False

    async def _session(self, trader: Member, *, resume: bool) -> None:
        desk = trader.desk
        resume_from: Seq | None = desk.last_seq + 1 if desk is not None and resume else None
        async with AsyncExitStack() as stack:
            async with self._connecting:
                if self._stopping.is_set():
                    return
                client = await stack.enter_async_context(
                    Client.connect(
                        self.host,
                        self.port,
                        account=trader.spec.account,
                        resume_from=resume_from,
                        cancel_on_disconnect=self.reconnect,
                        **self.access.words(),
                    )
                )
            runner = self._runners.get(trader)
            if runner is None:
                strategy = self.strategy_of(trader, client.instruments)
                runner = Runner(
                    strategy,
                    client,
                    self.clock,
                    trader.waits_s(),
                    look=self._look(trader, strategy),
                    watchdog=self._watchdog,
                )
                self._runners[trader] = runner
                trader.desk = runner.desk
                runner.desk.last_seq = client.welcome.seq
            else:
                trader.reconnects += 1
            trader.is_connected = True
            self._arrived(trader)
            if self._stopping.is_set():
                return
            try:
                await runner.run(client)
            finally:
                if runner.fault is not None and client.is_active:
                    client.submit(MassCancel())

    def _look(self, trader: Member, strategy: Strategy) -> Sampler | None:
        newest = self._newest if is_sampler(strategy) else None
        observer = None
        if strategy.observes and self._oracle is not None:
            rng = Random(f"{trader.spec.seed}/observations")
            noise = trader.spec.group.observation_noise
            observer = Observer(self._oracle, strategy.symbols, noise, rng, lambda: self.begun_ns)
        return None if newest is None and observer is None else Sampler(strategy, newest, observer)

    def _stop_for(self, trader: Member, error: BaseException) -> None:
        """Its strategy broke a promise: it trades no more."""
        trader.fault = Fault(trader.name, trader.spec.account, fault_text(error))
        if self.scenario.on_fault == "stop_run":
            self._stopping.set()
            for runner in self._runners.values():
                runner.stop()

    # -- who is in ---------------------------------------------------------------------------------
    def _arrived(self, trader: Member) -> None:
        """It is in, or will not be."""
        assert self._let_in is not None
        if trader.is_connected and not self._let_in.done():
            self._let_in.set_result(True)
        if trader in self._coming:
            self._coming.discard(trader)
            if not self._coming:
                self.on_all_in()

    async def _somebody_is_in(self, trader: Member) -> bool:
        """Whether it makes sense to try again: the venue let somebody in. Waits until that is known."""
        assert self._let_in is not None
        self._turned_away_one(trader)
        return await asyncio.shield(self._let_in)

    def _turned_away_one(self, trader: Member) -> None:
        assert self._let_in is not None
        if not self._let_in.done():
            self._turned_away.add(trader)
            if len(self._turned_away) == len(self.traders):
                self._let_in.set_result(False)

    async def _stopped_within(self, seconds: float) -> bool:
        try:
            async with asyncio.timeout(seconds):
                await self._stopping.wait()
        except TimeoutError:
            return False
        return True


async def tell_now_and_then(fleet: Roster, report: Report | None) -> None:
    """Report how it goes, until cancelled."""
    while report is not None:
        await asyncio.sleep(report.every_s)
        report.tell(fleet.results())


def fault_text(error: BaseException) -> str:
    """What went wrong, and in which line of the strategy's file."""
    text = f"{type(error).__name__}: {error}"
    # Who interrupts it stands last, and did nothing wrong.
    frames = [one for one in traceback.extract_tb(error.__traceback__) if one.filename != watchdog.__file__]
    if isinstance(error, VenueError) or not frames:
        return text
    last = frames[-1]
    return f"{text} ({last.filename}, line {last.lineno})"

"""The torture itself: fifty accounts trade, and meanwhile the venue is killed and their lines are cut.

In: a plan, a directory on a disk. Out: findings. The events and all wishes are drawn from the plan's seed;
when exactly they meet is not repeatable, as several processes and a disk have a say in it. What comes
next waits for answers, never for time to pass.
"""

import asyncio
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Final

from protocol.errors import only_cause
from tests.torture.founding import found
from tests.torture.judge import Finding, Judge, of_journal
from tests.torture.looking_back import look_back
from tests.torture.mortal import MortalVenue, VenueFailed, patience
from tests.torture.trader import Trader

_TOLD_EVERY: Final = 20
_SHOWN: Final = 5


@dataclass(frozen=True, slots=True)
class Plan:
    """How much torture."""

    seed: int
    events: int = 200
    accounts: int = 50
    most_answers: int = 1500
    """Between two events."""
    runtime: str = "asyncio"
    """Of the venue; its clients are on asyncio."""


@dataclass(frozen=True, slots=True)
class Report:
    """What was done, in a sentence, and what came of it."""

    done: str
    findings: list[Finding]

    @property
    def met(self) -> bool:
        return all(finding.met for finding in self.findings)


class Ordeal:
    """One run."""

    def __init__(self, plan: Plan, directory: Path, tell: Callable[[str], None]) -> None:
        """``tell`` is called with a line now and then, for who watches."""
        self._plan = plan
        self._tell = tell
        self._rng = Random(f"{plan.seed} events")
        file = directory / "venue.toml"
        members = found(file, plan.accounts)
        self._venue = MortalVenue(file, plan.runtime)
        self._venue_up = asyncio.Event()
        self._news = asyncio.Event()
        self._pieces = 0  # of news, ever
        self._traders = [Trader(member, f"{plan.seed} {member.name}", self._heard) for member in members]
        self._done: Counter[str] = Counter()

    async def run(self) -> Report:
        """All events, then the judgement.

        Raises:
            VenueFailed: it did not start again, or left everybody waiting.
        """
        started_s = time.monotonic()
        venue = self._venue
        try:
            await self._start()
            await self._trade()
            findings = await self._judge()
        except BaseExceptionGroup as group:
            cause = only_cause(group, VenueFailed)
            if cause is None:
                raise
            raise cause from None
        finally:
            await venue.close()
        plan, done = self._plan, self._done
        resets, lines = (
            sum(getattr(trader, name) for trader in self._traders) for name in ("resets", "cut_lines")
        )
        text = (
            f"seed {plan.seed}, {plan.accounts} accounts, {done['kill']} kill -9 ({done['early']} of them followed by "
            f"one during the start), {done['cut']} cuts ({resets:,} connections reset, {lines:,} in the middle of a line), "
            f"{done['stop']} stops in order, {venue.starts} starts; {time.monotonic() - started_s:.0f} s. What happens is "
            "drawn from the seed; when it meets the venue is not repeatable."
        )
        return Report(text, [self._of_events(), *findings])

    def _of_events(self) -> Finding:
        finding = Finding("events", "that did not happen, and warnings of the venue")
        done, wanted = self._done["kill"] + self._done["cut"], self._plan.events
        finding.looked_at = f"{done} of {wanted} kills and cuts"
        finding.faults += ["the run ended before"] * (wanted - done)
        finding.faults += self._venue.faults
        return finding

    # -- the market ----------------------------------------------------------------------------

    async def _trade(self) -> None:
        async with asyncio.TaskGroup() as tasks:
            trading = [
                tasks.create_task(trader.trade(self._venue_up, lambda: self._venue.port))
                for trader in self._traders
            ]
            try:
                for number in range(self._plan.events):
                    await self._pause()
                    if self._distrusted:
                        break
                    await self._event()
                    if number % _TOLD_EVERY == _TOLD_EVERY - 1:
                        self._tell(f"{number + 1} events, {self._answers:,} answers")
                await self._until_answered(self._plan.most_answers)
                for trader in self._traders:
                    trader.finish()
                async with self._patience():
                    await asyncio.wait(trading)
            except BaseException:
                for task in trading:
                    task.cancel()
                raise

    @property
    def _answers(self) -> int:
        return sum(trader.answers for trader in self._traders)

    @property
    def _distrusted(self) -> bool:
        return any(trader.distrust is not None for trader in self._traders)

    async def _until_answered(self, more: int) -> None:
        wanted = self._answers + more
        await self._until(lambda: self._answers >= wanted or self._distrusted)

    async def _until(self, condition: Callable[[], bool]) -> None:
        async with self._patience():
            while not condition():
                self._news.clear()
                await self._news.wait()

    @asynccontextmanager
    async def _patience(self) -> AsyncIterator[None]:
        try:
            async with patience("an answer"):
                yield
        except VenueFailed as failed:
            raise VenueFailed("; ".join([str(failed), *self._who_waits()])) from None

    def _who_waits(self) -> list[str]:
        """For a run that is stuck: the first of everything that may have to do with it."""
        distrusts = [trader.distrust.text for trader in self._traders if trader.distrust is not None]
        waiting = [trader.waits_for for trader in self._traders if trader.waits_for]
        return [*distrusts[:_SHOWN], *waiting[:_SHOWN], *self._venue.faults[:_SHOWN]]

    async def _pause(self) -> None:
        """Until the next event: some answers; or just a little news, so that it meets those who are resuming."""
        rng = self._rng
        if rng.random() < 0.15:
            wanted = self._pieces + rng.randint(1, 2 * self._plan.accounts)
            await self._until(lambda: self._pieces >= wanted or self._distrusted)
        else:
            await self._until_answered(rng.randint(1, self._plan.most_answers))

    def _heard(self) -> None:
        self._pieces += 1
        self._news.set()

    # -- what happens to it --------------------------------------------------------------------

    async def _event(self) -> None:
        if self._rng.random() < 0.04:
            await self._stop()
        if self._rng.random() < 0.5:
            await self._kill()
        else:
            self._cut()

    async def _start(self) -> None:
        await self._venue.start()
        self._venue_up.set()

    async def _kill(self) -> None:
        self._done["kill"] += 1
        self._venue_up.clear()
        await self._venue.kill()
        if self._rng.random() < 0.1:
            self._done["early"] += 1
            await self._venue.start_and_kill()
        await self._start()

    async def _stop(self) -> None:
        self._done["stop"] += 1
        self._venue_up.clear()
        await self._venue.stop()
        await self._start()

    def _cut(self) -> None:
        self._done["cut"] += 1
        share = self._rng.random()
        for trader in self._traders:
            if self._rng.random() < share:
                trader.cut(in_a_line=self._rng.random() < 0.5)

    # -- when all is over ----------------------------------------------------------------------

    async def _judge(self) -> list[Finding]:
        """Kill it once more, so that only what is on the disk counts."""
        await self._venue.kill()
        await self._venue.start()
        judge = Judge()
        for trader in self._traders:
            judge.hear(trader, await look_back(self._venue.port, trader.member))
        await self._venue.stop()
        self._tell("verifying the journal")
        try:
            journal = of_journal(await self._venue.verify())
        except VenueFailed as failed:
            journal = Finding("journal", "faults", "verify --ledger", [str(failed)])
        return [*judge.findings(len(self._traders)), journal]

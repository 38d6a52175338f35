"""A fleet in several processes: one that supervises, the others with a share of the traders each.

In: what a ``Fleet`` is given, and how many processes. Out: the sum of what came of all of them. Promises: a trader's seed and name, and so
what it draws, do not depend on the number of processes; the scenario begins everywhere at the same time, when everybody is in;
signals to the supervisor stop all, in order; a process that dies is named, its traders count as broken, and the others
go on; when the supervisor dies, by whatever cause, so do they, in order.

The processes are told what to do over their standard input, secrets as well, and tell how they do over their standard output:
JSON lines, ``traders.crew_words``.
"""

import asyncio
import signal
import sys
from contextlib import suppress
from dataclasses import replace
from typing import Final

import msgspec

from protocol.clock import Clock
from protocol.errors import ConfigError, SessionBroken
from traders.access import OPEN, Access
from traders.console import stop_signals
from traders.crew_words import Job, Said, Word
from traders.fleet import tell_now_and_then
from traders.fleet_clock import length_s
from traders.roster import Fault, GroupResult, Report, Roster
from traders.scenario import Scenario
from traders.tasks import task_group

STOP_TIMEOUT_S: Final = 60.0
"""How long a process may take to log its traders out before it is killed."""
_LONGEST_WORD: Final = 64 * 1024 * 1024


class _Hand:
    """One of the processes."""

    def __init__(self, number: int, nothing_done: list[GroupResult]) -> None:
        self.number = number
        self.said = Said(nothing_done)
        self.process: asyncio.subprocess.Process | None = None
        self.end: str | None = None
        """How it ended, if that was out of order."""

    def tell(self, message: msgspec.Struct) -> None:
        process = self.process
        if process is not None and process.stdin is not None and not process.stdin.is_closing():
            with suppress(OSError):
                process.stdin.write(msgspec.json.encode(message) + b"\n")

    @property
    def results(self) -> list[GroupResult]:
        """Of its share; if it died, nobody is left of it."""
        if self.end is None:
            return self.said.results
        return [replace(one, broken=one.traders, connected=0) for one in self.said.results]


class Crew(Roster):
    """The traders of one scenario, in several processes."""

    def __init__(
        self,
        scenario: Scenario,
        *,
        processes: int,
        clock: Clock,
        place: str,
        host: str | None = None,
        port: int | None = None,
        seed: int | None = None,
        prefix: str = "",
        access: Access = OPEN,
        reconnect: bool = True,
    ) -> None:
        """As a ``Fleet``. ``processes``: how many, not counting this one.

        Raises:
            ConfigError: the scenario asks for something impossible; or the TLS context of ``access`` was made by a program.
        """
        super().__init__(
            scenario, clock=clock, place=place, host=host, port=port, seed=seed, prefix=prefix, access=access
        )
        if access.tls is not None and not isinstance(access.tls, bool):
            access = Access(access.secret, access.role, str(access.tls))
        self._hands = [_Hand(number, self._nothing_done(number, processes)) for number in range(processes)]
        self._job = Job(
            values=scenario.model_dump(mode="json", exclude_unset=True),
            place=place,
            host=self.host,
            port=self.port,
            seed=self.seed,
            prefix=prefix,
            secret=access.secret,
            role=access.role,
            tls=access.tls if isinstance(access.tls, bool | str) else None,
            reconnect=reconnect,
            of=processes,
        )
        self._stop = asyncio.Event()
        self._begun = asyncio.Event()

    # -- what came of it ---------------------------------------------------------------------------
    def results(self) -> list[GroupResult]:
        found: dict[str, GroupResult] = {}
        for hand in self._hands:
            for one in hand.results:
                found[one.name] = found[one.name] + one if one.name in found else one
        names = dict.fromkeys(trader.name for trader in self.traders)
        return [found[name] for name in names if name in found]

    @property
    def faults(self) -> list[Fault]:
        return [fault for hand in self._hands for fault in hand.said.faults]

    @property
    def first_failure(self) -> str | None:
        ends = [hand.end for hand in self._hands if hand.end is not None]
        return next(iter((*ends, *[hand.said.failure for hand in self._hands if hand.said.failure])), None)

    @property
    def trading(self) -> int:
        return sum(one.traders - one.broken for one in self.results())

    @property
    def pids(self) -> list[int]:
        """Of the processes that were started."""
        return [hand.process.pid for hand in self._hands if hand.process is not None]

    # -- running -----------------------------------------------------------------------------------
    def run_until_stopped(self, seconds: float | None, report: Report | None = None) -> None:
        async def run() -> None:
            with stop_signals() as stop:
                telling = asyncio.create_task(tell_now_and_then(self, report))
                try:
                    await self.run(stop, seconds)
                finally:
                    telling.cancel()

        asyncio.run(run())

    async def run(self, stop: asyncio.Event, seconds: float | None = None) -> None:
        """Trade until ``stop`` is set, for so many seconds, or as long as the scenario says.

        Raises:
            SessionBroken: the session of every single trader broke; the first reason is told.
            ConfigError: a trader wants an instrument the venue does not have.
        """
        self._stop = stop
        async with task_group() as group:
            watching = [group.create_task(self._watch(hand)) for hand in self._hands]
            keeping = group.create_task(self._keep_time(seconds))
            stopping = group.create_task(self._stop_all())
            await asyncio.wait(watching)
            keeping.cancel()
            stopping.cancel()
        results = self.results()
        if results and all(one.broken == one.traders for one in results):
            raise SessionBroken(f"all {len(self.traders)} sessions ended: {self.first_failure}")

    async def _watch(self, hand: _Hand) -> None:
        """Start a process and follow it to its end."""
        process = hand.process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "traders.crew_member",
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            limit=_LONGEST_WORD,
            # A Ctrl-C at the terminal reaches the whole group; they hear of it from here.
            start_new_session=True,
        )  # fmt: skip
        try:
            hand.tell(msgspec.structs.replace(self._job, number=hand.number))
            if self._stop.is_set():
                hand.tell(Word(stop=True))
            assert process.stdout is not None
            async for line in process.stdout:
                hand.said = msgspec.json.decode(line, type=Said)
                self._heard(hand)
            code = await process.wait()
            if not hand.said.done:
                how = f"was ended by signal {-code}" if code < 0 else f"ended with status {code}"
                hand.end = (
                    f"process {hand.number + 1} of {len(self._hands)} (pid {process.pid}) {how}: "
                    f"its {sum(one.traders for one in hand.said.results)} traders are gone"
                )
                self._begin_if_all_in()
        finally:
            await _end(process)

    def _heard(self, hand: _Hand) -> None:
        said = hand.said
        if said.wrong is not None:
            raise ConfigError(*said.wrong)
        if said.faults and self.scenario.on_fault == "stop_run":
            self._stop.set()
        self._begin_if_all_in()

    def _begin_if_all_in(self) -> None:
        if not self._begun.is_set() and all(hand.said.all_in or hand.end for hand in self._hands):
            self._begun.set()
            begun_ns = self.clock.now_ns()
            for hand in self._hands:
                hand.tell(Word(begun_ns=begun_ns))

    async def _keep_time(self, seconds: float | None) -> None:
        if seconds is None:
            await self._begun.wait()
            seconds = length_s(self.scenario)
        if seconds is not None:
            await asyncio.sleep(seconds)
            self._stop.set()

    async def _stop_all(self) -> None:
        await self._stop.wait()
        for hand in self._hands:
            hand.tell(Word(stop=True))
        await asyncio.sleep(STOP_TIMEOUT_S)
        for hand in self._hands:
            if hand.process is not None and hand.process.returncode is None:
                hand.process.kill()

    def _nothing_done(self, number: int, of: int) -> list[GroupResult]:
        counts: dict[str, int] = {}
        for trader in self.traders[number::of]:
            counts[trader.name] = counts.get(trader.name, 0) + 1
        return [GroupResult(name, count, 0, 0, 0, 0, 0) for name, count in counts.items()]


async def _end(process: asyncio.subprocess.Process) -> None:
    if process.returncode is not None:
        return
    # It stops when its standard input ends.
    if process.stdin is not None:
        process.stdin.close()
    try:
        async with asyncio.timeout(STOP_TIMEOUT_S):
            await process.wait()
    except TimeoutError:
        with suppress(ProcessLookupError):
            process.send_signal(signal.SIGKILL)
        await process.wait()

"""Many traders in one process on the generator kernel, each with a connection of its own.

In: a scenario, where the venue listens, a seed. Out: traders at work until told to stop, then a result for each. Promises are
those of ``traders.fleet``, and so are the results for equal seeds, in kind: a trader whose session breaks is counted and does not
disturb the others; stopping cancels the orders of every trader and logs it out. ``yield from fleet.run(stop)`` in a kernel, or
``run_until_stopped`` with one of its own.
"""

import signal
from collections.abc import Generator, Iterator
from contextlib import contextmanager, suppress
from typing import Any, Final

from legacy.errors import ChildCancelled
from legacy.kernel import Kernel
from legacy.task import Task
from legacy.trader.client import Client, connect
from legacy.trader.runner import Runner
from legacy.traps import flow, join, sleep, spawn
from legacy.waiting import Event, Future, Queue
from protocol.clock import Clock
from protocol.errors import ConfigError, VenueError
from traders.access import OPEN, Access
from traders.roster import MAX_CONNECTING, Member, Report, Roster
from traders.scenario import Scenario

STOPS: Final = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


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
        """As a ``Roster``.

        Raises:
            ConfigError: the scenario asks for something impossible, or for an experiment or an oracle: those are run by
                ``traders.fleet`` only. A strategy that samples is told of every change, as if it did not.
        """
        for key in ("experiment", "oracle"):
            if getattr(scenario, key) is not None:
                raise ConfigError(f"{place}: {key}", "the legacy runtime has none: leave --runtime out")
        super().__init__(
            scenario, clock=clock, place=place, host=host, port=port, seed=seed, prefix=prefix, access=access
        )
        self._runners: list[Runner] = []
        self._is_stopping = False

    def run_until_stopped(self, seconds: float | None, report: Report | None = None) -> None:
        kernel = Kernel(clock=self.clock)

        def main() -> Generator[Any, Any, None]:
            stop = Event("the end")
            with _signals(kernel, stop):
                if seconds is not None:
                    yield from spawn(_ring(stop, seconds), name="the time given")
                telling = None
                if report is not None:
                    telling = yield from spawn(self._tell(report), name="who tells how it goes")
                try:
                    yield from self.run(stop)
                finally:
                    if telling is not None:
                        telling.cancel()

        kernel.run(main(), "the fleet")

    def _tell(self, report: Report) -> Generator[Any, Any, None]:
        while True:
            yield from sleep(report.every_s)
            report.tell(self.results())

    @flow
    def run(self, stop: Event) -> Generator[Any, Any, None]:
        """Trade until ``stop`` is set, or until the venue has logged everybody out.

        Raises:
            SessionBroken: the session of every single trader broke; the first reason is told.
            ConfigError: a trader wants an instrument the venue does not have.
        """
        over: Future[None] = Future("the end of all sessions")
        doors: Queue[None] = Queue(MAX_CONNECTING, "a place among those who connect")
        at_work: dict[Member, Task[None]] = {}

        def trade(trader: Member) -> Generator[Any, Any, None]:
            try:
                yield from self._trade(trader, doors)
            except Exception as error:  # noqa: BLE001  # raised again by ``run``
                if not over.is_done:
                    over.set_error(error)
            finally:
                del at_work[trader]
                if not at_work and not over.is_done:
                    over.set_result(None)

        for trader in self.traders:
            at_work[trader] = yield from spawn(trade(trader), name=trader.spec.account)
        stopper = yield from spawn(self._stop_after(stop), name="whoever waits for the end")
        try:
            yield from over.wait()
        finally:
            stopper.cancel()
            for task in list(at_work.values()):  # somebody failed: nobody goes on
                task.cancel()
                with suppress(ChildCancelled):
                    yield from join(task)
        self.raise_if_all_broke()

    def _stop_after(self, stop: Event) -> Generator[Any, Any, None]:
        yield from stop.wait()
        self._is_stopping = True
        for runner in self._runners:
            runner.stop()

    def _trade(self, trader: Member, doors: Queue[None]) -> Generator[Any, Any, None]:
        """What the venue does wrong is the end of this trader, not of the fleet."""
        try:
            yield from doors.put(None)
            try:
                if self._is_stopping:
                    return
                client = yield from connect(
                    self.host, self.port, account=trader.spec.account, **self.access.words()
                )
            finally:
                yield from doors.get()
            yield from client.during(self._session(trader, client))
        except ConfigError:
            raise
        except VenueError as failure:
            trader.failure = failure

    def _session(self, trader: Member, client: Client) -> Generator[Any, Any, None]:
        strategy = self.strategy_of(trader, client.instruments)
        runner = Runner(strategy, client, self.clock, trader.waits_s())
        self._runners.append(runner)
        trader.desk = runner.desk
        if not self._is_stopping:
            yield from runner.run()


@contextmanager
def _signals(kernel: Kernel, stop: Event) -> Iterator[None]:
    """While the block lasts, SIGINT, SIGTERM and SIGHUP set ``stop``; between two tasks, for it wakes some."""
    before = {number: signal.signal(number, lambda *_: kernel.post(stop.set)) for number in STOPS}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _ring(stop: Event, seconds: float) -> Generator[Any, Any, None]:
    yield from sleep(seconds)
    stop.set()

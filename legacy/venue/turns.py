"""Turns of the kernel: what was asked in one turn leaves together, after it is in the journal.

In: a venue whose connections say when they have given it something. Out: their bytes. One task ends all turns: it lets everybody
who is ready go first, hands what they asked to the journal, waits, and sends. What comes meanwhile is the next turn. On asyncio
the same is written in callbacks (``exchange.turns``).
"""

from collections.abc import Callable, Generator
from time import perf_counter_ns
from typing import Any

from exchange.engine.sequencer import Turn
from exchange.journal.group_commit import GroupCommit
from exchange.turn_taking import TurnTaking
from exchange.venue import Venue
from legacy.kernel import Kernel
from legacy.traps import flow, pause
from legacy.waiting import Event, Future


class Turns(TurnTaking):
    """Ends turns on the kernel."""

    def __init__(
        self, venue: Venue, commits: GroupCommit | None, kernel: Kernel, on_failure: Callable[[], None]
    ) -> None:
        """``commits`` is ``None`` for a venue without a journal. ``on_failure`` is called once, if ever."""
        super().__init__(venue, commits, kernel.post)  # between two parts of a round files are looked at
        self._kernel = kernel
        self._on_failure = on_failure
        self._wanted = Event("something to end a turn for")
        self._idle = Event("the end of all turns")
        self._idle.set()

    def schedule(self) -> None:
        """The venue was given something: when everybody who is ready now has had his turn, it has its own."""
        if not self._scheduled:
            self._scheduled = True
            self._idle.clear()
            self._wanted.set()

    def fail(self, error: Exception) -> None:
        """The venue can't go on: nothing is journalled or sent from now on."""
        if self.failure is None:
            self.failure = error
            self._on_failure()

    @flow
    def keep_ending(self) -> Generator[Any, Any, None]:
        """End turns until the venue fails; one task does."""
        while self.failure is None:
            if self._wanted.is_set:
                yield from pause()  # the next one is due already: first those who came meanwhile
            else:
                yield from self._wanted.wait()
            self._wanted.clear()
            self._scheduled = False
            turn = self._take_turn()
            if turn is None or self._commits is None:
                self._give_out()
            else:
                yield from self._commit(turn, self._commits)
                if self._venue.has_output:
                    self.schedule()
            self._rest()

    @flow
    def settled(self) -> Generator[Any, Any, None]:
        """Wait until everything is committed and written."""
        yield from self._idle.wait()

    @flow
    def _commit(self, turn: Turn, commits: GroupCommit) -> Generator[Any, Any, None]:
        """Have a turn written; then send what it made."""
        self._committing = True
        since_ns, self._since_ns = self._since_ns, 0
        self._committing_since_ns = perf_counter_ns()
        written: Future[None] = Future("the journal")
        self._kernel.expect()
        # First the commands to the disk, then the encoding of the answers while the disk works.
        commits.commit(
            turn, self._venue.reports.history.hand_over(), lambda error: self._written(written, error)
        )
        started_ns = perf_counter_ns()
        held = self._venue.take_output()
        encoding_ns = perf_counter_ns() - started_ns
        try:
            yield from written.wait()
        except Exception as error:  # noqa: BLE001  # whatever it is, the venue can't go on
            self.fail(error)
            return
        finally:
            self._committing = False
        safe_ns = perf_counter_ns()
        self._timings.commit.note(safe_ns - self._committing_since_ns)
        # Also when the engine broke meanwhile: these answers are of commands before that, and safe.
        self._send(held)
        sent_ns = perf_counter_ns()
        self._timings.send.note(encoding_ns + sent_ns - safe_ns)
        if since_ns:
            self._timings.answer.note(sent_ns - since_ns)

    def _written(self, written: Future[None], error: Exception | None) -> None:
        self._kernel.expect(-1)
        if error is None:
            written.set_result(None)
        else:
            written.set_error(error)

    def _rest(self) -> None:
        if self._scheduled or self._committing or self._venue.has_output or self._rounds.waiting:
            return
        self._idle.set()

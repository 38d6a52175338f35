"""Turns of the event loop: what was asked in one turn leaves together, after it is in the journal.

In: a venue whose gateways say when they have given it something. Out: the peers' bytes, handed to
their connections. Nothing leaves before the commit that covers it: with a journal every piece of
output waits for the commit of its turn, even a heartbeat, so that the order stays.
"""

import asyncio
from time import perf_counter_ns

from exchange.journal.group_commit import GroupCommit
from exchange.peers import Output
from exchange.turn_taking import TurnTaking
from exchange.venue import Venue


class Turns(TurnTaking):
    """Ends turns on asyncio."""

    def __init__(self, venue: Venue, commits: GroupCommit | None, loop: asyncio.AbstractEventLoop) -> None:
        """``commits`` is ``None`` for a venue without a journal."""
        super().__init__(venue, commits, loop.call_soon)
        self._loop = loop
        self._idle = asyncio.Event()
        self._idle.set()
        self._gathering: list[asyncio.Future[None]] = []  # who waits for the turn that gathers
        self._under_way: list[asyncio.Future[None]] = []  # who waits for the commit that is made
        self.failed: asyncio.Future[None] = loop.create_future()
        """Gets the exception when the journal can't be written or the engine is broken."""

    def schedule(self) -> None:
        """The venue was given something: end this turn of the loop with a turn of the venue."""
        if not self._scheduled:
            self._scheduled = True
            self._idle.clear()
            self._loop.call_soon(self._end)

    def fail(self, error: Exception) -> None:
        """The venue can't go on: nothing is journalled or sent from now on."""
        if self.failure is None:
            self.failure = error
            self.failed.set_exception(error)
            self.failed.exception()  # also where nobody waits for it, it is told: by ``failure``
        for waiting in (*self._under_way, *self._gathering):
            if not waiting.done():
                waiting.set_exception(error)
        self._under_way, self._gathering = [], []

    async def committed(self) -> None:
        """Wait until every command that the venue was given so far is in the journal; without one, not at all.

        For answers that leave by another door than a peer's outbox.

        Raises:
            VenueError: the journal can't be written, or the engine is broken: it may be in the journal or not.
        """
        if self.failure is not None:
            self.failed.result()
        if self._commits is None:
            return
        waiting = self._loop.create_future()
        if self._venue.sequencer.has_turn:
            self._gathering.append(waiting)
            self.schedule()
        elif self._committing:
            self._under_way.append(waiting)
        else:
            return
        await waiting

    async def settled(self) -> None:
        """Wait until everything is committed and written."""
        await self._idle.wait()

    def _end(self) -> None:
        self._scheduled = False
        if self._committing or self.failure is not None:
            return  # what gathered during a commit leaves with the next one
        turn = self._take_turn()
        if turn is None or self._commits is None:
            self._let_go(self._gathering)
            self._give_out()
            self._rest()
            return
        self._committing = True
        self._under_way, self._gathering = self._gathering, []
        since_ns, self._since_ns = self._since_ns, 0
        self._committing_since_ns = perf_counter_ns()
        # First the commands to the disk, then the encoding of the answers while the disk works.
        held: list[Output] = []
        self._commits.commit(
            turn,
            self._venue.reports.history.hand_over(),
            lambda error: self._committed(held, since_ns, encoding_ns, error),
        )
        started_ns = perf_counter_ns()
        held += self._venue.take_output()
        encoding_ns = perf_counter_ns() - started_ns

    def _committed(
        self,
        held: list[Output],
        since_ns: int,
        encoding_ns: int,
        error: Exception | None,
    ) -> None:
        self._committing = False
        if error is not None:
            self.fail(error)
            return
        safe_ns = perf_counter_ns()
        self._let_go(self._under_way)
        self._timings.commit.note(safe_ns - self._committing_since_ns)
        # Also when the engine broke meanwhile: these answers are of commands before that, and safe.
        self._send(held)
        sent_ns = perf_counter_ns()
        self._timings.send.note(encoding_ns + sent_ns - safe_ns)
        if since_ns:
            self._timings.answer.note(sent_ns - since_ns)
        if self._venue.has_output or self._gathering:
            self._end()
        else:
            self._rest()

    def _let_go(self, waiting: list[asyncio.Future[None]]) -> None:
        """What these wait for is in the journal."""
        for future in waiting:
            if not future.done():  # whoever waited may have gone
                future.set_result(None)
        waiting.clear()

    def _rest(self) -> None:
        if self._scheduled or self._committing or self._venue.has_output or self._rounds.waiting:
            return
        self._idle.set()

"""Turns of the event loop: what was asked in one turn leaves together, after it is in the journal.

In: a venue whose gateways say when they have given it something. Out: the peers' bytes, handed to
their connections. Nothing leaves before the commit that covers it: with a journal every piece of
output waits for the commit of its turn, even a heartbeat, so that the order stays.
"""

import asyncio
from collections.abc import Callable
from time import perf_counter_ns
from typing import Final, Protocol

from exchange.engine.sequencer import Turn
from exchange.journal.group_commit import GroupCommit
from exchange.peers import Output, Peer
from exchange.rounds import Rounds
from exchange.venue import Venue
from protocol.errors import InvariantViolated

_FEW: Final = 32
"""Who is told something in a turn; more than these are told in rounds."""


class Connection(Protocol):
    """What a turn needs of a gateway's connection, and those who look after the venue."""

    @property
    def via(self) -> str:
        """Which gateway it came through."""
        ...

    @property
    def waiting(self) -> int:
        """Lines that were read and wait until those before them are answered."""
        ...

    @property
    def unsent_bytes(self) -> int:
        """What the socket has not taken yet."""
        ...

    def send(self, data: bytes, *, last: bool) -> None:
        """Write to the socket; hang up after the last."""
        ...

    def tell(self, data: bytes) -> None:
        """Write public lines to the socket: nothing that anybody has waited for."""
        ...


class Turns:
    """Ends turns. One for a venue, shared by all gateways."""

    def __init__(self, venue: Venue, commits: GroupCommit | None, loop: asyncio.AbstractEventLoop) -> None:
        """``commits`` is ``None`` for a venue without a journal."""
        self._venue = venue
        self._commits = commits
        self._loop = loop
        self._connections: dict[Peer, Connection] = {}
        self._rounds = Rounds(loop, self._connections, self._pass_by, self._rest)
        self._scheduled = False
        self._committing = False
        self._committing_since_ns = 0
        self._stopped = False
        self._metrics = venue.metrics
        self._timings = venue.metrics.timings
        self.chunks_to_time = 0
        """How many more chunks are to be timed; see ``time_some_more``."""
        self._since_ns = 0  # when the first chunk of the turn that gathers came; 0: none has
        self._idle = asyncio.Event()
        self._idle.set()
        self._gathering: list[asyncio.Future[None]] = []  # who waits for the turn that gathers
        self._under_way: list[asyncio.Future[None]] = []  # who waits for the commit that is made
        self.failed: asyncio.Future[None] = loop.create_future()
        """Gets the exception when the journal can't be written or the engine is broken."""

    def join(self, peer: Peer, connection: Connection) -> None:
        self._connections[peer] = connection

    def leave(self, peer: Peer) -> None:
        self._connections.pop(peer, None)
        self._rounds.forget(peer)

    def connections(self) -> list[Connection]:
        """All that are open."""
        return list(self._connections.values())

    @property
    def commits(self) -> GroupCommit | None:
        """What writes the journal, if there is one."""
        return self._commits

    @property
    def committing_for_ns(self) -> int:
        """For how long the commit has been under way that is; 0: none is."""
        return perf_counter_ns() - self._committing_since_ns if self._committing else 0

    def schedule(self) -> None:
        """The venue was given something: end this turn of the loop with a turn of the venue."""
        if not self._scheduled:
            self._scheduled = True
            self._idle.clear()
            self._loop.call_soon(self._end)

    def time_some_more(self, chunks: int) -> None:
        """Let so many chunks be timed from now on. It is bounded because timing one costs as much as a tenth of an
        order: a busy venue is looked at now and then, one that is not busy all the time.
        """
        self.chunks_to_time = chunks

    def handled(self, began_ns: int, started_ns: int) -> None:
        """The venue was given a chunk to be timed: it came at ``began_ns``, was messages at ``started_ns`` (both by
        ``time.perf_counter_ns``) and is carried out now.
        """
        self.chunks_to_time -= 1
        self._timings.receive.note(started_ns - began_ns)
        self._timings.handle.note(perf_counter_ns() - started_ns)
        if not self._since_ns:
            self._since_ns = began_ns

    def schedule_after(self, peer: Peer) -> None:
        """Like ``schedule``, after input of ``peer``.

        If nobody else is concerned and nothing is to be journalled, the answer leaves at once: a
        lone client that waits for each answer is served a sixth faster than through another pass of
        the loop.
        """
        if self._commits is None:
            # Nobody will read the commands: they go while the processor still has them at hand.
            self._take_turn()
            if not self._scheduled and self._venue.only_touched(peer) and not self._stopped:
                self._give_out()
                return
        self.schedule()

    def fail(self, error: Exception) -> None:
        """The venue can't go on: nothing is journalled or sent from now on."""
        self._stopped = True
        if not self.failed.done():
            self.failed.set_exception(error)
        for waiting in (*self._under_way, *self._gathering):
            if not waiting.done():
                waiting.set_exception(error)
        self._under_way, self._gathering = [], []

    def attempt(self, act: Callable[[], None]) -> None:
        """Have something done that may make commands, outside of ``Venue.handle``.

        After a failure nothing is done: nothing may reach a broken engine.
        """
        if self._stopped:
            return
        try:
            act()
        except InvariantViolated as error:
            self.fail(error)
            return
        if self._venue.has_output:
            self.schedule()

    async def committed(self) -> None:
        """Wait until every command that the venue was given so far is in the journal; without one, not at all.

        For answers that leave by another door than a peer's outbox.

        Raises:
            VenueError: the journal can't be written, or the engine is broken: it may be in the journal or not.
        """
        if self._stopped:
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
        if self._committing or self._stopped:
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

    def _take_turn(self) -> Turn | None:
        turn = self._venue.take_turn()
        if turn is not None:
            self._metrics.add_turn(turn.commands)
        return turn

    def _give_out(self) -> None:
        """Send what has not to wait for the journal."""
        since_ns = self._since_ns
        if not since_ns:
            self._send(self._venue.take_output())
            return
        self._since_ns = 0
        started_ns = perf_counter_ns()
        self._send(self._venue.take_output())
        sent_ns = perf_counter_ns()
        self._timings.send.note(sent_ns - started_ns)
        self._timings.answer.note(sent_ns - since_ns)

    def _rest(self) -> None:
        if self._scheduled or self._committing or self._venue.has_output or self._rounds.waiting:
            return
        self._idle.set()

    def _send(self, output: list[Output]) -> None:
        """Answers and private reports now; public lines for a crowd when it is everybody's turn."""
        connections, rounds = self._connections, self._rounds
        waiting = rounds.waiting
        crowded = len(output) > _FEW or bool(waiting)
        for peer, data, last, shared in output:
            connection = connections.get(peer)
            if connection is None:
                continue
            if crowded and shared:
                rounds.put(peer, data)
            elif waiting and peer in waiting:
                connection.send(rounds.take(peer) + data, last=last)
            else:
                connection.send(data, last=last)

    def _pass_by(self, peer: Peer) -> None:
        """So much waits for a reader that he shall rather be shown how things stand."""
        self._venue.market_data.passes_by(peer)
        self.schedule()

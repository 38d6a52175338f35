"""What ends a turn, whatever runs the venue: who is connected, what is to be timed, and how output reaches its readers.

In: a venue whose gateways say when they have given it something; what was made safe. Out: the peers' bytes, handed to their
connections. When a turn ends, and what waits for its commit, is said by those who wait: ``exchange.turns`` on asyncio.
"""

from abc import ABC, abstractmethod
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


class TurnTaking(ABC):
    """One for a venue, shared by all gateways."""

    def __init__(
        self, venue: Venue, commits: GroupCommit | None, soon: Callable[[Callable[[], None]], object]
    ) -> None:
        """``commits`` is ``None`` for a venue without a journal; ``soon``: as of ``Rounds``."""
        self._venue = venue
        self._commits = commits
        self._connections: dict[Peer, Connection] = {}
        self._rounds = Rounds(soon, self._connections, self._pass_by, self._rest)
        self._scheduled = False
        self._committing = False
        self._committing_since_ns = 0
        self._metrics = venue.metrics
        self._timings = venue.metrics.timings
        self.chunks_to_time = 0
        """How many more chunks are to be timed; see ``time_some_more``."""
        self._since_ns = 0  # when the first chunk of the turn that gathers came; 0: none has
        self.failure: Exception | None = None
        """Why nothing is journalled or sent any more, if that is so."""

    @abstractmethod
    def schedule(self) -> None:
        """The venue was given something: there is to be an end of a turn."""

    @abstractmethod
    def fail(self, error: Exception) -> None:
        """The venue can't go on: nothing is journalled or sent from now on."""

    @abstractmethod
    def _rest(self) -> None:
        """Something has ended; perhaps everything."""

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
            if not self._scheduled and self._venue.only_touched(peer) and self.failure is None:
                self._give_out()
                return
        self.schedule()

    def attempt(self, act: Callable[[], None]) -> None:
        """Have something done that may make commands, outside of ``Venue.handle``.

        After a failure nothing is done: nothing may reach a broken engine.
        """
        if self.failure is not None:
            return
        try:
            act()
        except InvariantViolated as error:
            self.fail(error)
            return
        if self._venue.has_output:
            self.schedule()

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

"""Turns of the event loop: what was asked in one turn leaves together, after it is in the journal.

In: a venue whose gateways say when they have given it something. Out: the peers' bytes, handed to
their connections. Nothing leaves before the commit that covers it: with a journal every piece of
output waits for the commit of its turn, even a heartbeat, so that the order stays.
"""

import asyncio
from collections.abc import Callable
from typing import Protocol

from exchange.journal.group_commit import GroupCommit
from exchange.peers import Peer
from exchange.venue import Output, Venue
from protocol.errors import InvariantViolated


class Connection(Protocol):
    """What a turn needs of a gateway's connection."""

    def send(self, data: bytes, *, last: bool) -> None:
        """Write to the socket; hang up after the last."""
        ...


class Turns:
    """Ends turns. One for a venue, shared by all gateways."""

    def __init__(self, venue: Venue, commits: GroupCommit | None, loop: asyncio.AbstractEventLoop) -> None:
        """``commits`` is ``None`` for a venue without a journal."""
        self._venue = venue
        self._commits = commits
        self._loop = loop
        self._connections: dict[Peer, Connection] = {}
        self._scheduled = False
        self._committing = False
        self._stopped = False
        self._idle = asyncio.Event()
        self._idle.set()
        self.failed: asyncio.Future[None] = loop.create_future()
        """Gets the exception when the journal can't be written or the engine is broken."""

    def join(self, peer: Peer, connection: Connection) -> None:
        self._connections[peer] = connection

    def leave(self, peer: Peer) -> None:
        self._connections.pop(peer, None)

    def schedule(self) -> None:
        """The venue was given something: end this turn of the loop with a turn of the venue."""
        if not self._scheduled:
            self._scheduled = True
            self._idle.clear()
            self._loop.call_soon(self._end)

    def schedule_after(self, peer: Peer) -> None:
        """Like ``schedule``, after input of ``peer``.

        If nobody else is concerned and nothing is to be journalled, the answer leaves at once: a
        lone client that waits for each answer is served a sixth faster than through another pass of
        the loop.
        """
        if self._commits is None:
            # Nobody will read the commands: they go while the processor still has them at hand.
            self._venue.take_turn()
            if not self._scheduled and self._venue.only_touched(peer) and not self._stopped:
                self._send(self._venue.take_output())
                return
        self.schedule()

    def fail(self, error: Exception) -> None:
        """The venue can't go on: nothing is journalled or sent from now on."""
        self._stopped = True
        if not self.failed.done():
            self.failed.set_exception(error)

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

    async def settled(self) -> None:
        """Wait until everything is committed and written."""
        await self._idle.wait()

    def _end(self) -> None:
        self._scheduled = False
        if self._committing or self._stopped:
            return  # what gathered during a commit leaves with the next one
        turn = self._venue.take_turn()
        if turn is None or self._commits is None:
            self._send(self._venue.take_output())
            self._rest()
            return
        self._committing = True
        # First the commands to the disk, then the encoding of the answers while the disk works.
        held: list[Output] = []
        self._commits.commit(
            turn, self._venue.reports.history.hand_over(), lambda error: self._committed(held, error)
        )
        held += self._venue.take_output()

    def _committed(self, held: list[Output], error: Exception | None) -> None:
        self._committing = False
        if error is not None:
            self.fail(error)
            return
        # Also when the engine broke meanwhile: these answers are of commands before that, and safe.
        self._send(held)
        if self._venue.has_output:
            self._end()
        else:
            self._rest()

    def _rest(self) -> None:
        if not self._scheduled and not self._committing and not self._venue.has_output:
            self._idle.set()

    def _send(self, output: list[Output]) -> None:
        connections = self._connections
        for peer, data, last in output:
            connection = connections.get(peer)
            if connection is not None:
                connection.send(data, last=last)

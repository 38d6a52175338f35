"""Public lines for a crowd, some readers at a time: an order that arrives need not wait for the last of them.

In: the same bytes for many connections, turn after turn, each safe to leave. Out: one write a connection and a
round, with all that was put there since its last one; between the parts of a round the sockets are looked at. The
more orders there are, the longer the rounds and the more each write holds: readers share what time is left, in turn.
What waits for one of them is bounded: beyond that he is passed by, and shown how things stand when it is his turn.
docs/design/fan-out.md says why.
"""

from collections import deque
from collections.abc import Callable, Mapping
from time import perf_counter_ns
from typing import Final, Protocol

from exchange.peers import Peer

LEAST_NS: Final = 200_000
MOST_NS: Final = 500_000
"""So long readers are told without a look at the sockets: as long as everything else has taken since the last time, within
these bounds. So orders have at least half of the time when they need it, and wait for no more than some sixty readers;
and when nobody trades, looking at the sockets costs little.
"""

MOST_WAITING: Final = 256 * 1024
"""Bytes that wait for one reader: as many as the kernel holds for him."""

_LOOK_EVERY: Final = 8
"""Pieces after which somebody looks how many bytes wait."""


class Reader(Protocol):
    """What a round needs of a connection."""

    def tell(self, data: bytes) -> None:
        """Write public lines."""
        ...


class Rounds:
    """Who is still to be told what."""

    def __init__(
        self,
        soon: Callable[[Callable[[], None]], object],
        connections: Mapping[Peer, Reader],
        pass_by: Callable[[Peer], None],
        done: Callable[[], None],
    ) -> None:
        """``soon`` has something called when everything else that can go on has: ``loop.call_soon``. ``pass_by``: too much waits for a peer. ``done``: nothing waits any more."""
        self._soon = soon
        self._connections = connections
        self._pass_by = pass_by
        self._done = done
        self.waiting: dict[Peer, list[bytes]] = {}
        """For whom something waits; not to be changed."""
        self._queue: deque[Peer] = deque()  # in turn; some may have been told meanwhile
        self._goes_round = False
        self._ended_ns = 0  # when readers were last told

    def put(self, peer: Peer, data: bytes) -> None:
        """The next public lines for a peer."""
        pieces = self.waiting.get(peer)
        if pieces is None:
            self.waiting[peer] = [data]
            self._queue.append(peer)
            if not self._goes_round:
                self._goes_round = True
                self._soon(self._go_on)
            return
        pieces.append(data)
        if not len(pieces) % _LOOK_EVERY and sum(map(len, pieces)) > MOST_WAITING and not peer.slow:
            self._pass_by(peer)

    def take(self, peer: Peer) -> bytes:
        """What waits for a peer, which something does: it is to be sent something of its own now, and this belongs in front of it."""
        return b"".join(self.waiting.pop(peer))

    def forget(self, peer: Peer) -> None:
        """The peer's connection is gone."""
        self.waiting.pop(peer, None)

    def _go_on(self) -> None:
        waiting, queue, connections = self.waiting, self._queue, self._connections
        now_ns = perf_counter_ns()
        until_ns = now_ns + min(max(now_ns - self._ended_ns, LEAST_NS), MOST_NS)
        last: list[bytes] = []
        joined = b""
        while queue:
            peer = queue.popleft()
            pieces = waiting.pop(peer, None)
            if pieces is None:
                continue
            if pieces != last:  # most are to be told the same
                last, joined = pieces, pieces[0] if len(pieces) == 1 else b"".join(pieces)
            connection = connections.get(peer)
            if connection is not None:
                connection.tell(joined)
            if perf_counter_ns() > until_ns:
                break
        self._ended_ns = perf_counter_ns()
        if queue:
            self._soon(self._go_on)
        else:
            self._goes_round = False
            self._done()

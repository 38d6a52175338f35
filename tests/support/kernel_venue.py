"""A venue on a kernel, in the test's own process, and clients that are flows on the same kernel.

In: bounds, a journal if there is to be one. Out: a venue behind a real listening socket, with time handed in; lines of JSON.
"""

import json
import socket
from collections import deque
from collections.abc import Callable, Generator, Sequence
from pathlib import Path
from typing import Any

from exchange.access import Access
from exchange.engine.commands import AddInstrument
from exchange.gateways.bounds import Limits
from exchange.journal.group_commit import GroupCommit
from exchange.journal.log import CommandLog
from exchange.journal.recovery import start_from
from exchange.peers import Touched
from exchange.venue import Observer, Venue
from legacy.kernel import Kernel
from legacy.streams import Stream
from legacy.task import Task
from legacy.traps import current_kernel, flow, spawn
from legacy.venue.gateway import Gateway
from legacy.venue.turns import Turns
from legacy.waiting import Event
from protocol.clock import ManualClock
from protocol.vocabulary import Symbol
from tests.support.venue import Json

Main = Generator[Any, Any, Any]


class Hall:
    """A venue, its gateway and its turns; no clock but the test's."""

    def __init__(
        self,
        kernel: Kernel,
        *,
        max_in_flight: int = 1024,
        max_outgoing_bytes: int = 256 * 1024,
        log: CommandLog | None = None,
        observe: Observer | None = None,
    ) -> None:
        touched: Touched = []
        self.kernel = kernel
        self.clock = ManualClock()
        state = start_from(None, self.clock.now_ns, touched)
        self.venue = Venue("test", state.sequencer, state.reports, touched, Access(open=True), observe)
        self.venue.act(AddInstrument(Symbol("ACME"), 1, 1, 1, 1000, 1000, 2, 0, 0, False))
        self.venue.take_turn()
        self.failed = Event("a failure")
        self.commits = None if log is None else GroupCommit(log, kernel.post)
        self.turns = Turns(self.venue, self.commits, kernel, self.failed.set)
        limits = Limits(65_536, max_in_flight, max_outgoing_bytes, 60.0, 2_000, 2_000, 30.0)
        self.gateway = Gateway(self.venue, self.turns, limits, self.clock, kernel)
        self.address = self.gateway.listen("127.0.0.1", 0)

    def connect(self) -> "Client":
        # A small receive buffer: a reader that stops is noticed soon.
        sock = socket.socket()
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 16 * 1024)
        sock.connect(self.address)  # the system accepts at once
        return Client(Stream(sock, self.kernel))

    @flow
    def log_in(self, account: str, **fields: object) -> Generator[Any, Any, "Client"]:
        client = self.connect()
        welcome = yield from client.ask({"type": "login", "account": account, **fields})
        assert welcome["type"] == "welcome"
        return client

    def pass_time(self, seconds: float) -> None:
        self.clock.advance(seconds=seconds)
        self.gateway.tick()


class Client:
    """A connection and a line buffer."""

    def __init__(self, stream: Stream) -> None:
        self.stream = stream
        self._lines: deque[bytes] = deque()
        self._unread = b""

    @flow
    def send(self, *messages: Json) -> Main:
        yield from self.stream.write(b"".join(json.dumps(message).encode() + b"\n" for message in messages))

    @flow
    def receive(self) -> Generator[Any, Any, Json]:
        """The next message; raises ``EOFError`` at the end."""
        while not self._lines:
            data = yield from self.stream.read()
            if not data:
                raise EOFError
            *lines, self._unread = (self._unread + data).split(b"\n")
            self._lines.extend(lines)
        message: Json = json.loads(self._lines.popleft())
        return message

    @flow
    def ask(self, message: Json) -> Generator[Any, Any, Json]:
        yield from self.send(message)
        return (yield from self.receive())

    @flow
    def receive_rest(self) -> Generator[Any, Any, list[Json]]:
        """Everything until the venue hangs up."""
        messages = []
        try:
            while True:
                messages.append((yield from self.receive()))
        except (EOFError, ConnectionResetError):
            return messages

    def close(self) -> None:
        self.stream.close()


def in_hall(scene: Callable[[Hall], Main], *, crashes: Sequence[str] = (), **arrangement: Any) -> Any:
    """Play a scene in a hall of its own; afterwards nothing may be left of it. ``crashes``: what tasks are to crash with."""
    before = open_files()
    crashed: list[str] = []
    kernel = Kernel(crashed=lambda task, error: crashed.append(str(error)))

    def main() -> Main:
        hall = Hall((yield from current_kernel()), **arrangement)
        turns: Task[None] = yield from spawn(hall.turns.keep_ending())
        try:
            result = yield from scene(hall)
            if hall.turns.failure is None:
                yield from hall.gateway.shut_down(0.5)
                yield from hall.turns.settled()
            else:
                yield from hall.gateway.abort()
        finally:
            turns.cancel()
            if hall.commits is not None:
                hall.commits.stop()
        return result

    result = kernel.run(main())
    assert crashed == list(crashes)
    assert not kernel.tasks
    assert open_files() == before
    return result


def open_files() -> int:
    """How many this process has."""
    return sum(1 for _ in Path("/proc/self/fd").iterdir())

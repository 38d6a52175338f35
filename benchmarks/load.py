"""Load over TCP, made to be cheaper than any server it measures: no step of Python a request.

In: how many connections, how many requests outstanding on each, an order flow. Out: how long a
server took to answer, and how much of that it computed. Every request is written out
before the clock starts, one after the other in one buffer a connection; while it runs, answers are
counted and as many requests sent as were answered, a slice of the buffer a time.

Each request gets exactly one direct answer. What comes besides, reports of trades and the ends of
immediate-or-cancel orders, is counted away.
"""

import gc
import select
import socket
import time
from concurrent.futures import ProcessPoolExecutor
from itertools import accumulate
from multiprocessing import get_context
from statistics import median
from types import TracebackType
from typing import Final, NamedTuple

from benchmarks import flow
from benchmarks.servers import LOAD_CORE, Server, pin
from exchange.engine.commands import CancelOrder, Command, EnterOrder, ReplaceOrder
from protocol.codec import encode
from protocol.errors import SessionBroken
from protocol.fields import Message
from protocol.messages import Cancel, Login, NewOrder, Replace
from protocol.vocabulary import AccountId

_PATIENCE_S: Final = 20.0
_CHUNK: Final = 256 * 1024
_NEWLINE: Final = 0x0A

NOT_DIRECT: Final = (b'{"type":"trade_report"', b'"reason":"immediate_or_cancel"')
"""One of these is in every line that answers no request. Long needles: they are found fastest."""


def account_name(number: int) -> AccountId:
    """Who trades on a connection."""
    return AccountId(f"load{number}")


class Shape(NamedTuple):
    """Of the load: ``requests`` a run over all ``connections``, at most ``window`` unanswered on each."""

    connections: int
    window: int
    requests: int

    def __str__(self) -> str:
        return f"{self.connections}x{self.window}"


class Run(NamedTuple):
    """What one run took."""

    requests: int
    seconds: float
    cpu_s: float
    """Processor time of the server."""
    median_s: float | None
    """Of a round trip; only with a single connection and a window of 1."""


class Load:
    """A load generator in a process of its own. The same requests go to every server."""

    def __init__(self, shape: Shape, *, runs: int, seed: int) -> None:
        """``runs`` is how often each server can be measured: no order id is used twice."""
        self._pool = ProcessPoolExecutor(
            1, mp_context=get_context("spawn"), initializer=_prepare, initargs=(shape, runs, seed)
        )

    def __enter__(self) -> "Load":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._pool.shutdown()

    def connect(self, server: Server) -> None:
        """Log in on all connections and build the book."""
        self._pool.submit(_connect, server).result()

    def run(self, server: Server, number: int) -> Run:
        """Send run ``number``, counted from 0, to a server that had those before it."""
        return self._pool.submit(_run, server, number).result()


# -- in the generator's process --------------------------------------------------------------------
class Script:
    """What one connection will send: ``starts[i]`` is where request ``i`` begins."""

    def __init__(self, lines: list[bytes], warm_up: int) -> None:
        self.bytes = memoryview(b"".join(lines))
        self.starts = [0, *accumulate(map(len, lines))]
        self.warm_up = warm_up


class _Connection:
    """One socket and its place in the script."""

    __slots__ = ("last", "receive", "script", "send", "sent", "socket", "starts", "tail")

    def __init__(self, server: Server, script: Script) -> None:
        self.socket = socket.create_connection((server.host, server.port), timeout=_PATIENCE_S)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.receive = self.socket.recv_into
        self.send = self.socket.send
        self.script = script.bytes
        self.starts = script.starts
        self.sent = self.last = 0
        self.tail = b""  # of an answer that was cut

    def log_in(self, number: int) -> None:
        self.socket.sendall(encode(Login(account=account_name(number))))
        while not self.socket.recv(_CHUNK).endswith(b"\n"):
            pass

    def advance(self, by: int) -> None:
        """Send the next ``by`` requests, or what is left of them."""
        start = self.sent
        self.sent = end = min(start + by, self.last)
        if end > start:
            data = self.script[self.starts[start] : self.starts[end]]
            if self.send(data) != len(data):
                raise SessionBroken("the kernel's buffer is too small for the requests outstanding")


class _Ready:
    """Which connections have something to read. Never sleeps: a server would pay for waking us."""

    def __init__(self, connections: list[_Connection]) -> None:
        self._epoll = select.epoll(len(connections))
        self._connections = {connection.socket.fileno(): connection for connection in connections}
        for descriptor in self._connections:
            self._epoll.register(descriptor, select.EPOLLIN)

    def __enter__(self) -> "_Ready":
        return self

    def __exit__(self, *_: object) -> None:
        self._epoll.close()

    def wait(self) -> list[_Connection]:
        poll = self._epoll.poll
        if not (events := poll(0)):
            deadline_s = time.monotonic() + _PATIENCE_S
            while not (events := poll(0)):
                if time.monotonic() > deadline_s:
                    raise SessionBroken(f"the server has not answered for {_PATIENCE_S:.0f} s")
        return [self._connections[descriptor] for descriptor, _ in events]


class _Generator:
    """All connections to all servers."""

    def __init__(self, shape: Shape, runs: int, seed: int) -> None:
        self._shape = shape
        self._scripts = scripts(shape, runs, seed)
        self._each = min(len(script.starts) - 1 - script.warm_up for script in self._scripts) // runs
        self._to: dict[Server, list[_Connection]] = {}
        self._buffer = bytearray(_CHUNK)

    def connect(self, server: Server) -> None:
        self._to[server] = connections = [_Connection(server, script) for script in self._scripts]
        for number, (connection, script) in enumerate(zip(connections, self._scripts, strict=True)):
            connection.log_in(number)
            connection.last = script.warm_up
        self._exchange(connections)

    def run(self, server: Server, number: int) -> Run:
        connections = self._to[server]
        for connection, script in zip(connections, self._scripts, strict=True):
            connection.sent = script.warm_up + number * self._each
            connection.last = connection.sent + self._each
        alone = self._shape.connections == self._shape.window == 1
        times: list[float] = []
        started_s, cpu_s = time.perf_counter(), server.cpu_s()
        if alone:
            times = self._one_by_one(connections[0])
        else:
            self._exchange(connections)
        seconds, cpu_s = time.perf_counter() - started_s, server.cpu_s() - cpu_s
        return Run(self._each * len(connections), seconds, cpu_s, median(times) if times else None)

    def _exchange(self, connections: list[_Connection]) -> None:
        """Keep the window full on every connection until all is answered."""
        unanswered = sum(connection.last - connection.sent for connection in connections)
        answers_in = self._answers
        with _Ready(connections) as ready:
            for connection in connections:
                connection.advance(self._shape.window)
            while unanswered:
                for connection in ready.wait():
                    answers = answers_in(connection)
                    if answers:
                        unanswered -= answers
                        connection.advance(answers)

    def _one_by_one(self, connection: _Connection) -> list[float]:
        """A single client that waits for each answer; how long each took, in seconds."""
        now_s = time.perf_counter
        times: list[float] = []
        with _Ready([connection]) as ready:
            while connection.sent < connection.last:
                sent_s = now_s()
                connection.advance(1)
                ready.wait()
                while not self._answers(connection):
                    ready.wait()
                times.append(now_s() - sent_s)
        return times

    def _answers(self, connection: _Connection) -> int:
        """Receive a chunk; how many direct answers it completes."""
        data = self._buffer
        size = connection.receive(data)
        if not size:
            raise SessionBroken("the server hung up")
        if connection.tail or data[size - 1] != _NEWLINE:
            whole, newline, connection.tail = (connection.tail + data[:size]).rpartition(b"\n")
            data, size = bytearray(whole + newline), len(whole) + len(newline)
        count = data.count
        first, second = NOT_DIRECT
        return count(b"\n", 0, size) - count(first, 0, size) - count(second, 0, size)


def scripts(shape: Shape, runs: int, seed: int) -> list[Script]:
    """The flow dealt out to the connections, each account always to the same one."""
    # A little more than needed: chance gives some accounts fewer requests than others.
    made = flow.stationary(shape.requests * runs * 11 // 10 + 100, seed=seed)
    numbers: dict[AccountId, int] = {}
    lines: list[list[bytes]] = [[] for _ in range(shape.connections)]
    warm_up: list[int] = []
    for commands in (made.warm_up, made.commands):
        for command in commands:
            if isinstance(command, EnterOrder | CancelOrder | ReplaceOrder):
                number = numbers.setdefault(command.account, len(numbers))
                lines[number % shape.connections].append(encode(_request(command)))
        warm_up = warm_up or [len(of_one) for of_one in lines]
    return [Script(of_one, count) for of_one, count in zip(lines, warm_up, strict=True)]


def _request(command: Command) -> Message:
    match command:
        case EnterOrder():
            return NewOrder(
                command.client_order_id, command.symbol, command.side, command.quantity, command.price,
                command.order_type, command.time_in_force,
            )  # fmt: skip
        case CancelOrder():
            return Cancel(command.client_order_id)
        case ReplaceOrder():
            return Replace(command.client_order_id, command.quantity, command.price)
        case _:
            raise TypeError(f"the flow has no {type(command).__name__}")


# The one generator of a process: what the pool calls are functions.
_generators: list[_Generator] = []


def _prepare(shape: Shape, runs: int, seed: int) -> None:
    pin(LOAD_CORE)
    _generators.append(_Generator(shape, runs, seed))
    gc.freeze()
    gc.disable()


def _connect(server: Server) -> None:
    _generators[0].connect(server)


def _run(server: Server, number: int) -> Run:
    return _generators[0].run(server, number)

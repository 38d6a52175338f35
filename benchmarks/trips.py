"""How long orders take while a crowd reads what they do to the market.

In: a crowd (``benchmarks.crowd``) that reads a server, some connections with a window each, the realistic flow. Out: the
round trip of every request, from writing it until its answer was read, and how fast they went. Runs in the process of the
crowd: connections that trade are looked at after every few readers, so that reading holds up no answer.
"""

import select
import time
from collections import deque
from typing import Final, NamedTuple

from benchmarks.crowd import PATIENCE_S, SLICE, Place, places
from benchmarks.load import NOT_DIRECT, Script, Shape, account_name, scripts
from benchmarks.servers import Server
from protocol.errors import SessionBroken
from protocol.messages import Login

_NEWLINE: Final = 0x0A
_CHUNK: Final = 256 * 1024


class Trips(NamedTuple):
    """One run."""

    requests: int
    seconds: float
    median_s: float
    p99_s: float
    told: int
    """Public messages that the crowd got meanwhile."""
    cpu_s: float
    """Processor time of the server."""


class _Trader:
    """One connection that trades."""

    def __init__(self, place: Place, number: int, script: Script) -> None:
        self.socket = place.connect(Login(account=account_name(number)))
        self.script = script
        self.sent = self.last = 0
        self.tail = b""
        self.waiting: deque[float] = deque()  # when each unanswered request was written

    def advance(self, by: int, now_s: float) -> None:
        start = self.sent
        self.sent = end = min(start + by, self.last)
        if end > start:
            data = self.script.bytes[self.script.starts[start] : self.script.starts[end]]
            self.waiting.extend([now_s] * (end - start))
            if self.socket.send(data) != len(data):
                raise SessionBroken("the kernel's buffer is too small for the requests outstanding")

    def answers(self, buffer: bytearray) -> int:
        """Receive a chunk; how many direct answers it completes."""
        data, size = buffer, self.socket.recv_into(buffer)
        if not size:
            raise SessionBroken("the server hung up")
        if self.tail or data[size - 1] != _NEWLINE:
            whole, newline, self.tail = (self.tail + data[:size]).rpartition(b"\n")
            data, size = bytearray(whole + newline), len(whole) + len(newline)
        first, second = NOT_DIRECT
        return data.count(b"\n", 0, size) - data.count(first, 0, size) - data.count(second, 0, size)


class _Desk:
    """All of them at one server."""

    def __init__(self, place: Place, shape: Shape, runs: int, seed: int) -> None:
        self.shape = shape
        made = scripts(shape, runs, seed)
        self.traders = [_Trader(place, number, script) for number, script in enumerate(made)]
        self.each = min(len(script.starts) - 1 - script.warm_up for script in made) // runs
        self.epoll = select.epoll()
        self.by_number = {trader.socket.fileno(): trader for trader in self.traders}
        for descriptor in self.by_number:
            self.epoll.register(descriptor, select.EPOLLIN)
        for trader in self.traders:
            trader.last = trader.script.warm_up


_desks: dict[Server, _Desk] = {}
_buffer = bytearray(_CHUNK)


def open_desk(server: Server, shape: Shape, runs: int, seed: int) -> None:
    """Log in all who trade, and build the book."""
    desk = _desks[server] = _Desk(places[server], shape, runs, seed)
    _exchange(places[server], desk, None)


def trade(server: Server, run: int, rate: float | None = None) -> Trips:
    """Run number ``run`` of the script, with all windows full, or ``rate`` requests a second if that is fewer."""
    place, desk = places[server], _desks[server]
    for trader in desk.traders:
        trader.sent = trader.script.warm_up + run * desk.each
        trader.last = trader.sent + desk.each
    cpu_s, started_s = server.cpu_s(), time.perf_counter()
    times, told = _exchange(place, desk, rate)
    spent_s, cpu_s = time.perf_counter() - started_s, server.cpu_s() - cpu_s
    times.sort()
    middle, high = times[len(times) // 2], times[len(times) * 99 // 100]
    return Trips(len(times), spent_s, middle, high, told, cpu_s)


class _Pacer:
    """Has so many requests a second sent, one at a time, each by the next who may."""

    def __init__(self, desk: _Desk, rate: float) -> None:
        self._desk = desk
        self._rate = rate
        self._started_s = time.perf_counter()
        self._begun = self._turn = 0

    def send(self, at_s: float) -> None:
        """Send what is due; what nobody may send now, because his window is full, goes later."""
        traders, window = self._desk.traders, self._desk.shape.window
        due = int((at_s - self._started_s) * self._rate) + 1
        refused = 0
        while self._begun < due and refused < len(traders):
            trader = traders[self._turn % len(traders)]
            self._turn += 1
            if len(trader.waiting) < window and trader.sent < trader.last:
                trader.advance(1, at_s)
                self._begun += 1
                refused = 0
            else:
                refused += 1


def _exchange(place: Place, desk: _Desk, rate: float | None) -> tuple[list[float], int]:
    """Send until all is answered; the round trips, and how much the crowd was told."""
    now_s = time.perf_counter
    wanted = sum(trader.last - trader.sent for trader in desk.traders)
    times: list[float] = []
    told, answered_s = 0, now_s()
    pacer = None if rate is None else _Pacer(desk, rate)
    if pacer is None:
        for trader in desk.traders:
            trader.advance(desk.shape.window, now_s())
    while len(times) < wanted:
        if pacer is not None:
            pacer.send(now_s())
        for descriptor, _ in desk.epoll.poll(0):
            trader = desk.by_number[descriptor]
            answers = trader.answers(_buffer)
            answered_s = now_s()
            for _ in range(answers):
                times.append(answered_s - trader.waiting.popleft())
            if pacer is None:
                trader.advance(answers, answered_s)
        told += place.drain(_buffer, SLICE)
        if now_s() - answered_s > PATIENCE_S:
            raise SessionBroken(f"the server has not answered for {PATIENCE_S:.0f} s")
    return times, told

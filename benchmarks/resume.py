"""How fast missed private messages are sent again: a venue, a socket, a session that resumes from number 1.

In: how carefully to measure. Out: messages a second from the login until the last missed message is
here, once while the venue runs that made them (most are read from its journal, the newest from its
memory) and once after it was killed and started again. The reader only counts lines: what is
measured is the venue.
"""

import json
import socket
import time
from collections.abc import Iterator
from statistics import median
from typing import Final

from benchmarks.report import Plan, Result
from benchmarks.servers import Server, disk_directory, need_linux, venue
from protocol.codec import encode, encode_all
from protocol.errors import SessionBroken
from protocol.messages import Login, MassCancel, NewOrder
from protocol.vocabulary import AccountId, ClientOrderId, Side, Symbol

_TARGET: Final = 200_000
_MISSED: Final = 100_000
_ACCOUNT: Final = AccountId("away")
_SYMBOL: Final = Symbol("ACME")
_AT_ONCE: Final = 1_000
"""Orders sent together: their answers have room in the venue until they are read."""
_PATIENCE_S: Final = 20.0
_CHUNK: Final = 256 * 1024


def measure(plan: Plan, *, missed: int = _MISSED) -> Iterator[Result]:
    """Both figures, from one journal."""
    need_linux()
    with disk_directory() as directory:
        options = ("--open", "--journal", str(directory / "resume.journal"), "--sync", "off")
        with venue(directory, *options) as running:
            last_seq = _trade(running, missed)
            yield _result(plan, "while it runs", last_seq, running)
            running.kill()
        with venue(directory, *options) as restarted:
            yield _result(plan, "after kill -9 and restart", last_seq, restarted)


def _result(plan: Plan, when: str, last_seq: int, server: Server) -> Result:
    times_s = [_resume(server, last_seq) for _ in range(plan.samples)]
    return Result(
        "resume", f"{last_seq:,} missed messages, {when}", last_seq / median(times_s), "messages/s",
        target=_TARGET, samples=plan.samples,
    )  # fmt: skip


def _trade(server: Server, wanted: int) -> int:
    """Make private messages, at least so many; the number of the last one. Orders, trades and cancels."""
    made = last_seq = 0
    with _Connection(server) as connection:
        connection.send(encode(Login(account=_ACCOUNT)))
        connection.receive_line()
        while last_seq < wanted:
            orders = [
                NewOrder(
                    ClientOrderId(f"order-{number}"), _SYMBOL, Side.SELL if number % 4 else Side.BUY, 3, 100
                )
                for number in range(made, made + _AT_ONCE)
            ]
            made += _AT_ONCE
            connection.send(encode_all([*orders, MassCancel()]))
            while b'"type":"mass_canceled"' not in (line := connection.receive_line()):
                pass
            last_seq = json.loads(line)["seq"]
    return last_seq


def _resume(server: Server, last_seq: int) -> float:
    """Seconds from the login to the last of the missed messages."""
    with _Connection(server) as connection:
        started = time.perf_counter()
        connection.send(encode(Login(account=_ACCOUNT, resume_from=1)))
        lines = connection.count_lines(last_seq + 1)  # the welcome is one, too
        taken = time.perf_counter() - started
    if lines != last_seq + 1:
        raise AssertionError(f"{lines - 1} messages were sent again of {last_seq}")
    return taken


class _Connection:
    """A socket that can count lines without looking at them."""

    def __init__(self, server: Server) -> None:
        self._socket = socket.create_connection((server.host, server.port), timeout=_PATIENCE_S)
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._file = self._socket.makefile("rb", _CHUNK)

    def __enter__(self) -> "_Connection":
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()
        self._socket.close()

    def send(self, data: bytes) -> None:
        self._socket.sendall(data)

    def receive_line(self) -> bytes:
        line = self._file.readline()
        if not line:
            raise SessionBroken("the venue hung up")
        return line

    def count_lines(self, wanted: int) -> int:
        """Receive until there are so many; how many there are then."""
        buffer = bytearray(_CHUNK)
        lines = 0
        while lines < wanted:
            size = self._socket.recv_into(buffer)
            if not size:
                raise SessionBroken("the venue hung up")
            lines += buffer.count(b"\n", 0, size)
        return lines

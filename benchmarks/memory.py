"""Memory of a resting order and of an idle connection, as resident memory of a fresh process.

In: how many to make. Out: how much the process grew, for each. A connection is counted in a real
venue, logged in, with an account of its own; what the kernel holds for its socket is not included.
"""

import random
import resource
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from statistics import median
from typing import Final

from benchmarks.flow import SYMBOL, instrument
from benchmarks.report import Plan, Result
from benchmarks.servers import ROOT, Server, disk_directory, need_linux, venue
from exchange.engine.commands import EnterOrder
from exchange.engine.engine import Engine
from protocol.codec import encode
from protocol.messages import Login
from protocol.vocabulary import AccountId, ClientOrderId, OrderType, Side, TimeInForce

_ORDER_TARGET: Final = 600
_CONNECTION_TARGET: Final = 60

_ACCOUNTS: Final = 1_000
_MIDDLE: Final = 10_000
_DEPTH: Final = 500
_SPARE_DESCRIPTORS: Final = 100
_PATIENCE_S: Final = 20.0


def measure(plan: Plan, *, orders: int = 300_000, connections: int = 2_000) -> Iterator[Result]:
    """Bytes an order, then kB a connection."""
    need_linux()
    note = "memory: growth of resident memory of a fresh process, "
    sizes = [_order_bytes(orders, plan.seed + sample) for sample in range(plan.samples)]
    yield Result(
        "memory", f"resting order, of {orders:,}", median(sizes), "bytes",
        target=_ORDER_TARGET, at_most=True, samples=plan.samples, note=f"{note}orders with their unique ids",
    )  # fmt: skip
    connections = min(connections, _descriptors(connections) - _SPARE_DESCRIPTORS)
    sizes = [_connection_bytes(connections) for _ in range(plan.samples)]
    yield Result(
        "memory", f"idle connection, of {connections:,}", median(sizes) / 1024, "kB",
        target=_CONNECTION_TARGET, at_most=True, samples=plan.samples,
        note=f"{note}connections logged in; the kernel's buffers are not in it",
    )  # fmt: skip


def _order_bytes(orders: int, seed: int) -> float:
    command = [sys.executable, "-m", "benchmarks.memory", str(orders), str(seed)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)  # noqa: S603  # ourselves
    return int(done.stdout) / orders


def _grow_book(orders: int, seed: int) -> int:
    """Fill a book; how many bytes this process grew by."""
    rng = random.Random(seed)
    engine = Engine()
    engine.apply(instrument())
    before = _resident_bytes()
    for number in range(orders):
        # Strings of their own for every order, as they come off the wire.
        account = AccountId(f"trader{rng.randrange(_ACCOUNTS):04}")
        name = ClientOrderId(f"{account}-{number:08}")
        away = 1 + rng.randrange(_DEPTH)
        side = Side.BUY if rng.random() < 0.5 else Side.SELL
        price = _MIDDLE - away if side is Side.BUY else _MIDDLE + away
        quantity = 100 * (1 + rng.randrange(20))
        order = EnterOrder(
            account, name, SYMBOL, side, OrderType.LIMIT, TimeInForce.GTC, quantity, price, seq=number + 2
        )
        engine.apply(order)
    return _resident_bytes() - before


def _resident_bytes() -> int:
    pages = Path("/proc/self/statm").read_text(encoding="ascii").split()[1]
    return int(pages) * resource.getpagesize()


def _connection_bytes(connections: int) -> float:
    with disk_directory() as directory, venue(directory, "--open", "--journal", "off") as server:
        before = server.resident_bytes()
        sockets = [_log_in(server, number) for number in range(connections)]
        try:
            return (server.resident_bytes() - before) / connections
        finally:
            for one in sockets:
                one.close()


def _log_in(server: Server, number: int) -> socket.socket:
    connection = socket.create_connection((server.host, server.port), timeout=_PATIENCE_S)
    connection.sendall(encode(Login(account=AccountId(f"trader{number:04}"))))
    while not connection.recv(4096).endswith(b"\n"):
        pass
    return connection


def _descriptors(wanted: int) -> int:
    """Raise this process's limit of open files, which the venue inherits, as far as allowed."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft < wanted + _SPARE_DESCRIPTORS:
        unlimited = hard == resource.RLIM_INFINITY
        soft = wanted + _SPARE_DESCRIPTORS if unlimited else min(hard, wanted + _SPARE_DESCRIPTORS)
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    return soft


if __name__ == "__main__":
    print(_grow_book(int(sys.argv[1]), int(sys.argv[2])))

"""Programs that mean a venue no good over HTTP, each in a process of its own: see ``tests.support.attackers``."""

import base64
import json
import select
import selectors
import socket
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from typing import Final, cast

from tests.support.attackers import Attacker, run

_LOGIN: Final = b"Authorization: Basic " + base64.b64encode(b"alice:alice-7f3a-secret") + b"\r\n"
_ORDER: Final = b"POST /api/v1/orders HTTP/1.1\r\nHost: h\r\nContent-Type: application/json\r\n" + _LOGIN


class HttpAttacker(Attacker):
    """Counts the codes of answers over HTTP."""

    def told(self, data: bytes) -> None:
        for body in data.split(b"\r\n\r\n")[1:]:
            with suppress(ValueError):
                self.codes[json.loads(body.partition(b"HTTP/1.1")[0]).get("code", "ok")] += 1


def http_big_bodies(attacker: Attacker) -> None:
    """A megabyte each, in chunks."""
    attacker.ready()
    chunk = b"10000\r\n" + b"x" * 65_536 + b"\r\n"
    while attacker.goes_on():
        client = attacker.connect()
        with suppress(OSError):
            client.sendall(_ORDER + b"Transfer-Encoding: chunked\r\n\r\n" + chunk * 16)
        attacker.hear_out(client)


def http_deep_bodies(attacker: Attacker) -> None:
    """One after the other on the same connection."""
    body = b"[" * 60_000
    request = _ORDER + b"Content-Length: %d\r\n\r\n" % len(body) + body
    client = attacker.connect()
    attacker.ready()
    while attacker.goes_on():
        attacker.ask(client, request)


def http_slow_bodies(attacker: Attacker) -> None:
    """Two hundred of them, a byte a second."""
    _slowly(attacker, _ORDER + b"Content-Length: 1000\r\n\r\n", b" ")


def http_slow_heads(attacker: Attacker) -> None:
    """Two hundred of them, a byte a second."""
    _slowly(attacker, b"GET / HTTP/1.1\r\nX: ", b"x")


def _slowly(attacker: Attacker, begin: bytes, drop: bytes) -> None:
    clients: list[socket.socket] = []
    attacker.ready()
    while attacker.goes_on():
        while len(clients) < 200:
            clients.append(attacker.connect())
            clients[-1].sendall(begin)
        for client in clients:
            with suppress(OSError):
                client.send(drop)
        time.sleep(1)
        readable, _, _ = select.select(clients, [], [], 0)
        for client in readable:
            clients.remove(client)
            attacker.hear_out(client)


def http_floods(attacker: Attacker) -> None:
    """Twenty connections that ask for what is not there as fast as can be."""
    clients = [attacker.connect() for _ in range(20)]
    attacker.ready()
    while attacker.goes_on():
        for client in clients:
            client.sendall(b"GET /none HTTP/1.1\r\nHost: h\r\n\r\n")
        for client in clients:
            attacker.told(client.recv(65_536))


def http_streams(attacker: Attacker) -> None:
    """A thousand streams of a book that changes, from ten sources; all of them are read."""
    sources = [next(attacker.sources) for _ in range(10)]
    clients = []
    for number in range(1_000):
        clients.append(attacker.connect(sources[number % 10]))
        clients[-1].sendall(
            b"GET /api/v1/stream?channel=depth&symbol=ACME HTTP/1.1\r\nHost: h\r\n" + _LOGIN + b"\r\n"
        )
    for client in clients:
        if client.recv(65_536).startswith(b"HTTP/1.1 200"):
            attacker.codes["streams"] += 1
    with selectors.DefaultSelector() as readable:
        for client in clients:
            readable.register(client, selectors.EVENT_READ)
        attacker.ready()
        # As it comes: to look at all of them in one go would take a core away from the market for milliseconds.
        while attacker.goes_on():
            for key, _ in readable.select(0.05):
                cast("socket.socket", key.fileobj).recv(1 << 20)


ATTACKS: Final[dict[str, Callable[[Attacker], None]]] = {
    attack.__name__: attack
    for attack in (
        http_big_bodies,
        http_deep_bodies,
        http_slow_bodies,
        http_slow_heads,
        http_floods,
        http_streams,
    )
}


if __name__ == "__main__":
    run(HttpAttacker, ATTACKS, *sys.argv[1:])

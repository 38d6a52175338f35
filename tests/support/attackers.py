"""Programs that mean a venue no good, each in a process of its own.

In: the name of an attack, an address. Out: ``ready`` on standard output once the attack is under way, and when
standard input ends a JSON object with the codes that the venue answered, and how often. The process is the
least important one of the machine: what it costs there is no part of what it does to the venue.
"""

import json
import os
import select
import socket
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from itertools import count
from typing import Final

Address = tuple[str, int]
Codes = Counter[str]

ALICE: Final = b'{"type":"login","account":"alice","secret":"alice-7f3a-secret"'
BOB: Final = b'{"type":"login","account":"bob","secret":"bob-91cc-secret"'

_PATIENCE_S = 20.0


class Attacker:
    """Where to, whether to go on, what was answered."""

    def __init__(self, address: Address, wanted: set[str]) -> None:
        """``wanted``: codes without which it does not end."""
        self.address = address
        self.wanted = wanted
        self.codes: Codes = Counter()
        self.sources = (f"127.1.{number // 200}.{number % 200 + 1}" for number in count())

    def goes_on(self) -> bool:
        """Until it is called off, and has seen what it is to see."""
        readable, _, _ = select.select([sys.stdin], [], [], 0)
        return not readable or not self.wanted <= self.codes.keys()

    def ready(self) -> None:
        print("ready", flush=True)

    def connect(self, source: str = "127.0.1.1") -> socket.socket:
        client = socket.socket()
        client.settimeout(_PATIENCE_S)
        client.bind((source, 0))
        client.connect(self.address)
        return client

    def told(self, data: bytes) -> None:
        """Count the codes of complete lines."""
        for line in data.split(b"\n"):
            with suppress(ValueError):
                message = json.loads(line)
                self.codes[message.get("code") or message.get("reason") or message["type"]] += 1

    def ask(self, client: socket.socket, data: bytes) -> bytes:
        """Send, and wait for something to come back."""
        client.sendall(data)
        answer = client.recv(1 << 20)
        self.told(answer)
        return answer

    def hear_out(self, client: socket.socket) -> None:
        """Read until the venue hangs up."""
        heard = b""
        with suppress(OSError):
            while data := client.recv(1 << 16):
                heard += data
        self.told(heard)
        client.close()

    def repeat(self, line: bytes, login: bytes = ALICE + b"}\n") -> None:
        """Say a line over and over again on one connection."""
        client = self.connect()
        client.sendall(login)
        welcome = client.makefile("rb").readline()
        self.told(welcome)
        self.ready()
        while self.goes_on():
            self.ask(client, line)


def login_flood(attacker: Attacker) -> None:
    """From twenty sources that do not wait for answers, as fast as can be."""
    sources = [next(attacker.sources) for _ in range(20)]
    attacker.ready()
    while attacker.goes_on():
        clients = [attacker.connect(source) for source in sources * 10]
        for client in clients:
            client.sendall(b'{"type":"login","account":"alice","secret":"guess"}\n')
        for client in clients:
            attacker.hear_out(client)


def guessed_secrets(attacker: Attacker) -> None:
    """From one source, one after the other."""
    attacker.ready()
    for number in count():
        if not attacker.goes_on():
            return
        client = attacker.connect()
        client.sendall(b'{"type":"login","account":"alice","secret":"guess %d"}\n' % number)
        attacker.hear_out(client)


def replayed_logins(attacker: Attacker) -> None:
    """A login that was overheard, on the same connection and on new ones."""
    clients = [attacker.connect() for _ in range(5)]
    for client in clients:
        attacker.ask(client, ALICE + b"}\n")
    attacker.ready()
    while attacker.goes_on():
        attacker.ask(clients[0], ALICE + b"}\n")
        late = attacker.connect()
        late.sendall(ALICE + b"}\n")
        attacker.hear_out(late)


def resume_from_the_future(attacker: Attacker) -> None:
    attacker.ready()
    while attacker.goes_on():
        client = attacker.connect()
        client.sendall(BOB + b',"resume_from":900000000}\n')
        attacker.hear_out(client)


def ids_of_others(attacker: Attacker) -> None:
    attacker.repeat(b'{"type":"cancel","client_order_id":"honest"}\n', BOB + b"}\n")


def operator_commands(attacker: Attacker) -> None:
    attacker.repeat(b'{"type":"change_phase","symbol":"ACME","phase":"halt","why":"fun"}\n', BOB + b"}\n")


def oversized(attacker: Attacker) -> None:
    attacker.ready()
    while attacker.goes_on():
        client = attacker.connect()
        with suppress(OSError):
            client.sendall(b"x" * 65_537)
        attacker.hear_out(client)


def nested(attacker: Attacker) -> None:
    attacker.repeat(b'{"type":"add_instrument","why":"x","instrument":' + b"[" * 60_000 + b"\n", BOB + b"}\n")


def nonsense(attacker: Attacker) -> None:
    """As many tiny lines as the venue takes, without a login."""
    client = attacker.connect()
    client.setblocking(False)
    lines = b"{}\n" * 100_000
    attacker.ready()
    while attacker.goes_on():
        readable, writable, _ = select.select([client], [client], [], 1)
        if writable:
            client.send(lines)
        if readable and b"invalid_message" in client.recv(1 << 20):
            attacker.codes["invalid_message"] += 1


def slow_readers(attacker: Attacker) -> None:
    """They ask and ask, and for a second read nothing: longer than the venue needs to have enough of them."""
    attacker.ready()
    while attacker.goes_on():
        client = socket.socket()
        client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        client.settimeout(5)
        client.bind(("127.0.1.1", 0))
        client.connect(attacker.address)
        with suppress(OSError):
            client.sendall(BOB + b"}\n" + b'{"type":"account_status"}\n' * 50_000)
        time.sleep(1)
        client.settimeout(_PATIENCE_S)
        attacker.hear_out(client)


def slow_writers(attacker: Attacker) -> None:
    """Two hundred of them, a byte a second."""
    clients: list[socket.socket] = []
    attacker.ready()
    while attacker.goes_on():
        while len(clients) < 200:
            clients.append(attacker.connect())
        for client in clients:
            with suppress(OSError):
                client.send(b"{")
        time.sleep(1)
        readable, _, _ = select.select(clients, [], [], 0)
        for client in readable:
            clients.remove(client)
            attacker.hear_out(client)


def idle_connections(attacker: Attacker) -> None:
    """Five thousand, from ten sources."""
    sources = [next(attacker.sources) for _ in range(10)]
    clients = [attacker.connect(sources[number % 10]) for number in range(5_000)]
    attacker.ready()
    while attacker.goes_on():
        time.sleep(0.1)
    del clients


def connections_of_one_source(attacker: Attacker) -> None:
    """Two thousand, from one source."""
    clients = [attacker.connect() for _ in range(2_000)]
    for client in clients:
        client.setblocking(False)
    attacker.ready()
    # Whoever still waits at the door when it ends would be let in to the places that are free then.
    while attacker.goes_on() or attacker.codes["too_many_connections"] < 1_000:
        time.sleep(0.1)
        for client in clients:
            with suppress(BlockingIOError):
                attacker.told(client.recv(4096))


def connect_and_drop(attacker: Attacker) -> None:
    attacker.ready()
    hard = b"\x01\x00\x00\x00\x00\x00\x00\x00"
    while attacker.goes_on():
        client = attacker.connect()
        client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, hard)
        client.close()


ATTACKS: Final[dict[str, Callable[[Attacker], None]]] = {
    attack.__name__: attack
    for attack in (
        login_flood,
        guessed_secrets,
        replayed_logins,
        resume_from_the_future,
        ids_of_others,
        operator_commands,
        oversized,
        nested,
        nonsense,
        slow_readers,
        slow_writers,
        idle_connections,
        connections_of_one_source,
        connect_and_drop,
    )
}


class Attack:
    """One that is under way."""

    def __init__(self, process: "subprocess.Popen[str]") -> None:
        self._process = process

    def end(self) -> Codes:
        """Call it off; what the venue answered."""
        said, _ = self._process.communicate(timeout=_PATIENCE_S)
        codes: Codes = Counter(json.loads(said.splitlines()[-1]))
        return codes


@contextmanager
def under_attack(
    name: str, host: str, port: int, wanted: set[str], *, module: str = "tests.support.attackers"
) -> Iterator[Attack]:
    """An attack by a process of its own, which is gone at the end.

    ``wanted``: codes that the venue is to answer before it ends; ``module``: where the attack is.
    """
    command = [sys.executable, "-m", module, name, host, str(port), *sorted(wanted)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            assert process.stdout.readline() == "ready\n"
            yield Attack(process)
        finally:
            process.kill()


def run(
    kind: type[Attacker],
    attacks: dict[str, Callable[[Attacker], None]],
    name: str,
    host: str,
    port: str,
    *wanted: str,
) -> None:
    """Be the attacker."""
    os.nice(10)
    attacker = kind((host, int(port)), set(wanted))
    attacks[name](attacker)
    print(json.dumps(attacker.codes), flush=True)


if __name__ == "__main__":
    run(Attacker, ATTACKS, *sys.argv[1:])

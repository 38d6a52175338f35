"""A real venue in a process of its own, and a client as plain as netcat.

In: a directory for journal and log. Out: a running venue that can be stopped, killed and started
again on the same journal; raw connections that speak JSON lines with nothing in between.
"""

import json
import os
import select
import signal
import socket
import threading
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Any, Final

import msgspec

from tests.support.typed import Said, typed
from tests.support.warm import WarmProcess

Json = dict[str, Any]

PATIENCE_S = 20.0
"""Longer than any answer takes on a busy machine; only a failing test waits for it."""


RUNTIME: Final = os.environ.get("TONTINE_RUNTIME", "asyncio")
"""What runs a venue of which its test does not say it: ``TONTINE_RUNTIME=legacy`` tries the other one."""


class DidNotStart(Exception):
    """The venue ended before it listened; carries what it said on standard error, and its exit code."""


class VenueProcess:
    """``python -m exchange serve`` with a journal in ``directory``; open, unless its file is to say who may log in."""

    def __init__(
        self,
        directory: Path,
        *arguments: str,
        journal: bool = True,
        port: int = 0,
        open_venue: bool = True,
        runtime: str = RUNTIME,
    ) -> None:
        self.journal = directory / "venue.journal"
        command = ["serve", *arguments, "--port", str(port)]
        command += [] if runtime == "asyncio" else ["--runtime", runtime]
        command += ["--open"] if open_venue else []
        command += ["--journal", str(self.journal) if journal else "off", "--log-format", "json"]
        self.process = WarmProcess(*command)
        self.log: list[Json] = []
        self._more_log = threading.Condition()
        self._reader = threading.Thread(target=self._read_log, daemon=True)
        self.host, self.port = self._address()

    def _address(self) -> tuple[str, int]:
        said = ""
        for line in self.process.stderr:
            said += line
            entry = self._keep(line)
            if entry is not None and entry["event"] == "listening":
                # From now on the log is read as it comes: a full pipe would stop the venue.
                self._reader.start()
                return entry["host"], entry["port"]
        self.process.stderr.close()
        raise DidNotStart(said, self.process.wait(PATIENCE_S))

    def _keep(self, line: str) -> Json | None:
        if not line.startswith("{"):
            return None
        entry: Json = msgspec.json.decode(line)
        with self._more_log:
            self.log.append(entry)
            self._more_log.notify_all()
        return entry

    def _read_log(self) -> None:
        for line in self.process.stderr:
            self._keep(line)

    def logged(self, event: str, after: int = 0) -> Json:
        """The first entry of this kind beyond the first ``after`` entries; waits for it."""

        def found() -> Json | None:
            return next((entry for entry in self.log[after:] if entry["event"] == event), None)

        with self._more_log:
            entry = self._more_log.wait_for(found, PATIENCE_S)
        assert entry is not None, f"no {event} in the log"
        return entry

    def connect(self, *, source: str | None = None, receive_buffer: int = 0) -> "RawClient":
        """``source``: an address of this machine to come from, such as 127.0.0.2."""
        return RawClient(self.host, self.port, source=source, receive_buffer=receive_buffer)

    def login(self, account: str, **fields: object) -> "RawClient":
        """A connection that has its welcome, kept in ``welcome``."""
        client = self.connect()
        client.welcome = client.ask({"type": "login", "account": account, **fields})
        return client

    def stop(self, how: signal.Signals = signal.SIGTERM) -> int:
        """Ask it to end; its exit code."""
        self.process.send_signal(how)
        return self.wait()

    def kill(self) -> None:
        """``kill -9``."""
        self.process.kill()
        self.wait()

    def wait(self) -> int:
        code = self.process.wait(PATIENCE_S)
        self._reader.join(PATIENCE_S)
        self.process.stderr.close()
        return code

    def verify(self) -> Said:
        """``python -m exchange verify`` on its journal."""
        return typed("verify", str(self.journal), room="exchange")


@contextmanager
def running_venue(
    directory: Path,
    *arguments: str,
    journal: bool = True,
    port: int = 0,
    open_venue: bool = True,
    runtime: str = RUNTIME,
) -> Iterator[VenueProcess]:
    """A venue that is killed at the end if the test has not stopped it."""
    venue = VenueProcess(
        directory, *arguments, journal=journal, port=port, open_venue=open_venue, runtime=runtime
    )
    try:
        yield venue
    finally:
        if venue.process.poll() is None:
            venue.kill()


class RawClient:
    """A socket and a line buffer."""

    def __init__(self, host: str, port: int, *, source: str | None = None, receive_buffer: int = 0) -> None:
        """``receive_buffer``: bytes that the kernel keeps unread, if they are to be few."""
        self.socket = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET)
        self.socket.settimeout(PATIENCE_S)
        if receive_buffer:
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
        if source is not None:
            self.socket.bind((source, 0))
        self.socket.connect((host, port))
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.welcome: Json = {}
        self._lines: deque[bytes] = deque()
        self._unread = b""

    def __enter__(self) -> "RawClient":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        self.socket.close()

    def reset(self) -> None:
        """Close with a TCP reset instead of an end."""
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\x00\x00\x00\x00\x00\x00\x00")
        self.socket.close()

    def send(self, *messages: Json) -> None:
        self.send_bytes(b"".join(json.dumps(message).encode() + b"\n" for message in messages))

    def send_bytes(self, data: bytes) -> None:
        self.socket.sendall(data)

    def receive(self) -> Json:
        """The next message.

        Raises:
            EOFError: the venue has hung up.
        """
        while not self._lines:
            data = self.socket.recv(65536)
            if not data:
                raise EOFError(self._unread)
            *lines, self._unread = (self._unread + data).split(b"\n")
            self._lines.extend(lines)
        message: Json = msgspec.json.decode(self._lines.popleft())
        return message

    def receive_until(self, kind: str) -> list[Json]:
        """All messages up to the first of this type, included."""
        messages = [self.receive()]
        while messages[-1]["type"] != kind:
            messages.append(self.receive())
        return messages

    def receive_rest(self) -> list[Json]:
        """Everything until the venue hangs up."""
        messages = []
        try:
            while True:
                messages.append(self.receive())
        except (EOFError, ConnectionResetError):
            return messages

    def ask(self, message: Json) -> Json:
        self.send(message)
        return self.receive()

    def ask_bytes(self, data: bytes) -> Json:
        self.send_bytes(data)
        return self.receive()

    def is_silent(self) -> bool:
        """Whether nothing has arrived that was not read. Ask after something that would come later."""
        readable, _, _ = select.select([self.socket], [], [], 0)
        return not readable and not self._unread and not self._lines


def new(name: str, side: str, quantity: object, price: object = None, **fields: object) -> Json:
    """A ``new`` message for ACME."""
    message: Json = {
        "type": "new",
        "client_order_id": name,
        "symbol": "ACME",
        "side": side,
        "quantity": quantity,
    }
    if price is not None:
        message["price"] = price
    return message | fields

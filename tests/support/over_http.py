"""Asking a venue over HTTP, as plainly as can be.

In: a running venue that serves HTTP. Out: answers, read by the standard library; events of streams, read off the socket.
"""

import base64
import http.client
import json
import socket
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

from tests.support.guarded import SECRETS
from tests.support.venue import PATIENCE_S, Json, VenueProcess, running_venue

API = "/api/v1"


class Answer(NamedTuple):
    """What came back."""

    status: int
    headers: dict[str, str]
    """By name in small letters."""
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def code(self) -> str:
        """Of a refusal."""
        return str(self.json["code"])


class Event(NamedTuple):
    """One server-sent event."""

    id: str
    kind: str
    data: Json


class HttpClient:
    """One connection, kept as long as the venue keeps it."""

    def __init__(
        self,
        host: str,
        port: int,
        account: str | None = None,
        secret: str = "",
        tls: ssl.SSLContext | None = None,
    ) -> None:
        self.address = (host, port)
        self.account = account or ""
        if tls is None:
            self._connection = http.client.HTTPConnection(host, port, timeout=PATIENCE_S)
        else:
            self._connection = http.client.HTTPSConnection("localhost", port, timeout=PATIENCE_S, context=tls)
        self.headers = {}
        if account is not None:
            self.headers = authorization(account, secret)

    def __enter__(self) -> "HttpClient":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        self._connection.close()

    def ask(
        self, method: str, path: str, content: object = None, *, body: bytes | None = None, **headers: str
    ) -> Answer:
        """``content`` is sent as JSON; names of ``headers`` have ``_`` for ``-``."""
        sent = self.headers | {name.replace("_", "-"): value for name, value in headers.items()}
        if content is not None:
            body = json.dumps(content).encode()
        if body is not None:
            sent = {"Content-Type": "application/json"} | sent
        self._connection.request(method, path if path.startswith("/") else f"{API}/{path}", body, sent)
        response = self._connection.getresponse()
        received = {name.lower(): value for name, value in response.getheaders()}
        return Answer(response.status, received, response.read())

    def get(self, path: str, **headers: str) -> Answer:
        return self.ask("GET", path, None, body=None, **headers)

    def enter(self, name: str, side: str, quantity: int, price: int, **fields: object) -> Answer:
        """An order for ACME."""
        order = {
            "client_order_id": name,
            "symbol": "ACME",
            "side": side,
            "quantity": quantity,
            "price": price,
        }
        return self.ask("POST", "orders", order | fields)


class EventStream:
    """Server-sent events off a socket."""

    def __init__(
        self,
        address: tuple[str, int],
        path: str,
        *,
        receive_buffer: int = 0,
        headers: dict[str, str] | None = None,
    ) -> None:
        self.socket = socket.socket()
        self.socket.settimeout(PATIENCE_S)
        if receive_buffer:
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
        self.socket.connect(address)
        lines = [f"GET {API}/{path} HTTP/1.1", f"Host: {address[0]}:{address[1]}"]
        lines += [f"{name}: {value}" for name, value in (headers or {}).items()]
        self.socket.sendall("\r\n".join([*lines, "", ""]).encode())
        self._unread = b""
        self.comments = 0

    def __enter__(self) -> "EventStream":
        return self

    def __exit__(self, *_: object) -> None:
        self.socket.close()

    def head(self) -> str:
        """The status line and the headers."""
        while b"\r\n\r\n" not in self._unread:
            self._read()
        head, _, self._unread = self._unread.partition(b"\r\n\r\n")
        return head.decode()

    def next(self) -> Event:
        """The next event; comments are counted.

        Raises:
            EOFError: the venue has ended the stream.
        """
        while True:
            block = self.next_block()
            if not block.startswith(":"):
                fields = dict(line.split(": ", 1) for line in block.splitlines())
                return Event(fields["id"], fields["event"], json.loads(fields["data"]))
            self.comments += 1

    def next_block(self) -> str:
        """The next event or comment as it stands."""
        while b"\n\n" not in self._unread:
            self._read()
        block, _, self._unread = self._unread.partition(b"\n\n")
        # Chunks of HTTP/1.1: each write of the venue is one; its length stands on a line before it.
        lines = [
            line for line in block.decode().splitlines() if line.startswith(("id:", "event:", "data:", ":"))
        ]
        return "\n".join(lines)

    def _read(self) -> None:
        data = self.socket.recv(65536)
        if not data:
            raise EOFError(self._unread)
        self._unread += data


def authorization(account: str, secret: str = "") -> dict[str, str]:
    """The header of HTTP Basic authentication."""
    return {"Authorization": "Basic " + base64.b64encode(f"{account}:{secret}".encode()).decode()}


def http_address(venue: VenueProcess) -> tuple[str, int]:
    """Where it serves HTTP."""
    entry = venue.logged("listening_http")
    return entry["host"], entry["port"]


def over_http(venue: VenueProcess, account: str | None = None, secret: str | None = None) -> HttpClient:
    """A client; ``secret``: unless it is the one of ``SECRETS``."""
    if secret is None:
        secret = SECRETS.get(account or "", "")
    return HttpClient(*http_address(venue), account, secret)


@contextmanager
def open_http_venue(directory: Path, *arguments: str, journal: bool = True) -> Iterator[VenueProcess]:
    """An open venue that serves HTTP."""
    with running_venue(directory, "--http-port", "0", *arguments, journal=journal) as venue:
        yield venue

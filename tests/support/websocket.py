"""A WebSocket client that may break every rule, and the address of a venue's WebSockets.

In: a venue that serves HTTP. Out: frames as somebody puts them together by hand, and those of the venue taken apart;
made from RFC 6455, not from the code under test.
"""

import base64
import json
import socket
import struct
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from tests.support.guarded import guarded_venue
from tests.support.venue import PATIENCE_S, Json, VenueProcess, running_venue

_MASK = b"\xa5\x17\x00\xe9"
"""Always the same, so that each run of the tests sends the same."""

TEXT, BINARY, CLOSE, PING, PONG, CONTINUATION = 1, 2, 8, 9, 10, 0


def http_port(venue: VenueProcess) -> int:
    """Where it serves HTTP."""
    port: int = venue.logged("listening_http")["port"]
    return port


def web_address(venue: VenueProcess, scheme: str = "ws") -> str:
    return f"{scheme}://127.0.0.1:{http_port(venue)}/ws"


@contextmanager
def web_venue(directory: Path, *arguments: str, journal: bool = False) -> Iterator[VenueProcess]:
    """An open venue with HTTP."""
    with running_venue(directory, "--http-port", "0", *arguments, journal=journal) as venue:
        yield venue


@contextmanager
def guarded_web_venue(directory: Path, *arguments: str, tcp: str = "") -> Iterator[VenueProcess]:
    """A venue with HTTP that asks for secrets."""
    with guarded_venue(directory, "--http-port", "0", *arguments, tcp=tcp) as venue:
        yield venue


class Frame(NamedTuple):
    """One frame of the venue."""

    opcode: int
    payload: bytes

    @property
    def message(self) -> Json:
        assert self.opcode == TEXT, self
        message: Json = json.loads(self.payload)
        return message

    @property
    def close_code(self) -> int:
        assert self.opcode == CLOSE, self
        return int.from_bytes(self.payload[:2])

    @property
    def reason(self) -> str:
        assert self.opcode == CLOSE, self
        return self.payload[2:].decode()


def frame(
    payload: bytes | str | Json,
    opcode: int = TEXT,
    *,
    final: bool = True,
    masked: bool = True,
    reserved: int = 0,
    length: int | None = None,
) -> bytes:
    """A frame of a client. ``length``: what its header says, if not the truth."""
    if isinstance(payload, dict):
        payload = json.dumps(payload)
    if isinstance(payload, str):
        payload = payload.encode()
    size = len(payload) if length is None else length
    head = bytes([final << 7 | reserved << 4 | opcode])
    mark = masked << 7
    if size < 126:
        head += bytes([mark | size])
    elif size < 1 << 16:
        head += struct.pack("!BH", mark | 126, size)
    else:
        head += struct.pack("!BQ", mark | 127, size)
    if not masked:
        return head + payload
    return head + _MASK + bytes(byte ^ _MASK[at % 4] for at, byte in enumerate(payload))


def handshake(port: int, **headers: str | None) -> bytes:
    """A request for a WebSocket; ``headers`` by their names, with ``_`` for ``-``, ``None`` leaves one out."""
    fields: dict[str, str | None] = {
        "Host": f"127.0.0.1:{port}",
        "Upgrade": "websocket",
        "Connection": "Upgrade",
        "Sec-WebSocket-Version": "13",
        "Sec-WebSocket-Key": base64.b64encode(b"sixteen bytes ..").decode(),
    }
    fields |= {name.replace("_", "-"): value for name, value in headers.items()}
    lines = [f"{name}: {value}" for name, value in fields.items() if value is not None]
    return "\r\n".join(("GET /ws HTTP/1.1", *lines, "", "")).encode()


class RawWebSocket:
    """A socket, and what was read of it."""

    def __init__(
        self,
        port: int,
        *,
        source: str | None = None,
        receive_buffer: int = 0,
        behind: bytes = b"",
        **headers: str | None,
    ) -> None:
        """``behind``: sent with the handshake in one piece; ``receive_buffer``: bytes that the kernel keeps unread."""
        self.socket = socket.socket()
        self.socket.settimeout(PATIENCE_S)
        if receive_buffer:
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
        if source is not None:
            self.socket.bind((source, 0))
        self.socket.connect(("127.0.0.1", port))
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._unread = b""
        self.send_bytes(handshake(port, **headers) + behind)
        head = self._until(b"\r\n\r\n").decode()
        self.status = int(head.split()[1])
        lines = (line.partition(": ") for line in head.split("\r\n")[1:] if line)
        self.headers = {name.lower(): value for name, _, value in lines}

    def __enter__(self) -> "RawWebSocket":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        self.socket.close()

    def send_bytes(self, data: bytes) -> None:
        self.socket.sendall(data)

    def send(self, *messages: Json) -> None:
        self.send_bytes(b"".join(frame(message) for message in messages))

    def body(self) -> Json:
        """Of an answer that is no handshake."""
        content: Json = json.loads(self._exactly(int(self.headers["content-length"])))
        return content

    def receive_frame(self) -> Frame:
        """The next frame.

        Raises:
            EOFError: the venue has hung up.
        """
        first, second = self._exactly(2)
        assert first & 0x80, "the venue does not fragment"
        assert not first & 0x70
        assert not second & 0x80, "the venue does not mask"
        length = second
        if second == 126:
            length = int.from_bytes(self._exactly(2))
        elif second == 127:
            length = int.from_bytes(self._exactly(8))
        return Frame(first & 0xF, self._exactly(length))

    def receive(self) -> Json:
        return self.receive_frame().message

    def ask(self, message: Json) -> Json:
        self.send(message)
        return self.receive()

    def receive_rest(self) -> list[Frame]:
        """Everything until the venue hangs up."""
        frames = []
        try:
            while True:
                frames.append(self.receive_frame())
        except (EOFError, ConnectionResetError):
            return frames

    def _until(self, mark: bytes) -> bytes:
        while mark not in self._unread:
            self._more()
        found, _, self._unread = self._unread.partition(mark)
        return found

    def _exactly(self, size: int) -> bytes:
        while len(self._unread) < size:
            self._more()
        found, self._unread = self._unread[:size], self._unread[size:]
        return found

    def _more(self) -> None:
        data = self.socket.recv(65536)
        if not data:
            raise EOFError(self._unread)
        self._unread += data

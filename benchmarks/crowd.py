"""A crowd that reads a public stream, and who trades to have something printed, in one process on one core.

In: a server, how many are to read what, over TCP or WebSockets. Out: how fast all of them were told, how long orders
took meanwhile, who is how far behind. Readers are drained with epoll and receives of a quarter of a megabyte; of what
comes only ends of messages are counted, in C, so that the server is the slower side. Orders are written out before the
clock starts.
"""

import base64
import gc
import os
import resource
import select
import socket
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from multiprocessing import get_context
from types import TracebackType
from typing import Any, Final, NamedTuple

from benchmarks.flow import SYMBOL
from benchmarks.servers import LOAD_CORE, Server, pin
from protocol.codec import encode, encode_all
from protocol.errors import SessionBroken
from protocol.fields import Message
from protocol.messages import Login, NewOrder, Subscribe
from protocol.vocabulary import AccountId, Channel, ClientOrderId, Role, Side, TimeInForce

PATIENCE_S: Final = 30.0
_CHUNK: Final = 256 * 1024
_SPARE_DESCRIPTORS: Final = 200
SLICE: Final = 16
"""Readers that are drained before the orders are looked at again."""
_ONLY_STALLED_BUFFER: Final = 4096
"""What the kernel keeps for a reader that does not read, so that its backlog is the venue's."""

LINE: Final = b"\n"
FRAME: Final = b'{"type":"'
"""Once in every public message; a frame has no other end that could be counted."""

_PRICE: Final = 100
_RESTING: Final = 1_000_000
_MASK: Final = b"\0\0\0\0"


class Told(NamedTuple):
    """One run at full speed."""

    messages: int
    seconds: float
    cpu_s: float
    """Processor time of the server."""


def allow_descriptors(wanted: int) -> None:
    """Raise the limit of open files of this process, and of those it starts, as far as it may be raised."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted += _SPARE_DESCRIPTORS
    if soft < wanted:
        most = wanted if hard == resource.RLIM_INFINITY else min(hard, wanted)
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, hard))


class Crowd:
    """The process. What it does is asked of it one thing at a time."""

    def __init__(self) -> None:
        self._pool = ProcessPoolExecutor(1, mp_context=get_context("spawn"), initializer=_prepare)

    def __enter__(self) -> "Crowd":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._pool.shutdown()

    def call(self, act: Callable[..., Any], *arguments: object) -> Any:
        """Have one of the functions below done over there."""
        return self._pool.submit(act, *arguments).result()


# -- over there ------------------------------------------------------------------------------------
class Place:
    """All sockets to one server."""

    def __init__(self, server: Server) -> None:
        self.server = server
        self.readers: list[socket.socket] = []
        self.stalled: list[socket.socket] = []
        self.ends = LINE
        self.epoll = select.epoll()
        self.by_number: dict[int, socket.socket] = {}
        self.driver: socket.socket | None = None
        self.orders = 0

    def connect(self, message: Message, *, web: bool = False, receive_buffer: int = 0) -> socket.socket:
        """Log in and have the welcome."""
        one = socket.socket()
        one.settimeout(PATIENCE_S)
        if receive_buffer:
            one.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
        one.connect((self.server.host, self.server.http_port if web else self.server.port))
        one.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if web:
            _shake_hands(one, self.server)
        self.say(one, message, web=web)
        receive_until(one, b'"type":"welcome"')
        return one

    def say(self, one: socket.socket, message: Message, *, web: bool = False) -> None:
        """Send one message."""
        line = encode(message)
        one.sendall(_masked(line[:-1]) if web else line)

    def drain(self, buffer: bytearray, first: int = 0) -> int:
        """Receive what is there, of some readers; how many messages that ends."""
        ends = self.ends
        count = 0
        for descriptor, _ in self.epoll.poll(0, first or -1):
            size = self.by_number[descriptor].recv_into(buffer)
            if not size:
                raise SessionBroken("the server hung up on a reader")
            count += buffer.count(ends, 0, size)
        return count


places: dict[Server, Place] = {}
buffer_ = bytearray(_CHUNK)


def _prepare() -> None:
    pin(LOAD_CORE)
    gc.freeze()
    gc.disable()


def join(server: Server, number: int, channel: Channel, web: bool = False) -> None:
    """So many readers subscribe, and somebody rests a lot for others to take."""
    allow_descriptors(5 * number)
    place = places[server] = Place(server)
    place.ends = FRAME if web else LINE
    begun = b"depth_snapshot" if channel is Channel.DEPTH else b"trades_snapshot"
    _rest(place)
    for reader in range(number):
        login = Login(account=AccountId(f"reader{reader}"), role=Role.VIEWER)
        one = place.connect(login, web=web)
        place.say(one, Subscribe(channel, SYMBOL), web=web)
        receive_until(one, begun)
        place.readers.append(one)
        place.by_number[one.fileno()] = one
        place.epoll.register(one, select.EPOLLIN)
    place.driver = place.connect(Login(account=AccountId("driver")))


def join_floor(server: Server, number: int, lines: bytes) -> None:
    """So many wait for the floor's lines."""
    place = places[server] = Place(server)
    for _ in range(number):
        one = socket.create_connection((server.host, server.port), timeout=PATIENCE_S)
        one.sendall(b"subscribe\n")
        receive_until(one, b"subscribed")
        place.readers.append(one)
        place.by_number[one.fileno()] = one
        place.epoll.register(one, select.EPOLLIN)
    driver = place.driver = socket.create_connection((server.host, server.port), timeout=PATIENCE_S)
    driver.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    driver.sendall(b"%d\n" % len(lines) + lines)
    receive_until(driver, b"taken")


def sample(server: Server, batch: int) -> bytes:
    """What one reader is told of one batch."""
    place = places[server]
    first = place.readers[0]
    place.epoll.unregister(first)
    heard = bytearray()
    assert place.driver is not None
    place.driver.sendall(_takes(place, batch))
    got = 0
    while got < batch * (len(place.readers) - 1) or heard.count(LINE) < batch:
        got += place.drain(buffer_)
        if select.select([first], [], [], 0)[0]:
            heard += first.recv(_CHUNK)
    place.epoll.register(first, select.EPOLLIN)
    return bytes(heard)


def tell(server: Server, batch: int, batches: int, floor: bool = False) -> Told:
    """Batches of so many trades; the next one is handed in when half of the last one is delivered.

    So there is always one that waits when the server has done its last write, and never two, which it would join.
    """
    place = places[server]
    driver, everybody = place.driver, len(place.readers)
    assert driver is not None
    pieces = [b"!"] * batches if floor else [_takes(place, batch) for _ in range(batches)]
    driver.setblocking(False)
    each = batch * everybody
    wanted = each * batches
    got = sent = 0
    deadline_s = time.monotonic() + PATIENCE_S * 4
    started_s, cpu_s = time.perf_counter(), place.server.cpu_s()
    while got < wanted:
        if sent < batches and 2 * got >= (2 * sent - 1) * each:
            if driver.send(pieces[sent]) != len(pieces[sent]):
                raise SessionBroken("the kernel's buffer is too small for a batch")
            sent += 1
        more = place.drain(buffer_)
        got += more
        if not more:
            discard(driver)
            if time.monotonic() > deadline_s:
                raise SessionBroken(f"{got} of {wanted} messages came")
    seconds, cpu_s = time.perf_counter() - started_s, place.server.cpu_s() - cpu_s
    driver.settimeout(PATIENCE_S)
    return Told(wanted, seconds, cpu_s)


def stall(server: Server, number: int, channel: Channel) -> None:
    """So many more subscribe and do not read."""
    place = places[server]
    for index in range(number):
        login = Login(account=AccountId(f"stalled{index}"), role=Role.VIEWER)
        one = place.connect(login, receive_buffer=_ONLY_STALLED_BUFFER)
        place.say(one, Subscribe(channel, SYMBOL))
        place.stalled.append(one)


def stalled_are_gone(server: Server) -> None:
    """They hang up, and the server has noticed: what is asked of it after that is answered."""
    place = places[server]
    for one in place.stalled:
        one.close()
    place.stalled.clear()
    place.connect(Login(account=AccountId("afterwards"))).close()


# -- helpers of the above --------------------------------------------------------------------------
def _rest(place: Place) -> None:
    """What the driver takes, one lot after the other. Whoever rests it is not told: he has gone."""
    maker = place.connect(Login(account=AccountId("maker")))
    for number in range(20):
        place.say(
            maker, NewOrder(ClientOrderId(f"rest{os.getpid()}-{number}"), SYMBOL, Side.SELL, _RESTING, _PRICE)
        )
        receive_until(maker, b'"type":"accepted"')
    maker.close()


def _takes(place: Place, number: int) -> bytes:
    """Orders that take one lot each, and so make one print and one change of depth each."""
    orders = [
        NewOrder(
            ClientOrderId(f"t{place.orders + one}"), SYMBOL, Side.BUY, 1, _PRICE,
            time_in_force=TimeInForce.IOC,
        )
        for one in range(number)
    ]  # fmt: skip
    place.orders += number
    return encode_all(orders)


def discard(one: socket.socket) -> None:
    """Private answers: they are not what is measured here."""
    try:
        while one.recv_into(buffer_):
            pass
        raise SessionBroken("the server hung up on who trades")
    except BlockingIOError:
        pass


def receive_until(one: socket.socket, needle: bytes) -> bytes:
    """Up to the end of a message with this in it; the last of what came."""
    heard = b""
    while needle not in heard or heard[-1:] not in (b"\n", b"}"):
        data = one.recv(_CHUNK)
        if not data:
            raise SessionBroken("the server hung up")
        heard = heard[-200:] + data
    return heard


def _shake_hands(one: socket.socket, server: Server) -> None:
    key = base64.b64encode(os.urandom(16)).decode()
    one.sendall(
        f"GET /ws HTTP/1.1\r\nHost: {server.host}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        f"Sec-WebSocket-Key: {key}\r\nSec-WebSocket-Version: 13\r\n\r\n".encode()
    )
    heard = b""
    while b"\r\n\r\n" not in heard:
        heard += one.recv(1)
    if b" 101 " not in heard:
        raise SessionBroken(f"no WebSocket: {heard[:40]!r}")


def _masked(text: bytes) -> bytes:
    """A text frame of a client. Masked with zeros, which changes nothing and is allowed."""
    size = len(text)
    head = bytes([0x81, 0x80 | size]) if size < 126 else b"\x81\xfe" + size.to_bytes(2, "big")
    return head + _MASK + text


@contextmanager
def crowd() -> Iterator[Crowd]:
    """A process for it, which ends with the block."""
    with Crowd() as one:
        yield one

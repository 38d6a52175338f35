"""Waiting for sockets: a task parks until there is something to read, or room to write.

The flow: an exchange server on raw sockets that do not block, and two traders who come to it, in one program.

Two more requests, ``ReadWait`` and ``WriteWait``. Whoever makes one stands in a table by the number of his socket, and the selector
knows for which sockets somebody waits. Asking the selector is the work of a task as good as any: it is ready each time
it is its turn (``Sleep(0)``), and waits for as long as nobody else has anything to do, so that the processor rests.

What a task waits for it has to yield itself. So a function that connects, or sends a lot, can't be called: here it is
started as a task, and its end is waited for. That works, and costs a task each time.
"""

import selectors
import socket
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import cast

from legacy.steps.market import ACME, Market, Member, Request
from legacy.steps.registry import Out
from legacy.steps.step_14 import NewTask, Sleep, Target, Task, WaitTask
from legacy.steps.step_14 import Scheduler as SchedulerOfStep14
from protocol.clock import SystemClock
from protocol.codec import client_message_decoder, encode, server_message_decoder
from protocol.errors import RemoteProtocolError
from protocol.fields import Message
from protocol.framing import LineBuffer
from protocol.messages import Accepted, Error, Login, NewOrder, TradeReport
from protocol.vocabulary import AccountId, ClientOrderId, ErrorCode, Side

TITLE = "Waiting for sockets"
MISSING = "Only the outermost function of a task may yield a request: every function that waits costs a task of its own."

READ, WRITE = selectors.EVENT_READ, selectors.EVENT_WRITE


@dataclass(frozen=True, slots=True)
class ReadWait:
    """Go on when there is something to read, or the end of it."""

    file: socket.socket

    def __str__(self) -> str:
        return "something to read"


@dataclass(frozen=True, slots=True)
class WriteWait:
    """Go on when there is room to write."""

    file: socket.socket

    def __str__(self) -> str:
        return "room to write"


class Scheduler(SchedulerOfStep14):
    """Answers these two as well."""

    def __init__(self) -> None:
        super().__init__(SystemClock(), time.sleep)
        self._selector = selectors.DefaultSelector()
        self._waiting: dict[socket.socket, dict[int, Task]] = {}
        """One task for each socket and direction."""
        self.handlers[ReadWait] = lambda task, request: self._wait_for(task, request.file, READ)
        self.handlers[WriteWait] = lambda task, request: self._wait_for(task, request.file, WRITE)
        self.new(self._poll(), "poll")

    def run(self, target: Target, name: str = "main") -> object:
        """As before; then the selector is closed as well."""
        try:
            return super().run(target, name)
        finally:
            self._selector.close()

    def _wait_for(self, task: Task, file: socket.socket, event: int) -> None:
        waiting = self._waiting.setdefault(file, {})
        try:
            if event in waiting:
                raise ValueError(f"{waiting[event].name} waits for the same")
            waiting[event] = task
            self._look_at(file)
        except (ValueError, OSError, KeyError) as error:  # it is closed, for instance
            if waiting.get(event) is task:
                del waiting[event]
            self.answer(task, thrown=error)

    def _look_at(self, file: socket.socket) -> None:
        """Have the selector look for what is waited for, and for nothing else."""
        waiting = self._waiting[file]
        if file in self._selector.get_map():
            self._selector.unregister(file)
        if waiting:
            self._selector.register(file, sum(waiting))
        else:
            del self._waiting[file]

    def _poll(self) -> Target:
        """The task that asks the selector."""
        while True:
            self._forget_closed()
            for key, events in self._selector.select(self._time_to_rest()):
                file = cast("socket.socket", key.fileobj)
                for event in (READ, WRITE):
                    if events & event:
                        self.answer(self._waiting[file].pop(event))
                self._look_at(file)
            yield Sleep(0)

    def _forget_closed(self) -> None:
        """Selectors are silent about sockets that were closed: whoever waits for one would wait for ever."""
        for file in [file for file in self._waiting if file.fileno() < 0]:
            self._selector.unregister(file)
            for task in self._waiting.pop(file).values():
                self.answer(task, thrown=OSError("the socket was closed"))

    def _time_to_rest(self) -> float | None:
        """None, if a task is ready; else until the first of the sleepers wakes up, or for ever."""
        if self.ready:
            return 0
        return max(self.sleeping[0][0] - self.clock.monotonic_s(), 0) if self.sleeping else None

    def _close(self, task: Task) -> None:
        """Whoever is killed does not wait any more."""
        if task.state == "waits" and isinstance(task.waits_for, ReadWait | WriteWait):
            file = task.waits_for.file
            del self._waiting[file][READ if isinstance(task.waits_for, ReadWait) else WRITE]
            self._look_at(file)
        super()._close(task)


# -- the exchange ----------------------------------------------------------------------------------
def listen() -> socket.socket:
    """A socket to connect to, at any free port of this machine."""
    listener = socket.create_server(("127.0.0.1", 0))
    listener.setblocking(False)
    return listener


def serve(listener: socket.socket, market: Market) -> Target:
    """A task for each client who connects."""
    members: dict[socket.socket, Member] = {}
    while True:
        yield ReadWait(listener)
        client, _ = listener.accept()
        client.setblocking(False)
        yield NewTask(attend(client, market, members), "attend")


def attend(client: socket.socket, market: Market, members: dict[socket.socket, Member]) -> Target:
    """What one client sends, to its end: lines of the protocol."""
    incoming = Incoming()
    try:
        while True:
            yield ReadWait(client)
            data = client.recv(65_536)
            if not data:
                return
            mistakes = handle(incoming.requests(data), client, market, members)
            # A trade concerns two: whoever has mail gets it now, for his own task waits for what he sends.
            for other, text in [(client, mistakes), *mail_of(members)]:
                try:
                    while text:
                        yield WriteWait(other)
                        text = text[other.send(text) :]
                except (OSError, ValueError):
                    pass  # the other one is gone, and his task knows; or somebody else is writing to him
    except OSError:
        pass  # this one is gone
    finally:
        members.pop(client, None)
        client.close()


class Incoming:
    """Bytes from a socket, cut anywhere, to messages."""

    def __init__(self) -> None:
        self._lines = LineBuffer()

    def requests(self, data: bytes) -> list[Message | RemoteProtocolError]:
        """What clients send."""
        return [message for _, message in client_message_decoder().decode(self._lines.feed(data), 1)]

    def reports(self, data: bytes) -> list[Message | RemoteProtocolError]:
        """What the exchange sends."""
        return [message for _, message in server_message_decoder().decode(self._lines.feed(data), 1)]


def handle(
    messages: Iterable[Message | RemoteProtocolError],
    client: socket.socket,
    market: Market,
    members: dict[socket.socket, Member],
) -> bytes:
    """Do what a client asks for; what he has done wrong, as lines to send to him."""
    mistakes = b""
    for message in messages:
        if isinstance(message, Login) and client not in members:
            members[client] = market.member(message.account)
        elif isinstance(message, Request) and client in members:
            members[client].send(message)
        elif isinstance(message, RemoteProtocolError):
            mistakes += encode(Error(message.code, message.text))
        else:
            mistakes += encode(Error(ErrorCode.INVALID_MESSAGE, "log in first, once, then send orders"))
    return mistakes


def mail_of(members: dict[socket.socket, Member]) -> Iterator[tuple[socket.socket, bytes]]:
    """Everybody's mail, as lines to send to him; whoever comes meanwhile is for the next time."""
    for client, member in list(members.items()):
        yield client, b"".join(map(encode, member.mail))


# -- two traders -----------------------------------------------------------------------------------
def connect(address: tuple[str, int]) -> Target:
    """A task of its own, because it waits; its result is the socket."""
    client = socket.socket()
    client.setblocking(False)
    client.connect_ex(address)
    yield WriteWait(client)
    return client


def tell(client: socket.socket, *requests: Message) -> Target:
    """As well."""
    text = b"".join(map(encode, requests))
    while text:
        yield WriteWait(client)
        text = text[client.send(text) :]


def hear(client: socket.socket, incoming: Incoming, number: int) -> Target:
    """As well; its result is so many messages."""
    messages: list[Message | RemoteProtocolError] = []
    while len(messages) < number:
        yield ReadWait(client)
        messages += incoming.reports(client.recv(65_536))
    return messages


def order(name: str, side: Side, quantity: int, price: int) -> NewOrder:
    """An order in the one instrument that is traded here."""
    return NewOrder(ClientOrderId(name), ACME, side, quantity, price)


def trading(address: tuple[str, int], out: Out) -> Target:
    """Sell, buy, hear of the trade: each thing that waits is a task, and is waited for."""
    ann = yield WaitTask((yield NewTask(connect(address), "connect")))
    ben = yield WaitTask((yield NewTask(connect(address), "connect")))
    anns, bens = Incoming(), Incoming()

    yield WaitTask(
        (yield NewTask(tell(ann, Login(AccountId("ann")), order("a1", Side.SELL, 5, 10_000)), "tell"))
    )
    show(out, "ann", (yield WaitTask((yield NewTask(hear(ann, anns, 1), "hear")))))

    yield WaitTask(
        (yield NewTask(tell(ben, Login(AccountId("ben")), order("b1", Side.BUY, 3, 10_050)), "tell"))
    )
    show(out, "ben", (yield WaitTask((yield NewTask(hear(ben, bens, 2), "hear")))))
    show(out, "ann", (yield WaitTask((yield NewTask(hear(ann, anns, 1), "hear")))))

    ann.close()
    ben.close()


def show(out: Out, name: str, messages: Iterable[object]) -> None:
    """What somebody was told, in words."""
    for message in messages:
        match message:
            case Accepted():
                out(f"{name}: {message.client_order_id} is accepted")
            case TradeReport():
                out(
                    f"{name}: {message.client_order_id} {message.side.value}s {message.quantity} at {message.price}"
                )
            case _:
                out(f"{name}: {message}")


def main(out: Out) -> None:
    """The exchange and both traders in one thread, over real sockets."""
    scheduler = Scheduler()
    listener = listen()
    scheduler.new(serve(listener, Market()), "serve")
    with listener:
        scheduler.run(trading(listener.getsockname(), out))
    out(f"it took {scheduler.started} tasks")

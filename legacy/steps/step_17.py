"""A future remembers its result and wakes whoever waits for it: request and reply over the wire.

The flow: two strategies trade through one connection, each with several orders at once. ``report = yield from
client.enter(order)`` gives each the answer to its own order, in whatever order answers come.

What comes over the wire comes to one task, the reader. Who waits for it are others. Between them stands a ``Future``: the
reader finds it by the name of the order and gives it the report; ``Wait`` parks whoever asks for it too early, and
is answered at once if he comes too late. An error is remembered just so: when the connection ends, in whatever way, everybody
who still waits learns of it at his own line, and so does whoever comes later.
"""

import socket
from dataclasses import dataclass
from typing import Any, Generic, TypeVar, cast

from legacy.steps.market import Market
from legacy.steps.registry import Out
from legacy.steps.step_14 import NewTask, Task, WaitTask
from legacy.steps.step_15 import Incoming, ReadWait, WriteWait, attend, listen, order
from legacy.steps.step_15 import Scheduler as SchedulerOfStep15
from legacy.steps.step_16 import Address, Flow, ask, connect, tell
from protocol.codec import encode
from protocol.messages import Accepted, Login, NewOrder, Rejected, TradeReport
from protocol.vocabulary import AccountId, ClientOrderId, Side

TITLE = "Future"
MISSING = "Whoever waits can't give up: there is no time limit, and what a killed task has started goes on without it."

T = TypeVar("T")


class Future(Generic[T]):
    """Something that will be known. Wakes those who wait for it by the scheduler they belong to."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.is_done = False
        self.result: T | None = None
        self.error: Exception | None = None
        self.waiting: list[tuple[Scheduler, Task]] = []

    def set_result(self, result: T) -> None:
        """It is known."""
        self._finish(result, None)

    def set_error(self, error: Exception) -> None:
        """It will never be known, and this is why."""
        self._finish(None, error)

    def _finish(self, result: T | None, error: Exception | None) -> None:
        if self.is_done:
            raise RuntimeError(f"{self.name} is there already")
        self.is_done, self.result, self.error = True, result, error
        for scheduler, task in self.waiting:
            if task.state == "waits":  # and was not killed
                scheduler.answer(task, result, error)


@dataclass(frozen=True, slots=True)
class Wait:
    """Go on when a future is done. Answer: its result; raises its error."""

    future: Future[Any]

    def __str__(self) -> str:
        return self.future.name


class Scheduler(SchedulerOfStep15):
    """Answers this as well."""

    def __init__(self) -> None:
        super().__init__()
        self.handlers[Wait] = self._wait_for_future

    def _wait_for_future(self, task: Task, request: Wait) -> None:
        future = request.future
        if future.is_done:
            self.answer(task, future.result, future.error)
        else:
            future.waiting.append((self, task))


# -- the client ------------------------------------------------------------------------------------
class Client:
    """One connection for many tasks."""

    def __init__(self, connection: socket.socket) -> None:
        self._connection = connection
        self._answers: dict[ClientOrderId, Future[Accepted | Rejected]] = {}
        self._unsent = b""
        self._is_sending = False
        self._is_over = False
        self.trades: list[TradeReport] = []

    def enter(self, new: NewOrder) -> Flow:
        """Send an order, and return what the exchange says to it.

        Raises:
            ConnectionError: it will never say anything.
        """
        if self._is_over:
            raise ConnectionError("the exchange has hung up")
        answer = self._answers[new.client_order_id] = Future(f"the answer to {new.client_order_id}")
        yield from self._send(encode(new))
        return (yield from ask(Wait(answer)))

    def read(self) -> Flow:
        """The reader, a task: to the end of the connection, however it ends."""
        incoming = Incoming()
        try:
            while data := (yield from self._receive()):
                for message in incoming.reports(data):
                    if isinstance(message, Accepted | Rejected):
                        self._answers.pop(cast("ClientOrderId", message.client_order_id)).set_result(message)
                    elif isinstance(message, TradeReport):
                        self.trades.append(message)
        except OSError:
            pass  # cut: an end as well
        finally:
            self._is_over = True
            for answer in self._answers.values():
                answer.set_error(ConnectionError("the exchange has hung up"))

    def _send(self, text: bytes) -> Flow:
        """One task at a time may wait for room: it takes along what the others have to send."""
        self._unsent += text
        if not self._is_sending:
            self._is_sending = True
            try:
                while self._unsent:
                    yield from ask(WriteWait(self._connection))
                    self._unsent = self._unsent[self._connection.send(self._unsent) :]
            finally:
                self._is_sending = False

    def _receive(self) -> Flow:
        yield from ask(ReadWait(self._connection))
        return self._connection.recv(65_536)


# -- the flow --------------------------------------------------------------------------------------
def strategy(client: Client, orders: list[NewOrder], out: Out) -> Flow:
    """One order after the other, each when the one before has been answered."""
    for new in orders:
        try:
            report = yield from client.enter(new)
        except ConnectionError as error:
            out(f"{new.client_order_id}: {error}")
            return
        out(f"{new.client_order_id}: {said(report)}")


def said(report: Accepted | Rejected) -> str:
    """A report in words."""
    return "accepted" if isinstance(report, Accepted) else f"rejected, {report.reason.value}"


def take_one(listener: socket.socket) -> Flow:
    """An exchange for one client."""
    yield from ask(ReadWait(listener))
    client, _ = listener.accept()
    client.setblocking(False)
    yield from attend(client, Market(), {})


def trading(address: Address, out: Out) -> Flow:
    """Two strategies on one connection; then a third, whose exchange is stopped while it waits."""
    connection = yield from connect(address)
    client = Client(connection)
    reader = yield from ask(NewTask(client.read(), "reader"))
    yield from tell(connection, Login(AccountId("ann")))

    sells = [order("s1", Side.SELL, 5, 10_000), order("s2", Side.SELL, 5, 10_010)]
    buys = [order("b1", Side.BUY, 200_000, 10_005), order("b2", Side.BUY, 3, 9_990)]
    seller = yield from ask(NewTask(strategy(client, sells, out), "seller"))
    buyer = yield from ask(NewTask(strategy(client, buys, out), "buyer"))
    yield from ask(WaitTask(seller))
    yield from ask(WaitTask(buyer))

    late = yield from ask(NewTask(strategy(client, [order("x1", Side.BUY, 1, 9_000)], out), "late"))
    connection.shutdown(socket.SHUT_RD)  # as if the line were cut: no answer comes any more
    yield from ask(WaitTask(late))
    yield from ask(WaitTask(reader))
    connection.close()


def main(out: Out) -> None:
    """Five orders, of which one is wrong, and one is never answered."""
    scheduler = Scheduler()
    with listen() as listener:
        scheduler.new(take_one(listener), "exchange")
        scheduler.run(trading(listener.getsockname(), out))

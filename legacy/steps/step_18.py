"""The event loop: ready queue, clock and files in one place; with cancellation, time limits and child tasks.

The flow: an exchange with a task for each client and a child of that for writing; a trader who gives up an order when
nobody has traded with it in time; and an exchange that is closed while clients are connected.

This is the kernel of ``legacy/kernel.py`` itself. What it has that the schedulers before did not: polling is no task
any more but the loop's own work; ``cancel`` raises ``TaskCancelled`` where a task waits, so that it can clean up, with
waiting of its own if need be; ``timeout`` is a cancellation that the clock orders; a task that ends takes its children
with it, and whoever waits for its end waits for theirs; what a task raises that nobody waits for reaches one hook, and
stops nobody else. At the end every generator is closed.
"""

from collections.abc import Generator
from typing import Any, cast

from legacy.errors import ChildCancelled
from legacy.kernel import Kernel
from legacy.steps.market import Market, Member, Request
from legacy.steps.registry import Out
from legacy.steps.step_15 import Incoming, order
from legacy.streams import Listener, Stream, connect, listen
from legacy.traps import cancel, current_kernel, flow, join, spawn, timeout
from legacy.waiting import Event, Future
from protocol.codec import encode
from protocol.errors import RemoteProtocolError
from protocol.messages import Accepted, Cancel, Canceled, Login, NewOrder, TradeReport
from protocol.vocabulary import AccountId, ClientOrderId, Side

TITLE = "Event loop"
MISSING = "All of it says yield from; what Python calls await is the same thing, with a name of its own."

Flow = Generator[Any, Any, Any]


# -- the exchange ----------------------------------------------------------------------------------
class Exchange:
    """Who trades, and how each of them is told that there is mail."""

    def __init__(self, out: Out) -> None:
        self.market = Market()
        self.mailed: dict[Member, Event] = {}
        self.out = out

    @flow
    def serve(self, listener: Listener) -> Flow:
        """A child for each client. Cancelled, it takes all of them with it."""
        try:
            while True:
                stream = yield from listener.accept()
                yield from spawn(self.attend(stream), name="client")
        finally:
            listener.close()

    @flow
    def attend(self, stream: Stream) -> Flow:
        """Reads what one client sends; what he gets is written by a child, whoever it is that has made it."""
        incoming, member, writer = Incoming(), None, None
        try:
            while data := (yield from stream.read()):
                for message in incoming.requests(data):
                    if isinstance(message, RemoteProtocolError):
                        raise message
                    if isinstance(message, Login) and member is None:
                        member = self.market.member(message.account)
                        self.mailed[member] = Event("mail")
                        writer = yield from spawn(self.write(stream, member), name="writer")
                    elif isinstance(message, Request) and member is not None:
                        member.send(message)
                for other, mailed in self.mailed.items():
                    if len(other.mail):
                        mailed.set()
        finally:
            if member is not None and writer is not None:
                writer.cancel()
                del self.mailed[member]
                self.out(f"-- the exchange says good-bye to {member.account}")
            stream.close()

    @flow
    def write(self, stream: Stream, member: Member) -> Flow:
        """Sends mail as it comes. If its client does not read, only this task waits."""
        mailed = self.mailed[member]
        while True:
            yield from mailed.wait()
            mailed.clear()
            yield from stream.write(b"".join(map(encode, member.mail)))


# -- the trader ------------------------------------------------------------------------------------
class Client:
    """As in step 17, with futures for the trades as well."""

    def __init__(self, stream: Stream) -> None:
        self.stream = stream
        self._expected: dict[tuple[type, ClientOrderId], Future[Any]] = {}

    def expect(self, kind: type, name: ClientOrderId) -> Future[Any]:
        """The first message of this kind about an order."""
        return self._expected.setdefault((kind, name), Future(f"{kind.__name__} for {name}"))

    @flow
    def read(self) -> Flow:
        """The reader, a child of whoever trades."""
        incoming = Incoming()
        while data := (yield from self.stream.read()):
            for message in incoming.reports(data):
                future = self.expect(type(message), cast("Any", message).client_order_id)
                if not future.is_done:
                    future.set_result(message)

    @flow
    def enter(self, new: NewOrder) -> Flow:
        """Send an order, and wait until it is accepted."""
        yield from self.stream.write(encode(new))
        return (yield from self.expect(Accepted, new.client_order_id).wait())


@flow
def trader(address: tuple[str, int], name: str, new: NewOrder, patience_s: float, out: Out) -> Flow:
    """Enters one order; cancels it if nobody trades with it in time. Returns whether somebody did."""
    stream = yield from connect(*address)
    client = Client(stream)
    reader = yield from spawn(client.read(), name=f"reader of {name}")
    try:
        yield from stream.write(encode(Login(AccountId(name))))
        yield from client.enter(new)
        try:
            trade = yield from timeout(patience_s, client.expect(TradeReport, new.client_order_id).wait())
        except TimeoutError as error:
            out(f"{name}: {error}: canceled")
            yield from stream.write(encode(Cancel(client_order_id=new.client_order_id)))
            yield from client.expect(Canceled, new.client_order_id).wait()
            return False
        out(f"{name}: {trade.side.value}s {trade.quantity} at {trade.price}")
        return True
    finally:
        reader.cancel()  # now, not when this has ended: it must not wait for a stream that is being closed
        stream.close()


# -- the flow --------------------------------------------------------------------------------------
@flow
def trading(out: Out) -> Flow:
    """Ann sells, ben is too cheap, cid trades with ann, dan is still there when the exchange closes."""
    listener = yield from listen("127.0.0.1", 0)
    address = listener.address
    exchange = yield from spawn(Exchange(out).serve(listener), name="exchange")

    ann = yield from spawn(trader(address, "ann", order("a1", Side.SELL, 3, 10_000), 60, out), name="ann")
    ben = yield from spawn(trader(address, "ben", order("b1", Side.BUY, 3, 9_000), 0.05, out), name="ben")
    out(f"ben has traded: {(yield from join(ben))}")
    for task in sorted((yield from current_kernel()).tasks.values(), key=lambda one: one.name):
        out(f"   {task.name:14} {' > '.join(frame.function for frame in task.where())}")

    cid = yield from spawn(trader(address, "cid", order("c1", Side.BUY, 3, 10_000), 60, out), name="cid")
    for task in (cid, ann):
        yield from join(task)

    stranger = yield from connect(*address)
    yield from stranger.write(b"hello?\n")
    yield from stranger.read()  # to the end
    stranger.close()

    stream = yield from connect(*address)
    yield from stream.write(encode(Login(AccountId("dan"))) + encode(order("d1", Side.BUY, 1, 9_000)))
    yield from stream.read()
    yield from cancel(exchange)
    try:
        yield from join(exchange)
    except ChildCancelled as ended:
        out(str(ended))
    out(f"dan reads {(yield from stream.read())!r}")
    stream.close()


def main(out: Out) -> None:
    """An exchange and its traders on the kernel."""
    kernel = Kernel(crashed=lambda task, error: out(f"-- a {task.name} failed: {error}"))
    kernel.run(trading(out))
    out(f"tasks left: {len(kernel.tasks)}")

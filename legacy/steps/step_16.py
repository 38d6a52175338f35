"""Sub-routines that wait: first with a stack of generators in each task, then with ``yield from``, which keeps that stack.

The flow: ``connect``, ``tell`` and ``hear`` of the last step, called like functions, from a function that is called itself.

A generator that yields another generator means: run this one until it has returned, then give me its result. So the
scheduler keeps a stack for each task. The top one runs; what it calls is put on top of it; when it returns, it is taken
away, and its value is sent to the one below; what it raises is thrown there. Control bounces between the
scheduler and the top, whence the name: a trampoline. Forty lines, and they work (``Trampoline``).

``yield from`` does all of that without one of these lines. The interpreter keeps the stack (``gi_yieldfrom`` leads from each
generator to the one above it), and hands requests, answers and exceptions through; the scheduler of step 15 runs such tasks
as it is. From here on ``yield`` stands in one function only, ``ask``.
"""

import socket
from collections.abc import Callable, Generator, Iterable, Iterator
from types import GeneratorType
from typing import Any, TypeAlias

from legacy.steps.market import Market
from legacy.steps.registry import Out
from legacy.steps.step_14 import Sleep, Target, Task
from legacy.steps.step_15 import Incoming, ReadWait, Scheduler, WriteWait, listen, order, serve, show
from protocol.codec import encode
from protocol.fields import Message
from protocol.messages import Login
from protocol.vocabulary import AccountId, Side

TITLE = "Trampolining"
MISSING = "An answer from the exchange is whatever comes next: whoever asks two things at once can't tell which is which."

Address: TypeAlias = tuple[str, int]


# -- with a stack ----------------------------------------------------------------------------------
class Trampoline(Scheduler):
    """A task is a stack of generators."""

    def __init__(self) -> None:
        self.stacks: dict[Task, list[Target]] = {}
        super().__init__()

    def _advance(self, task: Task) -> object:
        """Run whatever is on top, until somebody asks for something that is no call."""
        stack = self.stacks.setdefault(task, [task.target])
        value, thrown, task.answer, task.thrown = task.answer, task.thrown, None, None
        while True:
            try:
                request = stack[-1].send(value) if thrown is None else stack[-1].throw(thrown)
            except StopIteration as stop:
                value, thrown = stop.value, None
            except Exception as error:  # noqa: BLE001  # for whoever called it
                value, thrown = None, error
            else:
                if not isinstance(request, GeneratorType):
                    return request
                stack.append(request)
                value = thrown = None
                continue
            stack.pop()
            if not stack:
                del self.stacks[task]
                if thrown is not None:
                    raise thrown
                raise StopIteration(value)

    def _close(self, task: Task) -> None:
        """From the top down, as if an exception went through them."""
        for generator in reversed(self.stacks.pop(task, [])):
            generator.close()
        super()._close(task)


def connect_by_stack(address: Address) -> Target:
    client = socket.socket()
    client.setblocking(False)
    client.connect_ex(address)
    yield WriteWait(client)
    return client


def tell_by_stack(client: socket.socket, *requests: Message) -> Target:
    text = b"".join(map(encode, requests))
    while text:
        yield WriteWait(client)
        text = text[client.send(text) :]


def hear_by_stack(client: socket.socket, incoming: Incoming, number: int) -> Target:
    messages: list[object] = []
    while len(messages) < number:
        yield ReadWait(client)
        messages += incoming.reports(client.recv(65_536))
    return messages


def trade_by_stack(address: Address, name: str, requests: list[Message], answers: int, out: Out) -> Target:
    """Connect, send, hear: three calls, each of which waits."""
    client = yield connect_by_stack(address)
    yield tell_by_stack(client, Login(AccountId(name)), *requests)
    show(out, name, (yield hear_by_stack(client, Incoming(), answers)))
    return client


def trading_by_stack(address: Address, out: Out) -> Target:
    """Calls what calls the three."""
    ann = yield trade_by_stack(address, "ann", [order("a1", Side.SELL, 5, 10_000)], 1, out)
    ben = yield trade_by_stack(address, "ben", [order("b1", Side.BUY, 3, 10_050)], 2, out)
    show(out, "ann", (yield hear_by_stack(ann, Incoming(), 1)))
    ann.close()
    ben.close()


# -- with yield from -------------------------------------------------------------------------------
Flow: TypeAlias = Generator[Any, Any, Any]


def ask(request: object) -> Flow:
    """The one bare ``yield``."""
    return (yield request)


def connect(address: Address) -> Flow:
    client = socket.socket()
    client.setblocking(False)
    client.connect_ex(address)
    yield from ask(WriteWait(client))
    return client


def tell(client: socket.socket, *requests: Message) -> Flow:
    text = b"".join(map(encode, requests))
    while text:
        yield from ask(WriteWait(client))
        text = text[client.send(text) :]


def hear(client: socket.socket, incoming: Incoming, number: int) -> Flow:
    messages: list[object] = []
    while len(messages) < number:
        yield from ask(ReadWait(client))
        messages += incoming.reports(client.recv(65_536))
    return messages


def trade(address: Address, name: str, requests: list[Message], answers: int, out: Out) -> Flow:
    client = yield from connect(address)
    yield from tell(client, Login(AccountId(name)), *requests)
    show(out, name, (yield from hear(client, Incoming(), answers)))
    return client


def trading(address: Address, out: Out) -> Flow:
    ann = yield from trade(address, "ann", [order("a1", Side.SELL, 5, 10_000)], 1, out)
    ben = yield from trade(address, "ben", [order("b1", Side.BUY, 3, 10_050)], 2, out)
    show(out, "ann", (yield from hear(ann, Incoming(), 1)))
    ann.close()
    ben.close()


# -- both ------------------------------------------------------------------------------------------
def links_of(target: object) -> Iterator[Any]:
    """The generators that wait for one another, as ``yield from`` has linked them; outermost first."""
    while isinstance(target, GeneratorType):
        yield target
        target = target.gi_yieldfrom


def look_on(scheduler: Scheduler, stack_of: Callable[[Task], Iterable[Any]], out: Out) -> Flow:
    """One more task, which shows on what the first one stands."""
    task = next(task for task in scheduler.tasks.values() if task.name == "main")
    while not isinstance(task.waits_for, ReadWait):
        yield from ask(Sleep(0))
    stack = " -> ".join(generator.__name__ for generator in stack_of(task))
    out(f"on the stack: {stack}, which waits for {task.waits_for}")


def run(
    scheduler: Scheduler,
    flow: Callable[[Address, Out], Target],
    stack_of: Callable[[Task], Iterable[Any]],
    out: Out,
) -> None:
    """Both traders, at an exchange of their own."""
    listener = listen()
    scheduler.new(serve(listener, Market()), "serve")
    scheduler.new(look_on(scheduler, stack_of, out), "look on")
    with listener:
        scheduler.run(flow(listener.getsockname(), out))
    out(f"it took {scheduler.started} tasks")


def main(out: Out) -> None:
    """The same twice: a stack by hand, a stack by Python."""
    out("A stack of generators in the task:")
    trampoline = Trampoline()
    run(trampoline, trading_by_stack, lambda task: trampoline.stacks[task], out)
    out("")
    out("yield from:")
    run(Scheduler(), trading, lambda task: links_of(task.target), out)

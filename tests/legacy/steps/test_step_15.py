"""Who waits for a socket parks; everybody else goes on, and the processor rests."""

import socket
import struct
from typing import Any, cast

import pytest

from legacy.steps.market import Market
from legacy.steps.step_14 import KillTask, NewTask, Sleep, Target, WaitTask
from legacy.steps.step_15 import (
    Incoming,
    ReadWait,
    Scheduler,
    WriteWait,
    connect,
    hear,
    listen,
    main,
    order,
    serve,
    tell,
)
from protocol.codec import encode
from protocol.messages import Accepted, Error, Login, TradeReport
from protocol.vocabulary import AccountId, ErrorCode, Side


def test_a_task_waits_for_its_socket_and_others_go_on() -> None:
    ours, theirs = socket.socketpair()
    seen: list[object] = []

    def reads() -> Target:
        yield ReadWait(ours)
        seen.append(ours.recv(10))

    def asks() -> Target:
        reading = yield NewTask(reads(), "reads")
        for number in range(3):
            seen.append(number)
            yield Sleep(0)
        theirs.send(b"hello")
        yield WaitTask(reading)

    with ours, theirs:
        Scheduler().run(asks())

    assert seen == [0, 1, 2, b"hello"]


def test_nobody_spins_while_everybody_waits() -> None:
    ours, theirs = socket.socketpair()
    scheduler = Scheduler()
    steps = 0

    class Looks:
        def resumed(self, task: object) -> None:
            nonlocal steps
            steps += 1

        def created(self, *facts: object) -> None: ...
        def parked(self, *facts: object) -> None: ...
        def woken(self, *facts: object) -> None: ...
        def ended(self, *facts: object) -> None: ...

    scheduler._watchers = (Looks(),)

    def writes() -> Target:
        yield Sleep(0.05)
        theirs.send(b"at last")

    def asks() -> Target:
        yield NewTask(writes(), "writes")
        yield ReadWait(ours)
        yield WriteWait(ours)  # that is at once

    with ours, theirs:
        scheduler.run(asks())

    assert steps < 20


def test_a_socket_may_be_read_and_written_by_two_but_not_read_by_two() -> None:
    ours, theirs = socket.socketpair()

    def reads() -> Target:
        yield ReadWait(ours)

    def asks() -> Target:
        yield NewTask(reads(), "reads")
        yield Sleep(0)
        yield WriteWait(ours)
        with pytest.raises(ValueError, match="reads waits for the same"):
            yield ReadWait(ours)
        return "alive"

    with ours, theirs:
        assert Scheduler().run(asks()) == "alive"


def test_a_closed_socket_is_refused_and_a_killed_reader_waits_no_more() -> None:
    ours, theirs = socket.socketpair()

    def reads() -> Target:
        yield ReadWait(ours)

    def asks() -> Target:
        reading = yield NewTask(reads(), "reads")
        yield Sleep(0)
        yield KillTask(reading)
        theirs.send(b"hello")
        yield ReadWait(ours)
        ours.close()
        with pytest.raises(ValueError, match="Invalid file"):
            yield ReadWait(ours)
        return "alive"

    with ours, theirs:
        assert Scheduler().run(asks()) == "alive"


def told(text: bytes, number: int, name: str = "ann") -> Any:
    """What the exchange answers, in so many messages, to bytes in small pieces."""

    def asks() -> Target:
        client = yield WaitTask((yield NewTask(connect(listener.getsockname()), "connect")))
        yield WaitTask((yield NewTask(tell(client, Login(AccountId(name))), "tell")))
        for begin in range(0, len(text), 7):
            yield WriteWait(client)
            client.send(text[begin : begin + 7])
            yield Sleep(0)
        messages = yield WaitTask((yield NewTask(hear(client, Incoming(), number), "hear")))
        client.close()
        return messages

    scheduler = Scheduler()
    with listen() as listener:
        scheduler.new(serve(listener, Market()), "serve")
        return scheduler.run(asks())


def test_the_exchange_takes_lines_in_any_pieces() -> None:
    (answer,) = told(encode(order("a1", Side.BUY, 5, 9_000)), 1)

    assert isinstance(answer, Accepted)


@pytest.mark.parametrize(
    ("text", "code"),
    [
        (b"no json\n", ErrorCode.NOT_JSON),
        (b'{"type":"fly"}\n', ErrorCode.INVALID_MESSAGE),
        (b'{"type":"login","account":"ben"}\n', ErrorCode.INVALID_MESSAGE),
    ],
)
def test_what_is_no_order_is_answered_with_what_is_wrong(text: bytes, code: ErrorCode) -> None:
    (answer,) = told(text, 1)

    assert isinstance(answer, Error)
    assert answer.code == code


def test_a_client_who_vanishes_is_forgotten_and_the_others_trade_on() -> None:
    def asks() -> Target:
        for _ in range(3):
            gone = yield WaitTask((yield NewTask(connect(address), "connect")))
            yield WaitTask((yield NewTask(tell(gone, order("x", Side.BUY, 1, 1)), "tell")))
            gone.close()
        client = yield WaitTask((yield NewTask(connect(address), "connect")))
        yield WaitTask(
            (yield NewTask(tell(client, Login(AccountId("ann")), order("a", Side.BUY, 1, 1)), "tell"))
        )
        messages = yield WaitTask((yield NewTask(hear(client, Incoming(), 1), "hear")))
        client.close()
        while len(scheduler.tasks) > 3:  # this one, the poller, the server
            yield Sleep(0)
        return messages

    scheduler = Scheduler()
    with listen() as listener:
        address = listener.getsockname()
        scheduler.new(serve(listener, Market()), "serve")
        messages = cast("list[object]", scheduler.run(asks()))

    assert [type(message) for message in messages] == [Accepted]


def test_whoever_vanishes_does_not_take_along_who_trades_with_him() -> None:
    def asks() -> Target:
        ann = yield WaitTask((yield NewTask(connect(address), "connect")))
        ben = yield WaitTask((yield NewTask(connect(address), "connect")))
        yield WaitTask(
            (yield NewTask(tell(ann, Login(AccountId("ann")), order("a", Side.SELL, 2, 1)), "tell"))
        )
        yield WaitTask((yield NewTask(hear(ann, Incoming(), 1), "hear")))
        yield WaitTask(
            (yield NewTask(tell(ben, Login(AccountId("ben")), order("b", Side.BUY, 1, 1)), "tell"))
        )
        yield WaitTask((yield NewTask(hear(ben, Incoming(), 2), "hear")))
        ben.send(encode(order("c", Side.BUY, 1, 1)))
        ann.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        ann.close()  # a reset
        messages = yield WaitTask((yield NewTask(hear(ben, Incoming(), 2), "hear")))
        ben.close()
        return messages

    scheduler = Scheduler()
    with listen() as listener:
        address = listener.getsockname()
        scheduler.new(serve(listener, Market()), "serve")
        messages = cast("list[object]", scheduler.run(asks()))

    assert [type(message) for message in messages] == [Accepted, TradeReport]


def test_whoever_waits_for_a_socket_learns_that_another_one_has_closed_it() -> None:
    ours, theirs = socket.socketpair()

    def reads() -> Target:
        with pytest.raises(OSError, match="closed"):
            yield ReadWait(ours)
        return "told"

    def asks() -> Target:
        reading = yield NewTask(reads(), "reads")
        yield Sleep(0)
        ours.close()
        return (yield WaitTask(reading))

    with theirs:
        assert Scheduler().run(asks()) == "told"


def test_the_flow_tells_its_story() -> None:
    lines: list[str] = []

    main(lines.append)

    assert lines[-2:] == ["ann: a1 sells 3 at 10000", "it took 12 tasks"]

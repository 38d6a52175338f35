"""A future for each request: who waits gets his own answer, whatever the order in which answers come."""

import socket
import struct

import pytest

from legacy.steps.step_14 import KillTask, NewTask, Sleep, WaitTask
from legacy.steps.step_15 import ReadWait, listen, order
from legacy.steps.step_16 import Flow, ask, connect
from legacy.steps.step_17 import Client, Future, Scheduler, Wait, main, strategy
from protocol.codec import encode
from protocol.messages import Rejected
from protocol.vocabulary import ClientOrderId, RejectReason, Request, Side


def test_a_future_answers_who_comes_early_and_who_comes_late() -> None:
    future = Future[int]("the answer")

    def waits() -> Flow:
        return (yield from ask(Wait(future)))

    def asks() -> Flow:
        early = yield from ask(NewTask(waits(), "early"))
        yield from ask(Sleep(0))
        future.set_result(42)
        first = yield from ask(WaitTask(early))
        return first, (yield from waits())

    assert Scheduler().run(asks()) == (42, 42)
    with pytest.raises(RuntimeError, match="the answer is there already"):
        future.set_result(43)


def test_the_error_of_a_future_is_raised_in_everybody_who_waits() -> None:
    future = Future[int]("the answer")

    def waits() -> Flow:
        with pytest.raises(ConnectionError):
            yield from ask(Wait(future))
        return "told"

    def in_turn() -> Flow:
        tids = []
        for _ in range(2):
            tids.append((yield from ask(NewTask(waits(), "waits"))))
        yield from ask(Sleep(0))
        future.set_error(ConnectionError())
        told = []
        for tid in tids:
            told.append((yield from ask(WaitTask(tid))))
        return told

    assert Scheduler().run(in_turn()) == ["told", "told"]


def test_whoever_was_killed_is_not_answered() -> None:
    future = Future[int]("the answer")

    def waits() -> Flow:
        yield from ask(Wait(future))

    def asks() -> Flow:
        tid = yield from ask(NewTask(waits(), "waits"))
        yield from ask(Sleep(0))
        yield from ask(KillTask(tid))
        future.set_result(1)
        yield from ask(Sleep(0))
        return "alive"

    assert Scheduler().run(asks()) == "alive"


def rejected(name: str) -> bytes:
    return encode(Rejected(1, 1, Request.NEW, RejectReason.UNKNOWN_SYMBOL, "", ClientOrderId(name)))


def test_each_request_gets_its_own_answer_though_they_come_the_other_way_round() -> None:
    ours, theirs = socket.socketpair()
    for end in (ours, theirs):
        end.setblocking(False)
    lines: list[str] = []

    def asks() -> Flow:
        client = Client(ours)
        yield from ask(NewTask(client.read(), "reader"))
        tids = []
        for name in ("a", "b"):
            flow = strategy(client, [order(name, Side.BUY, 1, 1)], lines.append)
            tids.append((yield from ask(NewTask(flow, name))))
        sent = b""
        while sent.count(b"\n") < 2:
            yield from ask(Sleep(0))
            try:
                sent += theirs.recv(10_000)
            except BlockingIOError:
                continue
        theirs.send(rejected("b"))
        yield from ask(WaitTask(tids[1]))
        theirs.send(rejected("a"))
        yield from ask(WaitTask(tids[0]))

    with ours, theirs:
        Scheduler().run(asks())

    assert lines == ["b: rejected, unknown_symbol", "a: rejected, unknown_symbol"]


def test_everybody_who_still_waits_learns_that_the_connection_has_ended() -> None:
    ours, theirs = socket.socketpair()
    lines: list[str] = []

    def asks() -> Flow:
        client = Client(ours)
        reader = yield from ask(NewTask(client.read(), "reader"))
        tids = []
        for name in ("a", "b"):
            flow = strategy(client, [order(name, Side.BUY, 1, 1)], lines.append)
            tids.append((yield from ask(NewTask(flow, name))))
        yield from ask(Sleep(0))
        theirs.shutdown(socket.SHUT_WR)
        for tid in (*tids, reader):
            yield from ask(WaitTask(tid))

    with ours, theirs:
        Scheduler().run(asks())

    assert lines == ["a: the exchange has hung up", "b: the exchange has hung up"]


@pytest.mark.parametrize("linger", [b"", struct.pack("ii", 1, 0)], ids=["ends", "is reset"])
def test_whatever_ends_the_connection_nobody_waits_for_ever(linger: bytes) -> None:
    lines: list[str] = []

    def asks() -> Flow:
        ours = yield from connect(listener.getsockname())
        theirs, _ = listener.accept()
        client = Client(ours)
        yield from ask(NewTask(client.read(), "reader"))
        early = strategy(client, [order("early", Side.BUY, 1, 1)], lines.append)
        waiting = yield from ask(NewTask(early, "early"))
        yield from ask(ReadWait(theirs))
        theirs.recv(10_000)
        if linger:
            theirs.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
        theirs.close()
        yield from ask(WaitTask(waiting))
        late = strategy(client, [order("late", Side.BUY, 1, 1)], lines.append)
        yield from ask(WaitTask((yield from ask(NewTask(late, "late")))))
        ours.close()

    with listen() as listener:
        Scheduler().run(asks())

    assert lines == ["early: the exchange has hung up", "late: the exchange has hung up"]


def test_the_flow_tells_its_story() -> None:
    lines: list[str] = []

    main(lines.append)

    assert sorted(lines) == [
        "b1: rejected, above_maximum_quantity",
        "b2: accepted",
        "s1: accepted",
        "s2: accepted",
        "x1: the exchange has hung up",
    ]

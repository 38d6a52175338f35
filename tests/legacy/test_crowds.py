"""Many tasks: what each costs does not depend on how many there are, and none is left behind."""

import gc
import tracemalloc
from collections.abc import Generator
from pathlib import Path
from random import Random
from time import process_time
from typing import Any

import pytest

from legacy.errors import BadDescriptor
from legacy.kernel import Kernel
from legacy.streams import Listener, Stream, connect, listen
from legacy.traps import cancel, current_kernel, flow, join, pause, sleep, spawn, timeout
from legacy.waiting import Event, Queue
from protocol.codec import client_message_decoder
from protocol.errors import RemoteProtocolError
from protocol.framing import LineBuffer
from tests.support.kernels import Crashes

Flow = Generator[Any, Any, Any]

CLIENTS = 1_000
AT_ONCE = 50


def sleeper() -> Flow:
    yield from sleep(1_000)


def test_a_task_that_sleeps_needs_little_memory() -> None:
    def main() -> Flow:
        gc.collect()
        tracemalloc.start()
        before, _ = tracemalloc.get_traced_memory()
        for _ in range(5_000):
            yield from spawn(sleeper())
        yield from pause()
        after, _ = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        return (after - before) / 5_000

    assert Kernel().run(main()) < 1_500


def cancelled(number: int) -> Flow:
    tasks = []
    for _ in range(number):
        tasks.append((yield from spawn(sleeper())))
    yield from pause()
    for task in tasks:
        yield from cancel(task)
    yield from pause()


def woken(number: int) -> Flow:
    event = Event()
    for _ in range(number):
        yield from spawn(event.wait())
    yield from pause()
    event.set()
    yield from pause()


def served(number: int) -> Flow:
    queue = Queue[int](1)
    for _ in range(number):
        yield from spawn(queue.get())
    yield from pause()
    for item in range(number):
        queue.offer(item)
    yield from pause()


def stopped(number: int) -> Flow:
    for _ in range(number):
        yield from spawn(sleeper())
    yield from pause()


@pytest.mark.parametrize("way", [cancelled, woken, served, stopped])
def test_ten_times_the_tasks_take_ten_times_the_time(way: Any) -> None:
    def seconds(number: int) -> float:
        started = process_time()
        Kernel().run(way(number))
        return process_time() - started

    few = min(seconds(2_000) for _ in range(3))
    many = seconds(20_000)

    assert many < 40 * few  # if it were quadratic: a hundred times


# -- clients who send garbage and vanish -----------------------------------------------------------
def serve(listener: Listener) -> Flow:
    """A child for each client; a slot for each that may be there at once."""
    try:
        while True:
            stream = yield from listener.accept()
            yield from spawn(attend(stream), name="client")
    finally:
        listener.close()


def attend(stream: Stream) -> Flow:
    """Reads lines; hangs up at the first that is no message, or if nothing comes for long."""
    lines, decoder = LineBuffer(), client_message_decoder()
    try:
        while data := (yield from timeout(30, stream.read())):
            for _, message in decoder.decode(lines.feed(data), 1):
                if isinstance(message, RemoteProtocolError):
                    yield from stream.write(b"no\n")
                    raise message
            if lines.overlong:
                return
    finally:
        stream.close()


@flow
def vandal(address: tuple[str, int], rng: Random) -> Flow:
    """Connects, sends something, or a lot, or nothing, and hangs up: in order, or not."""
    stream = yield from connect(*address)
    try:
        kind = rng.randrange(5)
        if kind == 0:
            yield from stream.write(rng.randbytes(rng.randrange(1, 300)))
        elif kind == 1:
            yield from stream.write(b"x" * 200_000)
        elif kind == 2:
            yield from stream.write(b'{"type": "login"')
        elif kind == 3:
            stream.end_output()
            yield from stream.read()
    except OSError:
        pass  # the server was faster
    finally:
        if rng.random() < 0.5:
            stream.abort()
        else:
            stream.close()


def open_descriptors() -> int:
    return len(list(Path("/proc/self/fd").iterdir()))


def test_a_thousand_clients_who_send_garbage_and_vanish_leave_nothing_behind() -> None:
    rng = Random(5)
    crashes = Crashes()

    def main() -> Flow:
        kernel = yield from current_kernel()
        listener = yield from listen("127.0.0.1", 0, backlog=2 * AT_ONCE)
        server = yield from spawn(serve(listener), name="server")
        yield from pause()
        before = open_descriptors()
        for _ in range(CLIENTS // AT_ONCE):
            vandals = []
            for _ in range(AT_ONCE):
                vandals.append((yield from spawn(vandal(listener.address, rng))))
            for one in vandals:
                yield from timeout(20, join(one))
        while len(kernel.tasks) > 2:
            yield from pause()
        assert open_descriptors() == before
        assert kernel.files.number == 1  # the listener
        yield from cancel(server)

    before = open_descriptors()
    kernel = Kernel(crashed=crashes)
    kernel.run(main())

    assert not kernel.tasks
    assert open_descriptors() == before
    assert {type(error) for _, error in crashes.seen} <= {
        RemoteProtocolError,
        ConnectionResetError,
        BrokenPipeError,
        BadDescriptor,
    }
    assert len(crashes.seen) > CLIENTS / 10

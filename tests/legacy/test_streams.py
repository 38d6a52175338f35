"""Sockets and threads for tasks."""

import errno
import resource
import socket
import threading
from collections.abc import Generator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from legacy.errors import BadDescriptor, ChildCancelled, KernelError
from legacy.kernel import Kernel
from legacy.streams import Stream, connect, listen
from legacy.threads import in_thread
from legacy.traps import cancel, current_kernel, current_task, join, pause, sleep, spawn, timeout
from legacy.waiting import Event
from tests.support.kernels import Crashes, InOrder, kernel_of

Flow = Generator[Any, Any, Any]


def both_ends() -> Flow:
    """The two ends of a connection."""
    kernel = yield from current_kernel()
    ours, theirs = socket.socketpair()
    return Stream(ours, kernel), Stream(theirs, kernel)


# -- streams ---------------------------------------------------------------------------------------
def test_what_is_written_at_one_end_is_read_at_the_other() -> None:
    text = bytes(range(256)) * 20_000

    def main() -> Flow:
        listener = yield from listen("127.0.0.1", 0)
        accepting = yield from spawn(listener.accept())
        client = yield from connect(*listener.address)
        server = yield from join(accepting)
        yield from spawn(client.write(text))
        got = bytearray()
        while len(got) < len(text):
            got += yield from server.read()
        client.end_output()
        end = yield from server.read()
        assert server.peer == client.sock.getsockname()
        for thing in (client, server, listener):
            thing.close()
            thing.close()
        return bytes(got), end

    assert Kernel().run(main()) == (text, b"")


def test_what_is_there_is_read_into_a_buffer_at_once() -> None:
    def main() -> Flow:
        ours, theirs = yield from both_ends()
        buffer = memoryview(bytearray(8))
        assert ours.read_into(buffer) is None
        assert theirs.write_some(b"hello") == 5
        yield from ours.readable()
        assert ours.read_into(buffer) == 5
        theirs.close()
        yield from ours.readable()
        assert ours.read_into(buffer) == 0
        ours.close()
        return bytes(buffer[:5])

    assert Kernel().run(main()) == b"hello"


def test_a_writer_waits_for_a_reader_who_does_not_read_and_can_be_cancelled() -> None:
    def main() -> Flow:
        ours, theirs = yield from both_ends()
        writer = yield from spawn(ours.write(b"x" * 10_000_000))
        yield from sleep(0.01)
        assert "room to write" in writer.wish()
        assert ours.write_some(b"more") == 0
        yield from cancel(writer)
        with pytest.raises(ChildCancelled):
            yield from join(writer)
        ours.abort()
        theirs.close()

    Kernel().run(main())


def test_closing_a_stream_tells_whoever_waits_for_it() -> None:
    crashes = Crashes()

    def main() -> Flow:
        ours, theirs = yield from both_ends()
        reader = yield from spawn(ours.read())
        yield from pause()
        ours.close()
        with pytest.raises(BadDescriptor, match="was closed"):
            yield from join(reader)
        with pytest.raises(BadDescriptor, match="is closed"):
            yield from ours.read()
        with pytest.raises(BadDescriptor, match="is closed"):
            yield from ours.write(b"late")
        assert ours.is_closed
        theirs.close()

    Kernel(crashed=crashes).run(main())

    assert crashes.seen == []


def test_a_listener_that_is_closed_accepts_nothing() -> None:
    def main() -> Flow:
        listener = yield from listen("127.0.0.1", 0)
        accepting = yield from spawn(listener.accept())
        yield from pause()
        listener.close()
        with pytest.raises(BadDescriptor):
            yield from join(accepting)
        with pytest.raises(BadDescriptor, match="listener is closed"):
            yield from listener.accept()

    Kernel().run(main())


def test_a_flood_of_connections_holds_up_nobody() -> None:
    turns = InOrder()

    def main() -> Flow:
        listener = yield from listen("127.0.0.1", 0, backlog=64)
        clients = [socket.create_connection(listener.address) for _ in range(40)]
        other = yield from spawn(counts())
        accepted = []
        for _ in clients:
            accepted.append((yield from listener.accept()))
        for client, stream in zip(clients, accepted, strict=True):
            client.close()
            stream.close()
        listener.close()
        other.cancel()

    def counts() -> Flow:
        while True:
            yield from pause()

    Kernel(observers=[turns]).run(main())

    assert turns.turns >= 6


def test_no_more_files_is_told_to_who_accepts() -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)

    def main() -> Flow:
        listener = yield from listen("127.0.0.1", 0)
        client = socket.create_connection(listener.address)
        try:
            resource.setrlimit(resource.RLIMIT_NOFILE, (client.fileno() + 1, hard))
            with pytest.raises(OSError, match="Too many") as refused:
                yield from listener.accept()
            assert refused.value.errno == errno.EMFILE
        finally:
            resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
        (yield from listener.accept()).close()
        client.close()
        listener.close()

    Kernel().run(main())


def test_nobody_listens_and_an_address_that_is_taken_is_told() -> None:
    def main() -> Flow:
        listener = yield from listen("127.0.0.1", 0)
        host, port = listener.address
        with pytest.raises(OSError, match="in use"):
            yield from listen(host, port)
        listener.close()
        with pytest.raises(OSError, match="refused"):
            yield from connect(host, port)

    Kernel().run(main())


def test_names_are_looked_up_in_a_thread() -> None:
    def main() -> Flow:
        listener = yield from listen("localhost", 0)
        client = yield from connect("localhost", listener.address[1])
        client.close()
        listener.close()
        with pytest.raises(OSError, match=r"\S"):
            yield from connect("no.such.name.invalid", 1)

    Kernel().run(main())


# -- threads ---------------------------------------------------------------------------------------
def test_a_thread_works_while_tasks_go_on_and_its_result_comes_back() -> None:
    may_end = threading.Event()

    def main() -> Flow:
        with ThreadPoolExecutor(1) as pool:
            working = yield from spawn(in_thread(pool, waits, 5))
            yield from pause()
            assert "a thread to do waits" in working.wish()
            may_end.set()
            return (yield from join(working))

    def waits(number: int) -> int:
        assert may_end.wait(10)
        return number

    assert Kernel().run(main()) == 5


def test_what_a_thread_raises_is_raised_in_the_task() -> None:
    def main() -> Flow:
        with ThreadPoolExecutor(1) as pool:
            with pytest.raises(ZeroDivisionError):
                yield from in_thread(pool, lambda: 1 // 0)
            with pytest.raises(SystemExit):
                yield from in_thread(pool, exits)

    def exits() -> None:
        raise SystemExit

    Kernel().run(main())


def test_a_task_that_is_cancelled_does_not_wait_for_its_thread() -> None:
    may_end = threading.Event()
    began: list[int] = []

    def waits(number: int) -> None:
        began.append(number)
        assert may_end.wait(10)

    def main() -> Flow:
        with ThreadPoolExecutor(1) as pool:
            first = yield from spawn(in_thread(pool, waits, 1))
            second = yield from spawn(in_thread(pool, waits, 2))
            yield from pause()
            for task in (first, second):
                yield from cancel(task)
                with pytest.raises(ChildCancelled):
                    yield from timeout(5, join(task))
            may_end.set()

    Kernel().run(main())

    assert began == [1]


def test_a_pool_that_is_shut_down_is_told() -> None:
    may_end = threading.Event()

    def main() -> Flow:
        pool = ThreadPoolExecutor(1)
        yield from spawn(in_thread(pool, may_end.wait, 10))
        late = yield from spawn(in_thread(pool, may_end.wait, 10))
        yield from pause()
        pool.shutdown(wait=False, cancel_futures=True)
        with pytest.raises(KernelError, match="shut down"):
            yield from join(late)
        may_end.set()
        with pytest.raises(RuntimeError, match="shutdown"):
            yield from in_thread(pool, print)
        kernel = yield from current_kernel()
        return kernel

    assert Kernel().run(main()) is not None


def test_a_kernel_runs_in_a_thread_and_is_told_things_from_another() -> None:
    kernel = Kernel()
    event = Event()
    begun = threading.Event()
    results: list[str] = []

    def main() -> Flow:
        kernel.expect()
        begun.set()
        yield from event.wait()
        kernel.expect(-1)
        return (yield from current_task()).name

    thread = threading.Thread(target=lambda: results.append(kernel.run(main(), "in a thread")))
    thread.start()
    assert begun.wait(10)
    kernel.post(event.set)
    thread.join(10)
    kernel.post(event.clear)  # nobody is there any more

    assert results == ["in a thread"]
    assert event.is_set


def test_what_many_threads_post_is_all_called_in_the_order_of_each() -> None:
    kernel = Kernel()
    called: list[tuple[int, int]] = []
    everything = Event()

    def note(thread: int, number: int) -> None:
        called.append((thread, number))
        if len(called) == 4_000:
            everything.set()

    def posts(thread: int) -> None:
        for number in range(1_000):
            kernel.post(lambda number=number: note(thread, number))  # type: ignore[misc]

    def main() -> Flow:
        kernel.expect()
        threads = [threading.Thread(target=posts, args=(number,)) for number in range(4)]
        for thread in threads:
            thread.start()
        yield from timeout(20, everything.wait())
        for thread in threads:
            thread.join()

    kernel.run(main())

    for thread in range(4):
        assert [number for one, number in called if one == thread] == list(range(1_000))


def test_a_signal_handler_may_post() -> None:
    import signal

    event = Event()

    def main() -> Flow:
        kernel = yield from current_kernel()
        kernel.expect()
        before = signal.signal(signal.SIGUSR1, lambda number, frame: kernel.post(event.set))
        try:
            signal.raise_signal(signal.SIGUSR1)
            yield from event.wait()
        finally:
            signal.signal(signal.SIGUSR1, before)
        return "heard"

    assert kernel_of().run(main()) == "heard"

"""Traders on the legacy kernel, which runs in a thread: flows are handed to it with ``post``.

In: what a test asks for. Out: answers, when they are there.
"""

import threading
from collections.abc import Callable, Generator
from concurrent.futures import Future
from queue import SimpleQueue
from random import Random
from typing import Any

from legacy.kernel import Kernel
from legacy.task import Target, Task
from legacy.trader.client import Client as LegacyClient
from legacy.trader.client import connect as legacy_connect
from legacy.trader.reconnect import keep_trading
from legacy.traps import Flow, join, pause, spawn
from legacy.waiting import Event
from legacy.waiting import Future as LegacyFuture
from protocol.errors import VenueError
from tests.conformance.pairs.blocking import PATIENCE_S, Made, Reports, Stream, Trader


class LegacyRuntime:
    """A kernel in a thread."""

    def __init__(self) -> None:
        self._kernel = Kernel()
        self._over = Event("the end of the tests")
        self._kernel.expect()  # what tests ask for comes from outside
        self._thread = threading.Thread(
            target=lambda: self._kernel.run(self._over.wait()), name="legacy traders"
        )
        self._thread.start()

    def _start(self, target: Target[None], name: str) -> None:
        def start() -> None:
            self._kernel.spawn(target, name)

        self._kernel.post(start)

    def wait(self, made: Made) -> Any:
        answer: Future[Any] = Future()

        def wait() -> Generator[Any, Any, None]:
            try:
                result = yield from made()
            except BaseException as error:  # noqa: BLE001  # raised again where it was asked for
                answer.set_exception(error)
            else:
                answer.set_result(result)

        self._start(wait(), "a test")
        return answer.result(PATIENCE_S)

    def call(self, act: Callable[[], Any]) -> Any:
        def do() -> Generator[Any, Any, Any]:
            yield from pause()
            return act()

        return self.wait(do)

    def connect(self, host: str, port: int, **words: Any) -> "Trader":
        ready: Future[Any] = Future()
        left: LegacyFuture[None] = LegacyFuture("the end of a session")
        leave = Event("somebody to log out")

        def session() -> Generator[Any, Any, None]:
            # A task that lasts as long as the client: what that spawns are its children.
            try:
                client = yield from legacy_connect(host, port, **words)
            except BaseException as error:  # noqa: BLE001  # raised again where it was asked for
                ready.set_exception(error)
                return
            ready.set_result(client)
            yield from leave.wait()
            try:
                yield from client.close()
            except VenueError as error:
                left.set_error(error)
            else:
                left.set_result(None)

        def log_out() -> Flow[None]:
            leave.set()
            return left.wait()

        self._start(session(), f"session of {words.get('account')}")
        return Trader(self, ready.result(PATIENCE_S), log_out)

    def stream(self, made: Callable[[], Any]) -> Stream:
        return _LegacyStream(self, made)

    def reports_of(self, order: Any) -> Made:
        return order.next_report  # type: ignore[no-any-return]

    def read_through_breaks(self, host: str, port: int, account: str, count: int) -> Reports:
        heard: Reports = SimpleQueue()
        left = count

        def read(client: LegacyClient) -> Generator[Any, Any, None]:
            nonlocal left
            with client.reports() as reports:
                while left:
                    heard.put((yield from reports.next()))
                    left -= 1
            heard.put(None)

        self._start(
            keep_trading(host, port, read, account=account, rng=Random(1), resume_from=1),
            "one session after another",
        )
        return heard

    def close(self) -> None:
        self._kernel.post(self._over.set)
        self._thread.join(PATIENCE_S)
        assert not self._thread.is_alive()


class _LegacyStream:
    """An object with the flows ``next`` and ``close``."""

    def __init__(self, runtime: LegacyRuntime, made: Callable[[], Any]) -> None:
        self._runtime = runtime
        self._items = runtime.call(made)
        self._first: Task[Any] | None = runtime.wait(self._begin)

    def _begin(self) -> Flow[Task[Any]]:
        return spawn(self._items.next(), name="the first item", detached=True)

    def next(self) -> Any:
        return self._runtime.wait(self._next)

    def take(self, count: int) -> list[Any]:
        def take() -> Generator[Any, Any, list[Any]]:
            items = []
            for _ in range(count):
                items.append((yield from self._next()))
            return items

        items: list[Any] = self._runtime.wait(take)
        return items

    def _next(self) -> Generator[Any, Any, Any]:
        first, self._first = self._first, None
        return (yield from self._items.next() if first is None else join(first))

    def close(self) -> None:
        if self._first is not None:
            self._runtime.call(self._first.cancel)
        self._runtime.wait(self._items.close)

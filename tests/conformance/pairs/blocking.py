"""A trader of either runtime behind one interface that blocks, so that one scenario fits all pairs.

In: calls of a test. Out: what the client answers. Each runtime works in a thread of its own: the loop of asyncio, to which
coroutines are handed with ``run_coroutine_threadsafe``, or the legacy kernel, to which flows are handed with ``post``. What a
client is asked for stands here once: both clients have the same names.
"""

import asyncio
import threading
from collections.abc import Callable, Generator
from concurrent.futures import Future
from contextlib import aclosing, suppress
from queue import SimpleQueue
from random import Random
from typing import Any, Final, Protocol, Self

from legacy.kernel import Kernel
from legacy.task import Target, Task
from legacy.trader.client import Client as LegacyClient
from legacy.trader.client import connect as legacy_connect
from legacy.trader.reconnect import keep_trading
from legacy.traps import Flow, join, pause, spawn
from legacy.waiting import Event
from legacy.waiting import Future as LegacyFuture
from protocol.errors import SessionBroken, VenueError
from protocol.fields import Message
from protocol.messages import PrivateMessage
from traders.client import Client
from traders.reconnect import sessions

PATIENCE_S: Final = 20.0
"""Longer than any answer takes; only a failing test waits for it."""

Made = Callable[[], Any]
"""Makes something to be waited for, in the thread of its runtime: a coroutine, or a flow."""


class Stream(Protocol):
    """Something that is read item by item. Its first item is asked for at once: with that, reading has begun."""

    def next(self) -> Any:
        """The next item; ``None``: it has ended quietly."""
        ...

    def close(self) -> None:
        """Stop reading."""
        ...


def until(stream: Stream, wanted: Any, what: Callable[[Any], object] = lambda item: item) -> Any:
    """Read up to the first item of which ``what`` is ``wanted``: states in between may be left out."""
    while what(item := stream.next()) != wanted:
        assert item is not None
    return item


class Runtime(Protocol):
    """What traders of one runtime run on."""

    def wait(self, made: Made) -> Any:
        """Block until it has happened; what it returned, or raised."""
        ...

    def call(self, act: Callable[[], Any]) -> Any:
        """Have something called that does not wait."""
        ...

    def connect(self, host: str, port: int, **words: Any) -> "Trader":
        """Log in."""
        ...

    def stream(self, made: Callable[[], Any]) -> Stream:
        """Begin to read what ``made`` opens."""
        ...

    def reports_of(self, order: Any) -> Made:
        """Waits for the next report of an order; ``None``: there are no more."""
        ...

    def read_through_breaks(self, host: str, port: int, account: str, count: int) -> "Reports":
        """Begin to read the private stream from its first message on, in as many sessions as it takes."""
        ...

    def close(self) -> None:
        """End the thread, and all that runs in it."""
        ...


Reports = SimpleQueue[PrivateMessage | None]
"""As they come; after the last one ``None``."""


class AsyncioRuntime:
    """An event loop in a thread."""

    def __init__(self) -> None:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="asyncio traders")
        self._thread.start()

    def wait(self, made: Made) -> Any:
        async def wait() -> Any:
            return await made()

        return asyncio.run_coroutine_threadsafe(wait(), self._loop).result(PATIENCE_S)

    def call(self, act: Callable[[], Any]) -> Any:
        async def do() -> Any:
            return act()

        return self.wait(do)

    def connect(self, host: str, port: int, **words: Any) -> "Trader":
        block = Client.connect(host, port, **words)
        client = self.wait(block.__aenter__)
        return Trader(self, client, lambda: block.__aexit__(None, None, None))

    def stream(self, made: Callable[[], Any]) -> Stream:
        return _AsyncioStream(self, made)

    def reports_of(self, order: Any) -> Made:
        reports = self.call(order.__aiter__)
        return lambda: anext(reports, None)

    def read_through_breaks(self, host: str, port: int, account: str, count: int) -> Reports:
        heard: Reports = SimpleQueue()
        following = sessions(host, port, account=account, rng=Random(1), resume_from=1)

        async def read() -> None:
            left = count
            async with aclosing(following) as clients:
                async for client in clients:
                    with suppress(SessionBroken):
                        async for report in client.reports():
                            heard.put(report)
                            left -= 1
                            if not left:
                                heard.put(None)
                                return

        asyncio.run_coroutine_threadsafe(read(), self._loop)
        return heard

    def close(self) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(PATIENCE_S)
        self._loop.run_until_complete(self._loop.shutdown_asyncgens())
        self._loop.close()


class _AsyncioStream:
    """An asynchronous generator."""

    def __init__(self, runtime: AsyncioRuntime, made: Callable[[], Any]) -> None:
        self._runtime = runtime
        self._items = runtime.call(made)
        self._first: asyncio.Future[Any] | None = runtime.call(self._begin)

    def _begin(self) -> "asyncio.Future[Any]":
        return asyncio.ensure_future(anext(self._items, None))

    def next(self) -> Any:
        first, self._first = self._first, None
        return self._runtime.wait(lambda: anext(self._items, None) if first is None else first)

    def close(self) -> None:
        self._runtime.wait(self._close)

    async def _close(self) -> None:
        if self._first is not None:
            self._first.cancel()
            with suppress(asyncio.CancelledError, VenueError):
                await self._first
        await self._items.aclose()


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
        first, self._first = self._first, None
        return self._runtime.wait(lambda: self._items.next() if first is None else join(first))

    def close(self) -> None:
        if self._first is not None:
            self._runtime.call(self._first.cancel)
        self._runtime.wait(self._items.close)


RUNTIMES: Final[dict[str, Callable[[], Runtime]]] = {"asyncio": AsyncioRuntime, "legacy": LegacyRuntime}


class Order:
    """The handle of an order."""

    def __init__(self, runtime: Runtime, order: Any) -> None:
        self._runtime = runtime
        self._report = runtime.reports_of(order)
        self.view = order
        """What its owner knows of it."""

    def cancel(self) -> Any:
        return self._runtime.wait(self.view.cancel)

    def replace(self, **changes: Any) -> Any:
        return self._runtime.wait(lambda: self.view.replace(**changes))

    def reduce(self, by: int) -> Any:
        return self._runtime.wait(lambda: self.view.reduce(by))

    def next_report(self) -> PrivateMessage | None:
        """``None``: the order is done."""
        report: PrivateMessage | None = self._runtime.wait(self._report)
        return report

    def all_reports(self) -> list[PrivateMessage]:
        """Of an order that is done."""
        reports = []
        while (report := self.next_report()) is not None:
            reports.append(report)
        return reports


class Trader:
    """A client, whatever it runs on."""

    def __init__(self, runtime: Runtime, client: Any, leave: Made) -> None:
        self._runtime = runtime
        self._leave = leave
        self._has_left = False
        self._streams: list[Stream] = []
        self.client = client
        """To look at."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        with suppress(VenueError):  # tests that are about the end ask for it
            self.log_out()

    def log_out(self, *, streams: bool = True) -> None:
        """Leave in order; before that stop reading the ``streams``.

        Raises:
            VenueError: the session had ended before, in another way.
        """
        if self._has_left:
            return
        self._has_left = True
        for stream in self._streams if streams else ():
            with suppress(VenueError):
                stream.close()
        self._runtime.wait(self._leave)

    def buy(self, symbol: str, quantity: int = 0, **words: Any) -> Order:
        return Order(self._runtime, self.do("buy", symbol, quantity, **words))

    def sell(self, symbol: str, quantity: int = 0, **words: Any) -> Order:
        return Order(self._runtime, self.do("sell", symbol, quantity, **words))

    def do(self, name: str, *arguments: Any, **words: Any) -> Any:
        """Call a method of the client that is to be waited for."""
        return self._runtime.wait(lambda: getattr(self.client, name)(*arguments, **words))

    def error(self, name: str, *arguments: Any, **words: Any) -> Any:
        """As ``do``: the error that this ends with."""
        try:
            returned = self.do(name, *arguments, **words)
        except VenueError as error:
            return error
        raise AssertionError(f"{name} returned {returned}")

    def submit(self, *messages: Message) -> None:
        """Send requests without waiting for answers."""

        def submit() -> None:
            for message in messages:
                self.client.submit(message)

        self._runtime.call(submit)
        self.do("drain")

    def read(self, name: str, *arguments: Any, **words: Any) -> Stream:
        """Begin to read one of the client's streams."""
        stream = self._runtime.stream(lambda: getattr(self.client, name)(*arguments, **words))
        self._streams.append(stream)
        return stream

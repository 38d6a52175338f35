"""A trader of either runtime behind one interface that blocks, so that one scenario fits all pairs.

In: calls of a test. Out: what the client answers. Each runtime works in a thread of its own, ``asyncio_thread`` and
``kernel_thread``. What a client is asked for stands here once: both clients have the same names.
"""

from collections.abc import Callable
from contextlib import suppress
from queue import SimpleQueue
from typing import Any, Final, Protocol, Self

from protocol.errors import VenueError
from protocol.fields import Message
from protocol.messages import PrivateMessage

PATIENCE_S: Final = 20.0
"""Longer than any answer takes; only a failing test waits for it."""

Made = Callable[[], Any]
"""Makes something to be waited for, in the thread of its runtime: a coroutine, or a flow."""


class Stream(Protocol):
    """Something that is read item by item. Its first item is asked for at once: with that, reading has begun."""

    def next(self) -> Any:
        """The next item; ``None``: it has ended quietly."""
        ...

    def take(self, count: int) -> list[Any]:
        """So many items: the same, without changing threads for each."""
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

"""Public streams for readers that are tasks of this process: one log a stream, one async generator a reader.

In: messages of the hub, at once. Out: to each reader, whenever it asks, all that is new since it asked last: first how
things stand, then what changes. A message is put into its form once, for all readers, and leaves after the commit that
covers it. A stream keeps its newest messages for all of its readers together: who has fallen behind them is shown how
things stand. Matching never waits for a reader, and readers are woken a few at a time: a thousand of them wait for each
other, not the market for them.
"""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable
from time import perf_counter_ns
from typing import Final, Generic, TypeVar

from exchange.market_data.hub import MarketData
from exchange.market_data.keys import StreamKey
from protocol.errors import VenueError
from protocol.market import PublicMessage

KEPT: Final = 1_000
"""Messages of a stream that a reader may be behind; up to twice as many are in memory."""

AT_ONCE: Final = 2
"""Readers woken in one go."""

_WORK_NS: Final = 100_000
"""After so much work of readers, as they were woken, the market goes on for a while."""

_PAUSE_S: Final = 0.002

Form = TypeVar("Form")


class Feeds(Generic[Form]):
    """The streams of one venue, in the form in which their readers want them."""

    def __init__(
        self,
        hub: MarketData,
        committed: Callable[[], Awaitable[None]],
        form: Callable[[PublicMessage], Form],
        kept: int = KEPT,
    ) -> None:
        """``committed`` waits until all that was done so far is in the journal, and raises ``VenueError`` if it can't be."""
        self.hub = hub
        self.form = form
        self.kept = kept
        self._committed = committed
        self._logs: dict[StreamKey, _Log[Form]] = {}
        self._news = asyncio.Event()
        self._waking: asyncio.Task[None] | None = None
        self._closing = False
        self._closed = False

    async def read(self, key: StreamKey, silence_s: float | None = None) -> AsyncGenerator[list[Form]]:
        """What a stream tells, in pieces: in each all that is new, not to be changed. A piece is empty if there was
        nothing for ``silence_s``. Ends when the venue closes.

        Raises:
            NoSuchStream: no such instrument.
        """
        self.hub.check(key)
        if self._closing:
            return
        log = self._log(key)
        reader = _Reader()
        log.readers[reader] = None
        try:
            state, place = self.hub.snapshot(key), log.end
            while True:
                if state is not None:
                    await self._committed()
                    yield [self.form(state)]
                    state = None
                elif place < log.first:
                    state, place = self.hub.recovery(key), log.end
                elif place < log.safe:
                    piece, place = log.since(place), log.safe
                    yield piece
                elif self._closed:
                    return
                elif not await reader.is_woken(silence_s):
                    yield []
        except VenueError:
            return  # the venue is about to end, and says why itself
        finally:
            del log.readers[reader]
            if not log.readers:
                self.hub.unlisten(key, log.hear)
                del self._logs[key]

    def __len__(self) -> int:
        """How many readers there are."""
        return sum(len(log.readers) for log in self._logs.values())

    def close(self) -> None:
        """The venue closes: every reader ends when what was told so far is in the journal and has been read."""
        self._closing = True
        self._news.set()

    def _log(self, key: StreamKey) -> "_Log[Form]":
        log = self._logs.get(key)
        if log is None:
            self._logs[key] = log = _Log(self.form, self.kept, self._news.set)
            self.hub.listen(key, log.hear)
            log.forget()  # each reader is told by itself how things stand
        if self._waking is None:
            self._waking = asyncio.get_running_loop().create_task(self._wake())
        return log

    async def _wake(self) -> None:
        """Tell readers that there is something, until the venue closes."""
        worked_ns = 0
        while not self._closed:
            await self._news.wait()
            self._news.clear()
            closing = self._closing
            fresh = [(log, log.end) for log in self._logs.values() if log.end > log.safe]
            try:
                await self._committed()
            except VenueError:
                closing = True
            else:
                for log, end in fresh:
                    log.make_safe(end)
            if closing:
                self._closed = True
                fresh = [(log, log.end) for log in self._logs.values()]
            woken = 0
            for log, _ in fresh:
                for reader in list(log.readers):
                    reader.wake()
                    woken += 1
                    if not woken % AT_ONCE:
                        began_ns = perf_counter_ns()
                        await asyncio.sleep(0)  # now they read
                        worked_ns += perf_counter_ns() - began_ns
                        if worked_ns > _WORK_NS and not closing:
                            worked_ns = 0
                            await asyncio.sleep(_PAUSE_S)


class _Log(Generic[Form]):
    """One stream: its newest messages, by their place in it since somebody began to read."""

    def __init__(self, form: Callable[[PublicMessage], Form], kept: int, news: Callable[[], None]) -> None:
        self.readers: dict[_Reader, None] = {}
        self.first = 0
        self.end = 0
        self.safe = 0  # up to here they are in the journal, and in their form
        self._form = form
        self._kept = kept
        self._news = news
        self._messages: list[PublicMessage] = []
        self._formed: list[Form] = []
        self.hear = self._hear  # one and the same object each time, to be found by

    def forget(self) -> None:
        """Nothing was heard so far."""
        self.end = 0
        self._messages.clear()

    def _hear(self, message: PublicMessage) -> None:
        """The next message of the stream."""
        self.end += 1
        self._messages.append(message)
        if self.end - self.first > 2 * self._kept:
            self._shorten()
        self._news()

    def _shorten(self) -> None:
        """Forget the older half."""
        self.first += self._kept
        surplus = min(len(self._formed), self._kept)
        del self._formed[:surplus]
        del self._messages[: self._kept - surplus]
        self.safe = max(self.safe, self.first)

    def make_safe(self, end: int) -> None:
        """Messages up to there may leave."""
        count = end - self.safe
        if count > 0:
            self._formed += map(self._form, self._messages[:count])
            del self._messages[:count]
            self.safe = end

    def since(self, place: int) -> list[Form]:
        """All that may leave from there on."""
        return self._formed[place - self.first :]


class _Reader:
    """Where one reader waits."""

    __slots__ = ("_waiter",)

    def __init__(self) -> None:
        self._waiter: asyncio.Future[None] | None = None

    async def is_woken(self, silence_s: float | None) -> bool:
        """Wait until there may be something to read, or it is over; false: not within ``silence_s``."""
        self._waiter = asyncio.get_running_loop().create_future()
        try:
            if silence_s is None:  # half of what it takes is the timeout
                await self._waiter
            else:
                async with asyncio.timeout(silence_s):
                    await self._waiter
        except TimeoutError:
            return False
        finally:
            self._waiter = None
        return True

    def wake(self) -> None:
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)

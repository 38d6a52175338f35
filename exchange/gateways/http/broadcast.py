"""Public streams for many readers over HTTP: each message encoded once, each reader woken when it is its turn.

In: messages of the hub, at once; readers. Out: to each reader, whenever it can take more, all that is new in one piece.
A stream keeps its newest messages for all of its readers together: who has fallen behind them is shown how things
stand. Readers are woken a few at a time, and between those the market goes on: a thousand of them wait for each other,
not the market for them. Nothing leaves before the commit that covers it.
"""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Final

from exchange.market_data.hub import MarketData
from exchange.market_data.keys import StreamKey
from protocol.errors import VenueError
from protocol.market import PublicMessage

KEPT: Final = 1_000
"""Messages of a stream that a reader may be behind; up to twice as many are in memory."""

AT_ONCE: Final = 2
"""Readers woken in one go: a fifth of a millisecond of work."""

_PAUSE_S: Final = 0.002

Encode = Callable[[PublicMessage], bytes]


class Broadcasts:
    """The streams of one venue that are followed."""

    def __init__(
        self, hub: MarketData, committed: Callable[[], Awaitable[None]], encode: Encode, kept: int = KEPT
    ) -> None:
        """``committed`` waits until all that was done so far is in the journal."""
        self.hub = hub
        self.encode = encode
        self.kept = kept
        self.committed = committed
        self._streams: dict[StreamKey, _Broadcast] = {}
        self._news = asyncio.Event()
        self._waking: asyncio.Task[None] | None = None
        self.closed = False

    def follow(self, key: StreamKey) -> "Follower":
        """Begin to read a stream, of an instrument that exists. To be ended with ``leave``."""
        stream = self._streams.get(key)
        if stream is None:
            self._streams[key] = stream = _Broadcast(self, key)
            self.hub.listen(key, stream.hear)
            stream.begin()
        if self._waking is None:
            self._waking = asyncio.get_running_loop().create_task(self._wake())
        return Follower(self, stream)

    def forget(self, stream: "_Broadcast") -> None:
        """Nobody follows it any more."""
        self.hub.unlisten(stream.key, stream.hear)
        del self._streams[stream.key]

    def note(self) -> None:
        """There is something new."""
        self._news.set()

    async def close(self) -> None:
        """The venue closes: every reader ends."""
        self.closed = True
        for stream in self._streams.values():
            for follower in stream.followers:
                follower.wake()
        if self._waking is not None:
            self._waking.cancel()
            await asyncio.gather(self._waking, return_exceptions=True)

    async def _wake(self) -> None:
        """Tell readers that there is something, for ever."""
        while True:
            await self._news.wait()
            self._news.clear()
            fresh = [(stream, stream.end) for stream in self._streams.values() if stream.end > stream.safe]
            try:
                await self.committed()
            except VenueError:
                return  # the venue is about to end
            for stream, end in fresh:
                stream.make_safe(end)
            woken = 0
            for stream, _ in fresh:
                for follower in list(stream.followers):
                    follower.wake()
                    woken += 1
                    if not woken % AT_ONCE:
                        await asyncio.sleep(_PAUSE_S)


class _Broadcast:
    """One stream: its newest messages, by their place in it since somebody began to follow."""

    def __init__(self, all_: Broadcasts, key: StreamKey) -> None:
        self.key = key
        self.followers: dict[Follower, None] = {}
        self.first = 0
        self.end = 0
        self.safe = 0  # up to here they are in the journal, and encoded
        self._all = all_
        self._messages: list[PublicMessage] = []
        self._events: list[bytes] = []
        self._joined: tuple[int, int, bytes] = (0, 0, b"")
        self._begun = False
        self.hear = self._hear  # one and the same object each time, to be found by

    def begin(self) -> None:
        """Forget what was heard: each reader is told by itself how things stand."""
        self.end = 0
        self._messages.clear()

    def _hear(self, message: PublicMessage) -> None:
        self.end += 1
        self._messages.append(message)
        if self.end - self.first > 2 * self._all.kept:
            self._shorten()
        self._all.note()

    def _shorten(self) -> None:
        """Forget the older half."""
        self.first += self._all.kept
        surplus = min(len(self._events), self._all.kept)
        del self._events[:surplus]
        del self._messages[: self._all.kept - surplus]
        self.safe = max(self.safe, self.first)

    def make_safe(self, end: int) -> None:
        """Messages up to there may leave."""
        count = end - self.safe
        if count > 0:
            self._events += map(self._all.encode, self._messages[:count])
            del self._messages[:count]
            self.safe = end

    def since(self, place: int) -> bytes:
        """All that may leave from there on."""
        begin, end, joined = self._joined
        if (begin, end) != (place, self.safe):
            joined = b"".join(self._events[place - self.first :])
            self._joined = (place, self.safe, joined)
        return joined


class Follower:
    """One reader."""

    __slots__ = ("_all", "_first", "_place", "_stream", "_waiter")

    def __init__(self, all_: Broadcasts, stream: _Broadcast) -> None:
        self._all = all_
        self._stream = stream
        self._place = stream.end
        self._first = True
        self._waiter: asyncio.Future[None] | None = None
        stream.followers[self] = None

    def leave(self) -> None:
        """It reads no more."""
        del self._stream.followers[self]
        if not self._stream.followers:
            self._all.forget(self._stream)

    async def state(self) -> PublicMessage | None:
        """How the stream stands, for the beginning; what ``next`` gives goes on from there."""
        self._place = self._stream.end
        state = self._all.hub.snapshot(self._stream.key)
        await self._all.committed()
        return state

    async def next(self, pause_s: float) -> bytes | None:
        """All that is new, at least one event; empty if there was nothing for ``pause_s``; ``None``: it is over."""
        stream = self._stream
        while not self._all.closed:
            if self._place < stream.first:
                self._place = stream.end
                state = self._all.hub.recovery(stream.key)
                await self._all.committed()
                if state is not None:
                    return self._all.encode(state)
            elif self._place < stream.safe:
                data = stream.since(self._place)
                self._place = stream.safe
                return data
            else:
                self._waiter = asyncio.get_running_loop().create_future()
                try:
                    async with asyncio.timeout(pause_s):
                        await self._waiter
                except TimeoutError:
                    return b""
                finally:
                    self._waiter = None
        return None

    def wake(self) -> None:
        """There is something to read, or it is over."""
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)

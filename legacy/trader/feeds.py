"""Bounded queues between a connection and who reads it: the policies of ``traders.policies``, for tasks of the kernel.

In: items, put by the connection, which never waits. Out: ``yield from feed.next()``: the next item to one reader, ``None`` at
the quiet end; any other end is raised, after what was queued. ``async for`` does the same in an ``async def``.
"""

from collections.abc import Callable, Generator
from contextlib import AbstractContextManager
from types import TracebackType
from typing import Any, Generic, Self, TypeVar

from legacy.traps import flow
from legacy.waiting import WaitQueue
from protocol.errors import SessionBusy, VenueError
from protocol.market import AuctionMessage, Bar
from traders import policies
from traders.market import readers
from traders.market.items import Heard, State

T = TypeVar("T")


class Parked(policies.Feed[T]):
    """Mixed in behind a policy: its reader is a task that parks."""

    _parking: WaitQueue | None = None  # made when somebody waits for the first time

    def _wake(self) -> None:
        self._waiter.wake_one()

    @flow
    def next(self) -> Generator[Any, Any, T | None]:
        """The next item; ``None``: the session was logged out, nothing follows.

        Raises:
            SessionBusy: another task waits for it.
            SlowConsumer: more came than may be left unread.
            SessionBroken, or another VenueError: the session ended out of order.
        """
        while not self._ready():
            if self._is_over():
                return None
            if self._waiter is not None:
                raise SessionBusy(self.name)
            if self._parking is None:
                self._parking = WaitQueue(self.name)
            self._waiter = self._parking
            try:
                yield from self._parking.park()
            finally:
                self._waiter = None
        return self._take()

    def __aiter__(self) -> Self:
        return self

    @flow
    def __anext__(self) -> Generator[Any, Any, T]:
        item = yield from self.next()
        if item is None:
            raise StopAsyncIteration
        return item


class Queue(policies.Queue[T], Parked[T]):
    """Every item in order, a bounded number of them unread."""


class StateReader(readers.StateReader[T], Parked[T]):
    """How things stand in one stream."""


class NewsReader(readers.NewsReader[T], Parked[T]):
    """Everything that happened in one stream."""


class AuctionReader(readers.AuctionReader, Parked[AuctionMessage]):
    """Auctions of one instrument."""


class CandleReader(readers.CandleReader, Parked[Bar]):
    """Candles of one instrument and length."""


class MarketInbox(readers.MarketInbox[T], Parked[T | State | Heard]):
    """Any public streams of any number of instruments, beside other items."""


class Reading(Generic[T]):
    """A stream of a session, from the first ``next`` to ``close``: what is an asynchronous generator under asyncio.

    ``with client.depth("ACME") as depths:`` begins to read at once, and closes at the end of the block.
    """

    def __init__(
        self, opens: Callable[[], AbstractContextManager[Any]], shown: Callable[[Any], T | None]
    ) -> None:
        """``opens`` gives the feed, for as long as it is read. ``shown``: what an item is to the reader; ``None``: nothing."""
        self._opens = opens
        self._shown = shown
        self._open: AbstractContextManager[Any] | None = None
        self._feed: Any = None
        self._is_closed = False

    @flow
    def next(self) -> Generator[Any, Any, T | None]:
        """The next item; ``None``: nothing follows, the session was logged out or this was closed.

        A task that is cancelled while it waits, by a timeout for instance, misses nothing: the next call goes on.

        Raises:
            SessionBusy: another task reads it.
            VenueError: as the method says that this is from; it is closed then.
        """
        self._begin()
        try:
            while not self._is_closed:
                item = yield from self._feed.next()
                if item is None:
                    self._end()
                    break
                shown = self._shown(item)
                if shown is not None:
                    return shown
        except SessionBusy:
            raise
        except VenueError as error:
            self._end(error)
            raise
        return None

    @flow
    def close(self) -> Generator[Any, Any, None]:
        """Read no more: unsubscribes, if nobody else reads the same. Twice is once."""
        self._end()
        yield from ()

    def __enter__(self) -> Self:
        self._begin()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._end()

    def __aiter__(self) -> Self:
        return self

    @flow
    def __anext__(self) -> Generator[Any, Any, T]:
        item = yield from self.next()
        if item is None:
            raise StopAsyncIteration
        return item

    def _begin(self) -> None:
        if self._open is None and not self._is_closed:
            opening = self._opens()
            self._feed = opening.__enter__()
            self._open = opening

    def _end(self, error: VenueError | None = None) -> None:
        self._is_closed = True
        opened, self._open = self._open, None
        if opened is not None:
            opened.__exit__(None if error is None else type(error), error, None)

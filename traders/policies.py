"""Bounded queues between a connection and who reads it, without the waiting.

In: items, put by the connection, which never waits. Out: the same items to one reader; how it waits is up to what runs it,
``traders.feed`` under asyncio. The policies, one class each:

* ``Queue`` keeps every item in order; when it is full the reader is hung up on: it still gets what
  was queued, then ``SlowConsumer``.
* ``Latest`` conflates: the reader gets the newest state, however many changes it slept through.
* ``Inbox`` does both at once for a reader of several streams: reports and prints are kept in order,
  depth conflates by instrument and stands where its newest change stood.

All of them end quietly on ``SessionClosed`` and raise any other end, after what was queued.
"""

from collections import OrderedDict, deque
from collections.abc import Callable, Hashable
from typing import Any, Generic, TypeVar, cast

from protocol.errors import SessionClosed, SlowConsumer, VenueError

T = TypeVar("T")


class Feed(Generic[T]):
    """What the policies share: one reader, who waits and is woken, and an end."""

    def __init__(self, name: str) -> None:
        self.name = name
        self._end: VenueError | None = None
        self._waiter: Any = None
        """What the reader waits for; ``None``: it does not."""

    def end(self, error: VenueError) -> None:
        """Nothing follows what is queued; ``SessionClosed`` is the quiet end. The first end counts."""
        if self._end is None:
            self._end = error
            if self._waiter is not None:
                self._wake()

    def _is_over(self) -> bool:
        """Whether it has ended quietly.

        Raises:
            VenueError: it has ended in another way. A fresh copy: one end may be raised to many readers, each with its
                own traceback.
        """
        if self._end is None:
            return False
        if isinstance(self._end, SessionClosed):
            return True
        raise type(self._end)(*self._end.args) from self._end

    def _wake(self) -> None:
        """Somebody waits, and has something to look at."""
        raise NotImplementedError

    def _ready(self) -> bool:
        raise NotImplementedError

    def _take(self) -> T:
        raise NotImplementedError


class Queue(Feed[T]):
    """Every item in order, at most ``limit`` unread."""

    def __init__(self, name: str, limit: int) -> None:
        super().__init__(name)
        self._limit = limit
        self._items: deque[T] = deque()

    def put(self, item: T) -> None:
        """Append an item. Never waits, never raises; after the end it does nothing."""
        if self._end is not None:
            return
        if len(self._items) == self._limit:
            self.end(SlowConsumer(self.name, self._limit))
            return
        self._items.append(item)
        if self._waiter is not None:
            self._wake()

    def hand_over(self, to: "Queue[T] | Inbox[T]") -> None:
        """Give what is unread, and the end if there is one, to another that is read in its place."""
        while self._items:
            to.put(self._items.popleft())
        if self._end is not None:
            to.end(self._end)

    def _ready(self) -> bool:
        return bool(self._items)

    def _take(self) -> T:
        return self._items.popleft()


class Latest(Feed[T]):
    """The newest state only; ``read`` makes it when the reader asks."""

    def __init__(self, name: str, read: Callable[[], T]) -> None:
        super().__init__(name)
        self._read = read
        self._changed = False

    def touch(self) -> None:
        """The state changed."""
        self._changed = True
        if self._waiter is not None:
            self._wake()

    def forget(self) -> None:
        """The state is not to be read until it is touched again."""
        self._changed = False

    def _ready(self) -> bool:
        return self._changed

    def _take(self) -> T:
        self._changed = False
        return self._read()


class Inbox(Feed[T]):
    """Several streams as one: ``put`` keeps, ``touch`` conflates."""

    def __init__(self, name: str, limit: int) -> None:
        super().__init__(name)
        self.limit = limit
        self._kept = 0
        # A kept item has its number for a key, a conflated one its own, and what makes it.
        self._items: OrderedDict[Hashable, T | Callable[[], T]] = OrderedDict()

    def __len__(self) -> int:
        """How many are unread."""
        return len(self._items)

    def put(self, item: T) -> None:
        """Append an item. Never waits, never raises; after the end it does nothing."""
        if self._end is not None:
            return
        if len(self._items) >= self.limit:
            self.end(SlowConsumer(self.name, self.limit))
            return
        self._kept += 1
        self._items[self._kept] = item
        if self._waiter is not None:
            self._wake()

    def touch(self, key: Hashable, read: Callable[[], T]) -> None:
        """The state called ``key``, anything but a number, changed; ``read`` makes it. An unread change of it is
        forgotten.
        """
        if self._end is None:
            self._items[key] = read
            self._items.move_to_end(key)
            if self._waiter is not None:
                self._wake()

    def forget(self, key: Hashable) -> None:
        """The state called ``key`` is not to be read until it is touched again."""
        self._items.pop(key, None)

    def _ready(self) -> bool:
        return bool(self._items)

    def _take(self) -> T:
        key, item = self._items.popitem(last=False)
        return cast("T", item) if isinstance(key, int) else cast("Callable[[], T]", item)()

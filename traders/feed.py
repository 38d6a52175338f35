"""Bounded queues between a connection and who reads it: the policies of ``traders.policies``, under asyncio.

In: items, put by the connection and never awaited. Out: asynchronous iteration by one reader. All of them end quietly on
``SessionClosed`` and raise any other end, after what was queued.
"""

import asyncio
from typing import Self, TypeVar

from protocol.errors import SessionBusy
from traders import policies

T = TypeVar("T")


class Awaited(policies.Feed[T]):
    """Mixed in behind a policy: its items with ``async for``."""

    def _wake(self) -> None:
        if not self._waiter.done():
            self._waiter.set_result(None)

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> T:
        while not self._ready():
            if self._is_over():
                raise StopAsyncIteration
            if self._waiter is not None:
                raise SessionBusy(self.name)
            self._waiter = asyncio.get_running_loop().create_future()
            try:
                await self._waiter
            finally:
                self._waiter = None
        return self._take()


class Queue(policies.Queue[T], Awaited[T]):
    """Every item in order, a bounded number of them unread."""


class Latest(policies.Latest[T], Awaited[T]):
    """The newest state only."""


class Inbox(policies.Inbox[T], Awaited[T]):
    """Several streams as one."""

"""Traders of asyncio: an event loop in a thread, to which coroutines are handed with ``run_coroutine_threadsafe``.

In: what a test asks for. Out: answers, when they are there.
"""

import asyncio
import threading
from collections.abc import Callable
from contextlib import aclosing, suppress
from queue import SimpleQueue
from random import Random
from typing import Any

from protocol.errors import SessionBroken, VenueError
from tests.conformance.pairs.blocking import PATIENCE_S, Made, Reports, Stream, Trader
from traders.client import Client
from traders.reconnect import sessions


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
        return self._runtime.wait(self._next)

    def take(self, count: int) -> list[Any]:
        async def take() -> list[Any]:
            return [await self._next() for _ in range(count)]

        items: list[Any] = self._runtime.wait(take)
        return items

    async def _next(self) -> Any:
        first, self._first = self._first, None
        return await (anext(self._items, None) if first is None else first)

    def close(self) -> None:
        self._runtime.wait(self._close)

    async def _close(self) -> None:
        if self._first is not None:
            self._first.cancel()
            with suppress(asyncio.CancelledError, VenueError):
                await self._first
        await self._items.aclose()

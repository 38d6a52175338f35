"""Step 9 with ``async``: every consumer is a task with a queue of its own, and a bound; the producer waits for the slowest.

What ``send`` did in one step takes two here, put and get, and between them anybody may run. What that buys: a consumer may wait
for something else as well.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine, Iterable
from typing import Any

from exchange.market_data.bars import GrowingBar, start_of
from legacy.steps.market import ACME
from legacy.steps.registry import Out
from legacy.steps.step_08 import line_of
from legacy.steps.step_09 import market_talk
from legacy.steps.tape import time_of_day, units
from protocol.fields import Message
from protocol.market import Bar, DepthDelta, DepthSnapshot, PhaseStatus, TradePrint
from protocol.vocabulary import Interval, Phase, Price
from traders.book_view import BookView


class Branch:
    """A consumer, and the queue that it reads. ``None`` in the queue is the end."""

    def __init__(
        self,
        group: asyncio.TaskGroup,
        consume: Callable[[AsyncIterator[Message]], Coroutine[Any, Any, None]],
    ) -> None:
        self.queue: asyncio.Queue[Message | None] = asyncio.Queue(16)
        self.task = group.create_task(consume(self._messages()))

    async def _messages(self) -> AsyncIterator[Message]:
        while (message := await self.queue.get()) is not None:
            yield message


async def broadcast(messages: Iterable[Message], branches: Iterable[Branch]) -> None:
    """Everything to everybody who has not ended; then the end."""
    for message in (*messages, None):
        for branch in branches:
            if not branch.task.done():
                await branch.queue.put(message)


async def book_view(messages: AsyncIterator[Message], view: BookView) -> None:
    """Keeps a book by the messages of its depth stream."""
    async for message in messages:
        if isinstance(message, DepthSnapshot | DepthDelta):
            view.apply(message)


async def candles(messages: AsyncIterator[Message], hand_out: Callable[[Bar], None]) -> None:
    """Hands out each candle when a later trade, a halt or the end closes it."""
    growing: GrowingBar | None = None
    async for message in messages:
        match message:
            case PhaseStatus(phase=Phase.HALT) if growing is not None:
                hand_out(growing.bar())
                growing = None
            case TradePrint():
                start = start_of(message.at_ns, Interval.MINUTE)
                if growing is not None and growing.start_ns == start:
                    growing.add(message.price, message.quantity)
                    continue
                if growing is not None:
                    hand_out(growing.bar())
                growing = GrowingBar.of(start, message.trade_id, message.price, message.quantity)
    if growing is not None:
        hand_out(growing.bar())


async def alarm(
    messages: AsyncIterator[Message], distance: Price, ring: Callable[[TradePrint], None]
) -> None:
    """Rings at the first trade that is so far from the first price, and ends."""
    first: TradePrint | None = None
    async for message in messages:
        if isinstance(message, TradePrint):
            first = first or message
            if abs(message.price - first.price) >= distance:
                ring(message)
                return


async def main(out: Out) -> None:
    """One feed, three consumers."""
    view = BookView(ACME)

    def ring(trade: TradePrint) -> None:
        out(f"-- {time_of_day(trade.at_ns)} alarm: {units(trade.price)}")

    async with asyncio.TaskGroup() as group:
        branches = [
            Branch(group, lambda messages: book_view(messages, view)),
            Branch(group, lambda messages: candles(messages, lambda bar: out(line_of(bar)))),
            Branch(group, lambda messages: alarm(messages, 40, ring)),
        ]
        await broadcast(market_talk(orders=250), branches)
    out(
        f"the book after {view.seq} changes: bid {units(view.best_bid or 0)}, ask {units(view.best_ask or 0)}"
    )

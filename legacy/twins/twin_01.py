"""Step 1 with ``async``: an iterator whose next value may take its time.

``__anext__`` is a coroutine function, and the end is ``StopAsyncIteration``: ``StopIteration`` is taken, it ends the coroutine.
"""

import asyncio
from typing import Self

from legacy.steps.registry import Out
from legacy.steps.tape import parse, time_of_day, units
from legacy.twins.feed import sample_feed
from protocol.market import TradePrint


class TapeReader:
    """Waits for one trade each time it is asked for one."""

    def __init__(self, tape: asyncio.StreamReader) -> None:
        self._tape = tape
        self.lines_read = 0

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> TradePrint:
        line = await self._tape.readline()
        if not line:
            raise StopAsyncIteration
        self.lines_read += 1
        return parse(line)


async def main(out: Out) -> None:
    """Two by hand, the others by ``async for``."""
    async with sample_feed() as tape:
        reader = TapeReader(tape)
        for trade in [await anext(reader), await anext(reader)]:
            out(f"{time_of_day(trade.at_ns)}  {trade.quantity:>2} {trade.symbol} at {units(trade.price)}")
        out(f"read so far: {reader.lines_read} lines")

        rest = 0
        async for _ in reader:
            rest += 1
        out(f"for has read the other {rest}")

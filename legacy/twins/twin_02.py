"""Step 2 with ``async``: ``yield`` in an ``async def`` makes an asynchronous generator."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import aclosing

from legacy.steps.registry import Out
from legacy.steps.tape import parse
from legacy.twins.feed import sample_feed
from protocol.market import TradePrint


async def read_tape(tape: asyncio.StreamReader) -> AsyncIterator[TradePrint]:
    """The trades of a tape, each when it is asked for and there."""
    async for line in tape:
        yield parse(line)


async def main(out: Out) -> None:
    """Two trades. Whoever leaves early closes: with ``aclosing``, for ``aclose`` may have to wait as well."""
    async with sample_feed() as tape, aclosing(read_tape(tape)) as reader:  # type: ignore[type-var]
        first, second = await anext(reader), await anext(reader)
        out(f"next() and next() have read two trades: numbers {first.trade_id} and {second.trade_id}")

"""Step 8 with ``async``: into a task only one exception can be thrown from outside, ``cancel``. A halt is a message like trades.

``finally`` is what it was: it runs when the task is cancelled, as it ran at ``close``. Unlike ``close``, ``cancel`` only asks; to know that
it has ended one waits for the task.
"""

import asyncio
from collections.abc import Callable
from contextlib import suppress

from exchange.market_data.bars import GrowingBar, start_of
from legacy.steps.registry import Out
from legacy.steps.step_02 import read_tape
from legacy.steps.step_08 import Halted, line_of
from legacy.steps.tape import SAMPLE
from protocol.market import Bar, TradePrint
from protocol.vocabulary import Interval


async def candle_builder(
    feed: asyncio.Queue[TradePrint | Halted],
    hand_out: Callable[[Bar], None],
    interval: Interval = Interval.MINUTE,
) -> None:
    """Takes the trades of an instrument; hands out each candle when a later trade, a halt or the end closes it."""
    growing: GrowingBar | None = None
    try:
        while True:
            told = await feed.get()
            feed.task_done()  # it will be, before anybody else runs: there is no await on the way
            match told:
                case Halted():
                    if growing is not None:
                        hand_out(growing.bar())
                        growing = None
                case TradePrint() as trade:
                    start = start_of(trade.at_ns, interval)
                    if growing is not None and growing.start_ns == start:
                        growing.add(trade.price, trade.quantity)
                        continue
                    if growing is not None:
                        hand_out(growing.bar())
                    growing = GrowingBar.of(start, trade.trade_id, trade.price, trade.quantity)
    finally:
        if growing is not None:
            hand_out(growing.bar())


async def main(out: Out) -> None:
    """Four minutes of BOLT, with a halt in the third of them. A queue of one: ``put`` waits for ``get``."""
    feed = asyncio.Queue[TradePrint | Halted](1)
    builder = asyncio.create_task(candle_builder(feed, lambda bar: out(line_of(bar))))
    trades = (trade for trade in read_tape(SAMPLE) if trade.symbol == "BOLT")
    for number, trade in enumerate(trades):
        if number == 45:
            halt = Halted(trade.symbol, trade.at_ns)
            out(f"-- throw: {halt}")
            await feed.put(halt)
        if number == 60:
            break
        await feed.put(trade)
    await feed.join()
    out("-- close")
    builder.cancel()
    with suppress(asyncio.CancelledError):
        await builder

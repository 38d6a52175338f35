"""Step 4 with ``async``: the same pipe, and the wait at its source needs no ``wait`` of ours: the task is parked."""

from collections.abc import AsyncIterable, AsyncIterator

from exchange.market_data.bars import GrowingBar, start_of
from legacy.steps.market import ACME
from legacy.steps.registry import Out
from legacy.steps.step_04 import show
from legacy.steps.tape import message_of
from legacy.twins.feed import sample_feed
from protocol.market import Bar, TradePrint
from protocol.vocabulary import Interval, Symbol


def only(symbol: Symbol, lines: AsyncIterable[bytes]) -> AsyncIterator[bytes]:
    """Lines about one instrument."""
    wanted = f'"symbol":"{symbol}"'.encode()
    return (line async for line in lines if wanted in line)


async def trades(lines: AsyncIterable[bytes]) -> AsyncIterator[TradePrint]:
    """The trades among them."""
    async for line in lines:
        message = message_of(line)
        if isinstance(message, TradePrint):
            yield message


async def candles(
    prints: AsyncIterable[TradePrint], interval: Interval = Interval.MINUTE
) -> AsyncIterator[Bar]:
    """A candle for each interval in which something traded, as soon as a later one begins."""
    growing: GrowingBar | None = None
    async for trade in prints:
        start = start_of(trade.at_ns, interval)
        if growing is not None and growing.start_ns == start:
            growing.add(trade.price, trade.quantity)
        else:
            if growing is not None:
                yield growing.bar()
            growing = GrowingBar.of(start, trade.trade_id, trade.price, trade.quantity)
    if growing is not None:
        yield growing.bar()


async def main(out: Out) -> None:
    """A reader of a connection is an asynchronous iterator of lines already."""
    async with sample_feed() as tape:
        async for bar in candles(trades(only(ACME, tape))):
            show([bar], out)

"""Step 3 with ``async``: there are asynchronous generator expressions, but no ``sum`` that waits."""

from collections.abc import AsyncIterable

from legacy.steps.market import ACME, BOLT
from legacy.steps.registry import Out
from legacy.steps.tape import units
from legacy.twins.feed import sample_feed
from legacy.twins.twin_02 import read_tape
from protocol.market import TradePrint
from protocol.vocabulary import Price, Quantity, Symbol


async def volume_and_average(
    trades: AsyncIterable[TradePrint], symbol: Symbol
) -> tuple[Quantity, Price | None]:
    """How much was traded, and at which price on average."""
    own = ((trade.price * trade.quantity, trade.quantity) async for trade in trades if trade.symbol == symbol)
    turnover = volume = 0
    async for amount, quantity in own:
        turnover += amount
        volume += quantity
    return volume, turnover // volume if volume else None


async def main(out: Out) -> None:
    """Each from a connection of its own."""
    for symbol in (ACME, BOLT):
        async with sample_feed() as tape:
            volume, average = await volume_and_average(read_tape(tape), symbol)
        assert average is not None
        out(f"{symbol}: {volume} traded, at {units(average)} on average")

"""The asynchronous generator: ``async def`` with a ``yield`` in it, and the stream of step 20 is a loop again.

The flow: the same book, as the client of this project really gives it out.

What step 2 did for the iterator of step 1 this does for that of step 20: where the function stands is what the object had to
remember. ``finally`` unsubscribes, however the reader leaves. One thing is new: a loop that is left by ``break`` leaves the
generator suspended, and its ``finally`` may wait, so that nobody but somebody who awaits can run it. ``aclosing`` does, at the end
of the block; without it, it runs when the event loop finds the time, or never.

Streams are chained as in step 4: ``tops`` reads one and yields another, and the consumer drives. ``client.depth(...)`` is the
product's own: the same generator, with numbers and checksums proved and a recovery when they are wrong.
"""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing

from legacy.steps.registry import Out
from legacy.steps.step_19 import market
from legacy.steps.step_20 import ACME, Line, line_of
from legacy.steps.tape import units
from protocol.errors import RemoteProtocolError
from protocol.fields import Level
from protocol.market import DepthDelta, DepthSnapshot
from protocol.messages import Error, Subscribe, Unsubscribe
from protocol.vocabulary import Channel, Symbol
from traders.book_view import BookView, Depth
from traders.client import Client

TITLE = "Asynchronous generator"
MISSING = "Each stream is read by one loop, and one task runs one loop: many flows at once need somebody who begins them, ends them, and hears of their errors."


async def depth(line: Line, symbol: Symbol) -> AsyncGenerator[Depth, None]:
    """The book of an instrument: now, then after each change."""
    view = BookView(symbol)
    line.send(Subscribe(Channel.DEPTH, symbol))
    try:
        while (message := await line.next()) is not None:
            match message:
                case DepthSnapshot() | DepthDelta():
                    view.apply(message)
                    yield view.view()
                case Error(line=int(number)):
                    raise RemoteProtocolError(message.code, message.text, number)
    finally:
        await line.leave(Unsubscribe(Channel.DEPTH, symbol))


async def tops(books: AsyncIterator[Depth]) -> AsyncGenerator[tuple[Level | None, Level | None], None]:
    """The best bid and the best ask, whenever either changes. Does not close ``books``: whoever opened them does."""
    before = None
    async for book in books:
        top = next(iter(book.bids), None), next(iter(book.asks), None)
        if top != before:
            before = top
            yield top


async def watch(out: Out) -> None:
    """The flow of step 20, with this stream; then a chain of two on the product's own."""
    async with market() as venue, Client.connect(*venue.address, account="ben") as ben:
        async with Line(*venue.address, "anna") as line, aclosing(depth(line, ACME)) as books:
            orders = iter(
                (
                    lambda: ben.sell("ACME", 5, at=10_010),
                    lambda: ben.buy("ACME", 3, at=10_000),
                    lambda: ben.buy("ACME", 2, at=10_005),
                )
            )
            async for book in books:
                out(line_of(book))
                order = next(orders, None)
                if order is None:
                    break
                await order()
        out("left by break: the stream is closed, and the session")

        async with (
            Client.connect(*venue.address, account="anna") as anna,
            aclosing(anna.depth("ACME")) as books,
            aclosing(tops(books)) as changes,
        ):
            async for bid, ask in changes:
                out(f"best: {units(bid[0]) if bid else '-'} {units(ask[0]) if ask else '-'}")
                if ask is None:
                    break
                await ben.buy("ACME", 1, at=9_990)  # behind the best: nothing that tops tells
                await ben.buy("ACME", 5, at=10_010)


def main(out: Out) -> None:
    """Run it under asyncio."""
    asyncio.run(watch(out))

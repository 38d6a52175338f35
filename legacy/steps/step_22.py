"""Structured asyncio: whoever begins a flow waits for its end, and learns what came of it.

The flow: two who quote, each over a connection of his own, and a third one who fails. What becomes of the quotes of the others?

``gather`` (2014) waits for several at once. When one of them fails it raises that error and goes; the others go on, and nobody looks
after them. A ``TaskGroup`` (3.11) is a block: it is left when all of its tasks have ended. When one fails the others are
cancelled, clean up (log out here, and the venue cancels their orders), and then the errors come out, all of them. It is
the rule of our kernel, that a child never outlives its parent. ``timeout`` is a block as well: what is in it when the time has
come is cancelled, and the block turns that into a ``TimeoutError``.

Venue and client are those that the product really uses.
"""

import asyncio
from contextlib import AsyncExitStack, aclosing

from exchange.assembly import Address
from exchange.in_process import InProcess
from legacy.steps.registry import Out
from legacy.steps.step_19 import market
from legacy.steps.step_20 import ACME
from legacy.steps.tape import units
from protocol.market import DepthSnapshot
from protocol.vocabulary import Price, Quantity
from traders.client import Client

TITLE = "Structured asyncio"
MISSING = "Nothing that these flows need: the client and the venue of the product are written like this."


class LostHeart(Exception):
    """Somebody does not want to trade any more."""


# -- three at once ---------------------------------------------------------------------------------
async def quotes(address: Address, account: str, price: Price, at_work: asyncio.Barrier) -> None:
    """Bids, until somebody sells. Whatever ends it, the venue cancels the order when the session ends."""
    async with Client.connect(*address, account=account, cancel_on_disconnect=True) as client:
        order = await client.buy(ACME, 1, at=price)
        await at_work.wait()
        async for _ in order:
            pass


async def fails(at_work: asyncio.Barrier) -> None:
    """Waits until the others are at work, and gives up."""
    await at_work.wait()
    raise LostHeart("the third one gave up")


async def with_gather(address: Address) -> list[asyncio.Task[None]]:
    """Begins all three; those that are still at work when ``gather`` is not."""
    at_work = asyncio.Barrier(3)
    tasks = [
        asyncio.create_task(quotes(address, "anna", 10_000, at_work)),
        asyncio.create_task(quotes(address, "ben", 9_990, at_work)),
        asyncio.create_task(fails(at_work)),
    ]
    try:
        await asyncio.gather(*tasks)
    except LostHeart:
        return [task for task in tasks if not task.done()]
    return []


async def with_group(address: Address) -> None:
    """Begins all three, and is left when all three have ended.

    Raises:
        ExceptionGroup: what they raised.
    """
    at_work = asyncio.Barrier(3)
    async with asyncio.TaskGroup() as group:
        group.create_task(quotes(address, "anna", 10_000, at_work))
        group.create_task(quotes(address, "ben", 9_990, at_work))
        group.create_task(fails(at_work))


# -- so long, and no longer ------------------------------------------------------------------------
async def buy_within(client: Client, seconds: float, quantity: Quantity, price: Price) -> Quantity:
    """Bids, takes the order back if it is not done in time, and returns what was bought."""
    order = await client.buy(ACME, quantity, at=price)
    try:
        async with asyncio.timeout(seconds):
            async for _ in order:
                pass
    except TimeoutError:
        await order.cancel()
    return order.cumulative


# -- where gather is right -------------------------------------------------------------------------
async def positions(*clients: Client) -> list[int]:
    """What each of them has, asked for at the same time: short, of one kind, and the answers are in order."""
    states = await asyncio.gather(*(client.account() for client in clients))
    return [sum(holding.quantity for holding in state.holdings) for state in states]


# -- all of it -------------------------------------------------------------------------------------
async def bids(venue: InProcess) -> list[Price]:
    """The prices that somebody bids now."""
    async with aclosing(venue.market_data.depth(ACME)) as updates:
        first = await anext(updates)
        assert isinstance(first, DepthSnapshot)
        return [price for price, _ in first.bids]


async def trade(out: Out) -> None:
    """A failure in a gathering and in a group; then a deadline."""
    async with market() as venue:
        left = await with_gather(venue.address)
        out(f"gather is over; at work: {len(left)}, bids in the book: {len(await bids(venue))}")
        for task in left:
            task.cancel()
        await asyncio.wait(left)
        out(f"cancelled by hand; bids in the book: {len(await bids(venue))}")

        try:
            # In a task of its own: early releases of Python 3.11 take one whose group has failed for cancelled ever after.
            await asyncio.create_task(with_group(venue.address))
        except* LostHeart as errors:
            out(f"the group is over: {errors.exceptions[0]}; bids in the book: {len(await bids(venue))}")

        async with AsyncExitStack() as stack:
            anna, ben = [
                await stack.enter_async_context(Client.connect(*venue.address, account=name))
                for name in ("anna", "ben")
            ]
            await ben.sell(ACME, 3, at=10_000)
            bought = await buy_within(anna, 0.05, 5, 10_000)
            out(f"anna has bought {bought} of 5 in time at {units(10_000)}; the rest is canceled")
            out(f"anna and ben have {await positions(anna, ben)}")


def main(out: Out) -> None:
    """Run it under asyncio."""
    asyncio.run(trade(out))

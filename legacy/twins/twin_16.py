"""Step 16 with ``async``: sub-routines that wait are called with ``await``, and the interpreter keeps the stack, in ``cr_await``."""

import asyncio
from collections.abc import Iterator
from types import CoroutineType

from legacy.steps.registry import Out
from legacy.steps.step_15 import order
from legacy.twins.twin_15 import Trader, serving
from protocol.messages import Login, NewOrder
from protocol.vocabulary import AccountId, Side


async def trade(address: tuple[str, int], name: str, request: NewOrder, answers: int, out: Out) -> Trader:
    """Connect, send, hear: three calls, each of which waits."""
    trader = Trader(name, *await asyncio.open_connection(*address))
    await trader.tell(Login(AccountId(name)), request)
    await trader.hear(answers, out)
    return trader


async def trading(address: tuple[str, int], out: Out) -> None:
    """Calls what calls the three."""
    ann = await trade(address, "ann", order("a1", Side.SELL, 5, 10_000), 1, out)
    ben = await trade(address, "ben", order("b1", Side.BUY, 3, 10_050), 2, out)
    await ann.hear(1, out)
    ann.close()
    ben.close()


def links_of(coroutine: object) -> Iterator[str]:
    """The coroutines that wait for one another, outermost first."""
    while isinstance(coroutine, CoroutineType):
        yield coroutine.__name__
        coroutine = coroutine.cr_await


async def look_on(task: asyncio.Task[None], out: Out) -> None:
    """Shows on what a task stands when it hears nothing yet."""
    stack: list[str] = []
    while "hear" not in stack:
        await asyncio.sleep(0)  # nothing tells of it
        stack = list(links_of(task.get_coro()))
    out(f"on the stack: {' -> '.join(stack)}")


async def main(out: Out) -> None:
    """Both traders, and somebody who looks on."""
    async with serving() as address:
        task = asyncio.create_task(trading(address, out))
        await look_on(task, out)
        await task

"""Step 7 with ``async``: a coroutine has the four states of a generator, under other names. asyncio keeps the list: ``all_tasks``."""

import asyncio
import inspect
from collections.abc import Coroutine
from typing import Any, cast

from legacy.steps.market import Market, OrderReport
from legacy.steps.registry import Out
from legacy.twins.twin_05 import order_life


def state_of(coroutine: Coroutine[Any, Any, Any]) -> str:
    """``created``, ``running``, ``suspended`` or ``closed``."""
    return inspect.getcoroutinestate(coroutine).removeprefix("CORO_").lower()


def table(tasks: list[asyncio.Task[Any]]) -> list[str]:
    """One line for each: its name, its state, what it has executed so far."""
    lines = []
    for task in tasks:
        coroutine = cast("Coroutine[Any, Any, Any]", task.get_coro())
        executed = inspect.getcoroutinelocals(coroutine).get("executed", "-")
        lines.append(f"{task.get_name()}  {state_of(coroutine):<9}  {executed}")
    return lines


async def main(out: Out) -> None:
    """Four orders, each in another state; the one that runs prints the table itself."""
    tasks: list[asyncio.Task[None]] = []
    queues: dict[str, asyncio.Queue[OrderReport]] = {}

    def print_table(text: str) -> None:
        if text.startswith("traded"):
            out(f"while d {text}")
            for line in table(tasks):
                out(f"   {line}")

    def start(name: str) -> None:
        queues[name] = asyncio.Queue()
        tell = print_table if name == "d" else lambda text: None
        tasks.append(asyncio.create_task(order_life(queues[name], tell), name=name))

    market = Market()
    anna, ben = market.member("anna"), market.member("ben")
    for name in "bcd":
        start(name)
        anna.buy(name, 10, at=10_000 - ord(name))
    anna.cancel("c")
    ben.sell("s", 13, at=1)
    for report in anna.reports():
        queues[str(report.client_order_id)].put_nowait(report)
    await asyncio.gather(*tasks[:2])

    start("a")
    tasks.insert(0, tasks.pop())
    for line in table(tasks):
        out(f"   {line}")
    for task in tasks:
        task.cancel()

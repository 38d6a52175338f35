"""Step 6 with ``async``: nothing is primed. ``create_task`` starts a coroutine, and where it waits is its own business."""

import asyncio

from legacy.steps.market import Market, OrderReport
from legacy.steps.registry import Out
from legacy.twins.twin_05 import order_life
from protocol.vocabulary import ClientOrderId


class Life:
    """An order's coroutine, started, and what it is fed from."""

    def __init__(self, group: asyncio.TaskGroup, tell: Out) -> None:
        self.reports = asyncio.Queue[OrderReport]()
        self.task = group.create_task(order_life(self.reports, tell))


async def main(out: Out) -> None:
    """Three orders; reports come mixed, and each goes to the queue of its order."""

    def named(name: str) -> Out:
        return lambda text: out(f"{name} {text}")

    market = Market()
    anna, ben = market.member("anna"), market.member("ben")
    anna.buy("a1", 10, at=10_000)
    anna.buy("a2", 5, at=10_001)
    anna.buy("a3", 0, at=10_000)
    ben.sell("b1", 8, at=10_000)
    anna.cancel("a1")

    async with asyncio.TaskGroup() as group:
        lives = {ClientOrderId(name): Life(group, named(name)) for name in ("a1", "a2", "a3")}
        for report in anna.reports():
            assert report.client_order_id is not None
            lives[report.client_order_id].reports.put_nowait(report)
            await asyncio.sleep(0)  # lets the others run

"""Step 5 with ``async``: whoever wants to be told takes it out of a queue. ``report = yield`` becomes ``await reports.get()``.

A coroutine gives nothing out while it runs, so where the order stands is told, or kept in a variable.
"""

import asyncio

from legacy.steps.market import Market, OrderReport
from legacy.steps.registry import Out
from legacy.steps.tape import units
from protocol.messages import Accepted, Canceled, Rejected, TradeReport
from protocol.vocabulary import Request


async def order_life(reports: asyncio.Queue[OrderReport], tell: Out) -> None:
    """Takes the reports of one order, in order; ends with the order."""
    report = await reports.get()
    if isinstance(report, Rejected):
        tell(f"refused: {report.text}")
        return
    if isinstance(report, Accepted):
        tell(f"accepted: to {report.side} {report.quantity} {report.symbol}")
    executed = 0
    while True:
        report = await reports.get()
        match report:
            case TradeReport():
                executed += report.quantity
                tell(
                    f"traded {report.quantity} at {units(report.price)}: {executed} so far, {report.leaves} left"
                )
                if not report.leaves:
                    return
            case Canceled():
                tell(f"canceled: {report.quantity} were not traded")
                return
            case Rejected(request=Request.CANCEL):
                tell("can't be canceled")


async def main(out: Out) -> None:
    """Nobody primes it; it has run to its first ``get`` when that is needed."""
    market = Market()
    anna, ben = market.member("anna"), market.member("ben")
    reports = asyncio.Queue[OrderReport]()
    life = asyncio.create_task(order_life(reports, out))
    anna.buy("a1", 10, at=10_000)
    ben.sell("b1", 4, at=10_000)
    ben.sell("b2", 6, at=10_000)
    for report in anna.reports():
        reports.put_nowait(report)
    await life

"""Step 11 with ``async``: ``return`` in a coroutine is the value of ``await``. Nobody sees the ``StopIteration``, which is still there."""

import asyncio

from legacy.steps.market import Market, OrderReport
from legacy.steps.registry import Out
from legacy.steps.step_11 import Filled
from legacy.steps.tape import units
from protocol.messages import Canceled, Rejected, TradeReport
from protocol.vocabulary import Request


async def fill_collector(reports: asyncio.Queue[OrderReport]) -> Filled:
    """Takes the reports of one order, until it is done; returns what it came to."""
    volume = turnover = 0
    while True:
        report = await reports.get()
        match report:
            case TradeReport():
                volume += report.quantity
                turnover += report.price * report.quantity
                if not report.leaves:
                    return Filled(volume, turnover)
            case Canceled() | Rejected(request=Request.NEW):
                return Filled(volume, turnover)


async def main(out: Out) -> None:
    """An order that sweeps three price levels."""
    market = Market()
    anna, ben = market.member("anna"), market.member("ben")
    for price in (10_000, 10_002, 10_005):
        ben.sell(f"at {price}", 4, at=price)

    anna.buy("sweep", 10, at=10_005)
    reports = asyncio.Queue[OrderReport]()
    for report in anna.reports():
        reports.put_nowait(report)
    swept = await fill_collector(reports)
    assert swept.average_price is not None
    out(f"swept {swept.volume} at {units(swept.average_price)} on average, rounded down")

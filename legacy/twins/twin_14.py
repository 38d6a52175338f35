"""Step 14 with ``async``: the requests are functions of asyncio.

``NewTask`` is ``create_task``, ``WaitTask`` is ``await task``, ``KillTask`` is ``task.cancel()``, ``Sleep`` is ``asyncio.sleep``, ``GetTid`` is
``current_task``, and ``ps`` is ``all_tasks``. ``cancel`` is kinder than ``KillTask``: the task may still wait in its ``finally``.
"""

import asyncio
from contextlib import suppress
from itertools import count

from legacy.steps.market import Market, Member
from legacy.steps.registry import Out
from legacy.steps.tape import units
from protocol.messages import MassCancel, TradeReport

SECOND_S = 0.01
"""The clock of asyncio is a real one: seconds are shorter here."""


async def maker(member: Member) -> None:
    """Offers one more each second, a cent dearer; takes everything back when it is cancelled."""
    try:
        for number in count(1):
            member.sell(f"m{number}", 1, at=10_000 + number)
            await asyncio.sleep(SECOND_S)
    finally:
        member.send(MassCancel())


async def taker(member: Member) -> int:
    """Buys the cheapest, three times; returns what that cost."""
    spent = 0
    for number in range(3):
        await asyncio.sleep(1.5 * SECOND_S)
        member.buy(f"t{number}", 1, at=10_100)
        spent += sum(report.price for report in member.mail if isinstance(report, TradeReport))
    return spent


async def main(out: Out) -> None:
    """Starts both, waits for the one and stops the other."""
    market = Market()
    making = asyncio.create_task(maker(market.member("maker")), name="maker")
    taking = asyncio.create_task(taker(market.member("taker")), name="taker")
    spent = await taking
    out(f"the taker has spent {units(spent)}")
    making.cancel()
    with suppress(asyncio.CancelledError):
        await making
    out("the maker is killed")

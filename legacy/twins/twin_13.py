"""Step 13 with ``async``: ``gather`` runs both, and ``await asyncio.sleep(0)`` is the bare ``yield``: somebody else now."""

import asyncio

from legacy.steps.market import Market, Member
from legacy.steps.registry import Out
from legacy.steps.tape import units
from protocol.messages import TradeReport
from protocol.vocabulary import Price, Quantity


async def seller(member: Member, prices: list[Price], tell: Out) -> int:
    """Offers one lot at each price, the next one when the last is sold; returns what was taken in."""
    income = 0
    for number, price in enumerate(prices):
        member.sell(f"s{number}", 1, at=price)
        tell(f"offers 1 at {units(price)}")
        sold = False
        while not sold:
            await asyncio.sleep(0)
            for report in member.reports():
                if isinstance(report, TradeReport):
                    sold = True
                    income += report.price
    return income


async def buyer(member: Member, budget: Price, wanted: Quantity, tell: Out) -> int:
    """Bids ever higher until he has what he wants, or could not pay more; returns how much he got."""
    bought, bid = 0, 9_990
    while bought < wanted and bid <= budget:
        member.buy(f"b{bid}", 1, at=bid)
        tell(f"bids {units(bid)}")
        await asyncio.sleep(0)
        for report in member.reports():
            if isinstance(report, TradeReport):
                tell(f"has bought at {units(report.price)}")
                bought += 1
        member.cancel(f"b{bid}")
        bid += 5
    return bought


async def main(out: Out) -> None:
    """A seller and a buyer, turn by turn."""
    market = Market()
    anna, ben = market.member("anna"), market.member("ben")

    results = await asyncio.gather(
        seller(anna, [10_000, 10_005], lambda text: out(f"anna {text}")),
        buyer(ben, 10_020, 2, lambda text: out(f"    ben {text}")),
    )
    for name, result in zip(("anna", "ben"), results, strict=True):
        out(f"{name} returned {result}")

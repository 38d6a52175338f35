"""Traders that take turns: a queue of generators, and a loop of a few lines.

The flow: two traders in one market. Each does a little, and lets the other one go on.

A bare ``yield`` says: somebody else now. The scheduler takes the generator at the head of the queue, advances it to its next
``yield``, and puts it back at the tail: first in, first out, so everybody's turn comes equally often. Nothing is
interrupted: between two of its yields a trader has the market to himself.
"""

from collections import deque
from collections.abc import Generator, Mapping
from typing import TypeAlias, TypeVar

from legacy.steps.market import Market, Member
from legacy.steps.registry import Out
from legacy.steps.tape import units
from protocol.messages import TradeReport
from protocol.vocabulary import Price, Quantity

TITLE = "Round-robin scheduler"
MISSING = "Whoever waits still takes his turn, only to look and to find nothing; and all that he can ask for is another turn."

T = TypeVar("T")
Turns: TypeAlias = Generator[None, None, T]
"""Does a little, then yields; returns a result."""


def take_turns(flows: Mapping[str, Turns[T]]) -> dict[str, T]:
    """Runs all of them to their ends, turn by turn, in the order given; what each returned, first the one that ended first.

    If one of them fails, the others are closed, and it is raised.
    """
    results: dict[str, T] = {}
    ready = deque(flows.items())
    try:
        while ready:
            name, flow = ready.popleft()
            try:
                next(flow)
            except StopIteration as end:
                results[name] = end.value
            else:
                ready.append((name, flow))
    finally:
        for _, flow in ready:
            flow.close()
    return results


def seller(member: Member, prices: list[Price], tell: Out) -> Turns[int]:
    """Offers one lot at each price, the next one when the last is sold; returns what was taken in."""
    income = 0
    for number, price in enumerate(prices):
        member.sell(f"s{number}", 1, at=price)
        tell(f"offers 1 at {units(price)}")
        sold = False
        while not sold:
            yield
            for report in member.reports():
                if isinstance(report, TradeReport):
                    sold = True
                    income += report.price
    return income


def buyer(member: Member, budget: Price, wanted: Quantity, tell: Out) -> Turns[int]:
    """Bids ever higher until he has what he wants, or could not pay more; returns how much he got."""
    bought, bid = 0, 9_990
    while bought < wanted and bid <= budget:
        member.buy(f"b{bid}", 1, at=bid)
        tell(f"bids {units(bid)}")
        yield
        for report in member.reports():
            if isinstance(report, TradeReport):
                tell(f"has bought at {units(report.price)}")
                bought += 1
        member.cancel(f"b{bid}")
        bid += 5
    return bought


def main(out: Out) -> None:
    """A seller and a buyer, turn by turn."""
    market = Market()
    anna, ben = market.member("anna"), market.member("ben")

    results = take_turns(
        {
            "anna": seller(anna, [10_000, 10_005], lambda text: out(f"anna {text}")),
            "ben": buyer(ben, 10_020, 2, lambda text: out(f"    ben {text}")),
        }
    )
    for name, result in results.items():
        out(f"{name} returned {result}")

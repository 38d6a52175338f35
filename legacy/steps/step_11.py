"""A fill collector that returns what its order came to: volume and average price.

The flow: an order trades piece by piece. When it is done, its owner wants one answer.

``return x`` in a generator ends it, and ``x`` travels in the ``value`` of the ``StopIteration`` that the last ``send`` raises. So
a coroutine can be asked for a result, by whoever takes the trouble to catch it; a ``for`` loop throws it away.
"""

from collections.abc import Generator, Iterable
from typing import Any, NamedTuple, TypeVar

from legacy.steps.market import Market, OrderReport
from legacy.steps.registry import Out
from legacy.steps.step_06 import primed
from legacy.steps.tape import units
from protocol.messages import Canceled, Rejected, TradeReport
from protocol.vocabulary import Money, Price, Quantity, Request

TITLE = "Return value"
MISSING = "Whoever wants the result has to feed the coroutine himself, and to catch a StopIteration: it can't be left to another."

T = TypeVar("T")


class Filled(NamedTuple):
    """What an order came to."""

    volume: Quantity
    turnover: Money

    @property
    def average_price(self) -> Price | None:
        """Rounded down; ``None``: nothing was traded."""
        return self.turnover // self.volume if self.volume else None


@primed
def fill_collector() -> Generator[None, OrderReport, Filled]:
    """Takes the reports of one order, until it is done; returns what it came to."""
    volume = turnover = 0
    while True:
        report = yield
        match report:
            case TradeReport():
                volume += report.quantity
                turnover += report.price * report.quantity
                if not report.leaves:
                    return Filled(volume, turnover)
            case Canceled() | Rejected(request=Request.NEW):
                return Filled(volume, turnover)


def result_of(coroutine: Generator[Any, OrderReport, T], reports: Iterable[OrderReport]) -> T | None:
    """Feeds reports to a coroutine until it returns, and returns the same; ``None``: it still waits for more."""
    for report in reports:
        try:
            coroutine.send(report)
        except StopIteration as end:
            value: T = end.value
            return value
    return None


def main(out: Out) -> None:
    """An order that sweeps three price levels; another one that is canceled half-way."""
    market = Market()
    anna, ben = market.member("anna"), market.member("ben")
    for price in (10_000, 10_002, 10_005):
        ben.sell(f"at {price}", 4, at=price)

    anna.buy("sweep", 10, at=10_005)
    swept = result_of(fill_collector(), anna.reports())
    assert swept is not None
    assert swept.average_price is not None
    out(f"swept {swept.volume} at {units(swept.average_price)} on average, rounded down")

    collector = fill_collector()
    anna.buy("patient", 5, at=10_005)
    out(f"after the entry: {result_of(collector, anna.reports()) or 'it has not returned yet'}")
    anna.cancel("patient")
    out(f"after the cancel: {result_of(collector, anna.reports())}")

"""An order from its entry to its end, told by a generator that is fed one execution report at a time.

The flow: the venue reports what happens to an order, in its own time. Somebody has to remember what has happened so far.

``report = yield phase`` is an expression: ``send(x)`` puts ``x`` in the place of the ``yield`` on the right, and returns
what the next ``yield`` gives out. So the order's state needs no table: it is the line at which the function stands. A
generator that has just been made stands before its first line, where no ``yield`` waits for a value: it has to be
brought to the first one, with ``next`` or ``send(None)``; another value is a ``TypeError``.
"""

from collections.abc import Generator

from legacy.steps.market import Market, OrderReport
from legacy.steps.registry import Out
from legacy.steps.tape import units
from protocol.messages import Accepted, Canceled, Rejected, TradeReport
from protocol.vocabulary import Request
from traders.order_view import OrderPhase

TITLE = "Coroutine by send"
MISSING = "Every one of them has to be brought to its first yield by hand, and whoever forgets that gets a TypeError."


def order_life(tell: Out) -> Generator[OrderPhase, OrderReport, None]:
    """Takes the reports of one order, in order; gives out what the order is now. It ends with the order."""
    report = yield OrderPhase.SENT
    if isinstance(report, Rejected):
        tell(f"refused: {report.text}")
        return
    if isinstance(report, Accepted):
        tell(f"accepted: to {report.side} {report.quantity} {report.symbol}")
    executed = 0
    while True:
        report = yield OrderPhase.LIVE
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


def main(out: Out) -> None:
    """An order that trades twice, and the mistake that everybody makes once."""
    market = Market()
    anna, ben = market.member("anna"), market.member("ben")

    life = order_life(out)
    anna.buy("a1", 10, at=10_000)
    (accepted,) = anna.reports()
    try:
        life.send(accepted)
    except TypeError as error:
        out(f"too early, TypeError: {error}")

    out(f"next: {next(life)}")
    out(f"send: {life.send(accepted)}")
    ben.sell("b1", 4, at=10_000)
    (first,) = anna.reports()
    out(f"send: {life.send(first)}")
    ben.sell("b2", 6, at=10_000)
    (second,) = anna.reports()
    try:
        life.send(second)
    except StopIteration:
        out("send: StopIteration, for the order is done")

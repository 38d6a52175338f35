"""A decorator that brings a new generator to its first ``yield``, so that nobody forgets it.

The flow: as before, for many orders at once.

A decorator takes a function and returns another one in its place; here one that calls the function and then ``next`` on what
it returned. ``functools.wraps`` keeps name, docstring and signature, for people, editors and tests. What the first
``yield`` gives out is lost: coroutines that are primed give out nothing there, or nothing that is needed.
"""

from collections.abc import Callable, Generator
from functools import wraps
from inspect import signature
from typing import ParamSpec, TypeVar

from legacy.steps.market import Market, OrderReport
from legacy.steps.registry import Out
from legacy.steps.step_05 import order_life
from protocol.messages import TradeReport
from protocol.vocabulary import ClientOrderId, Quantity, Side

TITLE = "Priming decorator"
MISSING = "From outside all of them look the same: which is new, which waits for a report, which is done?"

P = ParamSpec("P")
YieldT = TypeVar("YieldT")
SendT = TypeVar("SendT")
ReturnT = TypeVar("ReturnT")


def primed(
    function: Callable[P, Generator[YieldT, SendT, ReturnT]],
) -> Callable[P, Generator[YieldT, SendT, ReturnT]]:
    """Decorator for generator functions: what they return stands at its first ``yield``, and can be sent something.

    Raises:
        TypeError: when called: there is no ``yield`` on its way.
    """

    @wraps(function)
    def made_and_primed(*args: P.args, **kwargs: P.kwargs) -> Generator[YieldT, SendT, ReturnT]:
        coroutine = function(*args, **kwargs)
        try:
            next(coroutine)
        except StopIteration:
            raise TypeError(f"{function.__name__} has ended before it came to a yield") from None
        return coroutine

    return made_and_primed


@primed
def position() -> Generator[Quantity, OrderReport, None]:
    """Takes the reports of an account; gives out what it holds now. A sale counts below zero."""
    held = 0
    while True:
        report = yield held
        if isinstance(report, TradeReport):
            held += report.quantity if report.side is Side.BUY else -report.quantity


primed_life = primed(order_life)
"""The coroutine of step 5; a decorator is a function like others."""


def main(out: Out) -> None:
    """Three orders and a position; reports come mixed, and each goes to the coroutine of its order."""

    def named(name: str) -> Out:
        return lambda text: out(f"{name} {text}")

    market = Market()
    anna, ben = market.member("anna"), market.member("ben")
    lives = {ClientOrderId(name): primed_life(named(name)) for name in ("a1", "a2", "a3")}
    held = position()

    anna.buy("a1", 10, at=10_000)
    anna.buy("a2", 5, at=10_001)
    anna.buy("a3", 0, at=10_000)
    ben.sell("b1", 8, at=10_000)
    anna.cancel("a1")

    for report in anna.reports():
        assert report.client_order_id is not None
        try:
            lives[report.client_order_id].send(report)
        except StopIteration:
            out(f"   that was its end; anna holds {held.send(report)}")
        else:
            held.send(report)
    takes = ", ".join(signature(primed_life).parameters)
    out(f"{primed_life.__name__}({takes}) still says: {primed_life.__doc__}")

"""The four states of a generator: created, running, suspended, closed.

The flow: a list of all orders that says where each of them stands, as an operator wants to see it.

``inspect.getgeneratorstate`` knows. Created: the call has returned, no line has run. Suspended: it stands at a ``yield``.
Running: right now, so only somebody whom it has called itself can see that. Closed: it has returned, raised, or was closed,
and never runs again. Where it stands, and with which variables, is in its frame, as long as it has one. The kernel's task
table (step 14) is made of the same.
"""

import inspect
from collections.abc import Generator, Mapping
from typing import Any

from legacy.steps.market import Market
from legacy.steps.registry import Out
from legacy.steps.step_05 import order_life
from protocol.vocabulary import ClientOrderId

TITLE = "States"
MISSING = "One can see where they stand, and do nothing about it but send the next report."

AnyGenerator = Generator[Any, Any, Any]


def state_of(generator: AnyGenerator) -> str:
    """``created``, ``running``, ``suspended`` or ``closed``."""
    return inspect.getgeneratorstate(generator).removeprefix("GEN_").lower()


def knows(generator: AnyGenerator) -> dict[str, Any]:
    """Its variables; none before it runs, but for its arguments, and none after its end."""
    return inspect.getgeneratorlocals(generator)


def table(generators: Mapping[ClientOrderId, AnyGenerator]) -> list[str]:
    """One line for each: its name, its state, what it has executed so far."""
    width = max(map(len, generators), default=0)
    return [
        f"{name:<{width}}  {state_of(generator):<9}  {knows(generator).get('executed', '-')}"
        for name, generator in generators.items()
    ]


def main(out: Out) -> None:
    """Four orders, each in another state; the one that runs prints the table itself."""
    lives: dict[ClientOrderId, AnyGenerator] = {}

    def print_table(text: str) -> None:
        if text.startswith("traded"):
            out(f"while d {text}")
            for line in table(lives):
                out(f"   {line}")

    market = Market()
    anna, ben = market.member("anna"), market.member("ben")
    for letter in "abcd":
        name = ClientOrderId(letter)
        lives[name] = order_life(print_table if letter == "d" else lambda text: None)
        if letter != "a":
            next(lives[name])
            anna.buy(name, 10, at=10_000 - ord(letter))
    anna.cancel("c")
    ben.sell("s", 13, at=1)

    for report in anna.reports():
        assert report.client_order_id is not None
        try:
            lives[report.client_order_id].send(report)
        except StopIteration:
            out(f"{report.client_order_id} is done")
    out("at last")
    for line in table(lives):
        out(f"   {line}")

"""How the timers of strategies are spread.

In: seconds, a random generator. Out: waits, without end. No clock.
"""

from collections.abc import Iterator
from random import Random

from traders.strategies.chance import exponential


def poisson(interval_s: float, rng: Random) -> Iterator[float]:
    """Waits of a Poisson process: ``interval_s`` on average, exponentially distributed."""
    while True:
        yield exponential(rng, interval_s)


def regular(interval_s: float, rng: Random) -> Iterator[float]:
    """``interval_s`` each time, after a first wait of a random part of it: a crowd does not march in step."""
    yield rng.random() * interval_s
    while True:
        yield interval_s

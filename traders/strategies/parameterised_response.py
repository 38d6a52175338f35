"""PRZI ("prezzy"): one number between a shaver, zero intelligence and give-away.

D. Cliff, "Parameterised-Response Zero-Intelligence Traders", arXiv:2103.11341, 2021; Journal of Economic Interaction and
Coordination 19, 2024, 439-492. A trader draws its price from a range whose ends are its limit, the urgent end, and a
relaxed end: for s >= 0 the worst price there is, for s < 0 moved by the share -s from there to the price a shaver would
shout. Where x runs from 0 at the relaxed to 1 at the urgent end, a price has a probability in proportion to

    (exp(c x) - 1) / (exp(c) - 1)            for s > 0,
    1                                        for s = 0, which is ZI-C,
    1 - (exp(c x) - 1) / (exp(c) - 1)        for s < 0,

with c = 4 tan(pi (s + 1/2)), cut at -100 and 100. So s = 1 gives everything away, s = -1 shaves.

It differs in that the worst price is that of the scenario, where Cliff's traders guess the highest from what they see,
and in that s stays: the ways to adapt it (PRSH, PRDE) are other strategies.

In: best quotes, timers. Out: shouts.
"""

from bisect import bisect_right
from itertools import accumulate
from typing import Final

from pydantic import Field

from protocol.vocabulary import Price, Side
from traders.strategies.assignment import Assignment
from traders.strategies.base import Working
from traders.strategies.chance import exp
from traders.strategies.naming import named
from traders.strategies.shaver import Shaving
from traders.strategies.shouting_parameters import ShoutingParameters

_STEEPNESS: Final = 4.0
_CUT: Final = 100.0
_NOTHING: Final = 1e-6
_PI: Final = 3.141592653589793


class PrziParameters(ShoutingParameters):
    """What a person may set."""

    s: float = Field(
        0.0,
        ge=-1,
        le=1,
        description="-1: relaxed, a shaver; 0: zero intelligence; 1: urgent, gives everything away",
    )


def curvature(s: float) -> float:
    """The c of the distribution."""
    # tan(x + pi/2) is -cot(x), of period pi; sine and cosine as series, for libraries differ in the last digit.
    x = _PI * (s - round(s))
    sine = cosine = 0.0
    term = 1.0
    for n in range(24):
        if n % 2:
            sine += term if n % 4 == 1 else -term
        else:
            cosine += term if n % 4 == 0 else -term
        term *= x / (n + 1)
    if abs(sine) < _NOTHING:
        # At s = 0 and at the ends: a pole. Approached from inside the range.
        return _CUT if s == 1.0 or -0.5 < s < 0.0 else -_CUT
    return max(-_CUT, min(_CUT, -_STEEPNESS * cosine / sine))


def cumulated(s: float, steps: int) -> list[float]:
    """For each price from the relaxed end to the urgent one, ``steps`` apart: how probable it and all before are.

    Not scaled: the last is their sum.
    """
    if steps == 0 or s == 0.0:
        return [float(n) for n in range(1, steps + 2)]
    c = curvature(s)
    if abs(c) < _NOTHING:
        shares = [n / steps for n in range(steps + 1)]
    else:
        # Exponents that are not positive: nothing overflows, and c and -c are exact mirrors.
        decay = exp(-abs(c) / steps)
        powers = list(accumulate([1.0] + [decay] * steps, lambda so_far, one: so_far * one))
        last = powers[-1]
        if c > 0.0:
            shares = [(powers[steps - n] - last) / (1.0 - last) for n in range(steps + 1)]
        else:
            shares = [(1.0 - powers[n]) / (1.0 - last) for n in range(steps + 1)]
    if s < 0.0:
        shares = [1.0 - share for share in shares]
    return list(accumulate(shares))


@named("przi")
class ParameterisedResponse(Shaving):
    """Draws from a distribution that leans to its limit or away from it."""

    parameters: PrziParameters
    parameters_type = PrziParameters
    _table: tuple[int, list[float]] = (-1, [])

    def quote(self, assignment: Assignment, limit: Price, standing: Working | None) -> int | None:
        s, tick = self.parameters.s, self.instruments[assignment.symbol].tick
        buys = assignment.side is Side.BUY
        worst = self.parameters.minimum_price if buys else self.parameters.maximum_price
        if worst > limit if buys else worst < limit:
            return None
        relaxed = worst
        if s < 0.0:
            shaved = self.shaved(assignment, limit, standing)
            relaxed = int(-s * shaved + (1.0 + s) * worst + 0.5)
        # In whole ticks, inside the range.
        low, high = (relaxed, limit) if buys else (limit, relaxed)
        low, high = -(-low // tick), high // tick
        if low > high:
            return None
        if high - low != self._table[0]:
            self._table = high - low, cumulated(s, high - low)
        table = self._table[1]
        step = min(bisect_right(table, self.rng.random() * table[-1]), high - low)
        return (low + step if buys else high - step) * tick

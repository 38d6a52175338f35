"""GDX: GD with a future.

G. Tesauro and J. L. Bredin, "Strategic Sequential Bidding in Auctions Using Dynamic Programming", International Joint
Conference on Autonomous Agents and Multiagent Systems 2002, 591-598. Who has many shouts left can wait for a better
price; who has many units left cannot wait as long. The value of m units with n shouts left is

    V(m, n) = max over p of  q(p) (s(p) + g V(m-1, n-1)) + (1 - q(p)) g V(m, n-1),   V(0, n) = V(m, 0) = 0,

with q the belief of Gjerstad and Dickhaut that a shout at p is accepted, s(p) the surplus of the next unit and g the
discount. The price that attains V for the units and shouts a trader has now is what it shouts. With g = 0 that is GD.

How many shouts are left is estimated from the time that is left and how often the trader's own timer fired so far; the
literature leaves open how. More than ``maximum_shouts`` ahead it does not look.

In: best quotes, trades, timers. Out: shouts.
"""

from collections.abc import Iterable, Sequence
from random import Random
from typing import ClassVar

from pydantic import Field

from protocol.messages import InstrumentInfo
from protocol.vocabulary import Nanoseconds, Price, Side
from traders.strategies.assignment import Assignment
from traders.strategies.base import Parameters, Working
from traders.strategies.gjerstad_dickhaut import Choice, GdParameters, GjerstadDickhaut
from traders.strategies.intents import Intent
from traders.strategies.naming import named


class GdxParameters(GdParameters):
    """What a person may set."""

    discount: float = Field(0.9, ge=0, le=1, description="what a surplus is worth one shout later; 0: GD")
    maximum_shouts: int = Field(30, ge=1, le=1_000, description="how far it looks ahead")


def best_choice(
    choices: Sequence[Choice], side: Side, limits: Sequence[Price], shouts: int, discount: float
) -> Price | None:
    """What to shout with units of these limits and so many shouts left; ``None`` where nothing gains.

    ``limits``: of the units left, the next one first. Equally good prices: the first of ``choices``.
    """
    sign = 1 if side is Side.BUY else -1
    units = len(limits)
    # values[k]: of what is left after k units, with one shout less than is looked at now.
    values = [0.0] * (units + 1)
    chosen: Price | None = None
    gains = [[(q, sign * (limit - price) * q) for price, q in choices] for limit in limits]
    for left in range(shouts, 0, -1):
        before, values = values, [0.0] * (units + 1)
        for k in range(units):
            wait = discount * before[k]
            lost = wait - discount * before[k + 1]
            # q (s + g V') + (1 - q) g V = g V + q s - q (g V - g V')
            most = max([gain - q * lost for q, gain in gains[k]], default=0.0)
            values[k] = wait + max(most, 0.0)
            if k == 0 and left == 1 and most > 0.0:
                place = [gain - q * lost for q, gain in gains[0]].index(most)
                chosen = choices[place].price
    return chosen


@named("gdx")
class DynamicProgramming(GjerstadDickhaut):
    """Maximises the expected surplus of all its shouts to come."""

    parameters: GdxParameters
    parameters_type: ClassVar[type[Parameters]] = GdxParameters

    def __init__(self, instruments: Sequence[InstrumentInfo], parameters: Parameters, rng: Random) -> None:
        super().__init__(instruments, parameters, rng)
        self._first_ns: Nanoseconds | None = None
        self._timers = 0

    def on_timer(self, now_ns: Nanoseconds) -> Iterable[Intent]:
        if self._first_ns is None:
            self._first_ns = now_ns
        self._timers += 1
        return super().on_timer(now_ns)

    def quote(self, assignment: Assignment, limit: Price, standing: Working | None) -> int | None:
        choices = self.choices(assignment, limit, standing)
        limits = assignment.limits[assignment.next_unit :]
        shouts = self.shouts_left(assignment)
        return best_choice(choices, assignment.side, limits, shouts, self.parameters.discount)

    def shouts_left(self, assignment: Assignment) -> int:
        """This one and those that the rest of the period has time for."""
        if self._first_ns is None or self._timers < 2:
            return self.parameters.maximum_shouts
        passed = self.now_ns - self._first_ns
        rest = (assignment.ends_ns - self.now_ns) * (self._timers - 1) // passed if passed else 0
        return max(1, min(self.parameters.maximum_shouts, rest + 1))

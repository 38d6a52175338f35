"""Zero intelligence where values are induced: ZI-U and ZI-C.

After D. K. Gode and S. Sunder, "Allocative Efficiency of Markets with Zero-Intelligence Traders: Market as a Partial
Substitute for Individual Rationality", Journal of Political Economy 101(1), 1993, 119-137. A ZI-U trader shouts prices
that are uniform over the whole range; a ZI-C trader those at which it would not lose.

In their market a shout has to better the best one that stands, or is not recognised, and a trade cancels all. Behind
the best price a book may keep the rest: none of it trades before the best does. So ``improving`` is all that their rule
asks of a trader here: its own next shout may not be worse than the one that stands. To cancel all after a trade is up
to the market.

In: units to trade, and timers. They look at nothing else: ``zero_intelligence`` is the trader for open-ended sessions.
"""

from collections.abc import Sequence
from random import Random
from typing import ClassVar, Final

from mypy_extensions import mypyc_attr

from protocol.messages import InstrumentInfo
from protocol.vocabulary import Price, Side
from traders.strategies.assignment import Assignment
from traders.strategies.base import Parameters, Working
from traders.strategies.chance import integer
from traders.strategies.naming import named
from traders.strategies.shouting import Shouter
from traders.strategies.shouting_parameters import InducedParameters

# Members of an enum are looked up at every use; these are used at every event.
_BUY: Final = Side.BUY


@mypyc_attr(allow_interpreted_subclasses=True)
class Constrained(Shouter):
    """Shouts uniformly at random where it would not lose."""

    parameters_type: ClassVar[type[Parameters]] = InducedParameters

    def __init__(self, instruments: Sequence[InstrumentInfo], parameters: Parameters, rng: Random) -> None:
        super().__init__(instruments, parameters, rng)
        # The range of the last unit, kept: a simulation asks for a hundred thousand prices a second.
        assert isinstance(parameters, InducedParameters)
        self._improving = parameters.improving
        self._assignment: Assignment | None = None
        self._limit: Price = 0
        self._lowest = self._highest = self._tick = 0

    def price(self, assignment: Assignment, limit: Price, standing: Working | None) -> Price | None:
        if assignment is not self._assignment or limit != self._limit:
            self._find_range(assignment, limit)
        if self._lowest > self._highest:
            return None
        price = integer(self.rng, self._lowest, self._highest) * self._tick
        if self._improving and standing is not None and standing.price is not None:
            worse = price < standing.price if assignment.side is _BUY else price > standing.price
            return None if worse else price
        return price

    def _find_range(self, assignment: Assignment, limit: Price) -> None:
        """In ticks; empty where the limit lies outside the range of prices."""
        low, high = self.minimum_price, self.maximum_price
        if self.constrained and assignment.side is _BUY:
            high = min(high, limit)
        elif self.constrained:
            low = max(low, limit)
        tick = self._tick = self.instruments[assignment.symbol].tick
        self._lowest, self._highest = -(-low // tick), high // tick
        self._assignment, self._limit = assignment, limit


@mypyc_attr(allow_interpreted_subclasses=True)
class Unconstrained(Constrained):
    """Shouts uniformly at random, at a loss, too."""

    constrained: ClassVar[bool] = False


# No decorator on a class that a simulation runs compiled: see ``simulation.native``.
named("zic")(Constrained)
named("ziu")(Unconstrained)

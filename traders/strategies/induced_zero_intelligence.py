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

from pydantic import Field

from protocol.messages import InstrumentInfo
from protocol.vocabulary import Price, Side
from traders.strategies.assignment import Assignment
from traders.strategies.base import Parameters, Working
from traders.strategies.chance import integer
from traders.strategies.naming import named
from traders.strategies.shouting import Shouter, ShoutingParameters

_BUY: Final = Side.BUY  # a member of an enum is looked up at every use


class InducedParameters(ShoutingParameters):
    """What a person may set."""

    improving: bool = Field(
        False,
        description="never replace a standing shout by a worse one, the rule of Gode and Sunder's market",
    )


@named("zic")
class Constrained(Shouter):
    """Shouts uniformly at random where it would not lose."""

    parameters: InducedParameters
    parameters_type = InducedParameters

    def __init__(self, instruments: Sequence[InstrumentInfo], parameters: Parameters, rng: Random) -> None:
        super().__init__(instruments, parameters, rng)
        # Looked up once: a simulation asks these traders for a hundred thousand prices a second.
        self._low, self._high = self.parameters.minimum_price, self.parameters.maximum_price
        self._improving = self.parameters.improving
        self._ticks = {symbol: one.tick for symbol, one in self.instruments.items()}

    def price(self, assignment: Assignment, limit: Price, standing: Working | None) -> Price | None:
        low, high = self._low, self._high
        buys = assignment.side is _BUY
        if self.constrained:
            if buys:
                if limit < high:
                    high = limit
            elif limit > low:
                low = limit
        tick = self._ticks[assignment.symbol]
        if tick != 1:
            low, high = -(-low // tick), high // tick
        if low > high:
            return None
        price = integer(self.rng, low, high) * tick
        if self._improving and standing is not None and standing.price is not None:
            worse = price < standing.price if buys else price > standing.price
            return None if worse else price
        return price


@named("ziu")
class Unconstrained(Constrained):
    """Shouts uniformly at random, at a loss, too."""

    constrained: ClassVar[bool] = False

"""GD: shout where belief times profit is largest.

S. Gjerstad and J. Dickhaut, "Price Formation in Double Auctions", Games and Economic Behavior 22(1), 1998, 1-29. A trader
forms beliefs about which shouts are accepted (``traders.strategies.beliefs``), and shouts the price with the largest
expected surplus, (limit - b) q(b) for a buyer. A bid has to better the best one, so it is believed to fail at or below
it; at the best ask it is certain.

It differs in that shouts rest in a book: what is heard is told in ``traders.strategies.hearing``; and, as all prices lie on
ticks, that the largest surplus is looked for on ticks: on all of them where they are few, on an even grid between the
prices that matter where they are many.

In: best quotes, trades, timers. Out: shouts.
"""

from collections.abc import Sequence
from random import Random
from typing import ClassVar, Final, NamedTuple

from pydantic import Field

from protocol.messages import InstrumentInfo
from protocol.vocabulary import Price, Side, Symbol
from traders.strategies.assignment import Assignment
from traders.strategies.base import Parameters, Working
from traders.strategies.beliefs import Belief, History
from traders.strategies.hearing import Listener
from traders.strategies.naming import named
from traders.strategies.shouting_parameters import ShoutingParameters

_MOST_CHOICES: Final = 250  # the whole range of Gode and Sunder's market, and then some


class GdParameters(ShoutingParameters):
    """What a person may set."""

    memory_trades: int = Field(5, ge=1, le=1_000, description="trades whose shouts are remembered")


class Choice(NamedTuple):
    """A price that might be shouted."""

    price: Price
    probability: float
    """Of being accepted."""


@named("gd")
class GjerstadDickhaut(Listener):
    """Maximises the expected surplus of its next shout."""

    parameters: GdParameters
    parameters_type: ClassVar[type[Parameters]] = GdParameters

    def __init__(self, instruments: Sequence[InstrumentInfo], parameters: Parameters, rng: Random) -> None:
        super().__init__(instruments, parameters, rng)
        self._histories = {symbol: History(self.parameters.memory_trades) for symbol in self.symbols}

    def heard(self, symbol: Symbol, side: Side, price: Price) -> None:
        self._histories[symbol].shout(side, price)

    def dealt(self, symbol: Symbol, price: Price, shouted: Side | None) -> None:
        if shouted is not None:
            self._histories[symbol].accept(shouted, price)

    def quote(self, assignment: Assignment, limit: Price, standing: Working | None) -> int | None:
        sign = 1 if assignment.side is Side.BUY else -1
        chosen: Price | None = None
        largest = 0.0
        for price, probability in self.choices(assignment, limit, standing):
            surplus = sign * (limit - price) * probability
            if surplus > largest:
                chosen, largest = price, surplus
        return chosen

    def choices(self, assignment: Assignment, limit: Price, standing: Working | None) -> list[Choice]:
        """Prices that would be accepted perhaps and not lose, the stingiest first.

        The last one, where somebody offers within the limit, is what is offered: more generous would be in vain.
        """
        side, symbol = assignment.side, assignment.symbol
        tick = self.instruments[symbol].tick
        lowest, highest = self.parameters.minimum_price, self.parameters.maximum_price
        best = self.best_of_others(symbol, side, standing)
        offered = self.best_of_others(symbol, side.opposite, standing)
        if side is Side.BUY:
            first = lowest if best is None else max(lowest, best + tick)
            last = limit if offered is None else min(limit, offered)
            steps = (last // tick) - (first := -(-first // tick))
        else:
            first = highest if best is None else min(highest, best - tick)
            last = limit if offered is None else max(limit, offered)
            steps = (first := first // tick) - -(-last // tick)
        sign = 1 if side is Side.BUY else -1
        belief = Belief(side, self._histories[symbol], lowest, highest)
        if steps > _MOST_CHOICES:
            places = sorted({steps * n // _MOST_CHOICES for n in range(_MOST_CHOICES + 1)})
        else:
            places = list(range(steps + 1))
        prices = [(first + sign * place) * tick for place in places]
        found = [Choice(price, belief(price)) for price in prices if price != offered]
        if offered is not None and sign * (limit - offered) >= 0:
            found.append(Choice(offered, 1.0))
        return found

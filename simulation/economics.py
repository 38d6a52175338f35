"""What an experiment with induced values could have gained, and what it did.

In: the limits of the units on both sides; then the trades of a period, each with the limits of the units it joined. Out:
the equilibrium of the schedules, and the measures that the literature takes of a market. Integers and fractions up to the
last division; floats are only what is shown. No chance, no clock.

- Allocative efficiency: what buyers and sellers gained, over the most they could gain (V. L. Smith, "An Experimental Study
  of Competitive Market Behavior", Journal of Political Economy 70(2), 1962, 111-137; C. R. Plott and V. L. Smith, "An
  Experimental Examination of Two Exchange Institutions", Review of Economic Studies 45(1), 1978, 133-153).
- Smith's alpha (1962): how far prices are from the equilibrium price, root mean square, in percent of it.
- Profit dispersion: how far the profits of the traders are from those at the equilibrium price, root mean square (D. K. Gode
  and S. Sunder, Journal of Political Economy 101(1), 1993, 119-137).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from math import isqrt
from typing import Final

from protocol.errors import ConfigError
from protocol.vocabulary import Price

_DIGITS: Final = 10**12  # of a square root, before it is shown


@dataclass(frozen=True, slots=True)
class Equilibrium:
    """Where supply and demand cross."""

    lowest: Price
    highest: Price
    """Any price from ``lowest`` to ``highest`` clears the market."""
    quantity: int
    """Units that gain from trade; a unit that neither gains nor loses is counted."""
    surplus: int
    """The most that all together can gain, price units."""

    @property
    def price(self) -> Fraction:
        """The middle of the range, which the measures are taken from."""
        return Fraction(self.lowest + self.highest, 2)


@dataclass(frozen=True, slots=True)
class Deal:
    """One unit that was traded: its price, what it was worth to the buyer, what it cost the seller."""

    price: Price
    value: Price
    cost: Price

    @property
    def surplus(self) -> int:
        """What both together gained; negative where somebody lost more than the other won."""
        return self.value - self.cost


def equilibrium(
    demand: Sequence[Sequence[Price]], supply: Sequence[Sequence[Price]], place: str
) -> Equilibrium:
    """Of the units of all buyers (what each is worth) and of all sellers (what each costs), a list a trader.

    Raises:
        ConfigError: supply and demand never cross, so there is nothing to trade. ``place`` says where they stand.
    """
    values = sorted((unit for units in demand for unit in units), reverse=True)
    costs = sorted(unit for units in supply for unit in units)
    pairs = list(zip(values, costs, strict=False))
    quantity = sum([value >= cost for value, cost in pairs])
    if quantity == 0:
        raise ConfigError(place, "supply and demand do not overlap: nobody can trade without a loss")
    surplus = sum([value - cost for value, cost in pairs[:quantity]])
    # The marginal units trade, and those behind them must not want to.
    lowest, highest = costs[quantity - 1], values[quantity - 1]
    if quantity < len(values):
        lowest = max(lowest, values[quantity])
    if quantity < len(costs):
        highest = min(highest, costs[quantity])
    return Equilibrium(lowest, highest, quantity, surplus)


def realised(deals: Sequence[Deal]) -> int:
    """What all together gained, price units."""
    return sum([deal.surplus for deal in deals])


def efficiency(deals: Sequence[Deal], at: Equilibrium) -> float:
    """Allocative efficiency in percent; 100 where no more could be gained. A loss counts."""
    return _percent(Fraction(realised(deals), at.surplus)) if at.surplus else 100.0


def alpha(prices: Sequence[Price], at: Equilibrium) -> float | None:
    """Smith's alpha in percent; ``None`` without a trade."""
    if not prices:
        return None
    squares = sum([(price - at.price) ** 2 for price in prices], Fraction(0))
    return root(squares / len(prices) / at.price**2) * 100.0


def dispersion(profits: Mapping[str, int], ideal: Mapping[str, Fraction]) -> float:
    """Profit dispersion in price units: ``profits`` of the traders, who are those of ``ideal``, against ``ideal``."""
    if not ideal:
        return 0.0
    squares = sum([(profits.get(name, 0) - profit) ** 2 for name, profit in ideal.items()], Fraction(0))
    return root(squares / len(ideal))


def ideal_profit(limits: Sequence[Price], *, buys: bool, at: Equilibrium) -> Fraction:
    """What a trader gains that trades, at the equilibrium price, each unit that gains there."""
    gains = [unit - at.price if buys else at.price - unit for unit in limits]
    return sum([gain for gain in gains if gain > 0], Fraction(0))


def root(square: Fraction) -> float:
    """The square root, to twelve decimals."""
    return isqrt(square.numerator * _DIGITS * _DIGITS // square.denominator) / _DIGITS


def _percent(share: Fraction) -> float:
    return 100 * share.numerator / share.denominator

"""What some runs say about all runs: confidence intervals, and the comparison of two markets seed by seed.

In: figures of runs with different seeds. Out: intervals at a stated level, differences, their size, a verdict in words.
Nothing is random but the bootstrap, which is handed its seed.

- Intervals of means go by Student's t distribution, which is right where means are normal, as they are for more than a few
  dozen runs. Those of the bootstrap assume nothing: B. Efron, "Bootstrap Methods: Another Look at the Jackknife", Annals of
  Statistics 7(1), 1979, 1-26; percentiles of the means of samples drawn with replacement.
- The size of an effect is Cohen's d of the paired differences: their mean in standard deviations (J. Cohen, "Statistical Power
  Analysis for the Behavioral Sciences", 2nd ed., 1988, who calls 0.2 small, 0.5 medium, 0.8 large).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import exp, fsum, inf, lgamma, log, sqrt
from random import Random
from typing import Final, Literal

from traders.strategies.chance import integer

Method = Literal["t", "bootstrap"]

_RESAMPLES: Final = 10_000
_SMALL, _MEDIUM, _LARGE = 0.2, 0.5, 0.8


@dataclass(frozen=True, slots=True)
class Interval:
    """A mean, and where the true one is in ``level`` of all such samples."""

    mean: float
    low: float
    high: float
    level: float
    count: int


@dataclass(frozen=True, slots=True)
class Comparison:
    """A second market against a first one, over the same seeds."""

    first: Interval
    second: Interval
    difference: Interval
    """Second less first, of pairs."""
    effect: float
    """Cohen's d of the differences; infinite where they are all the same and not 0."""
    wins: float
    """Share of seeds where the second is higher; a tie counts half."""

    @property
    def shown(self) -> bool:
        """Whether a difference is shown: the interval does not hold 0."""
        return self.difference.low > 0 or self.difference.high < 0

    def verdict(self, first: str, second: str, figure: str) -> str:
        """In words."""
        one, percent = self.difference, f"{100 * self.difference.level:g} %"
        between = f"{percent} interval {number(one.low)} to {number(one.high)}, {one.count} seeds"
        if not self.shown:
            return f"No difference in {figure} is shown: {number(one.mean, sign=True)} ({between})."
        more = "higher" if one.mean > 0 else "lower"
        return (
            f"{second} has {more} {figure} than {first}: {number(one.mean, sign=True)} ({between}). "
            f"The effect is {_size(self.effect)}; it is higher in {100 * self.wins:.0f} % of the seeds."
        )


def interval_of(
    values: Sequence[float], level: float = 0.95, method: Method = "t", seed: int = 1
) -> Interval:
    """Of the mean. A single value has an interval without end; none at all is a mistake of the caller's.

    Raises:
        ValueError: no values, or a level that is no share.
    """
    count = len(values)
    if not count or not 0 < level < 1:
        raise ValueError(f"an interval at level {level} of {count} values")
    mean = fsum(values) / count
    if count == 1:
        return Interval(mean, -inf, inf, level, 1)
    if method == "bootstrap":
        rng = Random(f"{seed}/bootstrap")
        means = sorted(
            fsum([values[integer(rng, 0, count - 1)] for _ in range(count)]) / count
            for _ in range(_RESAMPLES)
        )
        cut = (1 - level) / 2
        return Interval(mean, _quantile(means, cut), _quantile(means, 1 - cut), level, count)
    variance = fsum([(value - mean) * (value - mean) for value in values]) / (count - 1)
    reach = t_quantile(0.5 + level / 2, count - 1) * sqrt(variance / count)
    return Interval(mean, mean - reach, mean + reach, level, count)


def compare(
    first: Sequence[float], second: Sequence[float], level: float = 0.95, method: Method = "t", seed: int = 1
) -> Comparison:
    """Two markets, whose figures stand in the order of the same seeds.

    Raises:
        ValueError: not as many of one as of the other, or none.
    """
    differences = [two - one for one, two in zip(first, second, strict=True)]
    difference = interval_of(differences, level, method, seed)
    wins = fsum([1.0 if one > 0 else 0.5 if one == 0 else 0.0 for one in differences]) / len(differences)
    deviation = 0.0
    if len(differences) > 1:
        squares = fsum([(one - difference.mean) * (one - difference.mean) for one in differences])
        deviation = sqrt(squares / (len(differences) - 1))
    if deviation:
        effect = difference.mean / deviation
    else:
        effect = 0.0 if not difference.mean else inf if difference.mean > 0 else -inf
    one, two = interval_of(first, level, method, seed), interval_of(second, level, method, seed)
    return Comparison(one, two, difference, effect, wins)


def t_quantile(share: float, degrees: int) -> float:
    """What a t-distributed value of so many degrees of freedom is below with that probability."""
    if share < 0.5:
        return -t_quantile(1 - share, degrees)
    low, high = 0.0, 1.0
    while t_share(high, degrees) < share:
        high *= 2
    for _ in range(200):
        middle = (low + high) / 2
        if t_share(middle, degrees) < share:
            low = middle
        else:
            high = middle
    return (low + high) / 2


def t_share(value: float, degrees: int) -> float:
    """With which probability a t-distributed value is below ``value``."""
    tail = incomplete_beta(degrees / 2, 0.5, degrees / (degrees + value * value)) / 2
    return 1 - tail if value > 0 else tail


def incomplete_beta(a: float, b: float, x: float) -> float:
    """The regularised incomplete beta function, by its continued fraction.

    Source: M. Abramowitz and I. A. Stegun, "Handbook of Mathematical Functions", 1964, 26.5.8; evaluated after W. J. Lentz,
    "Generating Bessel Functions in Mie Scattering Calculations Using Continued Fractions", Applied Optics 15(3), 1976.
    """
    if x <= 0:
        return 0.0
    if x >= 1:
        return 1.0
    if x > (a + 1) / (a + b + 2):
        return 1 - incomplete_beta(b, a, 1 - x)  # there it converges fast
    front = exp(lgamma(a + b) - lgamma(a) - lgamma(b) + a * log(x) + b * log(1 - x)) / a
    tiny = 1e-300
    value, above, below = 1.0, 1.0, 0.0
    for step in range(400):
        half = step // 2
        if step == 0:
            term = 1.0
        elif step % 2 == 0:
            term = half * (b - half) * x / ((a + 2 * half - 1) * (a + 2 * half))
        else:
            term = -(a + half) * (a + b + half) * x / ((a + 2 * half) * (a + 2 * half + 1))
        below = 1 / (1 + term * below or tiny)
        above = 1 + term / above or tiny
        factor = above * below
        value *= factor
        if abs(1 - factor) < 1e-15 and step:
            break
    return front * (value - 1)


def number(value: float, *, sign: bool = False) -> str:
    """Four significant digits, whatever the size."""
    if abs(value) == inf:
        return "-inf" if value < 0 else "inf"
    digits = 0 if abs(value) >= 1_000 else 1 if abs(value) >= 100 else 2 if abs(value) >= 10 else 3
    return f"{value:{'+' if sign else ''},.{digits}f}"


def _quantile(ordered: Sequence[float], share: float) -> float:
    place = share * (len(ordered) - 1)
    below = int(place)
    above = min(below + 1, len(ordered) - 1)
    return ordered[below] + (ordered[above] - ordered[below]) * (place - below)


def _size(effect: float) -> str:
    size = abs(effect)
    name = (
        "large" if size >= _LARGE else "medium" if size >= _MEDIUM else "small" if size >= _SMALL else "tiny"
    )
    return f"{name} (d = {effect:+.2f})"

"""Integers with a power-law tail, drawn from a table.

In: exponent, scale and largest number. Out: draws. Sizes of orders, of the metaorders they are pieces of, and distances
from the best price all have such tails; a table searched in halves costs a tenth of a logarithm and an exponential,
and holds the same numbers on every machine.
"""

from functools import lru_cache
from random import Random

from traders.strategies.chance import power


class PowerLaw:
    """Numbers from 0 to ``maximum``: one of at least n comes up in proportion to ``(1 + n / scale) ** -exponent``.

    What lies beyond the maximum is not heaped upon it: the law is cut off, and the rest of it fills the whole.
    """

    __slots__ = ("_below",)

    def __init__(self, exponent: float, scale: float, maximum: int) -> None:
        beyond = power(1.0 + (maximum + 1) / scale, -exponent)
        self._below = [
            (1.0 - power(1.0 + n / scale, -exponent)) / (1.0 - beyond) for n in range(1, maximum + 1)
        ]

    def draw(self, rng: Random) -> int:
        """One number; takes one number from ``rng``."""
        drawn, below = rng.random(), self._below
        low, high = 0, len(below)
        while low < high:  # as ``bisect_right``, written out: compiled, it compares numbers, not objects
            middle = (low + high) >> 1
            if drawn < below[middle]:
                high = middle
            else:
                low = middle + 1
        return low


@lru_cache(maxsize=256)
def power_law(exponent: float, scale: float, maximum: int) -> PowerLaw:
    """The law, shared by all who draw from the same one."""
    return PowerLaw(exponent, scale, maximum)

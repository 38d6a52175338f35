"""Random numbers that are the same on every machine and every Python.

In: a seeded ``random.Random``, of which only ``random()`` is used: its numbers are promised never to change. Out: numbers
of other distributions. Logarithms and powers of a mathematics library differ between machines in their last digit, and
one digit in a million draws makes another market; so they are made here of additions, multiplications, divisions and
square roots, which IEEE 754 defines to the last bit.
"""

from math import frexp, ldexp, sqrt
from random import Random
from typing import Final

_LN2: Final = 0.6931471805599453
_SQRT_HALF: Final = 0.7071067811865476
_SMALLEST_EXPONENT: Final = -745.0  # below it exp() is nothing, in double precision
_LARGEST_EXPONENT: Final = 709.0


def ln(x: float) -> float:
    """The natural logarithm of a positive number, to some units in the last place."""
    mantissa, exponent = frexp(x)
    if mantissa < _SQRT_HALF:
        mantissa += mantissa
        exponent -= 1
    # 2 artanh(f), as a series: f is at most 0.172, so eleven terms are all that a double can hold.
    f = (mantissa - 1.0) / (mantissa + 1.0)
    s = f * f
    tail = s * (1 / 13 + s * (1 / 15 + s * (1 / 17 + s * (1 / 19 + s / 21))))
    series = 1.0 + s * (1 / 3 + s * (1 / 5 + s * (1 / 7 + s * (1 / 9 + s * (1 / 11 + tail)))))
    return exponent * _LN2 + 2.0 * f * series


_CENTRES: Final = [*((centre := (part + 0.5) / 128.0, ln(centre)) for part in range(127)), (1.0, 0.0)]
"""The middles of 128 parts of what lies between 0 and 1, and their logarithms; of the last part its end, so that numbers
next to 1 have logarithms below 0 whatever is rounded.
"""


def _ln_below_one(x: float) -> float:
    """As ``ln``, for x from 0 to 1: next to a middle whose logarithm is known, three terms are all that a double can hold."""
    # As ``frexp``, written out, which makes objects; most numbers are doubled once or not at all.
    mantissa, exponent = x, 0
    if mantissa == 1.0:
        mantissa, exponent = 0.5, 1
    while mantissa < 0.5:
        mantissa += mantissa
        exponent -= 1
    centre, known = _CENTRES[int(mantissa * 128.0)]
    f = (mantissa - centre) / (mantissa + centre)
    s = f * f
    return exponent * _LN2 + known + 2.0 * f * (1.0 + s * (1 / 3 + s * (1 / 5 + s / 7)))


def exp(x: float) -> float:
    """The exponential function, to some units in the last place; 0 far below, the largest there is far above."""
    if x < _SMALLEST_EXPONENT:
        return 0.0
    x = min(x, _LARGEST_EXPONENT)
    halvings = round(x / _LN2)
    r = x - halvings * _LN2
    term = total = 1.0
    for n in range(1, 18):  # |r| is at most 0.35
        term *= r / n
        total += term
    return ldexp(total, halvings)


def power(base: float, exponent: float) -> float:
    """``base ** exponent`` of a positive base."""
    return exp(exponent * ln(base))


def nearest(x: float) -> int:
    """As ``round``, written out: the nearest integer, of two the even one."""
    whole = int(x)
    rest = x - whole
    if rest > 0.5 or (rest == 0.5 and whole & 1):
        whole += 1
    elif rest < -0.5 or (rest == -0.5 and whole & 1):
        whole -= 1
    return whole


def integer(rng: Random, low: int, high: int) -> int:
    """Uniform from ``low`` to ``high``, both included; for ranges far below 2**53."""
    return low + int(rng.random() * (high - low + 1))


def exponential(rng: Random, mean: float) -> float:
    """Of the waits between the events of a Poisson process."""
    return -mean * _ln_below_one(1.0 - rng.random())


def normal(rng: Random, mean: float = 0.0, deviation: float = 1.0) -> float:
    """Gauss's, by G. Marsaglia's polar method (SIAM Review 6(3), 1964, 260-264), without the second of its two numbers:
    a number kept for later would be state beside the generator's own.
    """
    while True:
        u, v = 2.0 * rng.random() - 1.0, 2.0 * rng.random() - 1.0
        s = u * u + v * v
        if 0.0 < s < 1.0:
            return mean + deviation * u * sqrt(-2.0 * _ln_below_one(s) / s)


def lognormal(rng: Random, median: float, sigma: float) -> float:
    """Its logarithm is normal around that of the ``median``, with the deviation ``sigma``."""
    return median * exp(normal(rng, 0.0, sigma))

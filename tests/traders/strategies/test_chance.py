"""What is written out in ``traders.strategies.chance`` gives what Python's own functions would give, to the last bit."""

from math import frexp, log
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from traders.strategies.chance import exponential, ln, nearest, normal

_LN2 = 0.6931471805599453


@given(st.floats(-1e18, 1e18) | st.integers(-(10**6), 10**6).map(lambda halves: halves / 2))
def test_the_nearest_integer_is_that_of_round(x: float) -> None:
    assert nearest(x) == round(x)


class Dice(Random):
    """Gives one number, always."""

    def __init__(self, number: float) -> None:
        super().__init__(0)
        self.number = number

    def random(self) -> float:
        return self.number


def _logarithm(x: float) -> float:
    """By the same series, with a mantissa of the library."""
    mantissa, exponent = frexp(x)
    part = int(mantissa * 128.0)
    centre = 1.0 if part == 127 else (part + 0.5) / 128.0
    f = (mantissa - centre) / (mantissa + centre)
    s = f * f
    known = 0.0 if part == 127 else ln(centre)
    return exponent * _LN2 + known + 2.0 * f * (1.0 + s * (1 / 3 + s * (1 / 5 + s / 7)))


@given(
    st.floats(0.0, 1.0, exclude_max=True) | st.sampled_from([0.0, 0.5, 0.75, 1 - 2**-53, 1 - 2**-52, 2**-53])
)
def test_waits_are_made_of_logarithms_to_the_last_bit(number: float) -> None:
    wait = exponential(Dice(number), 3.0)

    assert wait == -3.0 * _logarithm(1.0 - number)
    assert wait == pytest.approx(-3.0 * log(1.0 - number), rel=1e-9, abs=1e-15)


def test_normal_numbers_have_the_moments_of_theirs() -> None:
    rng = Random(5)
    drawn = [normal(rng, 10.0, 2.0) for _ in range(20_000)]
    mean = sum(drawn) / len(drawn)

    assert mean == pytest.approx(10.0, abs=0.05)
    assert sum((x - mean) ** 2 for x in drawn) / len(drawn) == pytest.approx(4.0, rel=0.05)

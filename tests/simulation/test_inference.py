"""Intervals against tables, and verdicts on differences that are there or are not."""

from math import inf
from random import Random

import pytest

from simulation.inference import compare, incomplete_beta, interval_of, number, t_quantile, t_share


@pytest.mark.parametrize(
    ("degrees", "quantile"),
    [(1, 12.7062), (2, 4.3027), (5, 2.5706), (10, 2.2281), (30, 2.0423), (99, 1.9842), (1_000, 1.9623)],
)
def test_quantiles_of_the_t_distribution_are_those_of_the_tables(degrees: int, quantile: float) -> None:
    assert t_quantile(0.975, degrees) == pytest.approx(quantile, abs=5e-5)
    assert t_quantile(0.025, degrees) == pytest.approx(-quantile, abs=5e-5)
    assert t_share(quantile, degrees) == pytest.approx(0.975, abs=1e-5)


def test_the_incomplete_beta_function_where_it_is_a_polynomial() -> None:
    # I_x(2, 3) = 6 x^2 - 8 x^3 + 3 x^4
    for x in (0.1, 0.4, 0.5, 0.9):
        assert incomplete_beta(2, 3, x) == pytest.approx(6 * x**2 - 8 * x**3 + 3 * x**4, abs=1e-12)
    assert incomplete_beta(2, 3, 0) == 0
    assert incomplete_beta(2, 3, 1) == 1


def test_an_interval_by_hand() -> None:
    one = interval_of([1.0, 2.0, 3.0, 4.0, 5.0])

    # Standard deviation sqrt(2.5), standard error sqrt(0.5), t of 4 degrees 2.7764.
    assert (one.mean, one.count) == (3.0, 5)
    assert (one.low, one.high) == pytest.approx((3 - 1.96324, 3 + 1.96324), abs=1e-4)


def test_intervals_hold_the_true_mean_as_often_as_they_say() -> None:
    held = 0
    for seed in range(400):
        rng = Random(seed)
        one = interval_of([rng.gauss(10, 3) for _ in range(8)], level=0.9)
        held += one.low <= 10 <= one.high

    assert 0.86 <= held / 400 <= 0.94


def test_the_bootstrap_agrees_with_t_where_both_are_right_and_repeats_itself() -> None:
    rng = Random(1)
    values = [rng.gauss(5, 2) for _ in range(60)]

    one, again, by_t = (
        interval_of(values, method="bootstrap"),
        interval_of(values, method="bootstrap"),
        interval_of(values),
    )

    assert one == again
    assert (one.low, one.high) == pytest.approx((by_t.low, by_t.high), abs=0.1)


def test_one_value_shows_nothing_and_none_is_a_mistake() -> None:
    assert (interval_of([7.0]).low, interval_of([7.0]).high) == (-inf, inf)
    with pytest.raises(ValueError, match="0 values"):
        interval_of([])


def test_a_difference_that_chance_hides_between_seeds_shows_within_them() -> None:
    rng = Random(4)
    first = [rng.gauss(100, 30) for _ in range(40)]
    second = [value + rng.gauss(3, 2) for value in first]

    found = compare(first, second)

    assert found.shown
    assert found.first.high > found.second.low  # side by side nothing shows
    assert found.difference.low < 3 < found.difference.high
    assert found.effect > 0.8
    assert found.verdict("A", "B", "surplus").startswith("B has higher surplus than A: +")


def test_no_difference_is_called_none() -> None:
    rng = Random(3)
    first = [rng.gauss(0, 1) for _ in range(40)]

    found = compare(first, [value + rng.gauss(0, 1) for value in first])

    assert not found.shown
    assert found.verdict("A", "B", "pnl").startswith("No difference in pnl is shown")


def test_a_difference_that_is_always_the_same_is_certain() -> None:
    found = compare([1.0, 2.0, 3.0], [0.0, 1.0, 2.0])

    assert (found.difference.low, found.difference.high, found.effect, found.wins) == (-1, -1, -inf, 0)
    assert "lower" in found.verdict("A", "B", "pnl")


def test_equal_markets_win_half_of_the_seeds() -> None:
    found = compare([1.0, 2.0], [1.0, 2.0])

    assert (found.wins, found.effect, found.shown) == (0.5, 0.0, False)


def test_numbers_have_four_digits() -> None:
    shown = [number(value) for value in (0.12345, 12.346, 123.46, 12_345.6, -inf)]

    assert shown == ["0.123", "12.35", "123.5", "12,346", "-inf"]
    assert number(3, sign=True) == "+3.000"

"""Tests of two samples against values that were worked out elsewhere, and against their own promises."""

from random import Random

import pytest

from simulation.two_samples import holm, kolmogorov_smirnov, mann_whitney, permutation_p, smirnov_p


def normals(count: int, seed: int, mean: float = 0.0) -> list[float]:
    rng = Random(seed)
    return [rng.gauss(mean, 1.0) for _ in range(count)]


def test_the_distance_is_the_largest_step_between_the_two_functions() -> None:
    assert kolmogorov_smirnov([1, 2, 3, 4], [3, 4, 5, 6]) == 0.5
    assert kolmogorov_smirnov([1, 1, 2], [1, 1, 2]) == 0.0
    assert kolmogorov_smirnov([1, 2], [3]) == 1.0
    assert kolmogorov_smirnov([1, 1, 1, 2], [1, 2, 2, 2]) == 0.5


def test_the_asymptotic_p_value_is_that_of_the_table() -> None:
    # Kolmogorov's distribution: 1.3581 leaves 5 %, 1.6276 leaves 1 %.
    root = (10_000 * 10_000 / 20_000) ** 0.5
    assert smirnov_p(1.3581 / root, 10_000, 10_000) == pytest.approx(0.05, abs=0.001)
    assert smirnov_p(1.6276 / root, 10_000, 10_000) == pytest.approx(0.01, abs=0.0005)
    assert smirnov_p(0.0, 5, 5) == 1.0


def test_mann_whitney_counts_pairs_ties_by_half() -> None:
    larger, p = mann_whitney([1, 2, 3], [2, 3, 4])

    assert larger == 2.0
    assert 0.2 < p < 0.5
    assert mann_whitney([7, 7], [7, 7, 7]) == (3.0, 1.0)


def test_mann_whitney_agrees_with_a_worked_example() -> None:
    # Two samples of ten that hardly overlap; the normal approximation with continuity gives 0.00033.
    low, high = list(range(1, 11)), [*range(9, 19)]
    larger, p = mann_whitney(low, high)

    assert larger == 2.0
    assert p == pytest.approx(0.00033, abs=0.00005)


def test_equal_distributions_are_seldom_told_apart_and_shifted_ones_mostly() -> None:
    same = [permutation_p(normals(30, n), normals(30, 1_000 + n), Random(n), rounds=200) for n in range(40)]
    other = [
        permutation_p(normals(30, n), normals(30, 1_000 + n, 1.5), Random(n), rounds=200) for n in range(10)
    ]

    assert sum(p < 0.05 for p in same) <= 6
    assert all(p < 0.05 for p in other)


def test_a_permutation_p_value_is_never_zero_and_repeats_under_a_seed() -> None:
    first = permutation_p([1, 2, 3, 4, 5], [11, 12, 13, 14, 15], Random(1), rounds=100)

    assert 0 < first < 0.1
    assert first == permutation_p([1, 2, 3, 4, 5], [11, 12, 13, 14, 15], Random(1), rounds=100)


def test_p_values_are_made_up_for_their_number_in_order() -> None:
    assert holm([0.01, 0.04, 0.03]) == pytest.approx([0.03, 0.06, 0.06])
    assert holm([0.5, 0.9]) == [1.0, 1.0]

"""Whether two samples may come from one distribution: tests that assume nothing about its form.

After A. N. Kolmogorov (1933) and N. V. Smirnov, "Table for Estimating the Goodness of Fit of Empirical Distributions", Annals of
Mathematical Statistics 19(2), 1948, 279-281; H. B. Mann and D. R. Whitney, "On a Test of Whether One of Two Random
Variables is Stochastically Larger than the Other", Annals of Mathematical Statistics 18(1), 1947, 50-60; permutations: R. A.
Fisher, "The Design of Experiments", 1935, and B. Phipson and G. K. Smyth, "Permutation P-values Should Never Be Zero",
Statistical Applications in Genetics and Molecular Biology 9(1), 2010; several tests at once: S. Holm, "A Simple Sequentially
Rejective Multiple Test Procedure", Scandinavian Journal of Statistics 6(2), 1979, 65-70.

In: numbers, independent of each other within a sample. Out: statistics and p-values: how likely a difference like
this, or a larger one, would be if there were none. Pure; permutations are drawn from a generator that is handed in.
"""

from collections.abc import Callable, Sequence
from math import erfc, exp, sqrt
from random import Random
from typing import Final

ROUNDS: Final = 1_000
"""Permutations: p-values down to one in a thousand can be told apart."""

Statistic = Callable[[Sequence[float], Sequence[float]], float]


def kolmogorov_smirnov(one: Sequence[float], other: Sequence[float]) -> float:
    """The largest distance between the two empirical distribution functions, 0 to 1. Ties are taken together.

    Neither sample may be empty.
    """
    first, second = sorted(one), sorted(other)
    at_first = at_second = 0
    largest = 0.0
    while at_first < len(first) and at_second < len(second):
        value = min(first[at_first], second[at_second])
        while at_first < len(first) and first[at_first] == value:
            at_first += 1
        while at_second < len(second) and second[at_second] == value:
            at_second += 1
        largest = max(largest, abs(at_first / len(first) - at_second / len(second)))
    return largest


def smirnov_p(distance: float, one: int, other: int) -> float:
    """The asymptotic p-value of that distance between samples of these sizes; with ties it is too large, never too small.

    The correction for finite samples is that of M. A. Stephens, Journal of the Royal Statistical Society B 32(1), 1970.
    """
    root = sqrt(one * other / (one + other))
    scaled = (root + 0.12 + 0.11 / root) * distance
    if scaled < 0.2:
        return 1.0  # the series converges too slowly to say what is 1 to twelve digits
    total = sum(exp(-2.0 * (term * scaled) ** 2) * (1 if term % 2 else -1) for term in range(1, 101))
    return min(1.0, max(0.0, 2.0 * total))


def mann_whitney(one: Sequence[float], other: Sequence[float]) -> tuple[float, float]:
    """``U`` of the first sample, pairs in which it is the larger, ties counting half; and its two-sided p-value.

    Normal approximation, corrected for ties and continuity: good from eight numbers a sample on. Neither may be empty.
    """
    sizes = len(one), len(other)
    ranks, ties = _ranks([*one, *other])
    larger = sum(ranks[: sizes[0]]) - sizes[0] * (sizes[0] + 1) / 2
    total = sum(sizes)
    mean = sizes[0] * sizes[1] / 2
    variance = sizes[0] * sizes[1] / 12 * (total + 1 - ties / (total * (total - 1)))
    if variance <= 0:
        return larger, 1.0  # all numbers are equal
    distance = max(abs(larger - mean) - 0.5, 0.0) / sqrt(variance)
    return larger, erfc(distance / sqrt(2.0))


def permutation_p(
    one: Sequence[float],
    other: Sequence[float],
    rng: Random,
    statistic: Statistic = kolmogorov_smirnov,
    rounds: int = ROUNDS,
) -> float:
    """How often dealing all numbers out anew gives a statistic at least as large: right with ties and small samples, too."""
    found = statistic(one, other)
    pooled = [*one, *other]
    size = len(one)
    as_large = 1
    for _ in range(rounds):
        rng.shuffle(pooled)
        # Sums of floats in another order may differ in the last place.
        as_large += statistic(pooled[:size], pooled[size:]) >= found - 1e-12
    return as_large / (rounds + 1)


def holm(p_values: Sequence[float]) -> list[float]:
    """The same p-values, made up for their number: if one of them is below a level, so is the chance that it is by luck."""
    order = sorted(range(len(p_values)), key=lambda place: p_values[place])
    corrected = [1.0] * len(p_values)
    most = 0.0
    for rank, place in enumerate(order):
        most = max(most, min(1.0, p_values[place] * (len(p_values) - rank)))
        corrected[place] = most
    return corrected


def _ranks(values: Sequence[float]) -> tuple[list[float], float]:
    """Ranks from 1, tied ones shared; and the sum of ``t**3 - t`` over ties."""
    order = sorted(range(len(values)), key=lambda place: values[place])
    ranks = [0.0] * len(values)
    ties = 0.0
    start = 0
    while start < len(order):
        end = start
        while end + 1 < len(order) and values[order[end + 1]] == values[order[start]]:
            end += 1
        for place in order[start : end + 1]:
            ranks[place] = (start + end) / 2 + 1
        count = end - start + 1
        ties += count**3 - count
        start = end + 1
    return ranks, ties

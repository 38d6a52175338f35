"""How long messages take."""

from collections.abc import Callable
from random import Random
from statistics import mean, median

import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocol.errors import ConfigError
from simulation.latency import constant, draws
from traders.latency import Fixed, Latency, LogNormal, Sites, Uniform

SITES = Sites(
    model="sites", venue="venue", ns={"london": {"venue": 100}, "venue": {"london": 7}}, jitter_ns=5
)


def drawn(model: Latency, number: int = 2_000, *, to_venue: bool = True) -> list[int]:
    draw = draws(model, Random(7), "london", to_venue=to_venue)
    return [draw.ns() for _ in range(number)]


@given(st.integers(0, 1_000), st.integers(0, 1_000), st.integers(0, 2**32))
def test_uniform_latencies_keep_their_bounds(low: int, more: int, seed: int) -> None:
    draw = draws(Uniform(model="uniform", low_ns=low, high_ns=low + more), Random(seed), None, to_venue=True)

    assert all(low <= draw.ns() <= low + more for _ in range(50))


def test_uniform_latencies_are_all_equally_likely() -> None:
    found = drawn(Uniform(model="uniform", low_ns=10, high_ns=13), 8_000)

    assert sorted(set(found)) == [10, 11, 12, 13]
    assert all(1_850 < found.count(ns) < 2_150 for ns in range(10, 14))


def test_lognormal_latencies_have_their_floor_median_and_tail() -> None:
    found = drawn(LogNormal(model="lognormal", floor_ns=50_000, median_ns=100_000, sigma=0.5), 20_000)

    assert min(found) >= 50_000
    assert 147_000 < median(found) < 153_000
    # Of a lognormal the mean is the median times exp(sigma^2 / 2).
    assert 50_000 + 100_000 * 1.11 < mean(found) < 50_000 + 100_000 * 1.16


def test_each_pair_of_sites_has_its_own_latency_each_way() -> None:
    there, back = drawn(SITES), drawn(SITES, to_venue=False)

    assert (min(there), max(there), min(back), max(back)) == (100, 105, 7, 12)


@pytest.mark.parametrize("ask", [constant, lambda *a, **k: draws(a[0], Random(1), a[1], **k)])
def test_a_pair_of_sites_that_is_not_in_the_matrix_is_a_mistake(ask: Callable[..., object]) -> None:
    model = SITES.model_copy(update={"jitter_ns": 0})

    with pytest.raises(ConfigError, match="there is no way from site 'paris' to 'venue'"):
        ask(model, "paris", to_venue=True)


@pytest.mark.parametrize(
    ("model", "ns"),
    [
        (Fixed(ns=3), 3),
        (Uniform(model="uniform", low_ns=4, high_ns=4), 4),
        (LogNormal(model="lognormal", floor_ns=2, median_ns=3, sigma=0.0), 5),
        (SITES.model_copy(update={"jitter_ns": 0}), 100),
        (Uniform(model="uniform", low_ns=4, high_ns=5), None),
        (SITES, None),
    ],
)
def test_what_always_takes_as_long_is_known_to(model: Latency, ns: int | None) -> None:
    assert constant(model, "london", to_venue=True) == ns
    assert (len(set(drawn(model))) == 1) == (ns is not None)


def test_equal_seeds_draw_equal_latencies() -> None:
    model = LogNormal(model="lognormal", floor_ns=0, median_ns=1_000, sigma=0.7)

    assert drawn(model, 5) == drawn(model, 5) == [732, 1157, 1505, 612, 697]

"""Measures of series whose answers are known, and of markets made by hand."""

from math import sqrt
from random import Random

import pytest

from protocol.vocabulary import Side, Symbol
from simulation.samples import BookSample, Samples, Traded
from simulation.stylised_facts import (
    autocorrelation,
    band,
    checks_of,
    correlation,
    depth_profile,
    excess_kurtosis,
    facts_of,
    has_hump,
    hill_index,
    mid_prices,
    returns,
    signs,
)

ACME = Symbol("ACME")
SECOND = 1_000_000_000


def normal(count: int, seed: int = 1) -> list[float]:
    rng = Random(seed)
    return [rng.gauss(0, 1) for _ in range(count)]


def test_independent_values_stay_within_the_band_as_often_as_it_says() -> None:
    inside = sum(abs(autocorrelation(normal(200, seed), 1)) <= band(200) for seed in range(400))

    assert 360 <= inside <= 400


@pytest.mark.parametrize("memory", [-0.5, 0.3, 0.8])
def test_an_autoregression_of_first_order_forgets_by_its_coefficient(memory: float) -> None:
    series = [0.0]
    for shock in normal(50_000):
        series.append(memory * series[-1] + shock)

    measured = [autocorrelation(series, lag) for lag in (1, 2, 3)]

    assert measured == pytest.approx([memory, memory**2, memory**3], abs=0.02)


def test_what_alternates_is_perfectly_anticorrelated_and_what_is_constant_is_not_at_all() -> None:
    assert autocorrelation([1.0, -1.0] * 500, 1) == pytest.approx(-1, abs=0.002)
    assert autocorrelation([3.0] * 10, 1) == 0
    assert autocorrelation([1.0, 2.0], 5) == 0


def test_excess_kurtosis_of_normal_uniform_and_laplace_values() -> None:
    rng = Random(2)
    uniform = [rng.random() for _ in range(100_000)]
    laplace = [rng.expovariate(1) - rng.expovariate(1) for _ in range(200_000)]

    assert excess_kurtosis(normal(200_000)) == pytest.approx(0, abs=0.05)
    assert excess_kurtosis(uniform) == pytest.approx(-1.2, abs=0.02)
    assert excess_kurtosis(laplace) == pytest.approx(3, abs=0.3)
    assert excess_kurtosis([-1.0, 1.0]) == -2
    assert excess_kurtosis([]) == 0


@pytest.mark.parametrize("index", [2.0, 3.0, 4.0])
def test_hill_finds_the_index_of_a_pareto_tail(index: float) -> None:
    rng = Random(3)

    found = hill_index([rng.paretovariate(index) * rng.choice((-1, 1)) for _ in range(40_000)])

    assert found == pytest.approx(index, rel=0.07)


def test_too_few_values_or_equal_ones_have_no_tail() -> None:
    assert hill_index([1.0, 2.0, 3.0]) is None
    assert hill_index([1.0] * 1_000) is None
    assert hill_index([0.0] * 1_000) is None


def test_storms_show_in_absolute_returns_and_not_in_returns() -> None:
    # ARCH(1): the variance of a value is 1 plus half the square of the value before.
    series = [0.0]
    for shock in normal(50_000, 4):
        series.append(shock * sqrt(1 + 0.5 * series[-1] ** 2))

    assert abs(autocorrelation(series, 1)) < 0.05
    assert autocorrelation([abs(value) for value in series], 1) > 0.2
    assert excess_kurtosis(series) > 1


def test_correlation_of_lines_is_one_and_of_nothing_is_zero() -> None:
    assert correlation([1, 2, 3], [10, 20, 30]) == pytest.approx(1)
    assert correlation([1, 2, 3], [3, 2, 1]) == pytest.approx(-1)
    assert correlation([1, 2, 3], [5, 5, 5]) == 0
    assert correlation([], []) == 0


def test_returns_follow_each_other_without_overlap() -> None:
    assert returns([100, 110, 121, 242], 1) == pytest.approx([0.1, 0.1, 1.0])
    assert returns([100, 110, 121, 242, 363], 2) == pytest.approx([0.21, 2.0])


def test_an_aggressor_counts_once_however_many_orders_it_met_and_auctions_do_not_count() -> None:
    trades = [
        Traded(1, 100, 1, Side.BUY, 7),
        Traded(1, 101, 1, Side.BUY, 7),
        Traded(2, 100, 1, Side.SELL, 8),
        Traded(3, 100, 5, None, 0),
        Traded(4, 101, 1, Side.BUY, 9),
    ]

    assert signs(trades) == [1, -1, 1]


def test_an_empty_side_keeps_the_last_mid_price_and_before_the_first_there_is_none() -> None:
    samples = Samples(ACME, 1, 0, SECOND)
    for at, bid, ask in [(1, None, 102), (2, 100, 102), (3, None, 102), (4, 102, 104)]:
        samples.add_book(BookSample(at * SECOND, bid, int(bid is not None), ask, 1, 1, 1))

    assert mid_prices(samples) == ([101, 101, 103], 2 * SECOND)


def test_a_profile_is_of_one_side_and_reaches_as_far_as_nearly_all_of_it() -> None:
    samples = Samples(ACME, 1, 0, SECOND)
    samples.profiles = 2
    samples.profile[:4] = [10, 60, 26, 4]

    assert depth_profile(samples) == [(0, 5.0), (1, 30.0), (2, 13.0)]
    assert has_hump(depth_profile(samples))


def test_a_book_that_only_falls_or_only_rises_has_no_hump() -> None:
    assert not has_hump([(0, 9.0), (1, 5.0), (2, 1.0)])
    assert not has_hump([(0, 1.0), (1, 5.0), (2, 9.0)])
    assert not has_hump([(0, 1.0), (1, 5.0)])


def samples_of(prices: list[float], trades: list[Traded]) -> Samples:
    samples = Samples(ACME, 1, 0, SECOND)
    for at, price in enumerate(prices):
        mid = round(price)
        samples.add_book(BookSample(at * SECOND, mid - 1, 5, mid + 1, 5, 50, 50))
    for trade in trades:
        samples.add_trade(trade)
    return samples


def test_a_random_walk_is_not_a_market() -> None:
    prices = [1_000_000.0]
    for step in normal(7_200, 5):
        prices.append(prices[-1] + 50 * step)
    rng = Random(6)
    trades = [Traded(at * SECOND, 100, 1, rng.choice((Side.BUY, Side.SELL)), at + 1) for at in range(7_200)]

    facts = facts_of(samples_of(prices, trades))

    assert facts is not None
    assert abs(facts.returns_10_s) < 0.1
    assert abs(facts.kurtosis[0]) < 0.3
    assert {check.name: check.passed for check in checks_of(facts)} == {
        "returns, 10 s: autocorrelation": True,
        "returns, 60 s: autocorrelation": True,
        "returns, 1 s: excess kurtosis": False,
        "excess kurtosis, 1 to 300 s": False,
        "returns, 10 s: Hill index of the tail": False,
        "absolute returns, 10 s: mean autocorrelation": False,
        "signs of orders: autocorrelation, lags 1 to 10": False,
        "mean depth by distance from the best price": False,
        "volume and volatility by minute: correlation": False,
    }


def test_less_than_ten_minutes_say_nothing() -> None:
    facts = facts_of(samples_of([1_000.0] * 599, []))

    assert facts is None
    assert [check.passed for check in checks_of(facts)] == [False]

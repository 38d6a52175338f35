"""The oracle: one history for everybody, and the history that its parameters promise."""

from itertools import pairwise
from math import sqrt
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from protocol.vocabulary import Symbol
from traders.oracle import Oracle
from traders.oracle_config import OracleConfig

ACME, BETA, FUND = Symbol("ACME"), Symbol("BETA"), Symbol("FUND")
SECOND = 1_000_000_000


def oracle(seed: int = 1, step_s: float = 1.0, **values: object) -> Oracle:
    """One instrument with a mean of 10,000."""
    table = {"step_s": step_s, "instruments": {ACME: {"mean": 10_000, **values}}}
    return Oracle(OracleConfig.model_validate(table), seed)


def path(of: Oracle, seconds: int, symbol: Symbol = ACME, every: int = 1) -> list[int]:
    return [of.value(symbol, second * SECOND) for second in range(0, seconds, every)]


EVERYTHING = {
    "half_life_s": 600.0,
    "volatility": 5.0,
    "volatility_deviation": 0.5,
    "volatility_half_life_s": 60.0,
    "common_share": 0.3,
    "shocks_per_hour": 20.0,
    "shock_mean": 100.0,
    "shock_deviation": 20.0,
}


# -- the same for everybody ------------------------------------------------------------------------
@given(st.lists(st.integers(-5, 3_000), max_size=30))
def test_the_value_does_not_depend_on_who_looks_when(looks: list[int]) -> None:
    disturbed, quiet = oracle(3, **EVERYTHING), oracle(3, **EVERYTHING)

    for tenths in looks:
        disturbed.value(ACME, tenths * SECOND // 10)

    assert path(disturbed, 300, every=7) == path(quiet, 300, every=7)


def test_what_one_trader_sees_does_not_change_what_another_one_sees() -> None:
    alone, crowded = oracle(volatility=5.0), oracle(volatility=5.0)
    mine, theirs = Random(1), Random(2)

    seen = [alone.observe(ACME, second * SECOND, 10.0, mine) for second in range(50)]
    mine = Random(1)
    for second in range(50):
        crowded.observe(ACME, second * SECOND, 99.0, theirs)
        assert crowded.observe(ACME, second * SECOND, 10.0, mine) == seen[second]


def test_another_instrument_changes_no_path() -> None:
    table = {"instruments": {BETA: {"mean": 500, "volatility": 2}, ACME: {"mean": 10_000, **EVERYTHING}}}

    both = Oracle(OracleConfig.model_validate(table), 1)

    assert path(both, 200) == path(oracle(1, **EVERYTHING), 200)


def test_equal_seeds_give_equal_paths_and_others_do_not() -> None:
    assert path(oracle(7, **EVERYTHING), 100) == path(oracle(7, **EVERYTHING), 100)
    assert path(oracle(7, **EVERYTHING), 100) != path(oracle(8, **EVERYTHING), 100)


def test_the_path_is_the_same_on_every_machine() -> None:
    assert path(oracle(1, **EVERYTHING), 8) == KNOWN


KNOWN = [10_000, 9_996, 9_998, 9_991, 9_998, 10_004, 10_023, 10_027]


def test_the_value_is_held_between_two_points() -> None:
    of = oracle(volatility=50.0, step_s=2.0)

    assert of.value(ACME, 0) == of.value(ACME, 2 * SECOND - 1) == of.value(ACME, -5) == 10_000
    assert of.value(ACME, 2 * SECOND) != 10_000


# -- as its parameters say -------------------------------------------------------------------------
def test_a_deviation_is_half_gone_after_its_half_life() -> None:
    of = oracle(initial=14_000, half_life_s=60.0)

    assert [of.value(ACME, second * SECOND) for second in (0, 60, 120, 180)] == [
        14_000,
        12_000,
        11_000,
        10_500,
    ]


@pytest.mark.parametrize("step_s", [0.5, 1.0, 7.0])
def test_the_variance_is_that_of_an_ornstein_uhlenbeck_process_whatever_the_step(step_s: float) -> None:
    # Stationary variance: volatility squared over twice the rate of return, ln 2 by the half-life.
    volatility, half_life_s = 10.0, 20.0
    of = oracle(4, step_s, volatility=volatility, half_life_s=half_life_s)
    values = [of.value(ACME, n * 100 * SECOND) for n in range(1, 4_000)]  # five half-lives apart

    mean = sum(values) / len(values)
    variance = sum((value - mean) ** 2 for value in values) / len(values)

    assert mean == pytest.approx(10_000, abs=3)
    assert variance == pytest.approx(volatility**2 * half_life_s / (2 * 0.693147), rel=0.08)


def test_without_a_half_life_the_variance_grows_with_time() -> None:
    ends = [oracle(seed, volatility=3.0).value(ACME, 400 * SECOND) - 10_000 for seed in range(400)]

    assert sqrt(sum(end * end for end in ends) / len(ends)) == pytest.approx(3.0 * 20, rel=0.1)


def test_a_volatility_that_wanders_has_the_same_mean_square_and_fatter_tails() -> None:
    def moves(**values: float) -> list[int]:
        points = path(oracle(11, volatility=20.0, **values), 60_000)
        return [after - before for before, after in pairwise(points)]

    def moment(numbers: list[int], power: int) -> float:
        return sum(float(number) ** power for number in numbers) / len(numbers)

    steady, wandering = moves(), moves(volatility_deviation=0.6, volatility_half_life_s=60.0)

    assert moment(wandering, 2) == pytest.approx(moment(steady, 2), rel=0.15)
    assert moment(steady, 4) / moment(steady, 2) ** 2 == pytest.approx(3, abs=0.2)
    assert moment(wandering, 4) / moment(wandering, 2) ** 2 > 6


def test_shocks_come_as_often_as_they_should_and_have_two_modes() -> None:
    points = path(oracle(5, shocks_per_hour=60.0, shock_mean=100.0, shock_deviation=10.0), 36_000)
    moves = [after - before for before, after in pairwise(points) if after != before]

    assert len(moves) == pytest.approx(600, abs=75)
    assert sum(move > 0 for move in moves) == pytest.approx(len(moves) / 2, abs=50)
    between = sum(abs(move) <= 50 for move in moves)
    assert between <= 0.02 * len(moves), "five deviations from either mode: two in one second, up and down"


def test_a_scheduled_shock_comes_at_its_time_and_is_forgotten_unless_it_lasts() -> None:
    def values(*, lasting: bool) -> list[int]:
        shock = {"at_s": 100, "change": -400, "lasting": lasting}
        of = oracle(half_life_s=50.0, scheduled=[shock])
        return [of.value(ACME, second * SECOND) for second in (99, 100, 150, 1_000)]

    assert values(lasting=False) == [10_000, 9_600, 9_800, 10_000]
    assert values(lasting=True) == [10_000, 9_600, 9_600, 9_600]


def test_the_value_is_never_below_one() -> None:
    assert oracle(scheduled=[{"at_s": 1, "change": -20_000}]).value(ACME, SECOND) == 1


def test_instruments_that_share_a_factor_are_correlated() -> None:
    common = {"mean": 10_000, "volatility": 20.0, "common_share": 0.9}
    table = {"instruments": {ACME: common, BETA: common}}
    of = Oracle(OracleConfig.model_validate(table), 2)
    a, b = path(of, 5_000, ACME), path(of, 5_000, BETA)
    moves = [(a[n + 1] - a[n], b[n + 1] - b[n]) for n in range(len(a) - 1)]

    covariance = sum(x * y for x, y in moves)
    correlation = covariance / sqrt(sum(x * x for x, _ in moves) * sum(y * y for _, y in moves))

    assert correlation == pytest.approx(0.81, abs=0.03)


def test_a_basket_is_worth_its_parts() -> None:
    table = {
        "instruments": {ACME: {"mean": 10_001, "volatility": 5}, BETA: {"mean": 500}},
        "baskets": {FUND: {"weights": {ACME: 2, BETA: 3}, "divisor": 10}},
    }
    of = Oracle(OracleConfig.model_validate(table), 2)

    assert of.symbols == (ACME, BETA, FUND)
    assert of.value(FUND, 0) == 2_150, "21,502 by ten, to the nearest"
    for second in range(100):
        parts = 2 * of.value(ACME, second * SECOND) + 3 * 500
        assert abs(10 * of.value(FUND, second * SECOND) - parts) <= 5


def test_noise_is_around_the_truth_and_as_large_as_asked() -> None:
    of, rng = oracle(), Random(1)

    seen = [of.observe(ACME, 0, 30.0, rng) for _ in range(4_000)]

    assert sum(seen) / len(seen) == pytest.approx(10_000, abs=2)
    assert sqrt(sum((one - 10_000) ** 2 for one in seen) / len(seen)) == pytest.approx(30, rel=0.05)
    assert of.observe(ACME, 0, 0.0, rng) == 10_000


# -- mistakes --------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("values", "text"),
    [
        ({"instruments": {}}, "at least 1"),
        ({"instruments": {ACME: {"mean": 0}}}, "greater than 0"),
        ({"instruments": {ACME: {"mean": 1, "drift": 2}}}, "not permitted"),
        ({"instruments": {ACME: {"mean": 1}}, "baskets": {ACME: {"weights": {ACME: 1}}}}, "a basket and has"),
        (
            {"instruments": {ACME: {"mean": 1}}, "baskets": {FUND: {"weights": {BETA: 1}}}},
            "BETA, part of the",
        ),
    ],
)
def test_impossible_oracles_are_refused(values: dict[str, object], text: str) -> None:
    with pytest.raises(ValidationError, match=text):
        OracleConfig.model_validate(values)


def test_an_unknown_instrument_is_a_key_error() -> None:
    with pytest.raises(KeyError):
        oracle().value(BETA, 0)

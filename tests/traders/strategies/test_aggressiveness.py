"""AA: target functions, their inverse, and what it learns."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocol.vocabulary import Side
from tests.traders.strategies.floor import ACME, Floor, shouter
from traders.strategies.adaptive_aggressive import AaParameters, AdaptiveAggressive, Estimate
from traders.strategies.aggressiveness import Target, curvature_of, rise, slope, unrise

THETAS = st.floats(-8, 2)
SIDES = st.sampled_from([Side.BUY, Side.SELL])


def test_targets_go_from_the_far_end_over_the_equilibrium_to_the_limit() -> None:
    buyer = Target(Side.BUY, 150, 100.0, -2.0, 1, 200)
    seller = Target(Side.SELL, 60, 100.0, -2.0, 1, 200)

    assert [buyer(r) for r in (-1, 0, 1)] == pytest.approx([1, 100, 150])
    assert [seller(r) for r in (-1, 0, 1)] == pytest.approx([200, 100, 60])


def test_who_is_beyond_the_equilibrium_has_its_limit_as_soon_as_it_is_active() -> None:
    buyer = Target(Side.BUY, 80, 100.0, -2.0, 1, 200)
    seller = Target(Side.SELL, 130, 100.0, -2.0, 1, 200)

    assert [buyer(r) for r in (-1, 0, 0.5, 1)] == pytest.approx([1, 80, 80, 80])
    assert [seller(r) for r in (-1, 0, 0.5, 1)] == pytest.approx([200, 130, 130, 130])


@given(SIDES, st.integers(1, 200), st.floats(2, 199), THETAS)
def test_targets_are_continuous_and_climb_with_aggressiveness(
    side: Side, limit: int, equilibrium: float, theta: float
) -> None:
    target = Target(side, limit, equilibrium, theta, 1, 200)
    sign = 1 if side is Side.BUY else -1

    prices = [sign * target(n / 50) for n in range(-50, 51)]

    assert prices == sorted(prices)
    assert target(-1e-9) == pytest.approx(target(1e-9), abs=1e-4)


@given(SIDES, st.floats(60, 140), THETAS)
def test_inside_the_margin_the_slope_is_the_same_on_both_sides_of_0(
    side: Side, equilibrium: float, theta: float
) -> None:
    limit = 180 if side is Side.BUY else 20
    target = Target(side, limit, equilibrium, theta, 1, 200)
    h = 1e-6

    left, right = (target(0) - target(-h)) / h, (target(h) - target(0)) / h

    assert left == pytest.approx(right, rel=1e-3, abs=1e-3)


@given(SIDES, st.integers(1, 200), st.floats(2, 199), THETAS, st.integers(1, 200))
def test_the_aggressiveness_of_a_price_shouts_that_price(
    side: Side, limit: int, equilibrium: float, theta: float, price: int
) -> None:
    target = Target(side, limit, equilibrium, theta, 1, 200)
    possible = min(price, limit) if side is Side.BUY else max(price, limit)

    assert target(target.aggressiveness(price)) == pytest.approx(possible, abs=0.01)


@given(st.floats(0, 1), st.floats(-10, 10))
def test_rise_runs_from_0_to_1_and_can_be_undone(x: float, theta: float) -> None:
    assert 0 <= rise(x, theta) <= 1
    assert unrise(rise(x, theta), theta) == pytest.approx(x, abs=1e-6)


@given(st.floats(1e-3, 99))
def test_the_curvature_of_a_slope_has_that_slope(wanted: float) -> None:
    assert slope(curvature_of(wanted)) == pytest.approx(wanted, rel=1e-6)


def test_the_equilibrium_is_a_mean_that_forgets() -> None:
    estimate = Estimate(AaParameters.model_validate({"memory_trades": 3}), theta=-1.0)

    for price in (50, 100, 110, 120):
        estimate.take(price)

    assert estimate.equilibrium == pytest.approx((120 + 0.9 * 110 + 0.81 * 100) / (1 + 0.9 + 0.81))


def test_the_curvature_falls_with_volatility_and_rises_with_calm() -> None:
    estimate = Estimate(AaParameters.model_validate({"long_learning_rate": 1}), theta=-1.0)

    thetas = []
    for price in (100, 100, 140, 60, 100, 100, 100, 100, 100):
        estimate.take(price)
        thetas.append(estimate.theta)

    assert thetas[1] == 2, "the calmest so far"
    assert thetas[3] == pytest.approx(-8), "the wildest so far"
    assert thetas[-1] == pytest.approx(2)


def trader(*limits: int, side: Side = Side.BUY) -> tuple[Floor, AdaptiveAggressive]:
    floor = Floor(shouter("aa"))
    floor.assign(side, *limits)
    assert isinstance(floor.strategy, AdaptiveAggressive)
    return floor, floor.strategy


def test_a_deal_it_would_have_had_makes_it_less_aggressive_one_it_missed_more() -> None:
    floor, strategy = trader(180)
    floor.deal(100)
    levels = [strategy.aggressiveness(strategy.assignments[ACME])]

    for price in (120, 130, 140, 60):
        floor.deal(price)
        levels.append(strategy.aggressiveness(strategy.assignments[ACME]))

    assert levels[:4] == sorted(levels[:4])
    assert levels[4] < levels[3]


def test_a_bid_that_betters_its_target_makes_a_buyer_more_aggressive_and_leaves_a_seller_alone() -> None:
    (buying, buyer), (selling, seller) = trader(180), trader(20, side=Side.SELL)
    for floor in (buying, selling):
        floor.deal(100)
    before = [one.aggressiveness(one.assignments[ACME]) for one in (buyer, seller)]

    for floor in (buying, selling):
        floor.book(130, None)

    assert buyer.aggressiveness(buyer.assignments[ACME]) > before[0]
    assert seller.aggressiveness(seller.assignments[ACME]) == before[1]


def test_it_goes_a_third_of_the_way_to_its_target_and_takes_what_is_within() -> None:
    floor, strategy = trader(180)
    floor.deal(100)
    target = strategy.target(strategy.assignments[ACME])
    assert target is not None
    floor.book(40, 150)

    assert floor.timer() == int(40 + (strategy.target(strategy.assignments[ACME]) or 0) / 3 - 40 / 3)
    floor.book(50, 60)
    assert floor.timer() == 60


def test_before_the_first_trade_its_target_is_a_little_above_the_best_ask() -> None:
    floor, _ = trader(180)
    floor.book(40, 100)

    assert floor.timer() == int(40 + (1.02 * 100 + 0.01 - 40) / 3)

"""Equilibria and measures of experiments, by hand."""

from fractions import Fraction
from itertools import chain
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocol.errors import ConfigError
from simulation.economics import (
    Deal,
    Equilibrium,
    alpha,
    dispersion,
    efficiency,
    equilibrium,
    ideal_profit,
    realised,
)

SMITH = [(price,) for price in range(325, 50, -25)], [(price,) for price in range(75, 350, 25)]
"""Smith's first chart: eleven buyers, eleven sellers, a unit each, in cents."""

Units = list[list[int]]


def units() -> st.SearchStrategy[Units]:
    return st.lists(st.lists(st.integers(1, 50), min_size=1, max_size=4), min_size=1, max_size=5)


def test_smiths_first_market_clears_at_two_dollars() -> None:
    assert equilibrium(*SMITH, "chart 1") == Equilibrium(200, 200, 6, 125 * 2 + 75 * 2 + 25 * 2 + 300)


def test_a_market_clears_at_a_range_of_prices() -> None:
    found = equilibrium([[10, 8], [4]], [[3, 5], [9]], "here")

    assert found == Equilibrium(5, 8, 2, 10)
    assert found.price == Fraction(13, 2)


def test_without_a_unit_behind_the_marginal_pair_the_pair_is_the_range() -> None:
    assert equilibrium([[10]], [[3]], "here") == Equilibrium(3, 10, 1, 7)


def test_a_schedule_without_overlap_is_refused_with_its_place() -> None:
    with pytest.raises(
        ConfigError, match=r"market.toml: experiment: supply and demand do not overlap"
    ) as caught:
        equilibrium([[3, 2]], [[4, 5]], "market.toml: experiment")

    assert caught.value.place == "market.toml: experiment"


@given(units(), units())
def test_at_every_price_of_the_range_as_much_is_wanted_as_is_offered(demand: Units, supply: Units) -> None:
    try:
        found = equilibrium(demand, supply, "here")
    except ConfigError:
        assert max(map(max, demand)) < min(map(min, supply))
        return

    values, costs = list(chain(*demand)), list(chain(*supply))
    assert found.lowest <= found.highest
    for price in (found.lowest, found.highest, found.price):
        assert sum(value > price for value in values) <= found.quantity
        assert sum(value >= price for value in values) >= found.quantity
        assert sum(cost < price for cost in costs) <= found.quantity
        assert sum(cost <= price for cost in costs) >= found.quantity
    gained = sum(ideal_profit(one, buys=True, at=found) for one in demand) + sum(
        ideal_profit(one, buys=False, at=found) for one in supply
    )
    assert gained == found.surplus, "at an equilibrium price all that can be gained is gained"


@given(units(), units(), st.randoms(use_true_random=False))
def test_no_way_to_trade_gains_more_than_the_equilibrium(
    demand: Units, supply: Units, chance: Random
) -> None:
    try:
        found = equilibrium(demand, supply, "here")
    except ConfigError:
        return
    values, costs = list(chain(*demand)), list(chain(*supply))
    chance.shuffle(values)
    chance.shuffle(costs)
    deals = [Deal(1, value, cost) for value, cost in zip(values, costs, strict=False)]

    assert realised(deals) <= found.surplus
    assert efficiency(deals, found) <= 100


def test_efficiency_is_what_was_gained_of_what_could_be() -> None:
    found = equilibrium([[10, 8], [4]], [[3, 5], [9]], "here")

    assert efficiency([Deal(6, 10, 5), Deal(7, 8, 3)], found) == 100
    assert efficiency([Deal(6, 10, 3)], found) == 70
    assert efficiency([Deal(6, 4, 9)], found) == -50, "losses count"
    assert efficiency([], found) == 0


def test_alpha_is_the_root_mean_square_distance_in_percent() -> None:
    at = Equilibrium(200, 200, 6, 300)

    assert alpha([230, 160], at) == pytest.approx(100 * (1250**0.5) / 200)
    assert alpha([200, 200], at) == 0
    assert alpha([], at) is None


def test_dispersion_compares_profits_with_those_at_the_equilibrium_price() -> None:
    at = equilibrium([[10, 8], [4]], [[3, 5], [9]], "here")
    ideal = {
        "b1": ideal_profit([10, 8], buys=True, at=at),
        "b2": ideal_profit([4], buys=True, at=at),
        "s1": ideal_profit([3, 5], buys=False, at=at),
        "s2": ideal_profit([9], buys=False, at=at),
    }

    assert list(ideal.values()) == [5, 0, 5, 0]
    assert dispersion({"b1": 7, "s1": 3}, ideal) == pytest.approx(2**0.5)
    assert dispersion({}, {}) == 0

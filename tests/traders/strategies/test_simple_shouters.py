"""ZI-U, ZI-C, give-away, shaver, sniper and PRZI: what they shout."""

from collections import Counter
from itertools import pairwise
from math import pi, tan

import pytest

from protocol.vocabulary import Side
from tests.traders.strategies.floor import Floor, shouter
from traders.strategies.parameterised_response import cumulated, curvature


def drawn(name: str, side: Side, limit: int, count: int = 4_000, **parameters: object) -> Counter[int]:
    """Prices of shouts, each the first of its period."""
    floor = Floor(shouter(name, parameters))
    found: Counter[int] = Counter()
    for period in range(count):
        floor.assign(side, limit, period=period + 1)
        price = floor.timer()
        assert price is not None
        found[price] += 1
    return found


# -- zero intelligence -----------------------------------------------------------------------------
def test_constrained_shouts_are_uniform_where_they_would_not_lose() -> None:
    bids, asks = drawn("zic", Side.BUY, 20), drawn("zic", Side.SELL, 181)

    assert sorted(bids) == list(range(1, 21))
    assert sorted(asks) == list(range(181, 201))
    assert min(bids.values()) > 140 and max(bids.values()) < 260  # noqa: PT018  # 200 each, four deviations


def test_unconstrained_shouts_are_uniform_over_the_whole_range() -> None:
    assert sorted(drawn("ziu", Side.BUY, 5, maximum_price=20)) == list(range(1, 21))
    assert sorted(drawn("ziu", Side.SELL, 15, maximum_price=20)) == list(range(1, 21))


def test_under_the_rule_of_gode_and_sunder_a_shout_only_ever_improves() -> None:
    bidding = Floor(shouter("zic", {"improving": True})).buyer(150)
    asking = Floor(shouter("zic", {"improving": True})).seller(50)

    bids = [bidding.timer() or 0 for _ in range(25)]
    asks = [asking.timer() or 0 for _ in range(25)]

    assert bids == sorted(bids)
    assert asks == sorted(asks, reverse=True)
    assert len(set(bids)) > 1 < len(set(asks))
    bidding.void()
    assert (bidding.timer() or 0) < bids[-1], "after a trade all begin anew"


def test_zero_intelligence_looks_at_nothing() -> None:
    assert [shouter(name).channels for name in ("zic", "ziu", "gvwy")] == [frozenset()] * 3


# -- shaver ----------------------------------------------------------------------------------------
def test_a_shaver_is_a_tick_better_than_the_best_up_to_its_limit() -> None:
    floor = Floor(shouter("shaver")).buyer(100)

    shouted = [floor.timer()]
    for bid in (50, 98, 99, 100):
        floor.book((bid, 5), 150)
        shouted.append(floor.timer())

    assert shouted == [1, 51, 99, 100, 100]


def test_a_shaver_does_not_shave_itself() -> None:
    floor = Floor(shouter("shaver")).seller(100)
    floor.book(50, (150, 3))
    assert floor.timer() == 149

    floor.book(50, (149, 1))
    assert floor.timer() == 149
    floor.book(50, (149, 2))
    assert floor.timer() == 148


# -- sniper ----------------------------------------------------------------------------------------
def sniper() -> Floor:
    """A buyer after a period with prices from 90 to 110."""
    floor = Floor(shouter("sniper")).buyer(150)
    for price in (90, 110, 100):
        floor.deal(price)
    floor.assign(Side.BUY, 150, period=2)
    return floor


def test_a_sniper_is_silent_while_there_is_nothing_to_steal() -> None:
    floor = sniper()

    floor.book(60, 105)

    assert floor.timer() is None


@pytest.mark.parametrize(
    ("bid", "ask", "why"), [(None, 90, "juicy"), (60, 85, "juicy"), (100, 109, "small spread")]
)
def test_a_sniper_strikes(bid: int | None, ask: int, why: str) -> None:
    floor = sniper()

    floor.book(bid, ask)

    assert floor.timer() == ask, why


def test_a_small_spread_above_the_prices_of_the_last_period_does_not_tempt_a_sniper() -> None:
    floor = sniper()

    floor.book(105, 112)

    assert floor.timer() is None


def test_a_sniper_takes_any_profit_when_time_is_out() -> None:
    floor = sniper()
    floor.book(60, 149)

    assert [floor.timer(), floor.timer(after_s=27)] == [None, 149]


def test_even_when_time_is_out_a_sniper_does_not_trade_for_nothing() -> None:
    floor = sniper()
    floor.book(60, 150)

    assert floor.timer(after_s=29) is None


# -- PRZI ------------------------------------------------------------------------------------------
def test_przi_0_is_uniform() -> None:
    assert cumulated(0.0, 4) == [1, 2, 3, 4, 5]
    assert sorted(drawn("przi", Side.BUY, 20)) == list(range(1, 21))
    assert sorted(drawn("przi", Side.SELL, 181)) == list(range(181, 201))


def test_przi_1_gives_nearly_everything_away() -> None:
    bids, asks = drawn("przi", Side.BUY, 20, s=1), drawn("przi", Side.SELL, 181, s=1)

    assert bids[20] > 0.99 * bids.total()
    assert asks[181] > 0.99 * asks.total()


def test_przi_minus_1_shaves() -> None:
    for side, limit in ((Side.BUY, 100), (Side.SELL, 80)):
        relaxed, shaver = Floor(shouter("przi", {"s": -1})), Floor(shouter("shaver"))
        same = 0
        for period in range(200):
            shouted = []
            for floor in (relaxed, shaver):
                floor.assign(side, limit, period=period + 1)
                floor.book((90, 1), (91, 1))
                shouted.append(floor.timer())
            same += shouted[0] == shouted[1]
        assert same > 190


def test_przi_leans_the_more_to_its_limit_the_larger_s_is() -> None:
    means = []
    for s in (-0.9, -0.5, -0.1, 0.0, 0.1, 0.5, 0.9):
        bids = drawn("przi", Side.BUY, 101, count=1_500, s=s)
        means.append(sum(price * count for price, count in bids.items()) / bids.total())

    assert means == sorted(means)
    assert means[0] < 10
    assert means[3] == pytest.approx(51, abs=3)
    assert means[-1] > 92


@pytest.mark.parametrize("s", [-0.95, -0.7, -0.3, 0.2, 0.45, 0.8, 0.99])
def test_its_curvature_is_that_of_the_paper(s: float) -> None:
    assert curvature(s) == pytest.approx(max(-100, min(100, 4 * tan(pi * (s + 0.5)))))


@pytest.mark.parametrize("s", [-1.0, -0.8, -0.5, -0.2, 0.2, 0.5, 0.8, 1.0])
@pytest.mark.parametrize("steps", [1, 2, 17, 5_000])
def test_its_distribution_is_one(s: float, steps: int) -> None:
    table = cumulated(s, steps)

    assert len(table) == steps + 1
    assert table == sorted(table)
    assert 0 <= table[0] <= table[-1]
    assert table[-1] > 0
    shares = [table[0], *(after - before for before, after in pairwise(table))]
    leaning = shares if s > 0 else shares[::-1]
    assert all(before <= after + 1e-9 for before, after in pairwise(leaning))

"""ZIP: the margin, by hand, and what moves it."""

import pytest
from pydantic import ValidationError

from protocol.vocabulary import Side
from tests.traders.strategies.floor import ACME, Floor, shouter
from traders.strategies.zero_intelligence_plus import Margin, ZeroIntelligencePlus, ZipParameters

FIXED = {
    "learning_rate_low": 0.5, "learning_rate_high": 0.5, "momentum_low": 0.0, "momentum_high": 0.0,
    "margin_low": 0.2, "margin_high": 0.2, "relative_step": 0.0, "absolute_step": 0.0,
}  # fmt: skip
"""Half of every difference, no momentum, targets that are the shout itself."""


def test_a_margin_moves_by_the_rule_of_widrow_and_hoff_with_momentum() -> None:
    margin = Margin(Side.SELL, 0.25, learning_rate=0.4, momentum_rate=0.5)
    margin.limit = 100

    margin.learn(115.0)
    # d = 0.4 (115 - 125) = -4; G = 0.5 * 0 + 0.5 * -4 = -2; p = 125 - 2.
    assert (margin.momentum, margin.price) == pytest.approx((-2, 123))
    margin.learn(115.0)
    # d = 0.4 (115 - 123) = -3.2; G = 0.5 * -2 + 0.5 * -3.2 = -2.6; p = 123 - 2.6.
    assert (margin.momentum, margin.price) == pytest.approx((-2.6, 120.4))
    assert margin.share == pytest.approx(0.204)


def test_a_margin_never_turns_into_a_loss() -> None:
    seller, buyer = Margin(Side.SELL, 0.1, 1.0, 0.0), Margin(Side.BUY, 0.1, 1.0, 0.0)
    seller.limit = buyer.limit = 100

    seller.learn(50.0)
    buyer.learn(150.0)

    assert (seller.share, buyer.share) == (0, 0)
    buyer.learn(-50.0)
    assert buyer.share == -1


def trader(side: Side, limit: int = 100) -> Floor:
    """Shouts 120 as a seller, 80 as a buyer, until it learns."""
    floor = Floor(shouter("zip", FIXED))
    floor.assign(side, limit)
    return floor


def price(floor: Floor) -> float:
    strategy = floor.strategy
    assert isinstance(strategy, ZeroIntelligencePlus)
    return strategy.margin(strategy.assignments[ACME]).price


@pytest.mark.parametrize(
    ("side", "shouted", "at", "learned"),
    [
        (Side.SELL, Side.BUY, 140, 130),  # a bid was accepted above its price: it could have had more
        (Side.SELL, Side.SELL, 140, 130),
        (Side.SELL, Side.BUY, 110, 115),  # a bid was accepted below its price: it missed the deal
        (Side.SELL, Side.SELL, 110, 120),  # an offer was: sellers go by bids
        (Side.BUY, Side.SELL, 60, 70),
        (Side.BUY, Side.BUY, 60, 70),
        (Side.BUY, Side.SELL, 90, 85),
        (Side.BUY, Side.BUY, 90, 80),
    ],
)
def test_an_accepted_shout_moves_margins_as_cliff_says(
    side: Side, shouted: Side, at: int, learned: float
) -> None:
    floor = trader(side)

    floor.deal(at, aggressor=shouted.opposite)

    assert price(floor) == pytest.approx(learned)


@pytest.mark.parametrize(
    ("side", "bid", "ask", "learned"),
    [
        (Side.SELL, None, 110, 115),  # undercut
        (Side.SELL, None, 130, 120),  # it is better anyway
        (Side.SELL, 110, None, 120),  # bids that nobody takes are the business of buyers
        (Side.BUY, 90, None, 85),
        (Side.BUY, 70, None, 80),
        (Side.BUY, None, 90, 80),
    ],
)
def test_a_shout_that_is_not_accepted_moves_its_competitors(
    side: Side, bid: int | None, ask: int | None, learned: float
) -> None:
    floor = trader(side)

    floor.book(bid, ask)

    assert price(floor) == pytest.approx(learned)


def test_who_has_no_units_left_may_raise_its_margin_but_not_lower_it() -> None:
    floor = trader(Side.SELL)
    floor.timer()
    floor.fill()
    before = price(floor)

    floor.deal(110, aggressor=Side.SELL)
    assert price(floor) == before
    floor.deal(140, aggressor=Side.SELL)
    assert price(floor) > before


def test_a_best_price_that_retreats_is_no_shout() -> None:
    floor = trader(Side.BUY)
    floor.book(90, None)
    before = price(floor)

    floor.book(85, None)

    assert price(floor) == before


def test_a_book_that_stands_still_is_heard_again_at_the_own_timer() -> None:
    floor = trader(Side.BUY)
    floor.book(90, None)
    floor.timer()  # there was news
    before = price(floor)

    floor.timer()

    assert before == pytest.approx(85)
    assert price(floor) == pytest.approx(87.5)


def test_targets_lie_up_to_a_step_beyond_the_shout() -> None:
    floor = Floor(shouter("zip", {**FIXED, "learning_rate_low": 1, "learning_rate_high": 1,
                                  "relative_step": 0.05, "absolute_step": 5}))  # fmt: skip
    floor.assign(Side.SELL, 10)

    learned = []
    for _ in range(200):
        floor.deal(100, aggressor=Side.SELL)
        learned.append(price(floor))
        floor.strategy._margins.clear()  # type: ignore[attr-defined]

    assert 100 < min(learned) < 101
    assert 109 < max(learned) < 110


def test_the_parameters_of_the_traders_are_drawn_from_cliffs_ranges() -> None:
    margins = []
    for seed in range(200):
        floor = Floor(shouter("zip", seed=seed)).seller(100)
        assert isinstance(floor.strategy, ZeroIntelligencePlus)
        margins.append(floor.strategy.margin(floor.strategy.assignments[ACME]))

    for values, low, high in (
        ([one.learning_rate for one in margins], 0.1, 0.5),
        ([one.momentum_rate for one in margins], 0.0, 0.1),
        ([one.share for one in margins], 0.05, 0.35),
    ):
        assert low <= min(values) < low + (high - low) / 10
        assert high - (high - low) / 10 < max(values) <= high


def test_a_range_that_is_upside_down_is_refused() -> None:
    with pytest.raises(ValidationError, match="momentum_low is above momentum_high"):
        ZipParameters.model_validate({"momentum_low": 0.5})

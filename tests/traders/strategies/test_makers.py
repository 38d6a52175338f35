"""Those who quote: the ladder, the adaptive maker, Avellaneda and Stoikov's, and the spoofer who only seems to."""

import math

import pytest

from protocol.messages import InstrumentInfo
from protocol.vocabulary import Side
from tests.traders.strategies.session import ACME, Session
from traders.strategies.adaptive_market_maker import AdaptiveMarketMaker
from traders.strategies.avellaneda_stoikov import AvellanedaStoikov
from traders.strategies.intents import CancelOrder, Place, ReplaceOrder

TICK_5 = InstrumentInfo(ACME, 5, 10, 20, 1_000_000, 2)
BUY, SELL = Side.BUY, Side.SELL


# -- the adaptive maker ----------------------------------------------------------------------------
def maker(info: InstrumentInfo | None = None, *, answers: bool = True, **parameters: object) -> Session:
    values = {
        "reference": 1_000, "levels": 3, "spacing_ticks": 2, "half_spread_ticks": 2, "spread_volatilities": 0.0,
        "minimum_quantity_lots": 10, "maximum_position_lots": 1_000, "skew_ticks": 0, "participation": 0.0,
    }  # fmt: skip
    return Session("adaptive_market_maker", values | parameters, [info] if info else None, answers=answers)


def strategy(session: Session) -> AdaptiveMarketMaker:
    assert isinstance(session.strategy, AdaptiveMarketMaker)
    return session.strategy


def test_it_quotes_ladders_on_both_sides_from_the_start() -> None:
    session = maker()

    assert (session.prices(BUY), session.prices(SELL)) == ([998, 996, 994], [1_002, 1_004, 1_006])
    assert all(isinstance(one, Place) and one.post_only and one.quantity == 10 for one in session.started)


def test_when_the_price_moves_by_a_step_one_quote_a_side_moves() -> None:
    session = maker()

    intents = session.book((1_000, 99), (1_004, 99))

    assert intents == (ReplaceOrder(4, 10, 1_008), ReplaceOrder(3, 10, 1_000)), (
        "the side that makes way first"
    )
    assert (session.prices(BUY), session.prices(SELL)) == ([1_000, 998, 996], [1_004, 1_006, 1_008])


def test_a_move_below_the_threshold_moves_nothing() -> None:
    session = maker(requote_ticks=2)

    assert session.book((1_000, 99), (1_002, 99)) == ()


def test_it_does_not_follow_its_own_quotes() -> None:
    session = maker()

    assert session.book((998, 10), (1_002, 10)) == ()
    assert session.book((998, 10), (1_010, 10)) == ()
    assert strategy(session).books[ACME].asks == ((1_010, 10),)


def test_the_spread_widens_with_volatility_up_to_a_limit() -> None:
    session = maker(spread_volatilities=2.0, volatility_half_life_s=1.0, maximum_half_spread_ticks=30)
    assert strategy(session).half_spread(ACME) == 2

    for step in range(40):  # 4 up, 4 down a second: a deviation of 4
        session.book((1_000 + step % 2 * 4, 99), (1_004 + step % 2 * 4, 99))
        session.timer()
    assert strategy(session).half_spread(ACME) == pytest.approx(8, rel=0.01)

    session.book((2_000, 99), (2_004, 99))
    session.timer()
    assert strategy(session).half_spread(ACME) == 30


def test_it_leans_against_its_position() -> None:
    session = maker(skew_ticks=10, maximum_position_lots=40)
    session.fill(1, 10)
    session.fill(2, 10)

    session.timer()

    assert session.prices(BUY) == [992, 990], "a shift of five ticks; a third quote would exceed the position"
    assert session.prices(SELL) == [998, 1_000, 1_002]


def test_quantities_follow_the_volume_between_two_timers() -> None:
    session = maker(participation=0.1, maximum_quantity_lots=50)
    session.print(1_000, 300)

    session.timer()
    session.book((1_010, 99), (1_014, 99))
    assert {one.total for one in session.open.values()} == {30}

    session.print(1_000, 90_000)
    session.timer()
    session.book((1_020, 99), (1_024, 99))
    assert {one.total for one in session.open.values()} == {50}


def test_what_traded_away_comes_back_at_the_next_timer() -> None:
    session = maker()
    session.fill(1)
    session.fill(4, 6)
    assert session.prices(BUY) == [996, 994]

    intents = session.timer()

    assert set(map(type, intents)) == {Place, ReplaceOrder}
    assert session.prices(BUY) == [998, 996, 994]
    assert [one.leaves for one in session.open.values() if one.place.side is SELL] == [10, 10, 10]


def test_no_more_quotes_than_levels_while_the_venue_is_slow() -> None:
    session = maker(answers=False)

    for step in range(10):
        session.book((1_000 + 10 * step, 99), (1_004 + 10 * step, 99))
        session.timer()

    assert len(session.strategy.orders) == 6


def test_quotes_of_a_maker_lie_on_ticks_and_lots() -> None:
    session = maker(TICK_5, reference=1_003, minimum_quantity_lots=3)

    assert (session.prices(BUY), session.prices(SELL)) == ([990, 980, 970], [1_020, 1_030, 1_040])
    assert {one.total for one in session.open.values()} == {30}


# -- Avellaneda and Stoikov ------------------------------------------------------------------------
def quoter(**parameters: object) -> Session:
    values = {
        "reference": 10_000, "gamma": 0.1, "k": 1.5, "volatility": 2.0, "horizon_s": 100.0, "quantity_lots": 5,
    }  # fmt: skip
    return Session("avellaneda_stoikov", values | parameters)


def model(session: Session) -> AvellanedaStoikov:
    assert isinstance(session.strategy, AvellanedaStoikov)
    return session.strategy


def test_reservation_price_and_spread_are_those_of_the_paper() -> None:
    session = quoter()
    risk, fixed = 0.1 * 2.0**2 * 100.0, 2 / 0.1 * math.log(1 + 0.1 / 1.5)

    assert model(session).spread(ACME) == pytest.approx(risk + fixed)
    assert model(session).reservation_price(ACME) == 10_000
    assert session.prices(BUY) == [math.floor(10_000 - (risk + fixed) / 2)]
    assert session.prices(SELL) == [math.ceil(10_000 + (risk + fixed) / 2)]

    session.fill(1, 3)
    assert model(session).reservation_price(ACME) == pytest.approx(10_000 - 3 * risk)


def test_as_time_runs_out_inventory_counts_less_and_the_spread_narrows_to_its_fixed_part() -> None:
    session = quoter()
    session.fill(1, 5)

    session.timer(75.0)
    assert model(session).left_s() == 25.0
    assert model(session).reservation_price(ACME) == pytest.approx(10_000 - 5 * 0.1 * 4 * 25)
    session.timer(75.0)

    assert model(session).reservation_price(ACME) == 10_000
    assert model(session).spread(ACME) == pytest.approx(20 * math.log(1 + 0.1 / 1.5))
    assert (session.prices(BUY), session.prices(SELL)) == ([9_999], [10_001])


def test_a_rolling_horizon_begins_anew() -> None:
    session = quoter(rolling=True)
    session.timer(130.0)

    assert model(session).left_s() == 70.0


def test_volatility_is_measured_where_none_is_given() -> None:
    session = quoter(volatility=None)
    for second in range(600):
        session.book((10_000 + second % 2 * 6, 99), (10_004 + second % 2 * 6, 99))
        session.timer()

    assert model(session).volatility(ACME) == pytest.approx(6, rel=0.01)


def test_it_moves_its_quotes_only_when_a_target_moved() -> None:
    session = quoter(requote_ticks=3)
    session.book((9_990, 99), (10_010, 99))

    assert session.book((9_992, 99), (10_012, 99)) == ()
    assert len(session.book((9_994, 99), (10_014, 99))) == 2


def test_a_fill_moves_both_quotes_at_once() -> None:
    session = quoter()
    before = session.prices(SELL)[0]

    intents = session.fill(1)
    session.answer_all()

    assert [type(intent) for intent in intents] == [Place, ReplaceOrder]
    assert session.prices(SELL)[0] == before - 5 * 40, "five lots at a risk of 40 each"


# -- the spoofer -----------------------------------------------------------------------------------
def spoofer() -> Session:
    values = {"quantity_lots": 5, "layers": 2, "layer_quantity_lots": 100, "distance_ticks": 3}
    session = Session("spoofer", values)
    session.depth(((1_000, 7), (999, 7)), ((1_004, 7), (1_005, 7)))
    return session


def test_a_spoofer_bids_a_little_and_layers_offers_at_a_distance() -> None:
    session = spoofer()

    orders = [(one.place.side, one.price, one.total) for one in session.open.values()]
    assert orders == [(BUY, 1_000, 5), (SELL, 1_007, 100), (SELL, 1_008, 100)]


def test_its_layers_keep_their_distance_and_are_not_fooled_by_themselves() -> None:
    session = spoofer()

    session.depth(((1_000, 12), (999, 7)), ((1_006, 7), (1_007, 100), (1_008, 100)))

    assert session.prices(SELL) == [1_009, 1_010]


def test_once_it_has_bought_the_layers_change_sides_and_it_sells() -> None:
    session = spoofer()

    session.fill(1)
    session.answer_all()

    assert session.prices(BUY) == [997, 996]
    assert [(one.price, one.leaves) for one in session.open.values() if one.place.side is SELL] == [
        (1_004, 5)
    ]


def test_where_others_do_not_quote_it_takes_everything_away() -> None:
    session = spoofer()

    intents = session.depth((), ((1_004, 7),))

    assert intents == (CancelOrder(1), CancelOrder(2), CancelOrder(3))
    assert session.open == {}

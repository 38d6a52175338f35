"""Those who have a view: of the value, of the trend, of the way back, of the book."""

import pytest
from pydantic import ValidationError

from protocol.messages import InstrumentInfo
from protocol.vocabulary import Side, TimeInForce
from tests.traders.strategies.session import ACME, Session, instrument
from traders.strategies.imbalance import ImbalanceParameters
from traders.strategies.intents import CancelOrder, Place, ReplaceOrder
from traders.strategies.mean_reversion import MeanReversionParameters
from traders.strategies.momentum import Averages, MomentumParameters
from traders.strategies.moving import Window
from traders.strategies.value import Value

IOC = TimeInForce.IOC
TICK_5 = InstrumentInfo(ACME, 5, 10, 20, 1_000_000, 2)


# -- value -----------------------------------------------------------------------------------------
def investor(info: InstrumentInfo | None = None, **parameters: object) -> Session:
    values = {"maximum_quantity_lots": 1, "observation_noise": 0.0} | parameters
    return Session("value", values, [info or instrument()])


def estimate(session: Session) -> float | None:
    assert isinstance(session.strategy, Value)
    return session.strategy.estimate(ACME)


def test_before_the_first_look_it_does_nothing() -> None:
    session = investor()
    session.book(99, 101)

    assert estimate(session) is None
    assert session.timer() == ()


def test_what_is_offered_well_below_the_value_is_bought_and_what_is_bid_well_above_is_sold() -> None:
    session = investor(edge_ticks=5)
    session.observe(1_000)

    session.book(990, 995)
    assert session.timer() == (Place(1, ACME, Side.BUY, 1, 995, IOC),), "at up to its estimate less the edge"
    session.book(1_006, 1_010)
    assert session.timer() == (Place(2, ACME, Side.SELL, 1, 1_005, IOC),)


def test_where_nothing_is_to_be_had_an_order_waits_at_the_edge_and_moves_with_the_estimate() -> None:
    session = investor(edge_ticks=5)
    session.observe(1_000)
    session.book(994, 1_004)

    assert session.timer() == (Place(1, ACME, Side.BUY, 1, 995),), "above the mid: it would rather buy"
    session.observe(1_001)
    assert session.timer() == (ReplaceOrder(1, None, 996),)
    assert session.timer() == ()
    session.observe(997)
    assert session.timer() == (CancelOrder(1), Place(2, ACME, Side.SELL, 1, 1_002))


def test_an_order_that_waits_may_ask_for_more_than_one_that_takes() -> None:
    session = investor(edge_ticks=1, resting_edge_ticks=7)
    session.observe(1_000)
    session.book(999, 1_000)

    assert session.timer() == (Place(1, ACME, Side.BUY, 1, 993),)


def test_who_never_waits_cancels_and_keeps_still() -> None:
    session = investor(resting=0.0)
    session.observe(1_000)
    session.book(998, 1_003)

    assert session.timer() == ()


def test_a_look_counts_as_much_as_the_estimate_is_uncertain() -> None:
    session = investor(observation_noise=10.0, volatility=1.0)
    session.observe(1_000)
    assert estimate(session) == 1_000

    session.now_ns += 100_000_000_000
    session.observe(1_030)  # variance 100 + 100 before, 100 of the look: two thirds

    assert estimate(session) == pytest.approx(1_020)


def test_the_estimate_comes_back_to_the_mean_while_nobody_looks_and_in_thought() -> None:
    session = investor(mean=1_000, half_life_s=100.0, volatility=1e-9, observation_noise=1.0, horizon_s=100.0)
    session.observe(1_400)
    assert estimate(session) == pytest.approx(1_200), "it thinks of the value at its horizon"

    session.now_ns += 10_000_000_000_000
    session.observe(1_000)

    assert estimate(session) == pytest.approx(1_000)


def test_orders_of_a_value_investor_lie_on_ticks_and_lots() -> None:
    session = investor(TICK_5, edge_ticks=1, maximum_quantity_lots=30)
    session.observe(1_003)
    session.book(990, 1_015)

    assert [(one.price, one.quantity % 10) for one in session.timer() if isinstance(one, Place)] == [(995, 0)]


def test_a_value_investor_never_orders_beyond_its_maximum_position() -> None:
    session = investor(maximum_position_lots=1)
    session.observe(1_000)
    session.book(900, 910)
    session.answers = False
    session.timer()
    session.answer(filled=1)

    assert session.position() == 1
    assert session.timer() == ()


# -- momentum --------------------------------------------------------------------------------------
def test_averages_are_means_of_the_last_looks() -> None:
    averages = Averages(2, 3)
    gaps: list[float | None] = []
    for price in (10, 20, 60, 30, 30, 30):
        averages.add(price)
        gaps.append(averages.gap)

    assert gaps == [None, None, 10.0, pytest.approx(45 - 110 / 3), -10.0, 0.0]


def test_it_buys_at_the_ask_when_the_fast_average_is_above_the_slow_one() -> None:
    session = Session("momentum", {"fast_looks": 1, "slow_looks": 2, "quantity_lots": 7})

    session.book(99, 101)
    assert session.timer() == ()
    session.book(101, 103)
    assert session.timer() == (Place(1, ACME, Side.BUY, 7, 103, IOC),)
    session.book(95, 97)
    assert session.timer() == (Place(2, ACME, Side.SELL, 7, 95, IOC),)
    assert session.timer() == (), "no trend"


def test_a_trend_below_the_threshold_is_none() -> None:
    session = Session("momentum", {"fast_looks": 1, "slow_looks": 2, "threshold_ticks": 1.0})
    session.book(99, 101)
    session.timer()

    session.book(101, 103)
    assert session.timer() == (), "the averages are a tick apart"
    session.book(104, 106)
    assert len(session.timer()) == 1


# -- mean reversion --------------------------------------------------------------------------------
def test_a_window_tells_mean_deviation_and_score() -> None:
    window = Window(4)
    assert (window.mean, window.deviation, window.score(5)) == (0.0, 0.0, 0.0)

    for number in (9, 2, 4, 4, 6):
        window.add(number)

    assert window.is_full
    assert window.mean == 4.0
    assert window.deviation == pytest.approx(2**0.5)
    assert window.score(6) == pytest.approx(2 / 2**0.5)
    assert window.score(6, floor=4.0) == 0.5


def reverting() -> Session:
    """After ten looks at 100, a deviation of one tick at least."""
    session = Session(
        "mean_reversion",
        {"looks": 10, "enter": 3.0, "leave": 1.0, "quantity_lots": 5, "position_lots": 5},
        answers=False,
    )
    session.book(99, 101)
    for _ in range(10):
        assert session.timer() == ()
    return session


def test_it_sells_what_is_dear_against_its_average_and_buys_back_when_it_is_not() -> None:
    session = reverting()

    session.book(102, 104)
    assert session.timer() == (Place(1, ACME, Side.SELL, 5, 102, IOC),)
    session.answer(filled=5)
    session.book(101, 103)
    assert session.timer() == (), "neither far away nor back"
    session.book(99, 101)
    assert session.timer() == (Place(2, ACME, Side.BUY, 5, 101, IOC),)


def test_while_an_order_is_under_way_there_is_no_other() -> None:
    session = reverting()
    session.book(92, 94)

    assert len(session.timer()) == 1
    assert session.timer() == ()


# -- imbalance -------------------------------------------------------------------------------------
def listener(**parameters: object) -> Session:
    values = {
        "levels": 2,
        "enter": 0.5,
        "leave": 0.2,
        "position_lots": 8,
        "quantity_lots": 5,
        "patience_s": 1.0,
    }
    return Session("imbalance", values | parameters, answers=False)


def test_where_more_is_bid_than_offered_it_buys() -> None:
    session = listener()

    assert session.depth(((99, 10), (98, 10)), ((101, 10), (102, 10))) == ()
    assert session.depth(((99, 40), (98, 20)), ((101, 10), (102, 10))) == (
        Place(1, ACME, Side.BUY, 5, 101, IOC),
    )


def test_levels_beyond_those_that_count_do_not_and_an_empty_side_is_no_sign() -> None:
    session = listener()

    assert session.depth(((99, 10), (98, 10), (97, 900)), ((101, 10), (102, 10))) == ()
    assert session.depth(((99, 10),), ()) == ()


def test_it_takes_its_time_and_reaches_its_position_in_pieces() -> None:
    session = listener()
    heavy = ((99, 40),), ((101, 10),)

    session.depth(*heavy)
    session.answer(filled=5)
    assert session.timer(0.5) == ()
    assert session.timer(0.5) == (Place(2, ACME, Side.BUY, 3, 101, IOC),)
    session.answer(filled=3)
    assert session.position() == 8
    assert session.timer(2.0) == ()


def test_once_the_signal_is_weak_it_goes_flat() -> None:
    session = listener(quantity_lots=8)
    session.depth(((99, 40),), ((101, 10),))
    session.answer(filled=8)
    session.timer(0.0)

    session.depth(((99, 40),), ((101, 20),))
    assert session.timer(2.0) == (), "not weak enough"
    session.depth(((99, 40),), ((101, 40),))

    assert session.waiting == [Place(2, ACME, Side.SELL, 8, 99, IOC)]


@pytest.mark.parametrize(
    ("kind", "values"),
    [
        (MomentumParameters, {"fast_looks": 5, "slow_looks": 5}),
        (MeanReversionParameters, {"enter": 1.0, "leave": 1.0}),
        (ImbalanceParameters, {"enter": 0.1, "leave": 0.2}),
    ],
)
def test_parameters_that_contradict_each_other_are_refused(
    kind: type[MomentumParameters] | type[MeanReversionParameters] | type[ImbalanceParameters],
    values: dict[str, float],
) -> None:
    with pytest.raises(ValidationError, match="is not"):
        kind.model_validate(values)

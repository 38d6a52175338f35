"""Noise: random, and within what was measured of it."""

from collections import Counter
from itertools import pairwise
from random import Random

import pytest
from pydantic import ValidationError

from protocol.messages import InstrumentInfo
from protocol.vocabulary import Side, TimeInForce
from tests.traders.strategies.session import ACME, Session
from traders.strategies.intents import CancelOrder, Place
from traders.strategies.noise_parameters import NoiseParameters
from traders.strategies.power_law import power_law

TICK_5 = InstrumentInfo(ACME, 5, 10, 20, 1_000_000, 2)


def trader(seed: int = 1, info: InstrumentInfo | None = None, **parameters: object) -> Session:
    return Session("noise", parameters, [info] if info else None, seed=seed)


def orders(session: Session, count: int) -> list[Place]:
    """The orders of ``count`` timers; what rests is taken away after each."""
    placed: list[Place] = []
    for _ in range(count):
        placed.extend([intent for intent in session.timer() if isinstance(intent, Place)])
        for tag in list(session.open):
            session.void(tag)
    return placed


def test_at_a_timer_it_places_one_order_and_in_between_it_does_nothing() -> None:
    session = trader()

    assert session.started == ()
    assert session.book(99, 101) == ()
    assert session.print(100) == ()
    assert [type(intent) for intent in session.timer()] == [Place]


def test_sides_are_even_and_aggressive_orders_as_frequent_as_they_should_be() -> None:
    session = trader(aggressive=0.3)
    session.book(1_000, 1_004)

    placed = orders(session, 3_000)

    takers = [one for one in placed if one.time_in_force is TimeInForce.IOC]
    assert sum(one.side is Side.BUY for one in placed) == pytest.approx(1_500, abs=120)
    assert len(takers) == pytest.approx(900, abs=90)
    assert {(one.side, one.price) for one in takers} == {(Side.BUY, 1_004), (Side.SELL, 1_000)}


def test_an_aggressive_order_goes_as_far_beyond_the_best_price_as_it_may() -> None:
    session = trader(aggressive=1.0, sweep_ticks=3)
    session.book(1_000, 1_004)

    assert {(one.side, one.price) for one in orders(session, 50)} == {(Side.BUY, 1_007), (Side.SELL, 997)}


def test_resting_orders_lie_by_a_power_law_behind_the_best_price_of_their_side() -> None:
    session = trader(
        aggressive=0.0, inside=0.0, depth_exponent=0.6, depth_scale_ticks=5, maximum_depth_ticks=50
    )
    session.book(1_000, 1_004)

    depths = Counter(
        1_000 - (one.price or 0) if one.side is Side.BUY else (one.price or 0) - 1_004
        for one in orders(session, 5_000)
    )

    assert min(depths) == 0
    assert max(depths) <= 50
    beyond = [sum(count for depth, count in depths.items() if depth >= n) / 5_000 for n in (0, 5, 20)]
    cut = (1 + 51 / 5) ** -0.6
    assert beyond == pytest.approx([1, (2**-0.6 - cut) / (1 - cut), (5**-0.6 - cut) / (1 - cut)], abs=0.02)


def test_some_better_the_best_price_and_none_crosses() -> None:
    session = trader(aggressive=0.0, inside=1.0)
    session.book(1_000, 1_004)

    assert {one.price for one in orders(session, 200)} == {1_001, 1_002, 1_003}

    session.book(1_000, 1_001)
    assert all(
        (one.price or 0) <= 1_000 if one.side is Side.BUY else (one.price or 0) >= 1_001
        for one in orders(session, 200)
    ), "no room inside"


def test_where_nobody_quotes_it_begins_around_the_reference() -> None:
    prices = {one.price for one in orders(trader(maximum_depth_ticks=0, reference=500), 50)}
    assert prices == {499, 501}

    alone = trader(maximum_depth_ticks=0, aggressive=0.0)
    alone.book(None, 700)
    assert {one.price for one in orders(alone, 50)} == {699, 700}


def test_orders_lie_on_ticks_and_lots() -> None:
    session = trader(info=TICK_5, quantity_scale_lots=2)
    session.book(1_000, 1_020)

    placed = orders(session, 300)

    assert all((one.price or 1) % 5 == 0 for one in placed)
    assert min(one.quantity for one in placed) == 20, "the smallest order"
    assert all(one.quantity % 10 == 0 for one in placed)


def test_quantities_have_a_power_law_tail() -> None:
    placed = orders(
        trader(quantity_exponent=1.5, quantity_scale_lots=10, maximum_quantity_lots=10_000), 4_000
    )

    beyond = sum(one.quantity > 90 for one in placed) / len(placed)

    assert beyond == pytest.approx(10**-1.5, abs=0.01)


def test_what_waited_long_enough_is_canceled_at_a_timer_and_sooner_near_the_touch() -> None:
    def canceled_within(after_s: float, **parameters: float) -> int:
        session = Session(
            "noise",
            {"aggressive": 0.0, "inside": 0.0, "lifetime_s": 10.0, "activity": 1.0, "maximum_orders": 1_000}
            | parameters,
        )
        session.book(1_000, 1_001)
        for _ in range(400):
            session.timer(0.0)
        intents = session.timer(after_s)
        return sum(isinstance(intent, CancelOrder) for intent in intents)

    near = canceled_within(10.0, maximum_depth_ticks=0)
    far = canceled_within(10.0, depth_exponent=0.001, depth_scale_ticks=1e4, lifetime_slope=1.0)
    assert near == pytest.approx(400 * 0.632, abs=40)
    assert far < 40


def test_it_keeps_no_more_orders_than_it_may() -> None:
    session = trader(aggressive=0.0, maximum_orders=2, lifetime_s=1e6)
    session.book(1_000, 1_004)

    for _ in range(20):
        session.timer()

    assert len(session.open) == 2


def test_a_metaorder_comes_in_pieces_of_one_side() -> None:
    session = trader(split_share=1.0, split_exponent=1.0, maximum_pieces=50, maximum_orders=1_000)
    session.book(1_000, 1_004)

    sides = [one.side for one in orders(session, 2_000)]

    same = sum(a is b for a, b in pairwise(sides))
    assert same > 1_500, "a coin for each would give 1,000"
    assert sides.count(Side.BUY) == pytest.approx(1_000, abs=400)


def test_at_its_maximum_position_it_only_trades_back() -> None:
    session = trader(aggressive=0.0, maximum_position_lots=1)
    session.book(1_000, 1_004)
    while not session.position():
        session.timer()
        for tag, order in list(session.open.items()):
            if order.place.side is Side.BUY:
                session.fill(tag)
            session.void(tag)

    assert {one.side for one in orders(session, 50)} == {Side.SELL}


def test_after_a_large_move_it_trades_more_often() -> None:
    def trades(move: int) -> int:
        count = 0
        for seed in range(200):
            session = trader(seed, activity=0.5, attention=1.0, maximum_orders=1_000)
            for look in range(20):  # moves of 10 are usual
                session.book(1_000 + look % 2 * 10, 1_004 + look % 2 * 10)
                session.timer()
            session.book(1_010 + move, 1_014 + move)
            count += len([intent for intent in session.timer() if isinstance(intent, Place)])
        return count

    assert trades(0) == 0
    assert trades(10) == pytest.approx(100, abs=25)
    assert trades(40) == 200


def test_in_the_middle_of_the_day_it_trades_less() -> None:
    def trades(at_s: float) -> int:
        session = trader(intraday=0.8, day_s=1_000.0, maximum_orders=1_000)
        session.book(1_000, 1_004)
        session.timer(at_s)
        return len([one for _ in range(1_000) for one in session.timer(0.0) if isinstance(one, Place)])

    assert trades(0.001) > 950
    assert trades(500.0) == pytest.approx(200, abs=50)
    assert trades(999.0) > 950


@pytest.mark.parametrize(
    "values",
    [
        {"aggressive": 1.1},
        {"depth_exponent": 0},
        {"lifetime_s": 0},
        {"maximum_orders": 0},
        {"agressive": 0.5},
    ],
)
def test_impossible_parameters_are_refused(values: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        NoiseParameters.model_validate(values)


def test_a_power_law_is_cut_off_and_not_heaped_up_at_its_maximum() -> None:
    law, rng = power_law(1.0, 1.0, 3), Random(1)
    drawn = Counter(law.draw(rng) for _ in range(30_000))

    # At least n in proportion to 1 / (1 + n), up to 3: 1/2, 1/6, 1/12, 1/20 of 4/5.
    expected = [30_000 * share / 0.8 for share in (1 / 2, 1 / 6, 1 / 12, 1 / 20)]
    assert [drawn[n] for n in range(4)] == pytest.approx(expected, rel=0.05)

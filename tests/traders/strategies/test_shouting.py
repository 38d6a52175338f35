"""What holds for every trader of the double auction, whatever it thinks."""

from collections.abc import Callable
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from protocol.errors import ConfigError
from protocol.market import TradePrint
from protocol.messages import InstrumentInfo
from protocol.vocabulary import Side, Symbol
from tests.traders.strategies.floor import ACME, SECOND, SHOUTERS, Floor, shouter
from traders.book_view import Depth
from traders.strategies.intents import Assigned, CancelOrder, Intent, Place, ReplaceOrder, TimerFired
from traders.strategies.registry import parameters_of, strategies
from traders.strategies.shouting import Shouter

TICK_5 = InstrumentInfo(ACME, 5, 10, 10, 1_000_000, 2)
CONSTRAINED = tuple(name for name in SHOUTERS if name != "ziu")

Step = Callable[[Floor], None]


def prices() -> st.SearchStrategy[int]:
    return st.integers(1, 200)


def steps() -> st.SearchStrategy[list[Step]]:
    """Anything that may happen to a trader, in any order."""
    quotes = st.none() | st.tuples(prices(), st.integers(1, 3))
    return st.lists(
        st.one_of(
            st.builds(_timer, st.integers(0, 9)),
            st.builds(_timer, st.integers(0, 9)),
            st.builds(_timer, st.integers(0, 9)),
            st.builds(_book, quotes, quotes),
            st.builds(_book, quotes, quotes),
            st.builds(_deal, prices(), st.sampled_from([Side.BUY, Side.SELL, None])),
            st.builds(_assign, st.sampled_from([Side.BUY, Side.SELL]), st.lists(prices(), max_size=4)),
            st.just(_fill),
            st.just(_void),
        ),
        max_size=60,
    )


def _timer(after_s: int) -> Step:
    return lambda floor: void_of(floor.timer(after_s))


def _book(bid: tuple[int, int] | None, ask: tuple[int, int] | None) -> Step:
    return lambda floor: floor.book(bid, ask)


def _deal(price: int, aggressor: Side | None) -> Step:
    return lambda floor: floor.deal(price, aggressor)


def _assign(side: Side, limits: list[int]) -> Step:
    return lambda floor: floor.assign(side, *sorted(limits, reverse=side is Side.BUY))


def _fill(floor: Floor) -> None:
    if floor.live:
        floor.fill()


def _void(floor: Floor) -> None:
    floor.void()


def void_of(_: object) -> None:
    """For steps that answer."""


@pytest.mark.parametrize("name", SHOUTERS)
@settings(max_examples=80, deadline=None)
@given(script=steps(), seed=st.integers(0, 5))
def test_whatever_happens_nobody_shouts_twice_or_at_a_loss_or_for_units_it_has_not(
    name: str, script: list[Step], seed: int
) -> None:
    strategy = shouter(name, seed=seed)
    floor = Floor(strategy)
    for step in [_assign(Side.BUY, [100, 90]), *script]:
        before = len(floor.sent)
        step(floor)
        assignment = strategy.assignments[ACME]
        assert len(strategy.orders) <= 1
        assert floor.price is None or assignment.left, "the order is for a unit that is left"
        for intent in floor.sent[before:]:
            if isinstance(intent, CancelOrder):
                continue
            assert isinstance(intent, Place | ReplaceOrder)
            assert intent.price is not None
            assert 1 <= intent.price <= 200
            assert assignment.limit is not None
            assert floor.now_ns < assignment.ends_ns
            if isinstance(intent, Place):
                assert (intent.side, intent.quantity) == (assignment.side, 1)
            if name != "ziu":
                losing = (
                    intent.price > assignment.limit
                    if assignment.side is Side.BUY
                    else intent.price < assignment.limit
                )
                assert not losing


@pytest.mark.parametrize("name", SHOUTERS)
@settings(max_examples=60, deadline=None)
@given(script=steps(), patience=st.lists(st.integers(0, 3), min_size=61, max_size=61))
def test_however_late_the_venue_answers_there_is_one_order_and_no_unit_is_traded_twice(
    name: str, script: list[Step], patience: list[int]
) -> None:
    strategy = shouter(name)
    floor = Floor(strategy, answers=False)
    answered = 0
    for step, count in zip([_assign(Side.SELL, [80, 90]), *script], patience, strict=False):
        traded = strategy.portfolio.trades
        step(floor)
        for intent in floor.sent[answered : answered + count]:
            floor.answer(intent)
            answered += 1
        assert len(floor.live) <= len(strategy.orders) <= 1
        assert strategy.portfolio.trades <= traded + 1
        assert strategy.assignments[ACME].left >= 0


@pytest.mark.parametrize("name", SHOUTERS)
@settings(max_examples=25, deadline=None)
@given(script=steps())
def test_equal_seeds_and_events_give_equal_shouts(name: str, script: list[Step]) -> None:
    def shouts() -> list[Intent]:
        floor = Floor(shouter(name, seed="7/zip-1"))
        for step in [_assign(Side.SELL, [80, 90]), *script]:
            step(floor)
        return floor.sent

    assert shouts() == shouts()


@pytest.mark.parametrize("name", SHOUTERS)
def test_prices_lie_on_ticks_and_quantities_are_lots(name: str) -> None:
    for side, limits in ((Side.BUY, (148, 133)), (Side.SELL, (52, 67))):
        floor = Floor(shouter(name, instrument=TICK_5))
        floor.assign(side, *limits)
        floor.book((93, 10), (107, 10))
        floor.deal(98, Side.SELL)
        floor.deal(101, Side.BUY)
        for _ in range(28):
            floor.timer()
            floor.book((94, 10), (103, 10))
            floor.book((93, 10), (107, 10))

        shouted = [one for one in floor.sent if isinstance(one, Place | ReplaceOrder)]

        assert shouted
        assert all(one.price is not None and one.price % 5 == 0 for one in shouted)
        assert all(one.quantity == 10 for one in shouted if isinstance(one, Place))


@pytest.mark.parametrize("name", CONSTRAINED)
def test_a_trader_whose_limit_lies_outside_the_range_of_prices_is_silent(name: str) -> None:
    for side, limit in ((Side.BUY, 49), (Side.SELL, 151)):
        floor = Floor(shouter(name, {"minimum_price": 50, "maximum_price": 150}))
        floor.assign(side, limit)
        floor.book(60, 140)
        floor.deal(100)

        for _ in range(35):
            floor.timer()

        assert floor.sent == []


@pytest.mark.parametrize("name", SHOUTERS)
def test_while_a_request_is_unanswered_nothing_more_is_asked_for(name: str) -> None:
    floor = Floor(shouter(name), answers=False).buyer(150)
    floor.book(90, 100)
    floor.deal(98)
    for _ in range(35):
        floor.timer(after_s=0 if name != "sniper" else 1)

    assert len(floor.sent) == 1


def test_a_new_shout_takes_the_place_of_the_one_that_stands() -> None:
    floor = Floor(shouter("zic")).buyer(150)

    prices = [floor.timer() for _ in range(20)]

    assert [type(one) for one in floor.sent[:3]] == [Place, ReplaceOrder, ReplaceOrder]
    assert len(set(prices)) > 10


def test_the_next_unit_is_shouted_within_its_own_limit_and_after_the_last_nothing() -> None:
    floor = Floor(shouter("gvwy")).buyer(150, 120)

    shouted = [floor.timer()]
    floor.fill()
    shouted.append(floor.timer())
    floor.fill()
    shouted.append(floor.timer())

    assert shouted == [150, 120, None]
    assert floor.strategy.assignments[ACME].surplus == 0


def test_a_new_period_voids_the_shout_of_the_old_one() -> None:
    floor = Floor(shouter("gvwy")).buyer(150)
    floor.timer()

    floor.assign(Side.SELL, 70, period=2)

    assert (floor.sent[-1], floor.price) == (CancelOrder(1), None)
    assert floor.timer() == 70


def test_after_the_end_of_the_period_the_shout_is_withdrawn() -> None:
    floor = Floor(shouter("gvwy")).buyer(150)
    floor.timer()

    assert floor.timer(after_s=30) is None
    assert floor.timer() is None


def test_without_units_nobody_says_a_word() -> None:
    for name in SHOUTERS:
        floor = Floor(shouter(name))
        floor.book(90, 110)
        floor.deal(100)

        assert floor.timer() is None


def test_a_lot_is_a_unit() -> None:
    floor = Floor(shouter("gvwy", instrument=TICK_5)).buyer(150, 120)
    floor.timer()

    floor.fill()

    assert floor.timer() == 120


@pytest.mark.parametrize("name", SHOUTERS)
def test_each_instrument_has_its_units_and_its_shout(name: str) -> None:
    other = Symbol("GOOG")
    kind = strategies()[name]
    instruments = [InstrumentInfo(symbol, 1, 1, 1, 1_000_000, 2) for symbol in (ACME, other)]
    strategy = kind(instruments, parameters_of(kind, {}, "test"), Random(1))
    strategy.on_event(Assigned(0, ACME, Side.BUY, (150,), 1, SECOND))
    strategy.on_event(Assigned(0, other, Side.SELL, (50,), 1, SECOND))
    for symbol in (ACME, other):
        strategy.on_event(Depth(symbol, 1, ((60, 1),), ((140, 1),)))
        strategy.on_event(TradePrint(symbol, 1, 1, 0, 100, 1, Side.BUY))

    shouted = strategy.on_event(TimerFired(SECOND - 1))

    assert [(one.symbol, one.side) for one in shouted if isinstance(one, Place)] == [
        (ACME, Side.BUY),
        (other, Side.SELL),
    ]
    assert strategy.on_event(TimerFired(SECOND - 1)) == ()


def test_a_range_that_is_upside_down_is_refused() -> None:
    for name in SHOUTERS:
        with pytest.raises(ConfigError, match="minimum_price is above maximum_price"):
            parameters_of(strategies()[name], {"minimum_price": 5, "maximum_price": 4}, "here")


def test_the_names_are_those_of_the_literature_and_every_parameter_is_explained() -> None:
    known = strategies()

    assert set(SHOUTERS) <= set(known)
    for name in SHOUTERS:
        assert issubclass(known[name], Shouter)
        assert all(field.description for field in known[name].parameters_type.model_fields.values())

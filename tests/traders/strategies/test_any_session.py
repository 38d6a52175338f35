"""What holds for every strategy of a trading session, whatever the market does to it."""

from collections.abc import Callable, Mapping
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from protocol.vocabulary import Side
from tests.traders.strategies.session import ACME, BETA, FUND, Session, instrument
from traders.strategies.intents import CancelAll, CancelOrder

Step = Callable[[Session], object]

SMALL: Mapping[str, Mapping[str, Any]] = {
    "noise": {
        "maximum_orders": 3, "maximum_position_lots": 50, "split_share": 0.5, "attention": 0.5, "intraday": 0.5,
        "maximum_quantity_lots": 40, "lifetime_s": 3.0, "day_s": 60.0,
    },
    "value": {"maximum_position_lots": 50, "maximum_quantity_lots": 40, "mean": 100, "resting": 0.7},
    "momentum": {"fast_looks": 2, "slow_looks": 4, "quantity_lots": 30, "maximum_position_lots": 50},
    "mean_reversion": {"looks": 4, "enter": 1.0, "quantity_lots": 20, "position_lots": 50},
    "avellaneda_stoikov": {"gamma": 0.1, "quantity_lots": 20, "maximum_position_lots": 50, "horizon_s": 30.0},
    "adaptive_market_maker": {"minimum_quantity_lots": 20, "maximum_position_lots": 50, "participation": 0.5},
    "imbalance": {"position_lots": 50, "quantity_lots": 30, "enter": 0.3, "patience_s": 0.0},
    "spoofer": {"quantity_lots": 20, "layers": 2, "layer_quantity_lots": 60},
    "pairs": {"looks": 4, "enter": 1.0, "quantity_lots": 20, "position_lots": 50},
    "etf_arbitrage": {
        "etf": FUND, "weights": {ACME: 1, BETA: 2}, "unit": 2, "units": 3, "maximum_units": 25, "edge_ppm": 0,
    },
}  # fmt: skip
"""Parameters under which limits are met soon."""

# The layers of the spoofer change sides with what it means: until the old ones are gone it has two of them on both.
MOST_ORDERS = {
    "noise": 3, "value": 9, "momentum": 9, "mean_reversion": 3, "avellaneda_stoikov": 6,
    "adaptive_market_maker": 30, "imbalance": 3, "spoofer": 4, "pairs": 3, "etf_arbitrage": 3,
}  # fmt: skip

EXECUTIONS: Mapping[str, Mapping[str, Any]] = {
    "twap": {"slices": 7},
    "vwap": {"curve": (1, 0, 3)},
    "pov": {"participation": 0.5},
    "iceberg_slicer": {"peak_lots": 15},
}
EVERYBODY = [*SMALL, *EXECUTIONS]


def quotes() -> st.SearchStrategy[tuple[int, int] | None]:
    return st.none() | st.tuples(st.integers(80, 120), st.integers(1, 300))


def _book(symbol: str, bid: tuple[int, int] | None, ask: tuple[int, int] | None) -> Step:
    return lambda session: session.book(bid, ask, session.strategy.symbols[SYMBOLS.index(symbol)])


def _print(symbol: str, price: int, quantity: int) -> Step:
    return lambda session: session.print(price, quantity, session.strategy.symbols[SYMBOLS.index(symbol)])


def _observe(value: int) -> Step:
    return lambda session: session.observe(value)


def _timer(after_s: float) -> Step:
    return lambda session: session.timer(after_s)


def _answer(filled: int, refuse: bool) -> Step:
    return lambda session: session.answer(filled, refuse=refuse)


def _fill(which: int, quantity: int) -> Step:
    def step(session: Session) -> None:
        tags = list(session.open)
        if tags:
            session.fill(tags[which % len(tags)], quantity)

    return step


def _void(which: int) -> Step:
    def step(session: Session) -> None:
        tags = list(session.open)
        if tags:
            session.void(tags[which % len(tags)])

    return step


SYMBOLS = (ACME, BETA, FUND)


def steps() -> st.SearchStrategy[list[Step]]:
    timers = st.builds(_timer, st.sampled_from([0.0, 0.5, 1.0, 3.0, 20.0]))
    symbols = st.sampled_from(SYMBOLS)
    answers = st.builds(_answer, st.integers(0, 60), st.sampled_from([False, False, False, True]))
    return st.lists(
        st.one_of(
            timers,
            timers,
            timers,
            st.builds(_book, symbols, quotes(), quotes()),
            st.builds(_book, symbols, quotes(), quotes()),
            st.builds(_print, symbols, st.integers(80, 120), st.integers(1, 200)),
            st.builds(_observe, st.integers(60, 140)),
            answers,
            answers,
            answers,
            st.builds(_fill, st.integers(0, 20), st.integers(1, 60)),
            st.builds(_void, st.integers(0, 20)),
        ),
        max_size=60,
    )


def session_of(name: str, seed: int, lot: int = 1) -> Session:
    instruments = [instrument(symbol, lot=1 if name == "etf_arbitrage" else lot) for symbol in SYMBOLS]
    return Session(name, {**SMALL, **EXECUTIONS}[name], instruments, seed=seed, answers=False)


@pytest.mark.parametrize("name", sorted(SMALL))
@settings(max_examples=60)
@given(steps=steps(), seed=st.integers(0, 9), lot=st.sampled_from([1, 10]))
def test_it_never_raises_and_its_orders_and_positions_are_bounded(
    name: str, steps: list[Step], seed: int, lot: int
) -> None:
    session = session_of(name, seed, lot)

    for step in steps:
        step(session)

        for symbol in SYMBOLS:
            orders = [one for one in session.strategy.orders.values() if one.symbol == symbol]
            assert len(orders) <= MOST_ORDERS[name]
            # Parts of a fund are held in multiples of their weights; the hedge of a pair goes by what its first leg holds.
            assert abs(session.position(symbol)) <= 50 * session.strategy.instruments[symbol].lot * (
                1 if name not in ("noise", "spoofer") else 3
            )


@pytest.mark.parametrize("name", sorted(EXECUTIONS))
@settings(max_examples=60)
@given(
    steps=steps(),
    side=st.sampled_from(Side),
    limit=st.none() | st.integers(90, 110),
    patience_s=st.sampled_from([0.0, 2.0]),
    keeper=st.sampled_from(["venue", "trader"]),
)
def test_an_execution_never_trades_more_than_asked_or_beyond_its_limit(
    name: str, steps: list[Step], side: Side, limit: int | None, patience_s: float, keeper: str
) -> None:
    parameters = {
        **EXECUTIONS[name], "side": side, "quantity_lots": 100, "end_s": 60.0, "limit_price": limit,
        "patience_s": patience_s,
    }  # fmt: skip
    if name == "iceberg_slicer":
        parameters["keeper"] = keeper
    session = Session(name, parameters, [instrument(symbol) for symbol in SYMBOLS], answers=False)

    for step in steps:
        step(session)

        done = (session.bought if side is Side.BUY else session.sold)[ACME]
        open_quantity = sum(order.leaves for order in session.strategy.orders.values())
        assert done + open_quantity <= 100
        assert {order.side for order in session.strategy.orders.values()} <= {side}
        if limit is not None:
            prices = [order.price for order in session.strategy.orders.values() if order.price is not None]
            assert all(price <= limit if side is Side.BUY else price >= limit for price in prices)
    session.answer_all()
    session.timer(100.0)
    session.answer_all()
    session.timer()
    session.answer_all()
    assert session.strategy.orders == {}, "after its end it leaves nothing in the book"


@pytest.mark.parametrize("name", EVERYBODY)
@given(steps=steps(), seed=st.integers(0, 3))
@settings(max_examples=15)
def test_equal_seeds_and_equal_events_give_equal_intents(name: str, steps: list[Step], seed: int) -> None:
    def intents() -> list[object]:
        session = session_of(name, seed)
        seen: list[object] = []
        for step in steps:
            step(session)
            seen.extend(session.waiting)
        return seen

    assert intents() == intents()


@pytest.mark.parametrize("name", EVERYBODY)
@given(steps=steps())
@settings(max_examples=15)
def test_on_stop_nothing_stays_in_the_book(name: str, steps: list[Step]) -> None:
    session = session_of(name, 1)
    for step in steps:
        step(session)

    orders = dict(session.strategy.orders)
    last = session.stop()

    assert CancelAll() in last or not orders or {type(one) for one in last} == {CancelOrder}

"""The first minutes of the day of a thousand traders; the whole of it is measured by ``tontine validate``."""

from collections import Counter
from pathlib import Path
from typing import NamedTuple

import pytest

import simulation
from protocol.vocabulary import Symbol
from simulation.run import Run
from traders.scenario import load_scenario

DAY = Path(simulation.__file__).parent / "scenarios" / "day.toml"
ACME = Symbol("ACME")
SECOND = 1_000_000_000
WARM_UP_S, LENGTH_S = 30, 120


class Watched(NamedTuple):
    """Two minutes, looked at every second."""

    run: Run
    distances: list[float]
    """Of the mid price from the value, ticks."""
    spreads: list[int]
    orders: list[int]
    """That rest or are under way."""


@pytest.fixture(scope="module")
def watched() -> Watched:
    scenario = load_scenario(DAY).model_copy(update={"length_s": float(LENGTH_S)})
    watched = Watched(Run(scenario, place="day"), [], [], [])
    run = watched.run
    assert run.oracle is not None
    run.start()
    for second in range(1, LENGTH_S):
        run.advance(run.start_ns + second * SECOND)
        best = run.market.feeds[ACME].best
        if second >= WARM_UP_S:
            bid, ask = best.bids[0][0], best.asks[0][0]
            watched.distances.append(abs((bid + ask) / 2 - run.oracle.value(ACME, second * SECOND)))
            watched.spreads.append(ask - bid)
        watched.orders.append(sum(len(agent.strategy.orders) for agent in run.agents))
    run.finish()
    return watched


def test_it_has_the_population_that_it_promises(watched: Watched) -> None:
    kinds = Counter(type(agent.strategy).__name__ for agent in watched.run.agents)

    assert kinds == {"Noise": 1_000, "Value": 102, "Momentum": 12, "AdaptiveMarketMaker": 2}
    assert load_scenario(DAY).length_s == 6.5 * 3_600


def test_nobody_breaks_a_promise_and_hardly_an_order_is_refused(watched: Watched) -> None:
    agents = watched.run.agents

    assert watched.run.faults == []
    sent = sum(agent.orders_sent for agent in agents)
    assert sent > 1_000
    assert sum(agent.orders_refused for agent in agents) < sent / 100


def test_the_price_follows_the_value_with_a_small_spread(watched: Watched) -> None:
    assert sum(watched.distances) / len(watched.distances) < 6
    assert sum(watched.spreads) / len(watched.spreads) < 8


def test_orders_in_the_book_are_bounded(watched: Watched) -> None:
    assert max(watched.orders) < 2_000


def test_positions_sum_to_zero(watched: Watched) -> None:
    assert sum(agent.strategy.position(ACME) for agent in watched.run.agents) == 0

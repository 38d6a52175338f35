"""The express lane gives what clearing and the engine give one after the other: equal events, equal books, whatever comes."""

from typing import Final

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from exchange.engine.express import Express
from tests.support.lanes import DAY, Lanes

DAYS: Final = 30
SEARCH: Final = (Phase.explicit, Phase.reuse, Phase.generate)
SEEDS: Final = st.integers(0, 2**32 - 1)


@pytest.mark.slow
@pytest.mark.timeout(300)
@settings(max_examples=DAYS, phases=SEARCH)
@given(seed=SEEDS)
def test_lane_agrees_with_the_careful_way(seed: int) -> None:
    Lanes(seed).day(DAY)


def test_random_days_go_by_the_lane() -> None:
    """Orders without a record are those of the lane."""
    live = recorded = trades = 0
    for seed in range(6):
        lanes = Lanes(seed)
        lanes.day(DAY)
        live += len(lanes.open.live_orders())
        recorded += len(lanes.open.clearing.books.holds)
        trades += len(lanes.wishes.trades)
        handlers = lanes.open.handlers.values(), lanes.closed.handlers.values()
        by_lane = [[getattr(one, "__self__", None) for one in each] for each in handlers]
        assert [sum(isinstance(one, Express) for one in each) for each in by_lane] == [3, 0]

    assert recorded < live // 2
    assert trades > 200

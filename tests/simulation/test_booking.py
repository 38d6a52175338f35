"""Strategies end up the same whether their reports are built or booked, and their hooks asked or not."""

from pathlib import Path
from typing import Any

import pytest

from exchange.engine.events import Trade
from exchange.report_messages import FREQUENT
from simulation import agent
from simulation.booking import BOOKED
from simulation.run import Run
from traders.order_view import OrderView
from traders.scenario import Scenario, load_scenario
from traders.strategies.base import Strategy

SCENARIOS = Path(agent.__file__).parent / "scenarios"


def scenario(name: str, **changes: Any) -> Scenario:
    return load_scenario(SCENARIOS / f"{name}.toml").model_copy(update=changes)


def state_of(run: Run) -> list[Any]:
    """All that strategies know."""
    return [_strategy(one.strategy) for one in run.agents]


def _strategy(strategy: Strategy) -> Any:
    holdings = strategy.portfolio.holdings
    return (
        strategy.now_ns,
        {tag: (order.pending, *_order(order)) for tag, order in strategy.orders.items()},
        {symbol: [getattr(one, name) for name in one.__slots__] for symbol, one in holdings.items()},
        strategy.books,
        strategy.marks,
        strategy.observed,
        {symbol: (one.next_unit, one.surplus) for symbol, one in strategy.assignments.items()},
    )


def _order(order: OrderView) -> tuple[object, ...]:
    return tuple([getattr(order, name) for name in OrderView.__slots__])


@pytest.mark.parametrize(
    ("name", "changes"),
    [
        ("day", {"length_s": 200.0}),
        ("day", {"length_s": 200.0, "latency": {"model": "fixed", "ns": 0}}),
        ("classroom", {}),
        ("market_maker_duel", {"length_s": 120.0}),
        ("execution_desk", {"length_s": 120.0}),
        ("opening_auction", {"length_s": 240.0}),
    ],
)
def test_a_run_is_the_same_with_hooks_asked_and_without(
    monkeypatch: pytest.MonkeyPatch, name: str, changes: dict[str, Any]
) -> None:
    chosen = Scenario.model_validate({**scenario(name).model_dump(), **changes})
    quick = Run(chosen, place=name)
    quick.start()
    quick.advance(quick.end_ns)
    # Nobody has left anything as it came, as far as the agents can tell.
    monkeypatch.setattr(agent, "_is_plain", lambda strategy, hook: False)
    slow = Run(chosen, place=name)
    slow.start()
    slow.advance(slow.end_ns)

    assert quick.log.digest == slow.log.digest
    assert state_of(quick) == state_of(slow)
    assert quick.kernel.handled == slow.kernel.handled
    assert quick.log.commands + quick.market.sequencer.last_seq > 100


def test_only_reports_to_an_owner_are_booked() -> None:
    assert {*FREQUENT, Trade} >= BOOKED

"""Strategies of the double auction against each other: who gains what, where all of them trade with all.

In: names of strategies. Out: what each of them gained, in percent of what its units gain at the equilibrium price. Fair by
construction: on both sides of the market every strategy has a trader for each limit.

After G. Tesauro and R. Das, "High-Performance Bidding Agents for the Continuous Double Auction", ACM Conference on
Electronic Commerce 2001, 206-209, who let populations of two strategies meet that way; M. De Luca and D. Cliff,
"Human-Agent Auction Interactions: Adaptive-Aggressive Agents Dominate", International Joint Conference on Artificial
Intelligence 2011, 178-185, rank AA and GDX before ZIP, and all of them before ZI-C.
"""

from collections.abc import Mapping, Sequence
from fractions import Fraction
from typing import Any, Final

from protocol.vocabulary import Symbol
from simulation.economics import equilibrium, ideal_profit
from simulation.experiments.double_auction import AT_ONCE
from simulation.run import Run
from traders.scenario import scenario_of

_VALUES: Final = (150, 135, 120, 105, 90)
_COSTS: Final = (50, 65, 80, 95, 110)
_UNITS: Final = 3
_UNIT: Final = Symbol("UNIT")
_SECOND_NS: Final = 1_000_000_000


def tournament(
    strategies: Sequence[str],
    periods: int,
    *,
    seed: int = 2001,
    parameters: Mapping[str, Mapping[str, Any]] | None = None,
) -> dict[str, float]:
    """What each strategy gained over all periods, percent of its profit at the equilibrium price."""
    run = Run(
        scenario_of(_scenario(strategies, periods, parameters or {}), "tournament"),
        place="tournament",
        seed=seed,
    )
    gained = dict.fromkeys(strategies, 0)
    length_ns = 30 * _SECOND_NS
    run.start()
    for period in range(1, periods + 1):
        run.advance(run.start_ns + period * length_ns - 1)
        for agent in run.agents:
            gained[agent.group.partition("-")[0]] += agent.strategy.assignments[_UNIT].surplus
    run.finish()
    demand, supply = _units(len(strategies))
    at = equilibrium(demand, supply, "tournament")
    ideal = sum([ideal_profit(units, buys=True, at=at) for units in demand], Fraction(0))
    ideal += sum([ideal_profit(units, buys=False, at=at) for units in supply], Fraction(0))
    share = periods * ideal / len(strategies)
    return {name: float(100 * one / share) for name, one in gained.items()}


def _units(strategies: int) -> tuple[list[list[int]], list[list[int]]]:
    """One strategy after the other, a trader for each limit."""
    demand = [[value] * _UNITS for value in _VALUES] * strategies
    return demand, [[cost] * _UNITS for cost in _COSTS] * strategies


def _scenario(
    strategies: Sequence[str], periods: int, parameters: Mapping[str, Mapping[str, Any]]
) -> dict[str, Any]:
    demand, supply = _units(len(strategies))
    return {
        "venue": {"instruments": [{"symbol": _UNIT, "tick": 1, "lot": 1, "price_decimals": 2}]},
        "latency": AT_ONCE,
        "traders": [
            {
                "name": f"{name}-{role}",
                "role": role,
                "strategy": name,
                "count": len(_VALUES),
                "interval_s": 1.0,
                "parameters": {"minimum_price": 1, "maximum_price": 200, **parameters.get(name, {})},
            }
            for name in strategies
            for role in ("buyers", "sellers")
        ],
        "experiment": {
            "symbol": _UNIT,
            "periods": periods,
            "period_s": 30.0,
            "schedules": [{"demand": demand, "supply": supply}],
        },
    }

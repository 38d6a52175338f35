"""Double auctions with induced values, against what economists measured.

In: nothing but how many periods. Out: checks. Each experiment is a scenario like any other, run by ``simulate``: the real
venue, its book, its reports; only the traders and their units are those of the laboratory. Seeds are fixed, so equal
numbers of periods give equal results.

- Gode and Sunder (Journal of Political Economy 101(1), 1993, 119-137): six buyers and six sellers with five units each and
  prices from 1 to 200; a shout has to better the one that stands, a trade voids all others. They show their schedules as
  drawings; this one has their shape, and two thirds of its units gain at the equilibrium. So traders without a
  constraint, who sooner or later trade everything, reach 78.6 % of what could be gained.
- Smith (Journal of Political Economy 70(2), 1962, 111-137), his first chart: eleven buyers with values from 3.25 down to
  0.75, eleven sellers with costs from 0.75 up to 3.25, a unit each, steps of 0.25: they clear at 2.00.
- Cliff (HPL-97-91, 1997): ZIP traders on such a schedule come close to the equilibrium price and stay there, and find the
  new one when all limits move.
"""

from collections.abc import Iterator, Mapping, Sequence
from math import fsum
from typing import Any, Final, NamedTuple

from simulation.economics import Equilibrium, alpha, equilibrium
from simulation.periods import PeriodResult
from simulation.run import Run, simulate
from simulation.validation import Check
from traders.experiment import Experiment
from traders.scenario import scenario_of

Units = list[list[int]]

_STEP: Final = 100  # cents by which all limits rise: the equilibrium by half
AT_ONCE: Final = {"model": "fixed", "ns": 0}
"""In a laboratory a shout is heard when it is shouted."""

_TICKS: Final = {"symbol": "UNIT", "tick": 1, "lot": 1, "price_decimals": 2}

GODE_SUNDER: Final[tuple[Units, Units]] = (
    [[155 - 3 * (trader + 6 * unit) for unit in range(5)] for trader in range(6)],
    [[55 + 2 * (trader + 6 * unit) for unit in range(5)] for trader in range(6)],
)
"""Values and costs; they clear at 95, where 20 of 30 units gain, and one more loses nothing."""

SMITH: Final[tuple[Units, Units]] = (
    [[325 - 25 * trader] for trader in range(11)],
    [[75 + 25 * trader] for trader in range(11)],
)
"""In cents; they clear at 200, where 5 units gain and one more loses nothing."""


class Period(NamedTuple):
    """One period, measured."""

    efficiency: float
    """Percent."""
    alpha: float | None
    """Percent; ``None`` without a trade."""
    price: float | None
    """Mean of the trades; ``None`` without one."""
    equilibrium: Equilibrium


def gode_sunder(strategy: str, periods: int, *, seed: int = 1993) -> list[Period]:
    """Periods under the rules of Gode and Sunder."""
    values = _scenario(
        strategy,
        {"minimum_price": 1, "maximum_price": 200, "improving": True},
        [_schedule(GODE_SUNDER)],
        periods,
        clear_after_trade=True,
    )
    return _measured(
        simulate(scenario_of(values, "Gode and Sunder 1993"), place="Gode and Sunder 1993", seed=seed)
    )


def smith(
    strategy: str,
    periods: int,
    *,
    parameters: Mapping[str, Any] | None = None,
    step_after: int | None = None,
    seed: int = 1962,
) -> list[Period]:
    """Periods on the schedule of Smith's first chart; all limits rise by a dollar after ``step_after`` of them."""
    schedules = [_schedule(SMITH)]
    if step_after is not None:
        schedules.append(_schedule(SMITH, _STEP) | {"from_period": step_after + 1})
    prices = {"minimum_price": 1, "maximum_price": 400 if step_after is None else 400 + _STEP}
    values = _scenario(strategy, {**prices, **(parameters or {})}, schedules, periods)
    return _measured(simulate(scenario_of(values, "Smith 1962"), place="Smith 1962", seed=seed))


def checks(*, short: bool = False) -> Iterator[Check]:
    """All of them, one after the other. ``short``: a tenth of the periods, for a quick look."""
    many, some = (30, 15) if short else (300, 150)
    constrained = _efficiency(gode_sunder("zic", many))
    unconstrained = _efficiency(gode_sunder("ziu", many))
    yield _at_least("Gode-Sunder 6+6 x 5, ZI-C: efficiency", 98.0, constrained)
    yield Check(
        "Gode-Sunder 6+6 x 5, ZI-U: efficiency",
        "< 90 %, and below ZI-C's by 8",
        f"{unconstrained:.1f} %",
        unconstrained < 90.0 and unconstrained < constrained - 8.0,
    )
    random = smith("zic", some, parameters={"improving": True})
    random_alpha = _alpha(random)
    yield _at_least("Smith 11+11 x 1, ZI-C: efficiency", 93.0, _efficiency(random))
    yield Check(
        "Smith 11+11 x 1, ZI-C: alpha", "13 to 19 %", f"{random_alpha:.1f} %", 13.0 <= random_alpha <= 19.0
    )
    learning = smith("zip", some)
    late = _alpha(learning[-(some // 3) :])
    yield _at_least("Smith 11+11 x 1, ZIP: efficiency", 95.0, _efficiency(learning))
    yield _below("Smith 11+11 x 1, ZIP: alpha, last third", random_alpha / 2, late)
    stepped = smith("zip", 2 * some, step_after=some)[-(some // 3) :]
    yield _below(
        f"ZIP after all limits rose by {_STEP}: alpha, last third", random_alpha / 2, _alpha(stepped)
    )
    price, wanted = _price(stepped), float(stepped[0].equilibrium.price)
    yield Check(
        f"ZIP after all limits rose by {_STEP}: mean price, last third",
        f"{wanted:.0f}, 3 % more or less",
        f"{price:.1f}",
        abs(price - wanted) <= 0.03 * wanted,
    )


# -- scenarios and measures ----------------------------------------------------------------------------
def _schedule(units: tuple[Units, Units], by: int = 0) -> dict[str, Any]:
    demand, supply = ([[limit + by for limit in one] for one in side] for side in units)
    return {"demand": demand, "supply": supply}


def _scenario(
    strategy: str,
    parameters: Mapping[str, Any],
    schedules: list[dict[str, Any]],
    periods: int,
    *,
    clear_after_trade: bool = False,
) -> dict[str, Any]:
    """Thirty seconds a period, and a hundred shouts of each trader."""
    groups = [
        {
            "name": role,
            "role": role,
            "strategy": strategy,
            "count": len(schedules[0][side]),
            "interval_s": 0.3,
            "parameters": dict(parameters),
        }
        for role, side in (("buyers", "demand"), ("sellers", "supply"))
    ]
    return {
        "venue": {"instruments": [_TICKS]},
        "latency": AT_ONCE,
        "traders": groups,
        "experiment": {
            "periods": periods,
            "period_s": 30.0,
            "schedules": schedules,
            "clear_after_trade": clear_after_trade,
        },
    }


def _measured(run: Run) -> list[Period]:
    experiment = run.scenario.experiment
    assert experiment is not None
    return measured(run.period_results, experiment, run.place)


def measured(results: Sequence[PeriodResult], experiment: Experiment, place: str) -> list[Period]:
    """What periods were worth, each against the schedule that held in it.

    Raises:
        ConfigError: in one of them supply and demand never cross.
    """
    known: dict[int, Equilibrium] = {}
    found: list[Period] = []
    for result in results:
        schedule = experiment.schedule(result.number)
        at = known.get(schedule.from_period)
        if at is None:
            at = equilibrium(schedule.demand, schedule.supply, f"{place}: period {result.number}")
            known[schedule.from_period] = at
        share = 100 * result.surplus / at.surplus if at.surplus else 100.0
        prices = [trade.price for trade in result.trades]
        mean = sum(prices) / len(prices) if prices else None
        found.append(Period(share, alpha(prices, at), mean, at))
    return found


def _efficiency(periods: Sequence[Period]) -> float:
    return fsum([period.efficiency for period in periods]) / len(periods)


def _alpha(periods: Sequence[Period]) -> float:
    """Mean over the periods in which somebody traded; 100 % where nobody did."""
    alphas = [period.alpha for period in periods if period.alpha is not None]
    return fsum(alphas) / len(alphas) if alphas else 100.0


def _price(periods: Sequence[Period]) -> float:
    prices = [period.price for period in periods if period.price is not None]
    return fsum(prices) / len(prices) if prices else 0.0


def _at_least(name: str, target: float, result: float) -> Check:
    return Check(name, f">= {target:.0f} %", f"{result:.1f} %", result >= target)


def _below(name: str, target: float, result: float) -> Check:
    return Check(name, f"< {target:.1f} %, half of ZI-C's", f"{result:.1f} %", result < target)

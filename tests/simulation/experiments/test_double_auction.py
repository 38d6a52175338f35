"""The laboratory's markets, run on the real venue, give what the laboratories measured."""

import pytest

from protocol.errors import ConfigError
from simulation.economics import Equilibrium, equilibrium
from simulation.experiments.double_auction import GODE_SUNDER, SMITH, checks, gode_sunder, measured, smith
from simulation.experiments.tournament import tournament
from simulation.periods import PeriodResult, Traded
from traders.experiment import Experiment


def test_the_schedules_are_those_that_the_text_tells() -> None:
    assert equilibrium(*GODE_SUNDER, "Gode and Sunder") == Equilibrium(95, 95, 21, 1050)
    assert equilibrium(*SMITH, "Smith") == Equilibrium(200, 200, 6, 750)


@pytest.mark.slow
def test_every_check_passes_on_few_periods_too() -> None:
    found = list(checks(short=True))

    assert [one for one in found if not one.passed] == []
    assert len(found) == 8


def test_equal_seeds_give_equal_markets_and_others_others() -> None:
    assert gode_sunder("zic", 2, seed=3) == gode_sunder("zic", 2, seed=3)
    assert gode_sunder("zic", 2, seed=3) != gode_sunder("zic", 2, seed=4)


@pytest.mark.parametrize("strategy", ["gd", "gdx", "aa"])
def test_whoever_learns_comes_close_to_the_equilibrium(strategy: str) -> None:
    late = smith(strategy, 6)[2:]

    assert all(period.efficiency >= 85 for period in late)
    assert all(period.alpha is not None and period.alpha < 8 for period in late)


def test_periods_are_measured_against_the_schedule_that_held() -> None:
    experiment = Experiment.model_validate(
        {
            "periods": 2,
            "schedules": [
                {"demand": [[12]], "supply": [[8]]},
                {"from_period": 2, "demand": [[32]], "supply": [[8]]},
            ],
        }
    )
    results = [
        PeriodResult(1, 0, (Traded(1, 10, 1),), 4),
        PeriodResult(2, 30, (Traded(31, 10, 1),), 12),
        PeriodResult(3, 60, (), 0),
    ]

    found = measured(results, experiment, "here")

    assert [one.efficiency for one in found] == [100, 50, 0]
    assert [one.alpha for one in found] == [0, 50, None]
    assert [one.price for one in found] == [10, 10, None]
    assert [one.equilibrium.price for one in found] == [10, 20, 20]


def test_a_schedule_without_overlap_is_named() -> None:
    lines = {"demand": [[7]], "supply": [[8]]}
    experiment = Experiment.model_construct(schedules=(Experiment.model_validate(
        {"schedules": [{"demand": [[9]], "supply": [[8]]}]}
    ).schedules[0].model_copy(update=lines),))  # fmt: skip

    with pytest.raises(ConfigError, match="here: period 1: supply and demand do not overlap"):
        measured([PeriodResult(1, 0, (), 0)], experiment, "here")


@pytest.mark.slow
@pytest.mark.parametrize("strategy", ["zip", "gd", "gdx", "aa"])
def test_who_learns_gains_more_than_zero_intelligence(strategy: str) -> None:
    gained = tournament(["zic", strategy], 5)

    assert gained[strategy] > gained["zic"] + 5


@pytest.mark.slow
def test_among_all_of_them_zero_intelligence_comes_last_and_nobody_gains_what_is_not_there() -> None:
    gained = tournament(["zic", "zip", "gdx", "aa"], 5)

    assert min(gained, key=lambda name: gained[name]) == "zic"
    assert sum(gained.values()) <= 400
    assert sum(gained.values()) >= 4 * 93


def test_to_give_everything_away_does_not_pay() -> None:
    gained = tournament(["zic", "gvwy"], 3)

    assert gained["gvwy"] < gained["zic"]

"""How a fleet stands, as a table and as a line; sums over processes; who is dealt where; how long a scenario lasts."""

import pytest
from rich.console import Console

from protocol.clock import ManualClock
from traders.fleet_clock import length_s
from traders.fleet_status import Status
from traders.roster import GroupResult, Roster, Share
from traders.scenario import Scenario, scenario_of
from traders.summary import status_of

MAKERS = GroupResult("maker", 2, 0, 400, 3, 20, -150, 2)
CROWD = GroupResult("crowd", 1_000, 1, 2_000, 0, 77, 150, 990, 12, 1)


def scenario(**keys: object) -> Scenario:
    group = {"strategy": "noise", "count": 5}
    return scenario_of({"traders": [group, {**group, "name": "other"}], **keys}, "test")


def test_a_line_says_it_all_and_rates_are_means_of_the_last_seconds() -> None:
    status = Status(10.0)
    status.note([GroupResult("crowd", 1_000, 0, 1_000, 0, 7, 0, 5)], 12.0)
    status.note([MAKERS, CROWD], 14.0)

    assert status.line() == (
        "   4.0 s  992 of 1,002 connected  2,400 orders (700/s)  97 fills  3 refused  12 reconnects  1 faults"
    )


def test_a_table_has_a_row_for_each_group() -> None:
    status = Status(10.0)
    status.note([MAKERS, CROWD], 14.0)
    console = Console(width=140, force_terminal=False, record=True)

    console.print(status.table())

    rows = [line.replace("│", " ").split() for line in console.export_text().splitlines() if "│" in line]
    assert rows == [
        ["maker", "2", "of", "2", "400", "0", "20", "3", "0", "0", "-150"],
        ["crowd", "990", "of", "1,000", "2,000", "0", "77", "0", "12", "1", "+150"],
    ]


@pytest.mark.parametrize("terminal", [True, False])
def test_a_terminal_gets_a_table_a_pipe_gets_lines(terminal: bool) -> None:
    console = Console(width=140, force_terminal=terminal, color_system=None, record=True)

    with status_of(console, None) as report:
        assert report is not None
        report.tell([MAKERS])

    assert report.every_s == (1.0 if terminal else 5.0)
    assert ("┃" in console.export_text()) is terminal
    with status_of(console, 0) as nothing:
        assert nothing is None


def test_results_of_processes_add_up() -> None:
    assert GroupResult("crowd", 2_000, 2, 4_000, 0, 154, 300, 1_980, 24, 2) == CROWD + CROWD


def test_processes_share_the_traders_and_nobody_draws_anything_else() -> None:
    def dealt(share: Share) -> list[tuple[str, str, int]]:
        roster = Roster(scenario(), clock=ManualClock(1), place="test", share=share)
        return [(one.spec.account, one.spec.seed, one.place_in_role) for one in roster.traders]

    whole = dealt(Share())
    parts = [dealt(Share(number, 3)) for number in range(3)]

    assert [len(part) for part in parts] == [4, 3, 3]
    assert sorted(one for part in parts for one in part) == sorted(whole)
    assert parts[1] == whole[1::3]


def test_how_long_a_scenario_lasts_is_up_to_its_file() -> None:
    venue = {"instruments": [{"symbol": "ACME"}]}
    schedules = [{"demand": [[2]], "supply": [[1]]}]
    roles = [{"strategy": "zic", "name": one, "role": one} for one in ("buyers", "sellers")]
    experiment = {"periods": 4, "period_s": 2.5, "schedules": schedules}

    assert length_s(scenario()) is None
    assert length_s(scenario(length_s=7)) == 7
    assert length_s(scenario(venue=venue)) == 60
    assert length_s(scenario(experiment=experiment, traders=roles)) == 10

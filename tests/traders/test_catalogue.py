"""``tontine strategies``: what there is, what others bring, and what is broken."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.typed import typed
from traders.catalogue import StrategyFacts, catalogue, sources_of
from traders.catalogue_tables import authors
from traders.strategies.registry import strategies

ROOT = Path(__file__).parents[2]

FOLLOWER = '''
"""Follows.

After A. Follower, "On Following", Journal of Followers 1(2), 2001, 3-4.
"""

from pydantic import Field

from traders.strategies.base import Parameters, Strategy
from traders.strategies.naming import named


class FollowerParameters(Parameters):
    distance_ticks: int = Field(2, gt=0, le=9, description="behind whom it follows")


@named("follower")
class Follower(Strategy):
    """Does what others did."""

    parameters: FollowerParameters
    parameters_type = FollowerParameters
'''


@pytest.mark.parametrize("one", catalogue().strategies, ids=lambda one: one.name)
def test_every_strategy_says_what_it_does_after_whom_and_with_which_parameters(one: StrategyFacts) -> None:
    assert one.does
    assert one.sources
    assert authors(one)[-4:].isdigit()
    assert [key.name for key in one.parameters if not key.meaning] == []


def test_all_that_have_a_name_are_listed_once() -> None:
    names = [one.name for one in catalogue().strategies]

    assert sorted(names) == sorted(strategies())
    assert len(names) >= 26


def test_bounds_and_defaults_are_those_of_the_model() -> None:
    zip_ = next(one for one in catalogue().strategies if one.name == "zip")

    rate = next(key for key in zip_.parameters if key.name == "learning_rate_high")
    price = next(key for key in zip_.parameters if key.name == "maximum_price")

    assert (rate.kind, rate.default, rate.bounds) == ("number", 0.5, "0 to 1")
    assert (price.kind, price.default, price.bounds) == ("integer", 200, "1 to 1,000,000,000")


def test_a_source_is_the_citation_and_not_the_sentence_around_it() -> None:
    text = 'Title.\n\nIt goes back to\nJ.-P. One, B. Two, "Some Words: and More", Some Journal 1(2), 1999, 3-4; see there.'

    assert sources_of(text) == ('J.-P. One, B. Two, "Some Words: and More", Some Journal 1(2), 1999, 3-4',)


def test_the_table_names_all_and_the_details_name_all_parameters(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "200")

    _, table, _ = typed("strategies")
    status, details, _ = typed("strategies", "zip")

    assert [line.split()[0] for line in table.splitlines()[1:]] == [
        one.name for one in catalogue().strategies
    ]
    assert status == 0
    assert "HPL-97-91" in details
    assert "learning_rate_low" in details


def test_an_unknown_name_is_wrong_use_and_the_known_ones_are_told() -> None:
    status, _, complaint = typed("strategies", "zap")

    assert status == 2
    assert "no strategy is called 'zap'; there are aa, " in complaint


def run(*arguments: str, path: Path, cwd: Path = ROOT) -> "subprocess.CompletedProcess[str]":
    """In a process of its own, with ``path`` beside what is installed."""
    return subprocess.run(
        [sys.executable, "-m", "tontine", *arguments],
        capture_output=True,
        text=True,
        check=False,
        cwd=cwd,
        timeout=50,
        env={**os.environ, "PYTHONPATH": f"{path}{os.pathsep}{ROOT}"},
    )


def distribution(path: Path, entries: str) -> Path:
    """What an installation leaves: a module, and what its distribution says of itself."""
    (path / "followers.py").write_text(FOLLOWER)
    (path / "broken_followers.py").write_text("raise RuntimeError('not today')\n")
    info = path / "followers-1.2.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: followers\nVersion: 1.2\n")
    (info / "entry_points.txt").write_text(f"[tontine.strategies]\n{entries}")
    return path


def test_a_distribution_brings_strategies_and_a_broken_one_is_named_and_alone(tmp_path: Path) -> None:
    site = distribution(
        tmp_path,
        "follower = followers:Follower\n"
        "late = broken_followers:Late\n"
        "lost = nowhere:Lost\n"
        "no_strategy = followers:FollowerParameters\n"
        "zip = followers:Follower\n",
    )

    found = json.loads(run("strategies", "--json", path=site).stdout)

    follower = next(one for one in found["strategies"] if one["name"] == "follower")
    assert follower["brought_by"] == "followers:Follower of followers 1.2"
    assert follower["sources"] == ['A. Follower, "On Following", Journal of Followers 1(2), 2001, 3-4']
    assert follower["parameters"][0]["bounds"] == "1 to 9"
    assert {one["name"] for one in found["strategies"]} >= {"zip", "noise", "follower"}
    assert {one["name"]: one["fault"] for one in found["broken"]} == {
        "late": "RuntimeError: not today",
        "lost": "ModuleNotFoundError: No module named 'nowhere'",
        "no_strategy": "followers:FollowerParameters is no strategy",
        "zip": "'zip' is the name of traders.strategies.zero_intelligence_plus.ZeroIntelligencePlus",
    }


def test_a_scenario_takes_an_installed_strategy_and_refuses_a_broken_one_with_its_fault(
    tmp_path: Path,
) -> None:
    site = distribution(tmp_path, "follower = followers:Follower\nlate = broken_followers:Late\n")
    scenario = tmp_path / "scenario.toml"
    text = 'length_s = 5\n[[venue.instruments]]\nsymbol = "ACME"\n[[traders]]\nstrategy = "{}"\n'

    scenario.write_text(text.format("follower"))
    taken = run("simulate", str(scenario), path=site)
    scenario.write_text(text.format("late"))
    refused = run("simulate", str(scenario), path=site)

    assert taken.returncode == 0, taken.stderr
    assert refused.returncode == 2
    assert (
        "the strategy 'late' (broken_followers:Late of followers 1.2) can't be had: RuntimeError: not today"
        in refused.stderr
    )


def test_a_scenario_names_a_file_and_then_what_is_named_in_it(tmp_path: Path) -> None:
    (tmp_path / "mine.py").write_text(FOLLOWER)
    scenario = tmp_path / "scenario.toml"
    scenario.write_text(
        'strategies = ["mine.py"]\nlength_s = 5\n[[venue.instruments]]\nsymbol = "ACME"\n'
        '[[traders]]\nstrategy = "follower"\nparameters.distance_ticks = 9\n'
    )

    ran = run("simulate", "scenario.toml", path=tmp_path / "none", cwd=tmp_path)
    shown = run("strategies", "follower", "--file", "mine.py", path=tmp_path / "none", cwd=tmp_path)
    (tmp_path / "mine.py").unlink()
    lost = run("simulate", "scenario.toml", path=tmp_path / "none", cwd=tmp_path)

    assert ran.returncode == 0, ran.stderr
    assert "brought by mine.py" in shown.stdout
    assert (lost.returncode, lost.stderr) == (
        2,
        "tontine: scenario.toml: strategies[0]: there is no file mine.py\n",
    )

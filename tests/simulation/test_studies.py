"""Comparisons and sweeps over seeds."""

import csv
from pathlib import Path

import pytest

from protocol.errors import ConfigError
from simulation.studies import Wanted, compared, show_comparison, show_sweep, swept, varied

LABORATORY = """
[venue]
instruments = [{symbol = "ACME", reference_price = 200}]
[experiment]
periods = 2
period_s = 20
[[experiment.schedules]]
demand = [[325], [300], [275], [250], [225], [200]]
supply = [[75], [100], [125], [150], [175], [200]]
[[traders]]
strategy = "zip"
name = "zip"
role = "buyers"
count = 3
[[traders]]
strategy = "gvwy"
name = "gvwy"
role = "buyers"
count = 3
[[traders]]
strategy = "zic"
name = "sell"
role = "sellers"
count = 6
"""


@pytest.fixture
def laboratory(tmp_path: Path) -> str:
    path = tmp_path / "laboratory.toml"
    path.write_text(LABORATORY)
    return str(path)


def wanted(
    first: str,
    second: str | None = None,
    seeds: str = "1..4",
    metric: str = "efficiency",
    groups: str | None = None,
    changes_b: tuple[str, ...] = (),
) -> Wanted:
    return Wanted(first, second, seeds, metric, groups, (), changes_b, 0.95, "t", 1)


def test_a_market_is_as_good_as_itself(laboratory: str) -> None:
    found = compared(wanted(laboratory, laboratory))

    assert found.first == found.second
    assert not found.result.shown


def test_the_same_market_with_another_value_over_the_same_seeds(laboratory: str) -> None:
    found = compared(wanted(laboratory, changes_b=("experiment.period_s=0.5",), metric="trades"))

    assert found.names == ("laboratory", "laboratory with experiment.period_s=0.5")
    assert found.seeds == [1, 2, 3, 4]
    assert all(two < one for one, two in zip(found.first, found.second, strict=True))
    assert found.result.shown


def test_two_groups_of_one_market(laboratory: str, capsys: pytest.CaptureFixture[str]) -> None:
    found = show_comparison(wanted(laboratory, groups="zip, gvwy", metric="surplus"))

    shown = capsys.readouterr().out
    assert found.names == ("zip", "gvwy")
    assert "difference, by seed" in shown
    assert found.result.verdict("zip", "gvwy", "surplus") in shown


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"metric": "beauty"}, "efficiency"),
        ({"second": None}, "second scenario"),
        ({"groups": "zip"}, "two groups"),
        ({"groups": "zip,gvwy"}, "within one scenario"),
        ({"groups": "zip,bears", "second": None, "metric": "surplus"}, "surplus.bears"),
        ({"seeds": "1"}, "at least two"),
    ],
)
def test_what_can_not_be_compared_is_told(
    laboratory: str, changes: dict[str, str | None], words: str
) -> None:
    values = {"second": laboratory, **changes}

    with pytest.raises(ConfigError, match=words):
        compared(wanted(laboratory, **values))  # type: ignore[arg-type]  # each is of its field's type


def test_every_combination_of_a_sweep() -> None:
    keys, combinations = varied(["a.b=1,2", "c=x, y"])

    assert keys == ["a.b", "c"]
    assert combinations == [("1", "x"), ("1", "y"), ("2", "x"), ("2", "y")]
    for wrong in ("a", "a=", "=1", "a=,"):
        with pytest.raises(ConfigError, match="--vary"):
            varied([wrong])


def test_a_sweep_runs_the_same_seeds_at_every_point(laboratory: str) -> None:
    keys, points = swept(laboratory, ["experiment.periods=1,3"], "1..2", [], 1)

    assert keys == ["experiment.periods"]
    assert [point.values for point in points] == [("1",), ("3",)]
    assert [[one.seed for one in point.outcomes] for point in points] == [[1, 2], [1, 2]]
    assert points[0].outcomes[0].figures["surplus"] < points[1].outcomes[0].figures["surplus"]


def test_a_sweep_leaves_a_table_a_page_and_pictures(
    laboratory: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "out"

    show_sweep(laboratory, ["experiment.period_s=5,20"], "1..2", ["efficiency"], [], 0.9, out, 1)

    with (out / "sweep.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert [(row["experiment.period_s"], row["seed"]) for row in rows] == [
        ("5", "1"),
        ("5", "2"),
        ("20", "1"),
        ("20", "2"),
    ]
    assert "90 % interval" in (out / "sweep.html").read_text()
    assert (out / "sweep-efficiency.png").read_bytes().startswith(b"\x89PNG")
    assert "efficiency" in capsys.readouterr().out

"""Single values of a scenario, set from the command line."""

from pathlib import Path

import pytest

from protocol.errors import ConfigError
from simulation.changes import changed, load, value_of
from traders.scenario import scenario_of

VALUES = {
    "length_s": 30,
    "venue": {"instruments": [{"symbol": "ACME"}]},
    "traders": [
        {"strategy": "zero_intelligence", "name": "crowd", "count": 3, "parameters": {"range_ticks": 5}},
        {"strategy": "market_maker"},
    ],
}
SCENARIO = scenario_of(VALUES, "here")


def test_values_are_set_where_the_key_says() -> None:
    found = changed(
        SCENARIO,
        [
            "traders.0.count=7",
            "traders.crowd.parameters.range_ticks=9",
            "traders.market_maker.interval_s=0.5",
            "length_s=12.5",
            "venue.instruments.0.tick=5",
            'title="slow"',
            "about=as it is",
        ],
        "here",
    )

    assert [group.count for group in found.traders] == [7, 1]
    assert found.traders[0].parameters == {"range_ticks": 9}
    assert found.traders[1].interval_s == 0.5
    assert (found.length_s, found.title, found.about) == (12.5, "slow", "as it is")
    assert found.venue["instruments"] == [{"symbol": "ACME", "tick": 5}]


def test_a_table_that_was_not_there_is_made() -> None:
    found = changed(SCENARIO, ["traders.1.parameters.half_spread_ticks=4"], "here")

    assert found.traders[1].parameters == {"half_spread_ticks": 4}


def test_without_changes_it_is_the_same() -> None:
    assert changed(SCENARIO, [], "here") is SCENARIO
    assert load("classroom").title == load("classroom", ["seed=5"]).title


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ("traders.0.count", "KEY=VALUE"),
        ("=3", "KEY=VALUE"),
        ("traders.2.count=1", "0 to 1, or crowd, market_maker"),
        ("traders.bears.count=1", "there is no bears"),
        ("length_s.x=1", "nothing below"),
        ("length_s.x.y=1", "nothing below"),
        ("lenght_s=1", "lenght_s"),
        ("traders.0.count=0", "count"),
        ("traders.0.parameters.range_ticks=-1", "range_ticks"),
        ("traders.0.strategy=genius", "genius"),
    ],
)
def test_what_can_not_be_set_is_told_with_its_place(change: str, words: str) -> None:
    with pytest.raises(ConfigError, match=words):
        changed(SCENARIO, [change], "here")


def test_values_are_toml_or_text() -> None:
    assert [value_of(text) for text in ("3", "0.5", "true", '"x"', "[1, 2]", "zip")] == [
        3, 0.5, True, "x", [1, 2], "zip",
    ]  # fmt: skip


def test_a_scenario_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="classroom"):
        load("clasroom")
    with pytest.raises(ConfigError, match="No such file"):
        load(str(tmp_path / "mine.toml"))

"""Scenario files: what they mean, and what is said about wrong ones."""

from pathlib import Path

import pytest

from protocol.errors import ConfigError
from tests.support.scripted_venue import ACME as INFO
from traders.scenario import Scenario, load_scenario, scenario_of, specs
from traders.strategies.market_maker import MarketMaker, MarketMakerParameters
from traders.strategies.registry import load_strategy, parameters_of, strategy_named
from traders.strategies.zero_intelligence import ZeroIntelligence, default_reference

ROOT = Path(__file__).parents[2]

GOOD = """
port = 7002
seed = 5

[[traders]]
strategy = "zero_intelligence"
name = "crowd"
count = 2
symbols = ["ACME"]
interval_s = 0.5
parameters.range_ticks = 7

[[traders]]
strategy = "market_maker"
account = "maker"
"""


def written(directory: Path, text: str) -> Path:
    path = directory / "fleet.toml"
    path.write_text(text)
    return path


def test_a_scenario_file_says_who_trades_and_how(tmp_path: Path) -> None:
    scenario = load_scenario(written(tmp_path, GOOD))
    traders = list(specs(scenario, place="fleet.toml", prefix="x-"))

    assert (scenario.host, scenario.port, scenario.seed) == ("127.0.0.1", 7002, 5)
    assert [spec.account for spec in traders] == ["x-crowd-1", "x-crowd-2", "x-maker"]
    assert [spec.strategy for spec in traders] == [ZeroIntelligence, ZeroIntelligence, MarketMaker]
    assert traders[0].parameters.model_dump()["range_ticks"] == 7
    assert traders[2].parameters == MarketMakerParameters.model_validate({})


def test_every_trader_has_a_seed_of_its_own_that_does_not_depend_on_the_others(tmp_path: Path) -> None:
    scenario = load_scenario(written(tmp_path, GOOD))
    alone = scenario_of({"seed": 5, "traders": [{"strategy": "zero_intelligence", "name": "crowd"}]}, "alone")

    seeds = [spec.seed for spec in specs(scenario, place="fleet.toml")]

    assert len(set(seeds)) == 3
    assert [spec.seed for spec in specs(alone, place="alone", prefix="other-")] == seeds[:1]
    assert [spec.seed for spec in specs(scenario, place="fleet.toml", seed=6)] != seeds


def test_groups_of_one_name_are_numbered_through() -> None:
    group = {"strategy": "market_maker", "count": 2}

    scenario = scenario_of({"traders": [group, group]}, "two groups")

    assert [spec.account for spec in specs(scenario, place="two groups")] == [
        "market_maker-1",
        "market_maker-2",
        "market_maker-3",
        "market_maker-4",
    ]


@pytest.mark.parametrize(
    ("text", "place", "reason"),
    [
        ("port = ", "fleet.toml", "not TOML"),
        ("port = 7001", "fleet.toml", "nobody trades: no [[traders]], no [[bots]], and no [replay]"),
        ("traders = []", "fleet.toml", "nobody trades: no [[traders]], no [[bots]], and no [replay]"),
        ("ports = 7001\n[[traders]]\nstrategy = 'market_maker'", "fleet.toml: ports", "there is no such key"),
        (
            "port = 0\n[[traders]]\nstrategy = 'market_maker'",
            "fleet.toml: port",
            "greater than or equal to 1",
        ),
        (
            "[[traders]]\nstrategy = 'no_such'",
            "fleet.toml: traders[0].strategy",
            "no strategy is called 'no_such'",
        ),
        (
            "[[traders]]\nstrategy = 'market_maker'\n[[traders]]\nstrategy = 'market_maker'\ncount = 0",
            "fleet.toml: traders[1].count",
            "greater than or equal to 1",
        ),
        (
            "[[traders]]\nstrategy = 'market_maker'\nparameters.skew_ticks = -1",
            "fleet.toml: traders[0].parameters: skew_ticks",
            "greater than or equal to 0",
        ),
        (
            "[[traders]]\nstrategy = 'market_maker'\nparameters.skew = 1",
            "fleet.toml: traders[0].parameters: skew",
            "there is no such key",
        ),
        (
            "[[traders]]\nstrategy = 'market_maker'\naccount = 'a'\ncount = 2",
            "fleet.toml: traders[0]",
            "an account belongs to a single trader",
        ),
        (
            "[[traders]]\nstrategy = 'nowhere.py:X'",
            "fleet.toml: traders[0].strategy",
            "there is no file nowhere.py",
        ),
    ],
)
def test_a_wrong_file_is_one_error_with_file_key_and_reason(
    tmp_path: Path, text: str, place: str, reason: str
) -> None:
    with pytest.raises(ConfigError) as caught:
        load_scenario(written(tmp_path, text))

    assert caught.value.place == f"{tmp_path}/{place}"
    assert reason in caught.value.text


def test_a_missing_file_is_told(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="No such file"):
        load_scenario(tmp_path / "none.toml")


def test_a_file_that_is_no_text_is_told(tmp_path: Path) -> None:
    path = tmp_path / "fleet.toml"
    path.write_bytes(b"\xff\xfe")

    with pytest.raises(ConfigError, match="not UTF-8"):
        load_scenario(path)


def test_an_account_that_is_too_long_is_told() -> None:
    scenario = scenario_of({"traders": [{"strategy": "zero_intelligence"}]}, "one")

    with pytest.raises(ConfigError, match="longer than 32 characters"):
        list(specs(scenario, place="one", prefix="a-very-long-prefix-indeed-"))


def test_the_example_explains_itself_without_a_mistake() -> None:
    scenario = load_scenario(ROOT / "examples" / "fleet.toml")

    assert isinstance(scenario, Scenario)
    assert {group.strategy for group in scenario.traders} == {"market_maker", "zero_intelligence"}


# -- the registry ----------------------------------------------------------------------------------
def test_a_strategy_of_ones_own_is_found_in_its_file(tmp_path: Path) -> None:
    path = tmp_path / "mine.py"
    path.write_text("from traders.strategies.base import Strategy\nclass Mine(Strategy):\n    pass\n")

    assert strategy_named(f"{path}:Mine", "bot").__name__ == "Mine"


@pytest.mark.parametrize(
    ("source", "name", "reason"),
    [
        ("x = 1", "Mine", "has no strategy Mine; it has none"),
        ("class Mine: pass", "Mine", "has no strategy Mine; it has none"),
        (
            "from traders.strategies.base import Strategy\nclass Other(Strategy): pass",
            "Mine",
            "it has Other",
        ),
        ("1 / 0", "Mine", "can't be loaded: ZeroDivisionError"),
        ("def", "Mine", "can't be loaded: SyntaxError"),
    ],
)
def test_a_file_without_the_strategy_says_what_it_has(
    tmp_path: Path, source: str, name: str, reason: str
) -> None:
    path = tmp_path / "mine.py"
    path.write_text(source)

    with pytest.raises(ConfigError) as caught:
        load_strategy(f"{path}:{name}", "bot")
    assert reason in caught.value.text


def test_a_name_that_is_neither_is_told() -> None:
    with pytest.raises(ConfigError, match=r"is not FILE\.py:Class"):
        load_strategy("mine.py", "bot")
    with pytest.raises(ConfigError, match=r"there are aa, .*market_maker.*, zip, ziu, and"):
        strategy_named("mine", "bot")


def test_parameters_are_checked_by_the_strategy_they_are_for() -> None:
    with pytest.raises(ConfigError, match="here: half_spread_ticks"):
        parameters_of(MarketMaker, {"half_spread_ticks": 0}, "here")


def test_the_first_price_of_a_market_is_one_hundred_on_a_tick() -> None:
    assert default_reference(INFO) == 10_000

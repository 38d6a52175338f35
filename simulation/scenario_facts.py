"""What can be said of a scenario without running it, and the venue file that it asks for.

In: a checked scenario. Out: facts for tables; the text of a venue file (TOML), with its instruments and its schedule, and the
accounts of traders who bring money or limits.
"""

from collections.abc import Mapping
from datetime import date, datetime, time
from typing import Any, NamedTuple

from simulation.run import venue_config
from traders.scenario import Scenario, specs


class ScenarioFacts(NamedTuple):
    """In a line of a table."""

    title: str
    traders: int
    length: str
    strategies: tuple[str, ...]


def facts_of(scenario: Scenario) -> ScenarioFacts:
    """About one scenario."""
    names = dict.fromkeys(group.strategy for group in scenario.traders)
    return ScenarioFacts(
        scenario.title, sum(group.count for group in scenario.traders), length_of(scenario), tuple(names)
    )


def length_of(scenario: Scenario) -> str:
    """As a person would say it: ``40 min``, ``20 x 30 s``."""
    experiment = scenario.experiment
    if experiment is not None:
        return f"{experiment.periods} x {_duration(experiment.period_s)}"
    return _duration(scenario.length_s)


def _duration(seconds: float) -> str:
    for unit, name in ((3_600, "h"), (60, "min")):
        if seconds >= 2 * unit:
            return f"{seconds / unit:g} {name}"
    return f"{seconds:g} s"


def venue_file(scenario: Scenario, place: str) -> str:
    """A venue file for it: open, on this machine, at the port that the scenario names.

    Raises:
        ConfigError: its table ``venue`` is none.
    """
    chosen = list(specs(scenario, place=place))
    venue_config(scenario, chosen, place)
    values: dict[str, Any] = {"name": "tontine", "open": True, **scenario.venue}
    values["tcp"] = {"host": scenario.host, "port": scenario.port, **values.get("tcp", {})}
    values["journal"] = {"path": "venue.journal", **values.get("journal", {})}
    accounts = [
        {
            "name": str(spec.account),
            **({"deposits": dict(spec.group.deposits)} if spec.group.deposits else {}),
            **({"limits": dict(spec.group.limits)} if spec.group.limits is not None else {}),
        }
        for spec in chosen
        if spec.group.deposits or spec.group.limits is not None
    ]
    values["accounts"] = [*values.get("accounts", []), *accounts]
    title = f"# {scenario.title}\n" if scenario.title else ""
    return f"{title}# Made for a scenario by: tontine scenarios venue\n\n{toml(values)}"


def toml(values: Mapping[str, Any], path: str = "") -> str:
    """A table as TOML: values first, then tables, then lists of tables."""
    lines: list[str] = []
    tables: list[str] = []
    for key, value in values.items():
        name = f"{path}.{key}" if path else key
        if isinstance(value, Mapping) and value:
            tables.append(f"\n[{name}]\n{toml(value, name)}")
        elif isinstance(value, list | tuple) and value and all(isinstance(one, Mapping) for one in value):
            tables += [f"\n[[{name}]]\n{toml(one, name)}" for one in value]
        elif isinstance(value, list | tuple) and not value and not path:
            continue
        else:
            lines.append(f"{key} = {_value(value)}\n")
    return "".join(lines) + "".join(tables)


def _value(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return '"' + value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n") + '"'
    if isinstance(value, datetime | date | time):
        return value.isoformat()
    if isinstance(value, Mapping):
        return (
            "{ " + ", ".join(f"{key} = {_value(one)}" for key, one in value.items()) + " }" if value else "{}"
        )
    if isinstance(value, list | tuple):
        return "[" + ", ".join(map(_value, value)) + "]"
    return str(value)

"""A scenario with single values set otherwise, as ``--set`` and sweeps ask for it.

In: a name or a file, and changes that read ``traders.0.parameters.x=3``: where, and a TOML value. Out: a checked scenario.
"""

import tomllib
from collections.abc import Iterable
from typing import Any

from protocol.errors import ConfigError
from simulation import ready
from traders.scenario import Scenario, group_name, load_scenario, scenario_of


def load(scenario: str, changes: Iterable[str] = ()) -> Scenario:
    """The scenario of that name or file, changed. A group of traders may be meant by its name instead of its number.

    Raises:
        ConfigError: there is none, or it says something impossible, or a change does.
    """
    path = ready.found(scenario)
    loaded = load_scenario(path)
    return changed(loaded, changes, str(path))


def changed(scenario: Scenario, changes: Iterable[str], place: str) -> Scenario:
    """The scenario with single values set otherwise.

    Raises:
        ConfigError: a change is none, or makes it impossible.
    """
    changes = list(changes)
    if not changes:
        return scenario
    values = scenario.model_dump(mode="json", exclude_unset=True)
    groups = [group_name(group) for group in scenario.traders]
    for change in changes:
        key, equals, text = change.partition("=")
        if not equals or not key.strip():
            raise ConfigError("--set", f"{change!r} is not KEY=VALUE, such as traders.0.count=5")
        _put(values, key.strip(), value_of(text.strip()), groups)
    return scenario_of(values, place)


def value_of(text: str) -> Any:
    """A TOML value; what is none is text as it stands."""
    try:
        return tomllib.loads(f"value = {text}")["value"]
    except tomllib.TOMLDecodeError:
        return text


def _put(values: Any, key: str, value: Any, groups: list[str]) -> None:
    *way, last = key.split(".")
    at = values
    for number, part in enumerate(way):
        if isinstance(at, list):
            at = at[_index(at, part, key, groups if way[0] == "traders" and number == 1 else [])]
        elif isinstance(at, dict):
            at = at.setdefault(part, {})
        else:
            raise ConfigError("--set", f"{key}: there is nothing below {'.'.join(way[:number])}")
    if isinstance(at, list):
        at[_index(at, last, key, [])] = value
    elif isinstance(at, dict):
        at[last] = value
    else:
        raise ConfigError("--set", f"{key}: there is nothing below {'.'.join(way)}")


def _index(items: list[Any], part: str, key: str, groups: list[str]) -> int:
    """Which of them is meant: by number from 0, or by the name of a group."""
    if part in groups:
        return groups.index(part)
    if part.isdecimal() and int(part) < len(items):
        return int(part)
    there = f"0 to {len(items) - 1}" + (f", or {', '.join(groups)}" if groups else "")
    raise ConfigError("--set", f"{key}: there is no {part}; there are {there}")

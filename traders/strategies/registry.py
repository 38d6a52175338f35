"""Strategies by name, as scenario files call them.

In: a name and a table of parameters, as a person wrote them. Out: a strategy class and validated
parameters; a wrong name or value is a ``ConfigError`` that says where and why.
"""

import importlib
import importlib.util
import inspect
import sys
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any, Final

from pydantic import ValidationError

from protocol.errors import ConfigError
from traders.strategies.base import Parameters, Strategy
from traders.strategies.naming import NAMED

BUILT_IN: Final = (
    "market_maker",
    "zero_intelligence",
    "induced_zero_intelligence",
    "shaver",
    "sniper",
    "zero_intelligence_plus",
    "gjerstad_dickhaut",
    "dynamic_programming",
    "adaptive_aggressive",
    "parameterised_response",
    "noise",
    "value",
    "momentum",
    "mean_reversion",
    "avellaneda_stoikov",
    "adaptive_market_maker",
    "imbalance",
    "pairs",
    "etf_arbitrage",
    "spoofer",
    "twap",
    "vwap",
    "pov",
    "iceberg_slicer",
)
"""Modules of this package that define strategies, in the order in which they are listed."""


@cache
def strategies() -> Mapping[str, type[Strategy]]:
    """All that have a name, those that come with Tontine first. They are imported when somebody first asks."""
    for module in BUILT_IN:
        importlib.import_module(f"traders.strategies.{module}")
    return NAMED


def strategy_named(name: str, place: str) -> type[Strategy]:
    """The strategy called ``name``, or the class ``FILE.py:Class``.

    Raises:
        ConfigError: there is none; the text names those there are. ``place`` is where it was asked for.
    """
    known = strategies()
    if name in known:
        return known[name]
    if ".py:" in name:
        return load_strategy(name, place)
    names = ", ".join(sorted(known))
    raise ConfigError(
        place, f"no strategy is called {name!r}; there are {names}, and FILE.py:Class for your own"
    )


@cache
def load_strategy(where: str, place: str) -> type[Strategy]:
    """The subclass of ``Strategy`` at ``FILE.py:Class``; like an import, it runs the file once.

    Raises:
        ConfigError: no such file, it does not load, or it has no such strategy.
    """
    filename, _, class_name = where.rpartition(":")
    path = Path(filename)
    if not filename or not class_name:
        raise ConfigError(place, f"{where!r} is not FILE.py:Class")
    if not path.is_file():
        raise ConfigError(place, f"there is no file {filename}")
    spec = importlib.util.spec_from_file_location(f"_strategy_{path.stem}", path)
    if spec is None or spec.loader is None:
        raise ConfigError(place, f"{filename} is no Python file")
    module = importlib.util.module_from_spec(spec)
    # Dataclasses and pydantic look their module up by name.
    sys.modules[spec.name] = module
    try:
        spec.loader.exec_module(module)
    except Exception as error:  # whatever a person's module raises is the person's to read
        raise ConfigError(place, f"{filename} can't be loaded: {type(error).__name__}: {error}") from error
    found = getattr(module, class_name, None)
    if not (inspect.isclass(found) and issubclass(found, Strategy)):
        known = ", ".join(
            sorted(name for name, value in vars(module).items() if _is_own(value, module.__name__))
        )
        raise ConfigError(place, f"{filename} has no strategy {class_name}; it has {known or 'none'}")
    return found


def parameters_of(strategy: type[Strategy], values: Mapping[str, Any], place: str) -> Parameters:
    """``values`` as the parameters of ``strategy``.

    Raises:
        ConfigError: an unknown key, or a value out of bounds.
    """
    try:
        return strategy.parameters_type.model_validate(dict(values))
    except ValidationError as error:
        raise ConfigError(*first_fault(error, place)) from error


def first_fault(error: ValidationError, place: str) -> tuple[str, str]:
    """Place and reason of the first thing pydantic found wrong."""
    fault = error.errors(include_url=False)[0]
    path = ""
    for part in fault["loc"]:
        path += f"[{part}]" if isinstance(part, int) else f".{part}" if path else str(part)
    reason = fault["msg"].removeprefix("Value error, ")
    if fault["type"] == "extra_forbidden":
        reason = "there is no such key"
    return f"{place}: {path}" if path else place, reason


def _is_own(value: object, module: str) -> bool:
    return inspect.isclass(value) and issubclass(value, Strategy) and value.__module__ == module

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
from types import ModuleType
from typing import Any, Final

from pydantic import ValidationError

from protocol.errors import ConfigError
from traders.strategies import plugins
from traders.strategies.base import Parameters, Strategy
from traders.strategies.naming import NAMED

BUILT_IN: Final = (
    "market_maker",
    "zero_intelligence",
    "induced_zero_intelligence",
    "give_away",
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
    """All that have a name: those that come with Tontine, those that are installed beside it, those of files that were
    loaded. They are imported when somebody first asks.
    """
    for module in BUILT_IN:
        importlib.import_module(f"traders.strategies.{module}")
    installed()
    return NAMED


@cache
def installed() -> tuple[plugins.Plugin, ...]:
    """What other distributions bring, the broken ones with their fault."""
    return tuple(plugins.join(NAMED))


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
    for plugin in installed():
        if plugin.name == name and plugin.fault is not None:
            raise ConfigError(place, f"the strategy {name!r} ({plugin.where}) can't be had: {plugin.fault}")
    names = ", ".join(sorted(known))
    raise ConfigError(
        place, f"no strategy is called {name!r}; there are {names}, and FILE.py:Class for your own"
    )


def load_strategy(where: str, place: str) -> type[Strategy]:
    """The subclass of ``Strategy`` at ``FILE.py:Class``; like an import, it runs the file once.

    Raises:
        ConfigError: no such file, it does not load, or it has no such strategy.
    """
    filename, _, class_name = where.rpartition(":")
    if not filename or not class_name:
        raise ConfigError(place, f"{where!r} is not FILE.py:Class")
    module = load_file(filename, place)
    found = getattr(module, class_name, None)
    if not (inspect.isclass(found) and issubclass(found, Strategy)):
        known = ", ".join(
            sorted(name for name, value in vars(module).items() if _is_own(value, module.__name__))
        )
        raise ConfigError(place, f"{filename} has no strategy {class_name}; it has {known or 'none'}")
    return found


def load_file(filename: str, place: str) -> ModuleType:
    """Run a person's file once; what is ``named`` in it has its name from then on.

    Raises:
        ConfigError: no such file, or it does not load.
    """
    strategies()  # names that come with Tontine are taken already
    try:
        return _module(filename)
    except _CantLoad as error:
        raise ConfigError(place, str(error)) from error.__cause__


class _CantLoad(Exception):
    """Why a file is no module."""


@cache
def _module(filename: str) -> ModuleType:
    path = Path(filename)
    if not path.is_file():
        raise _CantLoad(f"there is no file {filename}")
    spec = importlib.util.spec_from_file_location(f"_strategy_{path.stem}", path)
    if spec is None or spec.loader is None:
        raise _CantLoad(f"{filename} is no Python file")
    module = importlib.util.module_from_spec(spec)
    # Dataclasses and pydantic look their module up by name.
    sys.modules[spec.name] = module
    try:
        spec.loader.exec_module(module)
    except Exception as error:  # whatever a person's module raises is the person's to read
        raise _CantLoad(f"{filename} can't be loaded: {type(error).__name__}: {error}") from error
    return module


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

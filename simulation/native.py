"""A simulation on compiled modules: the same source, the same run byte for byte, in less than half the time.

In: what ``tontine compile`` left in the user's cache directory. Out: a finder before all others, which imports the compiled
twins of ``HOT`` instead of their source; or nothing at all, and the source is run. Who writes a program of his own begins it
with::

    from simulation import native

    native.prefer()

Promised: all of them or none, from one build of exactly this source (``simulation.twins`` sees to that). This module imports
nothing hot, so whoever calls it first has not decided yet.
"""

import os
import sys
from collections.abc import Sequence
from importlib import import_module
from importlib.machinery import ExtensionFileLoader, ModuleSpec
from importlib.util import spec_from_file_location
from types import ModuleType
from typing import Final

from protocol.errors import ConfigError
from simulation.twins import ROOMS, Twin, Unfit, fitting, place, root

HOT: Final = (
    "exchange.engine.accounts",
    "exchange.engine.answers",
    "exchange.engine.book",
    "exchange.engine.book_side",
    "exchange.engine.engine",
    "exchange.engine.express",
    "exchange.engine.funds",
    "exchange.engine.level",
    "exchange.engine.matching",
    "exchange.engine.moving",
    "exchange.engine.payment",
    "exchange.engine.refusals",
    "exchange.engine.removals",
    "exchange.engine.sequencer",
    "exchange.market_data.best",
    "exchange.report_messages",
    "exchange.reports",
    "simulation.agent",
    "simulation.booking",
    "simulation.feeds",
    "simulation.hearing",
    "simulation.kernel",
    "simulation.latency",
    "simulation.log",
    "simulation.mailroom",
    "simulation.market",
    "simulation.wording",
    "traders.oracle",
    "traders.order_view",
    "traders.pace",
    "traders.portfolio",
    "traders.strategies.adaptive_market_maker",
    "traders.strategies.assignment",
    "traders.strategies.base",
    "traders.strategies.chance",
    "traders.strategies.induced_zero_intelligence",
    "traders.strategies.ladder",
    "traders.strategies.noise",
    "traders.strategies.placing",
    "traders.strategies.power_law",
    "traders.strategies.requests",
    "traders.strategies.shouting",
    "traders.strategies.value",
    "traders.strategies.working",
)
"""The modules that are compiled: where a simulation spends its time, and what they ask most."""

LIBRARY: Final = "tontine_hot__mypyc"
"""Has the code of all of them: calls between them are calls in C."""

VARIABLE: Final = "TONTINE_COMPILED"
"""In the environment. 0: the source is run. 1: compiled modules or an error. Anything else: compiled ones if there are any."""


class _Finder:
    """Finds modules of one build. It has no base class: that would cost more to import than all of this."""

    def __init__(self, twin: Twin) -> None:
        self.twin = twin

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        file = self.twin.files.get(fullname)
        if file is None:
            return None
        return spec_from_file_location(fullname, file, loader=ExtensionFileLoader(fullname, str(file)))


def prefer() -> bool:
    """Run simulations compiled from here on, if that can be; whether they are. To be called before anything hot is imported.

    Costs a few milliseconds, and the imports that a simulation needs anyhow. What is wrong with compiled modules is no
    error: the source is run then.

    Raises:
        ConfigError: the environment says that they must be compiled, and they can't be.
    """
    wanted = os.environ.get(VARIABLE)
    if wanted == "0":
        return False
    try:
        use()
    except Unfit as unfit:
        if wanted == "1":
            raise ConfigError(f"{VARIABLE}=1", f"no compiled modules: {unfit}") from unfit
        return False
    return True


def in_use() -> bool:
    """Whether simulations of this process run compiled."""
    return _twin_in_use() is not None


def use() -> Twin:
    """As ``prefer``, whatever the environment says; the build that is in use.

    Raises:
        Unfit: why not. Nothing has changed.
    """
    already = _twin_in_use()
    if already is not None:
        return already
    early = [name for name in HOT if name in sys.modules]
    if early:
        raise Unfit(f"{early[0]} was imported before from its source")
    twin = fitting(place(), root(), (LIBRARY, *HOT))
    finder, before = _Finder(twin), set(sys.modules)
    sys.meta_path.insert(0, finder)
    try:
        for name in (LIBRARY, *HOT):
            import_module(name)
    except Exception as error:  # whatever a module that was built elsewhere may raise here
        sys.meta_path.remove(finder)
        _forget(set(sys.modules) - before)
        raise Unfit(f"{twin.directory} can't be imported: {type(error).__name__}: {error}") from error
    return twin


def _twin_in_use() -> Twin | None:
    return next((one.twin for one in sys.meta_path if isinstance(one, _Finder)), None)


def _forget(names: set[str]) -> None:
    """Undo imports of ours, so that the source is imported as if nothing had been tried."""
    for name in names:
        room, _, last = name.rpartition(".")
        if name == LIBRARY or name.partition(".")[0] in ROOMS:
            del sys.modules[name]
            package = sys.modules.get(room)
            if package is not None and hasattr(package, last):
                delattr(package, last)

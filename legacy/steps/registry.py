"""The steps there are, found by looking into the package.

In: the modules ``step_NN`` beside this one. Out: one ``Step`` for each, in order. A step is a module with

- a docstring: what the step is, the trading flow that needs it, how the code works;
- ``TITLE``, a few words, and ``MISSING``, one sentence: what is still missing after this step;
- ``main(out)``, which runs it and hands every line of what it shows to ``out``; these are the same each time: the essay has them;
- if its schedule can be drawn, ``trace(out, svg)``: runs it, draws it with ``out``, and into the file ``svg`` if there is one.
"""

import pkgutil
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path

from protocol.errors import ConfigError

Out = Callable[[str], None]
"""Takes one line, without its end: ``print``, or ``lines.append``."""

PACKAGE = "legacy.steps"


@dataclass(frozen=True, slots=True)
class Step:
    """One of the steps."""

    number: int
    title: str
    line: str
    """The first line of its docstring."""
    missing: str
    module: str
    main: Callable[[Out], None]
    trace: Callable[[Out, Path | None], None] | None = None
    """Draws its schedule; ``None``: it has none to draw."""

    @property
    def label(self) -> str:
        """Its number as it is written, two digits."""
        return f"{self.number:02}"


def numbers() -> list[int]:
    """The numbers of all steps, ascending; imports none of them."""
    return sorted(_numbers())


def _numbers() -> Iterator[int]:
    package = find_spec(PACKAGE)
    assert package is not None
    for module in pkgutil.iter_modules(package.submodule_search_locations):
        if found := re.fullmatch(r"step_(\d\d)", module.name):
            yield int(found[1])


def load(number: int) -> Step:
    """Import one step.

    Raises:
        ConfigError: there is none with that number.
    """
    if number not in numbers():
        raise ConfigError("step", f"there is no step {number}: python -m {PACKAGE} lists them")
    name = f"{PACKAGE}.step_{number:02}"
    module = import_module(name)
    line = (module.__doc__ or "").partition("\n")[0]
    return Step(number, module.TITLE, line, module.MISSING, name, module.main, getattr(module, "trace", None))


def steps() -> list[Step]:
    """All of them, imported, in order."""
    return [load(number) for number in numbers()]

"""The scenarios that come with Tontine.

In: a name, such as ``flash_crash``. Out: the path of its file, its scenario. They are files of the package
``simulation/scenarios``; each one has a page in docs/scenarios.
"""

from functools import cache
from pathlib import Path
from typing import Final

from protocol.errors import ConfigError
from traders.scenario import Scenario, load_scenario

DIRECTORY: Final = Path(__file__).parent / "scenarios"
SUFFIX: Final = ".toml"


@cache
def names() -> tuple[str, ...]:
    """Of all of them, in alphabetical order."""
    return tuple(sorted(path.stem for path in DIRECTORY.glob(f"*{SUFFIX}")))


def ready(name: str) -> Path:
    """The file of the scenario ``name``.

    Raises:
        ConfigError: there is none; the text names those there are.
    """
    if name not in names():
        raise ConfigError(
            "scenario", f"none is called {name!r}; there are {', '.join(names())}, and files of your own"
        )
    return DIRECTORY / f"{name}{SUFFIX}"


def found(name_or_file: str) -> Path:
    """The file that a person means: one of theirs, if there is one, else a scenario that comes along.

    Raises:
        ConfigError: it is neither.
    """
    path = Path(name_or_file)
    if path.is_file() or path.suffix or len(path.parts) > 1:
        return path
    return ready(name_or_file)


def scenario(name: str) -> Scenario:
    """The scenario ``name``, checked.

    Raises:
        ConfigError: there is none.
    """
    return load_scenario(ready(name))

"""Strategies that other distributions bring: entry points of the group ``tontine.strategies``.

In: what is installed. Out: classes by name, and, of those that can't be had, why. A distribution says in its
``pyproject.toml``::

    [project.entry-points."tontine.strategies"]
    follower = "my_package.my_module:Follower"

and scenario files call the class ``follower``. One that is broken is named by ``tontine strategies`` and to who asks for
it; all others work.
"""

from collections.abc import MutableMapping
from importlib.metadata import EntryPoint, entry_points
from typing import Final, NamedTuple

from traders.strategies.base import Strategy

GROUP: Final = "tontine.strategies"


class Plugin(NamedTuple):
    """One entry point."""

    name: str
    where: str
    """Its distribution with its version, and what it points at."""
    fault: str | None
    """Why it can't be had."""


def join(known: MutableMapping[str, type[Strategy]]) -> list[Plugin]:
    """Add what is installed to ``known``, by name; nothing there is replaced."""
    found = sorted(entry_points(group=GROUP), key=lambda one: (one.name, one.value))
    return [Plugin(one.name, _where(one), _joined(one, known)) for one in found]


def _where(point: EntryPoint) -> str:
    brought = point.dist
    return point.value if brought is None else f"{point.value} of {brought.name} {brought.version}"


def _joined(point: EntryPoint, known: MutableMapping[str, type[Strategy]]) -> str | None:
    """Add it, or tell why not."""
    name = point.name
    if not name.isidentifier() or name != name.lower():
        return f"{name!r} is no name: lower case, digits and underscores"
    taken = known.get(name)
    try:
        found = point.load()
    except (Exception, SystemExit) as error:  # noqa: BLE001  # a broken plug-in is not to break the others
        return f"{type(error).__name__}: {error}"
    if not (isinstance(found, type) and issubclass(found, Strategy)):
        return f"{point.value} is no strategy"
    if taken is not None and taken is not found:
        return f"{name!r} is the name of {taken.__module__}.{taken.__qualname__}"
    known[name] = found
    return None

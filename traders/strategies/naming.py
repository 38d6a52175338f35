"""How a strategy gets the name that scenario files call it by: one decorator.

In: a name, a subclass of ``Strategy``. Out: the same class, and its entry in ``NAMED``. Knows none of them by itself:
``traders.strategies.registry`` does.

    @named("follower")
    class Follower(Strategy): ...
"""

from collections.abc import Callable
from typing import Final, TypeVar

from protocol.errors import ConfigError
from traders.strategies.base import Strategy

StrategyT = TypeVar("StrategyT", bound=type[Strategy])

NAMED: Final[dict[str, type[Strategy]]] = {}
"""All strategies whose modules were imported so far, in the order in which they were."""


def named(name: str) -> Callable[[StrategyT], StrategyT]:
    """Let scenario files call the class ``name``: lower case, digits and underscores.

    Raises:
        ConfigError: the name is no such word, or another class has it. The same class again, as a file that is
            loaded twice brings it, takes the place of the first.
    """

    def enter(strategy: StrategyT) -> StrategyT:
        if not name.isidentifier() or name != name.lower():
            raise ConfigError(
                strategy.__qualname__, f"{name!r} is no name: lower case, digits and underscores"
            )
        other = NAMED.get(name)
        if other is not None and (other.__module__, other.__qualname__) != (
            strategy.__module__,
            strategy.__qualname__,
        ):
            raise ConfigError(
                strategy.__qualname__, f"{name!r} is the name of {other.__module__}.{other.__qualname__}"
            )
        NAMED[name] = strategy
        return strategy

    return enter

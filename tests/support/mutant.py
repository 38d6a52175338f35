"""What a mutant is: one place of the engine, and the wrong thing to put there."""

from collections.abc import Callable
from typing import Any, NamedTuple


class Mutant(NamedTuple):
    """``make`` turns what stands at ``attribute`` of ``owner`` into the wrong thing."""

    fault: str
    owner: Any
    attribute: str
    make: Callable[[Any], Any]

    def broken(self) -> Any:
        """What to put in the place of the right one."""
        return self.make(getattr(self.owner, self.attribute))

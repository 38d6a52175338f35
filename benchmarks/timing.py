"""Running commands through an engine against the clock.

In: commands made beforehand. Out: seconds. Commands are made anew in small batches just before they
are applied, as a gateway makes them from what it reads, and only the applying is timed: an engine
never meets a command that nobody has touched for minutes.
"""

import gc
from collections.abc import Callable, Sequence
from time import perf_counter
from typing import Any, Final

from msgspec.structs import astuple

from exchange.engine.commands import Command
from exchange.engine.engine import Engine

BATCH: Final = 100
"""As many as arrive together on a busy venue; the clock itself costs a thousandth of it."""

Apply = Callable[[Any], object]


def seconds_for(apply: Apply, commands: Sequence[Command]) -> float:
    """Time spent in ``apply``, batches made and freed outside of it."""
    spent = 0.0
    for start in range(0, len(commands), BATCH):
        batch = [type(command)(*astuple(command)) for command in commands[start : start + BATCH]]
        started = perf_counter()
        for command in batch:
            apply(command)
        spent += perf_counter() - started
    return spent


def rate_of(commands: Sequence[Command], warm_up: Sequence[Command]) -> float:
    """Commands a second of a fresh engine after ``warm_up``."""
    engine = Engine()
    for command in warm_up:
        engine.apply(command)
    settle()
    return len(commands) / seconds_for(engine.apply, commands)


def settle() -> None:
    """Let the garbage collector look at everything once, and not again: the venue does the same."""
    gc.collect()
    gc.freeze()

"""Work against the clock, after the garbage collector has had its turn.

In: something to call, or commands made beforehand. Out: seconds, and commands a second. Commands are
made anew in small batches just before they are applied, as a gateway makes them from what it reads,
and only the applying is timed: an engine never meets a command that nobody has touched for minutes.
"""

import gc
from collections.abc import Callable, Mapping, Sequence
from statistics import median
from time import perf_counter
from typing import Any, Final

from msgspec.structs import astuple

from exchange.engine.commands import Command
from exchange.engine.engine import Engine

BATCH: Final = 100
"""As many as arrive together on a busy venue; reading the clock costs a thousandth of it."""


def seconds(work: Callable[[], object]) -> float:
    """How long one call takes."""
    gc.collect()
    started = perf_counter()
    work()
    return perf_counter() - started


def median_rate(count: int, times_s: Sequence[float]) -> float:
    """Things a second, if ``count`` of them took these times."""
    return count / median(times_s)


def calm_garbage_collector() -> None:
    """Set the collector as the venue sets it before it listens: what lives now is not looked at again."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 100)


Handlers = Mapping[type, Callable[[Any], object]]
"""What carries out each kind of command."""


def seconds_to_apply(
    commands: Sequence[Command], warm_up: Sequence[Command], handlers: Handlers | None = None
) -> float:
    """Time a fresh engine spends on ``commands`` after ``warm_up``, called as the sequencer calls it.

    With ``handlers``: what they spend.
    """
    if handlers is None:
        handlers = Engine().handlers
    for command in warm_up:
        handlers[type(command)](command)
    ours = not gc.get_freeze_count()
    calm_garbage_collector()
    spent = 0.0
    for start in range(0, len(commands), BATCH):
        batch = [type(command)(*astuple(command)) for command in commands[start : start + BATCH]]
        started = perf_counter()
        for command in batch:
            handlers[type(command)](command)
        spent += perf_counter() - started
    if ours:
        gc.unfreeze()
    return spent

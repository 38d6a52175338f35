"""The part of ``tontine compile`` that proves a build: the ready scenarios, run compiled or from their source.

In: the environment, which says which of both. Out: one line of JSON with the hashes of their event logs, and the time that one
of them took. It is a process of its own, so that nothing is imported before it is decided.
"""

import json
import sys
from time import process_time
from typing import Any, Final, NamedTuple

from simulation import native

TIMED: Final = "day"
"""The scenario with the most traders; what it takes is what simulations take."""
TIMED_S: Final = 300.0
"""Of market: some seconds of ours at most."""
_OTHERS_S: Final = 60.0
_PERIODS: Final = 2


class Proved(NamedTuple):
    """What one process found."""

    compiled: bool
    timed_s: float
    """Of the processor."""
    hashes: dict[str, str]
    """Of the event log of each scenario."""


def prove() -> Proved:
    """Run all ready scenarios, or the beginning of each."""
    compiled = native.prefer()
    # Only here: these import what is hot.
    from simulation import ready
    from simulation.run import Run

    hashes, timed_s = {}, 0.0
    for name in ready.names():
        scenario = ready.scenario(name)
        length_s = TIMED_S if name == TIMED else _OTHERS_S
        shorter: dict[str, Any] = {"length_s": min(scenario.length_s, length_s)}
        if scenario.experiment is not None:
            periods = min(scenario.experiment.periods, _PERIODS)
            shorter["experiment"] = scenario.experiment.model_copy(update={"periods": periods})
        run = Run(scenario.model_copy(update=shorter), place=name)
        started_s = process_time()
        run.run()
        if name == TIMED:
            timed_s = process_time() - started_s
        hashes[name] = run.log.digest
    return Proved(compiled, timed_s, hashes)


if __name__ == "__main__":
    sys.stdout.write(json.dumps(prove()._asdict()) + "\n")

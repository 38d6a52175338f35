"""Which benchmarks there are.

In: a name. Out: the function that measures. Modules are imported when they are run: listing them
costs nothing.
"""

from collections.abc import Callable, Iterator, Sequence
from importlib import import_module
from typing import Final, NamedTuple

from benchmarks.report import Plan, Result
from protocol.errors import ConfigError

Measure = Callable[[Plan], Iterator[Result]]


class Benchmark(NamedTuple):
    """``module`` has a function ``measure``."""

    module: str
    about: str


BENCHMARKS: Final = {
    "engine": Benchmark("benchmarks.engine", "commands a second through the engine, events built"),
    "feed": Benchmark(
        "benchmarks.feed", "public streams for a thousand readers, and what they cost those who trade"
    ),
    "legacy": Benchmark(
        "benchmarks.legacy", "the runtime on generators beside asyncio: tasks, the wire, a tape read lazily"
    ),
    "memory": Benchmark("benchmarks.memory", "bytes a resting order, kB an idle connection"),
    "restart": Benchmark("benchmarks.restart", "journalled commands a second replayed at the start"),
    "resume": Benchmark("benchmarks.resume", "missed private messages a second, sent again"),
    "simulation": Benchmark(
        "benchmarks.simulation",
        "virtual time: events and orders a second, memory of ten thousand agents, live fleets",
    ),
    "wire": Benchmark("benchmarks.wire", "requests a second and round trips over TCP, beside a bare server"),
}


def chosen(names: Sequence[str]) -> list[str]:
    """``names``, or all if there are none, in the order in which they run.

    Raises:
        ConfigError: there is no such benchmark.
    """
    for name in names:
        if name not in BENCHMARKS:
            raise ConfigError("bench", f"no benchmark {name!r}; there are {', '.join(BENCHMARKS)}")
    return [name for name in BENCHMARKS if not names or name in names]


def measure(name: str, plan: Plan) -> Iterator[Result]:
    """Run one benchmark; its figures as they come."""
    run: Measure = import_module(BENCHMARKS[name].module).measure
    return run(plan)

"""The runtime on generators, beside asyncio in the same run; and what a lazy reader needs of memory.

In: how carefully to measure. Out: switches between tasks, a hundred thousand sleepers, requests a second of the legacy venue,
each with asyncio's figure as its floor, A B A B; the peak of memory of the tape reader of step 2 beside that of its list version.
"""

import gc
import tempfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from pathlib import Path
from statistics import median
from typing import Final

from benchmarks import task_twins, wire
from benchmarks.load import Shape
from benchmarks.report import Plan, Result
from benchmarks.servers import need_linux
from benchmarks.task_twins import ASYNCIO, LEGACY, Took
from legacy.steps import step_02, tape

_SWITCH_TARGET: Final = 1.0
_SLEEPER_TARGET: Final = 1_500
_LINEAR_TARGET: Final = 1.5
"""Quadratic would be 4; a heap and the caches of a processor take their share."""
_WIRE_TARGET: Final = 0.6
_FLAT_TARGET: Final = 1.1
_NOT_FLAT_TARGET: Final = 50.0
"""A list of a hundred times as many trades holds about a hundred times as much; the generator does not."""

_MAIN: Final = Shape(10, 16, 50_000)
_ALONE: Final = Shape(1, 1, 3_000)


def measure(plan: Plan) -> Iterator[Result]:
    """Everything."""
    need_linux()
    yield from switches(plan)
    yield from sleepers(plan)
    yield from on_the_wire(plan, _MAIN)
    yield from alone(plan, _ALONE)
    yield from tape_reader()


def switches(plan: Plan, count: int = 400_000) -> Iterator[Result]:
    """How often a second two tasks take turns, and how often one gives the other something."""
    for work, case, target in (
        ("switch", "switches between two tasks", _SWITCH_TARGET),
        ("hand_over", "things through a queue of one", None),
    ):
        ours, theirs = _in_turns(plan, work, count)
        yield _result(
            plan, case, count / _seconds(ours), "per second", count / _seconds(theirs),
            target=target, note="tasks: each sample a fresh process, legacy and asyncio in turns; the floor is asyncio's figure",
        )  # fmt: skip


def sleepers(plan: Plan, count: int = 100_000) -> Iterator[Result]:
    """What it costs to start a crowd that sleeps and to see it end, and what each of it holds meanwhile."""
    fewer = count // 4
    ours, theirs = _in_turns(plan, "sleepers", count)
    (few,) = _in_turns(plan, "sleepers", fewer, runtimes=(LEGACY,))
    each_us, few_us = _seconds(ours) / count * 1e6, _seconds(few) / fewer * 1e6
    theirs_us = _seconds(theirs) / count * 1e6
    bytes_ours, bytes_theirs = (median(took.bytes for took in one) / count for one in (ours, theirs))
    yield _result(
        plan, f"a sleeping task, of {count:,}", bytes_ours, "bytes",
        target=_SLEEPER_TARGET, at_most=True,
        note="sleepers: processor time, for nobody counts the sleep; bytes are growth of resident memory of a fresh process",
    )  # fmt: skip
    yield _result(plan, f"the same beside asyncio's, of {count:,}", bytes_ours, "bytes", bytes_theirs)
    yield _result(
        plan, f"start and end of each of {count:,}, beside each of {fewer:,}", each_us, "us", few_us,
        target=_LINEAR_TARGET, at_most=True,
    )  # fmt: skip
    yield _result(plan, f"start and end of each of {count:,}, beside asyncio's", each_us, "us", theirs_us)


def on_the_wire(plan: Plan, shape: Shape) -> Iterator[Result]:
    """The legacy venue beside the one on asyncio, without a journal."""
    off, legacy = wire.in_turns(plan, shape, ("off", "legacy"))
    note = wire.what_limited(shape, {"asyncio venue": off, "legacy venue": legacy})
    yield _result(
        plan, f"{shape} journal off", legacy.rate, "requests/s", off.rate, target=_WIRE_TARGET, note=note
    )
    yield _result(plan, f"{shape} journal off, server's CPU", legacy.cpu_us, "us/request", off.cpu_us)


def alone(plan: Plan, shape: Shape) -> Iterator[Result]:
    """One client that waits for each answer."""
    off, legacy = wire.in_turns(plan, shape, ("off", "legacy"))
    yield _result(plan, f"{shape} median round trip", legacy.round_trip_us, "us", off.round_trip_us)


def tape_reader(sizes: Sequence[int] = (10_000, 100_000, 1_000_000)) -> Iterator[Result]:
    """Peak of memory while the trades of a tape are counted: one at a time, and as a list. Exact, so once is enough."""
    peaks: dict[str, list[float]] = {"generator": [], "list": []}
    with tempfile.TemporaryDirectory(prefix="tontine-bench-") as directory:
        for size in sizes:
            path = Path(directory) / f"{size}.jsonl"
            tape.write_tape(path, tape.made_up(size))
            peaks["generator"].append(_peak_kb(step_02.count_trades, path))
            peaks["list"].append(_peak_kb(step_02.list_tape, path))
    for kind, of_kind in peaks.items():
        is_lazy = kind == "generator"
        for size, peak in zip(sizes, of_kind, strict=True):
            is_last = size == sizes[-1]
            yield Result(
                "legacy", f"tape of {size:,} trades, {kind}, peak", peak, "kB",
                floor=of_kind[0] if is_last else None,
                target=(_FLAT_TARGET if is_lazy else _NOT_FLAT_TARGET) if is_last else None,
                at_most=is_lazy,
                note=f"tape: ratios of the peak at {sizes[-1]:,} trades to that at {sizes[0]:,}",
            )  # fmt: skip


# -- helpers ---------------------------------------------------------------------------------------
def _in_turns(
    plan: Plan, work: str, count: int, runtimes: Sequence[str] = (LEGACY, ASYNCIO)
) -> list[list[Took]]:
    """The samples of each runtime, A B A B."""
    took: dict[str, list[Took]] = {runtime: [] for runtime in runtimes}
    for _ in range(plan.samples):
        for runtime in runtimes:
            took[runtime].append(task_twins.measure(work, runtime, count, plan.seed))
    return list(took.values())


def _seconds(samples: Iterable[Took]) -> float:
    return median(took.seconds for took in samples)


def _peak_kb(read: Callable[[Path], object], path: Path) -> float:
    """The most that was allocated at any moment of it."""
    gc.collect()
    return step_02.peak_bytes(partial(read, path)) / 1024


def _result(
    plan: Plan, case: str, value: float, unit: str, floor_value: float | None = None,
    *, target: float | None = None, at_most: bool = False, note: str = "",
) -> Result:  # fmt: skip
    return Result("legacy", case, value, unit, floor_value, target, at_most, plan.samples, note)

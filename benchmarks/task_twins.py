"""The same work for tasks of the legacy kernel and for tasks of asyncio, each in a fresh process.

In: what to do, on which runtime, how much of it. Out: one JSON line: what it took, and how much memory it held. What is
measured is written twice, a line of one twin beside a line of the other, so that nothing differs but the runtime.
"""

import asyncio
import json
import random
import resource
import subprocess
import sys
import time
from collections.abc import Callable, Generator
from pathlib import Path
from typing import Any, Final, NamedTuple

from benchmarks.servers import LOAD_CORE, ROOT, pin
from benchmarks.timing import calm_garbage_collector
from legacy.kernel import Kernel
from legacy.traps import join, pause, sleep, spawn
from legacy.waiting import Queue

LEGACY: Final = "legacy"
ASYNCIO: Final = "asyncio"

_SHORTEST_S_EACH: Final = 25e-6
"""The more sleepers, the longer they sleep: all of them have been started before the first one wakes."""
_SPREAD: Final = 0.5
"""Of that time, after which the last one has woken: no two wake for the same turn of a loop by design."""


class Took(NamedTuple):
    """What a fresh process says."""

    seconds: float
    """Of its processor time where tasks sleep, of the wall's clock where they never do."""
    bytes: int
    """So much it grew by while all tasks were there; 0: not looked at."""


def measure(work: str, runtime: str, count: int, seed: int = 1) -> Took:
    """Run one of ``WORK`` in a new process."""
    command = [sys.executable, "-m", "benchmarks.task_twins", work, runtime, str(count), str(seed)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)  # noqa: S603  # ourselves
    return Took(*json.loads(done.stdout))


# -- two tasks take turns --------------------------------------------------------------------------
def switch_legacy(count: int, seed: int) -> Took:
    """``count`` switches between two tasks that do nothing else than let each other go first."""

    def turns() -> Generator[Any, Any, None]:
        for _ in range(count // 2):
            yield from pause()

    def main() -> Generator[Any, Any, None]:
        first = yield from spawn(turns())
        second = yield from spawn(turns())
        yield from join(first)
        yield from join(second)

    return _timed(lambda: Kernel().run(main()))


def switch_asyncio(count: int, seed: int) -> Took:
    """The same."""

    async def turns() -> None:
        for _ in range(count // 2):
            await asyncio.sleep(0)

    async def main() -> None:
        first = asyncio.create_task(turns())
        second = asyncio.create_task(turns())
        await first
        await second

    return _timed(lambda: asyncio.run(main()))


# -- one hands things to the other -----------------------------------------------------------------
def hand_over_legacy(count: int, seed: int) -> Took:
    """``count`` things go through a queue that holds one, from one task to another."""
    queue: Queue[int] = Queue(1)

    def giver() -> Generator[Any, Any, None]:
        for number in range(count):
            yield from queue.put(number)

    def main() -> Generator[Any, Any, None]:
        yield from spawn(giver())
        for _ in range(count):
            yield from queue.get()

    return _timed(lambda: Kernel().run(main()))


def hand_over_asyncio(count: int, seed: int) -> Took:
    """The same."""

    async def main() -> None:
        queue: asyncio.Queue[int] = asyncio.Queue(1)

        async def giver() -> None:
            for number in range(count):
                await queue.put(number)

        task = asyncio.create_task(giver())
        for _ in range(count):
            await queue.get()
        await task

    return _timed(lambda: asyncio.run(main()))


# -- a crowd sleeps --------------------------------------------------------------------------------
def sleepers_legacy(count: int, seed: int) -> Took:
    """Start ``count`` tasks, each of which sleeps once, and see all of them end."""
    naps = _naps(count, seed)
    held = 0

    def sleeper(seconds: float) -> Generator[Any, Any, None]:
        yield from sleep(seconds)

    def main() -> Generator[Any, Any, None]:
        nonlocal held
        before = _resident_bytes()
        tasks = []
        for seconds in naps:
            tasks.append((yield from spawn(sleeper(seconds))))
        yield from pause()  # now all of them sleep
        held = _resident_bytes() - before
        for task in tasks:
            yield from join(task)

    took = _timed(lambda: Kernel().run(main()), time.process_time)
    return Took(took.seconds, held)


def sleepers_asyncio(count: int, seed: int) -> Took:
    """The same."""
    naps = _naps(count, seed)
    held = 0

    async def sleeper(seconds: float) -> None:
        await asyncio.sleep(seconds)

    async def main() -> None:
        nonlocal held
        before = _resident_bytes()
        tasks = []
        for seconds in naps:
            tasks.append(asyncio.create_task(sleeper(seconds)))
        await asyncio.sleep(0)
        held = _resident_bytes() - before
        for task in tasks:
            await task

    took = _timed(lambda: asyncio.run(main()), time.process_time)
    return Took(took.seconds, held)


WORK: Final = {
    ("switch", LEGACY): switch_legacy,
    ("switch", ASYNCIO): switch_asyncio,
    ("hand_over", LEGACY): hand_over_legacy,
    ("hand_over", ASYNCIO): hand_over_asyncio,
    ("sleepers", LEGACY): sleepers_legacy,
    ("sleepers", ASYNCIO): sleepers_asyncio,
}
"""What can be measured."""


# -- helpers ---------------------------------------------------------------------------------------
def _timed(work: Callable[[], object], clock_s: Callable[[], float] = time.perf_counter) -> Took:
    calm_garbage_collector()
    started_s = clock_s()
    work()
    return Took(clock_s() - started_s, 0)


def _naps(count: int, seed: int) -> list[float]:
    """How long each sleeps, in an order in which a heap has something to do."""
    rng = random.Random(seed)
    shortest_s = _SHORTEST_S_EACH * count
    return [shortest_s * (1 + _SPREAD * rng.random()) for _ in range(count)]


def _resident_bytes() -> int:
    pages = Path("/proc/self/statm").read_text(encoding="ascii").split()[1]
    return int(pages) * resource.getpagesize()


if __name__ == "__main__":
    pin(LOAD_CORE)
    print(json.dumps(WORK[sys.argv[1], sys.argv[2]](int(sys.argv[3]), int(sys.argv[4]))))

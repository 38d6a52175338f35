"""Requests a second and round trips over TCP, beside the floor.

In: how carefully to measure. Out: for every shape of load (connections x outstanding requests) what
the venue and the bare server of ``floor`` did in turns, on the same requests. The ratio is the
figure that means the same on every machine, as long as the servers are what limits. The processor
time a request costs holds even if other programs or the load generator held a server up, which would
flatter the rates.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, ExitStack
from pathlib import Path
from statistics import median
from typing import Final, NamedTuple

from benchmarks import venue_files
from benchmarks.load import Load, Run, Shape
from benchmarks.report import Plan, Result
from benchmarks.servers import Server, disk_directory, floor, need_linux, pinning, venue

_MAIN: Final = Shape(100, 16, 100_000)
_OTHERS: Final = (Shape(10, 16, 50_000), Shape(1, 256, 50_000))
_ALONE: Final = Shape(1, 1, 3_000)

_OFF_TARGET: Final = 0.25
_FULL_TARGET: Final = 0.20
_ROUND_TRIP_TARGET: Final = 1.6
_LEDGER_TARGET: Final = 0.8

_SATURATED: Final = 0.9
"""Share of a core from which on a server counts as the slower side."""


class Measured(NamedTuple):
    """One server, all runs of it: medians."""

    rate: float
    cpu_us: float
    """Of the server, a request."""
    cpu_share: float
    """How much of its core the server used: near 1 means that nothing else held it up."""
    round_trip_us: float


def measure(plan: Plan) -> Iterator[Result]:
    """Everything; the figures that have a target first."""
    need_linux()
    yield from under_load(plan, _MAIN)
    yield from with_ledger(plan, _MAIN)
    yield from alone(plan, _ALONE)
    for shape in _OTHERS:
        yield from beside_floor(plan, shape)


def under_load(plan: Plan, shape: Shape) -> Iterator[Result]:
    """The venue without a journal and with ``sync=full``, and what the generator could do at most."""
    bare, off, full, quick, echo = in_turns(plan, shape, ("floor", "off", "full", "one-buffer", "echo"))
    note = what_limited(shape, {"floor": bare, "venue": off, "venue with sync=full": full})
    for name, one, target in (("journal off", off, _OFF_TARGET), ("sync=full", full, _FULL_TARGET)):
        yield _result(plan, f"{shape} {name}", one.rate, "requests/s", bare.rate, target=target, note=note)
    for name, one in (("journal off", off), ("sync=full", full)):
        yield _result(plan, f"{shape} {name}, server's CPU", one.cpu_us, "us/request", bare.cpu_us)
    for name, one in (("journal off", off), ("sync=full", full)):
        yield _result(plan, f"{shape} {name}, floor on one buffer", one.rate, "requests/s", quick.rate)
    yield _result(plan, f"{shape} generator against a byte echo", echo.rate, "requests/s")


def with_ledger(plan: Plan, shape: Shape) -> Iterator[Result]:
    """What it costs to keep the books and hold to limits: the venue with every order funded and checked, beside
    itself without.
    """
    off, books_off, full, books_full = in_turns(plan, shape, ("off", "books-off", "full", "books-full"))
    note = what_limited(shape, {"venue": off, "venue with ledger and limits": books_off})
    for name, one, without in (("journal off", books_off, off), ("sync=full", books_full, full)):
        case = f"{shape} {name}, ledger and limits on"
        yield _result(plan, case, one.rate, "requests/s", without.rate, target=_LEDGER_TARGET, note=note)
        yield _result(plan, f"{case}, server's CPU", one.cpu_us, "us/request", without.cpu_us)


def alone(plan: Plan, shape: Shape) -> Iterator[Result]:
    """One client that waits for each answer."""
    bare, off = in_turns(plan, shape, ("floor", "off"))
    yield _result(
        plan, f"{shape} median round trip", off.round_trip_us, "us", bare.round_trip_us,
        target=_ROUND_TRIP_TARGET, at_most=True, note=f"{shape}: {pinning()}",
    )  # fmt: skip
    yield _result(plan, f"{shape} journal off", off.rate, "requests/s", bare.rate)


def beside_floor(plan: Plan, shape: Shape) -> Iterator[Result]:
    """The venue without a journal, for information."""
    bare, off = in_turns(plan, shape, ("floor", "off"))
    yield _result(plan, f"{shape} journal off", off.rate, "requests/s", bare.rate)
    yield _result(plan, f"{shape} journal off, server's CPU", off.cpu_us, "us/request", bare.cpu_us)


def what_limited(shape: Shape, servers: Mapping[str, Measured]) -> str:
    """Whether the rates may be compared: only servers that used all of their core were the slower side."""
    shares = ", ".join(f"{name} {one.cpu_share:.0%}" for name, one in servers.items())
    held_up = [name for name, one in servers.items() if one.cpu_share < _SATURATED]
    verdict = (
        f"something else than the server held up the {' and the '.join(held_up)}: compare only the server's CPU"
        if held_up
        else "neither generator nor machine held them up"
    )
    return f"{shape}: {pinning()}; of their core the servers used: {shares}; {verdict}"


def in_turns(plan: Plan, shape: Shape, kinds: Sequence[str]) -> list[Measured]:
    """All servers run at once, but only one has work: A B A B, so that a slow minute hits all of them."""
    runs: dict[str, list[Run]] = {kind: [] for kind in kinds}
    with ExitStack() as stack:
        directory = stack.enter_context(disk_directory())
        servers = {kind: stack.enter_context(_server(kind, directory)) for kind in kinds}
        load = stack.enter_context(Load(shape, runs=plan.samples, seed=plan.seed))
        for server in servers.values():
            load.connect(server)
        for number in range(plan.samples):
            for kind, server in servers.items():
                runs[kind].append(load.run(server, number))
    return [_medians(runs[kind]) for kind in kinds]


def _server(kind: str, directory: Path) -> AbstractContextManager[Server]:
    match kind:
        case "floor":
            return floor(directory)
        case "echo" | "one-buffer":
            return floor(directory, f"--{kind}")
        case "off":
            return venue(directory, "--open", "--journal", "off")
        case "legacy":
            return venue(directory, "--open", "--journal", "off", "--runtime", "legacy")
        case "books-off":
            return venue(directory, str(_file_with_ledger(directory)), "--journal", "off")
        case "books-full":
            journal = str(directory / "books.journal")
            return venue(directory, str(_file_with_ledger(directory)), "--journal", journal, "--sync", "full")
        case _:
            return venue(directory, "--open", "--journal", str(directory / "venue.journal"), "--sync", kind)


def _file_with_ledger(directory: Path) -> Path:
    path = directory / "with-ledger.toml"
    path.write_text(venue_files.with_ledger(_MAIN.connections), encoding="utf-8")
    return path


def _medians(runs: Sequence[Run]) -> Measured:
    return Measured(
        median(run.requests / run.seconds for run in runs),
        median(run.cpu_s / run.requests * 1e6 for run in runs),
        median(run.cpu_s / run.seconds for run in runs),
        median((run.median_s or 0.0) * 1e6 for run in runs),
    )


def _result(
    plan: Plan, case: str, value: float, unit: str, floor_value: float | None = None,
    *, target: float | None = None, at_most: bool = False, note: str = "",
) -> Result:  # fmt: skip
    return Result("wire", case, value, unit, floor_value, target, at_most, plan.samples, note)

"""Comparisons and sweeps: the same seeds under different rules.

In: scenarios, changes to them, seeds, the figure that counts. Out: tables, verdicts, files. Everything is paired by seed: what
chance does to one market it does to the other as well, as far as their traders draw alike.
"""

import csv
from collections.abc import Sequence
from itertools import product
from pathlib import Path
from typing import NamedTuple

from protocol.errors import ConfigError, HistoryError
from simulation.batches import run_jobs, seeds_of
from simulation.commands import figure_of, job_of
from simulation.inference import Comparison, Interval, Method, compare, interval_of, number
from simulation.outcome import Outcome
from simulation.showing import progress, shared_figures, show_table, span


class Wanted(NamedTuple):
    """A comparison, as it was asked for."""

    first: str
    second: str | None
    seeds: str
    metric: str
    groups: str | None
    changes: tuple[str, ...]
    changes_b: tuple[str, ...]
    level: float
    method: Method
    processes: int


class Compared(NamedTuple):
    """A comparison, as it came out."""

    names: tuple[str, str]
    metric: str
    seeds: list[int]
    first: list[float]
    second: list[float]
    result: Comparison


class Point(NamedTuple):
    """One set of values of a sweep."""

    values: tuple[str, ...]
    outcomes: list[Outcome]


def compared(wanted: Wanted) -> Compared:
    """Run both sides over the seeds.

    Raises:
        ConfigError: a scenario, a change, the seeds, the groups or the figure are none.
    """
    seeds = seeds_of(wanted.seeds)
    if len(seeds) < 2:
        raise ConfigError("--seeds", "one seed shows nothing: give at least two, such as 1..20")
    if wanted.groups is not None:
        return _groups_compared(wanted, wanted.groups, seeds)
    if wanted.second is None and not wanted.changes_b:
        raise ConfigError("compare", "give a second scenario, or --set-b, or --groups")
    second = wanted.second or wanted.first
    jobs = [job_of(wanted.first, wanted.changes, seed) for seed in seeds]
    jobs += [job_of(second, (*wanted.changes, *wanted.changes_b), seed) for seed in seeds]
    with progress(f"{len(jobs)} runs") as told:
        outcomes = list(run_jobs(jobs, wanted.processes, told))
    figures = [figure_of(outcome, wanted.metric) for outcome in outcomes]
    names = jobs[0].name, jobs[-1].name
    if wanted.changes_b:
        names = names[0], f"{names[1]} with {', '.join(wanted.changes_b)}"
    if names[0] == names[1]:
        names = wanted.first, second
    return _compared(wanted, names, seeds, figures[: len(seeds)], figures[len(seeds) :])


def _groups_compared(wanted: Wanted, groups: str, seeds: list[int]) -> Compared:
    one, comma, two = (part.strip() for part in groups.partition(","))
    if not comma or not one or not two:
        raise ConfigError("--groups", f"{groups!r} is not like zip,gdx: two groups of the scenario")
    if wanted.second is not None or wanted.changes_b:
        raise ConfigError("--groups", "compares within one scenario: give no second one and no --set-b")
    jobs = [job_of(wanted.first, wanted.changes, seed) for seed in seeds]
    with progress(f"{len(jobs)} runs") as told:
        outcomes = list(run_jobs(jobs, wanted.processes, told))
    sides = [[figure_of(outcome, f"{wanted.metric}.{name}") for outcome in outcomes] for name in (one, two)]
    return _compared(wanted, (one, two), seeds, *sides)


def _compared(
    wanted: Wanted, names: tuple[str, str], seeds: list[int], first: list[float], second: list[float]
) -> Compared:
    result = compare(first, second, wanted.level, wanted.method)
    return Compared(names, wanted.metric, seeds, first, second, result)


def show_comparison(wanted: Wanted) -> Compared:
    """Run, and show means, difference and verdict."""
    found = compared(wanted)
    result, headers = found.result, ("", f"mean {found.metric}", f"{100 * wanted.level:g} % interval")
    rows = [
        (name, number(one.mean), span(one))
        for name, one in zip(found.names, (result.first, result.second), strict=True)
    ]
    rows.append(("difference, by seed", number(result.difference.mean, sign=True), span(result.difference)))
    show_table(headers, rows, numbers=headers[1:2])
    print(result.verdict(*found.names, found.metric))  # noqa: T201  # a command's answer
    return found


# -- sweeps --------------------------------------------------------------------------------------------
def varied(vary: Sequence[str]) -> tuple[list[str], list[tuple[str, ...]]]:
    """Keys, and every combination of their values.

    Raises:
        ConfigError: one of them is not ``KEY=V,V,...``.
    """
    keys: list[str] = []
    values: list[list[str]] = []
    for one in vary:
        key, equals, texts = one.partition("=")
        chosen = [text.strip() for text in texts.split(",") if text.strip()]
        if not equals or not key.strip() or not chosen:
            raise ConfigError("--vary", f"{one!r} is not KEY=V,V,... such as traders.0.count=5,10,20")
        keys.append(key.strip())
        values.append(chosen)
    return keys, list(product(*values))


def swept(
    scenario: str, vary: Sequence[str], seeds: str, changes: Sequence[str], processes: int
) -> tuple[list[str], list[Point]]:
    """Run every combination over the seeds; keys, and points in the order given.

    Raises:
        ConfigError: the scenario, a value or the seeds are none.
    """
    keys, combinations = varied(vary)
    chosen = seeds_of(seeds)
    jobs = [
        job_of(
            scenario, (*changes, *(f"{key}={value}" for key, value in zip(keys, values, strict=True))), seed
        )
        for values in combinations
        for seed in chosen
    ]
    with progress(f"{len(jobs)} runs") as told:
        outcomes = list(run_jobs(jobs, processes, told))
    step = len(chosen)
    return keys, [
        Point(values, outcomes[place * step : (place + 1) * step])
        for place, values in enumerate(combinations)
    ]


def intervals(points: Sequence[Point], metric: str, level: float) -> list[Interval]:
    """Of one figure, point by point.

    Raises:
        ConfigError: a run has none of that name.
    """
    return [interval_of([figure_of(one, metric) for one in point.outcomes], level) for point in points]


def show_sweep(
    scenario: str,
    vary: Sequence[str],
    seeds: str,
    metrics: Sequence[str],
    changes: Sequence[str],
    level: float,
    out: Path | None,
    processes: int,
) -> None:
    """Run, show a table, and write ``sweep.csv`` and a page with a picture of each figure below ``out``, if given."""
    keys, points = swept(scenario, vary, seeds, changes, processes)
    names = list(metrics) or shared_figures([outcome for point in points for outcome in point.outcomes])
    found = {name: intervals(points, name, level) for name in names}
    if metrics:
        headers = (*keys, *(part for name in names for part in (name, f"{100 * level:g} % interval")))
        rows = [
            (
                *point.values,
                *(part for name in names for part in (number(found[name][at].mean), span(found[name][at]))),
            )
            for at, point in enumerate(points)
        ]
    else:
        headers = (*keys, *names)
        rows = [
            (*point.values, *(number(found[name][at].mean) for name in names))
            for at, point in enumerate(points)
        ]
    show_table(headers, rows, numbers=names)
    if out is not None:
        try:
            out.mkdir(parents=True, exist_ok=True)
            _write(out / "sweep.csv", keys, points)
        except OSError as error:
            raise HistoryError(str(out), error.strerror or str(error)) from error
        from simulation.reports.sweeps import write_sweep

        for path in (out / "sweep.csv", *write_sweep(out, scenario, keys, points, found)):
            print(path)  # noqa: T201  # a command's answer


def _write(path: Path, keys: Sequence[str], points: Sequence[Point]) -> None:
    """A row a run."""
    names = list(dict.fromkeys(name for point in points for one in point.outcomes for name in one.figures))
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow((*keys, "seed", "hash", *names))
        for point in points:
            for one in point.outcomes:
                row = (one.seed, one.digest, *(one.figures.get(name) for name in names))
                writer.writerow((*point.values, *row))

"""What ``tontine simulate`` and ``tontine facts`` do.

In: what was typed, checked. Out: runs, kept where asked for, and tables on the terminal.
"""

import csv
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from protocol.errors import ConfigError, HistoryError
from simulation import ready
from simulation.batches import Job, run_job, run_jobs, seeds_of
from simulation.changes import load
from simulation.outcome import Outcome
from simulation.showing import progress, show_checks, show_run, show_runs
from simulation.stylised_facts import checks_of
from simulation.tables import Format, best_format

RUNS: Final = Path("runs")
_LEVEL: Final = 0.95


def format_named(name: str) -> Format:
    """Of tables."""
    return "parquet" if name == "parquet" else "csv"


_LINES: Final = 20
"""Lines of what each program printed that are shown: the last ones."""


def simulate_one(
    scenario: str,
    changes: Sequence[str],
    seed: int | None,
    out: Path | None,
    form: Format | None,
    *,
    record: bool,
) -> Outcome:
    """Make a run, keep it, show it.

    Raises:
        ConfigError: the scenario or a change is none.
        HistoryError: the directory can't be written, or holds something else.
    """
    job = job_of(scenario, changes, seed)
    if record:
        job = job_kept(job, out or RUNS / f"{job.name}-{job.seed}", form)
    with progress(f"{job.name}, seed {job.seed}") as told:
        outcome = run_job(job, told)
    show_run(outcome)
    for account, lines in outcome.printed.items():
        for line in lines[-_LINES:]:
            print(f"{account} | {line}")  # noqa: T201  # a command's answer
    if job.out is not None:
        print(f"kept in {job.out}; tontine report {job.out} shows it")  # noqa: T201  # a command's answer
    return outcome


def simulate_many(
    scenario: str, changes: Sequence[str], seeds: str, jobs: int, out: Path | None, form: Format | None
) -> list[Outcome]:
    """Make a run for each seed; keep them and their figures below ``out``, if given; show them.

    Raises:
        ConfigError: the scenario, a change or the seeds are none.
        HistoryError: a directory can't be written, or holds something else.
    """
    wanted = [job_of(scenario, changes, seed) for seed in seeds_of(seeds)]
    if out is not None:
        wanted = [job_kept(job, out / f"{job.name}-{job.seed}", form) for job in wanted]
    with progress(f"{wanted[0].name}, {len(wanted)} seeds") as told:
        outcomes = list(run_jobs(wanted, jobs, told))
    show_runs(outcomes, _LEVEL)
    if out is not None:
        write_figures(out / "runs.csv", outcomes)
        print(f"kept in {out}; runs.csv has the figures of all")  # noqa: T201  # as above
    return outcomes


def show_facts(scenario: str, changes: Sequence[str], seed: int | None) -> bool:
    """Run, measure, show; whether every instrument behaves like a market."""
    job = job_of(scenario, changes, seed)
    with progress(f"{job.name}, seed {job.seed}") as told:
        outcome = run_job(job, told)
    checks = [check for facts in outcome.facts.values() for check in checks_of(facts)] or checks_of(None)
    show_checks(checks)
    return all(check.passed for check in checks)


def job_of(scenario: str, changes: Sequence[str], seed: int | None) -> Job:
    """A run that is not kept; the seed is the scenario's unless one is given.

    Raises:
        ConfigError: the scenario or a change is none.
    """
    path = ready.found(scenario)
    loaded = load(scenario, changes)
    chosen = loaded.seed if seed is None else seed
    return Job(path.stem, loaded, str(path), chosen, changes=tuple(changes))


def job_kept(job: Job, out: Path, form: Format | None) -> Job:
    """The same run, kept in a directory."""
    chosen = best_format() if form is None else form
    return Job(job.name, job.scenario, job.place, job.seed, out, chosen, job.changes)


def write_figures(path: Path, outcomes: Sequence[Outcome]) -> None:
    """A row a run: seed, hash, figures.

    Raises:
        HistoryError: the file can't be written.
    """
    names = list(dict.fromkeys(name for outcome in outcomes for name in outcome.figures))
    try:
        with path.open("w", newline="", encoding="utf-8") as file:
            writer = csv.writer(file, lineterminator="\n")
            writer.writerow(("seed", "hash", *names))
            for outcome in outcomes:
                writer.writerow(
                    (outcome.seed, outcome.digest, *(outcome.figures.get(name) for name in names))
                )
    except OSError as error:
        raise HistoryError(str(path), error.strerror or str(error)) from error


def figure_of(outcome: Outcome, name: str) -> float:
    """One figure of a run.

    Raises:
        ConfigError: it has none of that name.
    """
    try:
        return outcome.figures[name]
    except KeyError:
        raise ConfigError("--metric", f"no {name!r} here; there are {', '.join(outcome.figures)}") from None

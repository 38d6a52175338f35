"""Many runs of scenarios, in this process or in several.

In: jobs: a scenario, a seed, where to keep the run. Out: their outcomes, in the order of the jobs, whatever the number of
processes; each is what it would be alone.
"""

import json
import platform
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import asdict, dataclass
from importlib.metadata import PackageNotFoundError, version
from multiprocessing import get_context
from pathlib import Path
from time import perf_counter, process_time
from typing import Any, Final

from exchange.engine.events import AuctionTrade, Trade
from protocol.errors import ConfigError, HistoryError
from protocol.vocabulary import Nanoseconds
from simulation import native
from simulation.accounting import Accounting
from simulation.calm import calm_collector
from simulation.outcome import Outcome, outcome_of
from simulation.recorder import Recorder
from simulation.run import Run, run_of
from simulation.samples import Sampler
from simulation.tables import COLUMNS, Format
from traders.scenario import Scenario

_SLICES: Final = 200
"""How often a run tells how far it is."""
RUN_FILE: Final = "run.json"

Progress = Callable[[float], object]
"""Told how much is done, from 0 to 1."""


@dataclass(frozen=True, slots=True)
class Job:
    """One run to be made."""

    name: str
    scenario: Scenario
    place: str
    """Names the scenario in errors."""
    seed: int
    out: Path | None = None
    """Where to keep it; ``None``: nowhere."""
    form: Format = "csv"
    changes: tuple[str, ...] = ()
    """What was set otherwise, for the record."""


def run_job(job: Job, progress: Progress | None = None) -> Outcome:
    """Make one run, and keep it if asked for.

    Raises:
        ConfigError: the scenario asks for something impossible.
        HistoryError: the directory is there and holds something else, or can't be written.
    """
    run = run_of(job.scenario, place=job.place, seed=job.seed)
    sampler = Sampler(run)
    recorder = None
    if job.out is not None:
        _prepare(job.out)
        recorder = Recorder(run, job.out, job.form, sampler)
        accounting = recorder.accounting
    else:
        accounting = _accounting(run)
    started, cpu = perf_counter(), process_time()
    with calm_collector():
        run.start()
        for number in range(1, _SLICES + 1):
            run.advance(run.start_ns + (run.end_ns - run.start_ns) * number // _SLICES)
            if progress is not None:
                progress(number / _SLICES)
        run.finish()
    took_s, cpu_s = perf_counter() - started, process_time() - cpu
    outcome = outcome_of(run, job.name, sampler.samples.values(), accounting, took_s=took_s, cpu_s=cpu_s)
    if recorder is not None:
        recorder.finish()
        assert job.out is not None
        text = json.dumps(record_of(job, run, outcome, sampler.every_ns), indent=2)
        (job.out / RUN_FILE).write_text(text + "\n", encoding="utf-8")
        for number, lines in enumerate(outcome.printed.values(), 1):
            (job.out / f"printed-{number}.txt").write_text("".join(f"{line}\n" for line in lines), "utf-8")
    return outcome


def run_jobs(jobs: Sequence[Job], processes: int, progress: Progress | None = None) -> Iterator[Outcome]:
    """Make all runs; outcomes in the order of the jobs."""
    done = 0
    if processes <= 1 or len(jobs) <= 1:
        for job in jobs:
            before = done / len(jobs)
            yield run_job(job, _part(progress, before, 1 / len(jobs)))
            done += 1
        return
    found: dict[int, Outcome] = {}
    # Each process starts from nothing, as on every platform: it shares no state that could make runs differ. Whether it runs
    # compiled it has to find out itself, before it imports what a job is made of.
    spawn = get_context("spawn")
    compiled = native.prefer if native.in_use() else None
    with ProcessPoolExecutor(min(processes, len(jobs)), mp_context=spawn, initializer=compiled) as pool:
        places = {pool.submit(run_job, job): place for place, job in enumerate(jobs)}
        try:
            for future in as_completed(places):
                found[places[future]] = future.result()
                done += 1
                if progress is not None:
                    progress(done / len(jobs))
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            raise
    yield from (found[place] for place in range(len(jobs)))


def _part(progress: Progress | None, before: float, share: float) -> Progress | None:
    return None if progress is None else lambda done: progress(before + done * share)


def _accounting(run: Run) -> Accounting:
    accounting = Accounting(run.market.venue.engine.books)

    def take(at_ns: Nanoseconds, trade: Trade | AuctionTrade) -> None:
        accounting.take(trade)

    run.market.on_trade.append(take)
    return accounting


def record_of(job: Job, run: Run, outcome: Outcome, sample_ns: Nanoseconds) -> dict[str, Any]:
    """What ``run.json`` says: what was run, by what, and how it ended."""
    return {
        "name": job.name,
        "title": job.scenario.title,
        "seed": run.seed,
        "hash": outcome.digest,
        "changes": list(job.changes),
        "versions": {"tontine": _version(), "python": platform.python_version()},
        "start_ns": run.start_ns,
        "end_ns": run.end_ns,
        "took_s": round(outcome.took_s, 3),
        "counts": {
            "commands": outcome.commands,
            "events": outcome.log_events,
            "kernel_events": outcome.handled,
            "trades": run.market.venue.engine.last_trade_id,
        },
        "instruments": {
            symbol: {
                "tick": book.instrument.tick,
                "decimals": book.instrument.price_decimals,
                "quote": book.instrument.quote,
            }
            for symbol, book in run.market.venue.engine.books.items()
        },
        "sample_ns": sample_ns,
        "groups": [asdict(group) for group in outcome.groups],
        "figures": outcome.figures,
        "facts": {symbol: asdict(facts) for symbol, facts in outcome.facts.items()},
        "faults": [fault._asdict() for fault in outcome.faults],
        "scenario": job.scenario.model_dump(mode="json", exclude_unset=True),
    }


def _version() -> str:
    try:
        return version("tontine")
    except PackageNotFoundError:
        return "from its source"


def _prepare(out: Path) -> None:
    """A directory for a run: a new one, or one of a run, whose tables go.

    Raises:
        HistoryError: it holds something else, or can't be made.
    """
    try:
        out.mkdir(parents=True, exist_ok=True)
        there = sorted(path.name for path in out.iterdir())
        if there and RUN_FILE not in there:
            raise HistoryError(
                str(out), f"holds {there[0]} and no {RUN_FILE}: it is not the directory of a run"
            )
        for name in COLUMNS:
            for form in ("csv", "parquet"):
                (out / f"{name}.{form}").unlink(missing_ok=True)
    except OSError as error:
        raise HistoryError(str(out), error.strerror or str(error)) from error


def seeds_of(text: str) -> list[int]:
    """``1..100``, or ``1,5,9``, or one of both after the other.

    Raises:
        ConfigError: it is neither.
    """
    seeds: list[int] = []
    for part in text.split(","):
        first, dots, last = part.strip().partition("..")
        if not first.isdecimal() or (dots and not last.isdecimal()):
            raise ConfigError("--seeds", f"{text!r} is not like 1..100 or 1,5,9")
        seeds.extend(range(int(first), int(last if dots else first) + 1))
    if not seeds:
        raise ConfigError("--seeds", f"{text!r} has no seeds")
    if len(set(seeds)) < len(seeds):
        raise ConfigError("--seeds", f"{text!r} has a seed twice")
    return seeds

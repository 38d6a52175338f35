"""``tontine validate``: everything the simulation claims about itself, with fixed seeds.

In: which parts, and whether the short form will do. Out: rows of target, result and verdict. Parts are looked up by name, so
that one of them is not imported for another.
"""

import os
import subprocess
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from importlib import import_module
from typing import Any, Final, Protocol

from protocol.errors import ConfigError
from simulation.batches import Job, run_job
from simulation.commands import job_of
from simulation.conservation import Conservation
from simulation.run import Run, run_of
from simulation.showing import progress, show_checks
from simulation.stylised_facts import checks_of
from simulation.validation import Check
from traders.scenario import Scenario, scenario_of


class Part(Protocol):
    """Gives its checks, one after the other."""

    def __call__(self, *, short: bool) -> Iterable[Check]:
        """``short``: what a minute is enough for."""


def show(only: Sequence[str], *, short: bool) -> bool:
    """Check what is asked for and show it; whether everything passed.

    Raises:
        ConfigError: there is no such part.
    """
    checks = list(validate(only, short=short))
    show_checks(checks)
    failed = sum([not check.passed for check in checks])
    print(f"{len(checks) - failed} of {len(checks)} passed")  # noqa: T201  # a command's answer
    return not failed


def validate(only: Sequence[str], *, short: bool) -> Iterator[Check]:
    """The checks of the parts asked for, of all parts if none is.

    Raises:
        ConfigError: there is no such part.
    """
    for name in only:
        if name not in PARTS:
            raise ConfigError("--only", f"no part {name!r}; there are {', '.join(PARTS)}")
    chosen = [name for name in PARTS if not only or name in only]
    with progress("validate") as told:
        for number, name in enumerate(chosen):
            yield from PARTS[name](short=short)
            told((number + 1) / len(chosen))


def auctions(*, short: bool) -> Iterator[Check]:
    """Double auctions with induced values: Smith, Gode and Sunder, ZIP."""
    module = import_module("simulation.experiments.double_auction")
    checks: Callable[..., Iterable[Check]] = module.checks
    yield from checks(short=short)


def parity(*, short: bool) -> Iterator[Check]:
    """The same scenario over TCP and in virtual time. It takes real time, so there is no short form."""
    if not short:
        module = import_module("simulation.experiments.parity")
        checks: Callable[[], Iterable[Check]] = module.validate
        yield from checks()


# -- a day of a thousand traders -----------------------------------------------------------------------
_AT_ONCE: Final = ("returns, 1 s", "signs", "mean depth", "volume")


def day(*, short: bool) -> Iterator[Check]:
    """The stylised facts of the scenario ``day``. In half an hour, the short form, there are too few returns over ten
    seconds to say anything of them: what is left are the facts that show at once.
    """
    job = job_of("day", ["length_s=1800.0"] if short else [], None)
    outcome = run_job(job)
    for facts in outcome.facts.values():
        for check in checks_of(facts):
            if not short or check.name.startswith(_AT_ONCE):
                yield Check(f"day: {check.name}", check.target, check.result, check.passed)
    if not outcome.facts:
        yield from checks_of(None)
    yield Check("day: traders that broke a promise", "0", str(len(outcome.faults)), not outcome.faults)


# -- nothing is made, nothing is lost ------------------------------------------------------------------
def conservation(*, short: bool) -> Iterator[Check]:
    """After every trade, whatever is settled; then over a whole market."""
    for settlement in ("none", "spot", "margin"):
        scenario = small_market(settlement, length_s=20.0 if short else 120.0)
        run = run_of(scenario, place=settlement, seed=7)
        yield _conserved(f"conservation, settlement {settlement}", run, full_every=1)
    for name in ("flash_crash",) if short else ("flash_crash", "etf_arbitrage", "opening_auction", "day"):
        job = job_of(name, ["length_s=300.0"] if short else [], None)
        run = run_of(job.scenario, place=job.place, seed=job.seed)
        yield _conserved(f"conservation, {name}", run, full_every=1_000)


def _conserved(name: str, run: Run, full_every: int) -> Check:
    watch = Conservation(run.market, full_every=full_every)
    run.run()
    watch.look_at_all()
    result = f"{len(watch.faults)} in {watch.trades:,} trades, {watch.full_looks:,} full sums"
    if watch.faults:
        result += f": {watch.faults[0]}"
    return Check(name, "0 faults after every trade", result, watch.passed and watch.trades > 0)


def small_market(settlement: str, length_s: float, crowd: int = 12) -> Scenario:
    """A crowd and a market maker, with fees and rebates, who trade something that is settled that way."""
    instrument: dict[str, Any] = {
        "symbol": "ACME",
        "settlement": settlement,
        "reference_price": 1_000,
        "maker_fee_ppm": -50,
        "taker_fee_ppm": 300,
    }
    deposits: dict[str, int] = {}
    if settlement != "none":
        instrument["quote"] = "EUR"
        deposits["EUR"] = 10_000_000
    if settlement == "spot":
        instrument["base"] = "GOLD"
        deposits["GOLD"] = 1_000
    if settlement == "margin":
        instrument["margin"] = 100
    values = {
        "length_s": length_s,
        "venue": {"instruments": [instrument]},
        "traders": [
            {
                "strategy": "zero_intelligence",
                "name": "crowd",
                "count": crowd,
                "parameters": {"reference": 1_000},
                "deposits": deposits,
            },
            {"strategy": "market_maker", "name": "maker", "deposits": deposits},
        ],
    }
    return scenario_of(values, f"a market with settlement {settlement}")


# -- the same, byte for byte ---------------------------------------------------------------------------
_REPEATED: Final = ("classroom", "latency_race", "opening_auction")


def determinism(*, short: bool) -> Iterator[Check]:
    """A run here, and again in other processes where Python hashes text otherwise: the same event log."""
    for name in _REPEATED[:1] if short else _REPEATED:
        job = job_of(name, [], 11)
        here = run_job(job).digest
        elsewhere = [_digest_elsewhere(job, hashing) for hashing in ("0", "20260105")]
        same = all(one == here for one in elsewhere)
        yield Check(
            f"determinism, {name}",
            f"hash {here[:12]} in two other processes",
            ", ".join(one[:12] for one in elsewhere),
            same,
        )


def _digest_elsewhere(job: Job, hashing: str) -> str:
    """The hash that another process finds, which hashes text with that seed."""
    command = [
        sys.executable, "-m", "simulation", "simulate", job.name, "--seed", str(job.seed), "--no-record",
    ]  # fmt: skip
    done = subprocess.run(  # noqa: S603  # ourselves
        command, env={**os.environ, "PYTHONHASHSEED": hashing}, capture_output=True, text=True, check=False
    )
    for line in done.stdout.splitlines():
        word, _, digest = line.strip().partition(" ")
        if word == "hash":
            return digest
    return f"none: {done.stderr.strip().splitlines()[-1:]}"


PARTS: Final[dict[str, Part]] = {
    "auctions": auctions,
    "day": day,
    "conservation": conservation,
    "parity": parity,
    "determinism": determinism,
}
"""What can be chosen, in the order in which it is checked."""

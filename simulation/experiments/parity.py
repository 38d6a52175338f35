"""One scenario live and in virtual time: whether it is the same market.

A crowd of zero intelligence trades over TCP against a real venue in a process of its own, several times with another seed each,
and how long messages took is measured. Then it trades in virtual time with a latency like that, with more seeds. What is
compared is looked at every quarter of a second, so that numbers are as good as independent: how far the price moved, how many trades
there were, how long it took from one to the next, and how wide the spread was. Kolmogorov-Smirnov tests by permutation look
for any difference, Mann-Whitney tests for one of location; made up for their number after Holm, the markets count as the same unless a p-value is below ``LEVEL``.

A test that finds nothing may be blind. So the same numbers of the live market are compared with virtual ones in which one
thing is different, and have to be told apart from them.

In: nothing but how long. Out: rows for ``tontine validate``. The live part takes real time, and a quiet machine is not
needed: what is slow there is slow in the measured latency.
"""

import subprocess
import sys
import tempfile
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from random import Random
from statistics import median
from typing import Any, Final, NamedTuple

import msgspec

from exchange.engine.commands import Command, EnterOrder
from exchange.engine.engine import Engine
from exchange.engine.events import Trade
from exchange.journal.sqlite import SqliteLog
from exchange.market_data.best import best_level
from protocol.errors import SessionBroken
from protocol.vocabulary import Nanoseconds, Price
from simulation.run import Run
from simulation.two_samples import holm, mann_whitney, permutation_p
from simulation.validation import Check
from traders.scenario import scenario_of
from traders.strategies.chance import exp

LEVEL: Final = 0.01
"""Of all tests of one comparison together."""
LIVE_SEEDS: Final = (1, 2)
SIMULATED_SEEDS: Final = tuple(range(101, 107))
SECONDS: Final = 20.0
"""Of each run."""
WARM_UP_S: Final = 4.0
"""Left out at the start: the book fills."""
STEP_S: Final = 0.25

_SECOND: Final = 1_000_000_000
_MEASURES: Final = ("price move", "trades", "gap between trades", "spread")

Values = Mapping[str, Any]


class Looks(NamedTuple):
    """What a market was like, by what was looked at."""

    price_move: list[float]
    """Price units in a step, up or down."""
    trades: list[float]
    """In a step."""
    gap: list[float]
    """From the first trade of a step to the next one at another time, seconds."""
    spread: list[float]
    """Price units, at the end of a step with quotes on both sides."""


class Parity(NamedTuple):
    """One comparison."""

    p_values: list[float]
    """Made up for their number: for each of ``Looks``, of any difference and of one of location."""
    sizes: tuple[int, int]

    @property
    def is_same(self) -> bool:
        return min(self.p_values) >= LEVEL


def crowd(*, count: int = 50, range_ticks: int = 12, latency: Values | None = None) -> dict[str, Any]:
    """The scenario, as a file says it."""
    return {
        "title": "The same market, live and in virtual time",
        "length_s": SECONDS,
        "latency": dict(latency or {"model": "fixed", "ns": 500_000}),
        "venue": {"name": "parity", "instruments": [{"symbol": "ACME", "tick": 1, "price_decimals": 2}]},
        "traders": [
            {
                "strategy": "zero_intelligence",
                "name": "crowd",
                "count": count,
                "interval_s": 0.25,
                "parameters": {"range_ticks": range_ticks},
            }
        ],
    }


def looks_of(commands: Iterable[Command]) -> Looks:
    """Look at the market that these commands make."""
    engine = Engine()
    found = Looks([], [], [], [])
    first_ns: Nanoseconds | None = None
    step_ns, next_ns = round(STEP_S * _SECOND), 0
    price: Price | None = None
    before: Price | None = None
    trades = 0
    first_trade_ns: Nanoseconds | None = None
    second_trade_ns: Nanoseconds | None = None
    last_entry_ns = 0
    kept: list[Command] = list(commands)
    for command in kept:
        if type(command) is EnterOrder:
            last_entry_ns = command.at_ns
    for command in kept:
        if type(command) is EnterOrder and first_ns is None:
            first_ns = command.at_ns
            next_ns = first_ns + round(WARM_UP_S * _SECOND)
        if command.at_ns > last_entry_ns:
            break  # everybody stops
        while first_ns is not None and command.at_ns >= next_ns:
            if before is not None and price is not None:
                found.price_move.append(abs(price - before))
                found.trades.append(trades)
                if first_trade_ns is not None and second_trade_ns is not None:
                    found.gap.append((second_trade_ns - first_trade_ns) / _SECOND)
                book = next(iter(engine.books.values()))
                bid, ask = best_level(book.bids), best_level(book.asks)
                if bid is not None and ask is not None:
                    found.spread.append(ask[0] - bid[0])
            before, trades, first_trade_ns, second_trade_ns = price, 0, None, None
            next_ns += step_ns
        for event in engine.apply(command):
            if type(event) is Trade:
                price = event.price
                trades += 1
                if first_trade_ns is None:
                    first_trade_ns = command.at_ns
                elif second_trade_ns is None and command.at_ns > first_trade_ns:
                    second_trade_ns = command.at_ns
    return found


def compare(one: Sequence[Looks], other: Sequence[Looks], rng: Random) -> Parity:
    """All that was looked at in some runs against others."""
    p_values = []
    for measure in range(len(_MEASURES)):
        first = [value for looks in one for value in looks[measure]]
        second = [value for looks in other for value in looks[measure]]
        p_values += [permutation_p(first, second, rng), mann_whitney(first, second)[1]]
    return Parity(holm(p_values), (sum(len(one[0]) for one in one), sum(len(one[0]) for one in other)))


def simulated(values: Values, seed: int) -> Looks:
    """One run in virtual time."""
    commands: list[Command] = []
    run = Run(scenario_of(values, "parity"), place="parity", seed=seed)
    run.on_turn(lambda turn: commands.extend(turn.commands))
    run.run()
    return looks_of(commands)


class Live(NamedTuple):
    """One live run."""

    looks: Looks
    to_venue_ns: list[Nanoseconds]
    from_venue_ns: list[Nanoseconds]


def live(values: Values, seed: int, directory: Path, seconds: float = SECONDS) -> Live:
    """One run over TCP, a process for the venue and one for the traders.

    Raises:
        SessionBroken: it did not come about; with the last line that was said.
    """
    file, journal = directory / f"parity-{seed}.toml", directory / f"parity-{seed}.journal"
    file.write_text(_toml(values), encoding="utf-8")
    command = [sys.executable, "-m", "traders.live_run", str(file), str(journal), str(seconds), str(seed)]
    done = subprocess.run(command, capture_output=True, check=False)  # noqa: S603  # our own program
    if done.returncode:
        said = done.stderr.decode(errors="replace").strip().splitlines() or ["nothing"]
        raise SessionBroken(f"the live market ended with status {done.returncode}; it said: {said[-1]}")
    latencies = msgspec.json.decode(done.stdout, type=dict[str, list[int]])
    log = SqliteLog(journal, read_only=True)
    try:
        commands = [command for turn in log.turns() for command in turn.commands]
    finally:
        log.close()
    return Live(looks_of(commands), latencies["to_venue_ns"], latencies["from_venue_ns"])


def latency_like(measured_ns: Sequence[Nanoseconds]) -> dict[str, Any]:
    """A log-normal latency with the least, the median and the spread of what was measured."""
    ordered = sorted(max(ns, 0) for ns in measured_ns)
    floor_ns = ordered[len(ordered) // 100]
    above = [ns - floor_ns for ns in ordered if ns > floor_ns]
    middle = max(round(median(above)), 1)
    high = max(above[len(above) * 84 // 100], middle)
    ratio = high / middle
    # ln(ratio) by halving: one standard deviation above the median is e**sigma times it.
    sigma, step = 0.0, 2.5
    while step > 0.001:
        if exp(sigma + step) <= ratio:
            sigma += step
        step /= 2
    return {"model": "lognormal", "floor_ns": floor_ns, "median_ns": middle, "sigma": round(sigma, 3)}


def validate(directory: Path | None = None) -> list[Check]:
    """The claim and its counter-proof, with ``len(LIVE_SEEDS)`` live runs of ``SECONDS`` each.

    Raises:
        SessionBroken: a live run did not come about.
    """
    with tempfile.TemporaryDirectory(prefix="tontine-parity-") as own:
        runs = [live(crowd(), seed, directory or Path(own)) for seed in LIVE_SEEDS]
    measured = [ns for run in runs for ns in (*run.to_venue_ns, *run.from_venue_ns)]
    latency = latency_like(measured)
    looks = [run.looks for run in runs]
    same = compare(looks, _many(crowd(latency=latency)), Random(1))
    wider = compare(looks, _many(crowd(latency=latency, range_ticks=24)), Random(2))
    fewer = compare(looks, _many(crowd(latency=latency, count=35)), Random(3))
    took = f"latency {median(measured) / 1e6:.2f} ms in the middle, {len(LIVE_SEEDS)} live runs of {SECONDS:.0f} s"
    return [
        Check(
            "live over TCP and in virtual time: the same market",
            f"no p-value below {LEVEL}",
            f"{_said(same)}; {took}",
            same.is_same,
        ),
        *(
            Check(
                f"the test tells apart: {what}",
                f"a p-value below {LEVEL}",
                _said(found),
                not found.is_same,
            )
            for what, found in (("a range of 24 ticks, not 12", wider), ("35 traders, not 50", fewer))
        ),
    ]


def _many(values: Values) -> list[Looks]:
    return [simulated(values, seed) for seed in SIMULATED_SEEDS]


def _said(parity: Parity) -> str:
    found = [min(parity.p_values[place : place + 2]) for place in range(0, len(parity.p_values), 2)]
    text = ", ".join(f"{name} {p:.3f}" for name, p in zip(_MEASURES, found, strict=True))
    return f"{text} ({parity.sizes[0]} and {parity.sizes[1]} looks)"


def _toml(values: Values) -> str:
    """A scenario in the form of its file."""
    return "".join(f"{key} = {_inline(value)}\n" for key, value in values.items())


def _inline(value: Any) -> str:
    if isinstance(value, Mapping):
        return "{ " + ", ".join(f"{key} = {_inline(one)}" for key, one in value.items()) + " }"
    if isinstance(value, list):
        return "[" + ", ".join(_inline(one) for one in value) + "]"
    return msgspec.json.encode(value).decode()

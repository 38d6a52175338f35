"""A scenario, live, from its venue to its last logout, for whoever compares it with the same in virtual time.

    python -m traders.live_run scenario.toml live.journal 20 1

In: a scenario, where the venue's journal may lie, for how long, a seed. Out: the journal, and on standard output one line of JSON:
how long messages took to the venue and back, in nanoseconds, as the traders and the venue stamped them: one machine, one clock.
"""

import asyncio
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

import msgspec

from protocol.clock import Clock, SystemClock
from protocol.messages import Accepted, InstrumentInfo
from protocol.vocabulary import Nanoseconds, Symbol
from traders.fleet import Fleet
from traders.roster import Member
from traders.scenario import load_scenario
from traders.strategies.base import Strategy
from traders.strategies.intents import Event, Intent, Place, Reported, Tag
from traders.venue_process import own_venue

MOST_KEPT: Final = 100_000
"""Latencies of each way."""


class Latencies(msgspec.Struct):
    """What was measured."""

    to_venue_ns: list[Nanoseconds] = []
    from_venue_ns: list[Nanoseconds] = []


class Timed(Fleet):
    """A fleet that looks at the clock whenever one of its strategies enters an order, and when it hears of it."""

    latencies: Latencies

    def strategy_of(self, trader: Member, known: Mapping[Symbol, InstrumentInfo]) -> Strategy:
        strategy = super().strategy_of(trader, known)
        _timed(strategy, self.clock, self.latencies)
        return strategy


def _timed(strategy: Strategy, clock: Clock, latencies: Latencies) -> None:
    decide = strategy.on_event
    sent: dict[Tag | None, Nanoseconds] = {}

    def on_event(event: Event) -> Sequence[Intent]:
        now_ns = clock.now_ns()
        if isinstance(event, Reported) and isinstance(event.report, Accepted):
            sent_ns = sent.pop(event.tag, None)
            if sent_ns is not None and len(latencies.to_venue_ns) < MOST_KEPT:
                latencies.to_venue_ns.append(event.report.at_ns - sent_ns)
                latencies.from_venue_ns.append(now_ns - event.report.at_ns)
        intents = decide(event)
        for intent in intents:
            if isinstance(intent, Place):
                sent[intent.tag] = now_ns
        return intents

    strategy.on_event = on_event  # type: ignore[method-assign]  # of this one alone


async def live_run(file: Path, journal: Path, seconds: float, seed: int) -> Latencies:
    """Run it.

    Raises:
        SessionBroken: the venue did not start, or every session broke.
        ConfigError: the scenario is wrong.
    """
    latencies = Latencies()
    scenario = load_scenario(file)
    async with own_venue(journal, "--scenario", str(file)) as venue:
        fleet = Timed(
            scenario, clock=SystemClock(), place=str(file), host=venue.host, port=venue.port, seed=seed
        )
        fleet.latencies = latencies
        stop = asyncio.Event()
        asyncio.get_running_loop().call_later(seconds, stop.set)
        await fleet.run(stop)
    return latencies


def main(arguments: Sequence[str]) -> None:
    """For programs: FILE JOURNAL SECONDS SEED."""
    file, journal, seconds, seed = arguments
    latencies = asyncio.run(live_run(Path(file), Path(journal), float(seconds), int(seed)))
    sys.stdout.buffer.write(msgspec.json.encode(latencies) + b"\n")


if __name__ == "__main__":
    main(sys.argv[1:])

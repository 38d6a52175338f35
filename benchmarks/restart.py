"""How fast a venue comes back: journalled commands a second, decoded, applied and counted again.

In: how carefully to measure. Out: the rate of ``recover`` on a journal without a snapshot, which a
venue and a journal wrote here, in turns, from a realistic flow. A start after a snapshot replays
only what came after it.
"""

from collections.abc import Iterator
from typing import Final

from benchmarks import flow
from benchmarks.report import Plan, Result
from benchmarks.servers import disk_directory
from benchmarks.timing import median_rate, seconds
from exchange.access import Access
from exchange.choices import Sync
from exchange.journal.recovery import recover, start_from
from exchange.journal.sqlite import SqliteLog
from exchange.peers import Touched
from exchange.venue import Venue
from protocol.clock import SystemClock

_TARGET: Final = 300_000
_TURN: Final = 500
"""Commands in a turn: about what a busy venue commits together."""


def measure(plan: Plan, *, length: int = 200_000) -> Iterator[Result]:
    """One figure, from one journal."""
    with disk_directory() as directory:
        log = SqliteLog(directory / "restart.journal", Sync.OFF)
        try:
            last_seq = _write(log, length, plan.seed)
            times_s = [seconds(lambda: _bring_back(log, last_seq)) for _ in range(plan.samples)]
        finally:
            log.close()
    yield Result(
        "restart", f"{last_seq:,} commands without a snapshot", median_rate(last_seq, times_s), "commands/s",
        target=_TARGET, samples=plan.samples,
    )  # fmt: skip


def _write(log: SqliteLog, length: int, seed: int) -> int:
    made = flow.stationary(length, seed=seed)
    touched: Touched = []
    state = start_from(None, SystemClock().now_ns, touched, log.archive())
    venue = Venue("bench", state.sequencer, state.reports, touched, Access(open=True))
    for number, command in enumerate([*made.warm_up, *made.commands], 1):
        venue.act(command)
        if number % _TURN == 0:
            _end_turn(venue, log)
    _end_turn(venue, log)
    return state.sequencer.last_seq


def _end_turn(venue: Venue, log: SqliteLog) -> None:
    turn = venue.take_turn()
    if turn is not None:
        log.append(turn, venue.reports.history.hand_over())


def _bring_back(log: SqliteLog, last_seq: int) -> None:
    state = recover(log, SystemClock().now_ns, [])
    if state.sequencer.last_seq != last_seq:
        raise AssertionError(f"{state.sequencer.last_seq} commands came back of {last_seq}")

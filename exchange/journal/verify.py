"""``tontine verify``: proves that a journal gives the same events and the same state again.

In: a journal's path. Out: a table for a person, and whether all of it held. Three proofs: SQLite's
own check of the file; the whole journal replayed from nothing, with the events of every turn, the
private messages of every account and the state at every snapshot compared; and the last snapshot
plus the turns after it, which must end in the same state (rule 50). On request a fourth: that money
is conserved after every single command (rule 43).
"""

import time
from pathlib import Path

from rich.console import Console
from rich.progress import Progress
from rich.table import Table

from exchange.history import NOTHING_WRITTEN
from exchange.journal.messages import PrivateCheck
from exchange.journal.recovery import check, recover, start_from
from exchange.journal.sqlite import SqliteLog
from protocol.clock import ManualClock
from protocol.errors import JournalError, VenueError


def verify(path: Path, console: Console | None = None, *, ledger: bool = False) -> bool:
    """Check the journal at ``path`` and print what was found. ``ledger``: look through all the books after
    every command, too.

    Raises:
        JournalError: there is no journal at that path.
    """
    console = console or Console()
    if not path.is_file():
        raise JournalError(str(path), "no such file")
    log = SqliteLog(path, read_only=True)
    try:
        return _verify(log, console, str(path), ledger=ledger)
    finally:
        log.close()


def _verify(log: SqliteLog, console: Console, name: str, *, ledger: bool) -> bool:
    started = time.perf_counter()
    # Replaying needs no clock: every command carries its time.
    now_ns = ManualClock().now_ns
    state = start_from(None, now_ns, [], NOTHING_WRITTEN)
    private = PrivateCheck(log.archive(), state.reports.history)
    turns = commands = events = 0
    fault = log.damage()
    if fault is None:
        try:
            with Progress(console=console, transient=True, disable=not console.is_terminal) as progress:
                task = progress.add_task("replaying", total=None)
                for checked in check(log, state, private, ledger=ledger):
                    turns += 1
                    commands += checked.commands
                    events += checked.events
                    fault = fault or checked.fault
                    progress.update(task, description=f"replaying, command {checked.last_seq:,}")
            state_hash = state.image().state_hash()
            if fault is None and recover(log, now_ns, []).image().state_hash() != state_hash:
                fault = "the last snapshot and what follows it end in another state than the whole journal"
        except VenueError as error:
            fault = str(error)
    table = Table(title=f"journal {name}", show_header=False)
    table.add_row(
        "commands",
        f"{commands:,} in {turns:,} turns, numbered 1 to {state.sequencer.last_seq:,} without a gap",
    )
    table.add_row("events", f"{events:,}")
    table.add_row("private messages", f"{private.compared:,} kept, {private.made:,} in all")
    if ledger:
        table.add_row("ledger", "conserved after every command" if fault is None else "see the verdict")
    table.add_row("snapshots", ", ".join(f"after {image.seq:,}" for image, _ in log.snapshots()) or "none")
    table.add_row("state hash", state.image().state_hash())
    table.add_row("took", f"{time.perf_counter() - started:.2f} s")
    table.add_row("verdict", "same events, same state" if fault is None else f"FAILED: {fault}")
    console.print(table)
    return fault is None

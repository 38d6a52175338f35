"""What commands print when they are done.

In: results. Out: tables on a ``rich`` console; plain text where it is no terminal.
"""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from rich.console import Console
from rich.live import Live
from rich.table import Table

from traders.fleet_status import Status
from traders.replay import ReplayCheck
from traders.roster import GroupResult, Report, Roster

SHOWN_DIFFERENCES: Final = 5
SHOWN_FAULTS: Final = 10
TERMINAL_EVERY_S: Final = 1.0
PLAIN_EVERY_S: Final = 5.0


def show_fleet(console: Console, fleet: Roster, elapsed_s: float) -> None:
    """Orders, trades and profit by group. Profit adds price units times quantity over instruments."""
    table = Table(title=f"{elapsed_s:.1f} s, seed {fleet.seed}", title_justify="left")
    results = fleet.results()
    headings = ["traders", "sessions", "broken", "orders", "refused", "fills", "profit"]
    more = [word for word in ("reconnects", "faults") if any(getattr(one, word) for one in results)]
    for heading in (*headings, *more):
        table.add_column(heading, justify="left" if heading == "traders" else "right")
    for one in results:
        numbers = (one.traders, one.broken, one.orders, one.refused, one.fills)
        table.add_row(
            one.name,
            *(f"{number:,}" for number in numbers),
            f"{one.profit:+,}",
            *(f"{getattr(one, word):,}" for word in more),
        )
    console.print(table)
    if fleet.first_failure is not None:
        console.print(f"first broken session: {fleet.first_failure}", highlight=False, markup=False)
    faults = fleet.faults
    for fault in faults[:SHOWN_FAULTS]:
        console.print(
            f"stopped: {fault.group}, {fault.account}: {fault.error}",
            highlight=False,
            markup=False,
            soft_wrap=True,
        )
    if len(faults) > SHOWN_FAULTS:
        console.print(f"{len(faults) - SHOWN_FAULTS:,} more were stopped", highlight=False)


@contextmanager
def status_of(console: Console, every_s: float | None) -> Iterator[Report | None]:
    """How a fleet does, while the block lasts: a table on a terminal, lines where there is none.

    ``every_s``: seconds between two looks; 0: none; ``None``: as suits the console.
    """
    if every_s is None:
        every_s = TERMINAL_EVERY_S if console.is_terminal else PLAIN_EVERY_S
    if not every_s:
        yield None
        return
    status = Status(time.monotonic())
    if not console.is_terminal:

        def say(results: list[GroupResult]) -> None:
            status.note(results, time.monotonic())
            console.print(status.line(), highlight=False, soft_wrap=True)

        yield Report(say, every_s)
        return
    with Live(console=console, auto_refresh=False, transient=True) as live:

        def draw(results: list[GroupResult]) -> None:
            status.note(results, time.monotonic())
            live.update(status.table(), refresh=True)

        yield Report(draw, every_s)


def show_check(console: Console, check: ReplayCheck, elapsed_s: float) -> None:
    """What a replay found: counts, then the first differences."""
    table = Table(
        title=f"{elapsed_s:.1f} s, {check.acknowledged / elapsed_s:,.0f} commands/s", title_justify="left"
    )
    for heading in ("checked", "expected", "met"):
        table.add_column(heading, justify="left" if heading == "checked" else "right")
    table.add_row("commands acknowledged", f"{check.commands:,}", f"{check.acknowledged:,}")
    table.add_row("executions", f"{check.executions:,}", f"{check.executions_met:,}")
    table.add_row("published books", f"{check.books:,}", f"{check.books_met:,}")
    console.print(table)
    for text in check.differences[:SHOWN_DIFFERENCES]:
        console.print(f"differs: {text}", highlight=False, markup=False, soft_wrap=True)
    if check.different > SHOWN_DIFFERENCES:
        console.print(f"{check.different - SHOWN_DIFFERENCES:,} more differences", highlight=False)
    if check.is_complete:
        console.print("everything is as published", highlight=False)

"""What commands print when they are done.

In: results. Out: tables on a ``rich`` console; plain text where it is no terminal.
"""

from typing import Final

from rich.console import Console
from rich.table import Table

from traders.replay import ReplayCheck
from traders.roster import Roster

SHOWN_DIFFERENCES: Final = 5


def show_fleet(console: Console, fleet: Roster, elapsed_s: float) -> None:
    """Orders, trades and profit by group. Profit adds price units times quantity over instruments."""
    table = Table(title=f"{elapsed_s:.1f} s, seed {fleet.seed}", title_justify="left")
    for heading in ("traders", "sessions", "broken", "orders", "refused", "fills", "profit"):
        table.add_column(heading, justify="left" if heading == "traders" else "right")
    results = fleet.results()
    for one in results:
        numbers = (one.traders, one.broken, one.orders, one.refused, one.fills)
        table.add_row(one.name, *(f"{number:,}" for number in numbers), f"{one.profit:+,}")
    console.print(table)
    if any(one.broken for one in results):
        failure = next(one.failure for one in fleet.traders if one.failure is not None)
        console.print(f"first broken session: {failure}", highlight=False, markup=False)


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

"""What the commands of the simulation show on a terminal: tables, and how far a run is.

In: outcomes, comparisons, checks. Out: text on standard output. Progress goes to standard error, and only where that is a
terminal.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn
from rich.table import Table

from simulation import native
from simulation.inference import Interval, interval_of, number
from simulation.outcome import Outcome
from simulation.validation import Check


@contextmanager
def progress(title: str) -> Iterator[Callable[[float], object]]:
    """Shows a bar as it is told how much is done, from 0 to 1."""
    console = Console(stderr=True)
    if not console.is_terminal:
        yield lambda _: None
        return
    columns = (TextColumn(title, markup=False), BarColumn(), TaskProgressColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console, transient=True) as bar:
        task = bar.add_task(title, total=1.0)
        yield lambda done: bar.update(task, completed=done)


def show_run(outcome: Outcome) -> None:
    """One run: its groups, its hash, its faults."""
    with_units = any(group.surplus_mean is not None for group in outcome.groups)
    table = _table("group", "strategy", *_NUMBERS, *(["surplus"] if with_units else []), numbers=_NUMBERS)
    for group in outcome.groups:
        surplus = [] if group.surplus_mean is None else [number(group.surplus_mean)]
        table.add_row(
            group.name, group.strategy, f"{group.traders:,}", f"{group.orders:,}", f"{group.refused:,}",
            f"{group.fills:,}", number(group.pnl_mean), number(group.pnl_sd), *surplus,
        )  # fmt: skip
    console = _console()
    console.print(table)
    console.print(_about(outcome))
    record = [
        f"{name.removeprefix('replay.').replace('_', ' ')} {count:,.0f}"
        for name, count in outcome.figures.items()
        if name.startswith("replay.") and count
    ]
    if record:
        console.print(f"record: {', '.join(record)}")
    console.print(f"hash {outcome.digest}", soft_wrap=True)
    _show_faults(console, [outcome])


def show_runs(outcomes: Sequence[Outcome], level: float) -> None:
    """Several runs of one scenario: the figures of each, and their means with intervals."""
    console = _console()
    names = shared_figures(outcomes)
    chosen = [name for name in names if name in _COLUMNS] + [
        name for name in names if name.startswith("pnl.")
    ]
    runs = _table("seed", *chosen, "hash", numbers=("seed", *chosen))
    for outcome in outcomes:
        runs.add_row(
            str(outcome.seed), *(number(outcome.figures[name]) for name in chosen), outcome.digest[:12]
        )
    console.print(runs)
    means = _table("figure", "mean", f"{100 * level:g} % interval of the mean", numbers=("mean",))
    for name in names:
        one = interval_of([outcome.figures[name] for outcome in outcomes], level)
        means.add_row(name, number(one.mean), span(one))
    console.print(means)
    _show_faults(console, outcomes)


def show_table(headers: Sequence[str], rows: Iterable[Sequence[str]], numbers: Sequence[str] = ()) -> None:
    """Any table; ``numbers`` are the columns that stand to the right."""
    table = _table(*headers, numbers=numbers)
    for row in rows:
        table.add_row(*row)
    _console().print(table)


def show_checks(checks: Iterable[Check]) -> None:
    """Target, result and verdict of each."""
    table = _table("claim", "target", "result", "verdict")
    for one in checks:
        table.add_row(one.name, one.target, one.result, "[green]pass[/]" if one.passed else "[red]FAIL[/]")
    _console().print(table)


def shared_figures(outcomes: Sequence[Outcome]) -> list[str]:
    """Names of the figures that all runs have."""
    return [name for name in outcomes[0].figures if all(name in one.figures for one in outcomes)]


def span(one: Interval) -> str:
    """``low to high``."""
    return f"{number(one.low)} to {number(one.high)}"


_NUMBERS = ("traders", "orders", "refused", "fills", "pnl mean", "pnl sd")
_COLUMNS = ("trades", "volume", "spread", "efficiency", "alpha", "surplus")


def _about(outcome: Outcome) -> str:
    ratio = outcome.virtual_s / outcome.took_s if outcome.took_s else 0.0
    compiled = " compiled" if native.in_use() else ""
    return (
        f"{outcome.name}, seed {outcome.seed}: {outcome.virtual_s:,.0f} s of market in {outcome.took_s:,.2f} s{compiled}, "
        f"{number(ratio)} times as fast as the clock; {outcome.commands:,} commands, {outcome.handled:,} events"
    )


def _show_faults(console: Console, outcomes: Sequence[Outcome]) -> None:
    for outcome in outcomes:
        for fault in outcome.faults:
            console.print(
                f"fault: {fault.account} of {fault.group}, seed {outcome.seed}: {fault.error}",
                style="red",
                markup=False,
                soft_wrap=True,
            )


def _table(*headers: str, numbers: Sequence[str] = ()) -> Table:
    table = Table()
    for header in headers:
        table.add_column(header, justify="right" if header in numbers or header == "surplus" else "left")
    return table


def _console() -> Console:
    """Text in a file or a pipe is not cut at 80 columns."""
    console = Console(highlight=False)
    return console if console.is_terminal else Console(highlight=False, width=160)

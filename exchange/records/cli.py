"""The commands about history: ``history``, ``export`` and ``import``.

In: what a person types. Out: files, or lines on standard output that other programs read.
"""

from pathlib import Path
from typing import Annotated

import typer

from exchange.choices import ExportFormat, ExportWhat
from protocol.vocabulary import Interval

history = typer.Typer(no_args_is_help=True, help="The history of a journal: trades, candles, positions.")
imports = typer.Typer(no_args_is_help=True, help="Bring a history of somebody else's files.")

Journal = Annotated[Path, typer.Argument(help="Journal of a venue.")]


@history.command("rebuild")
def rebuild(
    journal: Journal,
    into: Annotated[
        Path | None,
        typer.Option(help="A new file instead of the one beside the journal; then the venue may be running."),
    ] = None,
) -> None:
    """Make the history again out of the journal; the same, row by row, as was written live.

    Example: tontine history rebuild venue.journal
    """
    from exchange.records.rebuild import rebuild as make

    path, place = make(journal, into)
    print(f"{path} goes to command {place.seq:,}")


@history.command("catch-up")
def catch_up(journal: Journal) -> None:
    """Bring the history to the end of its journal. A venue that fell behind does this by itself.

    Example: tontine history catch-up venue.journal
    """
    import os

    from exchange.records import rebuild as rebuilding
    from exchange.records.store import Store
    from protocol.errors import JournalError

    if not journal.is_file():
        raise JournalError(str(journal), "no such file")
    os.nice(10)  # the venue comes first
    with Store(rebuilding.beside(journal)) as store:
        place = rebuilding.catch_up(journal, store)
    print(f"{store.path} goes to command {place.seq:,}")


def export(
    journal: Annotated[Path, typer.Argument(help="Journal of a venue, running or not; or a history file.")],
    what: Annotated[ExportWhat, typer.Option(help="What to export.")] = ExportWhat.TRADES,
    form: Annotated[ExportFormat, typer.Option("--format", help="Parquet needs --out.")] = ExportFormat.CSV,
    symbol: Annotated[str | None, typer.Option(help="Of this instrument only.")] = None,
    interval: Annotated[Interval, typer.Option(help="Length of the candles.")] = Interval.MINUTE,
    begin: Annotated[
        str | None, typer.Option("--from", help="Not before this date or time (UTC), as in 2026-11-21T09:30.")
    ] = None,
    end: Annotated[str | None, typer.Option("--to", help="Before this date or time (UTC).")] = None,
    out: Annotated[Path | None, typer.Option(help="A new file instead of standard output.")] = None,
) -> None:
    """Write trades, candles or positions for other programs.

    Example: tontine export venue.journal --what candles --interval 5m --format parquet --out acme.parquet
    """
    from exchange.records.export import Wanted, export_to, moment_ns

    wanted = Wanted(
        what,
        symbol,
        interval,
        None if begin is None else moment_ns("--from", begin),
        None if end is None else moment_ns("--to", end),
    )
    export_to(journal, wanted, form, out)


@imports.callback()
def _imports() -> None:
    """Bring a history of somebody else's files."""


@imports.command("lobster")
def lobster(
    file: Annotated[Path, typer.Argument(metavar="ZIP", help="As LOBSTER delivers it; or the message file.")],
    into: Annotated[Path, typer.Option(help="History to add to; made if there is none. Not a venue's.")],
    symbol: Annotated[str | None, typer.Option(help="Instead of the ticker in the file's name.")] = None,
    date: Annotated[str | None, typer.Option(help="Instead of the date in the file's name.")] = None,
    timezone: Annotated[str, typer.Option(help="Where the file's midnight is.")] = "America/New_York",
    most_bytes: Annotated[int, typer.Option(min=1, help="What a file may unpack to.")] = 4 * 1024**3,
    flow: Annotated[
        Path | None, typer.Option(help="Write the day's order flow, too, for `tontine replay`; a new file.")
    ] = None,
) -> None:
    """Bring the executions of a LOBSTER file into a history, all of them or, if a line is damaged, none.

    Example: tontine import lobster GOOG_2012-06-21.zip --into goog.history --flow goog.jsonl.gz
    """
    from datetime import date as calendar

    from exchange.records.importing import import_lobster
    from exchange.records.lobster_flow import write_flow
    from protocol.errors import ConfigError

    try:
        day = None if date is None else calendar.fromisoformat(date)
    except ValueError as error:
        raise ConfigError("--date", f"{date!r} is no date, such as 2012-06-21") from error
    if flow is not None:
        lines = write_flow(file, flow, most_bytes=most_bytes)
        print(f"{flow} has {lines:,} lines; send them with `tontine replay {flow}`")
    found = import_lobster(file, into, symbol=symbol, day=day, zone=timezone, most_bytes=most_bytes)
    print(f"{into} has {found.trades:,} trades of {found.symbol} on {found.date}")

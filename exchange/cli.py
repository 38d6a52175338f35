"""The venue's commands: ``serve``, ``verify`` and ``conform``.

In: what a person types. Out: a running venue, or a verdict. Wrong use is one line and exit code 2.
"""

from pathlib import Path
from typing import Annotated

import typer

from exchange.choices import LogFormat, LogLevel, Sync

app = typer.Typer(no_args_is_help=True, add_completion=False, rich_markup_mode="rich")


@app.callback()
def _venue() -> None:
    """Run a venue."""


@app.command()
def serve(
    file: Annotated[
        Path | None, typer.Argument(help="Venue file (TOML). Without one: ACME, BOLT and CORN.")
    ] = None,
    host: Annotated[str | None, typer.Option(help="Address to listen on instead of the file's.")] = None,
    port: Annotated[
        int | None, typer.Option(min=0, max=65535, help="Port instead of the file's; 0: any.")
    ] = None,
    journal: Annotated[str | None, typer.Option(help="Journal instead of the file's; 'off': none.")] = None,
    sync: Annotated[Sync | None, typer.Option(help="When a command counts as written.")] = None,
    log_format: Annotated[
        LogFormat, typer.Option(help="Form of the log on standard error.")
    ] = LogFormat.AUTO,
    log_level: Annotated[LogLevel, typer.Option(help="debug logs every command.")] = LogLevel.INFO,
    uvloop: Annotated[bool, typer.Option("--uvloop", help="Run on uvloop (extra 'speed').")] = False,
    until_eof: Annotated[
        bool, typer.Option("--until-eof", help="Stop when standard input, a pipe, ends: for programs.")
    ] = False,
) -> None:
    """Run a venue until Ctrl-C or SIGTERM.

    Example: tontine serve --port 7001 --journal my.journal
    """
    from exchange import config as venue_config
    from exchange import logs, server

    config = venue_config.read(file) if file else venue_config.VenueConfig()
    tcp = {key: value for key, value in (("host", host), ("port", port)) if value is not None}
    kept: dict[str, object] = {}
    if journal is not None:
        kept["path"] = None if journal == "off" else Path(journal)
    if sync is not None:
        kept["sync"] = sync
    config = config.model_copy(
        update={
            "tcp": config.tcp.model_copy(update=tcp),
            "journal": config.journal.model_copy(update=kept),
        }
    )
    logs.configure(log_format, log_level)
    server.run(config, log_commands=log_level is LogLevel.DEBUG, uvloop=uvloop, until_eof=until_eof)


@app.command()
def verify(
    journal: Annotated[Path, typer.Argument(help="Journal of a venue, running or not.")],
) -> None:
    """Replay a journal and prove that it gives the same events and the same state.

    Exit code 1 if it does not. Example: tontine verify my.journal
    """
    from exchange.journal.verify import verify as check_journal

    raise typer.Exit(0 if check_journal(journal) else 1)


@app.command()
def conform(
    files: Annotated[list[Path], typer.Argument(metavar="FILE...", help="Cases, one JSON object a line.")],
    show: Annotated[
        str | None, typer.Option(metavar="ID", help="Show this case step by step, expected beside come out.")
    ] = None,
    verbose: Annotated[
        bool, typer.Option("--verbose", "-v", help="Say why each skipped case was skipped.")
    ] = False,
) -> None:
    """Run market situations through the matching engine and compare every effect with what they expect.

    Exit code 1 if one differs. Example: tontine conform examples/market-situations.jsonl
    """
    from exchange.conformance.command import conform as run_cases

    raise typer.Exit(0 if run_cases(files, show=show, verbose=verbose) else 1)

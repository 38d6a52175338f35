"""The venue's commands: ``init``, ``check``, ``hash-secret``, ``serve``, ``verify`` and ``conform``.

In: what a person types. Out: a running venue, a file, or a verdict. Wrong use is one line and exit code 2.
Secrets are never on the command line, where every other user of the machine could read them. Commands about history are
in ``exchange.records.cli``.
"""

import importlib
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Final

import typer

from exchange.choices import LogFormat, LogLevel, Runtime, Sync
from exchange.records import cli as records

LONGEST_SECRET: Final = 256
"""Characters, as in the protocol's ``login``."""

_SCENARIOS: Final = "simulation.live"
"""Module that reads what venue a scenario is for: a name, for the exchange knows no traders."""

_SERVERS: Final = {Runtime.ASYNCIO: "exchange.server", Runtime.LEGACY: "legacy.venue.server"}
"""Modules that run a venue. Names, for the exchange does not know ``legacy``, which is built out of it."""

app = typer.Typer(no_args_is_help=True, add_completion=False, rich_markup_mode="rich")
app.add_typer(records.history, name="history")
app.add_typer(records.imports, name="import")
app.command()(records.export)


@app.callback()
def _venue() -> None:
    """Run a venue."""


@app.command()
def init(
    file: Annotated[Path, typer.Argument(help="Where to.")] = Path("venue.toml"),
    tls: Annotated[
        bool, typer.Option("--tls", help="Make a self-signed certificate and its key, too (needs openssl).")
    ] = False,
    open_venue: Annotated[
        bool, typer.Option("--open", help="A venue without secrets, for programs on this machine only.")
    ] = False,
    force: Annotated[bool, typer.Option("--force", help="Overwrite what is there.")] = False,
) -> None:
    """Write a venue file to begin with: two traders, an operator, a viewer.

    Their secrets are shown once and kept nowhere. Example: tontine init my-venue.toml --tls
    """
    from exchange.founding import found

    given = found(file, tls=tls, open_venue=open_venue, force=force)
    print(f"{file} is written; only you can read it.")
    if given:
        print("Secrets, shown this once (the file has their hashes):")
        for account, role, secret in given:
            print(f"  {account:6} {role:10} {secret}")
    print(f"Look at it with `tontine check {file}`, start it with `tontine serve {file}`.")


@app.command()
def check(file: Annotated[Path, typer.Argument(help="Venue file (TOML).")]) -> None:
    """Say what a venue file would run, or all that is wrong with it.

    Exit code 1 if anything is. Example: tontine check venue.toml
    """
    from rich.console import Console

    from exchange import overview, tls, venue_file
    from protocol.errors import ConfigError

    try:
        config = venue_file.read(file)
        tls.server_context(config.tcp)
        if config.http is not None:
            tls.server_context(config.http, "http")
    except ConfigError as error:
        print(error, file=sys.stderr)
        raise typer.Exit(1) from error
    console = Console()
    for table in overview.tables(config):
        console.print(table)


@app.command()
def hash_secret() -> None:
    """Read a secret from standard input, or ask for it, and print the hash for a venue file.

    Example: tontine hash-secret < secret.txt
    """
    from exchange.access import hash_secret as hash_of
    from protocol.errors import ConfigError

    if sys.stdin.isatty():
        secret = typer.prompt("Secret", hide_input=True, confirmation_prompt=True, err=True)
    else:
        secret = sys.stdin.readline().removesuffix("\n")
    if not 0 < len(secret) <= LONGEST_SECRET:
        raise ConfigError("secret", f"{len(secret)} characters; 1 to {LONGEST_SECRET} can be sent in a login")
    print(hash_of(secret))


@app.command()
def serve(
    file: Annotated[
        Path | None, typer.Argument(help="Venue file (TOML). Without one, and --open: ACME, BOLT and CORN.")
    ] = None,
    open_venue: Annotated[
        bool, typer.Option("--open", help="Let in any name without a secret; on loopback only.")
    ] = False,
    scenario: Annotated[
        str | None,
        typer.Option(
            help="The venue of this scenario (its name or file), open, with its traders' accounts, on loopback."
        ),
    ] = None,
    host: Annotated[str | None, typer.Option(help="Address to listen on instead of the file's.")] = None,
    port: Annotated[
        int | None, typer.Option(min=0, max=65535, help="Port instead of the file's; 0: any.")
    ] = None,
    http_port: Annotated[
        int | None, typer.Option(min=0, max=65535, help="Serve HTTP, too, on this port; 0: any.")
    ] = None,
    journal: Annotated[str | None, typer.Option(help="Journal instead of the file's; 'off': none.")] = None,
    sync: Annotated[Sync | None, typer.Option(help="When a command counts as written.")] = None,
    log_format: Annotated[
        LogFormat, typer.Option(help="Form of the log on standard error.")
    ] = LogFormat.AUTO,
    log_level: Annotated[LogLevel, typer.Option(help="debug logs every command.")] = LogLevel.INFO,
    runtime: Annotated[
        Runtime, typer.Option(help="What runs it; legacy: generators alone, without asyncio, TCP only.")
    ] = Runtime.ASYNCIO,
    monitor: Annotated[
        Path | None,
        typer.Option(help="Local socket for `python -m legacy.monitor`; with --runtime legacy."),
    ] = None,
    uvloop: Annotated[bool, typer.Option("--uvloop", help="Run on uvloop (extra 'speed').")] = False,
    until_eof: Annotated[
        bool, typer.Option("--until-eof", help="Stop when standard input, a pipe, ends: for programs.")
    ] = False,
) -> None:
    """Run a venue until Ctrl-C or SIGTERM; at SIGHUP it reads its file again.

    With --scenario it is the venue that `tontine simulate` has in virtual time: keeps no journal unless one is given,
    and its schedule is moved so that the scenario's starts_at is now. `tontine fleet` brings the traders.

    Example: tontine serve venue.toml --journal my.journal
    """
    from exchange import logs, venue_file
    from exchange.config import VenueConfig
    from protocol.errors import ConfigError

    if file is not None and scenario is not None:
        raise ConfigError("--scenario", f"it describes the venue, and so does {file}: leave one of them out")
    if file is None and scenario is None and not open_venue:
        raise ConfigError(
            "no venue file",
            "write one with `tontine init`, or add --open for a venue without secrets on this machine",
        )
    tcp = {key: value for key, value in (("host", host), ("port", port)) if value is not None}
    http = {} if http_port is None else {"port": http_port}
    kept: dict[str, object] = {}
    if journal is not None:
        kept["path"] = None if journal == "off" else Path(journal)
    if sync is not None:
        kept["sync"] = sync
    keys = {"open": True} if open_venue else {}
    started = datetime.now(UTC)

    def read() -> VenueConfig:
        config = VenueConfig()
        if file is not None:
            config = venue_file.read(file)
        elif scenario is not None:
            config = importlib.import_module(_SCENARIOS).venue_of(scenario, started)
        return venue_file.changed(config, tcp=tcp, http=http, journal=kept, **keys)

    config = read()
    logs.configure(log_format, log_level)
    importlib.import_module(_SERVERS[runtime]).run(
        config,
        read_again=None if file is None and scenario is None else read,
        log_commands=log_level is LogLevel.DEBUG,
        monitor=monitor,
        uvloop=uvloop,
        until_eof=until_eof,
    )


@app.command()
def openapi() -> None:
    """Print the description of the HTTP gateway: OpenAPI 3.1, as a venue serves it at /openapi.json.

    Example: tontine openapi > openapi.json
    """
    import json

    from exchange.gateways.http.openapi import document

    print(json.dumps(document(), indent=2))


@app.command()
def verify(
    journal: Annotated[Path, typer.Argument(help="Journal of a venue, running or not.")],
    ledger: Annotated[
        bool, typer.Option("--ledger", help="Prove after every command that money is conserved, too.")
    ] = False,
) -> None:
    """Replay a journal and prove that it gives the same events and the same state.

    Exit code 1 if it does not. Example: tontine verify my.journal --ledger
    """
    from exchange.journal.verify import verify as check_journal

    raise typer.Exit(0 if check_journal(journal, ledger=ledger) else 1)


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

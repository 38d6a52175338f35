"""The commands about ready scenarios: ``tontine scenarios``, and what is below it.

In: what a person types. Out: tables and files. What goes wrong is raised as a ``VenueError`` for the caller to put in one
line.
"""

from pathlib import Path
from typing import Annotated

import typer

scenarios = typer.Typer(add_completion=False)

Name = Annotated[str, typer.Argument(help="Of a scenario that comes along, or a file of yours.")]


@scenarios.callback(invoke_without_command=True)
def _list(context: typer.Context) -> None:
    """Show the scenarios that come along: what they are, who trades, how long.

    Example: tontine scenarios
    """
    if context.invoked_subcommand is not None:
        return
    from rich.console import Console
    from rich.markup import escape
    from rich.table import Table

    from simulation.ready import names, scenario
    from simulation.scenario_facts import facts_of

    table = Table("scenario", "title", "traders", "length", "strategies", box=None, pad_edge=False)
    table.columns[2].justify = table.columns[3].justify = "right"
    for name in names():
        facts = facts_of(scenario(name))
        table.add_row(
            name, escape(facts.title), f"{facts.traders:,}", facts.length, ", ".join(facts.strategies)
        )
    Console().print(table)


@scenarios.command()
def show(name: Name) -> None:
    """Print the file of a scenario.

    Example: tontine scenarios show flash_crash
    """
    from simulation.ready import found

    typer.echo(_text(found(name)), nl=False)


@scenarios.command()
def copy(name: Name, file: Annotated[Path, typer.Argument(help="Where to; it must not exist.")]) -> None:
    """Copy a scenario, to make one of your own out of it.

    Example: tontine scenarios copy flash_crash mine.toml
    """
    from protocol.errors import ConfigError
    from simulation.ready import found

    text = _text(found(name))
    try:
        with file.open("x", encoding="utf-8") as out:
            out.write(text)
    except FileExistsError as error:
        raise ConfigError(str(file), "this file exists; a copy is never written over another file") from error
    typer.echo(f"{file}: tontine simulate {file}")


@scenarios.command()
def venue(name: Name) -> None:
    """Print a venue file for a scenario, to run it live.

    Example: tontine scenarios venue flash_crash > venue.toml
    """
    from simulation.ready import found
    from simulation.scenario_facts import venue_file
    from traders.scenario import load_scenario

    path = found(name)
    typer.echo(venue_file(load_scenario(path), str(path)), nl=False)


def _text(path: Path) -> str:
    from protocol.errors import ConfigError

    try:
        return path.read_text(encoding="utf-8")
    except OSError as error:
        raise ConfigError(str(path), error.strerror or str(error)) from error

"""The commands of the simulation: ``simulate``.

In: what a person types. Out: a run in virtual time, its figures, an exit code. What goes wrong is raised as a
``VenueError`` for the caller to put in one line.
"""

from pathlib import Path
from typing import Annotated

import typer

app = typer.Typer(no_args_is_help=True, add_completion=False)


@app.callback()
def _simulation() -> None:
    """Run markets in virtual time."""


@app.command()
def simulate(
    file: Annotated[Path, typer.Argument(help="Scenario (TOML).")],
    seed: Annotated[int | None, typer.Option(min=0, help="Seed of all chance.")] = None,
    check: Annotated[
        str | None, typer.Option(metavar="HASH", help="Fail unless the event log has this hash.")
    ] = None,
) -> None:
    """Run a scenario in virtual time.

    Example: tontine simulate examples/fleet.toml --seed 7
    """
    from simulation.run import simulate as run_scenario
    from traders.scenario import load_scenario

    run = run_scenario(load_scenario(file), place=str(file), seed=seed)
    typer.echo(
        f"{run.log.commands} commands, {run.kernel.handled} events, seed {run.seed}, hash {run.log.digest}"
    )
    if check is not None and check != run.log.digest:
        raise typer.Exit(1)

"""The commands of the simulation: ``simulate``, ``facts``, ``compare``, ``sweep``, ``report``, ``validate``, ``compile``.

In: what a person types. Out: runs in virtual time, their figures, an exit code. What goes wrong is raised as a
``VenueError`` for the caller to put in one line.
"""

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from simulation.scenarios_cli import scenarios

app = typer.Typer(no_args_is_help=True, add_completion=False)
app.add_typer(scenarios, name="scenarios")

Scenario = Annotated[str, typer.Argument(metavar="SCENARIO", help="A file (TOML), or a ready one by name.")]
Changes = Annotated[
    list[str] | None,
    typer.Option("--set", metavar="KEY=VALUE", help="Set one value, such as traders.0.parameters.x=3."),
]
Seeds = Annotated[str, typer.Option(metavar="A..B", help="Seeds, such as 1..100 or 1,5,9.")]
Jobs = Annotated[int, typer.Option(min=1, help="Processes; the results do not depend on it.")]
Level = Annotated[float, typer.Option(min=0.5, max=0.999, help="Of the intervals.")]


class Form(StrEnum):
    """What tables are written as."""

    PARQUET = "parquet"
    CSV = "csv"


@app.callback()
def _simulation() -> None:
    """Run markets in virtual time."""


def _prefer_compiled() -> None:
    """In every command that runs simulations, before it imports what they are made of."""
    from simulation import native

    native.prefer()


@app.command()
def simulate(
    scenario: Scenario,
    seed: Annotated[
        int | None, typer.Option(min=0, help="Seed of all chance; left out: the scenario's.")
    ] = None,
    seeds: Annotated[
        str | None, typer.Option(metavar="A..B", help="A run for each, such as 1..100 or 1,5,9.")
    ] = None,
    jobs: Jobs = 1,
    out: Annotated[
        Path | None,
        typer.Option(help="Directory to keep the run in; of several runs the directory above theirs."),
    ] = None,
    form: Annotated[
        Form | None,
        typer.Option("--format", help="Of its tables; left out: parquet where pyarrow is installed."),
    ] = None,
    record: Annotated[bool, typer.Option(help="Keep the run; of several only with --out.")] = True,
    check: Annotated[
        str | None, typer.Option(metavar="HASH", help="Fail unless the event log has this hash.")
    ] = None,
    change: Changes = None,
) -> None:
    """Run a scenario in virtual time, and keep it in runs/NAME-SEED.

    Exit code 1 if its event log has not the hash asked for.
    Example: tontine simulate examples/fleet.toml --seed 7
    """
    _prefer_compiled()
    from protocol.errors import ConfigError
    from simulation import commands

    if seeds is not None and (seed is not None or check is not None):
        raise ConfigError("--seeds", "means several runs; --seed and --check mean one")
    chosen = None if form is None else commands.format_named(form.value)
    if seeds is not None:
        commands.simulate_many(scenario, change or [], seeds, jobs, out if record else None, chosen)
        return
    outcome = commands.simulate_one(scenario, change or [], seed, out, chosen, record=record)
    if check is not None and check != outcome.digest:
        typer.echo(f"tontine: the hash is {outcome.digest}, not {check}", err=True)
        raise typer.Exit(1)


@app.command()
def facts(
    scenario: Scenario,
    seed: Annotated[int | None, typer.Option(min=0, help="Left out: the scenario's.")] = None,
    change: Changes = None,
) -> None:
    """Run a scenario, and measure whether it behaves like a market: the stylised facts.

    Exit code 1 if a fact is missing. Example: tontine facts day --seed 3
    """
    _prefer_compiled()
    from simulation import commands

    if not commands.show_facts(scenario, change or [], seed):
        raise typer.Exit(1)


@app.command()
def compare(
    first: Annotated[str, typer.Argument(metavar="A", help="A scenario: a file, or a ready one.")],
    second: Annotated[
        str | None, typer.Argument(metavar="[B]", help="Another one; left out: A, with --set-b.")
    ] = None,
    seeds: Seeds = "1..20",
    metric: Annotated[
        str, typer.Option(help="surplus, pnl.GROUP, efficiency, alpha, spread, trades, ...")
    ] = "surplus",
    groups: Annotated[
        str | None,
        typer.Option(metavar="A,B", help="Compare two groups of traders of one scenario instead."),
    ] = None,
    change: Changes = None,
    change_b: Annotated[
        list[str] | None, typer.Option("--set-b", metavar="KEY=VALUE", help="As --set, of B only.")
    ] = None,
    level: Level = 0.95,
    bootstrap: Annotated[bool, typer.Option(help="Intervals by resampling instead of Student's t.")] = False,
    jobs: Jobs = 1,
) -> None:
    """Compare two markets, or two kinds of traders in one, over the same seeds.

    Example: tontine compare duel --groups zip,gdx --metric surplus --seeds 1..100
    """
    _prefer_compiled()
    from simulation import studies

    studies.show_comparison(
        studies.Wanted(
            first, second, seeds, metric, groups, tuple(change or ()), tuple(change_b or ()), level,
            "bootstrap" if bootstrap else "t", jobs,
        )
    )  # fmt: skip


@app.command()
def sweep(
    scenario: Scenario,
    vary: Annotated[
        list[str],
        typer.Option(metavar="KEY=V,V,...", help="A value to vary; given twice: every combination."),
    ],
    seeds: Seeds = "1..10",
    metric: Annotated[
        list[str] | None, typer.Option(help="Figure to show; may be given again. Left out: all.")
    ] = None,
    change: Changes = None,
    level: Level = 0.95,
    out: Annotated[Path | None, typer.Option(help="Directory for sweep.csv and its pictures.")] = None,
    jobs: Jobs = 1,
) -> None:
    """Run a scenario with different values, over the same seeds, and show what they do to its figures.

    Example: tontine sweep day --vary traders.0.count=100,500,1000 --metric spread
    """
    _prefer_compiled()
    from simulation import studies

    studies.show_sweep(scenario, vary, seeds, metric or [], change or [], level, out, jobs)


@app.command()
def report(
    run: Annotated[Path, typer.Argument(help="Directory of a run.")],
    out: Annotated[
        Path | None, typer.Option(help="The page; left out: report.html in the directory.")
    ] = None,
    pictures: Annotated[bool, typer.Option(help="Write each figure as PNG too.")] = True,
) -> None:
    """Write a page about a run: prices, depth, profits, efficiency, stylised facts. It needs no network.

    Example: tontine report runs/day-1
    """
    from simulation.reports.page import write_report

    for path in write_report(run, out, pictures=pictures):
        typer.echo(str(path))


@app.command()
def validate(
    only: Annotated[
        list[str] | None, typer.Option(help="A part; may be given again. Left out: all of them.")
    ] = None,
    short: Annotated[bool, typer.Option("--short", help="Fewer periods and shorter days: a minute.")] = False,
) -> None:
    """Check the simulation against what economists measured: target, result and verdict, with fixed seeds.

    Parts: auctions, day, conservation, parity, determinism. Exit code 1 if anything fails.
    Example: tontine validate --short
    """
    _prefer_compiled()
    from simulation import validating

    if not validating.show(only or [], short=short):
        raise typer.Exit(1)


@app.command("compile")
def compile_simulation(
    remove: Annotated[bool, typer.Option("--remove", help="Remove all that was compiled.")] = False,
    check: Annotated[
        bool, typer.Option("--check", help="Say whether compiled modules are there and fit.")
    ] = False,
) -> None:
    """Compile the simulation's hot modules: the same markets, two to three times as fast. Needs a C compiler.

    They go to the user's cache directory and are used from then on, until the source changes. Exit code 1 if something is
    missing, or if compiled markets would not be the same. Example: tontine compile
    """
    from protocol.errors import ConfigError

    if remove and check:
        raise ConfigError("compile", "give --remove or --check, not both")
    from simulation import compile_command

    if remove:
        done = compile_command.remove_modules()
    elif check:
        done = compile_command.check_modules()
    else:
        done = compile_command.compile_modules()
    if not done:
        raise typer.Exit(1)

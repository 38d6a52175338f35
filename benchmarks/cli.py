"""The command of this room: ``tontine bench``.

In: names of benchmarks. Out: a table, or JSON lines; exit code 0, and with ``--check`` 1 if a target
was missed.
"""

from typing import Annotated

import typer

app = typer.Typer()


@app.command()
def bench(
    names: Annotated[list[str] | None, typer.Argument(metavar="NAME", help="Which; all if none.")] = None,
    json: Annotated[bool, typer.Option("--json", help="One JSON line a figure.")] = False,
    list_only: Annotated[
        bool, typer.Option("--list", help="Show what there is, and measure nothing.")
    ] = False,
    check: Annotated[bool, typer.Option("--check", help="Exit code 1 if a target is missed.")] = False,
    samples: Annotated[
        int | None, typer.Option(min=1, help="Runs a figure is the median of.", show_default="5")
    ] = None,
    seconds: Annotated[
        float, typer.Option(min=1, help="How long feed watches a thousand WebSockets.")
    ] = 20.0,
    quick: Annotated[bool, typer.Option(help="A short look, where a whole one takes minutes.")] = False,
) -> None:
    """Measure this machine against its own floor.

    Example: tontine bench engine wire --samples 3
    """
    from rich.console import Console

    from benchmarks import suite
    from benchmarks.report import SAMPLES, Plan, as_json, cpu_model, show

    running = suite.chosen(names or [])
    if list_only:
        for name in running:
            print(f"{name:10}  {suite.BENCHMARKS[name].about}")
        return
    plan = Plan(samples or (1 if quick else SAMPLES), seconds=seconds, quick=quick)
    # A pipe has no width: wide enough for every row to stay on one line.
    console = Console() if Console().is_terminal else Console(width=160)
    if not json:
        import os
        import platform

        machine = f"{cpu_model()}, {os.cpu_count()} cores, {platform.system()}"
        console.print(
            f"{machine}; Python {platform.python_version()}; seed {plan.seed}, {plan.samples} samples",
            highlight=False,
        )
    missed = 0
    for name in running:
        results = []
        for result in suite.measure(name, plan):
            missed += result.met is False
            results.append(result)
            if json:
                print(as_json(result), flush=True)
        if not json:
            show(console, results)
    if check and missed:
        raise typer.Exit(1)

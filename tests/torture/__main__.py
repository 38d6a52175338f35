"""``make torture``: the ordeal in full.

In: a seed, how many events. Out: one line for each check, with what was found and whether its target was
met; exit code 1 if one was not, and then the journal is kept.
"""

import asyncio
import shutil
import tempfile
from pathlib import Path
from typing import Annotated, Final

import typer
from rich.console import Console

from exchange.choices import Runtime
from tests.torture.judge import Finding
from tests.torture.mortal import VenueFailed
from tests.torture.ordeal import Ordeal, Plan

_SHOWN: Final = 5


def torture(
    seed: Annotated[int, typer.Option(help="Of all events and wishes.")] = 1,
    events: Annotated[int, typer.Option(min=1, help="How many kills and cuts.")] = 200,
    accounts: Annotated[int, typer.Option(min=2, help="How many trade.")] = 50,
    runtime: Annotated[Runtime, typer.Option(help="Of the venue.")] = Runtime.ASYNCIO,
) -> None:
    """Kill a venue and cut its connections while accounts trade, then look for anything that is lost or doubled."""
    console = Console(soft_wrap=True, highlight=False)
    # On a disk: /tmp may be memory, and the journal is meant to survive.
    directory = Path(tempfile.mkdtemp(prefix="tontine-torture-", dir="/var/tmp"))  # private to us

    def tell(line: str) -> None:
        console.print(line, markup=False)

    async def run() -> bool:
        report = await Ordeal(Plan(seed, events, accounts, runtime=runtime), directory, tell).run()
        tell(report.done)
        for finding in report.findings:
            for line in lines(finding):
                tell(line)
        return report.met

    met = False
    try:
        met = asyncio.run(run())
    except VenueFailed as failed:
        tell(f"NOT MET  the run did not come to its end: {failed}")
    finally:
        if met:
            shutil.rmtree(directory)
        else:
            tell(f"the journal is kept in {directory}")
    raise typer.Exit(0 if met else 1)


def lines(finding: Finding) -> list[str]:
    """For people: the finding, and below it the first faults."""
    faults = [f"    {fault}" for fault in finding.faults[:_SHOWN]]
    if len(finding.faults) > _SHOWN:
        faults.append(f"    and {len(finding.faults) - _SHOWN} more")
    return [str(finding), *faults]


if __name__ == "__main__":
    typer.run(torture)

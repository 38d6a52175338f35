"""How far a command is.

In: a replay under way. Out: a progress bar on a ``rich`` console; nothing where it is no terminal.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from traders.replayer import Replay

PROGRESS_INTERVAL_S: Final = 0.1


@asynccontextmanager
async def progress_of(console: Console, replay: Replay) -> AsyncIterator[None]:
    """A progress bar while the block runs; nothing where there is no terminal."""
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=console, auto_refresh=False, disable=not console.is_terminal) as progress:
        bar = progress.add_task("commands", total=replay.check.commands)

        async def redraw() -> None:
            while True:
                progress.update(bar, completed=replay.check.acknowledged, refresh=True)
                await asyncio.sleep(PROGRESS_INTERVAL_S)

        redrawing = asyncio.create_task(redraw())
        try:
            yield
        finally:
            redrawing.cancel()
            await asyncio.wait((redrawing,))
            progress.update(bar, completed=replay.check.acknowledged, refresh=True)

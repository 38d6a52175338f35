"""A room whose commands go wrong in every way a command may."""

import asyncio
import os

import typer

from protocol.errors import ConfigError, SessionBroken

app = typer.Typer()


@app.command()
def wrong_file() -> None:
    """Read a file with a mistake in it."""
    raise ConfigError("venue.toml: tcp.port", "too large")


@app.command()
def wrong_all_over() -> None:
    """Read a file with several."""
    raise ConfigError("venue.toml: tcp.port", "too large", [ConfigError("venue.toml: name", "too long")])


@app.command()
def broken() -> None:
    """Lose the connection."""
    raise SessionBroken("the venue is gone")


@app.command()
def refused() -> None:
    """Meet a closed door."""
    raise ConnectionRefusedError(111, "Connection refused")


@app.command()
def broken_twice() -> None:
    """Lose the connection in two tasks at once."""

    async def lose() -> None:
        await asyncio.sleep(0)
        raise SessionBroken("the venue is gone")

    async def work() -> None:
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(lose())
            tasks.create_task(lose())

    asyncio.run(work())


@app.command()
def interrupted() -> None:
    """Be stopped from the keyboard."""
    raise KeyboardInterrupt


@app.command()
def unlucky() -> None:
    """Do its work, and find the result negative."""
    raise typer.Exit(1)


@app.command()
def our_fault() -> None:
    """Run into a fault of the program."""
    raise LookupError("nobody thought of this")


@app.command()
def our_fault_in_a_task() -> None:
    """Run into a fault of the program among others."""
    raise ExceptionGroup("tasks", [SessionBroken("the venue is gone"), LookupError("nobody thought of this")])


@app.command()
def talkative() -> None:
    """Print more than a reader wants."""
    print("x" * 1_000_000)
    os.write(1, b"")

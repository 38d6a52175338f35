"""The ``tontine`` command: the commands of all rooms under one name.

In: the command line. Out: what the command prints, and the exit status: 0 done, 1 failed, 2 wrong
use (an unknown option, a wrong file). Whatever goes wrong is one line on standard error; of a file that
a person wrote, one for each fault.
"""

import gc
import os
import sys
from collections.abc import Iterator, Sequence
from importlib import import_module
from typing import Annotated, Final, cast

import typer

__version__ = "0.1.0"

ROOMS: Final = ("exchange", "traders", "simulation", "benchmarks", "protocol")
"""Rooms with commands, in the order of the help page: each has a module ``cli`` with an ``app``."""

FAILED: Final = 1
WRONG_USE: Final = 2
INTERRUPTED: Final = 130
"""What a shell reports for a program ended by SIGINT."""


def build(rooms: Sequence[str] = ROOMS) -> typer.Typer:
    """The whole command; the modules of the rooms are imported here."""
    command = typer.Typer(
        name="tontine",
        help="A matching exchange for automated traders: JSON lines over TCP, one process, one port.",
        epilog="Example: tontine demo --seconds 8",
        add_completion=False,
        no_args_is_help=True,
        pretty_exceptions_enable=False,
    )
    command.callback()(_options)
    for room in rooms:
        app = import_module(f"{room}.cli").app
        command.registered_commands += app.registered_commands
        command.registered_groups += app.registered_groups
    return command


def _show_version(wanted: bool) -> None:
    if wanted:
        print(f"tontine {__version__}")
        raise typer.Exit


def _options(
    version: Annotated[
        bool, typer.Option("--version", callback=_show_version, is_eager=True, help="Show the version.")
    ] = False,
) -> None:
    pass


def main(rooms: Sequence[str] = ROOMS, name: str = "tontine") -> None:
    """Run the command and leave with its status. For a process that is the command's own.

    ``python -m exchange`` and ``python -m traders`` are this with one room, under their own name.
    """
    # Modules are imported and stay. Looking through them after every 700 new objects is a sixth of the time to start.
    gc.set_threshold(50_000, 20, 100)
    sys.exit(run(sys.argv[1:], rooms, name))


def run(arguments: Sequence[str], rooms: Sequence[str] = ROOMS, name: str = "tontine") -> int:
    """Run the command; return the exit status. Nothing is raised for what a user or the world does wrong."""
    from protocol.errors import ConfigError, VenueError

    try:
        status = build(rooms)(list(arguments), prog_name=name, standalone_mode=False)
        sys.stdout.flush()
    except _UsageError as error:
        return _complain(_usage_text(error), WRONG_USE)
    except VenueError as error:
        return _complain(str(error), WRONG_USE if isinstance(error, ConfigError) else FAILED)
    except (KeyboardInterrupt, typer.Abort):
        return INTERRUPTED
    except BrokenPipeError:
        # Whoever read our output, `head` for one, has seen enough. What is still buffered goes nowhere.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return FAILED
    except OSError as error:
        return _complain(str(error), FAILED)
    except BaseExceptionGroup as group:
        # A task group wraps what its tasks raised. Anything but these is a fault of ours and keeps its trace.
        expected, unexpected = group.split((VenueError, OSError))
        if unexpected is not None or expected is None:
            raise
        return _complain("; ".join(dict.fromkeys(str(error) for error in _leaves(expected))), FAILED)
    return status if isinstance(status, int) else 0


# typer exports one kind of wrong use, whose base is all of them.
_UsageError = cast("type[Exception]", typer.BadParameter.__bases__[0])


def _usage_text(error: Exception) -> str:
    """One line: what is wrong, and where to read on. Empty after a help page, which said it all."""
    text = " ".join(str(error.format_message()).split())  # type: ignore[attr-defined]  # see _UsageError
    context = getattr(error, "ctx", None)
    where = context.command_path if context is not None else "tontine"
    return f"{text.rstrip('.')}; see {where} --help" if text else ""


def _leaves(group: BaseExceptionGroup[BaseException]) -> Iterator[BaseException]:
    for error in group.exceptions:
        if isinstance(error, BaseExceptionGroup):
            yield from _leaves(error)
        else:
            yield error


def _complain(text: str, status: int) -> int:
    for line in text.splitlines():
        print(f"tontine: {line}", file=sys.stderr)
    return status


if __name__ == "__main__":
    main()

"""Commands as a person types them, run in this process: that takes a tenth of the time of a process of their own.

In: the words after the name of the command, and what is typed at it. Out: what it printed, and its exit status. For commands
that end by themselves; what is shown of signals, pipes and terminals needs a real process.
"""

import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from io import StringIO
from typing import NamedTuple

import tontine


class Said(NamedTuple):
    """What a command printed, and how it ended."""

    returncode: int
    stdout: str
    stderr: str


def typed(*arguments: str, room: str = "", stdin: str = "") -> Said:
    """``tontine``, or ``python -m exchange`` and the like: a room's commands alone."""
    rooms: Sequence[str] = (room,) if room else tontine.ROOMS
    name = f"python -m {room}" if room else "tontine"
    with redirect_stdout(StringIO()) as out, redirect_stderr(StringIO()) as err, _reading(stdin):
        status = tontine.run(arguments, rooms, name)
    return Said(status, out.getvalue(), err.getvalue())


@contextmanager
def _reading(text: str) -> Iterator[None]:
    before, sys.stdin = sys.stdin, StringIO(text)
    try:
        yield
    finally:
        sys.stdin = before

"""structlog for the edges: readable lines on a terminal, JSON elsewhere, always on standard error.

In: the wanted form and level. Out: a configured structlog. Event names are past and constant, values
go into fields.
"""

import io
import logging
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import TextIO, cast

from exchange.choices import LogFormat, LogLevel
from exchange.engine.commands import Command
from exchange.engine.engine import Events
from exchange.plain_structlog import structlog
from protocol.vocabulary import AccountId


class _Unbreakable(io.TextIOBase):
    """A stream whose reader may go away: what is written then is lost, and nobody is stopped by it."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def write(self, text: str) -> int:
        with suppress(OSError):
            self._stream.write(text)
        return len(text)

    def flush(self) -> None:
        with suppress(OSError):
            self._stream.flush()


def configure(form: LogFormat, level: LogLevel) -> None:
    """Set structlog up for this process."""
    console = form is LogFormat.CONSOLE or (form is LogFormat.AUTO and sys.stderr.isatty())
    renderer: structlog.typing.Processor = (
        # Not the tracebacks that show the values of variables: some of those are secrets.
        structlog.dev.ConsoleRenderer(
            colors=sys.stderr.isatty(), exception_formatter=structlog.dev.plain_traceback
        )
        if console
        else structlog.processors.JSONRenderer()
    )
    processors: list[structlog.typing.Processor] = [
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    if not console:
        processors.append(structlog.processors.format_exc_info)
    structlog.configure(
        processors=[*processors, renderer],
        wrapper_class=structlog.make_filtering_bound_logger(logging.getLevelNamesMapping()[level.upper()]),
        logger_factory=structlog.PrintLoggerFactory(file=cast("TextIO", _Unbreakable(sys.stderr))),
        cache_logger_on_first_use=True,
    )


@contextmanager
def quiet() -> Iterator[None]:
    """While it lasts, a venue in this process logs errors only, to standard error: of a hundred simulated days nobody
    reads who opened when. Afterwards logging is as it was.
    """
    before = structlog.get_config() if structlog.is_configured() else None
    structlog.configure(
        wrapper_class=structlog.make_filtering_bound_logger(logging.ERROR),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
        cache_logger_on_first_use=False,
    )
    try:
        yield
    finally:
        if before is None:
            structlog.reset_defaults()
        else:
            structlog.configure(**before)


def log_outcome(account: AccountId | None, command: Command, events: Events) -> None:
    """One line for a command and what came of it."""
    structlog.get_logger().debug(
        "command_applied",
        account=account,
        seq=command.seq,
        command=type(command).__name__,
        events=[type(event).__name__ for event in events],
    )

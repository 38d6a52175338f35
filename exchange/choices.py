"""What a person may choose from, on the command line and in the venue file.

In: nothing. Out: enums. Apart from what they choose between, so that ``tontine --help`` need not
import the venue.
"""

from enum import StrEnum


class Sync(StrEnum):
    """When a turn counts as written to the journal; ``exchange.journal.sqlite`` says what each survives."""

    FULL = "full"
    NORMAL = "normal"
    OFF = "off"


class LogFormat(StrEnum):
    AUTO = "auto"  # console on a terminal, else JSON
    CONSOLE = "console"
    JSON = "json"


class LogLevel(StrEnum):
    DEBUG = "debug"  # every command and what came of it
    INFO = "info"  # connections, start and stop
    WARNING = "warning"
    ERROR = "error"

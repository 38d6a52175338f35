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


class Runtime(StrEnum):
    """What runs a venue."""

    ASYNCIO = "asyncio"
    LEGACY = "legacy"  # generators alone: docs/from-yield-to-await.md


class MarketRemainder(StrEnum):
    """What becomes of the rest of a market order (rule 17)."""

    CANCEL = "cancel"
    REST = "rest"


class RestingMarketPrice(StrEnum):
    """At which price a resting market order trades (rule 52)."""

    BEST = "best"  # its own side's best limit if that is better for the aggressor
    AGGRESSOR = "aggressor"  # always the aggressor's limit


class IcebergRefill(StrEnum):
    """Where a refilled peak stands (rule 23)."""

    BACK = "back"
    FRONT = "front"


class ReplacePriority(StrEnum):
    """Which replaces keep their place in the queue (rule 10)."""

    KEEP_ON_DECREASE = "keep_on_decrease"
    ALWAYS_LOSE = "always_lose"


class LogFormat(StrEnum):
    AUTO = "auto"  # console on a terminal, else JSON
    CONSOLE = "console"
    JSON = "json"


class LogLevel(StrEnum):
    DEBUG = "debug"  # every command and what came of it
    INFO = "info"  # connections, start and stop
    WARNING = "warning"
    ERROR = "error"


class ExportWhat(StrEnum):
    """What of a history is exported."""

    TRADES = "trades"
    CANDLES = "candles"
    POSITIONS = "positions"


class ExportFormat(StrEnum):
    PARQUET = "parquet"
    CSV = "csv"
    JSONL = "jsonl"  # one JSON object a line

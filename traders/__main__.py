"""``python -m traders``: the traders' commands without the rest of ``tontine``."""

import sys

from protocol.errors import ConfigError, VenueError
from traders.cli import app

if __name__ == "__main__":
    try:
        app(prog_name="python -m traders")
    except VenueError as error:
        print(f"error: {error}", file=sys.stderr)  # noqa: T201 - a command's answer
        sys.exit(2 if isinstance(error, ConfigError) else 1)

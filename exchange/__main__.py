"""``python -m exchange``: the venue's commands without the rest of ``tontine``."""

import sys

from exchange.cli import app
from protocol.errors import VenueError

if __name__ == "__main__":
    try:
        app(prog_name="python -m exchange")
    except VenueError as error:
        print(f"error: {error}", file=sys.stderr)
        sys.exit(1)

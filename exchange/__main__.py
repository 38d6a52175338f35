"""``python -m exchange``: the venue's commands without the rest of ``tontine``."""

import sys

import typer

from exchange.cli import app
from protocol.errors import VenueError

if __name__ == "__main__":
    try:
        app(prog_name="python -m exchange")
    except VenueError as error:
        typer.echo(f"error: {error}", err=True)
        sys.exit(1)

"""The command of this room: ``tontine schema``.

In: the command line. Out: the description of the wire on standard output, or in a page of the docs.
"""

from pathlib import Path
from typing import Annotated

import typer

app = typer.Typer()


@app.command()
def schema(
    markdown: Annotated[bool, typer.Option("--markdown", help="Tables for people instead.")] = False,
    asyncapi: Annotated[bool, typer.Option("--asyncapi", help="An AsyncAPI 3.0 document instead.")] = False,
    update: Annotated[
        Path | None,
        typer.Option(help="Make the generated parts of this page anew.", dir_okay=False),
    ] = None,
) -> None:
    """Print the JSON Schema of the protocol: every message and field, both ways.

    With --asyncapi also over what they travel, and what answers what; a venue with HTTP has the same document, with
    its own addresses, at /asyncapi.json.

    Example: tontine schema > tontine.schema.json
    """
    import json

    from protocol.asyncapi import document
    from protocol.errors import ConfigError
    from protocol.schema import json_schema, markdown_reference, refresh

    if update is not None:
        try:
            old = update.read_text(encoding="utf-8")
            new = refresh(old)
            if new != old:
                update.write_text(new, encoding="utf-8")
        except OSError as error:
            raise ConfigError(str(update), error.strerror or str(error)) from error
        except ConfigError as error:
            raise ConfigError(str(update), error.text) from error
    elif asyncapi:
        print(json.dumps(document(), indent=2))
    elif markdown:
        print(markdown_reference())
    else:
        print(json.dumps(json_schema(), indent=2))

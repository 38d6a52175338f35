"""``python -m legacy.twins 04``: runs the async twin of a step.

In: the command line. Out: lines on standard output; exit status 0, or 2 for wrong use.
"""

import asyncio
import sys
from importlib import import_module

NUMBERS = range(1, 19)
"""Steps 19 to 22 have ``async`` in them themselves."""


def run(words: list[str]) -> int:
    """Run one twin."""
    if len(words) != 1 or not words[0].isdecimal() or int(words[0]) not in NUMBERS:
        sys.stderr.write(f"usage: python -m legacy.twins NUMBER, from 1 to {NUMBERS[-1]}\n")
        return 2
    twin = import_module(f"legacy.twins.twin_{int(words[0]):02}")
    asyncio.run(twin.main(print))
    return 0


if __name__ == "__main__":
    sys.exit(run(sys.argv[1:]))

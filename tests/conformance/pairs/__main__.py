"""``python -m tests.conformance.pairs --update PAGE``: runs the suite, and makes the table of the page anew.

In: the command line. Out: the page; exit status 0, or 1 if a scenario failed or the page would change and is not to.
"""

import argparse
import sys
from pathlib import Path

from tests.conformance.pairs.page import run, updated


def main() -> int:
    """Do it; the exit status."""
    parser = argparse.ArgumentParser(
        prog="python -m tests.conformance.pairs", description=__doc__.partition("\n")[0]
    )
    parser.add_argument("page", type=Path)
    parser.add_argument("--update", action="store_true", help="write the page; else only compare")
    wanted = parser.parse_args()
    code, shown = run()
    before = wanted.page.read_text(encoding="utf-8")
    after = updated(before, shown)
    if wanted.update:
        wanted.page.write_text(after, encoding="utf-8")
    elif after != before:
        sys.stderr.write(f"{wanted.page} is not what the run showed: make docs\n")
        return 1
    return int(code != 0)


if __name__ == "__main__":
    sys.exit(main())

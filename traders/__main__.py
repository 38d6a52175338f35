"""``python -m traders``: the traders' commands without the rest of ``tontine``."""

import sys

from tontine import run

if __name__ == "__main__":
    sys.exit(run(sys.argv[1:], rooms=("traders",), name="python -m traders"))

"""``python -m exchange``: the venue's commands without the rest of ``tontine``."""

import sys

from tontine import run

if __name__ == "__main__":
    sys.exit(run(sys.argv[1:], rooms=("exchange",), name="python -m exchange"))

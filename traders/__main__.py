"""``python -m traders``: the traders' commands without the rest of ``tontine``."""

from tontine import main

if __name__ == "__main__":
    main(rooms=("traders",), name="python -m traders")

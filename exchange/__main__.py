"""``python -m exchange``: the venue's commands without the rest of ``tontine``."""

from tontine import main

if __name__ == "__main__":
    main(rooms=("exchange",), name="python -m exchange")

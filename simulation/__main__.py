"""``python -m simulation``: the commands of the simulation without the rest of ``tontine``."""

from tontine import main

if __name__ == "__main__":
    main(rooms=("simulation",), name="python -m simulation")

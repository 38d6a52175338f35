"""Trades of a tape, one at a time, by a class with ``__iter__`` and ``__next__``.

The flow: a trader looks through a day of trades. A day has millions of them; he wants to see one after the other.

``for`` asks an object for an iterator, ``__iter__``, and the iterator for one value after the other, ``__next__``, until
that raises ``StopIteration``. Where the reader is on its tape stands in the attributes of the object: between two calls
nothing else remembers it.
"""

from pathlib import Path
from typing import Self

from legacy.steps.registry import Out
from legacy.steps.tape import SAMPLE, parse, time_of_day, units
from protocol.market import TradePrint

TITLE = "Iterator protocol"
MISSING = "Twenty lines for one loop: what the reader has to remember stands in attributes, and not where it is used."


class TapeReader:
    """Reads one trade each time it is asked for one; the file is closed after the last."""

    def __init__(self, path: Path) -> None:
        self._file = path.open("rb")
        self.lines_read = 0

    def __iter__(self) -> Self:
        return self

    def __next__(self) -> TradePrint:
        line = b"" if self._file.closed else self._file.readline()
        if not line:
            self.close()
            raise StopIteration
        self.lines_read += 1
        return parse(line)

    def close(self) -> None:
        """Whoever does not read to the end has to call this himself."""
        self._file.close()


def main(out: Out) -> None:
    """Ask for two trades by hand, and let ``for`` ask for the others."""
    reader = TapeReader(SAMPLE)
    for trade in (next(reader), next(reader)):
        out(f"{time_of_day(trade.at_ns)}  {trade.quantity:>2} {trade.symbol} at {units(trade.price)}")
    out(f"read so far: {reader.lines_read} lines")

    rest = 0
    for _ in reader:
        rest += 1
    out(f"for has read the other {rest}")

    try:
        next(reader)
    except StopIteration:
        out("and once more: StopIteration")

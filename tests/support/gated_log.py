"""A journal whose disk waits until the test says so, and may be full.

In: turns. Out: the same, in a list, one for each time that the gate is opened.
"""

import threading
from collections.abc import Iterable, Iterator

from exchange.engine.sequencer import Turn
from exchange.history import Archive, Page
from exchange.journal.log import StoredTurn, VenueImage
from protocol.errors import JournalError
from protocol.vocabulary import Sequence


class GatedLog:
    """A journal whose disk waits until the test opens the gate."""

    def __init__(self) -> None:
        self.gate = threading.Semaphore(0)
        self.written: list[Turn] = []
        self.broken = False

    def append(self, turn: Turn, pages: Iterable[Page] = ()) -> int:
        self.gate.acquire()
        if self.broken:
            raise JournalError("disk", "full")
        self.written.append(turn)
        return 0

    def turns(self, after: Sequence = 0) -> Iterator[StoredTurn]:
        return iter(())

    def save_snapshot(self, image: VenueImage, pages: Iterable[Page] = ()) -> None: ...

    def archive(self) -> Archive:
        raise NotImplementedError

    def snapshots(self) -> Iterator[tuple[VenueImage, str]]:
        return iter(())

    def latest_snapshot(self) -> VenueImage | None:
        return None

    def close(self) -> None: ...

"""Proves that the private messages in a journal are those that follow from its commands.

In: a history that a replay from nothing fills, and the pages as they were written. Out: the first place
where they differ, or where a message is missing, double, or nobody's.
"""

from collections.abc import Iterable, Iterator
from typing import Protocol

from exchange.history import TAPE, Archive, History, Page
from exchange.journal.log import VenueImage
from protocol.vocabulary import AccountId, Sequence


class Listed(Archive, Protocol):
    """An archive that knows all its pages."""

    def places(self) -> Iterator[tuple[AccountId, Sequence, int]]:
        """Account, first number and count of every page, by account and number."""
        ...


class PrivateCheck:
    """Goes along with a replay. Every method returns the first fault it finds."""

    def __init__(self, archive: Listed, history: History) -> None:
        """``history``: of the replay, with ``NOTHING_WRITTEN``."""
        self._archive = archive
        self._history = history
        self._written: dict[AccountId, Sequence] = {}
        self.made = 0
        """Messages that follow from the commands so far; trades of the tape count, too."""
        self.compared = 0
        """How many of them are in the journal."""

    def begin(self, images: Iterable[VenueImage]) -> str | None:
        """Before the replay: no gap, nothing twice, and all that the snapshots promise."""
        written = self._written
        for account, first_seq, count in self._archive.places():
            expected = written.get(account, 0) + 1
            if first_seq != expected:
                what = "missing" if first_seq > expected else "there twice"
                return f"private message {min(first_seq, expected)} of {_whose(account)} is {what}"
            written[account] = first_seq + count - 1
        for image in images:
            for account, last_seq in [*image.private_seqs, (TAPE, image.engine.last_trade_id)]:
                if written.get(account, 0) < last_seq:
                    missing = written.get(account, 0) + 1
                    return (
                        f"private message {missing} of {_whose(account)}, from before the snapshot after command "
                        f"{image.seq}, is missing"
                    )
        return None

    def after_turn(self) -> str | None:
        """Compare what the turn completed."""
        return self._compare(self._history.hand_over())

    def end(self) -> str | None:
        """After the replay: compare the rest, and see that nothing more was written."""
        fault = self._compare(self._history.hand_over_rest())
        if fault is not None:
            return fault
        for account, last_seq in self._written.items():
            stream = self._history.tape if account == TAPE else self._history.streams.get(account)
            if stream is None or stream.last_seq < last_seq:
                return f"private message {last_seq} of {_whose(account)} follows from no command"
        return None

    def _compare(self, pages: list[Page]) -> str | None:
        for page in pages:
            page.written = True
            fault = self._fault_of(page)
            if fault is not None:
                return fault
        return None

    def _fault_of(self, page: Page) -> str | None:
        lines = page.lines().splitlines(keepends=True)
        self.made += len(lines)
        seq, end = page.first_seq, page.first_seq + len(lines)
        while seq < end and seq <= self._written.get(page.account, 0):
            stored = self._archive.find(page.account, seq)
            stored_lines = stored.lines.splitlines(keepends=True) if stored else []
            if stored is None or len(stored_lines) != stored.length:
                return f"the page with private message {seq} of {_whose(page.account)} is damaged"
            theirs = stored_lines[seq - stored.first_seq :][: end - seq]
            for line in theirs:
                if line != lines[seq - page.first_seq]:
                    return f"private message {seq} of {_whose(page.account)} is not the one that was sent"
                seq += 1
                self.compared += 1
        return None


def _whose(account: AccountId) -> str:
    return "the tape" if account == TAPE else repr(account)

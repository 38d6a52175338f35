"""What the venue asks of a journal, whatever keeps it.

In: turns of stamped commands, and pages of private messages that go with them. Out: the same turns
again, in order, each with the digest of the events it caused; snapshots of the state; the pages.
What is handed to ``append`` is safe when the call returns, as far as the journal's ``sync`` promises.
One writer at a time.

Private messages follow from the commands; they are kept so that old ones can be had without a replay.
All up to the last snapshot are there, and never one whose command is not.
"""

from collections.abc import Iterable, Iterator
from typing import NamedTuple, Protocol

import msgspec

from exchange.engine.commands import Command
from exchange.engine.engine import Events
from exchange.engine.sequencer import Turn
from exchange.engine.snapshot import EngineImage, digest
from exchange.history import Archive, Page
from protocol.vocabulary import AccountId, Nanoseconds, Sequence


class VenueImage(msgspec.Struct, frozen=True):
    """Everything a venue has to remember after command ``seq``."""

    seq: Sequence
    at_ns: Nanoseconds
    engine: EngineImage
    private_seqs: list[tuple[AccountId, Sequence]]

    def state_hash(self) -> str:
        """Equal states, and only those, have equal hashes."""
        return digest(self)


class StoredTurn(NamedTuple):
    """A turn as it was written."""

    first_seq: Sequence
    commands: list[Command]
    events_digest: str


def events_digest(events: list[Events]) -> str:
    """Digest of all events of a turn; a replay must give the same."""
    return digest(events)


class CommandLog(Protocol):
    """A journal, open for one venue."""

    def append(self, turn: Turn, pages: Iterable[Page] = ()) -> int:
        """Write a turn and pages, all or nothing; return when they are safe, the pages marked as written.

        Returns how many bytes of commands and messages that were. May be called from another thread, one call at a time.

        Raises:
            JournalError: it could not be written; the venue must stop and send nothing more.
        """
        ...

    def turns(self, after: Sequence = 0) -> Iterator[StoredTurn]:
        """All turns from command ``after + 1`` on, in order.

        Raises:
            JournalError: a turn is missing or unreadable.
        """
        ...

    def save_snapshot(self, image: VenueImage, pages: Iterable[Page] = ()) -> None:
        """Keep an image, and with it all private messages up to there that were not written before.

        A later start needs to replay only what came after it.
        """
        ...

    def snapshots(self) -> Iterator[tuple[VenueImage, str]]:
        """All images with the state hash each was stored under, oldest first."""
        ...

    def latest_snapshot(self) -> VenueImage | None:
        """The last image, if there is one."""
        ...

    def archive(self) -> Archive:
        """Where the pages can be read, from the thread that calls this, while another one writes."""
        ...

    def close(self) -> None:
        """Let go of the journal."""
        ...

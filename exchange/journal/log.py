"""What the venue asks of a journal, whatever keeps it.

In: turns of stamped commands. Out: the same turns again, in order, each with the digest of the
events it caused, and snapshots of the state. A turn handed to ``append`` is safe when the call
returns, as far as the journal's ``sync`` promises. One writer at a time.
"""

from collections.abc import Iterator
from typing import NamedTuple, Protocol

import msgspec

from exchange.engine.commands import Command
from exchange.engine.engine import Events
from exchange.engine.sequencer import Turn
from exchange.engine.snapshot import EngineImage, digest
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

    def append(self, turn: Turn) -> None:
        """Write a turn; return when it is safe. May be called from another thread, one call at a time.

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

    def save_snapshot(self, image: VenueImage) -> None:
        """Keep an image; a later start needs to replay only what came after it."""
        ...

    def snapshots(self) -> Iterator[tuple[VenueImage, str]]:
        """All images with the state hash each was stored under, oldest first."""
        ...

    def latest_snapshot(self) -> VenueImage | None:
        """The last image, if there is one."""
        ...

    def close(self) -> None:
        """Let go of the journal."""
        ...

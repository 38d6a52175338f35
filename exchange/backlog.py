"""What a connection has still to be sent of private streams before it can follow them live.

In: places in streams. Out: nothing; ``exchange.reports`` works it off, a page at a time.
"""

from exchange.history import PrivateStream
from protocol.vocabulary import Sequence


class Place:
    """How far a connection has got in one stream."""

    __slots__ = ("copied", "next_seq", "stream")

    def __init__(self, stream: PrivateStream, next_seq: Sequence, *, copied: bool) -> None:
        self.stream = stream
        self.next_seq = next_seq
        self.copied = copied
        """It is sent as a drop copy: each message says whose it is."""


Backlog = list[Place]
"""The stream that is being worked off stands first."""

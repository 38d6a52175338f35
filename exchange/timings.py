"""How long the venue takes, stage by stage, in buckets that double.

In: durations in nanoseconds, of a chunk or a turn and not of a command, at most some thousand a second. Out: how many fell into each bucket,
and their sum: plain numbers that whoever reads them makes a histogram of. Noting one is an addition in a
list: nothing is locked, nothing allocated.
"""

from enum import StrEnum
from typing import Final

BUCKETS: Final = 65
"""Bucket ``i`` counts durations below ``2**i`` nanoseconds that no smaller one holds; the last one is centuries."""


class Stage(StrEnum):
    """What a request goes through; ``DESCRIPTIONS`` says where each begins and ends."""

    RECEIVE = "receive"
    HANDLE = "handle"
    COMMIT = "commit"
    SEND = "send"
    ANSWER = "answer"


DESCRIPTIONS: Final[dict[Stage, str]] = {
    Stage.RECEIVE: "A chunk of a connection made into messages: framing and decoding.",
    Stage.HANDLE: "The messages of a chunk carried out: checks, matching, reports, market data.",
    Stage.COMMIT: "A turn in the journal, from handing it over until the loop learns that it is safe.",
    Stage.SEND: "The output of a turn encoded and handed to the sockets.",
    Stage.ANSWER: "From the first chunk of a turn until all of its output is with the sockets: all of the above, and waiting.",
}


class Timing:
    """Durations of one kind."""

    __slots__ = ("counts", "total_ns")

    def __init__(self) -> None:
        self.counts = [0] * BUCKETS
        self.total_ns = 0

    def note(self, duration_ns: int) -> None:
        """It took so long, which is not negative."""
        self.counts[duration_ns.bit_length()] += 1
        self.total_ns += duration_ns


class Timings:
    """All that a venue measures of itself."""

    def __init__(self) -> None:
        self.stages = {stage: Timing() for stage in Stage}
        self.receive = self.stages[Stage.RECEIVE]
        self.handle = self.stages[Stage.HANDLE]
        self.commit = self.stages[Stage.COMMIT]
        self.send = self.stages[Stage.SEND]
        self.answer = self.stages[Stage.ANSWER]

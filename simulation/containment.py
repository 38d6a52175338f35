"""Keeps a hostile or broken strategy from harming the run: names it, stops it, goes on.

In: what a strategy raised; a block during which strategies decide. Out: fault reports by kind; ``Hangs`` raised inside a
decision that takes too long. What a strategy may do at most says the scenario (``traders.containment``), what is done about
one that goes beyond is the agent's business.

A decision is watched by a timer of the operating system that fires a few times while the longest decision lasts, and
in between it costs the counting of decisions: it looks which one is under way, and interrupts one that it saw too often.
It reaches the main thread only, and not a call of a C library that does not come back.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from enum import StrEnum
from types import CodeType, FrameType
from typing import Final, NamedTuple

from protocol.errors import LocalProtocolError
from protocol.vocabulary import AccountId, Nanoseconds
from traders.alarm import looking_in
from traders.strategies.intents import Flooded

_LOOKS: Final = 4
"""While the longest decision lasts: it is interrupted at most a quarter late."""


class FaultKind(StrEnum):
    """How a strategy broke its promise."""

    RAISED = "raised"
    NONSENSE = "nonsense"
    FLOODED = "flooded"
    FELL_BEHIND = "fell behind"
    HUNG = "hung"


class FaultReport(NamedTuple):
    """A strategy that broke a promise."""

    at_ns: Nanoseconds
    group: str
    account: AccountId
    kind: FaultKind
    error: str


class FellBehind(Exception):
    """More waits for a strategy than it may leave waiting."""


class Hangs(BaseException):
    """Raised inside a decision; no ``Exception``, for the strategy may well catch these."""


def kind_of(error: BaseException) -> FaultKind:
    """What an error of a strategy amounts to."""
    match error:
        case Flooded():
            return FaultKind.FLOODED
        case FellBehind():
            return FaultKind.FELL_BEHIND
        case Hangs():
            return FaultKind.HUNG
        case LocalProtocolError():
            return FaultKind.NONSENSE
        case _:
            return FaultKind.RAISED


class Watch:
    """Sees to it that decisions end."""

    def __init__(
        self, longest_s: float, under_way: Callable[[], int], programs: frozenset[CodeType] = frozenset()
    ) -> None:
        """``under_way``: the number of the decision under way, 0 while there is none; no two have the same. ``programs``:
        functions that run a step of somebody's program; what they call is a decision as well.
        """
        self._longest_s = longest_s
        self._under_way = under_way
        self._programs = programs
        self._seen: int | FrameType | None = None
        self._times = 0

    @contextmanager
    def watching(self) -> Iterator[None]:
        """While the block lasts; see ``traders.alarm`` for where nobody can."""
        try:
            with looking_in(self._longest_s / _LOOKS, self._look):
                yield
        finally:
            self._seen = None

    def _look(self, _number: int, frame: FrameType | None) -> None:
        found: int | FrameType | None = self._under_way() or self._step(frame)
        if found is None or found != self._seen:
            self._seen, self._times = found, 0
            return
        self._times += 1
        if self._times >= _LOOKS:
            raise Hangs(f"no decision within {self._longest_s:g} s")

    def _step(self, frame: FrameType | None) -> FrameType | None:
        """The frame of a step is the same object for as long as the step lasts, and of no later one while we hold it."""
        while frame is not None and frame.f_code not in self._programs:
            frame = frame.f_back
        return frame

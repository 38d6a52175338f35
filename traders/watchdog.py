"""Ends the thoughts of a strategy that thinks for ever.

In: word from who asks strategies, before and after each answer. Out: ``Hangs``, raised inside a strategy that has not answered
for seconds, where a single thread would otherwise wait for it until the end of days. A timer of the operating system
interrupts the main thread; elsewhere, and on systems without such a timer, nobody is interrupted. A strategy that sits in a call
of a C library which does not come back, is beyond reach: the other processes of a fleet go on.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Final

from traders.alarm import looking_in

HANG_S: Final = 2.0
"""An answer that takes longer than twice this is none; nobody is interrupted before this."""


class Hangs(BaseException):
    """Raised inside the strategy; no ``Exception``, which it may well catch."""

    def __str__(self) -> str:
        return f"no answer within {HANG_S:.0f} s"


class Watchdog:
    """Looks every ``HANG_S`` seconds whether a strategy is still at the same thought."""

    __slots__ = ("_seen", "is_thinking", "thoughts")

    def __init__(self) -> None:
        self.is_thinking = False
        """Whether a strategy is being asked right now: set by who asks."""
        self.thoughts = 0
        """Counts them: one more before each."""
        self._seen = -1

    def _look(self, _number: int, _frame: FrameType | None) -> None:
        if self.is_thinking and self.thoughts == self._seen:
            raise Hangs
        self._seen = self.thoughts if self.is_thinking else -1

    @contextmanager
    def watching(self) -> Iterator[None]:
        """While the block lasts; see ``traders.alarm`` for where nobody can."""
        with looking_in(HANG_S, self._look):
            yield

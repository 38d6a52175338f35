"""Market-maker protection: quotes that trade too often in too short a time are pulled.

In: the trades of a quote set with their times. Out: whether the set is to be pulled now.
"""

from __future__ import annotations

from collections import deque

from protocol.vocabulary import Nanoseconds


class Protection:
    """How one quote set of one account is protected. Made anew, it counts from zero."""

    __slots__ = ("fills", "pulled", "times", "window_ns")

    def __init__(self, fills: int, window_ns: Nanoseconds) -> None:
        self.fills = fills
        self.window_ns = window_ns
        self.pulled = False
        """Its quotes were pulled, and no new ones are taken until the protection is set again."""
        self.times: deque[Nanoseconds] = deque()
        """When it traded, oldest first, as far as that still counts."""

    def traded(self, at_ns: Nanoseconds) -> bool:
        """Count a trade; whether this is the one that pulls the set.

        A trade counts for ``window_ns``: two of them at times t and t + window_ns are not within the window.
        """
        if self.pulled:
            return False
        times = self.times
        times.append(at_ns)
        while times[0] <= at_ns - self.window_ns:
            times.popleft()
        if len(times) < self.fills:
            return False
        self.pulled = True
        times.clear()
        return True

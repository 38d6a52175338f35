"""Where time comes from: a system clock for a running venue, a manual one for everything else.

In: nothing. Out: integer nanoseconds. Whoever needs the time is handed one of these and never
asks the operating system itself.
"""

import time
from typing import Protocol

from protocol.vocabulary import Nanoseconds


class Clock(Protocol):
    """Tells the time of day and the time passed."""

    def now_ns(self) -> Nanoseconds:
        """Nanoseconds since 1970-01-01 UTC; may step when the machine's clock is set."""
        ...

    def monotonic_s(self) -> float:
        """Seconds since some fixed moment; never goes back. For timeouts only."""
        ...


class SystemClock:
    """The machine's clocks; the functions themselves, as they are called for every command."""

    now_ns = staticmethod(time.time_ns)
    monotonic_s = staticmethod(time.monotonic)


class ManualClock:
    """A clock that moves when told to."""

    def __init__(self, start_ns: int = 0) -> None:
        self._start_ns = start_ns
        self._now_ns = start_ns

    def now_ns(self) -> Nanoseconds:
        return self._now_ns

    def monotonic_s(self) -> float:
        return (self._now_ns - self._start_ns) / 1e9

    def advance(self, *, seconds: float = 0, ns: int = 0) -> None:
        """Move forward by ``seconds`` plus ``ns`` nanoseconds.

        Raises:
            ValueError: the step would move the clock back.
        """
        step = round(seconds * 1e9) + ns
        if step < 0:
            raise ValueError(f"a clock does not go back: step of {step} ns")
        self._now_ns += step

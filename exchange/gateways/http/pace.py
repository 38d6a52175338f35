"""How fast one source may ask.

In: a source, the time. Out: whether its request is one too many. Each source has so many requests in reserve, which
come back at the same number a second. What is known of sources is bounded; the one heard of longest ago is forgotten.
"""

from collections import OrderedDict
from typing import Final

MAX_SOURCES: Final = 10_000


class Pace:
    """The reserves of all sources. Times are monotonic seconds."""

    def __init__(self, per_second: int, max_sources: int = MAX_SOURCES) -> None:
        self._per_second = per_second
        self._max_sources = max_sources
        self._reserves: OrderedDict[str, tuple[float, float]] = (
            OrderedDict()
        )  # source -> how many, as of when

    def is_too_fast(self, source: str, now_s: float) -> bool:
        """Count a request of the source; whether it is one too many."""
        reserve, since_s = self._reserves.pop(source, (float(self._per_second), now_s))
        reserve = min(reserve + (now_s - since_s) * self._per_second, float(self._per_second))
        too_fast = reserve < 1.0
        self._reserves[source] = (reserve if too_fast else reserve - 1.0, now_s)
        if len(self._reserves) > self._max_sources:
            self._reserves.popitem(last=False)
        return too_fast

    def __len__(self) -> int:
        return len(self._reserves)

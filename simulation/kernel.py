"""Discrete events in virtual time.

In: things to do, each at an integer nanosecond. Out: they are done, in the order of their times; those of one time in
the order in which they were asked for. Nothing else decides the order, so equal runs are equal on every machine. Knows
neither venue nor traders.
"""

from collections import deque
from collections.abc import Callable
from operator import attrgetter
from typing import Any, Final

from mypy_extensions import mypyc_attr

from protocol.vocabulary import Nanoseconds

Act = Callable[[Any], object]
"""What is done, with one argument."""

_NEVER: Final = 2**63

_SLOT_BITS: Final = 27
"""Of a slot of 134 ms: a thousand traders do some thirty things in one."""

_NEAR: Final = 16
"""Slots that are looked at one by one: about two seconds. Where nothing happens for so long, time is not short."""

_FEW: Final = 16
"""Things of one slot that are put in order one by one: to call a sort for them takes longer."""


@mypyc_attr(allow_interpreted_subclasses=True)
class Occurrence:
    """What is to happen at a time. From when it is handed to a kernel until it happens it belongs to that."""

    __slots__ = ("at_ns",)

    at_ns: Nanoseconds
    """When; set by the kernel."""

    def happen(self) -> None:
        """It is that time."""
        raise NotImplementedError


_TIME: Final = attrgetter("at_ns")


class _Call(Occurrence):
    """Any function of one argument."""

    __slots__ = ("_act", "_argument")

    def __init__(self, act: Act, argument: Any) -> None:
        self._act = act
        self._argument = argument

    def happen(self) -> None:
        self._act(self._argument)


class Kernel:
    """Time, and what is still to come. It is a ``Clock``: whoever asks is told the time of the event under way."""

    def __init__(self, start_ns: Nanoseconds = 0) -> None:
        self.start_ns = start_ns
        self.time_ns = start_ns
        """The time now; only the kernel sets it."""
        self.handled = 0
        """Events so far. Who does several things at once, or one without having it asked for here, counts the others."""
        # A heap of everything would be a thousand agents deep. The slot under way has few things in it, in order; what
        # is later is put aside by slot, as it was asked for, and nobody looks at it before.
        self._queue: list[Occurrence] = []
        self._next = 0  # in it; what is before has happened
        self._slot = start_ns >> _SLOT_BITS
        self._later: dict[int, list[Occurrence]] = {}
        self._ready: deque[Occurrence] = deque()  # at this very time, behind what the queue has for it
        self._stopped = False

    def at(self, at_ns: Nanoseconds, act: Act, argument: Any = None) -> None:
        """Have ``act(argument)`` called at a time; a time that is past means now."""
        self.put(at_ns, _Call(act, argument))

    def after(self, wait_ns: Nanoseconds, act: Act, argument: Any = None) -> None:
        """Have it called ``wait_ns`` from now."""
        self.put(self.time_ns + wait_ns, _Call(act, argument))

    def put(self, at_ns: Nanoseconds, occurrence: Occurrence) -> None:
        """Have it happen at a time; a time that is past means now. It may be used again once it happens, not before."""
        occurrence.at_ns = at_ns
        if at_ns <= self.time_ns:
            self._ready.append(occurrence)
            return
        slot = at_ns >> _SLOT_BITS
        if slot == self._slot:
            queue = self._queue
            low, high = self._next, len(queue)
            while low < high:  # as ``bisect_right``, written out: behind what is due at the same time
                middle = (low + high) >> 1
                if at_ns < queue[middle].at_ns:
                    high = middle
                else:
                    low = middle + 1
            queue.insert(low, occurrence)
        else:
            occurrences = self._later.get(slot)
            if occurrences is not None:
                occurrences.append(occurrence)
            else:
                self._later[slot] = [occurrence]

    def run(self, until_ns: Nanoseconds = _NEVER) -> None:
        """Do everything up to a time, that time included, or until ``stop``; afterwards it is that time."""
        ready = self._ready
        queue, handled = self._queue, 0
        self._stopped = False
        try:
            while not self._stopped:
                # What the queue has for a time was asked for before it came, so it goes before what is ready.
                if self._next < len(queue):
                    occurrence = queue[self._next]
                    at_ns = occurrence.at_ns
                    if at_ns > self.time_ns and ready:
                        occurrence = ready.popleft()
                    elif at_ns > until_ns:
                        break
                    else:
                        self._next += 1
                        if at_ns > self.time_ns:
                            self.time_ns = at_ns
                elif ready:
                    occurrence = ready.popleft()
                elif self._later:
                    slot = self._next_slot()
                    if slot << _SLOT_BITS > until_ns:
                        break
                    self._begin(slot)
                    queue = self._queue
                    continue
                else:
                    break
                handled += 1
                occurrence.happen()
        finally:
            self.handled += handled
        if not self._stopped and until_ns != _NEVER:
            self.time_ns = max(self.time_ns, until_ns)

    def _next_slot(self) -> int:
        """The next one that has anything, where there is one. Of a busy market it is one of the next few."""
        later, slot = self._later, self._slot
        for _ in range(_NEAR):
            slot += 1
            if slot in later:
                return slot
        return min(later)

    def _begin(self, slot: int) -> None:
        """That of before is over."""
        self._slot = slot
        self._queue = queue = self._later[slot]
        del self._later[slot]
        self._next = 0
        # Stable either way: those of one time stay as they were asked for.
        if len(queue) > _FEW:
            queue.sort(key=_TIME)
            return
        for place in range(1, len(queue)):
            occurrence = queue[place]
            at_ns, free = occurrence.at_ns, place
            while free and queue[free - 1].at_ns > at_ns:
                queue[free] = queue[free - 1]
                free -= 1
            queue[free] = occurrence

    def stop(self) -> None:
        """Return from ``run`` after the event under way."""
        self._stopped = True

    @property
    def next_ns(self) -> Nanoseconds | None:
        """When the next event is due; ``None``: never."""
        if self._ready:
            return self.time_ns
        if self._next < len(self._queue):
            return self._queue[self._next].at_ns
        return min(map(_TIME, self._later[self._next_slot()])) if self._later else None

    # -- as a clock ------------------------------------------------------------------------------------
    def now_ns(self) -> Nanoseconds:
        """Virtual nanoseconds since 1970-01-01 UTC."""
        return self.time_ns

    def monotonic_s(self) -> float:
        """Virtual seconds since the start."""
        return (self.time_ns - self.start_ns) / 1e9

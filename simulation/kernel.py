"""Discrete events in virtual time.

In: things to do, each at an integer nanosecond. Out: they are done, in the order of their times; those of one time in
the order in which they were asked for. Nothing else decides the order, so equal runs are equal on every machine. Knows
neither venue nor traders.
"""

from bisect import bisect_right
from collections import deque
from collections.abc import Callable
from operator import itemgetter
from typing import Any, Final

from protocol.vocabulary import Nanoseconds

Act = Callable[[Any], object]
"""What is done, with one argument."""

_Item = tuple[Any, ...]
"""When, and what: an integer, an ``Act`` and its argument. Not typed: the compiler would take it apart and make it anew."""

_DUE: Final = itemgetter(0)

_NEVER: Final = 2**63

_SLOT_BITS: Final = 25
"""Of a slot of 34 ms: a thousand traders do seven things in one, ten thousand some seventy."""

_NEAR: Final = 32
"""Slots that are looked at one by one: about a second. Where nothing happens for so long, time is not short."""

_place_of: Final = bisect_right


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
        self._queue: list[_Item] = []
        self._times: list[Nanoseconds] = []  # of these
        self._next = 0  # in both; what is before is done
        self._slot = start_ns >> _SLOT_BITS
        self._later: dict[int, list[_Item]] = {}
        self._ready: deque[tuple[Act, Any]] = deque()  # at this very time, behind what the queue has for it
        self._stopped = False

    def at(self, at_ns: Nanoseconds, act: Act, argument: Any = None) -> None:
        """Have ``act(argument)`` called at a time; a time that is past means now."""
        if at_ns <= self.time_ns:
            self._ready.append((act, argument))
        else:
            slot = at_ns >> _SLOT_BITS
            if slot == self._slot:
                due: Any = at_ns  # one object for all three
                place = _place_of(self._times, due, self._next)  # behind what is due at the same time
                self._times.insert(place, due)
                self._queue.insert(place, (due, act, argument))
            else:
                items = self._later.get(slot)
                if items is not None:
                    items.append((at_ns, act, argument))
                else:
                    self._later[slot] = [(at_ns, act, argument)]

    def after(self, wait_ns: Nanoseconds, act: Act, argument: Any = None) -> None:
        """Have it called ``wait_ns`` from now."""
        self.at(self.time_ns + wait_ns, act, argument)

    def run(self, until_ns: Nanoseconds = _NEVER) -> None:
        """Do everything up to a time, that time included, or until ``stop``; afterwards it is that time."""
        ready = self._ready
        popleft = ready.popleft
        queue, handled = self._queue, 0
        self._stopped = False
        try:
            while not self._stopped:
                # What the queue has for a time was asked for before it came, so it goes before what is ready.
                if self._next < len(queue):
                    item = queue[self._next]
                    due_ns: Nanoseconds = item[0]
                    if due_ns > self.time_ns and ready:
                        act, argument = popleft()
                    elif due_ns > until_ns:
                        break
                    else:
                        self._next += 1
                        if due_ns > self.time_ns:
                            self.time_ns = due_ns
                        act, argument = item[1], item[2]
                elif ready:
                    act, argument = popleft()
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
                act(argument)
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
        self._queue = queue = self._later.pop(slot)
        if len(queue) > 1:
            queue.sort(key=_DUE)  # stable: those of one time stay as they were asked for
        self._times = [item[0] for item in queue]
        self._next = 0

    def stop(self) -> None:
        """Return from ``run`` after the event under way."""
        self._stopped = True

    @property
    def next_ns(self) -> Nanoseconds | None:
        """When the next event is due; ``None``: never."""
        if self._ready:
            return self.time_ns
        if self._next < len(self._times):
            return self._times[self._next]
        return min(map(_DUE, self._later[self._next_slot()])) if self._later else None

    # -- as a clock ------------------------------------------------------------------------------------
    def now_ns(self) -> Nanoseconds:
        """Virtual nanoseconds since 1970-01-01 UTC."""
        return self.time_ns

    def monotonic_s(self) -> float:
        """Virtual seconds since the start."""
        return (self.time_ns - self.start_ns) / 1e9

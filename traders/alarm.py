"""A timer of the operating system that looks in on the main thread, again and again.

In: how often, what to do. Out: it is done between two steps of whatever the main thread is at, while a block lasts; what it
raises is raised there. Elsewhere than in the main thread, on systems without such a timer, and where another part of
the process uses it, nothing is done.
"""

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

Look = Callable[[int, FrameType | None], object]
"""As a handler of signals: the number of the signal, and what the thread is at."""


@contextmanager
def looking_in(every_s: float, look: Look) -> Iterator[None]:
    """Have ``look`` called every so many seconds of wall time while the block lasts."""
    if (
        not hasattr(signal, "setitimer")
        or threading.current_thread() is not threading.main_thread()
        or signal.getsignal(signal.SIGALRM) is not signal.SIG_DFL
        or signal.getitimer(signal.ITIMER_REAL)[0]
    ):
        yield
        return
    signal.signal(signal.SIGALRM, look)
    signal.setitimer(signal.ITIMER_REAL, every_s, every_s)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0.0)
        signal.signal(signal.SIGALRM, signal.SIG_DFL)

"""Control-C: stops a kernel between two steps, so that it breaks nothing in the middle.

In: the signal, if nobody else has a handler for it. Out: ``KeyboardInterrupt``, raised by what is posted; at the second time
raised at once, wherever the program is: for a task that never waits.
"""

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType


@contextmanager
def between_steps(post: Callable[[Callable[[], None]], None]) -> Iterator[None]:
    """Within the block the first interrupt is posted. In other threads, or with another handler, it changes nothing."""
    is_main = threading.current_thread() is threading.main_thread()
    if not is_main or signal.getsignal(signal.SIGINT) is not signal.default_int_handler:
        yield
        return
    times = 0

    def interrupted(number: int, frame: FrameType | None) -> None:
        nonlocal times
        times += 1
        if times > 1:
            signal.default_int_handler(number, frame)
        post(_interrupt)

    signal.signal(signal.SIGINT, interrupted)
    try:
        yield
    finally:
        if signal.getsignal(signal.SIGINT) is interrupted:
            signal.signal(signal.SIGINT, signal.default_int_handler)


def _interrupt() -> None:
    raise KeyboardInterrupt

"""Group commit: one turn at a time is written by a thread of its own, and meanwhile the next one gathers.

In: turns with the private messages to be kept, each with what to call when it is safe. Out: those calls, where the venue runs, in order. While a
commit is under way the venue goes on matching; everything it takes in meanwhile becomes the next
turn, so the slower the disk, the bigger and fewer the transactions.
"""

import threading
from collections.abc import Callable
from functools import partial
from queue import SimpleQueue
from time import perf_counter_ns

from exchange.engine.sequencer import Turn
from exchange.history import Page
from exchange.journal.log import CommandLog
from exchange.timings import Timing

Done = Callable[[Exception | None], None]


class GroupCommit:
    """A thread that appends turns to a journal."""

    def __init__(
        self,
        log: CommandLog,
        post: Callable[[Callable[[], None]], object],
        written: Callable[[Turn], None] | None = None,
    ) -> None:
        """``post`` has something called on the thread of the venue: ``loop.call_soon_threadsafe``. ``written``: is handed each turn that is in the journal, in order; on this thread, so it has to be quick."""
        self.writing = Timing()
        """How long each turn took to write, the wait for the disk included. Only the thread changes it."""
        self.written_bytes = 0
        """Of commands and private messages."""
        self._log = log
        self._written = written
        self._post = post
        self._queue: SimpleQueue[tuple[Turn, list[Page], Done] | None] = SimpleQueue()
        self._thread = threading.Thread(target=self._run, name="journal", daemon=True)
        self._thread.start()

    def commit(self, turn: Turn, pages: list[Page], done: Done) -> None:
        """Write ``turn`` and ``pages``; then have ``done`` called with ``None``, or with what went wrong."""
        self._queue.put((turn, pages, done))

    def stop(self) -> None:
        """Wait until everything handed in is written, and end the thread."""
        self._queue.put(None)
        self._thread.join()

    def _run(self) -> None:
        while (item := self._queue.get()) is not None:
            turn, pages, done = item
            error: Exception | None = None
            started_ns = perf_counter_ns()
            try:
                self.written_bytes += self._log.append(turn, pages)
                self.writing.note(perf_counter_ns() - started_ns)
            except Exception as caught:  # noqa: BLE001  # whatever it is, the loop has to learn of it
                error = caught
            self._post(partial(done, error))
            if error is None and self._written is not None:
                self._written(turn)

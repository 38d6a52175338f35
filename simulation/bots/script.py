"""A program's own thread: where code that is no coroutine can wait while virtual time goes on.

In: something to call. Out: it runs until it waits for its event loop or ends, then the simulation goes on, then it again:
never both, so the thread brings no chance in. Its callbacks and coroutines run in the simulation's thread; here is what
stands around them, such as ``asyncio.run`` and what follows it.
"""

import threading
from collections.abc import Callable
from typing import Final

from simulation.bots.world import Surroundings

LONGEST_S: Final = 60.0
"""Seconds of the wall's time that a program may take between two waits: importing a large library takes some."""


class Abandoned(BaseException):
    """Raised where a program waits when nothing will come any more; no ``Exception``, for it may well catch these."""


class Stuck(RuntimeError):
    """A program did not come back from what it does."""

    def __init__(self, longest_s: float) -> None:
        super().__init__(f"it did not wait for anything within {longest_s:g} s of the wall's time")


class Script:
    """One program in its thread."""

    def __init__(
        self, body: Callable[[], object], surroundings: Surroundings, name: str, longest_s: float = LONGEST_S
    ) -> None:
        self.outcome: BaseException | None = None
        """What it ended with, if that was raised."""
        self.has_ended = False
        self.is_stuck = False
        """It never gave the turn back, and never gets it again."""
        self.longest_s: Final = longest_s
        self._body = body
        self._surroundings = surroundings
        self._go = threading.Semaphore(0)
        self._back = threading.Semaphore(0)
        self._abandoned = False
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)

    def resume(self) -> None:
        """Let it run until it waits or ends."""
        if self.has_ended or self.is_stuck:
            return
        if self._thread.ident is None:
            self._thread.start()
        self._surroundings.enter()
        try:
            self._go.release()
            if not self._back.acquire(timeout=self.longest_s):
                self.is_stuck = True
        finally:
            self._surroundings.leave()
        self._join_if_over()

    def abandon(self) -> None:
        """Have it end where it waits, now."""
        self._abandoned = True
        if self._thread.ident is not None:
            self.resume()

    def wait(self) -> None:
        """Called by the program: let the simulation go on until ``resume``.

        Raises:
            Abandoned: there will be none.
        """
        if not self._abandoned:
            self._back.release()
            self._go.acquire()
        if self._abandoned:
            raise Abandoned

    def _join_if_over(self) -> None:
        if self.has_ended:
            self._thread.join()

    def _run(self) -> None:
        self._go.acquire()
        try:
            self._body()
        except BaseException as error:  # noqa: BLE001  # whatever it is, it is told
            self.outcome = error
        self.has_ended = True
        self._back.release()

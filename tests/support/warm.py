"""Processes of ``python -m exchange`` that need not read their modules first: each is a fork of one that has.

In: the words of the command. Out: a process with an id, signals, standard error and exit status of its own, as
``subprocess.Popen`` has them; environment and directory are those of the moment it starts. It is there in a tenth of the time
and work, and tests start hundreds. What is about the start itself, or the ends of standard input, takes ``subprocess``.
"""

import gc
import os
import signal
import sys
from functools import cache
from multiprocessing import get_context
from multiprocessing.connection import Connection
from multiprocessing.context import ForkServerContext
from subprocess import TimeoutExpired
from typing import Final

_READ: Final = (
    "exchange.cli",
    "exchange.gateways.http.app",
    "exchange.logs",
    "exchange.server",
    "exchange.venue_file",
    "legacy.venue.server",
    __name__,
)
"""Modules that ``serve`` imports when it is called, and this one."""

_STANDARD_ERROR: Final = 2


class WarmProcess:
    """One of them, running."""

    def __init__(self, *arguments: str) -> None:
        ours, theirs = _context().Pipe(duplex=False)
        with theirs:
            self._process = _context().Process(
                target=_run, args=(arguments, dict(os.environ), theirs), daemon=True
            )
            self._process.start()
        assert self._process.pid is not None
        self.pid = self._process.pid
        self._status: int | None = None
        with ours:
            self.stderr = os.fdopen(os.dup(ours.fileno()), encoding="utf-8")

    def poll(self) -> int | None:
        """The exit status if it has ended; minus the signal that ended it."""
        if self._status is None:
            self._status = self._process.exitcode
            if self._status is not None:
                self._process.close()
        return self._status

    def wait(self, timeout: float) -> int:
        """The exit status, once it has ended.

        Raises:
            TimeoutExpired: it has not, within so many seconds.
        """
        if self._status is None:
            self._process.join(timeout)
        code = self.poll()
        if code is None:
            raise TimeoutExpired("python -m exchange", timeout)
        return code

    def send_signal(self, what: signal.Signals) -> None:
        """Nothing, if it has ended."""
        if self.poll() is None:
            os.kill(self.pid, what)

    def terminate(self) -> None:
        self.send_signal(signal.SIGTERM)

    def kill(self) -> None:
        self.send_signal(signal.SIGKILL)


@cache
def _context() -> ForkServerContext:
    context = get_context("forkserver")
    context.set_forkserver_preload(list(_READ))
    return context


def _run(arguments: tuple[str, ...], environment: dict[str, str], stderr: Connection) -> None:
    """In the new process: what ``exchange.__main__`` does."""
    gc.freeze()  # pages of modules are shared until somebody writes to them, and the collector does
    os.dup2(stderr.fileno(), _STANDARD_ERROR)
    stderr.close()
    os.environ.clear()
    os.environ.update(environment)
    sys.argv = ["exchange", *arguments]
    from tontine import main

    main(rooms=("exchange",), name="python -m exchange")

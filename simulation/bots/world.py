"""What a program finds around it while it runs: its arguments, its output, the simulation's time, chance from a seed.

In: the kernel's time. Out: for as long as a program runs, and not longer, the modules ``time``, ``random``, ``os``, ``sys``
answer it in the simulation's terms: clocks show virtual time, what is drawn without a seed follows from the scenario's,
and threads, sockets, processes and sleeping while the market waits are refused. ``datetime.now`` can't be helped: it
shows the wall's time.
"""

import io
import os
import random
import subprocess
import sys
import threading
import time
from collections import deque
from collections.abc import Callable
from random import Random
from types import ModuleType
from typing import Any, Final

from protocol.vocabulary import Nanoseconds
from simulation.bots.refusing import ONLY_THE_VENUE, PROCESSES, THREADS, refused
from simulation.kernel import Kernel

MOST_KEPT: Final = 1_000
"""Lines of its output that are kept of a program: the last ones."""

Echo = Callable[[str], object]
"""Told each line that a program prints."""


class Output(io.TextIOBase):
    """What a program prints: the last lines of it."""

    def __init__(self, echo: Echo | None) -> None:
        self._lines: deque[str] = deque(maxlen=MOST_KEPT)
        self._line = ""
        self._echo = echo

    def write(self, text: str) -> int:
        *lines, self._line = (self._line + text).split("\n")
        for line in lines:
            self._lines.append(line)
            if self._echo is not None:
                self._echo(line)
        return len(text)

    def writable(self) -> bool:
        return True

    @property
    def lines(self) -> list[str]:
        """Oldest first; the last one may not be at its end."""
        return [*self._lines, self._line] if self._line else list(self._lines)


class World:
    """What is the same for all programs of a run. Between ``open`` and ``close`` everybody else finds things as usual."""

    def __init__(self, kernel: Kernel) -> None:
        self._kernel = kernel
        self.around: Surroundings | None = None
        """Of the program that runs."""
        seed_: Callable[..., None] = Random.seed

        def seed(self_: Random, a: Any = None, version: int = 2) -> None:
            seed_(self_, self._bytes(32) if a is None else a, version)

        thread, process = refused("a thread", THREADS), refused("a subprocess", PROCESSES)
        self._found: list[tuple[Any, str, Any]] = []
        self._stands_for: list[tuple[Any, str, Callable[..., Any]]] = []
        for owner, name, stand_in in (
            (time, "time", lambda: kernel.time_ns / 1e9),
            (time, "time_ns", kernel.now_ns),
            (time, "monotonic", kernel.monotonic_s),
            (time, "monotonic_ns", self._since_start_ns),
            (time, "perf_counter", kernel.monotonic_s),
            (time, "perf_counter_ns", self._since_start_ns),
            (time, "sleep", refused("time.sleep", "the whole market would wait; await asyncio.sleep")),
            (Random, "seed", seed),
            (os, "urandom", self._bytes),
            (random, "_urandom", self._bytes),
            (threading.Thread, "start", thread),
            (subprocess.Popen, "__init__", process),
            (os, "system", process),
        ):
            self.put(owner, name, stand_in)

    def put(self, owner: Any, name: str, stand_in: Callable[..., Any]) -> None:
        """Have programs find this in place of a function of a module or a class."""
        found = getattr(owner, name)

        def whichever(*args: Any, **more: Any) -> Any:
            return (found if self.around is None else stand_in)(*args, **more)

        self._stands_for.append((owner, name, whichever))

    def refuse_sockets(self, socket: type) -> None:
        """Of the class of sockets: programs get none."""
        self.put(socket, "__init__", refused("a socket", ONLY_THE_VENUE))

    def open(self) -> None:
        """The run begins."""
        # Once a run and not whenever a program has its turn: a class that changes is slow for everybody.
        for owner, name, stand_in in self._stands_for:
            self._found.append((owner, name, getattr(owner, name)))
            setattr(owner, name, stand_in)

    def close(self) -> None:
        """The run is over."""
        while self._found:
            setattr(*self._found.pop())

    def _since_start_ns(self) -> Nanoseconds:
        return self._kernel.time_ns - self._kernel.start_ns

    def _bytes(self, count: int) -> bytes:
        assert self.around is not None, "a program runs"
        return self.around.chance.randbytes(count)


class Surroundings:
    """Of one program."""

    def __init__(self, world: World, argv: list[str], chance: Random, output: Output) -> None:
        self.chance = chance
        self.main: Final = ModuleType("__main__")
        """The module that a script is."""
        self._world = world
        self._argv = argv
        self._output = output
        self._found: tuple[list[str], Any, Any, ModuleType] | None = None

    def enter(self) -> None:
        """The program runs from here on."""
        self._found = sys.argv, sys.stdout, sys.stderr, sys.modules["__main__"]
        self._world.around = self
        sys.argv, sys.modules["__main__"] = self._argv, self.main
        sys.stdout = sys.stderr = self._output

    def leave(self) -> None:
        """It waits, or has ended."""
        assert self._found is not None, "it was entered"
        sys.argv, sys.stdout, sys.stderr, sys.modules["__main__"] = self._found
        self._world.around = None

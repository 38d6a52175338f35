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
    """What is the same for all programs of a run."""

    def __init__(self, kernel: Kernel) -> None:
        self._kernel = kernel
        self.around: Surroundings | None = None
        """Of the program that runs."""
        seed_: Callable[..., None] = Random.seed

        def seed(self_: Random, a: Any = None, version: int = 2) -> None:
            if a is None and self.around is not None:
                a = self.around.chance.getrandbits(256)
            seed_(self_, a, version)

        sleep = refused("time.sleep", "the whole market would wait; await asyncio.sleep")
        thread = refused("a thread", THREADS)
        process = refused("a subprocess", PROCESSES)
        self.stands_for: list[tuple[Any, str, Any]] = [
            (time, "time", lambda: kernel.time_ns / 1e9),
            (time, "time_ns", kernel.now_ns),
            (time, "monotonic", kernel.monotonic_s),
            (time, "monotonic_ns", self._since_start_ns),
            (time, "perf_counter", kernel.monotonic_s),
            (time, "perf_counter_ns", self._since_start_ns),
            (time, "sleep", sleep),
            (Random, "seed", seed),
            (os, "urandom", self._bytes),
            (random, "_urandom", self._bytes),
            (threading.Thread, "start", thread),
            (subprocess.Popen, "__init__", process),
            (os, "system", process),
        ]
        """What stands for what: an object, the name of its attribute, the value while a program runs."""

    def refuse_sockets(self, socket: type) -> None:
        """Of the class of sockets: programs get none."""
        self.stands_for.append((socket, "__init__", refused("a socket", ONLY_THE_VENUE)))

    def _since_start_ns(self) -> Nanoseconds:
        return self._kernel.time_ns - self._kernel.start_ns

    def _bytes(self, count: int) -> bytes:
        assert self.around is not None, "a program runs"
        return self.around.chance.randbytes(count)


class Surroundings:
    """Of one program."""

    def __init__(self, world: World, argv: list[str], chance: Random, output: Output) -> None:
        self.chance = chance
        self._world = world
        self._argv = argv
        self._output = output
        self._main = ModuleType("__main__")
        self._kept: list[tuple[Any, str, Any, bool]] = []
        self._kept_main: ModuleType | None = None

    @property
    def main(self) -> ModuleType:
        """The module that a script is."""
        return self._main

    def enter(self) -> None:
        """The program runs from here on."""
        world = self._world
        world.around = self
        kept = self._kept
        self._kept_main = sys.modules.get("__main__")
        sys.modules["__main__"] = self._main
        for owner, name, value in (
            *world.stands_for,
            (sys, "argv", self._argv),
            (sys, "stdout", self._output),
            (sys, "stderr", self._output),
        ):
            own = name in vars(owner)
            kept.append((owner, name, getattr(owner, name), own))
            setattr(owner, name, value)

    def leave(self) -> None:
        """It waits, or has ended."""
        kept = self._kept
        while kept:
            owner, name, value, own = kept.pop()
            if own:
                setattr(owner, name, value)
            else:
                delattr(owner, name)
        if self._kept_main is not None:
            sys.modules["__main__"] = self._kept_main
        self._world.around = None

"""Servers to measure, each in a process of its own.

In: the command line of one that logs ``{"event":"listening","host":...,"port":...}`` on standard
error, as the venue does, and on which core it is to run. Out: its address, the processor time it has
used, the memory it holds. Promises: when the block is left it has ended.
"""

import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final, NamedTuple

from protocol.errors import ConfigError, SessionBroken

SERVER_CORE: Final = 0
LOAD_CORE: Final = 1

ROOT: Final = Path(__file__).parents[1]
_START_TIMEOUT_S: Final = 20.0
_STOP_TIMEOUT_S: Final = 20.0
_LOOK_S: Final = 0.02


class Server(NamedTuple):
    """A running server."""

    pid: int
    host: str
    port: int
    http_port: int = 0
    """0: it has none."""

    def cpu_s(self) -> float:
        """Processor time of all its threads so far, in seconds."""
        # How the kernel forms the clock of another process; /proc has the same in steps of 10 ms.
        return time.clock_gettime(~self.pid << 3 | 2)

    def resident_bytes(self) -> int:
        """Memory it holds, shared pages included."""
        pages = Path(f"/proc/{self.pid}/statm").read_text(encoding="ascii").split()[1]
        return int(pages) * os.sysconf("SC_PAGE_SIZE")

    def kill(self) -> None:
        """``kill -9``."""
        os.kill(self.pid, signal.SIGKILL)


def need_linux() -> None:
    """What is measured over sockets needs epoll and the clocks of other processes.

    Raises:
        ConfigError: this is another system.
    """
    if sys.platform != "linux":
        raise ConfigError("bench", "this benchmark runs on Linux only")


def pinning() -> str:
    """How servers and load are spread over the cores, in a sentence."""
    if _can_pin():
        return f"servers on core {SERVER_CORE}, load on core {LOAD_CORE}"
    return "not pinned: servers and load share what cores there are"


def pin(core: int) -> None:
    """Keep this process, and those it starts from now on, on one core, if there are two to choose from."""
    if _can_pin():
        os.sched_setaffinity(0, {core})


def _can_pin() -> bool:
    return {SERVER_CORE, LOAD_CORE} <= _ALL_CORES


_ALL_CORES: Final = frozenset(os.sched_getaffinity(0) if hasattr(os, "sched_getaffinity") else ())


@contextmanager
def disk_directory() -> Iterator[Path]:
    """A new directory on a disk: a journal in memory would be measured too fast."""
    # /tmp may be memory; /var/tmp has to survive a reboot.
    place = "/var/tmp"  # noqa: S108  # a new directory inside it, private to us
    kept = place if os.access(place, os.W_OK) else None
    with tempfile.TemporaryDirectory(prefix="tontine-bench-", dir=kept) as name:
        yield Path(name)


@contextmanager
def venue(directory: Path, *options: str) -> Iterator[Server]:
    """``exchange serve`` with ``options``; its log goes to ``directory``."""
    command = ["exchange", "serve", "--port", "0", "--log-format", "json", *options]
    with _running(directory, *command) as server:
        yield server


@contextmanager
def floor(directory: Path, *options: str) -> Iterator[Server]:
    """``benchmarks.floor`` with ``options``."""
    with _running(directory, "benchmarks.floor", *options) as server:
        yield server


@contextmanager
def _running(directory: Path, module: str, *options: str) -> Iterator[Server]:
    handle, name = tempfile.mkstemp(suffix=".log", dir=directory)
    affinity = os.sched_getaffinity(0)
    pin(SERVER_CORE)
    try:
        process = subprocess.Popen(  # noqa: S603  # our own program
            [sys.executable, "-m", module, *options], cwd=ROOT, stdin=subprocess.DEVNULL, stderr=handle
        )
    finally:
        os.sched_setaffinity(0, affinity)
        os.close(handle)
    try:
        yield Server(process.pid, *_address(process, Path(name)))
    finally:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(_STOP_TIMEOUT_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _address(process: "subprocess.Popen[bytes]", log: Path) -> tuple[str, int, int]:
    """Host, port, and the port for HTTP: a venue says that first."""
    http_port = 0
    deadline_s = time.monotonic() + _START_TIMEOUT_S
    while time.monotonic() < deadline_s and process.poll() is None:
        for line in log.read_text(encoding="utf-8").splitlines(keepends=True):
            if line.endswith("\n") and '"listening_http"' in line:
                http_port = json.loads(line)["port"]
            elif line.endswith("\n") and '"listening"' in line:
                entry = json.loads(line)
                return entry["host"], entry["port"], http_port
        time.sleep(_LOOK_S)
    said = log.read_text(encoding="utf-8").strip().splitlines() or ["nothing"]
    raise SessionBroken(f"a server to be measured did not start; it said: {said[-1]}")

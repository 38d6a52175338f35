"""A venue in a process of its own that is killed and started again, on the same journal and port.

In: a venue file. Out: a running venue whenever ``start`` has returned; what it logged as a fault, in all
its lives. Waits for what the venue says, never for time to pass.
"""

import asyncio
import json
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Final

_ROOT: Final = Path(__file__).parents[2]
_PATIENCE_S: Final = 60.0
"""For a start, which may replay a long journal, or whatever else; only a failing run waits for it."""

_HARMLESS: Final = ("debug", "info")


class VenueFailed(Exception):
    """The venue did not start, or did not end well; carries what it said last."""


@asynccontextmanager
async def patience(awaited: str) -> AsyncIterator[None]:
    """A minute for what is ``awaited``.

    Raises:
        VenueFailed: it did not come.
    """
    try:
        async with asyncio.timeout(_PATIENCE_S):
            yield
    except TimeoutError:
        raise VenueFailed(f"{_PATIENCE_S:.0f} s without {awaited}") from None


class MortalVenue:
    """``python -m exchange serve``. The port is chosen at the first start and kept."""

    def __init__(self, file: Path, runtime: str) -> None:
        self.file = file
        self.runtime = runtime
        self.journal = file.with_suffix(".journal")
        self.port = 0
        self.starts = 0
        self.faults: list[str] = []
        """Warnings and worse, of all its lives."""
        self._process: asyncio.subprocess.Process | None = None
        self._log: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Run until it takes connections.

        Raises:
            VenueFailed: it ended before.
        """
        await self._begin()
        entry = await self._wait_for("listening")
        self.port = entry["port"]
        self._log = asyncio.create_task(self._read_on())

    async def start_and_kill(self) -> None:
        """``kill -9`` as soon as its journal is replayed, before anybody can log in."""
        await self._begin()
        await self._wait_for("recovered")
        await self._kill()

    async def kill(self) -> None:
        """``kill -9``, whatever it is doing."""
        await self._kill()

    async def stop(self) -> None:
        """Have it end in order, which leaves a snapshot.

        Raises:
            VenueFailed: it said that something is wrong.
        """
        process = self._running()
        process.terminate()
        code = await self._ended()
        if code:
            raise VenueFailed(f"exit code {code}")

    async def verify(self) -> str:
        """``tontine verify --ledger``: what it found.

        Raises:
            VenueFailed: the journal does not give the same events, state or ledger again.
        """
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "exchange", "verify", str(self.journal), "--ledger",
            cwd=_ROOT, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT,
        )  # fmt: skip
        output, _ = await process.communicate()
        if process.returncode:
            raise VenueFailed(output.decode())
        return output.decode()

    async def _begin(self) -> None:
        self.starts += 1
        self._process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "exchange", "serve", str(self.file), "--port", str(self.port),
            "--journal", str(self.journal), "--log-format", "json", "--runtime", self.runtime,
            cwd=_ROOT, stdin=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.PIPE,
        )  # fmt: skip

    async def _wait_for(self, event: str) -> dict[str, Any]:
        said = ""
        async with patience(f"the venue being {event}"):
            while line := await self._stderr().readline():
                said += line.decode()
                entry = self._noted(line)
                if entry is not None and entry["event"] == event:
                    return entry
        raise VenueFailed(said or f"the venue ended before it was {event}")

    async def _read_on(self) -> None:
        while line := await self._stderr().readline():
            self._noted(line)

    def _noted(self, line: bytes) -> dict[str, Any] | None:
        try:
            entry: dict[str, Any] = json.loads(line)
        except ValueError:
            self.faults.append(line.decode().rstrip())  # a traceback, or an interpreter's last word
            return None
        if entry["level"] not in _HARMLESS:
            self.faults.append(line.decode().rstrip())
        return entry

    async def _kill(self) -> None:
        self._running().kill()
        await self._ended()

    async def _ended(self) -> int:
        process = self._running()
        async with patience("its end"):
            code = await process.wait()
            if self._log is not None:
                await self._log
        self._process = self._log = None
        return code

    async def close(self) -> None:
        """Leave no process behind."""
        if self._process is not None:
            await self._kill()

    def _running(self) -> asyncio.subprocess.Process:
        assert self._process is not None, "the venue is down"
        return self._process

    def _stderr(self) -> asyncio.StreamReader:
        stream = self._running().stderr
        assert stream is not None
        return stream

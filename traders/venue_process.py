"""A venue of one's own, as a child process, for as long as a block of code lasts.

In: where its journal may lie. Out: the host and port it listens on. Promises: when the block is
left, for whatever reason, the child has been asked to end, waited for, and killed if it would not.
"""

import asyncio
import signal
import sys
from collections import deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Final, NamedTuple

import msgspec

from protocol.errors import SessionBroken

START_TIMEOUT_S: Final = 15.0
STOP_TIMEOUT_S: Final = 5.0
"""How long it may take to log everybody out and close its journal before it is killed."""
LAST_LINES: Final = 5
"""Lines of its log shown when it ends before it listens."""


class Address(NamedTuple):
    host: str
    port: int


@asynccontextmanager
async def own_venue(journal: Path, *options: str) -> AsyncIterator[Address]:
    """A venue on a free port of this machine, open to programs of this machine, its journal at ``journal``.

    ``options`` are added to ``exchange serve --open``.

    Raises:
        SessionBroken: it ended, or did not listen in time; with the last lines of its log.
    """
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "exchange", "serve", "--open", "--port", "0",
        "--journal", str(journal), "--sync", "normal", "--until-eof", *options,
        # Never written to: it ends when this process does, also by kill -9, and the venue with it.
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.PIPE,
        # A Ctrl-C at the terminal reaches the whole group, and the traders are to log out first.
        start_new_session=True,
    )  # fmt: skip
    try:
        log = _Log(process)
        address = await log.listening()
        # Not in a task group: it would wrap whatever the block raises. It ends with the process,
        # at the latest, and is awaited here.
        reading = asyncio.create_task(log.read_on())
        try:
            yield address
        finally:
            await _end(process)
            await reading
    finally:
        await _end(process)


class _Log:
    """The child's log; has to be read, or the pipe would fill and stop it."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        assert process.stderr is not None
        self._lines = process.stderr
        self._last: deque[str] = deque(maxlen=LAST_LINES)

    async def listening(self) -> Address:
        try:
            async with asyncio.timeout(START_TIMEOUT_S):
                async for line in self._lines:
                    self._last.append(line.decode(errors="replace").rstrip())
                    address = _address_in(line)
                    if address is not None:
                        return address
        except TimeoutError as error:
            raise SessionBroken(
                f"the venue did not listen within {START_TIMEOUT_S:.0f} s; {self._said()}"
            ) from error
        raise SessionBroken(f"the venue ended before it listened; {self._said()}")

    async def read_on(self) -> None:
        async for line in self._lines:
            self._last.append(line.decode(errors="replace").rstrip())

    def _said(self) -> str:
        return "it said: " + " / ".join(self._last) if self._last else "it said nothing"


def _address_in(line: bytes) -> Address | None:
    with suppress(msgspec.DecodeError):
        match msgspec.json.decode(line):
            case {"event": "listening", "host": str(host), "port": int(port)}:
                return Address(host, port)
    return None


async def _end(process: asyncio.subprocess.Process) -> None:
    if process.returncode is not None:
        return
    with suppress(ProcessLookupError):
        process.send_signal(signal.SIGTERM)
    try:
        async with asyncio.timeout(STOP_TIMEOUT_S):
            await process.wait()
    finally:
        if process.returncode is None:
            with suppress(ProcessLookupError):
                process.kill()

"""The sample tape as it comes out of a connection: what asyncio waits for is a socket, never a file on a disk.

In: nothing. Out: a reader of lines that somebody at the other end writes.
"""

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from legacy.steps.tape import SAMPLE


@asynccontextmanager
async def sample_feed() -> AsyncIterator[asyncio.StreamReader]:
    """A connection whose other side writes the whole sample and hangs up."""
    near, far = socket.socketpair()
    reader, writer = await asyncio.open_connection(sock=near)
    _, other = await asyncio.open_connection(sock=far)
    other.write(SAMPLE.read_bytes())
    other.close()
    try:
        yield reader
    finally:
        writer.close()

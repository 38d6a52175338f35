"""A venue inside a program of your own: for notebooks, studies, and bots that read market data without a socket.

In: a checked configuration. Out: a running venue with its address and, as async generators, its public streams:

    async with running(VenueConfig(open=True, tcp=TcpConfig(port=0))) as venue:
        async with aclosing(venue.market_data.depth("ACME")) as updates:
            async for update in updates: ...

Orders go over TCP like everybody's. The program shares its event loop with the venue: what it computes between two
awaits, the market waits for.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import NamedTuple

from exchange.assembly import Address
from exchange.config import VenueConfig
from exchange.market_data.generators import Generators
from exchange.server import serve
from protocol.clock import Clock


class InProcess(NamedTuple):
    """A venue that runs in this process."""

    address: Address
    """Where it takes connections."""
    market_data: Generators
    """Its public streams. What they tell is in the journal."""


@asynccontextmanager
async def running(config: VenueConfig, *, clock: Clock | None = None) -> AsyncIterator[InProcess]:
    """Run a venue for the time of the block; it has closed in order when the block is left.

    Leaves signals, logging and the garbage collector as they are.

    Raises:
        VenueError: as ``exchange.server.serve``; if the venue fails later, when the block is left.
    """
    started: asyncio.Future[InProcess] = asyncio.get_running_loop().create_future()
    stop = asyncio.Event()

    def ready(address: Address, feeds: Generators) -> None:
        started.set_result(InProcess(address, feeds))

    serving = asyncio.create_task(serve(config, clock=clock, ready=ready, stop=stop, guest=True))
    try:
        await asyncio.wait((started, serving), return_when=asyncio.FIRST_COMPLETED)
        if started.done():
            yield started.result()
    finally:
        stop.set()
        await serving  # raises what it failed with, also where it never started

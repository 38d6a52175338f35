"""A venue, a trader and a reader of its market data in one process: ``python examples/venue_in_process.py``.

The reader needs no connection: the venue's streams are async generators.
"""

import asyncio
from contextlib import aclosing

from exchange import logs
from exchange.choices import LogFormat, LogLevel
from exchange.config import JournalConfig, TcpConfig, VenueConfig
from exchange.in_process import InProcess, running
from protocol.market import DepthSnapshot
from protocol.vocabulary import Symbol
from traders.client import Client

ACME = Symbol("ACME")


async def read(venue: InProcess, ready: asyncio.Event, updates: int) -> None:
    async with aclosing(venue.market_data.depth(ACME)) as depth:
        async for update in depth:
            kind = "snapshot" if isinstance(update, DepthSnapshot) else "delta"
            print(f"{kind} {update.seq}: bids {update.bids} asks {update.asks}")
            ready.set()
            updates -= 1
            if updates < 0:
                return


async def main() -> None:
    logs.configure(LogFormat.AUTO, LogLevel.ERROR)
    # Any free port, nothing on disk, everybody may trade.
    config = VenueConfig(open=True, tcp=TcpConfig(port=0), journal=JournalConfig(path=None))
    async with running(config) as venue, asyncio.TaskGroup() as group:
        ready = asyncio.Event()
        group.create_task(read(venue, ready, updates=3))
        await ready.wait()
        async with Client.connect(*venue.address, account="alice") as alice:
            await alice.sell("ACME", 100, at=10_025)
            await alice.buy("ACME", 50, at=10_020)
            await alice.buy("ACME", 30, at=10_030)


if __name__ == "__main__":
    asyncio.run(main())

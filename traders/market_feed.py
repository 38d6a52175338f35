"""One connection for the market data of a whole fleet: what its samplers look at, and whose trades void orders.

In: where the venue listens, how one gets in, which instruments. Out: a ``Newest`` that is kept up to date for as long as the block
lasts, over breaks of the connection. It is a session of its own beside those of the traders, under the account of one of them,
in the role of a viewer: it can enter nothing.
"""

import asyncio
from collections.abc import AsyncIterator, Collection
from contextlib import aclosing, asynccontextmanager
from random import Random
from typing import Final

from protocol.errors import VenueError
from protocol.vocabulary import AccountId, Channel, Role, Symbol
from traders.access import Access
from traders.backoff import USUAL, may_try_again
from traders.client import Client
from traders.market.keys import StreamKey
from traders.sampling import Newest

CHANNELS: Final = (Channel.BBO, Channel.TRADES)


@asynccontextmanager
async def market_feed(
    host: str,
    port: int,
    *,
    account: AccountId,
    access: Access,
    symbols: Collection[Symbol] | None,
    newest: Newest,
    rng: Random,
) -> AsyncIterator[asyncio.Event]:
    """Keep ``newest`` up to date; the event is set when the venue first let us in, or first did not.

    ``symbols``: ``None`` for every instrument of the venue.
    """
    tried = asyncio.Event()

    async def follow() -> None:
        tries = 0
        while True:
            try:
                async with Client.connect(
                    host, port, account=account, secret=access.secret, role=Role.VIEWER, tls=access.tls
                ) as client:
                    tries = 0
                    await _read(client, symbols, newest, tried)
            except VenueError as end:
                # What keeps it out for good keeps the traders out, who say so.
                if not may_try_again(end):
                    return
            else:
                return
            finally:
                tried.set()
            tries += 1
            await asyncio.sleep(USUAL.wait_s(tries, rng))

    following = asyncio.create_task(follow())
    try:
        yield tried
    finally:
        following.cancel()
        await asyncio.wait((following,))


async def _read(
    client: Client, symbols: Collection[Symbol] | None, newest: Newest, tried: asyncio.Event
) -> None:
    known = [symbol for symbol in client.instruments if symbols is None or symbol in symbols]
    with client.following([StreamKey(channel, symbol) for channel in CHANNELS for symbol in known], newest):
        tried.set()
        # The stream of notices says nothing here, and ends when the session does.
        async with aclosing(client.notices()) as notices:
            async for _ in notices:
                pass

"""A venue in a program of one's own: it begins, fails and ends with the block."""

import asyncio
import signal
from contextlib import aclosing
from pathlib import Path

import pytest

from exchange.config import JournalConfig, TcpConfig, VenueConfig
from exchange.in_process import running
from protocol.errors import ConfigError
from protocol.market import DepthDelta, DepthSnapshot
from protocol.vocabulary import Symbol
from traders.client import Client

ACME = Symbol("ACME")
IN_MEMORY = VenueConfig(open=True, tcp=TcpConfig(port=0), journal=JournalConfig(path=None))


async def test_its_streams_tell_what_traders_do_over_tcp() -> None:
    async with running(IN_MEMORY) as venue, aclosing(venue.market_data.depth(ACME)) as updates:
        assert isinstance(await anext(updates), DepthSnapshot)
        async with Client.connect(*venue.address, account="alice") as alice:
            await alice.buy("ACME", 10, at=100)
        update = await anext(updates)

    assert isinstance(update, DepthDelta)
    assert (update.seq, update.bids) == (1, [(100, 10)])


async def test_a_reader_ends_quietly_with_the_venue() -> None:
    async with running(IN_MEMORY) as venue:
        updates = venue.market_data.trades(ACME)
        await anext(updates)

    assert [update async for update in updates] == []


async def test_signals_are_left_to_the_program() -> None:
    before = signal.getsignal(signal.SIGINT)

    async with running(IN_MEMORY):
        during = signal.getsignal(signal.SIGINT)

    assert during is before


async def test_a_block_that_raises_closes_the_venue_in_order(tmp_path: Path) -> None:
    config = IN_MEMORY.model_copy(update={"journal": JournalConfig(path=tmp_path / "venue.journal")})

    async def trade_and_fail() -> None:
        async with running(config) as venue, Client.connect(*venue.address, account="alice") as alice:
            await alice.buy("ACME", 10, at=100)
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await trade_and_fail()

    async with running(config) as again, Client.connect(*again.address, account="alice") as alice:
        assert len(alice.welcome.open_orders) == 1


async def test_a_venue_that_cannot_start_says_why() -> None:
    server = await asyncio.start_server(lambda _reader, writer: writer.close(), "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    async with server:
        taken = VenueConfig(open=True, tcp=TcpConfig(port=port), journal=JournalConfig(path=None))
        with pytest.raises(ConfigError, match="in use"):
            async with running(taken):
                pytest.fail("it has started")

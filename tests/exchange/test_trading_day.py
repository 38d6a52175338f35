"""The trading day ends: by the clock while the venue runs, and on the next start if it did not."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, time
from pathlib import Path

from exchange.config import JournalConfig, TcpConfig, VenueConfig
from exchange.server import Address, serve
from protocol.clock import ManualClock
from tests.support.venue import Json, new

NOON_NS = int(datetime(2026, 3, 2, 12, tzinfo=UTC).timestamp()) * 1_000_000_000


@asynccontextmanager
async def venue(directory: Path, clock: ManualClock) -> AsyncIterator[Address]:
    """A venue in this process whose day ends at one in the afternoon."""
    config = VenueConfig(
        day_ends_utc=time(13, 0),
        tcp=TcpConfig(port=0),
        journal=JournalConfig(path=directory / "venue.journal"),
    )
    listening: asyncio.Future[Address] = asyncio.get_running_loop().create_future()
    stop = asyncio.Event()
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(serve(config, clock=clock, ready=listening.set_result, stop=stop))
        yield await listening
        stop.set()


class Client:
    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader, self.writer = reader, writer

    async def ask(self, message: Json) -> Json:
        self.writer.write(json.dumps(message).encode() + b"\n")
        return await self.receive()

    async def receive(self) -> Json:
        message: Json = json.loads(await self.reader.readline())
        return message

    async def close(self) -> None:
        self.writer.close()
        await self.writer.wait_closed()


async def log_in(address: Address) -> tuple[Client, Json]:
    client = Client(*await asyncio.open_connection(*address))
    return client, await client.ask({"type": "login", "account": "alice"})


async def test_at_the_end_of_the_day_its_orders_go_and_its_ids_are_free_again(tmp_path: Path) -> None:
    clock = ManualClock(NOON_NS)
    clock.advance(seconds=3599.9)  # a tenth of a second before the end
    async with venue(tmp_path, clock) as address:
        client, _ = await log_in(address)
        await client.ask(new("day", "buy", 1, 10, time_in_force="day"))
        await client.ask(new("gtc", "buy", 1, 11))

        clock.advance(seconds=1)
        canceled = await client.receive()

        assert (canceled["client_order_id"], canceled["reason"]) == ("day", "day_ended")
        assert (await client.ask(new("day", "buy", 1, 10)))["type"] == "accepted"
        assert (await client.ask(new("gtc", "buy", 1, 10)))["reason"] == "duplicate_client_order_id"
        await client.close()


async def test_a_venue_that_was_down_when_its_day_ended_ends_it_when_it_starts(tmp_path: Path) -> None:
    clock = ManualClock(NOON_NS)
    async with venue(tmp_path, clock) as address:
        client, _ = await log_in(address)
        await client.ask(new("day", "buy", 1, 10, time_in_force="day"))
        await client.ask(new("gtc", "buy", 1, 11))
        await client.close()

    clock.advance(seconds=20 * 3600)
    async with venue(tmp_path, clock) as address:
        client, welcome = await log_in(address)
        await client.close()

    assert [order["client_order_id"] for order in welcome["open_orders"]] == ["gtc"]
    assert welcome["seq"] == 3  # the cancel is in the private stream


async def test_a_restart_within_the_day_keeps_its_orders(tmp_path: Path) -> None:
    clock = ManualClock(NOON_NS)
    welcome: Json = {}
    for _ in range(2):
        async with venue(tmp_path, clock) as address:
            client, welcome = await log_in(address)
            await client.ask(new("day", "buy", 1, 10, time_in_force="day"))
            await client.close()
        clock.advance(seconds=600)

    assert [order["client_order_id"] for order in welcome["open_orders"]] == ["day"]

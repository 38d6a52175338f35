"""What is due is done: by the clock while the venue runs, and on the next start if it did not."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, time
from pathlib import Path

from exchange.assembly import Address
from exchange.config import JournalConfig, ScheduledPhase, TcpConfig, VenueConfig
from exchange.in_process import running
from protocol.clock import ManualClock
from protocol.vocabulary import Phase
from tests.support.venue import Json, new

NOON_NS = int(datetime(2026, 3, 2, 12, tzinfo=UTC).timestamp()) * 1_000_000_000


@asynccontextmanager
async def venue(directory: Path, clock: ManualClock) -> AsyncIterator[Address]:
    """A venue in this process whose day ends at one in the afternoon, after its closing auction."""
    config = VenueConfig(
        open=True,
        day_ends_utc=time(13, 0),
        schedule=[
            ScheduledPhase(at=time(9), phase=Phase.CONTINUOUS, symbols=["BOLT"]),
            ScheduledPhase(at=time(12, 30), phase=Phase.CLOSING_AUCTION, symbols=["BOLT"]),
            ScheduledPhase(at=time(13), phase=Phase.CLOSED, symbols=["BOLT"]),
        ],
        tcp=TcpConfig(port=0),
        journal=JournalConfig(path=directory / "venue.journal"),
    )
    async with running(config, clock=clock) as venue:
        yield venue.address


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


async def test_the_phases_of_the_schedule_come_by_the_clock(tmp_path: Path) -> None:
    clock = ManualClock(NOON_NS)
    clock.advance(seconds=1799.9)  # a tenth of a second before the closing auction
    async with venue(tmp_path, clock) as address:
        client, welcome = await log_in(address)
        await client.ask({"type": "subscribe", "channel": "status", "symbol": "BOLT"})
        before = await client.receive()

        clock.advance(seconds=1)
        after = await client.receive()

        assert [listed.get("phase") for listed in welcome["instruments"]] == [None, None, None]
        assert (before["phase"], after["phase"], after["previous"]) == (
            "continuous",
            "closing_auction",
            "continuous",
        )
        assert (await client.ask(new("c", "buy", 1, 10)))["type"] == "accepted"  # ACME trades on
        await client.close()


async def test_an_order_that_is_entered_while_the_venue_waits_for_later_still_goes_in_time(
    tmp_path: Path,
) -> None:
    clock = ManualClock(NOON_NS)
    async with venue(tmp_path, clock) as address:
        client, _ = await log_in(address)
        deadline_ns = NOON_NS + 100_000_000  # the next thing that is planned is half an hour away
        await client.ask(new("soon", "buy", 1, 10, time_in_force="gtd", expires_at_ns=deadline_ns))

        clock.advance(seconds=0.1)
        canceled = await client.receive()

        assert (canceled["client_order_id"], canceled["reason"]) == ("soon", "expired")
        await client.close()


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

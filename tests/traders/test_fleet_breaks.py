"""Fleets over broken sessions and killed venues, on a real one in a process of its own."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from protocol.clock import SystemClock
from protocol.errors import SessionBroken
from protocol.vocabulary import Symbol
from tests.support.venue import VenueProcess, running_venue
from traders.client import Client
from traders.fleet import Fleet
from traders.scenario import Scenario, scenario_of

PATIENCE_S = 30.0
ACME = Symbol("ACME")

CROWD = (
    {"strategy": "market_maker", "count": 2, "symbols": ["ACME"], "interval_s": 0.1},
    {
        "strategy": "zero_intelligence",
        "count": 18,
        "symbols": ["ACME"],
        "interval_s": 0.1,
        "parameters": {"range_ticks": 5},
    },
)


def scenario(*groups: dict[str, object]) -> Scenario:
    return scenario_of({"seed": 1, "traders": list(groups)}, "test")


def fleet_at(venue: VenueProcess, *groups: dict[str, object]) -> Fleet:
    return Fleet(
        scenario(*(groups or CROWD)), clock=SystemClock(), place="test", host=venue.host, port=venue.port
    )


@asynccontextmanager
async def at_work(fleet: Fleet) -> AsyncIterator["asyncio.Task[None]"]:
    """The fleet, stopped at the end of the block."""
    stop = asyncio.Event()
    running = asyncio.create_task(fleet.run(stop))
    yield running
    stop.set()
    await running


async def until(true: Callable[[], bool]) -> None:
    """Wait for something that nobody announces: look whenever the event loop has been round."""
    async with asyncio.timeout(PATIENCE_S):
        while not true():  # noqa: ASYNC110  # there is no event of it
            await asyncio.sleep(0)


def fills(fleet: Fleet) -> int:
    return sum(trader.fills for trader in fleet.traders)


async def test_a_fleet_comes_back_when_its_venue_is_killed_and_started_again(tmp_path: Path) -> None:
    with running_venue(tmp_path) as venue:
        fleet = fleet_at(venue)
        async with at_work(fleet):
            await until(lambda: fills(fleet) >= 20)
            venue.kill()
            await until(lambda: not any(trader.is_connected for trader in fleet.traders))
            before = fills(fleet)
            with running_venue(tmp_path, port=venue.port) as again:
                await until(lambda: all(trader.is_connected for trader in fleet.traders))
                await until(lambda: fills(fleet) >= before + 20)
                await _stop(fleet)
                positions = await _positions(again, fleet)

    assert [trader.reconnects for trader in fleet.traders] == [1] * 20
    assert [trader.failure for trader in fleet.traders] == [None] * 20
    # What was traded while nobody was told is known all the same: own books and the venue's agree.
    assert positions == [_position(fleet, number) for number in range(20)]
    assert sum(positions) == 0


async def _stop(fleet: Fleet) -> None:
    for runner in fleet._working():
        runner.stop()
    await until(lambda: not any(trader.is_connected for trader in fleet.traders))


async def _positions(venue: VenueProcess, fleet: Fleet) -> list[int]:
    found = []
    for trader in fleet.traders:
        async with Client.connect(venue.host, venue.port, account=trader.spec.account) as client:
            found.append(sum(one.quantity for one in client.welcome.positions))
            assert client.welcome.open_orders == []
    return found


def _position(fleet: Fleet, number: int) -> int:
    desk = fleet.traders[number].desk
    assert desk is not None
    return desk.strategy.position(ACME)


async def test_nothing_of_a_trader_stays_in_the_book_while_it_is_away(tmp_path: Path) -> None:
    maker = {"strategy": "market_maker", "account": "maker", "symbols": ["ACME"]}
    with running_venue(tmp_path) as venue:
        fleet = fleet_at(venue, {**maker, "parameters": {"reference": 10_000}})
        async with at_work(fleet), Client.connect(venue.host, venue.port, account="watch") as client:
            books = client.depth("ACME")
            while not (await anext(books)).bids:
                pass
            # As a network does that loses a connection: the client learns of it first.
            for runner in fleet._working():
                runner._client._connection.cut(SessionBroken("the cable is out"))
            while (await anext(books)).bids:
                pass
            while not (book := await anext(books)).bids or not book.asks:
                pass
            await books.aclose()
            assert fleet.traders[0].reconnects == 1
            desk = fleet.traders[0].desk
            assert desk is not None
            assert desk.orders_lost == 0
            assert len(desk.strategy.orders) == 2


async def test_a_venue_without_memory_is_gone_on_with_from_where_it_stands(tmp_path: Path) -> None:
    with running_venue(tmp_path, journal=False) as venue:
        fleet = fleet_at(venue)
        async with at_work(fleet):
            await until(lambda: fills(fleet) >= 20)
            venue.kill()
            with running_venue(tmp_path, journal=False, port=venue.port):
                await until(lambda: all(trader.reconnects for trader in fleet.traders))
                before = fills(fleet)
                await until(lambda: fills(fleet) >= before + 20)
                await _stop(fleet)

    assert [trader.fault for trader in fleet.traders] == [None] * 20


async def test_a_fleet_that_nobody_ever_let_in_gives_up_at_once(tmp_path: Path) -> None:
    with running_venue(tmp_path) as venue:
        fleet = fleet_at(venue)
        venue.kill()

    with pytest.raises(SessionBroken, match="all 20 sessions ended: nobody answers"):
        await fleet.run(asyncio.Event())


async def test_a_fleet_is_stopped_while_it_tries_to_come_back(tmp_path: Path) -> None:
    with running_venue(tmp_path) as venue:
        fleet = fleet_at(venue)
        stop = asyncio.Event()
        running = asyncio.create_task(fleet.run(stop))
        await until(lambda: fills(fleet) >= 1)
        venue.kill()
        await until(lambda: not any(trader.is_connected for trader in fleet.traders))
        stop.set()
        with pytest.raises(SessionBroken, match="all 20 sessions ended"):
            await running

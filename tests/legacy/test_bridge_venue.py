"""Whole programs across the bridge: venues and traders of either kind in one event loop, ``async def`` bots on the kernel."""

import asyncio
from collections.abc import AsyncIterator, Callable, Generator
from contextlib import aclosing, asynccontextmanager
from pathlib import Path
from random import Random
from typing import Any

import pytest

from exchange.assembly import Address
from exchange.in_process import running
from legacy.bridge import each, under_asyncio
from legacy.kernel import Kernel
from legacy.monitor import monitor
from legacy.steps.step_19 import CONFIG, without_log
from legacy.task import Task
from legacy.trader.client import Client, connect
from legacy.trader.runner import Runner
from legacy.traps import cancel, join, pause, spawn, timeout
from legacy.venue.server import serve
from legacy.waiting import Event, Future
from protocol.clock import SystemClock
from protocol.errors import SessionBroken, VenueError
from protocol.messages import TradeReport
from protocol.vocabulary import Symbol
from traders import client as asyncio_client
from traders.strategies.market_maker import MarketMaker, MarketMakerParameters

ACME = Symbol("ACME")


# -- async def on the kernel -----------------------------------------------------------------------
@asynccontextmanager
async def venue_on_kernel() -> AsyncIterator[Address]:
    """An ``async with`` whose body runs on the kernel, beside the venue."""
    listening: Future[Address] = Future("the venue")
    stop = Event("the end of trading")
    venue: Task[None] = await spawn(serve(CONFIG, ready=listening.set_result, stop=stop, guest=True))
    try:
        yield await listening.wait()
    finally:
        stop.set()
        await join(venue)


def on_kernel(main: Callable[[Address], Any]) -> Any:
    async def with_venue() -> Any:
        async with venue_on_kernel() as address:
            return await main(address)

    crashes: list[BaseException] = []
    kernel = Kernel(crashed=lambda task, error: crashes.append(error))
    with without_log():
        result = kernel.run(with_venue())
    assert crashes == []
    assert not kernel.tasks
    return result


def test_a_bot_of_coroutines_trades_and_watches_on_the_kernel() -> None:
    async def main(address: Address) -> list[tuple[int | None, int | None]]:
        seen: list[tuple[int | None, int | None]] = []
        async with (
            await connect(*address, account="anna") as anna,
            await connect(*address, account="ben") as ben,
            aclosing(each(anna.depth("ACME"))) as books,
        ):
            async for book in books:
                seen.append((book.best_bid, book.best_ask))
                match len(seen):
                    case 1:
                        await ben.buy("ACME", 2, at=100)
                    case 2:
                        await ben.sell("ACME", 2, at=104)
                    case 3:
                        await anna.sell("ACME", 2, at=100)
                    case _:
                        break
        return seen

    assert on_kernel(main) == [(None, None), (100, None), (100, 104), (None, 104)]


def test_an_order_is_read_with_async_for_on_the_kernel() -> None:
    async def main(address: Address) -> list[str]:
        async with (
            await connect(*address, account="anna") as anna,
            await connect(*address, account="ben") as ben,
        ):
            order = await anna.buy("ACME", 5, at=100)
            await ben.sell("ACME", 2, at=100)
            await ben.sell("ACME", 3, at=100)
            return [type(report).__name__ async for report in order]

    assert on_kernel(main) == ["Accepted", "TradeReport", "TradeReport"]


def test_a_bot_that_is_cancelled_logs_out_and_its_orders_go_with_it() -> None:
    async def quotes(address: Address, at_work: Event) -> None:
        async with await connect(*address, account="anna", cancel_on_disconnect=True) as anna:
            await anna.buy("ACME", 5, at=100)
            at_work.set()
            async for _ in anna.depth("ACME"):
                await pause()

    async def main(address: Address) -> list[int | None]:
        at_work = Event("a quote")
        anna = await spawn(quotes(address, at_work))
        await at_work.wait()
        async with (
            await connect(*address, account="ben") as ben,
            aclosing(each(ben.depth("ACME"))) as books,
        ):
            before = await anext(books)
            await cancel(anna)
            after = await timeout(10, anext(books))
        return [before.best_bid, after.best_bid]

    assert on_kernel(main) == [100, None]


def test_a_timeout_of_the_kernel_ends_a_wait_and_the_stream_goes_on() -> None:
    async def main(address: Address) -> list[int | None]:
        async with await connect(*address, account="anna") as anna:
            with anna.depth("ACME") as books:
                await books.next()
                with pytest.raises(TimeoutError):
                    await timeout(0.01, books.next())
                await anna.buy("ACME", 1, at=99)
                book = await books.next()
                assert book is not None
                return [book.best_bid]

    assert on_kernel(main) == [99]


# -- flows under asyncio ---------------------------------------------------------------------------
@pytest.fixture
async def venue() -> AsyncIterator[Address]:
    with without_log():
        async with running(CONFIG) as venue:
            yield venue.address


async def test_streams_of_the_client_are_read_by_asyncio(venue: Address) -> None:
    anna: Client = await under_asyncio(connect(*venue, account="anna"))
    async with asyncio_client.Client.connect(*venue, account="ben") as ben:
        async with aclosing(each(anna.depth("ACME"))) as books:
            await anext(books)
            await ben.buy("ACME", 2, at=100)
            book = await anext(books)
        order = await under_asyncio(anna.sell("ACME", 2, at=100))
        report = await under_asyncio(order.next_report())
        while not isinstance(report, TradeReport):
            report = await under_asyncio(order.next_report())
    await under_asyncio(anna.close())

    assert book.best_bid == 100
    assert (report.price, report.quantity) == (100, 2)
    assert not anna.is_active


async def test_a_timeout_of_asyncio_ends_a_wait_and_the_stream_goes_on(venue: Address) -> None:
    anna: Client = await under_asyncio(connect(*venue, account="anna"))
    depths = anna.depth("ACME")
    await under_asyncio(depths.next())

    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.01):
            await under_asyncio(depths.next())
    await under_asyncio(anna.buy("ACME", 1, at=99))
    book: Any = await under_asyncio(depths.next())
    await under_asyncio(anna.close())

    assert book.best_bid == 99


async def test_a_venue_that_goes_ends_what_waits_for_it() -> None:
    with without_log():
        async with running(CONFIG) as venue:
            anna: Client = await under_asyncio(connect(*venue.address, account="anna"))
            depths = anna.depth("ACME")
            await under_asyncio(depths.next())
            waiting = asyncio.create_task(under_asyncio(depths.next()))

    assert await waiting is None
    with pytest.raises(VenueError):
        await under_asyncio(anna.buy("ACME", 1, at=99))
    await under_asyncio(anna.close())


async def test_a_strategy_runs_on_the_runner_of_the_kernel_under_asyncio(venue: Address) -> None:
    anna: Client = await under_asyncio(connect(*venue, account="anna"))
    maker = MarketMaker([anna.instruments[ACME]], MarketMakerParameters.model_validate({}), Random(1))
    runner = Runner(maker, anna, SystemClock(), iter(()))
    quoting = asyncio.create_task(under_asyncio(runner.run()))
    async with (
        asyncio_client.Client.connect(*venue, account="ben") as ben,
        aclosing(ben.depth(ACME)) as books,
    ):
        while (book := await anext(books)).best_bid is None or book.best_ask is None:
            continue
        await ben.buy(ACME, 7, at=book.best_ask)
        runner.stop()
        await quoting
        while (await anext(books)).bids:
            continue
        await under_asyncio(anna.close())

    assert maker.portfolio.of(ACME).position == -7


# -- a venue of flows under asyncio ----------------------------------------------------------------
async def test_a_venue_on_flows_serves_clients_of_asyncio() -> None:
    listening: asyncio.Future[Address] = asyncio.get_running_loop().create_future()
    stop = Event("the end of trading")
    with without_log():
        venue = asyncio.create_task(
            under_asyncio(serve(CONFIG, ready=listening.set_result, stop=stop, guest=True))
        )
        address = await listening
        async with (
            asyncio_client.Client.connect(*address, account="anna") as anna,
            asyncio_client.Client.connect(*address, account="ben") as ben,
            aclosing(ben.depth("ACME")) as books,
        ):
            await anext(books)
            resting = await anna.buy("ACME", 5, at=100)
            assert (await anext(books)).best_bid == 100
            taking = await ben.sell("ACME", 5, at=100)
            reports = [type(report).__name__ async for report in resting]
        stop.set()
        await venue

    assert reports == ["Accepted", "TradeReport"]
    assert taking.is_done


async def test_the_monitor_looks_into_an_event_loop(tmp_path: Path) -> None:
    path = tmp_path / "monitor"
    watch, ready = Event("a price"), asyncio.Event()

    def bot() -> Generator[Any, Any, None]:
        yield from spawn(monitor(path), name="monitor")
        yield from spawn(watch.wait(), name="watcher")
        yield from pause()
        ready.set()
        yield from watch.wait()

    at_work = asyncio.create_task(under_asyncio(bot()))
    await ready.wait()
    reader, writer = await asyncio.open_unix_connection(path)
    writer.write(b"ps\n")
    table = (await reader.read()).decode()
    writer.close()
    await writer.wait_closed()
    watch.set()
    await at_work

    assert [line.split()[-4:] for line in table.splitlines() if "watcher" in line] == [
        ["suspended", "watcher", "a", "price"]
    ]
    assert not path.exists()


async def test_a_venue_on_flows_that_asyncio_cancels_hangs_up_on_everybody() -> None:
    listening: asyncio.Future[Address] = asyncio.get_running_loop().create_future()
    with without_log():
        venue = asyncio.create_task(
            under_asyncio(serve(CONFIG, ready=listening.set_result, stop=Event("never"), guest=True))
        )
        address = await listening
        anna: Client = await under_asyncio(connect(*address, account="anna"))
        venue.cancel()
        with pytest.raises(asyncio.CancelledError):
            await venue
        with pytest.raises(SessionBroken):
            await under_asyncio(anna.buy("ACME", 1, at=99))
        with pytest.raises(SessionBroken):
            await under_asyncio(connect(*address, account="ben"))
        with pytest.raises(SessionBroken):
            await under_asyncio(anna.close())

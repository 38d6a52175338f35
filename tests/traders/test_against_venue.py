"""Client, fleet and replay against the real venue over TCP."""

import asyncio
from collections.abc import AsyncGenerator, Iterable
from contextlib import aclosing
from pathlib import Path
from typing import TypeVar

import pytest

from protocol.clock import SystemClock
from protocol.errors import ConfigError, SessionBroken
from protocol.market import Bar, TradePrint
from protocol.messages import Accepted, Canceled, MassCanceled, Rejected, Replaced, TradeReport
from protocol.vocabulary import CancelReason, OrderState, RejectReason, Side, TimeInForce
from tests.support.venue import running_venue
from tests.traders.reports import ACME
from traders.client import Client
from traders.fleet import Fleet
from traders.order_flow import FlowLine, generated_day
from traders.replayer import Replay
from traders.scenario import scenario_of
from traders.venue_process import Address


# -- client ----------------------------------------------------------------------------------------
async def test_two_traders_meet(venue_address: Address) -> None:
    async with (
        Client.connect(*venue_address, account="alice") as alice,
        Client.connect(*venue_address, account="bob") as bob,
        aclosing(bob.depth("ACME")) as depths,
        aclosing(alice.trades("ACME")) as trades,
    ):
        assert (await anext(depths)).bids == ()
        tape = asyncio.ensure_future(anext(trades))
        resting = await alice.buy("ACME", 100, at=10_000)
        assert (await anext(depths)).bids == ((10_000, 100),)
        taking = await bob.sell("ACME", 40)
        print_ = await tape
        await resting.replace(quantity=70)
        canceled = await resting.cancel()

        assert [type(report) for report in [report async for report in resting]] == [
            Accepted,
            TradeReport,
            Replaced,
            Canceled,
        ]
        assert (print_.price, print_.quantity) == (10_000, 40)
        assert isinstance(canceled, Canceled)
        assert (canceled.quantity, canceled.cumulative) == (30, 40)
        assert [type(report) for report in [report async for report in taking]] == [Accepted, TradeReport]
        assert (await bob.order_status(taking.client_order_id)).state is OrderState.FILLED


async def test_what_the_venue_refuses_is_an_answer(venue_address: Address) -> None:
    async with Client.connect(*venue_address, account="alice") as client:
        none_there = await client.buy("NOPE", 100, at=10_000)
        bad_tick = await client.buy("GOOG", 100, at=10_001)
        nothing = await client.buy("ACME", 10, time_in_force=TimeInForce.IOC)
        mass = await client.mass_cancel(symbol="NOPE")

        assert none_there.rejection is not None
        assert none_there.rejection.reason is RejectReason.UNKNOWN_SYMBOL
        assert bad_tick.rejection is not None
        assert bad_tick.rejection.reason is RejectReason.OFF_TICK
        last = [report async for report in nothing][-1]
        assert isinstance(last, Canceled)
        assert last.reason is CancelReason.NO_LIQUIDITY
        assert isinstance(mass, Rejected)


async def test_ids_are_not_repeated_after_a_reconnect_nor_by_a_second_session(venue_address: Address) -> None:
    for _ in range(3):
        async with (
            Client.connect(*venue_address, account="alice") as one,
            Client.connect(*venue_address, account="alice") as two,
        ):
            for client in (one, two, one, two):
                order = await client.buy("ACME", 1, at=1)
                assert order.rejection is None
            await one.mass_cancel()


async def test_ids_are_not_repeated_after_the_venue_restarts(tmp_path: Path) -> None:
    for _ in range(2):
        with running_venue(tmp_path) as venue:
            async with Client.connect(venue.host, venue.port, account="alice") as client:
                assert (await client.buy("ACME", 1, at=1)).rejection is None
            venue.stop()


async def test_orders_of_one_turn_are_all_answered(venue_address: Address) -> None:
    async with Client.connect(*venue_address, account="alice") as client:
        orders = await asyncio.gather(*(client.buy("ACME", 1, at=price) for price in range(1, 501)))
        done = await client.mass_cancel()

        assert all(order.rejection is None for order in orders)
        assert isinstance(done, MassCanceled)
        assert done.count == 500


async def test_every_channel_follows_the_market_and_nothing_has_to_be_recovered(
    venue_address: Address,
) -> None:
    async with (
        Client.connect(*venue_address, account="alice") as alice,
        Client.connect(*venue_address, account="bob") as bob,
        aclosing(bob.bbo("ACME")) as best,
        aclosing(bob.depth("ACME", levels=3)) as depths,
        aclosing(bob.depth("ACME")) as whole,
        aclosing(bob.orders("ACME")) as books,
        aclosing(bob.candles("ACME", "1d")) as candles,
        aclosing(bob.statistics("ACME")) as days,
        aclosing(bob.status("ACME")) as phases,
        aclosing(bob.tape("ACME")) as tape,
    ):
        states = (best, depths, whole, books, days)
        begin = [await anext(one) for one in (*states, phases)]
        news = [asyncio.ensure_future(anext(one)) for one in (candles, tape)]
        # Somebody who asks for nothing new and is answered: the subscriptions before it stand.
        await bob.account()
        resting = await alice.buy("ACME", 100, at=10_000)
        await alice.sell("ACME", 40, at=10_000)
        bar, trade = [await one for one in news]
        while (await anext(best)).best(Side.BUY) != (10_000, 60):
            pass
        while (await anext(depths)).bids != ((10_000, 60),):
            pass
        while (await anext(whole)).bids != ((10_000, 60),):
            pass
        while (place := (await anext(books)).place(resting.order_id or 0)) is None or place.quantity != 60:
            pass
        while (day := await anext(days)).trades == 0:
            pass

        assert len(begin) == 6
        assert (place.price, place.position, place.ahead) == (10_000, 0, 0)
        assert isinstance(bar, Bar)
        assert (bar.close, bar.volume, bar.trades) == (10_000, 40, 1)
        assert isinstance(trade, TradePrint)
        assert (trade.price, trade.quantity) == (10_000, 40)
        assert (day.volume, day.last, day.vwap) == (40, 10_000, 10_000)
        assert bob.recoveries == 0


async def test_after_a_break_every_book_is_read_anew(tmp_path: Path) -> None:
    with running_venue(tmp_path) as venue:
        async with Client.connect(venue.host, venue.port, account="alice") as alice:
            await alice.buy("ACME", 5, at=90)
            await alice.buy("ACME", 7, at=90)
            before = await first_of(alice.orders("ACME"))
        venue.kill()
    with running_venue(tmp_path, port=venue.port) as again:
        async with Client.connect(again.host, again.port, account="alice") as alice:
            after = await first_of(alice.orders("ACME"))
            depth = await first_of(alice.depth("ACME", levels=10))
        again.stop()

    assert [level.orders for level in after.bids] == [level.orders for level in before.bids]
    assert depth.bids == ((90, 12),)


T = TypeVar("T")


async def first_of(stream: AsyncGenerator[T, None]) -> T:
    """How things stand."""
    async with aclosing(stream) as items:
        return await anext(items)


# -- fleet -----------------------------------------------------------------------------------------
def fleet_of(address: Address, groups: Iterable[dict[str, object]], *, prefix: str = "") -> Fleet:
    scenario = scenario_of({"seed": 1, "traders": list(groups)}, "test")
    return Fleet(
        scenario, clock=SystemClock(), place="test", host=address.host, port=address.port, prefix=prefix
    )


CROWD = [
    {"strategy": "market_maker", "count": 3, "symbols": ["ACME"]},
    {
        "strategy": "zero_intelligence",
        "count": 40,
        "symbols": ["ACME"],
        "interval_s": 0.2,
        "parameters": {"range_ticks": 5},
    },
]


async def test_a_fleet_trades_until_stopped_and_its_profits_and_fees_add_up_to_nothing(
    venue_address: Address,
) -> None:
    fleet = fleet_of(venue_address, CROWD)
    stop = asyncio.Event()

    async with asyncio.TaskGroup() as group:
        running = group.create_task(fleet.run(stop))
        async with aclosing(_trades(*venue_address)) as trades:
            for _ in range(20):
                await anext(trades)
        stop.set()
        await running

    positions = [trader.desk.strategy.position(ACME) for trader in fleet.traders if trader.desk]
    holdings = [trader.desk.strategy.portfolio.of(ACME) for trader in fleet.traders if trader.desk]
    assert [result.broken for result in fleet.results()] == [0, 0]
    assert fleet.trading == 43
    assert sum(positions) == 0
    assert sum(holding.cash for holding in holdings) == 0
    assert sum(holding.trades for holding in holdings) >= 40
    assert sum(result.fills for result in fleet.results()) == sum(holding.trades for holding in holdings)


async def test_a_fleet_leaves_no_order_in_the_book(venue_address: Address) -> None:
    fleet = fleet_of(venue_address, CROWD)
    stop = asyncio.Event()

    async with (
        Client.connect(*venue_address, account="watch") as client,
        aclosing(client.depth("ACME")) as depths,
    ):
        running = asyncio.create_task(fleet.run(stop))
        async for depth in depths:
            if depth.bids and depth.asks:
                break
        stop.set()
        await running

    async with (
        Client.connect(*venue_address, account="watch") as client,
        aclosing(client.depth("ACME")) as depths,
    ):
        depth = await anext(depths)
        assert (depth.bids, depth.asks) == ((), ())


async def test_a_fleet_stopped_before_it_began_ends_at_once(venue_address: Address) -> None:
    fleet = fleet_of(venue_address, CROWD)
    stop = asyncio.Event()
    stop.set()

    await fleet.run(stop)

    assert [result.orders for result in fleet.results()] == [0, 0]


async def test_a_fleet_for_an_instrument_the_venue_does_not_have_is_refused(venue_address: Address) -> None:
    fleet = fleet_of(venue_address, [{"strategy": "market_maker", "symbols": ["NOPE"]}])

    with pytest.raises(ConfigError, match="does not have NOPE; it has ACME, GOOG"):
        await fleet.run(asyncio.Event())


async def test_a_fleet_without_a_venue_breaks_with_one_reason() -> None:
    fleet = fleet_of(Address("127.0.0.1", 1), CROWD)

    with pytest.raises(SessionBroken, match=r"all 43 sessions ended: nobody answers at 127\.0\.0\.1:1"):
        await fleet.run(asyncio.Event())


async def test_a_fleet_that_is_not_to_come_back_ends_when_the_venue_is_killed(tmp_path: Path) -> None:
    with running_venue(tmp_path) as venue:
        fleet = fleet_of(Address(venue.host, venue.port), CROWD)
        fleet.reconnect = False
        running = asyncio.create_task(fleet.run(asyncio.Event()))
        async with aclosing(_trades(venue.host, venue.port)) as trades:
            await anext(trades)
            venue.kill()
            with pytest.raises(SessionBroken, match="all 43 sessions ended"):
                await running


async def _trades(host: str, port: int, symbol: str = "ACME") -> AsyncGenerator[TradePrint, None]:
    async with (
        Client.connect(host, port, account="watch") as client,
        aclosing(client.trades(symbol)) as trades,
    ):
        async for trade in trades:
            yield trade


# -- replay ----------------------------------------------------------------------------------------
@pytest.mark.parametrize("window", [1, 7, 1_024])
async def test_a_generated_day_is_met_by_the_venue(venue_address: Address, window: int) -> None:
    day = list(generated_day(20_120_621, 1_500))

    check = await Replay(day, symbol="GOOG", account="replay", window=window).run(*venue_address)

    assert check.differences == []
    assert check.is_complete
    assert check.books == check.books_met == 150


async def test_a_day_can_be_replayed_twice_on_one_trading_day(venue_address: Address) -> None:
    day = list(generated_day(5, 300))

    for _ in range(2):
        check = await Replay(day, symbol="GOOG", account="replay").run(*venue_address)
        assert check.is_complete, check.differences


async def test_a_wrong_expectation_is_found(venue_address: Address) -> None:
    day = list(generated_day(5, 300))
    index = next(number for number, line in enumerate(day) if line.op == "take")
    wrong = day[index]
    assert wrong.hits is not None
    day[index] = FlowLine(
        "take", side=wrong.side, px=wrong.px, qty=wrong.qty, hits=(("X999", 1), *wrong.hits), row=wrong.row
    )

    check = await Replay(day, symbol="GOOG", account="replay").run(*venue_address)

    assert check.executions - check.executions_met == 1
    assert check.differences[0].startswith(f"row {wrong.row}: take of {wrong.qty} should meet")


async def test_a_replay_needs_the_instrument_its_tick_and_an_empty_book(venue_address: Address) -> None:
    day = list(generated_day(5, 50))

    with pytest.raises(ConfigError, match="does not have AAPL"):
        await Replay(day, symbol="AAPL", account="replay").run(*venue_address)
    with pytest.raises(ConfigError, match="no multiple of the tick of GOOG, 50"):
        await Replay(list(generated_day(5, 50, reference=5_800_001)), symbol="GOOG", account="replay").run(
            *venue_address
        )
    async with Client.connect(*venue_address, account="alice") as client:
        await client.buy("GOOG", 1, at=50)
        with pytest.raises(ConfigError, match="not empty"):
            await Replay(day, symbol="GOOG", account="replay").run(*venue_address)


async def test_a_replay_that_breaks_says_how_far_it_came(tmp_path: Path) -> None:
    toml = tmp_path / "venue.toml"
    toml.write_text('[[instruments]]\nsymbol = "GOOG"\ntick = 50\n')
    with running_venue(tmp_path, str(toml)) as venue:
        replay = Replay(list(generated_day(5, 5_000)), symbol="GOOG", account="replay", window=64)
        async with aclosing(_trades(venue.host, venue.port, "GOOG")) as trades:
            first = asyncio.ensure_future(anext(trades))
            running = asyncio.create_task(replay.run(venue.host, venue.port))
            await first
            venue.kill()
            with pytest.raises(SessionBroken, match=r"; [\d,]+ of [\d,]+ commands were acknowledged"):
                await running

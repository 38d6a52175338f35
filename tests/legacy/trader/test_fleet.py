"""A fleet on the generator kernel against a real venue: the same scenario, strategies and results as under asyncio."""

import asyncio
import os
import re
import signal
import subprocess
import sys
from collections.abc import Generator
from contextlib import aclosing
from pathlib import Path
from typing import Any

import pytest

from legacy.fleet import Fleet
from legacy.trader.client import Client, connect, session
from legacy.traps import join, spawn
from legacy.waiting import Event
from protocol.clock import SystemClock
from protocol.errors import ConfigError, SessionBroken
from protocol.messages import Accepted
from protocol.vocabulary import Symbol
from tests.legacy.trader.conftest import Run
from tests.support.venue import VenueProcess, running_venue
from traders import client as with_asyncio
from traders import fleet as fleet_with_asyncio
from traders.roster import Roster
from traders.scenario import Scenario, scenario_of

Flow = Generator[Any, Any, Any]

CROWD = Symbol("CROWD")

TONTINE = """
import sys, tontine
try:
    tontine.main()
finally:
    print("asyncio was loaded:", "asyncio" in sys.modules)
"""

ROOT = Path(__file__).parents[3]


def scenario(*groups: dict[str, object]) -> Scenario:
    return scenario_of({"seed": 1, "traders": list(groups)}, "test")


def fleet_at(venue: VenueProcess, prefix: str, *groups: dict[str, object]) -> Fleet:
    return Fleet(
        scenario(*groups),
        clock=SystemClock(),
        place="test",
        host=venue.host,
        port=venue.port,
        prefix=prefix,
    )


def crowd(symbol: str) -> tuple[dict[str, object], dict[str, object]]:
    return (
        {"strategy": "market_maker", "count": 3, "symbols": [symbol]},
        {
            "strategy": "zero_intelligence",
            "count": 40,
            "symbols": [symbol],
            "interval_s": 0.1,
            "parameters": {"range_ticks": 5},
        },
    )


def test_a_fleet_trades_until_stopped_leaves_no_order_and_its_profits_add_up_to_nothing(
    venue: VenueProcess, run: Run
) -> None:
    fleet = fleet_at(venue, "crowd-", *crowd("CROWD"))
    stop = Event()

    def watch(client: Client) -> Flow:
        running = yield from spawn(fleet.run(stop))
        with client.trades("CROWD") as trades:
            for _ in range(20):
                yield from trades.next()
        stop.set()
        yield from join(running)
        with client.depth("CROWD") as depths:
            return (yield from depths.next())

    depth = run(session(venue.host, venue.port, watch, account="watch"))

    assert (depth.bids, depth.asks) == ((), ())
    assert [result.broken for result in fleet.results()] == [0, 0]
    assert fleet.trading == 43
    assert sum(result.fills for result in fleet.results()) >= 40
    holdings = [trader.desk.strategy.portfolio.of(CROWD) for trader in fleet.traders if trader.desk]
    assert sum(holding.position for holding in holdings) == 0
    assert sum(holding.cash for holding in holdings) == 0


def test_equal_seeds_give_equal_orders_on_both_runtimes(venue: VenueProcess, run: Run) -> None:
    group = {
        "strategy": "zero_intelligence",
        "count": 3,
        "symbols": ["ALIKE"],
        "interval_s": 0.005,
        "parameters": {"reference": 10_000, "maximum_orders": 1_000},
    }

    def with_generators() -> Flow:
        fleet, stop = fleet_at(venue, "g-", group), Event()
        client = yield from connect(venue.host, venue.port, account="watch")
        running = yield from spawn(fleet.run(stop))
        with client.bbo("ALIKE") as prices:
            while not has_sent(fleet, 20):
                yield from prices.next()
        stop.set()
        yield from join(running)
        yield from client.close()

    async def without() -> None:
        fleet = fleet_with_asyncio.Fleet(
            scenario(group),
            clock=SystemClock(),
            place="test",
            host=venue.host,
            port=venue.port,
            prefix="a-",
        )
        stop = asyncio.Event()
        async with with_asyncio.Client.connect(venue.host, venue.port, account="watch") as client:
            running = asyncio.create_task(fleet.run(stop))
            async with aclosing(client.bbo("ALIKE")) as prices:
                while not has_sent(fleet, 20):
                    await anext(prices)
            stop.set()
            await running

    def entered(account: str) -> Flow:
        """The first orders of an account, as the venue took them."""
        orders: list[tuple[object, ...]] = []
        client = yield from connect(venue.host, venue.port, account=account, resume_from=1)
        with client.reports() as reports:
            while len(orders) < 20:
                report = yield from reports.next()
                if isinstance(report, Accepted):
                    orders.append((report.side, report.quantity, report.price))
        yield from client.close()
        return orders

    run(with_generators())
    asyncio.run(without())

    for number in (1, 2, 3):
        account = f"zero_intelligence-{number}"
        assert run(entered(f"g-{account}")) == run(entered(f"a-{account}"))


def has_sent(fleet: Roster, orders: int) -> bool:
    """Each of them."""
    return all(trader.desk and trader.desk.orders_sent >= orders for trader in fleet.traders)


def test_a_fleet_stopped_before_it_began_ends_at_once(venue: VenueProcess, run: Run) -> None:
    fleet = fleet_at(venue, "early-", *crowd("CROWD"))
    stop = Event()
    stop.set()

    run(fleet.run(stop))

    assert [result.orders for result in fleet.results()] == [0, 0]


def test_a_fleet_for_an_instrument_the_venue_does_not_have_is_refused(venue: VenueProcess, run: Run) -> None:
    fleet = fleet_at(venue, "nope-", *crowd("ACME"), {"strategy": "market_maker", "symbols": ["NOPE"]})

    with pytest.raises(ConfigError, match="does not have NOPE; it has"):
        run(fleet.run(Event()))


def test_a_fleet_ends_when_the_venue_is_killed(tmp_path: Path, run: Run) -> None:
    def watch(venue: VenueProcess, fleet: Fleet) -> Flow:
        client = yield from connect(venue.host, venue.port, account="watch")
        running = yield from spawn(fleet.run(Event()))
        with client.trades("ACME") as trades:
            yield from trades.next()
            venue.kill()
        with pytest.raises(SessionBroken, match="all 43 sessions ended"):
            yield from join(running)

    with running_venue(tmp_path, journal=False) as venue:
        run(watch(venue, fleet_at(venue, "", *crowd("ACME"))))


def test_the_command_ends_in_order_on_ctrl_c_and_has_not_loaded_asyncio(
    venue: VenueProcess, tmp_path: Path
) -> None:
    file = tmp_path / "fleet.toml"
    file.write_text('[[traders]]\nstrategy = "zero_intelligence"\nsymbols = ["KILL"]\ninterval_s = 0.01\n')
    command = [sys.executable, "-c", TONTINE, "fleet", str(file), "--runtime", "legacy"]
    process = subprocess.Popen(
        [*command, "--connect", f"{venue.host}:{venue.port}", "--prefix", "kill-"],
        cwd=ROOT,
        env=os.environ | {"COLUMNS": "120", "NO_COLOR": "1"},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    with venue.login("watch") as watch:
        watch.send({"type": "subscribe", "channel": "bbo", "symbol": "KILL"})
        while not (prices := watch.receive()).get("bid") and not prices.get("ask"):
            pass
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=20)

    assert (process.returncode, err) == (0, "")
    assert out.startswith(f"1 traders, {venue.host}:{venue.port}, seed 1\n")
    assert re.search(r"zero_intelligence +│ +1 │ +0 │ +[1-9]", out), out
    assert out.endswith("asyncio was loaded: False\n")

"""What fleets do besides trading, against a real venue: samplers, observations, units of an experiment, faults."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from protocol.clock import SystemClock
from protocol.errors import ConfigError
from protocol.vocabulary import Symbol
from tests.support.venue import VenueProcess, running_venue
from traders import watchdog
from traders.client import Client
from traders.fleet import Fleet
from traders.scenario import scenario_of

PATIENCE_S = 30.0
ACME = Symbol("ACME")

WITNESS = """
from typing import ClassVar

from protocol.vocabulary import Channel
from traders.strategies.base import Strategy


class Witness(Strategy):
    channels: ClassVar[frozenset[Channel]] = frozenset((Channel.BBO, Channel.TRADES))
    sampled: ClassVar[bool] = True
    observes: ClassVar[bool] = True

    def __init__(self, *words):
        super().__init__(*words)
        self.seen = []

    def on_depth(self, depth):
        self.seen.append(("book", depth.bids, depth.asks))
        return ()

    def on_trade(self, trade):
        self.seen.append(("trade", trade.price))
        return ()

    def on_observed(self, observed):
        self.seen.append(("worth", observed.value))
        return ()

    def on_timer(self, now_ns):
        self.seen.append("timer")
        return ()


class Raises(Strategy):
    def on_timer(self, now_ns):
        yield self.buy(self.symbols[0], 1, at=5)
        raise ZeroDivisionError("nothing is shared by nobody")


class Nonsense(Strategy):
    def on_timer(self, now_ns):
        return ["buy everything"]


class Floods(Strategy):
    def on_timer(self, now_ns):
        while True:
            yield self.buy(self.symbols[0], 1, at=5)


class Hangs(Strategy):
    def on_timer(self, now_ns):
        while True:
            try:
                pass
            except Exception:
                pass
"""


@pytest.fixture
def own(tmp_path: Path) -> str:
    path = tmp_path / "own.py"
    path.write_text(WITNESS)
    return str(path)


def fleet_at(venue: VenueProcess, *groups: dict[str, Any], **keys: Any) -> Fleet:
    scenario = scenario_of(
        {"seed": 1, "traders": [{"symbols": ["ACME"], "interval_s": 0.05, **one} for one in groups], **keys},
        "test",
    )
    return Fleet(scenario, clock=SystemClock(), place="test", host=venue.host, port=venue.port)


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


def seen(fleet: Fleet, number: int = 0) -> list[Any]:
    desk = fleet.traders[number].desk
    found: list[Any] = [] if desk is None else desk.strategy.seen  # type: ignore[attr-defined]  # a witness
    return found


# -- who samples -----------------------------------------------------------------------------------
async def test_samplers_share_one_connection_and_see_the_newest_before_their_timers(
    tmp_path: Path, own: str
) -> None:
    oracle = {"instruments": {"ACME": {"mean": 12_345}}}
    with running_venue(tmp_path) as venue:
        fleet = fleet_at(venue, {"strategy": f"{own}:Witness", "count": 10}, oracle=oracle)
        async with at_work(fleet), Client.connect(venue.host, venue.port, account="alice") as alice:
            await until(lambda: all("timer" in seen(fleet, number) for number in range(10)))
            await alice.sell("ACME", 3, at=101)
            await alice.buy("ACME", 3, at=99)
            both = ("book", ((99, 3),), ((101, 3),))
            await until(lambda: all(both in seen(fleet, number) for number in range(10)))
            await alice.buy("ACME", 1, at=101)
            traded = ("trade", 101)
            await until(lambda: all(traded in seen(fleet, number) for number in range(10)))
        venue.stop()
        counted = venue.logged("counted")

    # Ten traders, the feed they share, and alice.
    assert counted["logins"] == 12
    for number in range(10):
        looks = seen(fleet, number)
        assert looks.count(both) == 1
        assert looks.count(traded) == 1
        # Nothing of the market comes at another time than right before a timer, the observation last.
        groups = " ".join(one if isinstance(one, str) else one[0] for one in looks).split("timer")
        assert {group.strip() for group in groups[:-1]} <= {
            "worth", "book worth", "trade worth", "book trade worth",
        }  # fmt: skip
        assert ("worth", 12_345) in looks


# -- experiments -----------------------------------------------------------------------------------
async def test_units_are_handed_out_period_by_period_and_the_fleet_ends_with_the_last(tmp_path: Path) -> None:
    experiment = {
        "symbol": "ACME",
        "periods": 3,
        "period_s": 1.0,
        "schedules": [{"demand": [[120, 110], [115, 105]], "supply": [[80, 90], [85, 95]]}],
    }
    sides = [
        {
            "strategy": "zic", "name": role, "role": role, "count": 2, "interval_s": 0.03,
            "parameters": {"maximum_price": 200},
        }
        for role in ("buyers", "sellers")
    ]  # fmt: skip
    with running_venue(tmp_path) as venue:
        fleet = fleet_at(venue, *sides, experiment=experiment)
        async with asyncio.timeout(PATIENCE_S):
            await fleet.run(asyncio.Event())
        async with Client.connect(venue.host, venue.port, account="watch") as client:
            books = client.depth("ACME")
            book = await anext(books)
            await books.aclose()

    assert fleet.periods is not None
    assert [one.number for one in fleet.periods.surpluses] == [1, 2, 3]
    # All that can be gained in a period: 2 x 35 on the first units, 2 x 15 on the second.
    assert all(0 < one.surplus <= 100 for one in fleet.periods.surpluses)
    assert (book.bids, book.asks) == ((), ())
    assert [trader.fault for trader in fleet.traders] == [None] * 4
    for trader in fleet.traders:
        assert trader.desk is not None
        assert trader.desk.strategy.assignments[ACME].period == 3


async def test_a_trade_voids_all_orders_where_the_experiment_says_so(tmp_path: Path) -> None:
    experiment = {
        "symbol": "ACME",
        "periods": 1,
        "period_s": 30.0,
        "schedules": [{"demand": [[120]], "supply": [[80]]}],
        "clear_after_trade": True,
    }
    quiet = {"interval_s": 3_600.0, "arrivals": "regular"}
    groups = [
        {"strategy": "zic", "name": role, "role": role, **quiet, "parameters": {"maximum_price": 200}}
        for role in ("buyers", "sellers")
    ]
    maker = {"strategy": "market_maker", "account": "maker", **quiet, "parameters": {"reference": 100}}
    with running_venue(tmp_path) as venue:
        fleet = fleet_at(venue, *groups, maker, experiment=experiment)
        async with at_work(fleet), Client.connect(venue.host, venue.port, account="alice") as alice:
            books = alice.depth("ACME")
            while not ((book := await anext(books)).bids and book.asks):
                pass
            first = fleet.traders[2].desk
            assert first is not None
            before = set(first.strategy.orders)
            await alice.buy("ACME", 1)
            await until(lambda: not before & set(first.strategy.orders))
            await books.aclose()


# -- faults ----------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("culprit", "text"),
    [
        ("Raises", "ZeroDivisionError: nothing is shared by nobody"),
        ("Nonsense", "is no intent"),
        ("Floods", ""),
    ],
)
async def test_who_breaks_a_promise_is_named_and_stopped_and_the_others_go_on(
    tmp_path: Path, own: str, culprit: str, text: str
) -> None:
    crowd = {"strategy": "zero_intelligence", "name": "crowd", "count": 5, "parameters": {"range_ticks": 3}}
    with running_venue(tmp_path) as venue:
        fleet = fleet_at(venue, {"strategy": f"{own}:{culprit}", "name": "odd", "count": 2}, crowd)
        async with at_work(fleet):
            await until(lambda: len(fleet.faults) == 2)
            before = sum(one.fills for one in fleet.results())
            await until(lambda: sum(one.fills for one in fleet.results()) > before)

    assert [(one.group, one.account) for one in fleet.faults] == [("odd", "odd-1"), ("odd", "odd-2")]
    assert all(text in one.error for one in fleet.faults)
    assert [one.faults for one in fleet.results()] == [2, 0]
    assert [one.broken for one in fleet.results()] == [0, 0]


async def test_everything_ends_with_the_first_fault_where_the_scenario_says_so(
    tmp_path: Path, own: str
) -> None:
    crowd = {"strategy": "zero_intelligence", "name": "crowd", "count": 5}
    with running_venue(tmp_path) as venue:
        fleet = fleet_at(venue, {"strategy": f"{own}:Raises", "name": "odd"}, crowd, on_fault="stop_run")
        async with asyncio.timeout(PATIENCE_S):
            await fleet.run(asyncio.Event())

    assert [one.account for one in fleet.faults] == ["odd-1"]
    assert "own.py, line" in fleet.faults[0].error


def test_who_thinks_for_ever_is_interrupted() -> None:
    dog = watchdog.Watchdog()
    dog.is_thinking, dog.thoughts = True, 1

    dog._look(0, None)
    dog.thoughts = 2
    dog._look(0, None)
    with pytest.raises(watchdog.Hangs):
        dog._look(0, None)


async def test_a_scenario_for_another_venue_is_refused(tmp_path: Path) -> None:
    with running_venue(tmp_path) as venue:
        fleet = fleet_at(venue, {"strategy": "noise", "symbols": ["NOPE"], "count": 3})
        with pytest.raises(ConfigError, match="does not have NOPE"):
            await fleet.run(asyncio.Event())


# -- crowds ----------------------------------------------------------------------------------------
async def test_two_hundred_traders_are_all_answered(tmp_path: Path) -> None:
    crowd = {
        "strategy": "noise",
        "count": 198,
        "interval_s": 1.0,
        "arrivals": "regular",
        "parameters": {"reference": 10_000},
    }
    maker = {"strategy": "market_maker", "count": 2, "parameters": {"reference": 10_000}}
    with running_venue(tmp_path, journal=False) as venue:
        fleet = fleet_at(venue, crowd, maker)
        async with at_work(fleet):
            await until(lambda: all(one.desk and one.desk.orders_taken >= 3 for one in fleet.traders[:198]))
            taken = sorted(one.desk.orders_taken for one in fleet.traders[:198] if one.desk)

    # Like clockwork: nobody gets far ahead of who comes last.
    assert taken[-1] <= 4 * taken[0]
    assert sum(one.broken for one in fleet.results()) == 0

"""Nothing is made and nothing is lost, and who made something would be found."""

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from exchange.engine.events import Trade
from protocol.vocabulary import AccountId, Asset, Nanoseconds, Symbol
from simulation.accounting import Accounting
from simulation.conservation import Conservation
from simulation.run import Run
from simulation.validating import small_market
from traders.scenario import scenario_of

ACME = Symbol("ACME")
EUR = Asset("EUR")


def watched(run: Run) -> Conservation:
    watch = Conservation(run.market, full_every=1)
    run.run()
    watch.look_at_all()
    return watch


@pytest.mark.parametrize("settlement", ["none", "spot", "margin"])
def test_a_market_conserves_positions_cash_and_fees(settlement: str) -> None:
    watch = watched(Run(small_market(settlement, 30.0), place="here", seed=3))

    assert watch.faults == []
    assert watch.trades > 20
    assert watch.full_looks == watch.looks + 1


@st.composite
def markets(draw: st.DrawFn) -> dict[str, Any]:
    """Small markets of any settlement, with whatever fees, traded by strategies of several kinds."""
    settlement = draw(st.sampled_from(["none", "spot", "margin"]))
    instrument: dict[str, Any] = {
        "symbol": "ACME",
        "settlement": settlement,
        "reference_price": 1_000,
        "maker_fee_ppm": draw(st.integers(-100, 500)),
        "taker_fee_ppm": draw(st.integers(0, 2_000)),
        "quote_scale": draw(st.sampled_from([1, 7, 100])),
    }
    deposits: dict[str, int] = {}
    if settlement != "none":
        instrument["quote"] = "EUR"
        instrument["taker_fee_per_unit"] = draw(st.integers(0, instrument["quote_scale"]))
        deposits["EUR"] = draw(st.integers(1, 10**9))
    if settlement == "spot":
        instrument["base"] = "GOLD"
        instrument["base_scale"] = draw(st.sampled_from([1, 10]))
        deposits["GOLD"] = draw(st.integers(1, 10**6))
    if settlement == "margin":
        instrument["margin"] = draw(st.integers(1, 200))
    kinds = draw(st.lists(st.sampled_from(["zero_intelligence", "market_maker"]), min_size=1, max_size=3))
    groups = [{"strategy": "zero_intelligence", "name": "crowd", "count": 6, "deposits": deposits}]
    groups += [
        {"strategy": kind, "name": f"more{place}", "deposits": deposits} for place, kind in enumerate(kinds)
    ]
    return {"length_s": 10.0, "venue": {"instruments": [instrument]}, "traders": groups}


@given(markets(), st.integers(0, 2**32))
@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_every_market_does(values: dict[str, Any], seed: int) -> None:
    watch = watched(Run(scenario_of(values, "here"), place="here", seed=seed))

    assert watch.faults == []


def test_a_position_out_of_nothing_is_found_at_the_next_trade_of_its_owner() -> None:
    run = Run(small_market("margin", 30.0), place="here", seed=3)
    watch = Conservation(run.market)
    made: list[AccountId] = []

    def make(at_ns: Nanoseconds, trade: object) -> None:
        if isinstance(trade, Trade) and not made:
            run.market.venue.engine.accounts.by_name[trade.maker].positions[ACME] += 1
            made.append(trade.maker)

    run.market.on_trade.append(make)

    run.run()
    watch.look_at_all()

    assert not watch.passed
    assert made[0] in watch.faults[0]


def test_money_out_of_nothing_is_found() -> None:
    run = Run(small_market("spot", 30.0), place="here", seed=3)
    watch = Conservation(run.market)
    engine = run.market.venue.engine

    def steal(_: None) -> None:
        engine.clearing.books.house.charge(EUR, -1)

    run.kernel.at(run.start_ns + 5_000_000_000, steal)

    run.run()

    assert any("EUR paid in" in fault for fault in watch.faults)


def test_watching_changes_nothing() -> None:
    alone = Run(small_market("spot", 20.0), place="here", seed=5).run()
    run = Run(small_market("spot", 20.0), place="here", seed=5)

    watched(run)

    assert run.log.digest == alone.log.digest


def test_profits_of_all_are_what_fees_took() -> None:
    run = Run(small_market("none", 30.0), place="here", seed=3)
    accounting = Accounting(run.market.venue.engine.books)

    def take(at_ns: Nanoseconds, trade: Any) -> None:
        accounting.take(trade)

    run.market.on_trade.append(take)

    run.run()

    fees = sum(one.fees for one in accounting.holdings.values())
    assert fees > 0
    assert sum(accounting.profits().values()) == -fees

"""What the venue does by the clock, it does by the virtual one."""

from collections.abc import Callable, Iterable
from typing import Any

import pytest

from protocol.market import PhaseStatus
from protocol.messages import Canceled, Rejected, TradeReport
from protocol.vocabulary import CancelReason, Liquidity, Phase, RejectReason, TimeInForce
from tests.simulation.test_agent import ACME, ran, scenario
from tests.support.noting import Notes
from traders.strategies.intents import Intent, Reported

SECOND = 1_000_000_000
Script = Callable[[Notes], list[Callable[[], Iterable[Intent]]]]


def phases(notes: Notes) -> list[tuple[float, Phase]]:
    """When the venue changed to which phase, in seconds since the start."""
    start_ns = notes.heard[0][0]
    return [
        ((one.at_ns - start_ns) / SECOND, one.phase) for one in notes.of(PhaseStatus) if one.at_ns is not None
    ]


def reports(notes: Notes, *kinds: type) -> list[Any]:
    return [event.report for event in notes.of(Reported) if isinstance(event.report, kinds)]


def test_a_day_goes_through_its_phases_at_their_times() -> None:
    times = {
        "pre_open": "09:30:00",
        "opening_auction": "09:30:01",
        "continuous": "09:30:03",
        "closing_auction": "09:30:04",
        "closed": "09:30:04.500000",
    }
    venue = {
        "instruments": [{"symbol": "ACME"}],
        "schedule": [{"at": at, "phase": phase} for phase, at in times.items()],
    }
    both: Script = lambda notes: [  # noqa: E731  # a script like the others
        list,
        lambda: [notes.buy(ACME, 5, at=101), notes.sell(ACME, 3, at=99)],
        list,
        lambda: [notes.buy(ACME, 1, at=100)],
        lambda: [notes.buy(ACME, 1, at=100)],
    ]

    _, [notes] = ran(scenario(venue=venue, length_s=6.0), both)

    assert phases(notes) == [
        (1.0, Phase.OPENING_AUCTION), (3.0, Phase.CONTINUOUS), (4.0, Phase.CLOSING_AUCTION), (4.5, Phase.CLOSED),
    ]  # fmt: skip
    auctioned = reports(notes, TradeReport)
    assert {(one.liquidity, one.quantity) for one in auctioned} == {(Liquidity.AUCTION, 3)}
    assert {one.at_ns for one in auctioned} == {notes.heard[0][0] + 3 * SECOND}


@pytest.mark.parametrize(("time_in_force", "goes"), [(TimeInForce.DAY, True), (TimeInForce.GTC, False)])
def test_orders_of_the_day_go_at_its_end(time_in_force: TimeInForce, goes: bool) -> None:
    venue = {"instruments": [{"symbol": "ACME"}], "day_ends_utc": "09:30:03"}

    _, [notes] = ran(
        scenario(venue=venue),
        lambda notes: [lambda: [notes.buy(ACME, 1, at=50, time_in_force=time_in_force)]],
    )

    ended = [(one.reason, one.at_ns - notes.heard[0][0]) for one in reports(notes, Canceled)]
    assert ended == ([(CancelReason.DAY_ENDED, 3 * SECOND)] if goes else [])


def test_an_order_expires_at_its_deadline() -> None:
    def script(notes: Notes) -> list[Callable[[], Iterable[Intent]]]:
        return [lambda: [notes.buy(ACME, 1, at=50, expires_at_ns=notes.heard[0][0] + 2 * SECOND)]]

    _, [notes] = ran(scenario(), script)

    assert [(one.reason, one.at_ns - notes.heard[0][0]) for one in reports(notes, Canceled)] == [
        (CancelReason.EXPIRED, 2 * SECOND)
    ]


def test_a_trade_far_from_the_last_price_calls_a_volatility_auction_that_ends_by_itself() -> None:
    venue = {
        "instruments": [{"symbol": "ACME", "reference_price": 100, "dynamic_corridor": 10}],
        "volatility_auction_s": 2,
    }

    def script(notes: Notes) -> list[Callable[[], Iterable[Intent]]]:
        return [lambda: [notes.sell(ACME, 5, at=120)], lambda: [notes.buy(ACME, 5, at=120)]]

    run, [notes] = ran(scenario(venue=venue, length_s=8.0), script)

    (called_s, first), (ended_s, second) = phases(notes)[:2]
    assert (first, second) == (Phase.VOLATILITY_AUCTION, Phase.CONTINUOUS)
    assert ended_s - called_s >= 2.0
    assert {one.liquidity for one in reports(notes, TradeReport)} == {Liquidity.AUCTION}
    assert run.faults == []


def test_what_a_phase_does_not_take_is_refused() -> None:
    venue = {
        "instruments": [{"symbol": "ACME"}],
        "schedule": [{"at": "09:30:00", "phase": "closed"}],
    }

    run, [notes] = ran(scenario(venue=venue), lambda notes: [lambda: [notes.buy(ACME, 1, at=50)]])

    assert [one.reason for one in reports(notes, Rejected)] == [RejectReason.WRONG_PHASE]
    assert run.agents[0].orders_refused == 1

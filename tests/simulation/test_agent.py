"""What gets to a trader, in which order, how late; and what leaves it."""

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import pytest

from exchange.engine.commands import EnterOrder
from exchange.engine.sequencer import Turn
from protocol.market import TradePrint
from protocol.messages import Accepted, Canceled, TradeReport
from protocol.vocabulary import Symbol
from simulation.run import Run
from tests.support import noting
from tests.support.noting import Notes
from traders.book_view import Depth
from traders.scenario import Scenario, scenario_of
from traders.strategies.intents import CancelOrder, Intent, Reported, Started, Stopping, TimerFired

ACME = Symbol("ACME")
FILE = noting.__file__
MS = 1_000_000
Script = Callable[[Notes], list[Callable[[], Iterable[Intent]]]]


def scenario(*groups: dict[str, Any], **keys: Any) -> Scenario:
    defaults = {"strategy": f"{FILE}:Notes", "arrivals": "regular", "name": "notes", "interval_s": 1.0}
    return scenario_of(
        {
            "venue": {"instruments": [{"symbol": "ACME"}]},
            "length_s": 5.0,
            "latency": {"model": "fixed", "ns": 10 * MS},
            "traders": [{**defaults, **group} for group in groups or ({},)],
            **keys,
        },
        "place",
    )


def made(chosen: Scenario, *scripts: Script) -> tuple[Run, list[Any]]:
    """A run of it before its start; each trader has its script."""
    run = Run(chosen, place="place")
    strategies: list[Any] = [agent.strategy for agent in run.agents]
    for strategy in strategies:
        strategy.clock = run.kernel.now_ns
    for strategy, script in zip(strategies, scripts, strict=False):
        strategy.script = script(strategy)
    return run, strategies


def ran(chosen: Scenario, *scripts: Script) -> tuple[Run, list[Any]]:
    run, strategies = made(chosen, *scripts)
    run.run()
    return run, strategies


def crosses(notes: Notes) -> list[Callable[[], Iterable[Intent]]]:
    return [lambda: [notes.sell(ACME, 5, at=100)], lambda: [notes.buy(ACME, 3, at=100)]]


def at(notes: Notes, *kinds: type) -> list[int]:
    """When it heard of the first of each kind."""
    return [next(at_ns for at_ns, event in notes.heard if isinstance(_inner(event), kind)) for kind in kinds]


def _inner(event: object) -> object:
    return event.report if isinstance(event, Reported) else event


def test_a_session_begins_with_started_and_ends_with_stopping() -> None:
    _, [notes] = ran(scenario(length_s=0.5))

    assert notes.heard[0][1] == Started(notes.heard[0][0])
    assert notes.heard[-1][1] == Stopping()


@pytest.mark.parametrize("ns", [0, 1, 10 * MS])
def test_own_reports_come_before_the_print_of_the_same_trade(ns: int) -> None:
    _, [notes] = ran(scenario(latency={"model": "fixed", "ns": ns}), crosses)

    kinds = [type(_inner(event)) for event in notes.told]
    wanted = [Accepted, Accepted, TradeReport, TradeReport, TradePrint]
    assert [kind for kind in kinds if kind in wanted] == wanted


@pytest.mark.parametrize("ns", [0, 7, 10 * MS])
def test_reports_and_market_data_are_as_late_as_orders(ns: int) -> None:
    _, [notes] = ran(scenario(latency={"model": "fixed", "ns": ns}), crosses)

    first = next(at_ns for at_ns, event in notes.heard if isinstance(event, TimerFired))
    assert at(notes, Accepted, TradeReport, TradePrint) == [
        first + 2 * ns, first + 10**9 + 2 * ns, first + 10**9 + 2 * ns,
    ]  # fmt: skip
    asked = [at_ns for at_ns, event in notes.heard if isinstance(event, Depth) and event.asks]
    assert asked[0] == first + 2 * ns
    report = next(_inner(event) for event in notes.told if isinstance(_inner(event), Accepted))
    assert report.at_ns == first + ns  # type: ignore[attr-defined]


def test_messages_of_one_link_never_overtake_each_other() -> None:
    latency = {"model": "uniform", "low_ns": 0, "high_ns": 2_000 * MS}

    def busy(notes: Notes) -> list[Callable[[], Iterable[Intent]]]:
        return [lambda: [notes.buy(ACME, 1, at=50)]] * 400

    turns: list[Turn] = []
    run, [notes] = made(scenario({"interval_s": 0.01}, latency=latency), busy)
    run.on_turn(turns.append)
    run.run()

    entered = [
        int(command.client_order_id)
        for turn in turns
        for command in turn.commands
        if isinstance(command, EnterOrder)
    ]
    assert entered == sorted(entered)
    assert len(entered) == 400
    seqs = [event.report.seq for event in notes.of(Reported)]
    assert seqs == list(range(1, len(seqs) + 1))
    times = [at_ns for at_ns, _ in notes.heard]
    assert times == sorted(times)


def test_each_site_has_its_own_distance() -> None:
    ways = {"near": {"venue": 1}, "far": {"venue": 300 * MS}, "venue": {"near": 2, "far": 400 * MS}}
    groups = {"site": "near", "name": "near"}, {"site": "far", "name": "far"}

    _, [near, far] = ran(scenario(*groups, latency={"model": "sites", "ns": ways}), crosses, crosses)

    for notes, round_trip in ((near, 3), (far, 700 * MS)):
        first = next(at_ns for at_ns, event in notes.heard if isinstance(event, TimerFired))
        assert at(notes, Accepted) == [first + round_trip]


def test_a_decision_that_takes_time_delays_what_it_wants_and_what_it_notices() -> None:
    group = {"computation": {"model": "fixed", "ns": 300 * MS}, "interval_s": 5.0}

    _, [notes] = ran(scenario(group, length_s=20.0), lambda notes: [lambda: [notes.buy(ACME, 1, at=50)]])

    fired = next(at_ns for at_ns, event in notes.heard if isinstance(event, TimerFired))
    accepted = at(notes, Accepted)[0]
    # It thinks, the order travels, the answer travels.
    assert accepted == fired + 300 * MS + 20 * MS
    # The book that shows its order came right behind the report, and had to wait for it to be digested.
    shown = next(at_ns for at_ns, event in notes.heard if isinstance(event, Depth) and event.bids)
    assert shown == accepted + 300 * MS


def test_a_sampler_hears_of_the_market_at_its_timers_only_and_as_late_as_anybody() -> None:
    sampler = {"strategy": f"{FILE}:Samples", "name": "samples", "interval_s": 0.9}
    slow = {"model": "fixed", "ns": 1_500 * MS}

    _, [notes, samples] = ran(scenario({}, {**sampler, "latency": slow}, length_s=10.0), crosses)

    traded = at(notes, TradePrint)[0] - 10 * MS
    seen = [at_ns for at_ns, event in samples.heard if isinstance(event, Depth | TradePrint)]
    timers = [at_ns for at_ns, event in samples.heard if isinstance(event, TimerFired)]
    assert set(seen) <= set(timers)
    [printed] = [at_ns for at_ns, event in samples.heard if isinstance(event, TradePrint)]
    assert printed - 900 * MS < traded + 1_500 * MS <= printed


def test_hooks_that_a_strategy_has_put_on_itself_are_asked(tmp_path: Path) -> None:
    (tmp_path / "wrapped.py").write_text(
        """
from traders.strategies.base import Strategy

class Wrapped(Strategy):
    def __init__(self, instruments, parameters, rng):
        super().__init__(instruments, parameters, rng)
        self.reports = []
        self.on_report = lambda report, order: self.reports.append(report) or ()

    def on_timer(self, now_ns):
        return [self.buy(self.symbols[0], 1, at=50)]
"""
    )

    _, [wrapped] = ran(scenario({"strategy": f"{tmp_path}/wrapped.py:Wrapped"}, length_s=2.0))

    assert any(isinstance(report, Accepted) for report in wrapped.reports)


def test_the_last_words_of_a_trader_are_carried_out() -> None:
    run, _ = made(scenario(), lambda notes: [lambda: [notes.buy(ACME, 1, at=50)]])
    run.start()
    run.advance(run.end_ns)
    before = run.market.venue.engine.live_orders()

    run.finish()

    assert len(before) == 1
    assert run.market.venue.engine.live_orders() == []


def test_orders_that_are_done_are_let_go_and_live_ones_stay() -> None:
    def busy(notes: Notes) -> list[Callable[[], Iterable[Intent]]]:
        return [
            lambda: [notes.buy(ACME, 1, at=50), notes.buy(ACME, 1, at=51)],
            lambda: [CancelOrder(1)],
        ]

    run, [notes] = made(scenario(), busy)
    run.start()
    run.advance(run.end_ns)

    account = run.market.venue.engine.accounts.by_name[run.agents[0].account]
    assert list(account.orders) == ["2"]
    assert list(notes.orders) == [2]
    assert [type(event.report) for event in notes.of(Reported)] == [Accepted, Accepted, Canceled]

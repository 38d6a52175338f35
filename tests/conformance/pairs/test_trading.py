"""Orders of two traders, whatever venue and traders run on."""

import pytest

from protocol.desk import Quote
from protocol.messages import Accepted, Canceled, MassCanceled, Rejected, Replaced, TradeReport
from protocol.vocabulary import CancelReason, OrderState, RejectReason, Side, Symbol, TimeInForce
from tests.conformance.pairs.pairing import Pair
from traders.order_view import OrderPhase

ORDERS = "orders: enter, replace, reduce, cancel, mass cancel, status"


@pytest.mark.feature(ORDERS)
def test_two_traders_meet(pair: Pair) -> None:
    alice, bob = pair.trader("alice"), pair.trader("bob")

    resting = alice.buy(pair.symbol, 100, at=10_000)
    taking = bob.sell(pair.symbol, 40)
    replaced = resting.replace(quantity=70)
    reduced = resting.reduce(5)
    canceled = resting.cancel()

    assert [type(one) for one in (replaced, reduced, canceled)] == [Replaced, Replaced, Canceled]
    assert (canceled.quantity, canceled.cumulative) == (25, 40)
    reports = resting.all_reports()
    assert [type(report) for report in reports] == [Accepted, TradeReport, Replaced, Replaced, Canceled]
    assert [report.seq for report in reports] == list(range(reports[0].seq, reports[0].seq + 5))
    assert [type(report) for report in taking.all_reports()] == [Accepted, TradeReport]
    assert (taking.view.cumulative, taking.view.turnover) == (40, 400_000)
    status = bob.do("order_status", taking.view.client_order_id)
    assert (status.state, status.cumulative) == (OrderState.FILLED, 40)


@pytest.mark.feature(ORDERS)
def test_many_orders_at_once_are_all_answered_and_canceled_at_once(pair: Pair) -> None:
    alice = pair.trader("alice")
    reports = alice.read("reports")

    orders = [pair.new(alice, Side.BUY, 1, price) for price in range(1, 301)]
    alice.submit(*orders)
    done = alice.do("mass_cancel", symbol=pair.symbol)

    assert isinstance(done, MassCanceled)
    assert done.count == 300
    heard = reports.take(601)
    assert [type(report) for report in heard] == [Accepted] * 300 + [Canceled] * 300 + [MassCanceled]
    assert [report.client_order_id for report in heard[:300]] == [order.client_order_id for order in orders]


@pytest.mark.feature("order types and times in force")
def test_an_order_says_how_long_and_how_it_wants_to_trade(pair: Pair) -> None:
    alice, bob = pair.trader("alice"), pair.trader("bob")

    nothing = alice.buy(pair.symbol, 10, time_in_force=TimeInForce.IOC)
    iceberg = alice.sell(pair.symbol, 100, at=105, display=10)
    stop = alice.buy(pair.symbol, 5, stop_price=200)
    before = bob.read("depth", pair.symbol).next()
    bob.buy(pair.symbol, 15, at=105)

    last = nothing.all_reports()[-1]
    assert isinstance(last, Canceled)
    assert last.reason is CancelReason.NO_LIQUIDITY
    assert before.asks == ((105, 10),)
    assert stop.view.phase is OrderPhase.PENDING
    assert isinstance(stop.cancel(), Canceled)  # and so its trades have been reported
    assert iceberg.view.leaves == 85


@pytest.mark.feature("refusals are answers")
def test_what_the_venue_refuses_is_an_answer(pair: Pair) -> None:
    alice = pair.trader("alice")

    nowhere = alice.buy("NOPE", 100, at=10_000)
    too_small = alice.buy(pair.symbol, 0, at=10_000)
    mass = alice.do("mass_cancel", symbol="NOPE")
    order = alice.buy(pair.symbol, 1, at=1)
    order.cancel()
    again = order.cancel()

    assert nowhere.view.rejection.reason is RejectReason.UNKNOWN_SYMBOL
    assert [type(report) for report in nowhere.all_reports()] == [Rejected]
    assert too_small.view.rejection is not None
    assert isinstance(mass, Rejected)
    assert isinstance(again, Rejected)


@pytest.mark.feature("account, kill switch, dead man's switch, quotes, protection")
def test_an_account_has_its_switches(pair: Pair) -> None:
    maker, taker = pair.trader("maker"), pair.trader("taker")
    symbol = Symbol(pair.symbol)

    protected = maker.do("protect", "set", 1)
    quoted = maker.do("quote", "set", [Quote(symbol, 99, 5, 101, 5)])
    taker.buy(pair.symbol, 1)
    armed = maker.do("dead_man", 60)
    killed = maker.do("kill_switch")
    refused = maker.buy(pair.symbol, 1, at=1)
    maker.do("kill_switch", on=False)
    state = maker.do("account")

    assert [type(one).__name__ for one in (protected, quoted, armed, killed)] == [
        "ProtectionSet",
        "MassQuoted",
        "DeadManArmed",
        "KillSwitchSet",
    ]
    assert refused.view.rejection is not None
    assert state.account == pair.name("maker")

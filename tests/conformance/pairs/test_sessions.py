"""Sessions that break, end, and go on in others, whatever venue and traders run on."""

from contextlib import ExitStack
from pathlib import Path

import pytest

from protocol.errors import SessionBroken, SessionClosed
from protocol.messages import Accepted, Canceled, MassCanceled, Replaced, TradeReport
from protocol.vocabulary import CancelReason, OrderState
from tests.conformance.pairs.blocking import PATIENCE_S, Runtime, Trader
from tests.conformance.pairs.features import RUNTIMES
from tests.conformance.pairs.pairing import Pair, Runtimes, open_file, runtime_option
from tests.support.venue import running_venue


@pytest.mark.feature("resume from any private message")
def test_a_later_session_goes_on_where_the_first_one_stopped_to_read(pair: Pair) -> None:
    first, other = pair.trader("alice"), pair.trader("bob")
    reports = first.read("reports")
    first.buy(pair.symbol, 10, at=100)
    heard = [reports.next()]
    resume_from = first.client.resume_from
    first.log_out()
    for quantity in (1, 2, 3):
        other.sell(pair.symbol, quantity)

    second = pair.trader("alice", resume_from=resume_from)
    missed = second.read("reports")
    heard += missed.take(3)
    done = second.do("mass_cancel")
    heard += missed.take(2)

    assert [type(report) for report in heard] == [Accepted, *[TradeReport] * 3, Canceled, MassCanceled]
    assert [report.seq for report in heard] == list(range(heard[0].seq, heard[0].seq + 6))
    assert [report.quantity for report in heard[1:4]] == [1, 2, 3]
    assert heard[-1] == done
    assert second.client.resume_from == done.seq + 1


@pytest.mark.feature("resume from any private message")
def test_what_is_not_there_yet_can_not_be_resumed_from(pair: Pair) -> None:
    with pytest.raises(SessionBroken) as refusal:
        pair.trader("alice", resume_from=1_000)

    assert refusal.value.code == "resume_from_the_future"


@pytest.mark.feature("sessions that follow one another when lines break")
def test_a_reader_misses_nothing_although_its_line_breaks(pair: Pair) -> None:
    line, trader = pair.relay(), pair.trader("alice")
    heard = pair.traders.read_through_breaks(line.host, line.port, pair.name("alice"), 4)

    order = trader.buy(pair.symbol, 5, at=100)
    reports = [heard.get(timeout=PATIENCE_S)]
    line.cut()
    order.replace(quantity=3)
    reports.append(heard.get(timeout=PATIENCE_S))
    line.cut()
    order.cancel()
    trader.do("mass_cancel")
    reports += [heard.get(timeout=PATIENCE_S) for _ in range(3)]

    assert [type(report) for report in reports] == [Accepted, Replaced, Canceled, MassCanceled, type(None)]


@pytest.mark.feature("cancel on disconnect")
def test_a_session_that_is_cut_takes_its_orders_along_if_it_said_so(pair: Pair) -> None:
    line = pair.relay()
    watcher = pair.trader("alice")
    reports = watcher.read("reports")
    watcher.buy(pair.symbol, 1, at=90)
    reports.next()
    first = pair.trader("alice", to=line, cancel_on_disconnect=True)
    order = first.buy(pair.symbol, 5, at=100)
    reports.next()

    line.cut()

    canceled = reports.next()
    assert isinstance(canceled, Canceled)
    assert (canceled.client_order_id, canceled.reason) == (
        order.view.client_order_id,
        CancelReason.DISCONNECTED,
    )
    with pytest.raises(SessionBroken):
        order.all_reports()
    with pytest.raises(SessionBroken):
        first.log_out()
    assert watcher.do("mass_cancel").count == 1  # the one of the session that did not


@pytest.mark.feature("orderly shutdown")
def test_a_session_that_was_logged_out_ends_its_streams_quietly(pair: Pair) -> None:
    alice = pair.trader("alice")
    order = alice.buy(pair.symbol, 1, at=1)
    depths, reports = alice.read("depth", pair.symbol), alice.read("reports")
    depths.next()

    alice.log_out(streams=False)

    assert (depths.next(), reports.next()) == (None, None)
    assert [type(report) for report in order.all_reports()] == [Accepted]
    again = pair.trader("alice")
    assert again.do("order_status", order.view.client_order_id).state is OrderState.LIVE


def traders_of(runtimes: Runtimes) -> list[Runtime]:
    return [runtimes[name] for name in RUNTIMES]


@pytest.mark.feature("orderly shutdown")
def test_a_venue_that_is_stopped_says_so_to_everybody(
    venue_runtime: str, runtimes: Runtimes, tmp_path: Path
) -> None:
    """One venue for the traders of all runtimes: it is stopped only once."""
    file = str(open_file(tmp_path))
    with ExitStack() as stack:
        options = (file, *runtime_option(venue_runtime))
        venue = stack.enter_context(running_venue(tmp_path, *options))
        traders: list[Trader] = []
        for number, runtime in enumerate(traders_of(runtimes)):
            trader = runtime.connect(venue.host, venue.port, account=f"t{number}")
            traders.append(stack.enter_context(trader))
        orders = [trader.buy("P000", 1, at=1) for trader in traders]
        streams = [trader.read("depth", "P000") for trader in traders]
        for stream in streams:
            stream.next()

        code = venue.stop()

        assert code == 0
        for trader, order, stream in zip(traders, orders, streams, strict=True):
            assert type(order.next_report()) is Accepted
            assert (order.next_report(), stream.next()) == (None, None)
            assert isinstance(trader.client.end, SessionClosed)

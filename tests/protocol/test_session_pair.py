"""Two sessions joined by memory: whole lives of a connection."""

import pytest

from protocol.errors import LocalProtocolError, SequenceGap, SessionBroken
from protocol.fields import Message
from protocol.market import DepthDelta, TradePrint
from protocol.messages import Accepted, Heartbeat, LoggedOut, NewOrder, TradeReport
from protocol.session_life import SessionState
from protocol.vocabulary import ClientOrderId, Liquidity, Side, Symbol
from tests.support.memory_link import ANNA, MemoryLink, welcome

ACME = Symbol("ACME")
NAME = ClientOrderId("a1")
ORDER = NewOrder(client_order_id=NAME, symbol=ACME, side=Side.BUY, quantity=10, price=100)
ACCEPTED = Accepted(1, 0, NAME, 1, ACME, Side.BUY, 10, 100)
REPORT = TradeReport(2, 0, NAME, 1, ACME, Side.BUY, 1, 100, 10, Liquidity.TAKER, 0, 10, 0)
DELTA = DepthDelta(ACME, 8, 0, [], [(100, 0)])
PRINT = TradePrint(ACME, 1, 1, 0, 100, 10, Side.BUY)


@pytest.fixture(params=[False, True], ids=["whole", "byte by byte"])
def link(request: pytest.FixtureRequest) -> MemoryLink:
    return MemoryLink(byte_by_byte=request.param)


def test_a_session_from_login_to_last_word(link: MemoryLink) -> None:
    link.log_in()
    link.trader.send(ORDER)
    asked = link.to_venue()
    link.venue.outbox += [ACCEPTED, REPORT]
    answered = link.to_trader()
    link.log_out()

    assert asked == [(2, ORDER)]
    assert answered == [ACCEPTED, REPORT]
    assert link.trader.private_seq == 2
    assert (link.trader.state, link.venue.state) == (SessionState.CLOSED, SessionState.CLOSED)


def test_both_ends_agree_on_account_and_heartbeat(link: MemoryLink) -> None:
    link.log_in(heartbeat_s=10)

    ends = [(end.account, end.heartbeat_s, end.state) for end in (link.trader, link.venue)]

    assert ends == [(ANNA, 10, SessionState.ACTIVE)] * 2


def test_private_answers_arrive_before_the_public_print_of_the_same_event(link: MemoryLink) -> None:
    link.log_in()
    sent: list[Message] = [ACCEPTED, REPORT, DELTA, PRINT]
    link.venue.outbox += sent

    received = link.to_trader()

    assert received == sent


def test_the_private_stream_goes_on_where_the_last_session_left_it() -> None:
    link = MemoryLink()

    link.log_in(seq=1)
    link.venue.outbox.append(REPORT)

    assert link.to_trader() == [REPORT]
    assert link.trader.private_seq == 2


def test_a_message_lost_on_the_way_is_noticed(link: MemoryLink) -> None:
    link.log_in()
    link.venue.outbox.append(REPORT)

    with pytest.raises(SequenceGap):
        link.to_trader()

    assert link.trader.state is SessionState.CLOSED


def test_answers_still_arrive_after_the_logout_was_sent() -> None:
    link = MemoryLink()
    link.log_in()
    link.trader.send(ORDER)
    link.trader.log_out()
    link.to_venue()
    link.venue.outbox += [ACCEPTED, REPORT]
    link.venue.log_out("goodbye")

    received = link.to_trader()

    assert received == [ACCEPTED, REPORT, LoggedOut(text="goodbye")]


def test_nothing_is_sent_after_the_logout() -> None:
    link = MemoryLink()
    link.log_in()
    link.trader.log_out()

    with pytest.raises(LocalProtocolError):
        link.trader.send(ORDER)

    assert link.trader.state is SessionState.LOGGING_OUT


def test_the_venue_may_end_the_session_by_itself(link: MemoryLink) -> None:
    link.log_in()
    link.venue.log_out("the venue closes")

    received = link.to_trader()

    assert received == [LoggedOut(text="the venue closes")]
    assert (link.trader.state, link.venue.state) == (SessionState.CLOSED, SessionState.CLOSED)


def test_a_login_is_not_repeated() -> None:
    link = MemoryLink()
    link.log_in()

    with pytest.raises(LocalProtocolError):
        link.trader.log_in(ANNA)

    assert link.trader.data_to_send() == b""


def test_heartbeats_keep_an_idle_session_alive(link: MemoryLink) -> None:
    link.log_in(heartbeat_s=10)

    for now_s in range(0, 600, 5):
        link.trader.tick(now_s)
        link.venue.tick(now_s)
        assert link.to_venue() == []
        assert link.to_trader() == []

    assert (link.trader.state, link.venue.state) == (SessionState.ACTIVE, SessionState.ACTIVE)


def test_a_heartbeat_goes_out_after_one_silent_interval_and_not_before() -> None:
    link = MemoryLink()
    link.log_in(heartbeat_s=10)
    link.venue.tick(100)
    link.venue.tick(109)
    early = list(link.venue.outbox)

    link.venue.tick(110)

    assert early == []
    assert link.venue.outbox == [Heartbeat()]


def test_whoever_talks_needs_no_heartbeat() -> None:
    link = MemoryLink()
    link.log_in(heartbeat_s=10)
    link.venue.tick(100)
    link.venue.outbox.append(ACCEPTED)
    link.venue.data_to_send()
    link.venue.tick(109)

    link.venue.tick(115)

    assert link.venue.outbox == []


@pytest.mark.parametrize("who", ["trader", "venue"])
def test_three_silent_intervals_break_the_session(who: str) -> None:
    link = MemoryLink()
    link.log_in(heartbeat_s=10)
    end = link.trader if who == "trader" else link.venue
    end.tick(100)
    end.tick(130)

    with pytest.raises(SessionBroken):
        end.tick(130.1)


def test_any_byte_is_a_sign_of_life() -> None:
    link = MemoryLink()
    link.log_in(heartbeat_s=10)
    link.venue.tick(100)
    link.venue.receive_data(b"\n")
    link.venue.tick(129)

    link.venue.tick(158)

    assert link.venue.state is SessionState.ACTIVE


def test_without_an_agreed_interval_silence_may_last() -> None:
    link = MemoryLink()
    link.log_in(heartbeat_s=0)
    link.trader.tick(0)
    link.venue.tick(0)

    link.trader.tick(1_000_000)
    link.venue.tick(1_000_000)

    assert (link.trader.data_to_send(), link.venue.data_to_send()) == (b"", b"")


@pytest.mark.parametrize("logged_in", [False, True])
def test_a_connection_may_break_at_any_time_and_twice(logged_in: bool) -> None:
    link = MemoryLink()
    if logged_in:
        link.log_in()

    for _ in range(2):
        link.trader.broken()
        link.venue.broken()

    assert (link.trader.state, link.venue.state) == (SessionState.CLOSED, SessionState.CLOSED)


def test_a_welcome_to_a_trader_that_did_not_ask_is_a_fault() -> None:
    link = MemoryLink()
    link.venue.outbox.append(welcome())

    with pytest.raises(Exception, match="second welcome"):
        link.to_trader()

    assert link.trader.state is SessionState.CLOSED

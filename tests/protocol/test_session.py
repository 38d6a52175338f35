"""Each end of a session by itself: what it takes, refuses and answers."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocol.codec import encode
from protocol.errors import (
    LocalProtocolError,
    RemoteProtocolError,
    SequenceGap,
    SessionBroken,
)
from protocol.fields import Message
from protocol.messages import (
    Accepted,
    Canceled,
    Error,
    Heartbeat,
    LoggedOut,
    Login,
    Logout,
    OrderStatus,
    TradePrint,
)
from protocol.session import ClientSession, ServerSession, SessionState
from protocol.vocabulary import (
    AccountId,
    CancelReason,
    ClientOrderId,
    ErrorCode,
    Sequence,
    Side,
    Symbol,
)
from tests.support.feeding import TAIL, Fault, at_venue, codes, fed
from tests.support.made_up import server_messages
from tests.support.memory_link import ANNA, welcome

LOGIN = Login(account=ANNA)
BEN = Login(account=AccountId("ben"))
ASK = OrderStatus(client_order_id=ClientOrderId("a1"))


def lines(*messages: Message) -> bytes:
    return b"".join(encode(message) for message in messages)


def accepted(seq: Sequence) -> Accepted:
    return Accepted(seq, 0, ClientOrderId("a1"), 1, Symbol("ACME"), Side.BUY, 10)


def canceled(seq: Sequence) -> Canceled:
    return Canceled(seq, 0, ClientOrderId("a1"), 1, Symbol("ACME"), 10, 0, CancelReason.REQUESTED)


def trader_waiting() -> ClientSession:
    """A trader's end that has sent its login."""
    session = ClientSession()
    session.log_in(ANNA)
    session.data_to_send()
    return session


def at_trader(data: bytes) -> list[Message]:
    """What a trader that has sent its login makes of ``data``, however it arrives."""
    return fed(data, lambda: trader_waiting().receive_data)


# -- the venue's end -------------------------------------------------------------------------------
def test_a_login_is_handed_on_and_what_follows_it_counts_as_logged_in() -> None:
    taken = at_venue(lines(LOGIN, ASK), logged_in=False)

    assert taken == [(1, LOGIN), (2, ASK)]


def test_a_command_before_the_login_is_refused_and_the_login_after_it_taken() -> None:
    taken = at_venue(lines(ASK, LOGIN, ASK), logged_in=False)

    assert codes(taken) == [(1, ErrorCode.NOT_LOGGED_IN), (2, LOGIN), (3, ASK)]


@pytest.mark.parametrize("message", [Heartbeat(), Logout()], ids=["heartbeat", "logout"])
def test_the_other_words_of_a_session_need_a_login_too(message: Message) -> None:
    taken = at_venue(lines(message), logged_in=False)

    assert codes(taken) == [(1, ErrorCode.NOT_LOGGED_IN)]


def test_nonsense_before_the_login_is_named_as_nonsense() -> None:
    taken = at_venue(b"hello\n" + lines(LOGIN), logged_in=False)

    assert codes(taken) == [(1, ErrorCode.NOT_JSON), (2, LOGIN)]


def test_a_second_login_is_refused_and_changes_nothing() -> None:
    session = ServerSession()

    inbound = session.receive_data(lines(LOGIN, BEN))

    assert [line for line, _ in inbound] == [1, 2]
    assert session.account == ANNA
    fault = inbound[1][1]
    assert isinstance(fault, RemoteProtocolError)
    assert fault.code is ErrorCode.ALREADY_LOGGED_IN


def test_heartbeats_of_the_trader_are_swallowed() -> None:
    taken = at_venue(lines(Heartbeat(), ASK, Heartbeat()))

    assert taken == [(2, ASK)]


def test_nothing_behind_a_logout_is_taken() -> None:
    taken = at_venue(lines(ASK, Logout(), ASK) + b"hello\n")

    assert taken == [(1, ASK), (2, Logout())]


def test_lines_in_front_of_one_that_is_too_long_are_taken_and_none_behind_it() -> None:
    taken = at_venue(lines(ASK) + b"x" * 128 + b"\n" + lines(ASK), max_line_bytes=128)

    assert taken == [
        (1, ASK),
        (2, Fault(ErrorCode.LINE_TOO_LONG, "the line is longer than 128 bytes")),
    ]


def test_a_line_that_is_too_long_ends_the_session() -> None:
    session = ServerSession(max_line_bytes=16)

    session.receive_data(b"x" * 17)

    assert session.state is SessionState.CLOSED
    assert session.receive_data(b"\n" + lines(LOGIN)) == []


def test_half_a_line_at_the_end_of_the_input_is_told_with_its_number() -> None:
    session = ServerSession()
    session.receive_data(lines(LOGIN, ASK) + TAIL)

    with pytest.raises(RemoteProtocolError) as caught:
        session.end_of_data()

    assert (caught.value.code, caught.value.line) == (ErrorCode.LINE_CUT_SHORT, 3)


def test_a_faulty_line_is_answered_with_code_text_and_line() -> None:
    session = ServerSession()

    session.fail(RemoteProtocolError(ErrorCode.NOT_JSON, "what?", 3))

    assert session.data_to_send() == b'{"type":"error","code":"not_json","text":"what?","line":3}\n'


def test_who_logs_out_in_the_chunk_of_the_login_is_still_welcomed() -> None:
    session = ServerSession()
    session.receive_data(lines(LOGIN, Logout()))

    session.welcome(welcome())
    session.log_out("goodbye")

    assert session.data_to_send() == lines(welcome(), LoggedOut(text="goodbye"))
    assert session.state is SessionState.CLOSED


def test_nobody_is_welcomed_twice_or_unasked() -> None:
    unasked, twice = ServerSession(), ServerSession()
    twice.receive_data(lines(LOGIN))
    twice.welcome(welcome())

    with pytest.raises(LocalProtocolError):
        unasked.welcome(welcome())
    with pytest.raises(LocalProtocolError):
        twice.welcome(welcome())

    assert unasked.data_to_send() == b""
    assert twice.data_to_send() == lines(welcome())


def test_who_hangs_up_says_why() -> None:
    session = ServerSession()

    session.end_with(ErrorCode.SHUTTING_DOWN, "good night")

    assert session.data_to_send() == lines(Error(code=ErrorCode.SHUTTING_DOWN, text="good night"))
    assert session.state is SessionState.CLOSED


def test_a_connection_without_login_times_out() -> None:
    session = ServerSession(login_timeout_s=10)
    session.tick(100)
    session.receive_data(lines(ASK))
    session.tick(110)

    with pytest.raises(SessionBroken):
        session.tick(110.1)


# -- the trader's end ------------------------------------------------------------------------------
def test_messages_arrive_in_order_and_heartbeats_are_swallowed() -> None:
    messages = at_trader(lines(welcome(3), Heartbeat(), accepted(4), Heartbeat(), canceled(5)))

    assert messages == [welcome(3), accepted(4), canceled(5)]


def test_an_error_before_the_welcome_is_handed_on() -> None:
    error = Error(code=ErrorCode.TOO_MANY_CONNECTIONS, text="full")

    messages = at_trader(lines(error))

    assert messages == [error]


@pytest.mark.parametrize("second", [4, 6, 7, 0], ids="then {}".format)
def test_a_jump_in_the_private_stream_is_a_gap(second: int) -> None:
    session = trader_waiting()
    session.receive_data(lines(welcome(3), accepted(4)))

    with pytest.raises(SequenceGap) as caught:
        session.receive_data(lines(canceled(second)))

    assert (caught.value.expected, caught.value.received) == (5, second)
    assert session.state is SessionState.CLOSED


def test_the_first_private_message_goes_on_from_the_welcome() -> None:
    session = trader_waiting()

    with pytest.raises(SequenceGap) as caught:
        session.receive_data(lines(welcome(3), accepted(5)))

    assert (caught.value.expected, caught.value.received) == (4, 5)


def test_a_second_welcome_is_a_fault_of_the_venue() -> None:
    session = trader_waiting()

    with pytest.raises(RemoteProtocolError) as caught:
        session.receive_data(lines(welcome(), welcome()))

    assert (caught.value.code, caught.value.line) == (ErrorCode.ALREADY_LOGGED_IN, 2)
    assert session.state is SessionState.CLOSED


def test_nonsense_of_the_venue_ends_the_session() -> None:
    session = trader_waiting()

    with pytest.raises(RemoteProtocolError) as caught:
        session.receive_data(lines(welcome()) + b"hello\n")

    assert (caught.value.code, caught.value.line) == (ErrorCode.NOT_JSON, 2)
    assert session.state is SessionState.CLOSED
    assert session.receive_data(lines(accepted(1))) == []


def test_nothing_behind_the_last_word_is_taken() -> None:
    messages = at_trader(lines(welcome(), LoggedOut(text="goodbye"), accepted(7)) + b"hello\n")

    assert messages == [welcome(), LoggedOut(text="goodbye")]


def test_an_endless_line_behind_the_last_word_is_no_fault() -> None:
    session = ClientSession(max_line_bytes=512)
    session.log_in(ANNA)

    messages = session.receive_data(lines(welcome(), LoggedOut(text="goodbye")) + b"x" * 1_000)

    assert messages == [welcome(), LoggedOut(text="goodbye")]


def test_an_endless_line_of_the_venue_is_a_fault() -> None:
    session = ClientSession(max_line_bytes=512)
    session.log_in(ANNA)

    with pytest.raises(RemoteProtocolError) as caught:
        session.receive_data(lines(welcome()) + b"x" * 1_000)

    assert (caught.value.code, caught.value.line) == (ErrorCode.LINE_TOO_LONG, 2)


def test_nothing_can_be_sent_before_the_welcome() -> None:
    session = trader_waiting()

    with pytest.raises(LocalProtocolError):
        session.send(ASK)

    assert session.data_to_send() == b""


@given(
    data=st.lists(st.one_of(server_messages().map(encode), st.binary(max_size=20)), max_size=6).map(b"".join)
)
def test_whatever_the_venue_sends_is_a_message_a_gap_or_a_fault(data: bytes) -> None:
    session = trader_waiting()

    try:
        messages = session.receive_data(lines(welcome()) + data + b"\n")
    except (RemoteProtocolError, SequenceGap):
        messages = []

    assert all(isinstance(message, Message) for message in messages)


# -- both ------------------------------------------------------------------------------------------
def test_the_outbox_leaves_in_order_and_once() -> None:
    session = ServerSession()
    print_ = TradePrint(Symbol("ACME"), 1, 1, 0, 100, 10, Side.BUY)
    session.outbox += [accepted(1), print_, canceled(2)]

    first, second = session.data_to_send(), session.data_to_send()

    assert first == lines(accepted(1), print_, canceled(2))
    assert second == b""

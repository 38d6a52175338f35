"""Each end of a session by itself: what it takes, refuses and answers."""

import json

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
from protocol.market import TradePrint
from protocol.messages import (
    Accepted,
    Canceled,
    Copy,
    Error,
    Heartbeat,
    LoggedOut,
    Login,
    Logout,
    OrderStatus,
)
from protocol.session import MAX_WAITING_BYTES, ClientSession, ServerSession
from protocol.session_life import SessionState
from protocol.vocabulary import (
    AccountId,
    CancelReason,
    ClientOrderId,
    ErrorCode,
    Role,
    Sequence,
    Side,
    Symbol,
)
from tests.support.feeding import TAIL, Fault, at_venue, codes, fed, plain
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


def logged_in(*, line_timeout_s: float) -> ServerSession:
    """A venue's end that has let its peer in."""
    session = ServerSession(line_timeout_s=line_timeout_s)
    session.receive_data(lines(LOGIN))
    session.welcome(welcome())
    return session


def trader_waiting() -> ClientSession:
    """A trader's end that has sent its login."""
    session = ClientSession()
    session.log_in(ANNA)
    session.data_to_send()
    return session


def resuming(first: Sequence) -> ClientSession:
    """A trader's end that has asked for its private stream from there on."""
    session = ClientSession()
    session.log_in(ANNA, resume_from=first)
    return session


def copying(*copy_from: tuple[AccountId, Sequence]) -> ClientSession:
    """The end of a drop copy."""
    session = ClientSession()
    session.log_in(ANNA, role=Role.DROP_COPY, copy_from=copy_from)
    return session


def copy(account: AccountId, seq: Sequence) -> Copy:
    return Copy(account, accepted(seq))


def at_trader(data: bytes) -> list[Message]:
    """What a trader that has sent its login makes of ``data``, however it arrives."""
    return fed(data, lambda: trader_waiting().receive_data)


# -- the venue's end -------------------------------------------------------------------------------
def test_a_login_is_handed_on_and_what_follows_it_waits() -> None:
    taken = at_venue(lines(LOGIN, ASK), logged_in=False)

    assert taken == [(1, LOGIN)]


def test_what_waited_for_the_welcome_is_handed_out_with_it_under_its_own_numbers() -> None:
    session = ServerSession()
    at_once = session.receive_data(b"\n" + lines(LOGIN, ASK) + b"hello\n" + TAIL)
    later = session.receive_data(b'eat"}\n' + lines(ASK))

    released = session.welcome(welcome())

    assert [(line, item) for line, item in at_once] == [(2, LOGIN)]
    assert later == []
    assert codes(map(plain, released)) == [(3, ASK), (4, ErrorCode.NOT_JSON), (6, ASK)]
    assert session.receive_data(lines(ASK)) == [(7, ASK)]


NONSENSE = {
    "blank lines": b"\n",
    "braces": b"{}\n",
    "heartbeats": lines(Heartbeat()),
    "orders with nonsense between": lines(ASK) * 50 + b"x\n",
}


@pytest.mark.parametrize("name", NONSENSE)
def test_of_much_nonsense_a_little_is_looked_at_and_the_rest_when_asked_for(name: str) -> None:
    chunk = NONSENSE[name] * (20_000 // NONSENSE[name].count(b"\n"))
    session = logged_in(line_timeout_s=10)

    portions = [session.receive_data(chunk)]
    while session.holds_back:
        portions.append(session.more())

    assert max(map(len, portions)) <= 64
    assert len(portions) > 300
    taken = [line for portion in portions for line, _ in portion]
    assert taken == sorted(set(taken))
    expected = chunk.count(b"{}") + chunk.count(b"x\n") + chunk.count(b"order_status")
    assert len(taken) == expected


def test_what_arrives_while_lines_are_held_back_comes_after_them() -> None:
    session = logged_in(line_timeout_s=10)
    first = session.receive_data(b"x\n" * 100)
    second = session.receive_data(lines(ASK))

    rest = session.more()

    assert second == []
    assert [line for line, _ in first + rest] == list(range(2, 103))
    assert rest[-1] == (102, ASK)
    assert not session.holds_back


def test_a_logout_among_lines_that_are_held_back_is_the_last_that_is_taken() -> None:
    session = logged_in(line_timeout_s=10)
    session.receive_data(b"x\n" * 100 + lines(Logout(), ASK) + b"y\n" * 100)

    rest = session.more()

    assert rest[-1] == (102, Logout())
    assert (session.state, session.holds_back, session.more()) == (SessionState.CLOSED, False, [])


def test_nobody_is_logged_in_before_the_welcome() -> None:
    session = ServerSession()

    session.receive_data(lines(LOGIN))

    assert (session.account, session.state) == (None, SessionState.LOGGING_IN)


def test_a_login_that_is_refused_is_told_its_line_and_takes_with_it_what_waited() -> None:
    session = ServerSession()
    session.receive_data(lines(LOGIN, ASK))

    session.end_with(ErrorCode.LOGIN_FAILED, "no", 1)

    assert session.data_to_send() == lines(Error(code=ErrorCode.LOGIN_FAILED, text="no", line=1))
    assert session.account is None
    assert session.receive_data(lines(ASK)) == []


def test_what_waits_for_a_login_is_bounded() -> None:
    session = ServerSession()
    session.receive_data(lines(LOGIN))
    chunk = lines(ASK) * (MAX_WAITING_BYTES // len(lines(ASK)))
    within = session.receive_data(chunk)

    (fault,) = session.receive_data(lines(ASK))

    assert within == []
    first_beyond = 2 + chunk.count(b"\n")
    assert codes([plain(fault)]) == [(first_beyond, ErrorCode.NOT_LOGGED_IN)]
    assert session.state is SessionState.CLOSED
    assert session.receive_data(lines(ASK)) == []


def test_a_line_that_is_too_long_behind_a_login_is_told_after_what_came_before_it() -> None:
    session = ServerSession(max_line_bytes=128)
    session.receive_data(lines(LOGIN, ASK) + b"x" * 129)

    released = session.welcome(welcome())

    assert codes(map(plain, released)) == [(2, ASK), (3, ErrorCode.LINE_TOO_LONG)]
    assert session.state is SessionState.CLOSED


def test_a_command_before_the_login_is_refused_and_the_login_after_it_taken() -> None:
    taken = at_venue(lines(ASK, LOGIN, ASK), logged_in=False)

    assert codes(taken) == [(1, ErrorCode.NOT_LOGGED_IN), (2, LOGIN)]


@pytest.mark.parametrize("message", [Heartbeat(), Logout()], ids=["heartbeat", "logout"])
def test_the_other_words_of_a_session_need_a_login_too(message: Message) -> None:
    taken = at_venue(lines(message), logged_in=False)

    assert codes(taken) == [(1, ErrorCode.NOT_LOGGED_IN)]


def test_nonsense_before_the_login_is_named_as_nonsense() -> None:
    taken = at_venue(b"hello\n" + lines(LOGIN), logged_in=False)

    assert codes(taken) == [(1, ErrorCode.NOT_JSON), (2, LOGIN)]


def test_a_second_login_is_refused_and_changes_nothing() -> None:
    session = ServerSession()
    session.receive_data(lines(LOGIN, BEN))

    ((line, fault),) = session.welcome(welcome())

    assert line == 2
    assert session.account == ANNA
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

    released = session.welcome(welcome())
    session.log_out("goodbye")

    assert released == [(2, Logout())]
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


def test_who_is_logging_in_times_out_as_well() -> None:
    session = ServerSession(login_timeout_s=10)
    session.tick(100)
    session.receive_data(lines(LOGIN))

    with pytest.raises(SessionBroken) as caught:
        session.tick(110.1)

    assert caught.value.code is ErrorCode.LOGIN_TIMEOUT


def test_a_line_has_to_end_in_time_however_many_of_its_bytes_arrive() -> None:
    session = logged_in(line_timeout_s=10)
    session.tick(100)
    for second in range(101, 112):
        session.receive_data(b"x")
        session.tick(second)

    with pytest.raises(SessionBroken) as caught:
        session.tick(111.1)

    assert caught.value.code is ErrorCode.LINE_TIMEOUT


def test_a_new_line_has_all_the_time_again() -> None:
    session = logged_in(line_timeout_s=10)
    session.receive_data(TAIL)
    session.tick(100)
    session.receive_data(b'eat"}\n' + TAIL)
    session.tick(109)

    session.tick(119)

    assert session.state is SessionState.ACTIVE


def test_a_line_that_is_not_being_read_may_stay_unfinished() -> None:
    session = logged_in(line_timeout_s=10)
    session.receive_data(TAIL)
    session.tick(100)
    session.tick(105, listening=False)
    session.tick(109)

    session.tick(119)

    assert session.state is SessionState.ACTIVE


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


def test_a_login_says_what_it_was_told_and_no_more() -> None:
    plainly, fully = ClientSession(), ClientSession()

    plainly.log_in(ANNA)
    fully.log_in(
        ANNA,
        heartbeat_s=5,
        secret="s3cret",
        role=Role.DROP_COPY,
        resume_from=7,
        cancel_on_disconnect=True,
        copy_from=[(BEN.account, 3)],
    )

    assert plainly.data_to_send() == b'{"type":"login","account":"anna"}\n'
    assert json.loads(fully.data_to_send()) == {
        "type": "login",
        "account": "anna",
        "heartbeat_s": 5,
        "secret": "s3cret",
        "role": "drop_copy",
        "resume_from": 7,
        "cancel_on_disconnect": True,
        "copy_from": [["ben", 3]],
    }


def test_a_resumed_stream_goes_on_from_the_number_asked_for() -> None:
    session = resuming(4)

    messages = session.receive_data(lines(welcome(3), accepted(4), canceled(5)))

    assert messages == [welcome(3), accepted(4), canceled(5)]
    assert session.private_seq == 5


@pytest.mark.parametrize("seq", [2, 4, 9])
def test_a_welcome_to_another_place_than_asked_for_is_a_gap(seq: Sequence) -> None:
    session = resuming(4)

    with pytest.raises(SequenceGap) as caught:
        session.receive_data(lines(welcome(seq)))

    assert (caught.value.expected, caught.value.received) == (4, seq + 1)
    assert session.state is SessionState.CLOSED


def test_copies_are_counted_for_each_account_by_itself() -> None:
    session = copying((ANNA, 4))
    copies = [copy(ANNA, 4), copy(BEN.account, 9), copy(ANNA, 5), copy(BEN.account, 10)]

    messages = session.receive_data(lines(welcome(), *copies))

    assert messages == [welcome(), *copies]
    assert session.copied_seq == {ANNA: 5, BEN.account: 10}


@pytest.mark.parametrize("seqs", [(5,), (3,), (4, 6), (4, 4)], ids=str)
def test_a_jump_in_the_copies_of_an_account_is_a_gap(seqs: tuple[Sequence, ...]) -> None:
    session = copying((ANNA, 4))

    with pytest.raises(SequenceGap) as caught:
        session.receive_data(lines(welcome(), *(copy(ANNA, seq) for seq in seqs)))

    assert (caught.value.expected, caught.value.received) == (3 + len(seqs), seqs[-1])
    assert session.state is SessionState.CLOSED


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

"""The venue's end of a session in frames: as that of lines, and what frames add."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocol.codec import encode
from protocol.errors import RemoteProtocolError
from protocol.fields import Message
from protocol.messages import Error, Heartbeat, LoggedOut, Login, Logout, OrderStatus
from protocol.session import Inbound, ServerSession
from protocol.session_life import SessionState
from protocol.vocabulary import ClientOrderId, ErrorCode
from protocol.websocket import CloseCode, close_frame, pong_frame, text_frames
from protocol.websocket_session import WebSocketSession
from tests.support.feeding import codes, plain
from tests.support.memory_link import ANNA, welcome
from tests.support.websocket import BINARY, CLOSE, CONTINUATION, PING, TEXT, frame

LOGIN = Login(account=ANNA)
ASK = OrderStatus(client_order_id=ClientOrderId("a1"))


def frames(*messages: Message) -> bytes:
    return b"".join(frame(encode(message)[:-1]) for message in messages)


def logged_in() -> WebSocketSession:
    session = WebSocketSession()
    session.receive_data(frames(LOGIN))
    session.welcome(welcome())
    session.data_to_send()
    return session


def all_of(session: ServerSession, data: bytes) -> list[Any]:
    """Everything in it, a login decided at once."""
    taken: list[Inbound] = []
    inbound = session.receive_data(data)
    while inbound or session.holds_back:
        taken += inbound
        deciding = session.state is SessionState.LOGGING_IN
        inbound = session.welcome(welcome()) if deciding else session.more()
    return codes(map(plain, taken))


@given(
    st.lists(
        st.sampled_from(
            [encode(ASK)[:-1], encode(LOGIN)[:-1], b"{}", b"", b"hello", encode(Heartbeat())[:-1]]
        ),
        max_size=200,
    )
)
def test_frames_and_lines_are_taken_the_same(contents: list[bytes]) -> None:
    lines = b"".join(content + b"\n" for content in contents)
    framed = b"".join(map(frame, contents))

    assert all_of(WebSocketSession(), framed) == all_of(ServerSession(), lines)


def test_frames_behind_a_login_wait_for_it_and_so_does_a_fault_among_them() -> None:
    session = WebSocketSession()

    at_once = session.receive_data(frames(LOGIN, ASK) + frame(b"", BINARY) + frames(ASK))
    released = session.welcome(welcome())

    assert at_once == [(1, LOGIN)]
    assert codes(map(plain, released)) == [(2, ASK), (3, ErrorCode.BINARY_FRAME)]
    assert session.state is SessionState.CLOSED
    assert session.receive_data(frames(ASK)) == []


def test_only_the_fault_that_ends_the_session_closes_it() -> None:
    session = logged_in()
    ((_, harmless),) = session.receive_data(frame(b"hello"))
    ((_, deadly),) = session.receive_data(frame(b"", 5))
    assert isinstance(harmless, RemoteProtocolError)
    assert isinstance(deadly, RemoteProtocolError)

    session.fail(harmless)
    first = session.data_to_send()
    session.fail(deadly)
    second = session.data_to_send()

    assert (session.ends_with(harmless), session.ends_with(deadly)) == (False, True)
    assert first == text_frames(encode(Error(harmless.code, harmless.text, 2)))
    assert second == text_frames(encode(Error(deadly.code, deadly.text, 3))) + close_frame(
        CloseCode.PROTOCOL_ERROR, "invalid_frame"
    )


def test_an_answer_to_a_ping_leaves_with_the_turn_behind_what_was_answered_before() -> None:
    session = logged_in()
    session.receive_data(frame(b"1", PING) + frame(b"2", PING))
    session.outbox.append(Heartbeat())

    owed = session.owes_pong
    data = session.data_to_send()

    assert data == text_frames(encode(Heartbeat())) + pong_frame(b"2")
    assert (owed, session.owes_pong) == (True, False)
    assert session.data_to_send() == b""


def test_the_last_word_has_one_close_frame_behind_it_and_nothing_after_that() -> None:
    session = logged_in()
    assert [message for _, message in session.receive_data(frames(Logout(), ASK))] == [Logout()]

    session.log_out("bye")
    last = session.data_to_send()
    session.outbox.append(Heartbeat())

    assert last == text_frames(encode(LoggedOut("bye"))) + close_frame(CloseCode.NORMAL)
    assert session.data_to_send() == b""
    assert not session.owes_pong


def test_a_venue_that_closes_goes_away() -> None:
    session, stranger = logged_in(), WebSocketSession()
    session.going_away = stranger.going_away = True

    session.log_out("the venue is shutting down")
    stranger.end_with(ErrorCode.SHUTTING_DOWN, "the venue is shutting down")

    assert session.data_to_send().endswith(close_frame(CloseCode.GOING_AWAY))
    assert stranger.data_to_send().endswith(close_frame(CloseCode.GOING_AWAY, "shutting_down"))


def test_a_message_cut_short_is_named_if_nothing_of_it_has_come_but_its_header() -> None:
    session = logged_in()
    session.receive_data(frame(b"", TEXT, final=False) + frame(b"", CONTINUATION, final=False))

    with pytest.raises(RemoteProtocolError) as fault:
        session.end_of_data()

    assert (fault.value.code, fault.value.line) == (ErrorCode.LINE_CUT_SHORT, 2)


def test_a_close_frame_is_heard_once_all_before_it_was_looked_at() -> None:
    session = logged_in()

    taken = session.receive_data(frames(ASK) * 600 + frame(b"", CLOSE))
    early = session.heard_close
    while session.holds_back:
        taken += session.more()

    assert len(taken) == 600
    assert (early, session.heard_close) == (False, True)

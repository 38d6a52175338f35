"""Lines to messages: whatever arrives is a message or a fault with the number of its line."""

import itertools

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocol.codec import client_message_decoder, encode, encode_all, preencode, server_message_decoder
from protocol.errors import RemoteProtocolError
from protocol.fields import Message
from protocol.messages import Heartbeat, InstrumentInfo, Login, NewOrder, Welcome
from protocol.vocabulary import (
    MAX_WIRE_INTEGER,
    AccountId,
    ClientOrderId,
    ErrorCode,
    Side,
    Symbol,
)
from tests.support.feeding import Fault, at_venue, codes, plain, venue_receiver
from tests.support.made_up import CLIENT_KINDS, SERVER_KINDS, client_messages, messages_of

BEAT = b'{"type":"heartbeat"}\n'
ORDER = NewOrder(
    client_order_id=ClientOrderId("a1"), symbol=Symbol("ACME"), side=Side.BUY, quantity=10, price=100
)
LINE = encode(ORDER)


def with_quantity(quantity: bytes) -> bytes:
    """The order with this as its quantity."""
    return LINE.replace(b'"quantity":10', b'"quantity":' + quantity)


@pytest.mark.parametrize("kind", CLIENT_KINDS, ids=lambda kind: kind.__name__)
@given(data=st.data())
def test_what_traders_send_arrives_as_it_was(kind: type[Message], data: st.DataObject) -> None:
    message = data.draw(messages_of(kind))

    decoded = client_message_decoder().decode(encode(message), 7)

    assert decoded == [(7, message)]


@pytest.mark.parametrize("kind", SERVER_KINDS, ids=lambda kind: kind.__name__)
@given(data=st.data())
def test_what_the_venue_sends_arrives_as_it_was(kind: type[Message], data: st.DataObject) -> None:
    message = data.draw(messages_of(kind))

    decoded = server_message_decoder().decode(encode(message), 7)

    assert decoded == [(7, message)]


def test_fields_at_their_default_are_left_out() -> None:
    line = encode(Login(account=AccountId("anna")))

    assert line == b'{"type":"login","account":"anna"}\n'


def test_messages_encoded_before_stand_in_line_with_the_others() -> None:
    print_ = preencode(Heartbeat())

    lines = encode_all([ORDER, print_, ORDER])

    assert lines == LINE + BEAT + LINE


def test_several_lines_are_numbered_in_order() -> None:
    taken = at_venue(LINE * 3)

    assert taken == [(1, ORDER), (2, ORDER), (3, ORDER)]


def test_blank_lines_are_skipped_but_counted() -> None:
    taken = at_venue(b"\n" + LINE + b" \t \n\r\n\n" + LINE + b"\n")

    assert taken == [(2, ORDER), (6, ORDER)]


def test_lines_may_end_in_carriage_return_and_newline() -> None:
    taken = at_venue((LINE * 3).replace(b"\n", b"\r\n"))

    assert taken == [(1, ORDER), (2, ORDER), (3, ORDER)]


def test_white_space_around_a_message_is_allowed() -> None:
    taken = at_venue(b"  " + LINE[:-1] + b" \t\n" + LINE)

    assert taken == [(1, ORDER), (2, ORDER)]


@pytest.mark.parametrize("between", [b"", b" ", b"\t"])
def test_two_messages_on_one_line_are_refused_and_the_next_line_is_taken(between: bytes) -> None:
    taken = at_venue(LINE[:-1] + between + LINE + LINE)

    assert codes(taken) == [(1, ErrorCode.NOT_JSON), (2, ORDER)]


def test_a_blank_line_does_not_make_up_for_two_messages_on_one() -> None:
    taken = at_venue(LINE[:-1] + LINE + b"\n")

    assert codes(taken) == [(1, ErrorCode.NOT_JSON)]


def test_one_message_on_two_lines_does_not_make_up_for_two_on_one() -> None:
    broken = LINE.replace(b":", b":\n", 1)

    taken = at_venue(broken + LINE[:-1] + LINE)

    assert codes(taken) == [(1, ErrorCode.NOT_JSON), (2, ErrorCode.INVALID_MESSAGE), (3, ErrorCode.NOT_JSON)]


def test_a_line_that_breaks_behind_an_inner_object_is_not_taken_for_two() -> None:
    info = InstrumentInfo(Symbol("ACME"), 1, 1, 1, 10, 2)
    line = encode(Welcome(AccountId("anna"), "test", 1, 0, 0, [info], [], []))
    broken = BEAT[:-1] + line.replace(b"}]", b"}\n]")

    decoded = [plain(one) for one in server_message_decoder().decode(broken, 1)]

    assert codes(decoded) == [(1, ErrorCode.NOT_JSON), (2, ErrorCode.NOT_JSON)]


@pytest.mark.parametrize(
    "line",
    [
        b"hello",
        b"{",
        b'{"type":"heartbeat"',
        b'{"type":"heartbeat"} x',
        b"{'type':'heartbeat'}",
        b'{"type":"heartbeat",}',
        b"\x00",
        b"\x0b",
        b"\xef\xbb\xbf" + BEAT[:-1],
        b'{"type":"login","account":"\xff"}',
        b'{"type":"login","account":"\xed\xa0\x80"}',
        b'{"\xff":1,"type":"login"}',
        b'{"type":"login","account":"\\ud800"}',
        b'{"type":"login","account":"\\udc00x"}',
        b'{"type":"login","account":"a\x01"}',
        b'{"type":"logout","x":' + b"[" * 20_000 + b"]" * 20_000 + b"}",
        b'{"x":' + b"[" * 20_000,
        b'{"x":' * 10_000,
    ],
    ids=lambda line: line[:40].decode("ascii", "backslashreplace"),
)
def test_what_is_no_json_is_named_so_and_the_next_line_is_taken(line: bytes) -> None:
    receive = venue_receiver()

    taken = receive(line + b"\n" + LINE)

    assert taken[1:] == [(2, ORDER)]
    fault = taken[0][1]
    assert isinstance(fault, Fault)
    # An unknown field is found out before the depth of what it holds.
    assert fault.code is (ErrorCode.INVALID_MESSAGE if b"logout" in line else ErrorCode.NOT_JSON)


@pytest.mark.parametrize(
    "line",
    [
        b"[]",
        b"1",
        b"null",
        b'"new"',
        b"{}",
        b"[" * 30_000,
        b'{"account":"anna"}',
        b'{"type":"nonsense"}',
        b'{"type":"welcome"}',
        b'{"type":1}',
        b'{"type":null}',
        b'{"type":"cancel"}',
        b'{"type":"cancel","client_order_id":""}',
        b'{"type":"cancel","client_order_id":"' + b"a" * 65 + b'"}',
        b'{"type":"cancel","client_order_id":1}',
    ],
    ids=lambda line: line[:40].decode(),
)
def test_json_that_is_no_message_is_named_so_and_the_next_line_is_taken(line: bytes) -> None:
    receive = venue_receiver()

    taken = receive(line + b"\n" + LINE)

    assert codes(taken) == [(1, ErrorCode.INVALID_MESSAGE), (2, ORDER)]


@pytest.mark.parametrize(
    "quantity",
    [
        b"1.0",
        b"1.5",
        b"1e3",
        b"1E400",
        b"0e99999999999",
        b'"10"',
        b"null",
        b"true",
        b"[10]",
        str(MAX_WIRE_INTEGER + 1).encode(),
        str(-MAX_WIRE_INTEGER - 1).encode(),
        b"9" * 30,
        b"-" + b"9" * 5_000,
        b"1" + b"0" * 400 + b".0",
    ],
    ids=lambda quantity: quantity[:20].decode(),
)
def test_a_quantity_that_is_no_integer_of_53_bits_is_no_message(quantity: bytes) -> None:
    taken = at_venue(with_quantity(quantity))

    assert codes(taken) == [(1, ErrorCode.INVALID_MESSAGE)]
    fault = taken[0][1]
    assert isinstance(fault, Fault)
    assert "quantity" in fault.text


@pytest.mark.parametrize("quantity", [b"NaN", b"Infinity", b"-Infinity", b"01", b"+1", b"0x10", b"1_000"])
def test_numbers_that_json_does_not_know_are_no_json(quantity: bytes) -> None:
    taken = at_venue(with_quantity(quantity))

    assert codes(taken) == [(1, ErrorCode.NOT_JSON)]


@pytest.mark.parametrize("quantity", [-MAX_WIRE_INTEGER, -1, 0, MAX_WIRE_INTEGER])
def test_a_number_that_makes_no_sense_is_still_a_message(quantity: int) -> None:
    taken = at_venue(with_quantity(str(quantity).encode()))

    assert taken == [(1, msgspec.structs.replace(ORDER, quantity=quantity))]


def test_an_unknown_field_is_named() -> None:
    taken = at_venue(b'{"type":"cancel","client_order_id":"a1","qty":1}\n')

    assert taken == [(1, Fault(ErrorCode.INVALID_MESSAGE, "Object contains unknown field `qty`"))]


def test_an_unknown_type_is_named() -> None:
    taken = at_venue(b'{"type":"cancle","client_order_id":"a1"}\n')

    fault = taken[0][1]
    assert isinstance(fault, Fault)
    assert fault.code is ErrorCode.INVALID_MESSAGE
    assert "cancle" in fault.text


def test_a_text_does_not_repeat_a_field_name_of_many_kilobytes() -> None:
    receive = venue_receiver()

    ((_, fault),) = receive(b'{"type":"logout","' + b"k" * 60_000 + b'":1}\n')

    assert isinstance(fault, Fault)
    assert len(fault.text) < 250


GARBAGE = st.one_of(
    st.binary(max_size=40),
    st.text('{}[]",:\\typelogin0123456789.e-\n \r', max_size=60).map(str.encode),
)


@st.composite
def damaged_lines(draw: st.DrawFn) -> bytes:
    """A message with a few bytes changed, dropped or put in."""
    line = bytearray(encode(draw(client_messages())))
    for _ in range(draw(st.integers(1, 3))):
        at = draw(st.integers(0, len(line)))
        line[at : at + draw(st.integers(0, 2))] = draw(st.binary(max_size=2))
    return bytes(line)


streams = st.lists(
    st.one_of(
        client_messages().map(encode),
        damaged_lines(),
        GARBAGE,
        st.sampled_from([b"\n", b"\r\n", BEAT, BEAT[:-1], b"x" * 300 + b"\n"]),
    ),
    max_size=8,
).map(b"".join)


@given(data=streams, cuts=st.lists(st.integers(0, 2_000), max_size=8), logged_in=st.booleans())
def test_any_cut_gives_the_same_messages_faults_and_line_numbers(
    data: bytes, cuts: list[int], logged_in: bool
) -> None:
    places = [0, *sorted(min(cut, len(data)) for cut in cuts), len(data)]
    whole = venue_receiver(logged_in=logged_in, max_line_bytes=256)
    cut = venue_receiver(logged_in=logged_in, max_line_bytes=256)

    at_once = whole(data)
    bit_by_bit = [taken for start, end in itertools.pairwise(places) for taken in cut(data[start:end])]

    assert bit_by_bit == at_once


@given(data=streams)
def test_every_line_gets_at_most_one_verdict_and_the_answer_can_be_sent(data: bytes) -> None:
    decoder = client_message_decoder()

    verdicts = decoder.decode(data + b"\n", 1)

    numbers = [line for line, _ in verdicts]
    assert numbers == sorted(set(numbers))
    assert set(numbers) <= set(range(1, data.count(b"\n") + 2))
    for line, verdict in verdicts:
        if isinstance(verdict, RemoteProtocolError):
            assert verdict.line == line
            assert len(verdict.text.encode()) < 1_000

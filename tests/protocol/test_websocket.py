"""Frames to lines and back, without a network: cut anywhere, faulty in every way, never kept."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocol.vocabulary import ErrorCode
from protocol.websocket import CloseCode, FrameReader, accept, close_frame, pong_frame, text_frames
from tests.support.websocket import BINARY, CLOSE, CONTINUATION, PING, PONG, TEXT, frame

TEXTS = st.text(st.characters(exclude_characters="\n", exclude_categories=["Cs"]), max_size=300)


def read(*chunks: bytes, limit: int = 65536) -> tuple[bytes, FrameReader]:
    """All lines of these chunks."""
    reader = FrameReader(limit)
    lines = b""
    for chunk in chunks:
        lines += reader.feed(chunk)
        while reader.has_more:
            lines += reader.feed(b"")
    return lines, reader


@given(st.lists(st.tuples(TEXTS, st.lists(st.integers(0, 300), max_size=3), st.booleans())), st.data())
def test_messages_come_out_as_lines_however_they_are_fragmented_and_cut(
    messages: list[tuple[str, list[int], bool]], data: st.DataObject
) -> None:
    wire = b""
    for text, cuts, with_ping in messages:
        payload = text.encode()
        places = sorted({min(cut, len(payload)) for cut in cuts})
        pieces = [
            payload[start:end] for start, end in zip([0, *places], [*places, len(payload)], strict=True)
        ]
        for number, piece in enumerate(pieces):
            opcode = TEXT if not number else CONTINUATION
            wire += frame(piece, opcode, final=number == len(pieces) - 1)
            if with_ping:
                wire += frame(b"here?", PING)
    cuts = sorted(data.draw(st.lists(st.integers(0, len(wire)), max_size=6)))

    whole, _ = read(wire)
    in_pieces, reader = read(*(wire[a:b] for a, b in zip([0, *cuts], [*cuts, len(wire)], strict=True)))
    byte_by_byte, _ = read(*(wire[at : at + 1] for at in range(len(wire))))

    lines = "".join(f"{text}\n" for text, _, _ in messages).encode()
    assert whole == in_pieces == byte_by_byte == lines
    assert not reader.in_message
    assert reader.fault is None


@pytest.mark.parametrize(
    ("wire", "code"),
    [
        (frame(b"bytes", BINARY), ErrorCode.BINARY_FRAME),
        (frame(b"\xff\xfe"), ErrorCode.NOT_JSON),
        (frame(b"\xc3") + frame(b"x"), ErrorCode.NOT_JSON),
        (frame(b"\xe2\x82", final=False) + frame(b"A", CONTINUATION), ErrorCode.NOT_JSON),
        (frame(b"{\n}"), ErrorCode.LINE_BREAK),
        (frame(b"{}\n"), ErrorCode.LINE_BREAK),
        (frame(b"x" * 1000), ErrorCode.LINE_TOO_LONG),
        (frame(b"x" * 600, final=False) + frame(b"x" * 400, CONTINUATION), ErrorCode.LINE_TOO_LONG),
        (frame(b"", length=50 << 20), ErrorCode.LINE_TOO_LONG),
        (frame(b"", length=(1 << 63) + 1), ErrorCode.LINE_TOO_LONG),
        (frame(b"{}", masked=False), ErrorCode.INVALID_FRAME),
        (frame(b"{}", reserved=4), ErrorCode.INVALID_FRAME),
        (frame(b"{}", 3), ErrorCode.INVALID_FRAME),
        (frame(b"", 11), ErrorCode.INVALID_FRAME),
        (frame(b"{}", CONTINUATION), ErrorCode.INVALID_FRAME),
        (frame(b"{", final=False) + frame(b"{}"), ErrorCode.INVALID_FRAME),
        (frame(b"", PING, final=False), ErrorCode.INVALID_FRAME),
        (frame(b"x" * 126, PING), ErrorCode.INVALID_FRAME),
        (frame(b"\x03", CLOSE), ErrorCode.INVALID_FRAME),
        (frame(b"\x03\xed", CLOSE), ErrorCode.INVALID_FRAME),
        (frame(b"\x03\xe8\xff", CLOSE), ErrorCode.NOT_JSON),
    ],
)
def test_a_faulty_frame_is_the_end_and_what_stood_in_front_of_it_is_kept(
    wire: bytes, code: ErrorCode
) -> None:
    wire = frame(b"{}") + wire + frame(b"later")

    lines, reader = read(wire, limit=1000)
    _, byte_by_byte = read(*(wire[at : at + 1] for at in range(len(wire))), limit=1000)

    assert lines.startswith(b"{}\n")
    assert b"later" not in lines
    assert reader.fault is not None
    assert reader.fault == byte_by_byte.fault
    assert reader.fault[0] is code


@given(st.lists(st.binary(max_size=40), max_size=10))
def test_garbage_is_a_fault_or_a_message_and_never_anything_else(chunks: list[bytes]) -> None:
    lines, reader = read(*chunks, limit=300)

    assert lines.count(b"\n") <= len(b"".join(chunks))
    assert reader.fault is None or reader.fault[0] in ErrorCode


def test_an_announced_length_is_refused_before_anything_of_it_has_come() -> None:
    reader = FrameReader(1000)

    reader.feed(frame(b"", length=50 << 20))

    assert reader.fault == (ErrorCode.LINE_TOO_LONG, "the line is longer than 1000 bytes")


def test_a_message_may_be_as_long_as_a_line_with_its_newline() -> None:
    longest, _ = read(frame(b"x" * 999), limit=1000)
    _, reader = read(frame(b"x" * 1000), limit=1000)

    assert longest == b"x" * 999 + b"\n"
    assert reader.fault is not None


def test_many_tiny_frames_are_taken_a_few_hundred_at_a_time() -> None:
    reader = FrameReader()

    first = reader.feed(frame(b"") * 2000)

    assert 0 < first.count(b"\n") < 2000
    assert reader.has_more


def test_of_several_pings_the_last_is_to_be_answered_and_pongs_are_not() -> None:
    _, reader = read(frame(b"1", PING) + frame(b"2", PING) + frame(b"3", PONG))

    assert reader.ping == b"2"


def test_nothing_after_a_close_frame_counts() -> None:
    lines, reader = read(frame(b"{}") + frame(b"\x03\xe8bye", CLOSE) + frame(b"late"))

    assert lines == b"{}\n"
    assert reader.closed
    assert reader.fault is None


@pytest.mark.parametrize("size", [0, 1, 125, 126, 1023, 1024, 65535, 65536, 100_000])
def test_frames_of_the_venue_have_the_shortest_head(size: int) -> None:
    line = b"x" * size

    framed = text_frames(line + b"\n")

    head = 2 if size < 126 else 4 if size < 65536 else 10
    assert len(framed) == head + size
    assert framed == frame(line, masked=False)


def test_each_line_is_a_frame() -> None:
    assert text_frames(b"{}\n[]\n") == frame(b"{}", masked=False) + frame(b"[]", masked=False)
    assert text_frames(b"") == b""


def test_control_frames() -> None:
    assert close_frame(CloseCode.TOO_BIG, "line_too_long") == frame(
        b"\x03\xf1line_too_long", CLOSE, masked=False
    )
    assert pong_frame(b"x") == frame(b"x", PONG, masked=False)


def test_every_code_fits_into_a_close_frame() -> None:
    assert max(len(code) for code in ErrorCode) <= 123


def test_keys_are_accepted_as_the_rfc_has_it() -> None:
    assert accept("dGhlIHNhbXBsZSBub25jZQ==") == "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="


@pytest.mark.parametrize("key", ["", "short", "dGhlIHNhbXBsZQ==", "not base64 at all!!!!!!!", "ä" * 24])
def test_what_is_no_key_is_not_accepted(key: str) -> None:
    assert accept(key) is None

"""Bytes to lines: the cut of the input never shows, and the limit holds."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocol.errors import RemoteProtocolError
from protocol.framing import LineBuffer
from protocol.vocabulary import ErrorCode
from tests.support.feeding import fed

LIMIT = 16


def lines_of(data: bytes, limit: int = LIMIT) -> bytes:
    """All lines that come out, however the data goes in."""

    def receiver() -> "_Lines":
        return _Lines(limit)

    return bytes(fed(data, receiver))


class _Lines:
    def __init__(self, limit: int) -> None:
        self._buffer = LineBuffer(limit)

    def __call__(self, chunk: bytes) -> bytes:
        return self._buffer.feed(chunk)


def test_complete_lines_come_out_with_their_newlines() -> None:
    data = b"one\ntwo\r\n\n three\n"

    lines = lines_of(data)

    assert lines == data


def test_half_a_line_waits_for_its_end() -> None:
    buffer = LineBuffer(LIMIT)

    before = buffer.feed(b"on")
    after = buffer.feed(b"e\ntw")

    assert (before, after) == (b"", b"one\n")
    assert buffer.lines == 1


@pytest.mark.parametrize("length", [LIMIT - 1, LIMIT])
def test_a_line_up_to_the_limit_passes(length: int) -> None:
    line = b"x" * (length - 1) + b"\n"

    lines = lines_of(line + line)

    assert lines == line + line


def test_lines_in_front_of_one_that_is_too_long_are_taken_and_none_behind_it() -> None:
    data = b"one\ntwo\n" + b"x" * LIMIT + b"\nthree\n"

    lines = lines_of(data)

    assert lines == b"one\ntwo\n"


def test_a_line_without_end_is_given_up_at_the_limit() -> None:
    buffer = LineBuffer(LIMIT)
    buffer.feed(b"one\n")

    for _ in range(LIMIT + 1):
        buffer.feed(b"x")

    assert buffer.overlong
    assert buffer.fault().line == 2
    assert buffer.fault().code is ErrorCode.LINE_TOO_LONG


def test_an_end_between_two_lines_is_in_order() -> None:
    buffer = LineBuffer(LIMIT)
    buffer.feed(b"one\n")

    buffer.end()

    assert buffer.lines == 1


def test_an_end_in_the_middle_of_a_line_names_the_line() -> None:
    buffer = LineBuffer(LIMIT)
    buffer.feed(b"one\ntw")

    with pytest.raises(RemoteProtocolError) as caught:
        buffer.end()

    assert (caught.value.code, caught.value.line) == (ErrorCode.LINE_CUT_SHORT, 2)


@given(chunks=st.lists(st.text("ab\n", max_size=LIMIT * 2).map(str.encode), max_size=12))
def test_any_cut_gives_the_same_lines_the_same_count_and_the_same_verdict(chunks: list[bytes]) -> None:
    whole, cut = LineBuffer(LIMIT), LineBuffer(LIMIT)

    at_once = whole.feed(b"".join(chunks))
    bit_by_bit = b"".join(cut.feed(chunk) for chunk in chunks)

    assert bit_by_bit == at_once
    assert (cut.lines, cut.overlong) == (whole.lines, whole.overlong)


@given(chunks=st.lists(st.binary(max_size=LIMIT * 3), max_size=12))
def test_memory_stays_within_the_limit(chunks: list[bytes]) -> None:
    buffer = LineBuffer(LIMIT)

    for chunk in chunks:
        buffer.feed(chunk)

    assert len(buffer._tail) <= LIMIT

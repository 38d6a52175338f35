"""The reader of tapes as a class: an iterator like the book says."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from legacy.steps.market import ACME, BOLT, Market
from legacy.steps.step_01 import TapeReader
from legacy.steps.tape import SAMPLE, NotATape, random_day, write_tape


def test_it_gives_the_trades_of_the_tape_in_order() -> None:
    trades = list(TapeReader(SAMPLE))

    assert trades == list(random_day(Market(ACME, BOLT)))
    assert [trade.trade_id for trade in trades] == list(range(1, len(trades) + 1))


def test_it_is_its_own_iterator_and_reads_a_line_only_when_asked() -> None:
    reader = TapeReader(SAMPLE)

    assert isinstance(reader, Iterator)
    assert iter(reader) is reader
    assert reader.lines_read == 0
    first, second = next(reader), next(reader)
    assert (first.trade_id, second.trade_id) == (1, 2)
    assert reader.lines_read == 2
    reader.close()


def test_for_takes_what_next_has_left() -> None:
    reader = TapeReader(SAMPLE)
    next(reader)

    rest = [trade.trade_id for trade in reader]

    assert rest[0] == 2


def test_once_it_has_ended_it_stays_at_its_end() -> None:
    reader = TapeReader(SAMPLE)
    for _ in reader:
        pass

    for _ in range(2):
        with pytest.raises(StopIteration):
            next(reader)


def test_a_reader_that_is_closed_has_ended() -> None:
    reader = TapeReader(SAMPLE)
    next(reader)

    reader.close()

    assert list(reader) == []


def test_two_readers_of_a_tape_do_not_know_each_other() -> None:
    one, other = TapeReader(SAMPLE), TapeReader(SAMPLE)

    pairs = list(zip(one, other, strict=True))

    assert all(left == right for left, right in pairs)


def test_a_line_that_is_no_trade_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "tape.jsonl"
    write_tape(path, iter(()))
    path.write_bytes(b'{"type":"heartbeat"}\nnonsense\n\xff\n')
    reader = TapeReader(path)

    for _ in range(3):
        with pytest.raises(NotATape):
            next(reader)
    with pytest.raises(StopIteration):
        next(reader)

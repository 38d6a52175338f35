"""The reader of tapes as a generator: lazy, and of the same size for any number of trades."""

import inspect
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import pytest

from exchange.journal.log import StoredTurn
from exchange.journal.sqlite import SqliteLog
from legacy.steps.market import ACME, BOLT, Market
from legacy.steps.step_01 import TapeReader
from legacy.steps.step_02 import count_trades, list_tape, peak_bytes, read_journal, read_tape
from legacy.steps.tape import SAMPLE, NotATape, made_up, random_day, write_tape


def test_it_gives_what_the_class_and_the_list_give() -> None:
    assert list(read_tape(SAMPLE)) == list(TapeReader(SAMPLE)) == list_tape(SAMPLE)


def test_a_call_runs_nothing_not_even_the_opening_of_the_file(tmp_path: Path) -> None:
    reader = read_tape(tmp_path / "there is none")

    assert inspect.getgeneratorstate(reader) == inspect.GEN_CREATED
    with pytest.raises(FileNotFoundError):
        next(reader)
    assert inspect.getgeneratorstate(reader) == inspect.GEN_CLOSED


def test_between_two_trades_it_stands_at_its_yield_with_its_variables() -> None:
    reader = read_tape(SAMPLE)
    next(reader)
    next(reader)

    variables = inspect.getgeneratorlocals(reader)

    assert inspect.getgeneratorstate(reader) == inspect.GEN_SUSPENDED
    assert b'"trade_id":2,' in variables["line"]
    assert not variables["file"].closed
    reader.close()


def test_closing_it_leaves_its_with_and_so_closes_the_file() -> None:
    reader = read_tape(SAMPLE)
    next(reader)
    file = inspect.getgeneratorlocals(reader)["file"]

    reader.close()

    assert file.closed
    assert inspect.getgeneratorstate(reader) == inspect.GEN_CLOSED
    assert list(reader) == []


def test_the_file_is_closed_also_when_a_line_is_no_trade(tmp_path: Path) -> None:
    path = tmp_path / "tape.jsonl"
    path.write_bytes(SAMPLE.read_bytes().partition(b"\n")[0] + b"\nnonsense\n")
    reader = read_tape(path)
    next(reader)
    file = inspect.getgeneratorlocals(reader)["file"]

    with pytest.raises(NotATape):
        next(reader)

    assert file.closed


def test_lines_are_read_only_as_far_as_trades_are_asked_for(tmp_path: Path) -> None:
    path = tmp_path / "tape.jsonl"
    path.write_bytes(SAMPLE.read_bytes().partition(b"\n")[0] + b"\nnonsense\n")

    assert next(read_tape(path)).trade_id == 1
    with pytest.raises(NotATape):
        list_tape(path)


def test_its_memory_is_flat_in_the_number_of_trades_and_that_of_the_list_is_not(tmp_path: Path) -> None:
    tapes = [tmp_path / "10^4.jsonl", tmp_path / "10^5.jsonl"]
    for path, trades in zip(tapes, (10_000, 100_000), strict=True):
        write_tape(path, made_up(trades))

    def peaks(read: Callable[[Path], object]) -> tuple[int, int]:
        short, long = (peak_bytes(partial(read, path)) for path in tapes)
        return short, long

    generator, as_list = peaks(count_trades), peaks(list_tape)

    assert generator[1] < generator[0] * 1.1
    assert as_list[1] > as_list[0] * 9
    assert generator[1] < as_list[0] / 10


def test_a_journal_gives_the_trades_that_were_live(tmp_path: Path) -> None:
    market, log = Market(ACME, BOLT), SqliteLog(tmp_path / "day.journal")
    live = []
    for trade in random_day(market, orders=150):
        live.append((trade.trade_id, trade.at_ns, trade.symbol, trade.price, trade.quantity, trade.aggressor))
        turn = market.take_turn()
        if turn is not None:
            log.append(turn)

    replayed = [
        (one.trade_id, one.at_ns, one.symbol, one.price, one.quantity, one.aggressor)
        for one in read_journal(log.turns())
    ]
    log.close()

    assert replayed == live


def test_a_journal_is_carried_out_only_as_far_as_trades_are_asked_for(tmp_path: Path) -> None:
    market, log = Market(ACME, BOLT), SqliteLog(tmp_path / "day.journal")
    for _ in random_day(market, orders=60):
        turn = market.take_turn()
        if turn is not None:
            log.append(turn)
    turns_read = 0

    def turns() -> Iterator[StoredTurn]:
        nonlocal turns_read
        for turn in log.turns():
            turns_read += 1
            yield turn

    trades = read_journal(turns())
    before = turns_read
    next(trades)
    after_one = turns_read
    rest = sum(1 for _ in trades)
    log.close()

    assert (before, after_one) == (0, 1)
    assert turns_read > 10
    assert rest > 10

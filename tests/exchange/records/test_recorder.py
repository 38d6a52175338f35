"""The recorder never makes anybody wait, loses nothing and writes nothing twice, whatever happens to it."""

import sqlite3
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from exchange.journal.sqlite import SqliteLog
from exchange.records import schema
from exchange.records.chronicle import Chronicle
from exchange.records.history import History
from exchange.records.rebuild import beside, catch_up, rebuild
from exchange.records.recorder import Recorder, start_catching_up
from exchange.records.store import Store
from tests.support.recorded import RecordedMarket, rows_of

PATIENCE_S = 30.0


@pytest.fixture
def market(tmp_path: Path) -> RecordedMarket:
    return RecordedMarket(tmp_path, seed=11)


def as_rebuilt(market: RecordedMarket) -> str:
    """All rows of the history that the journal gives from nothing."""
    into = market.journal.with_name("by itself.history")
    rebuild(market.journal, into)
    rows = rows_of(into)
    into.unlink()
    return rows


@contextmanager
def recorder_of(market: RecordedMarket) -> Iterator[Recorder]:
    store = Store(beside(market.journal))
    recorder = Recorder(store, Chronicle(store.memory()), market.journal)
    try:
        yield recorder
    finally:
        recorder.stop()
        store.close()


def test_what_is_written_live_is_what_the_journal_gives(market: RecordedMarket) -> None:
    with recorder_of(market) as recorder:
        for turn in [*market.turns, *market.trade(2_000)]:
            recorder.hand_over(turn)

    assert rows_of(beside(market.journal)) == as_rebuilt(market)


def test_a_turn_that_is_handed_over_twice_counts_once(market: RecordedMarket) -> None:
    market.trade(300)

    with recorder_of(market) as recorder:
        for turn in market.turns:
            recorder.hand_over(turn)
            recorder.hand_over(turn)

    assert rows_of(beside(market.journal)) == as_rebuilt(market)


def test_who_falls_behind_drops_the_oldest_and_catches_up_from_the_journal(market: RecordedMarket) -> None:
    market.trade(3_000)
    store = Store(beside(market.journal))
    slow = Store(store.path)
    with slow.transaction():
        # The file is busy: the recorder waits for it, and nobody waits for the recorder.
        recorder = Recorder(store, Chronicle(store.memory()), market.journal, most_waiting=500)
        for turn in market.turns:
            recorder.hand_over(turn)
        assert recorder.waiting <= 500
        assert recorder.dropped
    slow.close()

    last = market.turns[-1].commands[-1].seq
    assert recorder.wait_for(last, PATIENCE_S)
    recorder.stop()
    store.close()
    assert recorder.caught_up == 1
    assert rows_of(beside(market.journal)) == as_rebuilt(market)


def test_who_stops_while_it_is_behind_leaves_the_rest_to_the_next_start(market: RecordedMarket) -> None:
    market.trade(500)
    started = threading.Event()

    def never_ends(journal: Path) -> "subprocess.Popen[bytes]":
        started.set()
        return subprocess.Popen(["sleep", "600"], stderr=subprocess.PIPE)

    store = Store(beside(market.journal))
    recorder = Recorder(store, Chronicle(store.memory()), market.journal, catch_up=never_ends)
    recorder.hand_over(market.turns[-1])  # and none of those before
    assert started.wait(PATIENCE_S)
    recorder.stop()
    store.close()
    market.stop(snapshot=False)

    log = SqliteLog(market.journal)
    history = History(market.journal, log)
    history.complete(market.turns[-1].commands[-1].seq)
    history.close()
    log.close()

    assert rows_of(beside(market.journal)) == as_rebuilt(market)


def test_a_full_disk_stops_nothing_and_what_is_missing_comes_later(market: RecordedMarket) -> None:
    market.trade(400)
    store = Store(beside(market.journal))
    limit = "pragma max_page_count"
    # SQLite itself says that the disk is full, wherever it stands then.
    store.connection.execute(f"{limit} = {store.connection.execute('pragma page_count').fetchone()[0]}")
    recorder = Recorder(store, Chronicle(store.memory()), market.journal)
    for turn in market.turns:
        recorder.hand_over(turn)
    with Store(store.path, read_only=True) as reading:
        assert reading.place.seq == 0
    recorder.stop()
    assert recorder.failures >= 1
    store.close()

    with Store(store.path) as mended:
        catch_up(market.journal, mended)
    assert rows_of(store.path) == as_rebuilt(market)


def test_two_who_catch_up_at_once_write_each_trade_once(market: RecordedMarket) -> None:
    market.trade(2_000)
    Store(beside(market.journal)).close()

    processes = [start_catching_up(market.journal) for _ in range(2)]

    for process in processes:
        _, said = process.communicate(timeout=PATIENCE_S)
        assert process.returncode == 0, said
    assert rows_of(beside(market.journal)) == as_rebuilt(market)


@pytest.mark.parametrize("snapshot", [True, False], ids=["in order", "killed"])
def test_a_start_fills_in_what_is_missing(market: RecordedMarket, snapshot: bool) -> None:
    for _ in range(3):
        market.trade(200)
        market.stop(snapshot=snapshot)
        log = SqliteLog(market.journal, read_only=True)
        history = History(market.journal, log)
        log.close()
        market.open(history.follow)
        history.complete(market.state.sequencer.last_seq)
        hand_over = history.begin()
        for turn in market.trade(100)[:-7]:
            hand_over(turn)
        history.close()

        with Store(beside(market.journal), read_only=True) as store:
            assert 0 < store.place.seq < market.state.sequencer.last_seq

    market.stop(snapshot=False)
    log = SqliteLog(market.journal)
    history = History(market.journal, log)
    history.complete(market.turns[-1].commands[-1].seq)
    history.close()
    log.close()
    assert rows_of(beside(market.journal)) == as_rebuilt(market)


def test_a_history_of_another_journal_is_set_aside(market: RecordedMarket, tmp_path: Path) -> None:
    market.trade(100)
    (tmp_path / "other").mkdir()
    other = RecordedMarket(tmp_path / "other", seed=12)
    other.clock.advance(seconds=1)
    other.trade(50)
    with Store(beside(market.journal)) as store:
        catch_up(other.journal, store)
    theirs = rows_of(beside(market.journal))

    history = History(market.journal, market.log)
    history.complete(market.state.sequencer.last_seq)
    history.close()

    assert rows_of(beside(market.journal)) == as_rebuilt(market)
    assert rows_of(beside(market.journal).with_name("m.journal.history.1")) == theirs


def test_a_history_that_knows_more_than_its_journal_is_set_aside(market: RecordedMarket) -> None:
    """As after a loss of power that took more off the journal than off the history."""
    market.trade(200)
    with Store(beside(market.journal)) as store:
        catch_up(market.journal, store)
    market.log.close()
    with sqlite3.connect(market.journal) as journal:
        journal.execute("delete from turns where first_seq > (select max(first_seq) - 20 from turns)")
    journal.close()
    market.open()

    history = History(market.journal, market.log)
    history.complete(market.state.sequencer.last_seq)
    history.close()

    assert rows_of(beside(market.journal)) == as_rebuilt(market)
    assert beside(market.journal).with_name("m.journal.history.1").exists()


@pytest.mark.parametrize("damage", [b"this is no database", None], ids=["no database", "another format"])
def test_a_history_that_cannot_be_used_is_set_aside_and_made_anew(
    market: RecordedMarket, damage: bytes | None
) -> None:
    path = beside(market.journal)
    market.trade(100)
    if damage is not None:
        path.write_bytes(damage * 100)
    else:
        with Store(path) as store:
            store.connection.execute("update meta set value = '0' where key = 'format'")

    history = History(market.journal, market.log)
    history.complete(market.state.sequencer.last_seq)
    history.close()

    assert rows_of(path) == as_rebuilt(market)
    assert path.with_name(f"{path.name}.1").exists()


def test_a_new_history_is_for_nobody_else_to_read(tmp_path: Path) -> None:
    with Store(tmp_path / "h") as store:
        assert store.path.stat().st_mode & 0o777 == 0o600
        store.connection.execute("insert into days values (1, 'x', 1, 1, 1)")
        assert {path.stat().st_mode & 0o777 for path in tmp_path.iterdir()} == {0o600}


def test_statements_name_the_columns_of_the_tables(tmp_path: Path) -> None:
    with Store(tmp_path / "h") as store:
        for table, columns in schema.COLUMNS.items():
            found = [row[1] for row in store.connection.execute(f"pragma table_info({table})")]
            assert found == list(columns)

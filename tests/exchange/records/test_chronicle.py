"""However turns are divided into batches, the history is the same, and it is what the engine and plain sums say."""

import sqlite3
from pathlib import Path
from random import Random

import pytest

from exchange.market_data.bars import bars_of
from exchange.records.chronicle import Chronicle
from exchange.records.rebuild import write
from exchange.records.store import Store
from protocol.vocabulary import Interval
from tests.support.recorded import ACCOUNTS, RecordedMarket, rows_of


@pytest.fixture
def market(tmp_path: Path) -> RecordedMarket:
    return RecordedMarket(tmp_path, seed=7)


def record(market: RecordedMarket, path: Path, chance: float) -> Path:
    """All turns into a new history; a batch ends after one with this chance."""
    rng = Random(1)
    with Store(path) as store:
        chronicle = Chronicle(store.memory())
        for turn in market.turns:
            chronicle.take(turn.first_seq, turn.commands, turn.events)
            if rng.random() < chance:
                write(store, chronicle)
                if rng.random() < 0.2:
                    chronicle = Chronicle(store.memory())  # as after a restart
        write(store, chronicle)
    return path


def test_how_turns_are_divided_into_batches_makes_no_difference(
    market: RecordedMarket, tmp_path: Path
) -> None:
    market.trade(3_000)

    at_once = record(market, tmp_path / "once", 0.0)
    one_by_one = record(market, tmp_path / "single", 1.0)
    somehow = record(market, tmp_path / "somehow", 0.1)

    assert rows_of(at_once) == rows_of(one_by_one) == rows_of(somehow)
    assert "busted" in rows_of(at_once)


def test_positions_at_the_end_of_a_day_are_those_of_the_ledger(
    market: RecordedMarket, tmp_path: Path
) -> None:
    market.trade(3_000)
    path = record(market, tmp_path / "history", 0.1)

    with sqlite3.connect(path) as database:
        days = database.execute("select day, at_ns from days order by day").fetchall()
        assert [at_ns for _, at_ns in days] == [at_ns for at_ns, _ in market.days]
        assert len(days) > 10
        latest: dict[tuple[str, str], tuple[object, ...]] = {}
        for (day, _), (_, held) in zip(days, market.days, strict=True):
            for row in database.execute(
                "select account, symbol, quantity, average_price, cost, realised, unrealised, fees "
                "from positions where day = ?",
                (day,),
            ):
                latest[row[0], row[1]] = row
            # What is flat and did not trade has no row of that day: it stands as on the day before.
            traded = [one for one in held if (one[0], one[1]) in latest]
            assert traded == [latest[one[0], one[1]] for one in traded]  # type: ignore[index]
            assert [one for one in held if one not in traded and one[2:] != (0, None, 0, 0, 0, 0)] == []
    database.close()
    assert {account for account, _ in latest} == set(ACCOUNTS)


def test_candles_are_those_of_all_trades_that_were_not_undone(market: RecordedMarket, tmp_path: Path) -> None:
    market.trade(3_000)
    path = record(market, tmp_path / "history", 0.1)

    with sqlite3.connect(path) as database:
        busted = database.execute("select count(*) from trades where busted_at_ns is not null").fetchone()[0]
        assert busted > 20
        for symbol in ("ACME", "GOLD"):
            fills = database.execute(
                "select trade_id, at_ns, price, quantity from trades where symbol = ? and busted_at_ns is null "
                "order by trade_id",
                (symbol,),
            ).fetchall()
            for interval in Interval:
                found = database.execute(
                    "select start_ns, open, high, low, close, volume, turnover, trades from candles "
                    "where symbol = ? and interval = ? order by start_ns",
                    (symbol, interval),
                ).fetchall()
                expected = [
                    (b.start_ns, b.open, b.high, b.low, b.close, b.volume, b.turnover, b.trades)
                    for b in bars_of(fills, interval)
                ]
                assert found == expected, interval
    database.close()

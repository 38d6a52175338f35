"""An export has every row once, in order, with the numbers of the history; and takes no memory for it."""

import csv
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from pyarrow import parquet

import tontine
from exchange.choices import ExportFormat, ExportWhat
from exchange.records.export import Wanted, export_to, iso, moment_ns
from exchange.records.rebuild import beside, catch_up
from exchange.records.store import Store
from protocol.errors import ConfigError
from tests.support.recorded import RecordedMarket

ROOT = Path(__file__).parents[3]


@pytest.fixture(scope="module")
def journal(tmp_path_factory: pytest.TempPathFactory) -> Path:
    market = RecordedMarket(tmp_path_factory.mktemp("market"), seed=5)
    market.trade(1_500)
    with Store(beside(market.journal)) as store:
        catch_up(market.journal, store)
    market.log.close()
    return market.journal


def rows_of(journal: Path, query: str) -> list[tuple[Any, ...]]:
    with Store(beside(journal), read_only=True) as store:
        return store.connection.execute(query).fetchall()


@pytest.mark.parametrize("what", list(ExportWhat))
def test_all_formats_say_the_same(journal: Path, tmp_path: Path, what: ExportWhat) -> None:
    wanted = Wanted(what)
    counts = {form: export_to(journal, wanted, form, tmp_path / form) for form in ExportFormat}

    with (tmp_path / "csv").open(newline="", encoding="utf-8") as file:
        of_csv = list(csv.DictReader(file))
    of_jsonl = [json.loads(line) for line in (tmp_path / "jsonl").read_text(encoding="utf-8").splitlines()]
    table = parquet.read_table(tmp_path / "parquet")
    iso_name = "start" if what is ExportWhat.CANDLES else "at"
    of_parquet = table.drop_columns([iso_name]).to_pylist()

    assert set(counts.values()) == {len(of_csv)}
    assert len(of_csv) > 10
    assert of_csv == [
        {name: "" if value is None else str(value) for name, value in row.items()} for row in of_jsonl
    ]
    assert of_parquet == [
        {name: value for name, value in row.items() if name != iso_name} for row in of_jsonl
    ]
    times = table.column(iso_name)
    assert times.type == pa.timestamp("ns", tz="UTC")
    assert times.cast(pa.int64()).to_pylist() == [row[f"{iso_name}_ns"] for row in of_jsonl]
    assert [iso(row[f"{iso_name}_ns"]) for row in of_jsonl] == [row[iso_name] for row in of_jsonl]


def test_trades_are_those_of_the_history(journal: Path, capsysbinary: pytest.CaptureFixture[bytes]) -> None:
    assert tontine.run(["export", str(journal), "--format", "jsonl", "--symbol", "GOLD"]) == 0

    found = [json.loads(line) for line in capsysbinary.readouterr().out.splitlines()]
    expected = rows_of(
        journal, "select trade_id, price, buyer, busted_at_ns from trades where symbol = 'GOLD'"
    )
    assert [(t["trade_id"], t["price"], t["buyer"], t["busted_at_ns"]) for t in found] == expected


def test_bounds_in_time_include_the_first_moment_and_not_the_last(journal: Path, tmp_path: Path) -> None:
    times = [row[0] for row in rows_of(journal, "select at_ns from trades order by trade_id")]
    first, last = times[20], times[-20]
    wanted = Wanted(ExportWhat.TRADES, begin_ns=first, end_ns=last)

    export_to(journal, wanted, ExportFormat.JSONL, tmp_path / "some")

    found = [json.loads(line)["at_ns"] for line in (tmp_path / "some").read_text().splitlines()]
    assert found == [at_ns for at_ns in times if first <= at_ns < last]


@pytest.mark.parametrize(
    ("text", "at"),
    [
        ("1970-01-02", 86_400 * 10**9),
        ("1970-01-01T00:00:01.5", 1_500_000_000),
        ("1970-01-01T01:00+01:00", 0),
    ],
)
def test_moments_are_utc_unless_they_say_otherwise(text: str, at: int) -> None:
    assert moment_ns("--from", text) == at


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        (["--format", "parquet"], "--format parquet: needs a file: --out FILE"),
        (
            ["--from", "yesterday"],
            "--from: 'yesterday' is neither a date nor a time, such as 2026-11-21T09:30",
        ),
    ],
    ids=["parquet to standard output", "no date"],
)
def test_wrong_use_is_one_line(
    journal: Path, arguments: list[str], text: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert tontine.run(["export", str(journal), *arguments]) == 2
    assert capsys.readouterr().err == f"tontine: {text}\n"


def test_nothing_is_written_over(journal: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "mine.csv"
    out.write_text("mine")

    assert tontine.run(["export", str(journal), "--out", str(out)]) == 1

    assert "this file exists" in capsys.readouterr().err
    assert out.read_text() == "mine"


def test_a_journal_without_a_history_says_how_to_make_one(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    market = RecordedMarket(tmp_path, seed=1)
    market.log.close()

    assert tontine.run(["export", str(market.journal)]) == 1
    assert "`tontine history rebuild JOURNAL`" in capsys.readouterr().err

    assert tontine.run(["history", "rebuild", str(market.journal)]) == 0
    assert tontine.run(["export", str(market.journal)]) == 0


def test_without_pyarrow_it_says_how_to_install_it(
    journal: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "pyarrow", None)

    with pytest.raises(ConfigError, match=r"needs pyarrow: pip install 'tontine\[export\]'"):
        export_to(journal, Wanted(ExportWhat.TRADES), ExportFormat.PARQUET, tmp_path / "t.parquet")

    assert list(tmp_path.iterdir()) == []


def test_money_beyond_64_bits_is_kept_to_the_last_digit(tmp_path: Path) -> None:
    market = RecordedMarket(tmp_path, seed=2)
    with Store(beside(market.journal)) as store:
        catch_up(market.journal, store)
        turnover = 20 * 10**18
        store.connection.execute(
            "insert into candles values ('ACME', '1m', 0, 1, 1, 1, 1, 1, ?, 20)", (str(turnover),)
        )
    market.log.close()

    export_to(market.journal, Wanted(ExportWhat.CANDLES), ExportFormat.JSONL, tmp_path / "candles")
    export_to(market.journal, Wanted(ExportWhat.CANDLES), ExportFormat.CSV, tmp_path / "candles.csv")

    assert json.loads((tmp_path / "candles").read_text())["turnover"] == 20 * 10**18
    assert ",20000000000000000000,20\n" in (tmp_path / "candles.csv").read_text()


_MEASURE = """
import resource, sys
import tontine
assert tontine.run(sys.argv[1:]) == 0
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, file=sys.stderr)
"""


@pytest.mark.slow
@pytest.mark.timeout(300)
@pytest.mark.parametrize(
    ("form", "many"),
    [
        (ExportFormat.CSV, 200_000),
        pytest.param(ExportFormat.CSV, 1_000_000, marks=pytest.mark.nightly),
        (ExportFormat.JSONL, 200_000),
        (ExportFormat.PARQUET, 200_000),
    ],
)
def test_a_million_trades_take_no_more_memory_than_some_thousand(
    tmp_path: Path, form: ExportFormat, many: int
) -> None:
    used = []
    for trades in (10_000, many):
        path = tmp_path / f"{trades}.history"
        with Store(path) as store:
            store.connection.execute(
                "with recursive n(i) as (select 1 union all select i + 1 from n where i < ?) insert into trades "
                "select i, i, 'ACME', i * 1000000, 10000 + i % 100, 1 + i % 9, 'buy', 'anna', 'a' || i, i, 1, "
                "'ben', 'b' || i, i, 2, null from n",
                (trades,),
            )
        command = [sys.executable, "-c", _MEASURE, "export", str(path), "--format", form]
        out = tmp_path / f"{trades}.{form}"
        done = subprocess.run(
            [*command, "--out", str(out)], cwd=ROOT, capture_output=True, text=True, check=True
        )
        used.append(int(done.stderr.split()[-1]))
        assert out.stat().st_size > trades

    assert used[1] - used[0] < 40_000, "kilobytes"

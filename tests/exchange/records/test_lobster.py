"""A LOBSTER file becomes trades, candles and order flow, all of it; or nothing, and what is wrong with it is told."""

import gzip
import json
import zipfile
from datetime import UTC, datetime
from pathlib import Path

import pytest

import tontine
from exchange.market_data.bars import bars_of
from exchange.records import schema
from exchange.records.importing import import_lobster
from exchange.records.lobster import midnight_ns
from exchange.records.lobster_flow import write_flow
from exchange.records.reader import HistoryReader
from exchange.records.store import Store
from protocol.errors import ConfigError, HistoryError
from protocol.vocabulary import Interval, Side, Symbol
from tests.replay.test_engine_day import play
from tests.support.days import ABSENT, RECORDED
from tests.support.lobster_files import MadeUpDay, names, zipped
from traders.order_flow import read_flow

GOOG = Symbol("GOOG")
MIDNIGHT_NS = int(datetime(2012, 6, 21, 4, tzinfo=UTC).timestamp()) * 10**9
"""In New York in summer."""


@pytest.fixture(scope="module")
def day() -> MadeUpDay:
    return MadeUpDay(seed=1, lines=3_000)


def test_executions_become_trades_with_their_candles(day: MadeUpDay, tmp_path: Path) -> None:
    source = zipped(tmp_path / "day.zip", day.messages, day.books)

    found = import_lobster(source, tmp_path / "h")

    assert found.trades == len(day.executed) > 300
    reader = HistoryReader(tmp_path / "h")
    trades = reader.trades(GOOG, limit=10_000)[::-1]
    assert [(t.at_ns - MIDNIGHT_NS, t.price, t.quantity) for t in trades] == day.executed
    fills = [(t.trade_id, t.at_ns, t.price, t.quantity) for t in trades]
    for interval in Interval:
        assert reader.candles(GOOG, interval, limit=10_000)[::-1] == list(bars_of(fills, interval))
    assert (tmp_path / "h").stat().st_mode & 0o777 == 0o600


def test_each_type_of_execution_is_what_it_says(tmp_path: Path) -> None:
    source = zipped(
        tmp_path / "day.zip",
        [
            "34200.1,1,11,50,1000000,1",
            "34200.2,4,11,20,1000000,1",  # an order that buys was hit: a seller came
            "34200.25,4,12,5,1000100,-1",
            "34200.3,5,0,7,1000050,-1",  # half a cent, and no order
            "34200.4,6,-1,900,1000000,-1",
            "34200.5,7,0,0,-1,-1",
        ],
    )

    import_lobster(source, tmp_path / "h")

    with Store(tmp_path / "h", read_only=True) as store:
        rows = store.connection.execute(
            "select trade_id, seq, at_ns, price, quantity, aggressor, buyer_order_id, seller_order_id, buyer from trades"
        ).fetchall()
        instrument = store.connection.execute("select * from instruments").fetchall()
    at = MIDNIGHT_NS + 34_200 * 10**9
    assert rows == [
        (1, 2, at + 200_000_000, 1_000_000, 20, "sell", 11, None, None),
        (2, 3, at + 250_000_000, 1_000_100, 5, "buy", None, 12, None),
        (3, 4, at + 300_000_000, 1_000_050, 7, "buy", None, None, None),
        (4, 5, at + 400_000_000, 1_000_000, 900, None, None, None, None),
    ]
    assert instrument == [("GOOG", 4, 1, None, "USD", 1_000_000)]
    assert HistoryReader(tmp_path / "h").trades(GOOG, limit=1)[0].aggressor is None
    assert HistoryReader(tmp_path / "h").trades(GOOG, limit=4)[3].aggressor is Side.SELL


@pytest.mark.parametrize(("date", "hour"), [("2012-01-05", 5), ("2012-06-21", 4)], ids=["winter", "summer"])
def test_midnight_is_that_of_new_york(date: str, hour: int) -> None:
    day = datetime.fromisoformat(date)
    expected = int(day.replace(hour=hour, tzinfo=UTC).timestamp()) * 10**9

    assert midnight_ns(day.date(), "America/New_York") == expected


def test_a_zone_that_is_unknown_here_is_told(tmp_path: Path) -> None:
    source = zipped(tmp_path / "day.zip", ["34200.1,4,11,5,1000000,1"])

    with pytest.raises(ConfigError, match="pip install tzdata"):
        import_lobster(source, tmp_path / "h", zone="Nowhere/At_All")


def test_days_and_instruments_are_put_side_by_side_and_each_day_once(day: MadeUpDay, tmp_path: Path) -> None:
    source = zipped(tmp_path / "day.zip", day.messages)
    into = str(tmp_path / "h")
    command = ["import", "lobster", str(source), "--into", into]

    assert tontine.run(command) == 0
    assert tontine.run([*command, "--date", "2012-06-22"]) == 0
    assert tontine.run([*command, "--symbol", "OTHER"]) == 0
    before = (tmp_path / "h").read_bytes()
    assert tontine.run(command) == 1

    assert (tmp_path / "h").read_bytes() == before
    reader = HistoryReader(tmp_path / "h")
    assert len(reader.candles(GOOG, Interval.DAY, limit=9)) == 2
    assert len(reader.trades(GOOG, limit=10_000)) == 2 * len(day.executed)
    assert len(reader.trades(Symbol("OTHER"), limit=10_000)) == len(day.executed)


@pytest.mark.parametrize(
    ("line", "text"),
    [
        ("34200.3,4,11,5,1000000", "has 5 columns; a message has 6"),
        ("34200.3,4,11,5,one,1", "'one' is no integer"),
        ("34200.3,4,11,5," + "9" * 5_000 + ",1", "is no integer"),
        ("34200.3,4,11,0,1000000,1", "size 0; 1 to 1000000000 can be"),
        ("34200.3,4,11,5,-1,1", "price -1; 1 to 1000000000 can be"),
        ("34200.3,9,11,5,1000000,1", "type 9; there are 1 to 7"),
        ("34200.3,4,11,5,1000000,2", "direction 2; there are 1 and -1"),
        ("34199.9,4,11,5,1000000,1", "is earlier than the line before"),
        ("90000,4,11,5,1000000,1", "is no time in seconds after midnight"),
        ("noon,4,11,5,1000000,1", "'noon' is no time"),
        ("34200.3,4,11,5,1000000,1" + "0" * 9_000, "is longer than 8192 bytes"),
        ("\n34200.3,4,11,5,1000000,1", "is empty"),
    ],
)
def test_a_damaged_line_is_told_and_nothing_is_imported(
    tmp_path: Path, line: str, text: str, capsys: pytest.CaptureFixture[str]
) -> None:
    good = ["34200.1,4,11,5,1000000,1", "34200.2,4,11,5,1000000,1"]
    import_lobster(zipped(tmp_path / "first.zip", good, ticker="FIRST"), tmp_path / "h")
    before = (tmp_path / "h").read_bytes()
    source = zipped(tmp_path / "day.zip", [*good, line])
    place = f"{source}, {names()[0]}, line 3: "

    assert tontine.run(["import", "lobster", str(source), "--into", str(tmp_path / "h")]) == 2
    said = capsys.readouterr().err
    assert tontine.run(["import", "lobster", str(source), "--into", str(tmp_path / "new")]) == 2

    assert said.startswith(f"tontine: {place}")
    assert text in said
    assert said.count("\n") == 1
    assert (tmp_path / "h").read_bytes() == before
    assert not (tmp_path / "new").exists()


def test_what_is_no_lobster_file_is_told(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "other.zip", "w") as packed:
        packed.writestr("readme.txt", "nothing here")
    (tmp_path / "day.7z").write_bytes(b"7z\xbc\xaf\x27\x1c" + bytes(40))
    (tmp_path / "text.csv").write_text("a,b\n")
    whole = zipped(tmp_path / "whole.zip", ["34200.1,4,11,5,1000000,1"] * 9_000).read_bytes()
    (tmp_path / "cut.zip").write_bytes(whole[: len(whole) // 2])
    broken = bytearray(whole)
    broken[60:90] = bytes(30)
    (tmp_path / "broken.zip").write_bytes(broken)

    for name, text in (
        ("other.zip", "no message file in it"),
        ("day.7z", "unpack it"),
        ("text.csv", "neither a zip nor a message file"),
        ("cut.zip", "damaged zip"),
        ("broken.zip", "damaged zip"),
        ("absent.zip", "No such file"),
    ):
        with pytest.raises(ConfigError, match=text):
            import_lobster(tmp_path / name, tmp_path / "h")
        assert not (tmp_path / "h").exists()


def test_a_zip_that_unpacks_to_more_than_is_allowed_is_left(tmp_path: Path) -> None:
    line = b"34200.1,4,11,5,1000000,1\n"
    bomb = tmp_path / "bomb.zip"
    with zipfile.ZipFile(bomb, "w", zipfile.ZIP_DEFLATED) as packed:
        packed.writestr(names()[0], line * 400_000)
    assert bomb.stat().st_size < 100_000

    with pytest.raises(ConfigError, match="unpacks to more than --most-bytes allows"):
        import_lobster(bomb, tmp_path / "h", most_bytes=1_000_000)

    assert not (tmp_path / "h").exists()
    with zipfile.ZipFile(bomb, "a") as packed:
        for number in range(100):
            packed.writestr(f"{number}.csv", "")
    with pytest.raises(ConfigError, match="101 files in it"):
        import_lobster(bomb, tmp_path / "h")


def test_the_history_of_a_venue_takes_no_imports(tmp_path: Path) -> None:
    Store(tmp_path / "venue.journal.history").close()
    source = zipped(tmp_path / "day.zip", ["34200.1,4,11,5,1000000,1"])

    with pytest.raises(HistoryError, match=f"kind '{schema.VENUE}', not '{schema.IMPORTED}'"):
        import_lobster(source, tmp_path / "venue.journal.history")


@pytest.mark.parametrize("levels", [1, 3, 10])
@pytest.mark.parametrize("seed", [1, 2])
def test_a_matching_engine_runs_the_order_flow_and_has_every_published_book(
    tmp_path: Path, seed: int, levels: int
) -> None:
    day = MadeUpDay(seed, 3_000, levels)
    source = zipped(tmp_path / "day.zip", day.messages, day.books, levels=levels)

    lines = write_flow(source, tmp_path / "flow.jsonl.gz")

    flow = read_flow(tmp_path / "flow.jsonl.gz")
    assert lines == len(flow)
    outcome = play(flow, tick=100)
    assert outcome.hits > 300
    assert outcome.books > 100
    traded = sum(line.qty or 0 for line in flow if line.op in ("take", "print"))
    assert traded == sum(quantity for _, _, quantity in day.executed)


def test_order_flow_needs_books_and_says_so(tmp_path: Path) -> None:
    source = zipped(tmp_path / "day.zip", ["34200.1,4,11,5,1000000,1"])
    with pytest.raises(ConfigError, match="no orderbook file beside it"):
        write_flow(source, tmp_path / "flow")

    short = zipped(
        tmp_path / "short.zip", ["34200.1,1,11,5,1000000,1"] * 2, ["1000100,5,1000000,5"], levels=1
    )
    with pytest.raises(ConfigError, match=r"orderbook_1.csv, line 2: is missing"):
        write_flow(short, tmp_path / "flow")
    assert not (tmp_path / "flow").exists()


def test_files_that_are_unpacked_already_are_taken_as_well(day: MadeUpDay, tmp_path: Path) -> None:
    for name, lines in zip(names(), (day.messages, day.books), strict=True):
        (tmp_path / name).write_text("\r\n".join(lines) + "\r\n\r\n")
    command = ["import", "lobster", str(tmp_path / names()[0]), "--into", str(tmp_path / "h")]

    assert tontine.run([*command, "--flow", str(tmp_path / "flow.jsonl")]) == 0

    assert play(read_flow(tmp_path / "flow.jsonl"), tick=100).hits > 300


@pytest.mark.slow
@pytest.mark.skipif(not RECORDED.exists(), reason=ABSENT)
def test_executions_of_the_recorded_day_come_back_as_trades(tmp_path: Path) -> None:
    messages, expected = [], []
    for line in map(json.loads, gzip.decompress(RECORDED.read_bytes()).splitlines()):
        if line.get("op") == "take":
            side = 1 if line["side"] == "S" else -1  # of who rested
            messages.append(f"{line['t']},4,0,{line['qty']},{line['px']},{side}")
        elif line.get("op") == "print":
            messages.append(f"{line['t']},5,0,{line['qty']},{line['px']},1")
        else:
            continue
        expected.append((line["px"], line["qty"]))

    found = import_lobster(zipped(tmp_path / "day.zip", messages), tmp_path / "h")

    reader = HistoryReader(tmp_path / "h")
    (bar,) = reader.candles(GOOG, Interval.DAY, limit=2)
    assert found.trades == len(expected) == bar.trades
    assert bar.volume == sum(quantity for _, quantity in expected)
    assert bar.turnover == sum(price * quantity for price, quantity in expected)
    assert (bar.low, bar.high) == (min(p for p, _ in expected), max(p for p, _ in expected))

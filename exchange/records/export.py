"""A history for other programs: CSV, JSON lines, Parquet.

In: a history, what of it, and where to. Out: rows in the order of the venue, written as they are read: a million trades
take no more memory than a thousand. Numbers are integers as in the file; every time is there twice, in nanoseconds since
1970 and in words (ISO 8601, UTC, nine digits; in Parquet a timestamp). docs/reference/history.md has the columns.

A file appears under its name when it is whole; a file that exists is never written over.
"""

import csv
import io
import sqlite3
import sys
from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final, NamedTuple

import msgspec

from exchange.choices import ExportFormat, ExportWhat
from exchange.records.rebuild import beside
from exchange.records.store import Store
from protocol.errors import ConfigError, HistoryError
from protocol.vocabulary import Interval, Nanoseconds

PAGE: Final = 5_000
"""Rows that are in memory at once."""

_SECOND: Final = 1_000_000_000
_LARGEST: Final = 2**63 - 1

Row = tuple[Any, ...]
Write = Callable[[bytes], object]


class Wanted(NamedTuple):
    """Which rows. Times are nanoseconds since 1970 UTC, ``begin_ns`` included and ``end_ns`` not."""

    what: ExportWhat
    symbol: str | None = None
    interval: Interval = Interval.MINUTE
    begin_ns: Nanoseconds | None = None
    end_ns: Nanoseconds | None = None


class Table(NamedTuple):
    """Where rows come from, and what they are called outside."""

    source: str
    columns: tuple[str, ...]
    time: str
    """The column with the time; its ISO form follows it under ``iso``."""
    iso: str
    order: str


TABLES: Final = {
    ExportWhat.TRADES: Table(
        "trades",
        (
            "trade_id", "at_ns", "symbol", "price", "quantity", "aggressor",
            "buyer", "buyer_client_order_id", "buyer_order_id", "buyer_fee",
            "seller", "seller_client_order_id", "seller_order_id", "seller_fee", "busted_at_ns",
        ),
        "at_ns",
        "at",
        "trade_id",
    ),
    ExportWhat.CANDLES: Table(
        "candles",
        ("symbol", "interval", "start_ns", "open", "high", "low", "close", "volume", "turnover", "trades"),
        "start_ns",
        "start",
        "symbol, interval, start_ns",
    ),
    ExportWhat.POSITIONS: Table(
        "positions join days using (day)",
        (
            "day", "date", "at_ns", "account", "symbol", "quantity", "average_price", "mark", "cost", "realised",
            "unrealised", "fees",
        ),
        "at_ns",
        "at",
        "day, account, symbol",
    ),
}  # fmt: skip

TEXTS: Final = frozenset(
    (
        "symbol", "aggressor", "buyer", "buyer_client_order_id", "seller", "seller_client_order_id", "interval", "date",
        "account",
    )
)  # fmt: skip
"""Columns of text; all others are integers, but for the times in words."""

MONEY: Final = frozenset(("buyer_fee", "seller_fee", "turnover", "cost", "realised", "unrealised", "fees"))
"""Columns whose values may be beyond 64 bits; then the file has them as text."""


def moment_ns(option: str, text: str) -> Nanoseconds:
    """A date or a time as a person types it, UTC unless it says otherwise.

    Raises:
        ConfigError: it is neither.
    """
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as error:
        raise ConfigError(
            option, f"{text!r} is neither a date nor a time, such as 2026-11-21T09:30"
        ) from error
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    whole = int(moment.replace(microsecond=0).timestamp())
    return whole * 1_000_000_000 + moment.microsecond * 1_000


def iso(at_ns: Nanoseconds) -> str:
    """``2026-11-21T09:30:00.000000001Z``."""
    at_s, fraction = divmod(at_ns, _SECOND)
    return f"{_second_in_words(at_s)}.{fraction:09d}Z"


def export_to(source: Path, wanted: Wanted, form: ExportFormat, out: Path | None) -> int:
    """Write what is wanted to ``out``, or to standard output; how many rows.

    ``source``: a journal, whose history is meant, or a history.

    Raises:
        HistoryError: there is no history, it can't be read, or the file can't be written or exists.
        ConfigError: Parquet without a file, or without the library that makes it.
    """
    path = history_of(source)
    if out is not None and out.exists():
        raise HistoryError(str(out), "this file exists; an export is never written over another file")
    with Store(path, read_only=True) as store:
        pages = pages_of(store, wanted)
        if form is ExportFormat.PARQUET:
            if out is None:
                raise ConfigError("--format parquet", "needs a file: --out FILE")
            from exchange.records.parquet import write_parquet

            return _whole(out, lambda made: write_parquet(pages, TABLES[wanted.what], made))
        write = _WRITERS[form]
        if out is None:
            return write(pages, TABLES[wanted.what], sys.stdout.buffer.write)
        return _whole(out, lambda made: _to_file(write, pages, TABLES[wanted.what], made))


def history_of(source: Path) -> Path:
    """The history that is meant: the one beside a journal, or the file itself.

    Raises:
        HistoryError: there is none.
    """
    if beside(source).is_file():
        return beside(source)
    if not source.is_file():
        raise HistoryError(str(source), "no such file")
    try:
        with Store(source, read_only=True):
            return source
    except HistoryError as error:
        raise HistoryError(
            str(source),
            "no history, and none beside it; `tontine history rebuild JOURNAL` makes one of a journal",
        ) from error


def pages_of(store: Store, wanted: Wanted) -> Iterator[list[Row]]:
    """The rows that are wanted, in order, as of one moment; some thousands at a time.

    Raises:
        HistoryError: the file can't be read.
    """
    table = TABLES[wanted.what]
    conditions, values = ["1"], []
    if wanted.symbol is not None:
        conditions.append("symbol = ?")
        values.append(wanted.symbol)
    if wanted.what is ExportWhat.CANDLES:
        conditions.append("interval = ?")
        values.append(wanted.interval)
    for bound, sign in ((wanted.begin_ns, ">="), (wanted.end_ns, "<")):
        if bound is not None:
            # The plus keeps SQLite from going by an index of times: all that is found would have to be sorted then.
            conditions.append(f"+{table.time} {sign} {bound:d}")
    query = (
        f"select {', '.join(table.columns)} from {table.source} where {' and '.join(conditions)} "  # noqa: S608  # names of ours
        f"order by {table.order}"
    )
    time = table.columns.index(table.time)
    money = [place for place, name in enumerate(table.columns) if name in MONEY]
    try:
        cursor = store.connection.execute(query, values)
        while rows := cursor.fetchmany(PAGE):
            yield _outside(rows, time, money)
    except sqlite3.Error as error:
        raise HistoryError(str(store.path), str(error)) from error


def columns_of(table: Table) -> list[str]:
    """Names of the columns outside, in order."""
    place = table.columns.index(table.time) + 1
    return [*table.columns[:place], table.iso, *table.columns[place:]]


def _outside(rows: list[Row], time: int, money: list[int]) -> list[Row]:
    """Rows with their times in words, and all integers as such."""
    after = time + 1
    found = []
    second, words = -1, ""
    for row in rows:
        at_s, fraction = divmod(row[time], _SECOND)
        if at_s != second:  # most times share their second with the one before
            second, words = at_s, _second_in_words(at_s)
        for place in money:
            if type(row[place]) is str:
                row = (*row[:place], int(row[place]), *row[place + 1 :])
        found.append((*row[:after], f"{words}.{fraction:09d}Z", *row[after:]))
    return found


def _second_in_words(at_s: int) -> str:
    return f"{datetime.fromtimestamp(at_s, UTC):%Y-%m-%dT%H:%M:%S}"


def _write_csv(pages: Iterable[list[Row]], table: Table, write: Write) -> int:
    """With a line of names; what there is not is empty."""
    count = 0
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(columns_of(table))
    for page in pages:
        writer.writerows(page)
        count += len(page)
        write(text.getvalue().encode())
        text.seek(0)
        text.truncate()
    write(text.getvalue().encode())
    return count


def _write_jsonl(pages: Iterable[list[Row]], table: Table, write: Write) -> int:
    """What there is not is null."""
    count = 0
    encoder = msgspec.json.Encoder()
    names = columns_of(table)
    for page in pages:
        count += len(page)
        write(encoder.encode_lines([_object(names, row) for row in page]))
    return count


def _object(names: list[str], row: Row) -> dict[str, Any]:
    return {
        name: value if type(value) is not int or -_LARGEST <= value <= _LARGEST else _large(value)
        for name, value in zip(names, row, strict=True)
    }


def _large(value: int) -> msgspec.Raw:
    """An integer that the encoder has no room for."""
    return msgspec.Raw(str(value).encode())


_WRITERS: Final[dict[ExportFormat, Callable[[Iterable[list[Row]], Table, Write], int]]] = {
    ExportFormat.CSV: _write_csv,
    ExportFormat.JSONL: _write_jsonl,
}


def _to_file(
    write: Callable[[Iterable[list[Row]], Table, Write], int],
    pages: Iterable[list[Row]],
    table: Table,
    made: Path,
) -> int:
    with made.open("wb") as file:
        return write(pages, table, file.write)


def _whole(out: Path, make: Callable[[Path], int]) -> int:
    """Have a file made under another name, and give it its own when it is whole."""
    made = out.with_name(f"{out.name}.part")
    try:
        count = make(made)
        made.replace(out)
    except OSError as error:
        raise HistoryError(str(out), error.strerror or str(error)) from error
    finally:
        made.unlink(missing_ok=True)
    return count

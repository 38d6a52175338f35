"""Tables of a run on disk: Parquet or CSV, the same columns.

In: rows. Out: one file a table, written as the rows come, some thousands in memory. Parquet needs pyarrow (the extra
``export``). Reading gives the columns back, whichever of the two was written.
"""

import csv
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Literal, Self

from protocol.errors import ConfigError, HistoryError

Format = Literal["parquet", "csv"]
Kind = Literal["int", "float", "text"]
Row = tuple[Any, ...]

_PAGE: Final = 20_000
"""Rows that are in memory at once."""

COLUMNS: Final[dict[str, dict[str, Kind]]] = {
    "orders": {
        "entered_ns": "int", "ended_ns": "int", "order_id": "int", "account": "text", "group": "text", "symbol": "text",
        "side": "text", "type": "text", "time_in_force": "text", "price": "int", "quantity": "int", "filled": "int",
        "outcome": "text",
    },
    "trades": {
        "at_ns": "int", "trade_id": "int", "symbol": "text", "price": "int", "quantity": "int", "aggressor": "text",
        "buyer": "text", "buyer_group": "text", "buyer_fee": "int", "seller": "text", "seller_group": "text",
        "seller_fee": "int", "aggressor_order_id": "int",
    },
    "books": {
        "at_ns": "int", "symbol": "text", "bid": "int", "bid_quantity": "int", "ask": "int", "ask_quantity": "int",
        "bid_depth": "int", "ask_depth": "int",
    },
    "profile": {"symbol": "text", "ticks": "int", "quantity": "float"},
    "pnl": {
        "account": "text", "group": "text", "symbol": "text", "position": "int", "cash": "int", "fees": "int",
        "fills": "int", "bought": "int", "sold": "int", "mark": "int", "pnl": "int",
    },
    "pnl_by_group": {"at_ns": "int", "group": "text", "traders": "int", "pnl": "int"},
    "periods": {
        "period": "int", "started_ns": "int", "trades": "int", "quantity": "int", "mean_price": "float", "surplus": "int",
        "most_surplus": "int", "efficiency": "float", "alpha": "float", "equilibrium_low": "int", "equilibrium_high": "int",
        "equilibrium_quantity": "int",
    },
    "gains": {"period": "int", "account": "text", "group": "text", "surplus": "int"},
}  # fmt: skip
"""By table. Prices are price units, times nanoseconds since 1970 UTC, money as in ``simulation.accounting``; efficiency
and alpha are percent, the profile's quantity is the mean of one side at that distance from its best price.
"""


def best_format() -> Format:
    """Parquet where pyarrow is installed, else CSV."""
    from importlib.util import find_spec

    return "csv" if find_spec("pyarrow") is None else "parquet"


class TableWriter:
    """One table, growing. To be closed."""

    def __init__(self, directory: Path, name: str, form: Format) -> None:
        """
        Raises:
            ConfigError: Parquet without pyarrow.
        """
        self._columns = COLUMNS[name]
        self._page: list[Row] = []
        path = directory / f"{name}.{form}"
        if form == "csv":
            self._file = path.open("w", newline="", encoding="utf-8")
            self._writer: Any = csv.writer(self._file, lineterminator="\n")
            self._writer.writerow(self._columns)
            self._close = self._file.close
            self._flush = self._flush_csv
            return
        pa, parquet = _pyarrow("--format parquet")
        types = {"int": pa.int64(), "float": pa.float64(), "text": pa.dictionary(pa.int32(), pa.string())}
        self._pa = pa
        self._schema = pa.schema([(column, types[kind]) for column, kind in self._columns.items()])
        self._writer = parquet.ParquetWriter(path, self._schema)
        self._close = self._writer.close
        self._flush = self._flush_parquet

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def add(self, row: Row) -> None:
        """The next row."""
        page = self._page
        page.append(row)
        if len(page) >= _PAGE:
            self._flush()
            page.clear()

    def close(self) -> None:
        """Write what is left."""
        if self._page:
            self._flush()
            self._page.clear()
        self._close()

    def _flush_csv(self) -> None:
        self._writer.writerows(self._page)

    def _flush_parquet(self) -> None:
        columns = zip(*self._page, strict=True)
        arrays = [
            self._pa.array(column, field.type) for column, field in zip(columns, self._schema, strict=True)
        ]
        self._writer.write_batch(self._pa.record_batch(arrays, schema=self._schema))


def read_table(directory: Path, name: str) -> dict[str, list[Any]]:
    """The columns of a table, in its order; empty columns if the run has none of it.

    Raises:
        HistoryError: the file is none of ours.
        ConfigError: it is Parquet, and pyarrow is not installed.
    """
    columns = COLUMNS[name]
    path = directory / f"{name}.parquet"
    if path.exists():
        pa, parquet = _pyarrow(str(path))
        try:
            table = parquet.read_table(path)
            return {column: table.column(column).to_pylist() for column in columns}
        except (pa.ArrowException, KeyError) as error:
            raise HistoryError(str(path), f"not a table of a run: {error}") from error
    path = directory / f"{name}.csv"
    if not path.exists():
        return {column: [] for column in columns}
    with path.open(newline="", encoding="utf-8") as file:
        rows = csv.reader(file)
        if next(rows, None) != list(columns):
            raise HistoryError(str(path), f"not a table of a run: its columns are not those of {name}")
        try:
            return _parsed(columns, list(rows))
        except ValueError as error:
            raise HistoryError(str(path), f"not a table of a run: {error}") from error


def _parsed(columns: dict[str, Kind], rows: Sequence[Sequence[str]]) -> dict[str, list[Any]]:
    makers: dict[Kind, type[int] | type[float] | type[str]] = {"int": int, "float": float, "text": str}
    return {
        column: [makers[kind](row[place]) if row[place] else None for row in rows]
        for place, (column, kind) in enumerate(columns.items())
    }


def _pyarrow(place: str) -> tuple[Any, Any]:
    try:
        import pyarrow as pa
        from pyarrow import parquet
    except ImportError as error:
        raise ConfigError(place, "needs pyarrow: pip install 'tontine[export]'") from error
    return pa, parquet

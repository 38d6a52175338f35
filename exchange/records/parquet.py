"""An export as a Parquet file. The only module that needs pyarrow (``pip install 'tontine[export]'``).

In: pages of rows. Out: a file with a row group for each few pages, so memory stays flat.
"""

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from exchange.records.export import TEXTS, Row, Table, columns_of
from protocol.errors import ConfigError, HistoryError


def write_parquet(pages: Iterable[list[Row]], table: Table, path: Path) -> int:
    """Write the rows; how many there were.

    Raises:
        ConfigError: pyarrow is not installed.
        HistoryError: a sum is beyond the 64 bits that Parquet's integers have.
    """
    try:
        import pyarrow as pa
        from pyarrow import parquet
    except ImportError as error:
        raise ConfigError("--format parquet", "needs pyarrow: pip install 'tontine[export]'") from error
    names = columns_of(table)
    time = names.index(table.time)
    schema = pa.schema([(name, _type(pa, name, table)) for name in names])
    count = 0
    with parquet.ParquetWriter(path, schema) as writer:
        for page in pages:
            columns: list[Any] = list(zip(*page, strict=True))
            columns[time + 1] = columns[time]  # the same nanoseconds, as a timestamp
            try:
                arrays = [pa.array(column, field.type) for column, field in zip(columns, schema, strict=True)]
            except OverflowError as error:
                raise HistoryError(
                    str(path), "a sum of money is beyond 64 bits: export it as csv or jsonl"
                ) from error
            writer.write_batch(pa.record_batch(arrays, schema=schema))
            count += len(page)
    return count


def _type(pa: Any, name: str, table: Table) -> Any:
    if name == table.iso:
        return pa.timestamp("ns", tz="UTC")
    return pa.string() if name in TEXTS else pa.int64()

"""The history file: one SQLite database beside the journal.

In: batches of rows, each with where it begins and ends. Out: the same rows, in one transaction or not at all, and
never twice: what begins where the file does not end is refused. So whatever happens to the process, the
file is the history up to one command, and says which.

It is no journal: it is flushed to the disk now and then only (``synchronous = normal``). What a loss of power takes off its
end comes back out of the journal.
"""

import os
import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, Final

import msgspec

from exchange.market_data.bars import GrowingBar, bars_of, rolled_up, start_of
from exchange.records import schema
from exchange.records.chronicle import Batch, Instrument, Memory, Place, Row, storable
from exchange.records.standing import Stake
from protocol.errors import HistoryError
from protocol.market import Bar
from protocol.vocabulary import AccountId, Interval, Nanoseconds, Symbol, TradeId

_MODE: Final = 0o600
"""Who traded what is nobody else's business."""

_ROWS: Final = 512
"""Rows that are encoded at once: for half a millisecond nobody else gets Python's lock."""

_BUSY_S: Final = 30.0
"""How long to wait for another process that writes the file: it only ever catches up, in short transactions."""

_WAL_BYTES: Final = 16 * 1024 * 1024
"""What the write-ahead log is cut back to when it was longer."""

_TABLES: Final = "select name from sqlite_master where type = 'table'"


class Overtaken(HistoryError):
    """Another process wrote the history meanwhile: read the memory again, and take the turns again."""


class Store:
    """A history file. One thread at a time."""

    def __init__(self, path: Path, kind: str = schema.VENUE, *, read_only: bool = False) -> None:
        """Opening makes the file if there is none, unless it is only to be read.

        Raises:
            HistoryError: it can't be opened, or is not a history of this format and kind; ``kind`` means nothing
                to who only reads.
        """
        self.path = path
        self._encode = msgspec.json.Encoder().encode
        try:
            if read_only:
                self.connection = sqlite3.connect(
                    f"{path.absolute().as_uri()}?mode=ro",
                    uri=True,
                    isolation_level=None,
                    check_same_thread=False,
                )
                self.connection.execute(f"pragma busy_timeout = {_BUSY_S * 1000:.0f}")
            else:
                os.close(os.open(path, os.O_CREAT | os.O_RDWR, _MODE))
                self.connection = sqlite3.connect(
                    path, timeout=_BUSY_S, isolation_level=None, check_same_thread=False
                )
                self.connection.execute("pragma journal_mode = wal")
                self.connection.execute("pragma synchronous = normal")
                self.connection.execute(f"pragma journal_size_limit = {_WAL_BYTES}")
        except (sqlite3.Error, OSError) as error:
            raise HistoryError(str(path), str(error)) from error
        try:
            self._check(kind, create=not read_only)
        except BaseException:
            self.close()
            raise

    def __enter__(self) -> "Store":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        with suppress(sqlite3.Error):
            self.connection.close()

    def _check(self, kind: str, *, create: bool) -> None:
        with self._told():
            tables = {row[0] for row in self.connection.execute(_TABLES)}
            if not tables and create:
                self.connection.executescript(f"begin; {schema.SCHEMA} commit;")
                self.connection.executemany(
                    "insert into meta values (?, ?)", (("format", schema.FORMAT), ("kind", kind))
                )
                self.connection.execute("insert into progress values (1, 0, 0)")
                return
            if not {"meta", "progress", "trades"} <= tables:
                raise HistoryError(str(self.path), "this file is no history")
            meta = dict(self.connection.execute("select key, value from meta"))
        if meta.get("format") != schema.FORMAT:
            raise HistoryError(
                str(self.path),
                f"history format {meta.get('format')}, this program reads format {schema.FORMAT}",
            )
        if create and meta.get("kind") != kind:
            raise HistoryError(
                str(self.path),
                f"a history of the kind {meta.get('kind')!r}, not {kind!r}: choose another file",
            )

    @contextmanager
    def _told(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.Error as error:
            raise HistoryError(str(self.path), str(error)) from error

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """All or nothing.

        Raises:
            HistoryError: it could not be written; nothing was.
        """
        with self._told():
            self.connection.execute("begin immediate")
            try:
                yield
                self.connection.execute("commit")
            except BaseException:
                with suppress(sqlite3.Error):
                    self.connection.execute("rollback")
                raise

    # -- reading what goes on ------------------------------------------------------------------------

    @property
    def place(self) -> Place:
        """How far the history got.

        Raises:
            HistoryError: the file can't be read.
        """
        with self._told():
            return Place(*self.connection.execute("select seq, at_ns from progress").fetchone())

    def memory(self) -> Memory:
        """All that a ``Chronicle`` goes on with, as of one moment.

        Raises:
            HistoryError: the file can't be read.
        """
        ask = self.connection.execute
        with self._told():
            ask("begin")
            try:
                return Memory(
                    self.place,
                    ask("select coalesce(max(trade_id), 0) from trades").fetchone()[0],
                    ask("select count(*) from days").fetchone()[0],
                    {row[0]: Instrument(*row) for row in ask("select * from instruments")},
                    {
                        (row[0], row[1]): Stake(row[2], int(row[3]), int(row[4]), int(row[5]), row[6])
                        for row in ask("select * from stakes")
                    },
                    {
                        (symbol, interval): GrowingBar.grown(bar)
                        for (symbol,) in ask("select symbol from instruments").fetchall()
                        for interval in Interval
                        if (bar := self._last_bar(symbol, interval)) is not None
                    },
                )
            finally:
                ask("rollback")

    def _last_bar(self, symbol: Symbol, interval: Interval) -> Bar | None:
        row = self.connection.execute(
            "select start_ns, open, high, low, close, volume, turnover, trades from candles "
            "where symbol = ? and interval = ? order by start_ns desc limit 1",
            (symbol, interval),
        ).fetchone()
        return None if row is None else bar_of(row)

    # -- writing -------------------------------------------------------------------------------------

    def write(self, batch: Batch) -> dict[Symbol, list[tuple[Interval, Bar | None]]]:
        """Write a batch. Returns the last bars of the instruments in which a trade was undone.

        Raises:
            Overtaken: the batch begins where the file does not end.
            HistoryError: it could not be written; nothing was.
        """
        corrected: dict[Symbol, list[tuple[Interval, Bar | None]]] = {}
        with self.transaction():
            if self.place != batch.begin:
                raise Overtaken(str(self.path), f"it goes to command {self.place.seq}, not {batch.begin.seq}")
            self._put("trades", batch.trades)
            self._put("candles", candle_rows(batch.bars))
            self._put("stakes", _stake_rows(batch.stakes))
            self._put("instruments", [msgspec.structs.astuple(one) for one in batch.instruments.values()])
            self._put("days", batch.days)
            self._put("positions", batch.positions)
            for symbol in self._undo(batch.busts):
                corrected[symbol] = [(interval, self._last_bar(symbol, interval)) for interval in Interval]
            self.connection.execute(
                "update progress set seq = ?, at_ns = ?", (batch.end.seq, batch.end.at_ns)
            )
        return corrected

    def _put(self, table: str, rows: Sequence[Row]) -> None:
        statement = schema.put(table)
        for first in range(0, len(rows), _ROWS):
            encoded = self._encode(rows[first : first + _ROWS]).decode()
            self.connection.execute(statement, (encoded,))

    def add_import(
        self, instrument: Instrument, batches: Iterable[list[Row]], date: str, source: str
    ) -> tuple[TradeId, int]:
        """Trades from elsewhere, in order of time, and their candles; all of them or none.

        The first value of each row, its number, is given here. Returns the first number, and how many there are.

        Raises:
            HistoryError: that day of that instrument is there already; or it can't be written.
        """
        ask = self.connection.execute
        with self.transaction():
            known = ask(
                "select source from imports where symbol = ? and date = ?", (instrument.symbol, date)
            ).fetchone()
            if known is not None:
                raise HistoryError(
                    str(self.path), f"{instrument.symbol} of {date} is there already, from {known[0]}"
                )
            first = 1 + ask("select coalesce(max(trade_id), 0) from trades").fetchone()[0]
            count = 0
            for rows in batches:
                self._put("trades", [(first + count + place, *row[1:]) for place, row in enumerate(rows)])
                count += len(rows)
            self._put("instruments", [msgspec.structs.astuple(instrument)])
            self._make_candles(instrument.symbol, first)
            ask(
                "insert into imports values (?, ?, ?, ?, ?)",
                (instrument.symbol, date, source, first, count),
            )
        return first, count

    def _make_candles(self, symbol: Symbol, first_trade: TradeId) -> None:
        """Candles of imported trades, with those of the same days that were there before."""
        ask = self.connection.execute
        first_ns, last_ns = ask(
            "select min(at_ns), max(at_ns) from trades where symbol = ? and trade_id >= ?",
            (symbol, first_trade),
        ).fetchone()
        if first_ns is None:
            return
        day = Interval.DAY
        shorter: Iterable[Bar] = bars_of(
            ask(
                "select trade_id, at_ns, price, quantity from trades "
                "where at_ns >= ? and at_ns < ? and symbol = ? order by at_ns, trade_id",
                (start_of(first_ns, day), start_of(last_ns, day) + day.ns, symbol),
            ),
            Interval.SECOND,
        )
        for interval in Interval:
            bars = list(rolled_up(shorter, interval))
            self._put("candles", [_candle_row(symbol, interval, bar) for bar in bars])
            shorter = bars

    # -- trades undone -------------------------------------------------------------------------------

    def _undo(self, busts: Sequence[tuple[TradeId, Nanoseconds]]) -> set[Symbol]:
        """Mark trades, and make the candles they were in again; whose they were."""
        concerned: set[Symbol] = set()
        for trade_id, busted_at_ns in busts:
            self.connection.execute(
                "update trades set busted_at_ns = ? where trade_id = ?", (busted_at_ns, trade_id)
            )
            symbol, at_ns = self.connection.execute(
                "select symbol, at_ns from trades where trade_id = ?", (trade_id,)
            ).fetchone()
            self._make_again(symbol, at_ns)
            concerned.add(symbol)
        return concerned

    def _make_again(self, symbol: Symbol, at_ns: Nanoseconds) -> None:
        """The candles of that moment, each out of the next shorter ones, which are right by then."""
        shorter: Interval | None = None
        for interval in Interval:
            start = at_ns - at_ns % interval.ns
            bars: Iterable[Bar]
            if shorter is None:
                bars = bars_of(
                    self.connection.execute(
                        "select trade_id, at_ns, price, quantity from trades "
                        "where at_ns >= ? and at_ns < ? and symbol = ? and busted_at_ns is null order by trade_id",
                        (start, start + interval.ns, symbol),
                    ),
                    interval,
                )
            else:
                bars = rolled_up(
                    map(
                        bar_of,
                        self.connection.execute(
                            "select start_ns, open, high, low, close, volume, turnover, trades from candles "
                            "where symbol = ? and interval = ? and start_ns >= ? and start_ns < ? order by start_ns",
                            (symbol, shorter, start, start + interval.ns),
                        ),
                    ),
                    interval,
                )
            made = list(bars)
            if made:
                self._put("candles", [_candle_row(symbol, interval, bar) for bar in made])
            else:
                self.connection.execute(
                    "delete from candles where symbol = ? and interval = ? and start_ns = ?",
                    (symbol, interval, start),
                )
            shorter = interval


def bar_of(row: Sequence[Any]) -> Bar:
    """A bar out of its columns."""
    start_ns, first, high, low, last, volume, turnover, trades = row
    return Bar(start_ns, first, high, low, last, volume, int(turnover), trades)


def candle_rows(bars: dict[tuple[Symbol, Interval, Nanoseconds], GrowingBar]) -> list[Row]:
    """Bars as rows of the table."""
    return [_candle_row(symbol, interval, bar.bar()) for (symbol, interval, _), bar in bars.items()]


def _candle_row(symbol: Symbol, interval: Interval, bar: Bar) -> Row:
    return (
        symbol, interval, bar.start_ns, bar.open, bar.high, bar.low, bar.close, bar.volume,
        storable(bar.turnover), bar.trades,
    )  # fmt: skip


def _stake_rows(stakes: dict[tuple[AccountId, Symbol], Stake]) -> list[Row]:
    return [
        (
            account,
            symbol,
            one.quantity,
            storable(one.cost),
            storable(one.realised),
            storable(one.fees),
            one.day,
        )
        for (account, symbol), one in stakes.items()
    ]

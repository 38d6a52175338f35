"""Questions to a history: trades, candles, fills, positions.

In: a symbol or an account, a place in the list, how many. Out: frozen values. Fits ``exchange.gateways.http.past``,
where HTTP says what it needs and asks in a thread.

The file is opened only to be read, so a question never waits for who writes it. An answer is one row for SQLite, a JSON
array: a thread that takes row by row has to ask for Python's lock each time, and a busy loop gives it away
two hundred times a second. At most ``MOST`` entries at once.
"""

import sqlite3
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import msgspec

from exchange.gateways.http.past import Fill
from exchange.records.store import Store, bar_of
from protocol.errors import HistoryError
from protocol.market import Bar, TradePrint
from protocol.vocabulary import (
    AccountId,
    Interval,
    Liquidity,
    Money,
    Nanoseconds,
    Price,
    Side,
    Symbol,
    TradeId,
)

MOST: Final = 10_000
"""Entries of one answer."""

_LATEST: Final = 2**63 - 1
"""After every number there is."""

_Row = list[Any]


class DayPosition(msgspec.Struct, frozen=True, gc=False):
    """What an account had in an instrument when a trading day ended. Money in smallest units of the quote asset."""

    day: int
    """Number of the trading day, from 1."""
    date: str
    """Date (UTC) on which it ended."""
    at_ns: Nanoseconds
    account: AccountId
    symbol: Symbol
    quantity: int
    average_price: Price | None
    mark: Price | None
    cost: Money
    realised: Money
    unrealised: Money
    fees: Money


class HistoryReader:
    """Reads one history file. Any thread may ask."""

    def __init__(self, path: Path) -> None:
        """The file is opened when first asked."""
        self.path = path
        self._store: Store | None = None
        self._asking = threading.Lock()

    def close(self) -> None:
        """Close the file; a later question opens it again."""
        with self._asking:
            if self._store is not None:
                self._store.close()
                self._store = None

    def _ask(self, query: str, values: tuple[object, ...]) -> list[_Row]:
        """The rows of a query that gives them as one JSON array.

        Raises:
            HistoryError: the file can't be read.
        """
        with self._asking:
            try:
                if self._store is None:
                    self._store = Store(self.path, read_only=True)
                ((found,),) = self._store.connection.execute(query, values).fetchall()
            except sqlite3.Error as error:
                raise HistoryError(str(self.path), str(error)) from error
        rows: list[_Row] = msgspec.json.decode(found)
        return rows

    # -- lists, newest first -------------------------------------------------------------------------

    def trades(
        self,
        symbol: Symbol,
        *,
        before: TradeId | None = None,
        after: TradeId = 0,
        limit: int,
        skip: int = 0,
    ) -> list[TradePrint]:
        """At most ``limit`` trades with ``after < trade_id < before``, newest first; their ``seq`` is 0.

        Trades that were undone are left out.

        Raises:
            HistoryError: the file can't be read.
        """
        rows = self._ask(
            _listed(
                _PRINTED,
                "trades where symbol = ? and trade_id < ? and trade_id > ? and busted_at_ns is null",
                "trade_id desc",
            ),
            (symbol, _or_latest(before), after, _bounded(limit), skip),
        )
        return [_printed(symbol, row) for row in rows]

    def candles(
        self,
        symbol: Symbol,
        interval: Interval,
        *,
        before_ns: Nanoseconds | None = None,
        from_ns: Nanoseconds = 0,
        limit: int,
        skip: int = 0,
    ) -> list[Bar]:
        """At most ``limit`` candles with ``from_ns <= start_ns < before_ns``, newest first.

        Raises:
            HistoryError: the file can't be read.
        """
        rows = self._ask(
            _listed(
                "start_ns, open, high, low, close, volume, turnover, trades",
                "candles where symbol = ? and interval = ? and start_ns < ? and start_ns >= ?",
                "start_ns desc",
            ),
            (symbol, interval, _or_latest(before_ns), from_ns, _bounded(limit), skip),
        )
        return [bar_of(row) for row in rows]

    def fills(
        self,
        account: AccountId,
        symbol: Symbol | None = None,
        *,
        before: TradeId | None = None,
        after: TradeId = 0,
        limit: int,
        skip: int = 0,
    ) -> list[Fill]:
        """The account's sides of at most ``limit`` trades with ``after < trade_id < before``, newest first.

        Of a trade with itself there are two, the buy first. Trades that were undone are left out.

        Raises:
            HistoryError: the file can't be read.
        """
        # Each side by its own index; then the trades of both together.
        where = (
            "trade_id < ?2 and trade_id > ?3 and busted_at_ns is null and (?6 is null or symbol = ?6) "
            "order by trade_id desc limit ?4 + ?5"
        )
        bought = f"select * from trades indexed by bought where buyer = ?1 and {where}"  # noqa: S608  # as in _listed
        sold = f"select * from trades indexed by sold where seller = ?1 and {where}"  # noqa: S608  # as in _listed
        rows = self._ask(
            _listed(
                "trade_id, at_ns, symbol, price, quantity, aggressor, "
                "buyer, buyer_fee, buyer_order_id, buyer_client_order_id, "
                "seller, seller_fee, seller_order_id, seller_client_order_id",
                f"(select * from ({bought}) union select * from ({sold}))",  # noqa: S608
                "trade_id desc",
                "?4 offset ?5",
            ),
            (account, _or_latest(before), after, _bounded(limit), skip, symbol),
        )
        return [fill for row in rows for fill in _fills_of(account, row)]

    def positions(
        self,
        account: AccountId | None = None,
        *,
        date: str | None = None,
        before_day: int | None = None,
        limit: int,
        skip: int = 0,
    ) -> list[DayPosition]:
        """Positions at the end of trading days, the newest day first, by account and symbol.

        ``date``: of days that ended on this one (UTC, as in ``2026-11-21``); ``None``: of all. What was flat and did
        not trade on a day has no entry.

        Raises:
            HistoryError: the file can't be read.
        """
        rows = self._ask(
            _listed(
                "day, date, at_ns, account, symbol, quantity, average_price, mark, cost, realised, unrealised, fees",
                "positions join days using (day) where day < ? and (?2 is null or account = ?2) "
                "and (?3 is null or date = ?3)",
                "day desc, account, symbol",
                "?4 offset ?5",
            ),
            (_or_latest(before_day), account, date, _bounded(limit), skip),
        )
        return [DayPosition(*row[:8], *map(int, row[8:])) for row in rows]

    # -- for who goes on -----------------------------------------------------------------------------

    def symbols(self) -> list[Symbol]:
        """All instruments, by name.

        Raises:
            HistoryError: the file can't be read.
        """
        return [row[0] for row in self._ask(_listed("symbol", "instruments", "symbol"), (-1, 0))]

    def day_so_far(self, symbol: Symbol) -> Iterator[TradePrint]:
        """All trades since the last end of a day, oldest first, without those undone; read a page at a time.

        Raises:
            HistoryError: the file can't be read.
        """
        ((after,),) = self._ask(
            "select json_array(json_array(coalesce(max(last_trade_id), 0))) from days", ()
        )
        while True:
            rows = self._ask(
                _listed(
                    _PRINTED,
                    "trades where symbol = ? and trade_id > ? and busted_at_ns is null",
                    "trade_id",
                ),
                (symbol, after, MOST, 0),
            )
            yield from (_printed(symbol, row) for row in rows)
            if len(rows) < MOST:
                return
            after = rows[-1][0]


_PRINTED: Final = "trade_id, at_ns, price, quantity, aggressor"


def _printed(symbol: Symbol, row: _Row) -> TradePrint:
    number, at_ns, price, quantity, side = row
    return TradePrint(symbol, 0, number, at_ns, price, quantity, Side(side) if side else None)


def _listed(columns: str, source: str, order: str, limit: str = "? offset ?") -> str:
    """A query that gives its rows as one JSON array of arrays, in order."""
    # Parts are written above; what comes from outside is bound.
    return (
        f"select json_group_array(json_array({columns})) "  # noqa: S608
        f"from (select {columns} from {source} order by {order} limit {limit})"
    )


def _or_latest(before: int | None) -> int:
    return _LATEST if before is None else before


def _bounded(limit: int) -> int:
    return max(0, min(limit, MOST))


def _fills_of(account: AccountId, row: _Row) -> list[Fill]:
    number, at_ns, symbol, price, quantity, aggressor, *sides = row
    fills = []
    for side, (owner, fee, order_id, client_order_id) in ((Side.BUY, sides[:4]), (Side.SELL, sides[4:])):
        if owner != account:
            continue
        if aggressor is None:
            liquidity = Liquidity.AUCTION
        else:
            liquidity = Liquidity.TAKER if side == aggressor else Liquidity.MAKER
        fills.append(
            Fill(number, at_ns, symbol, side, price, quantity, liquidity, int(fee), order_id, client_order_id)
        )
    return fills

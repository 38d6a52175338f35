"""The tables of the history file, and how rows get into them.

In: nothing. Out: SQL. docs/reference/history.md explains every column for who reads the file with other programs.

Rows are handed to SQLite as one JSON array and taken apart there: Python's lock is released for a whole
statement, while ``executemany`` takes it back for every row, and the venue's loop would wait each time.
"""

from typing import Final

FORMAT: Final = "1"

VENUE: Final = "venue"
"""Kind of a history that belongs to a journal."""

IMPORTED: Final = "imported"
"""Kind of a history made of somebody's files."""

SCHEMA: Final = """
create table meta (key text primary key, value text not null) without rowid;
create table progress (id integer primary key check (id = 1), seq integer not null, at_ns integer not null);
create table instruments (
    symbol text primary key,
    price_decimals integer not null,
    quote_scale integer not null,
    base text,
    quote text,
    mark integer
) without rowid;
create table trades (
    trade_id integer primary key,
    seq integer not null,
    symbol text not null,
    at_ns integer not null,
    price integer not null,
    quantity integer not null,
    aggressor text,
    buyer text,
    buyer_client_order_id text,
    buyer_order_id integer,
    buyer_fee,
    seller text,
    seller_client_order_id text,
    seller_order_id integer,
    seller_fee,
    busted_at_ns integer
);
create index trades_of_symbols on trades (symbol, trade_id);
create index trades_by_time on trades (at_ns);
create index bought on trades (buyer, trade_id);
create index sold on trades (seller, trade_id);
create table candles (
    symbol text not null,
    interval text not null,
    start_ns integer not null,
    open integer not null,
    high integer not null,
    low integer not null,
    close integer not null,
    volume integer not null,
    turnover not null,
    trades integer not null,
    primary key (symbol, interval, start_ns)
) without rowid;
create table days (
    day integer primary key,
    date text not null,
    at_ns integer not null,
    seq integer not null,
    last_trade_id integer not null
);
create table positions (
    day integer not null,
    account text not null,
    symbol text not null,
    quantity integer not null,
    average_price integer,
    mark integer,
    cost not null,
    realised not null,
    unrealised not null,
    fees not null,
    primary key (day, account, symbol)
) without rowid;
create table stakes (
    account text not null,
    symbol text not null,
    quantity integer not null,
    cost not null,
    realised not null,
    fees not null,
    day integer not null,
    primary key (account, symbol)
) without rowid;
create table imports (
    symbol text not null,
    date text not null,
    source text not null,
    first_trade_id integer not null,
    trades integer not null,
    primary key (symbol, date)
) without rowid;
"""

COLUMNS: Final = {
    "instruments": ("symbol", "price_decimals", "quote_scale", "base", "quote", "mark"),
    "trades": (
        "trade_id", "seq", "symbol", "at_ns", "price", "quantity", "aggressor",
        "buyer", "buyer_client_order_id", "buyer_order_id", "buyer_fee",
        "seller", "seller_client_order_id", "seller_order_id", "seller_fee",
        "busted_at_ns",
    ),
    "candles": (
        "symbol", "interval", "start_ns", "open", "high", "low", "close", "volume", "turnover", "trades",
    ),
    "days": ("day", "date", "at_ns", "seq", "last_trade_id"),
    "positions": (
        "day", "account", "symbol", "quantity", "average_price", "mark", "cost", "realised", "unrealised", "fees",
    ),
    "stakes": ("account", "symbol", "quantity", "cost", "realised", "fees", "day"),
}  # fmt: skip
"""Columns of the tables that are written in batches, in order."""


_KEPT_UP_TO_DATE: Final = ("candles", "instruments", "stakes")
"""Tables whose rows are replaced by newer ones; of the others each row is written once."""


def put(table: str) -> str:
    """A statement that takes a JSON array of arrays, one for each row."""
    verb = "insert or replace" if table in _KEPT_UP_TO_DATE else "insert"
    columns = COLUMNS[table]
    values = ", ".join(f"json_extract(value, '$[{place}]')" for place in range(len(columns)))
    # Names out of the table above; nothing of it comes from outside.
    return f"{verb} into {table} ({', '.join(columns)}) select {values} from json_each(?)"  # noqa: S608

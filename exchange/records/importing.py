"""Executions of a LOBSTER file to trades and candles of a history.

In: a zip, a history made of such files. Out: all of the day's executions in it, with candles; or an error, and then
nothing. A history that belongs to a journal takes no imports: it is what its journal says.

What becomes a trade: executions of displayed orders (type 4: the direction is that of the resting order, so the other
side was the aggressor), of hidden ones (type 5: the same, with no order), and cross trades (type 6: an auction, nobody
was the aggressor). Halts (type 7) and what happens to orders are passed over. Buyers and sellers are not known.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from typing import Final, NamedTuple

from exchange.records import schema
from exchange.records.chronicle import Instrument, Row
from exchange.records.lobster import (
    CROSS,
    EXECUTED,
    HIDDEN,
    MOST_BYTES,
    PRICE_DECIMALS,
    Event,
    LobsterDay,
    midnight_ns,
    open_day,
)
from exchange.records.store import Store
from protocol.errors import ConfigError
from protocol.vocabulary import Nanoseconds, Side, Symbol, TradeId

NEW_YORK: Final = "America/New_York"

_PAGE: Final = 5_000
_TRADES: Final = (EXECUTED, HIDDEN, CROSS)
_LONGEST_SYMBOL: Final = 16


class Imported(NamedTuple):
    """What an import brought."""

    symbol: Symbol
    date: date
    first_trade_id: TradeId
    trades: int


def import_lobster(
    source: Path,
    into: Path,
    *,
    symbol: str | None = None,
    day: date | None = None,
    zone: str = NEW_YORK,
    most_bytes: int = MOST_BYTES,
) -> Imported:
    """Add a day to the history ``into``, which is made if there is none.

    ``symbol``, ``day``: instead of those in the name of the file. ``zone``: whose midnight its times count from.

    Raises:
        ConfigError: the file is damaged; names file and line.
        HistoryError: that day of that instrument is there already, or the history can't be written, or is a venue's.
    """
    with open_day(source, most_bytes=most_bytes) as found, _history(into) as store:
        name = Symbol(found.ticker if symbol is None else symbol)
        if not 1 <= len(name) <= _LONGEST_SYMBOL:
            raise ConfigError("--symbol", f"{len(name)} characters; 1 to {_LONGEST_SYMBOL} can be")
        on = found.date if day is None else day
        instrument = Instrument(name, PRICE_DECIMALS, quote="USD")
        pages = _pages(found, name, midnight_ns(on, zone), instrument)
        first, count = store.add_import(instrument, pages, on.isoformat(), source.name)
    return Imported(name, on, first, count)


@contextmanager
def _history(path: Path) -> Iterator[Store]:
    """The history; one that was made for an import that failed is gone again."""
    is_new = not path.exists()
    try:
        with Store(path, schema.IMPORTED) as store:
            yield store
    except BaseException:
        if is_new:
            for suffix in ("-wal", "-shm", ""):
                path.with_name(path.name + suffix).unlink(missing_ok=True)
        raise


def _pages(
    found: LobsterDay, symbol: Symbol, midnight: Nanoseconds, instrument: Instrument
) -> Iterator[list[Row]]:
    page: list[Row] = []
    for event in found.events():
        if event.type in _TRADES:
            page.append(_row(event, symbol, midnight))
            instrument.mark = event.price
            if len(page) == _PAGE:
                yield page
                page = []
    if page:
        yield page


def _row(event: Event, symbol: Symbol, midnight: Nanoseconds) -> Row:
    aggressor = None if event.type == CROSS else Side.SELL if event.direction == 1 else Side.BUY
    order_id = event.order_id if event.type == EXECUTED and event.order_id > 0 else None
    of_buyer, of_seller = (order_id, None) if event.direction == 1 else (None, order_id)
    return (
        0, event.line, symbol, midnight + event.time_ns, event.price, event.quantity, aggressor,
        None, None, of_buyer, None, None, None, of_seller, None,
    )  # fmt: skip

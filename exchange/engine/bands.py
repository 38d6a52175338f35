"""Where prices may be: tick tables, entry bands, execution ranges, corridors (rules 8, 38, 40).

In: an instrument, a book's prices. Out: numbers and yes or no. Changes nothing.
"""

from typing import NamedTuple

from exchange.engine.book import Book
from exchange.engine.commands import AddInstrument
from protocol.vocabulary import Price, Side


class Span(NamedTuple):
    """Prices from ``lowest`` to ``highest``, both inclusive."""

    lowest: Price
    highest: Price

    def __contains__(self, price: object) -> bool:
        return isinstance(price, int) and self.lowest <= price <= self.highest


def tick_at(instrument: AddInstrument, price: Price) -> Price:
    """The tick that holds at a price: that of the last row at or below it."""
    tick = instrument.tick
    for start, of_row in instrument.tick_table:
        if start > price:
            break
        tick = of_row
    return tick


def on_tick(instrument: AddInstrument, price: Price) -> bool:
    """Whether this is a price of the instrument."""
    return 0 < price <= instrument.maximum_price and price % tick_at(instrument, price) == 0


def passive_tick(instrument: AddInstrument, side: Side, price: Price) -> Price:
    """``price``, or if it is off the grid the next one on the passive side."""
    off = price % tick_at(instrument, price)
    if not off:
        return price
    return price - off if side is Side.BUY else price - off + tick_at(instrument, price)


def one_tick_behind(instrument: AddInstrument, side: Side, price: Price) -> Price | None:
    """The next price on the passive side of ``price``: lower for a buy. ``None`` if that is no price."""
    if side is Side.BUY:
        behind = price - tick_at(instrument, price - 1)
    else:
        behind = price + tick_at(instrument, price)
    return behind if on_tick(instrument, behind) else None


def middle(book: Book) -> Price | None:
    """The last price, else the middle of the best prices, else the reference price (rule 40)."""
    if book.last_price is not None:
        return book.last_price
    bid, ask = book.bids.best, book.asks.best
    if bid is not None and ask is not None:
        return (bid + ask) // 2
    return book.reference_price


def around(centre: Price | None, distance: Price) -> Span | None:
    """``None``: no limit, because there is nothing to measure it from."""
    return None if centre is None else Span(centre - distance, centre + distance)


def entry_band(book: Book) -> Span | None:
    """Where limits may be entered."""
    distance = book.instrument.band
    return None if distance is None else around(middle(book), distance)


def execution_range(book: Book) -> Span | None:
    """Where market orders may trade."""
    distance = book.instrument.execution_range
    return None if distance is None else around(middle(book), distance)


def dynamic_corridor(book: Book) -> Span | None:
    """Where continuous trades may be without an auction."""
    distance = book.instrument.dynamic_corridor
    last = book.last_price if book.last_price is not None else book.reference_price
    return None if distance is None else around(last, distance)


def static_corridor(book: Book, reference_price: Price | None = None) -> Span | None:
    """Where an auction may be without a longer call; ``reference_price`` of ``None``: as the book stands."""
    distance = book.instrument.static_corridor
    centre = book.reference_price if reference_price is None else reference_price
    return None if distance is None else around(centre, distance)

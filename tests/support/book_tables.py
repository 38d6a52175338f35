"""Books as tables and events as sentences, the way the reference pages write them.

In: a table with one row a price, highest first, all of it: market orders that rest, price levels, stops that
wait, orders that wait for the close.

    continuous, last 101
    bid    | price   | ask
           |     102 | 5 c, 0+4 h
           |     101 | 3+9 a*
      3 x  |     100 |
      7 s  | stop 99 |

``5 c``: order c with 5 open. ``3+9 a``: 3 shown of 12. ``0+4 h``: hidden. A star: an order of your own. The
line above is a list of statements about the instrument, as many as matter. Out: the same for a live book, to
be compared cell by cell; commands that enter a table's orders; one sentence for each event.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Final, NamedTuple

from exchange.engine.auction import indicative
from exchange.engine.book import Book
from exchange.engine.commands import ChangePhase, Command, EnterOrder, SetLastPrice, Terms
from exchange.engine.events import (
    AuctionExtended,
    AuctionHeld,
    AuctionTrade,
    DayEnded,
    Event,
    LastPriceSet,
    OrderAccepted,
    OrderCanceled,
    OrderReplaced,
    OrderRepriced,
    OrderRested,
    OrdersExpired,
    OrdersMassCanceled,
    PhaseChanged,
    RequestRejected,
    SelfTradePrevented,
    StopTriggered,
    Trade,
)
from exchange.engine.order import Order
from protocol.vocabulary import AccountId, ClientOrderId, OrderType, Phase, Side, Symbol, TimeInForce

ACME: Final = Symbol("ACME")
YOU: Final = AccountId("you")
OTHERS: Final = AccountId("others")

MARKET: Final = "market"
CLOSE: Final = "close"


class NotUnderstood(Exception):
    """The page can't be read as an example."""


class Row(NamedTuple):
    bid: str
    label: str
    ask: str


class Table(NamedTuple):
    """``statements`` stand above the head; a live book has all of them, a page those that matter."""

    statements: tuple[str, ...]
    rows: tuple[Row, ...]


_HEAD: Final = Row("bid", "price", "ask")
_LABEL: Final = re.compile(r"\d+|market|close|stop( \d+)?")
_ORDER: Final = re.compile(r"(?P<shown>\d+)(?P<plus>\+(?P<reserve>\d+))? (?P<name>[a-z]\w*)(?P<star>\*?)")
_STATEMENT: Final = re.compile(rf"{'|'.join(Phase)}|(last|reference|indicative|volume|surplus) (none|-?\d+)")


# -- tables ----------------------------------------------------------------------------------------
def read(text: str) -> Table:
    """A table of a page.

    Raises:
        NotUnderstood: a line is neither the statements above nor a row.
    """
    statements: list[str] = []
    rows: list[Row] = []
    for line in text.splitlines():
        cells = [" ".join(cell.split()) for cell in line.split("|")]
        if len(cells) == 1 and not rows:
            statements += (one.strip() for one in line.split(","))
            continue
        if len(cells) != 3 or (not rows and Row(*cells) != _HEAD):
            raise NotUnderstood(f"no row of a book: {line!r}")
        rows.append(Row(*cells))
    unknown = [one for one in statements if not _STATEMENT.fullmatch(one)]
    unknown += [row.label for row in rows[1:] if not _LABEL.fullmatch(row.label)]
    unknown += [
        words
        for row in rows[1:]
        for words in (*_orders_in(row.bid), *_orders_in(row.ask))
        if not _ORDER.fullmatch(words)
    ]
    if not rows or unknown:
        raise NotUnderstood(f"no table of a book: {unknown}")
    return Table(tuple(statements), tuple(rows[1:]))


def _orders_in(cell: str) -> list[str]:
    return cell.split(", ") if cell else []


def table_of(book: Book) -> Table:
    """The live book, with everything that waits outside of it."""
    waiting = [(_label_of_stop(order), order) for order in book.stops.orders()]
    waiting += [(CLOSE, order) for order in book.for_the_close]
    outside = list(dict.fromkeys(label for label, _ in sorted(waiting, key=_stops_by_price)))
    rows = [_row(MARKET, book.bids.market, book.asks.market)]
    for price in sorted({*book.bids.levels, *book.asks.levels}, reverse=True):
        at_price = [side.levels.get(price, ()) for side in book.sides]
        rows.append(_row(str(price), *at_price))
    for label in outside:
        orders = [order for other, order in waiting if other == label]
        rows.append(
            _row(
                label,
                [order for order in orders if order.side is Side.BUY],
                [order for order in orders if order.side is Side.SELL],
            )
        )
    return Table(tuple(_statements(book)), tuple(row for row in rows if row.bid or row.ask))


def _label_of_stop(order: Order) -> str:
    assert order.special is not None
    stop_price = order.special.stop_price
    return "stop" if stop_price is None else f"stop {stop_price}"


def _stops_by_price(waiting: tuple[str, Order]) -> tuple[bool, int]:
    label, _ = waiting
    return label == CLOSE, -int(label.removeprefix("stop") or 0) if label != CLOSE else 0


def _row(label: str, bids: Iterable[Order], asks: Iterable[Order]) -> Row:
    return Row(", ".join(map(_words, bids)), label, ", ".join(map(_words, asks)))


def _words(order: Order) -> str:
    quantity = str(order.leaves)
    if order.terms.hidden:
        quantity = f"0+{order.leaves}"
    elif order.terms.display is not None and order.special is not None and not order.special.pending:
        quantity = f"{order.special.shown}+{order.leaves - order.special.shown}"
    return f"{quantity} {order.client_order_id}{'*' if order.account == YOU else ''}"


def _statements(book: Book) -> Iterator[str]:
    found = indicative(book)
    yield book.phase
    yield f"last {_or_none(book.last_price)}"
    yield f"reference {_or_none(book.reference_price)}"
    yield f"indicative {_or_none(found.price)}"
    yield f"volume {found.volume}"
    yield f"surplus {found.surplus}"


def _or_none(price: int | None) -> str:
    return "none" if price is None else str(price)


def written(table: Table) -> str:
    """As a page writes it."""
    rows = (_HEAD, *table.rows)
    widths = [max(5, *map(len, column)) for column in zip(*rows, strict=True)]
    lines = [
        f"{bid:<{widths[0]}} | {label:>{widths[1]}} | {ask:<{widths[2]}}".rstrip() for bid, label, ask in rows
    ]
    return "\n".join(([", ".join(table.statements)] if table.statements else []) + lines)


def faults(shown: Table, live: Table) -> list[str]:
    """What the page says of a book and is not so, in words; none if all of it is."""
    found = [f"it isn't {one}: {live.statements}" for one in shown.statements if one not in live.statements]
    if shown.rows != live.rows:
        found.append(f"the book is\n{written(live)}\nand not\n{written(shown)}")
    return found


# -- what an auction chooses from ------------------------------------------------------------------
_CURVE_HEAD: Final = ["price", "bought", "sold", "volume", "surplus"]


def read_curve(text: str) -> list[tuple[int, ...]]:
    """Rows of price, bought, sold, volume and surplus, highest price first.

    Raises:
        NotUnderstood: they are not.
    """
    head, *rows = [[cell.strip() for cell in line.split("|")] for line in text.splitlines()]
    if head != _CURVE_HEAD or not all(re.fullmatch(r"-?\d+", cell) for row in rows for cell in row):
        raise NotUnderstood(f"no curve: {text}")
    return [tuple(map(int, row)) for row in rows]


def curve_of(book: Book) -> list[tuple[int, ...]]:
    """The same for a live book, by adding up its orders one by one, unlike the engine (rule 35)."""
    reference = book.reference_price if book.last_price is None else book.last_price
    orders = [order for side in book.sides for order in side.orders()]
    prices = {order.price for order in orders} | {reference}
    rows: list[tuple[int, ...]] = []
    for price in sorted((one for one in prices if one is not None), reverse=True):
        bought, sold = (
            sum(
                order.leaves
                for order in orders
                if order.side is side and (order.price is None or sign * order.price >= sign * price)
            )
            for side, sign in ((Side.BUY, 1), (Side.SELL, -1))
        )
        rows.append((price, bought, sold, min(bought, sold), bought - sold))
    return rows


# -- the book before -------------------------------------------------------------------------------
def commands_for(table: Table) -> Iterator[Command]:
    """What makes an empty book this one: last price, phase, then each side from its best price on."""
    for statement in table.statements:
        word, _, price = statement.partition(" ")
        if word == "last" and price != "none":
            yield SetLastPrice(ACME, int(price))
    for statement in table.statements:
        if statement in set(Phase):
            yield ChangePhase(ACME, Phase(statement))
    for row in reversed(table.rows):
        yield from _entries(Side.SELL, row.label, row.ask)
    for row in table.rows:
        yield from _entries(Side.BUY, row.label, row.bid)


def _entries(side: Side, label: str, cell: str) -> Iterator[Command]:
    for words in _orders_in(cell):
        found = _ORDER.fullmatch(words)
        if found is None or not (label == MARKET or label.isdecimal()):
            raise NotUnderstood(f"the book before can't have {words!r} at {label}")
        shown, reserve = int(found["shown"]), int(found["reserve"] or 0)
        terms = None
        if found["plus"]:
            terms = Terms(display=shown) if shown else Terms(hidden=True)
        yield EnterOrder(
            YOU if found["star"] else OTHERS, ClientOrderId(found["name"]), ACME, side,
            OrderType.MARKET if label == MARKET else OrderType.LIMIT, TimeInForce.GTC, shown + reserve,
            None if label == MARKET else int(label), terms=terms,
        )  # fmt: skip


# -- events ----------------------------------------------------------------------------------------
def sentence(event: Event) -> str:
    """What happened, for a reader; no event without its sentence."""
    match event:
        case OrderAccepted():
            return f"{event.client_order_id} accepted"
        case Trade():
            taker, maker = event.taker_client_order_id, event.maker_client_order_id
            deed = (
                f"buys {event.quantity} from" if event.aggressor is Side.BUY else f"sells {event.quantity} to"
            )
            return f"{taker} {deed} {maker} at {event.price}"
        case AuctionTrade():
            pair = f"{event.buyer_client_order_id} and {event.seller_client_order_id}"
            return f"{pair} trade {event.quantity} at {event.price}"
        case SelfTradePrevented():
            return f"{event.client_order_id} shrinks by {event.quantity}, {event.leaves} open: self_trade"
        case StopTriggered():
            return f"{event.client_order_id} triggered at {event.stop_price}"
        case OrderRested() if event.price is None:
            return f"{event.client_order_id} rests {event.leaves} at any price"
        case OrderRested():
            return f"{event.client_order_id} rests {event.leaves} at {event.price}"
        case OrderRepriced():
            return f"{event.client_order_id} moves from {event.old_price} to {event.price}"
        case OrderCanceled():
            return f"{event.client_order_id} canceled, {event.quantity} open: {event.reason}"
        case OrderReplaced():
            place = "keeps its place" if event.kept_priority else "goes to the back"
            return f"{event.client_order_id} replaced, {event.leaves} open, {place}"
        case RequestRejected():
            return f"{event.client_order_id or event.request} rejected: {event.reason}"
        case OrdersMassCanceled():
            return f"mass cancel done: {event.count}"
        case OrdersExpired():
            return f"expired: {event.count}"
        case DayEnded():
            return f"day ended, canceled: {event.canceled}"
        case LastPriceSet():
            return f"last price {event.price}"
        case AuctionHeld() if event.price is None:
            return "auction: nothing trades"
        case AuctionHeld():
            return f"auction: {event.volume} at {event.price}, surplus {event.surplus}"
        case AuctionExtended():
            return f"{event.phase} extended: the auction would be at {event.price}"
        case PhaseChanged():
            return f"{event.previous} -> {event.phase}"
        case _:
            raise NotUnderstood(f"no sentence for {event!r}")

"""The engine's whole state as values, and back.

In: an engine. Out: an image that can be stored, compared by hash, and turned into an engine that
behaves the same from then on, queue positions included (rule 50). The hash does not depend on how
the engine keeps its state, only on what it will do next.
"""

import hashlib

import msgspec

from exchange.engine.book import Book
from exchange.engine.commands import AddInstrument, Terms
from exchange.engine.engine import Engine
from exchange.engine.level import Queue
from exchange.engine.order import Order, Special
from protocol.vocabulary import (
    AccountId,
    Allocation,
    ClientOrderId,
    OrderId,
    OrderState,
    OrderType,
    Phase,
    Price,
    Quantity,
    Sequence,
    Side,
    Symbol,
    TimeInForce,
    TradeId,
)


class SpecialImage(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """What an order is beyond side, price and quantity, as it stands."""

    terms: Terms
    shown: Quantity
    prevented: Quantity
    stop_price: Price | None
    pending: bool


class OrderImage(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """One order, live or done."""

    order_id: OrderId
    account: AccountId
    client_order_id: ClientOrderId
    symbol: Symbol
    side: Side
    order_type: OrderType
    time_in_force: TimeInForce
    post_only: bool
    price: Price | None
    quantity: Quantity
    leaves: Quantity
    cumulative: Quantity
    state: OrderState
    special: SpecialImage | None
    moved_by: Sequence


class BookImage(msgspec.Struct, frozen=True, gc=False):
    """One instrument. A side's orders: market orders first, then by price ascending, then in their queue's
    order, displayed before hidden. Pegs and tops by order id.
    """

    instrument: AddInstrument
    phase: Phase
    last_price: Price | None
    reference_price: Price | None
    bids: list[OrderImage]
    asks: list[OrderImage]
    stops: list[OrderImage]
    for_the_close: list[OrderImage]
    pegs: tuple[list[OrderId], list[OrderId]]
    tops: tuple[OrderId, OrderId] | None
    """Of a pro-rata instrument; nobody asks elsewhere."""


class AccountImage(msgspec.Struct, frozen=True, gc=False):
    """One account; ``done`` holds the ids that are taken until the day ends, by order id."""

    name: AccountId
    positions: list[tuple[Symbol, int]]
    done: list[OrderImage]


class EngineImage(msgspec.Struct, frozen=True, gc=False):
    """Everything: instruments in the order of listing, accounts by name."""

    last_trade_id: TradeId
    books: list[BookImage]
    accounts: list[AccountImage]


def take(engine: Engine) -> EngineImage:
    """The engine's state now."""
    return EngineImage(
        engine.last_trade_id,
        [_book_image(book) for book in engine.books.values()],
        [
            AccountImage(
                name,
                sorted((symbol, quantity) for symbol, quantity in account.positions.items() if quantity),
                sorted(
                    (_image(order) for order in account.orders.values() if not order.leaves),
                    key=lambda image: image.order_id,
                ),
            )
            for name, account in sorted(engine.accounts.by_name.items())
        ],
    )


def restore(image: EngineImage) -> Engine:
    """An engine that continues where the image was taken."""
    engine = Engine()
    engine.last_trade_id = image.last_trade_id
    orders: list[Order] = []
    for book_image in image.books:
        engine.apply(book_image.instrument)
        orders += _fill_book(engine.books[book_image.instrument.symbol], book_image)
    for order in orders:
        engine.deadlines.note(order)
    for account_image in image.accounts:
        engine.accounts.open(account_image.name).positions.update(account_image.positions)
        orders += map(_order, account_image.done)
    for order in sorted(orders, key=lambda order: order.order_id):
        engine.accounts.open(order.account).orders[order.client_order_id] = order
    return engine


def _book_image(book: Book) -> BookImage:
    bids, asks = book.sides
    return BookImage(
        book.instrument,
        book.phase,
        book.last_price,
        book.reference_price,
        [_image(order) for order in bids.orders()],
        [_image(order) for order in asks.orders()],
        [_image(order) for order in book.stops.orders()],
        [_image(order) for order in book.for_the_close],
        ([order.order_id for order in bids.pegs], [order.order_id for order in asks.pegs]),
        (bids.top_order_id, asks.top_order_id) if book.instrument.allocation is Allocation.PRO_RATA else None,
    )


def _fill_book(book: Book, image: BookImage) -> list[Order]:
    """Put everything back where it was; returns the live orders."""
    book.phase, book.last_price, book.reference_price = image.phase, image.last_price, image.reference_price
    orders: list[Order] = []
    for side, images, pegs in zip(book.sides, (image.bids, image.asks), image.pegs, strict=True):
        for order_image in images:
            order = _order(order_image)
            shown = order.special.shown if order.special is not None else 0
            side.rest(order)
            if order.price is not None and order.terms.display is not None:
                side.show(order, shown)
            orders.append(order)
        by_id = {order.order_id: order for order in side.pegs}
        side.pegs = Queue(by_id[order_id] for order_id in pegs)
    if image.tops is not None:
        book.bids.top_order_id, book.asks.top_order_id = image.tops
    for order_image in image.stops:
        order = _order(order_image)
        book.stops.add(order)
        orders.append(order)
    for order_image in image.for_the_close:
        order = _order(order_image)
        book.for_the_close.append(order)
        orders.append(order)
    book.notice()
    return orders


def digest(value: object) -> str:
    """Short hash of anything msgspec can write; equal values give equal hashes on every machine."""
    # SHA-256 because processors compute it themselves: a third of the time of any other good hash.
    return hashlib.sha256(msgspec.msgpack.encode(value)).hexdigest()[:32]


def _image(order: Order) -> OrderImage:
    special = order.special
    return OrderImage(
        order.order_id, order.account, order.client_order_id, order.symbol, order.side, order.order_type,
        order.time_in_force, order.post_only, order.price, order.quantity, order.leaves, order.cumulative,
        order.state,
        None
        if special is None
        else SpecialImage(
            special.terms, special.shown, special.prevented, special.stop_price, special.pending
        ),
        order.moved_by,
    )  # fmt: skip


def _order(image: OrderImage) -> Order:
    special = image.special
    return Order(
        image.order_id, image.account, image.client_order_id, image.symbol, image.side, image.order_type,
        image.time_in_force, image.post_only, image.price, image.quantity, image.leaves, image.cumulative,
        None
        if special is None
        else Special(
            special.terms, special.shown, special.prevented, special.stop_price, special.pending
        ),
        image.moved_by,
    )  # fmt: skip

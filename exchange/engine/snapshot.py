"""The engine's whole state as values, and back.

In: an engine. Out: an image that can be stored, compared by hash, and turned into an engine that
behaves the same from then on, queue positions included (rule 50). The hash does not depend on how
the engine keeps its state, only on what it will do next.
"""

import hashlib

import msgspec

from exchange.engine.book import BookSide
from exchange.engine.commands import AddInstrument
from exchange.engine.engine import Engine
from exchange.engine.order import Order
from protocol.vocabulary import (
    AccountId,
    ClientOrderId,
    OrderId,
    OrderState,
    OrderType,
    Price,
    Quantity,
    Side,
    Symbol,
    TimeInForce,
    TradeId,
)


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


class BookImage(msgspec.Struct, frozen=True, gc=False):
    """One instrument; orders by price ascending, then in their queue's order."""

    instrument: AddInstrument
    last_price: Price | None
    bids: list[OrderImage]
    asks: list[OrderImage]


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
        [
            BookImage(book.instrument, book.last_price, _resting(book.bids), _resting(book.asks))
            for book in engine.books.values()
        ],
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
        book = engine.books[book_image.instrument.symbol]
        book.last_price = book_image.last_price
        for side, images in ((book.bids, book_image.bids), (book.asks, book_image.asks)):
            for order_image in images:
                order = _order(order_image)
                side.append(order, order.price)  # type: ignore[arg-type]  # resting orders have a price
                orders.append(order)
    for account_image in image.accounts:
        engine.accounts.open(account_image.name).positions.update(account_image.positions)
        orders += map(_order, account_image.done)
    for order in sorted(orders, key=lambda order: order.order_id):
        engine.accounts.open(order.account).orders[order.client_order_id] = order
    return engine


def digest(value: object) -> str:
    """Short hash of anything msgspec can write; equal values give equal hashes on every machine."""
    # SHA-256 because processors compute it themselves: a third of the time of any other good hash.
    return hashlib.sha256(msgspec.msgpack.encode(value)).hexdigest()[:32]


def _resting(side: BookSide) -> list[OrderImage]:
    return [_image(order) for level in side.price_ascending() for order in level]


def _image(order: Order) -> OrderImage:
    return OrderImage(
        order.order_id, order.account, order.client_order_id, order.symbol, order.side, order.order_type,
        order.time_in_force, order.post_only, order.price, order.quantity, order.leaves, order.cumulative,
        order.state,
    )  # fmt: skip


def _order(image: OrderImage) -> Order:
    return Order(
        image.order_id, image.account, image.client_order_id, image.symbol, image.side, image.order_type,
        image.time_in_force, image.post_only, image.price, image.quantity, image.leaves, image.cumulative,
    )  # fmt: skip

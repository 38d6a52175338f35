"""The engine's whole state as values, and back.

In: an engine. Out: an image that can be stored, compared by hash, and turned into an engine that
behaves the same from then on, queue positions included (rule 50). The hash does not depend on how
the engine keeps its state, only on what it will do next.
"""

import hashlib

import msgspec

from exchange.engine.accounts import Account
from exchange.engine.book import Book
from exchange.engine.bookkeeping import purse_of
from exchange.engine.clearing import Clearing
from exchange.engine.commands import AddInstrument, Limits, Terms
from exchange.engine.engine import Engine
from exchange.engine.level import Queue
from exchange.engine.order import Order, Special
from exchange.engine.protection import Protection
from protocol.vocabulary import (
    AccountId,
    Allocation,
    Asset,
    Block,
    ClientOrderId,
    Money,
    Nanoseconds,
    OrderId,
    OrderState,
    OrderType,
    Phase,
    Price,
    Quantity,
    QuoteSet,
    Role,
    Sequence,
    SessionId,
    Side,
    Symbol,
    TimeInForce,
    TradeId,
    TransactionId,
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


class StakeImage(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """What an account has in an instrument, beside its position and what is open."""

    symbol: Symbol
    cost: Money
    realised: Money
    fees: Money
    day_start: Money


class ProtectionImage(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """A protected quote set."""

    quote_set: QuoteSet
    fills: int
    window_ns: Nanoseconds
    pulled: bool
    times: list[Nanoseconds]


class AccountImage(msgspec.Struct, frozen=True, gc=False):
    """One account; ``done`` holds the ids that are taken until the day ends, by order id.

    ``balances`` are free and held together: what is held follows from the open orders and positions.
    """

    name: AccountId
    role: Role
    secret_hash: str | None
    copies: list[AccountId]
    blocked: Block | None
    dead_man_ns: Nanoseconds | None
    positions: list[tuple[Symbol, int]]
    done: list[OrderImage]
    sessions: list[tuple[SessionId, list[tuple[ClientOrderId, OrderId]]]]
    """With their live orders."""
    requests: tuple[int, int]
    """When the second of the last one ends, and how many there were in it."""
    balances: list[tuple[Asset, Money]]
    stakes: list[StakeImage]
    protections: list[ProtectionImage]
    transactions: list[tuple[TransactionId, Asset, Money]]


class ClearingImage(msgspec.Struct, frozen=True, gc=False):
    """What belongs to no account."""

    active: bool
    fees: list[tuple[Asset, Money]]
    realised: list[tuple[Asset, Money]]
    paid_in: list[tuple[Asset, Money]]
    busted: list[TradeId]
    limits: list[tuple[AccountId | None, Symbol | None, Limits]]


class EngineImage(msgspec.Struct, frozen=True, gc=False):
    """Everything: instruments in the order of listing, accounts by name."""

    last_trade_id: TradeId
    books: list[BookImage]
    accounts: list[AccountImage]
    clearing: ClearingImage


def take(engine: Engine) -> EngineImage:
    """The engine's state now."""
    return EngineImage(
        engine.last_trade_id,
        [_book_image(book) for book in engine.books.values()],
        [_account_image(account) for _, account in sorted(engine.accounts.by_name.items())],
        _clearing_image(engine.clearing),
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
        _fill_account(engine, account_image)
        orders += map(_order, account_image.done)
    for order in sorted(orders, key=lambda order: order.order_id):
        engine.accounts.open(order.account).orders[order.client_order_id] = order
    _fill_clearing(engine, image)
    return engine


def _account_image(account: Account) -> AccountImage:
    sessions = {
        session: sorted((order.client_order_id, order.order_id) for order in account.of_session(session))
        for session in account.sessions
    }
    return AccountImage(
        account.name,
        account.role,
        account.secret_hash,
        account.copies,
        account.blocked,
        account.dead_man_ns,
        sorted((symbol, quantity) for symbol, quantity in account.positions.items() if quantity),
        sorted(
            (_image(order) for order in account.orders.values() if not order.leaves),
            key=lambda image: image.order_id,
        ),
        sorted((session, entered) for session, entered in sessions.items() if entered),
        (account.second_ends_ns, account.requests),
        sorted((asset, purse.total) for asset, purse in account.purses.items()),
        sorted(
            (
                StakeImage(symbol, stake.cost, stake.realised, stake.fees, stake.day_start)
                for symbol, stake in account.stakes.items()
            ),
            key=lambda image: image.symbol,
        ),
        sorted(
            (
                ProtectionImage(name, one.fills, one.window_ns, one.pulled, list(one.times))
                for name, one in account.protections.items()
            ),
            key=lambda image: image.quote_set,
        ),
        sorted((name, asset, amount) for name, (asset, amount) in account.transactions.items()),
    )


def _fill_account(engine: Engine, image: AccountImage) -> None:
    account = engine.accounts.open(image.name)
    account.role, account.secret_hash, account.copies = image.role, image.secret_hash, image.copies
    account.blocked, account.dead_man_ns = image.blocked, image.dead_man_ns
    engine.deadlines.watch(image.name, image.dead_man_ns)
    account.positions.update(image.positions)
    account.sessions = {session: dict(entered) for session, entered in image.sessions}
    account.second_ends_ns, account.requests = image.requests
    for one in image.protections:
        account.protections[one.quote_set] = protection = Protection(one.fills, one.window_ns)
        protection.pulled = one.pulled
        protection.times.extend(one.times)
    account.transactions = {name: (asset, amount) for name, asset, amount in image.transactions}


def _clearing_image(clearing: Clearing) -> ClearingImage:
    books = clearing.books
    return ClearingImage(
        clearing.active,
        sorted(books.house.fees.items()),
        sorted(books.house.clearing.items()),
        sorted(books.paid_in.items()),
        sorted(books.busted),
        sorted(
            ((account, symbol, limits) for (account, symbol), limits in clearing.scopes.by_scope.items()),
            key=lambda scope: (scope[0] or "", scope[1] or ""),
        ),
    )


def _fill_clearing(engine: Engine, image: EngineImage) -> None:
    """The books last: what is held follows from the orders that are in by now."""
    clearing, of_image = engine.clearing, image.clearing
    books = clearing.books
    books.house.fees.update(of_image.fees)
    books.house.clearing.update(of_image.realised)
    books.paid_in.update(of_image.paid_in)
    books.busted.update(of_image.busted)
    for name, symbol, limits in of_image.limits:
        clearing.scopes.set(name, symbol, limits)
    if not of_image.active:
        return
    clearing.activate()
    for account_image in image.accounts:
        account = engine.accounts.by_name[account_image.name]
        for asset, money in account_image.balances:
            purse_of(account, asset).add(money)
        for one in account_image.stakes:
            stake = books.stake(account, engine.books[one.symbol])
            stake.quantity = account.positions.get(one.symbol, 0)
            stake.cost, stake.realised = one.cost, one.realised
            stake.fees, stake.day_start = one.fees, one.day_start
            stake.secure()
    books.begin()


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

"""The whole market in one object: every instrument's book and every account.

In: stamped commands, one at a time. Out: for each the complete tuple of its events, in the order in
which the outside world must learn of them. No clock, no await, no float, no randomness: ids and time
come in with the command, so equal commands give equal events and equal state (rule 50).
"""

from collections.abc import Callable, Iterable
from typing import Any, Final

from exchange.engine import refusals
from exchange.engine.accounts import Accounts
from exchange.engine.book import Book
from exchange.engine.commands import (
    AddInstrument,
    CancelOrder,
    Command,
    EndDay,
    EnterOrder,
    MassCancel,
    ReduceOrder,
    ReplaceOrder,
)
from exchange.engine.events import (
    DayEnded,
    Event,
    InstrumentAdded,
    OrderAccepted,
    OrderCanceled,
    OrderReplaced,
    OrderRested,
    OrdersMassCanceled,
    RequestRejected,
    Trade,
)
from exchange.engine.matching import ANY_PRICE, executable, protection_limit, sweep
from exchange.engine.order import TRANSITIONS, Order, OrderTrigger
from protocol.errors import InvariantViolated
from protocol.vocabulary import (
    AccountId,
    CancelReason,
    OrderId,
    OrderType,
    Price,
    RejectReason,
    Request,
    Side,
    Symbol,
    TimeInForce,
    TradeId,
)

Events = tuple[Event, ...]

# Members of an enum cost a dictionary look-up in a class each time; module constants do not.
_BUY: Final = Side.BUY
_LIMIT: Final = OrderType.LIMIT
_MARKET: Final = OrderType.MARKET
_IOC: Final = TimeInForce.IOC
_FOK: Final = TimeInForce.FOK
_AFTER_CANCEL: Final = TRANSITIONS[OrderTrigger.CANCEL]
_RESTING: Final = (TimeInForce.GTC, TimeInForce.DAY)
_REQUESTED: Final = CancelReason.REQUESTED


class Engine:
    """Matches orders. Build one, ``apply`` commands, read its books; nothing else changes it."""

    def __init__(self, *, ids_unique_per_day: bool = True) -> None:
        """``ids_unique_per_day``: refuse a client order id whose order is done; a bare engine need not (rule 6)."""
        self.books: dict[Symbol, Book] = {}  # in the order of listing
        self.accounts = Accounts()
        self._accounts = self.accounts.by_name
        self.last_trade_id: TradeId = 0
        self._ids_unique_per_day = ids_unique_per_day
        self._handlers: dict[type, Callable[[Any], Events]] = {
            AddInstrument: self._add_instrument,
            EnterOrder: self._enter,
            CancelOrder: self._cancel,
            ReplaceOrder: self._replace,
            ReduceOrder: self._reduce,
            MassCancel: self._mass_cancel,
            EndDay: self._end_day,
        }

    def apply(self, command: Command) -> Events:
        """Carry out one command: one atomic group of events (rule 4), never empty."""
        return self._handlers[type(command)](command)

    def open_orders(self, name: AccountId) -> list[Order]:
        """The account's live orders, oldest first."""
        account = self._accounts.get(name)
        if account is None:
            return []
        candidates: Iterable[Order] = account.orders.values()
        levels = [level for book in self.books.values() for side in book.sides for level in side.best_first()]
        if sum(level.count for level in levels) < len(account.orders):
            # A busy account has used many ids by the evening; then what rests is the shorter list.
            candidates = (order for level in levels for order in level if order.account == name)
        return sorted((order for order in candidates if order.leaves), key=_age)

    # -- entry ---------------------------------------------------------------------------------

    def _enter(self, command: EnterOrder) -> Events:
        """``OrderAccepted``, a ``Trade`` for each resting order touched, then at most one of
        ``OrderRested`` and ``OrderCanceled``; or one ``RequestRejected``.
        """
        client_order_id, symbol, name = command.client_order_id, command.symbol, command.account
        book = self.books.get(symbol)
        if book is None:
            return _rejected(command, Request.NEW, RejectReason.UNKNOWN_SYMBOL, f"no instrument {symbol!r}")
        account = self._accounts.get(name)
        if account is None:
            account = self.accounts.open(name)
        orders = account.orders
        if client_order_id in orders and (self._ids_unique_per_day or orders[client_order_id].leaves):
            return _duplicate(command, orders[client_order_id])
        side, price, quantity = command.side, command.price, command.quantity
        order_type, time_in_force, post_only = command.order_type, command.time_in_force, command.post_only
        instrument = book.instrument
        if (
            order_type is not _LIMIT
            or price is None
            or post_only
            or command.protection is not None
            or not 0 < price <= instrument.maximum_price
            or price % instrument.tick
            or not instrument.minimum_quantity <= quantity <= instrument.maximum_quantity
            or quantity % instrument.lot
        ):  # not a plain limit order: look closely
            refusal = refusals.of_entry(instrument, command)
            if refusal is not None:
                return _rejected(command, Request.NEW, *refusal)
        if side is _BUY:
            own, opposite = book.bids, book.asks
        else:
            own, opposite = book.asks, book.bids
        limit = price
        if price is None and command.protection is not None:
            limit = protection_limit(opposite, side, command.protection)
        limit_key = ANY_PRICE if limit is None else opposite.sign * limit
        keys = opposite.keys
        crosses = keys and keys[-1] >= limit_key
        if crosses and post_only:
            text = _would_trade(opposite.best)
            return _rejected(command, Request.NEW, RejectReason.POST_ONLY_WOULD_TRADE, text)
        order_id = command.seq
        orders[client_order_id] = order = Order(
            order_id, name, client_order_id, symbol, side, order_type, time_in_force, post_only, price, quantity, quantity
        )
        accepted = OrderAccepted(
            name, client_order_id, order_id, symbol, side, order_type, time_in_force, quantity, price, post_only
        )
        if not crosses and time_in_force in _RESTING and price is not None:
            own.append(order, price)
            return (accepted,)
        events: list[Event] = [accepted]
        if time_in_force is _FOK and not executable(opposite, limit_key, quantity):
            events.append(self._kill(order, CancelReason.FILL_OR_KILL))
        elif crosses:
            self._trade(book, order, limit_key, events)
        if order.leaves:
            if price is None:
                self._end_market_order(book, order, limit, events)
            elif time_in_force is _IOC:
                events.append(self._kill(order, CancelReason.IMMEDIATE_OR_CANCEL))
            else:
                own.append(order, price)
        return tuple(events)

    def _trade(self, book: Book, order: Order, limit_key: int, events: list[Event]) -> None:
        """Sweep, then move the positions."""
        opposite = book.asks if order.side is _BUY else book.bids
        trades: list[Trade] = []
        self.last_trade_id = sweep(book, opposite, order, limit_key, self.last_trade_id, trades)
        self.accounts.settle(order.symbol, order.side, trades)
        events += trades

    def _end_market_order(self, book: Book, order: Order, limit: Price | None, events: list[Event]) -> None:
        """The rest of a market order is canceled, or rests at its protection price (rules 17, 18)."""
        if (
            book.instrument.market_remainder_rests
            and limit is not None
            and 0 < limit <= book.instrument.maximum_price
            and order.time_in_force is not _IOC
        ):
            order.price = limit
            book.side(order.side).append(order, limit)
            events.append(
                OrderRested(
                    order.account, order.client_order_id, order.order_id, order.symbol, order.side, limit, order.leaves
                )
            )
        else:
            reason = CancelReason.MARKET_REMAINDER if order.cumulative else CancelReason.NO_LIQUIDITY
            events.append(self._kill(order, reason))

    def _pull(self, order: Order, reason: CancelReason) -> OrderCanceled:
        """Take a resting order out of the book."""
        book, side, leaves = self.books[order.symbol], order.side, order.leaves
        (book.bids if side is _BUY else book.asks).remove(order)
        order.state = _AFTER_CANCEL[order.state]
        return OrderCanceled(
            order.account, order.client_order_id, order.order_id, order.symbol, side, order.price,
            leaves, order.cumulative, reason,
        )  # fmt: skip

    def _kill(self, order: Order, reason: CancelReason) -> OrderCanceled:
        """Cancel what is open of an order that does not rest."""
        leaves, order.leaves = order.leaves, 0
        order.state = _AFTER_CANCEL[order.state]
        return OrderCanceled(
            order.account, order.client_order_id, order.order_id, order.symbol, order.side, None,
            leaves, order.cumulative, reason,
        )  # fmt: skip
    # -- changes of a resting order ------------------------------------------------------------

    def _cancel(self, command: CancelOrder) -> Events:
        """``OrderCanceled``, or ``RequestRejected`` for whatever is not a live order of the account (rule 7)."""
        account = self._accounts.get(command.account)
        order = None if account is None else account.orders.get(command.client_order_id)
        if account is None or order is None or not order.leaves:
            return _unknown(command, Request.CANCEL)
        return (self._pull(order, _REQUESTED),)

    def _replace(self, command: ReplaceOrder) -> Events:
        """``OrderReplaced`` and the trades that follow from it; ``OrderCanceled`` if the new total is
        executed already; or ``RequestRejected``, and then the order stands as it stood (rules 9 to 12).
        """
        account = self._accounts.get(command.account)
        order = None if account is None else account.orders.get(command.client_order_id)
        if account is None or order is None or not order.leaves:
            return _unknown(command, Request.REPLACE)
        book = self.books[order.symbol]
        refusal = refusals.of_replace(book.instrument, order, command)
        if refusal is not None:
            return _rejected(command, Request.REPLACE, *refusal)
        old_price = _resting_price(order)
        price = old_price if command.price is None else command.price
        total = order.quantity if command.quantity is None else command.quantity
        if total <= order.cumulative:
            return (self._pull(order, CancelReason.REPLACED_BELOW_EXECUTED),)
        if order.side is _BUY:
            own, opposite = book.bids, book.asks
        else:
            own, opposite = book.asks, book.bids
        crosses = opposite.crosses(price)
        if order.post_only and crosses:
            text = _would_trade(opposite.best)
            return _rejected(command, Request.REPLACE, RejectReason.POST_ONLY_WOULD_TRADE, text)
        if price == old_price and total <= order.quantity:
            if total < order.quantity:
                own.reduce(order, order.quantity - total)
            return (_replaced(order, old_price, keeps=True),)
        own.remove(order)
        order = order.moved(price, total)
        account.orders[order.client_order_id] = order
        events: list[Event] = [_replaced(order, old_price, keeps=False)]
        if crosses:
            self._trade(book, order, opposite.sign * price, events)
        if order.leaves:
            own.append(order, price)
        return tuple(events)

    def _reduce(self, command: ReduceOrder) -> Events:
        """``OrderReplaced`` with its place kept, ``OrderCanceled`` if nothing is left, or ``RequestRejected``."""
        account = self._accounts.get(command.account)
        order = None if account is None else account.orders.get(command.client_order_id)
        if account is None or order is None or not order.leaves:
            return _unknown(command, Request.REDUCE)
        by = command.by
        if by <= 0:
            text = f"{by} is not a quantity to reduce by"
            return _rejected(command, Request.REDUCE, RejectReason.NOT_A_REDUCTION, text)
        book = self.books[order.symbol]
        lot = book.instrument.lot
        if by % lot:
            text = f"quantity {by} is not a multiple of the lot {lot}"
            return _rejected(command, Request.REDUCE, RejectReason.OFF_LOT, text)
        if by >= order.leaves:
            return (self._pull(order, CancelReason.REDUCED_TO_NOTHING),)
        book.side(order.side).reduce(order, by)
        return (_replaced(order, _resting_price(order), keeps=True),)

    # -- many orders at once -------------------------------------------------------------------

    def _mass_cancel(self, command: MassCancel) -> Events:
        """``OrderCanceled`` for each order, oldest first, then ``OrdersMassCanceled`` (rule 45)."""
        symbol, side = command.symbol, command.side
        if symbol is not None and symbol not in self.books:
            reason = RejectReason.UNKNOWN_SYMBOL
            return (
                RequestRejected(command.account, None, Request.MASS_CANCEL, reason, f"no instrument {symbol!r}"),
            )
        events: list[Event] = [
            self._pull(order, CancelReason.MASS_CANCEL)
            for order in self.open_orders(command.account)
            if (symbol is None or order.symbol == symbol) and (side is None or order.side is side)
        ]
        events.append(OrdersMassCanceled(command.account, len(events)))
        return tuple(events)

    def _end_day(self, command: EndDay) -> Events:
        """DAY orders go: by instrument, bids then asks, price ascending, oldest first (rule 15)."""
        events: list[Event] = []
        for book in self.books.values():
            for of_side in book.sides:
                for level in of_side.price_ascending():
                    for order in level:
                        if order.time_in_force is TimeInForce.DAY:
                            events.append(self._pull(order, CancelReason.DAY_ENDED))
        for account in self._accounts.values():
            account.orders = {name: order for name, order in account.orders.items() if order.leaves}
        events.append(DayEnded(len(events)))
        return tuple(events)

    def _add_instrument(self, command: AddInstrument) -> Events:
        if command.symbol in self.books:
            reason, text = RejectReason.DUPLICATE_INSTRUMENT, f"{command.symbol!r} is listed already"
            return (RequestRejected(None, None, Request.ADMIN, reason, text),)
        refusal = refusals.of_instrument(command)
        if refusal is not None:
            return (RequestRejected(None, None, Request.ADMIN, *refusal),)
        self.books[command.symbol] = Book(command)
        return (InstrumentAdded(command.symbol),)


def _age(order: Order) -> OrderId:
    return order.order_id


def _resting_price(order: Order) -> Price:
    if order.price is None:
        raise InvariantViolated(f"live order {order.order_id} has no price")
    return order.price


def _replaced(order: Order, old_price: Price, *, keeps: bool) -> OrderReplaced:
    return OrderReplaced(
        order.account, order.client_order_id, order.order_id, order.symbol, order.side, old_price,
        _resting_price(order), order.quantity, order.cumulative, order.leaves, keeps,
    )  # fmt: skip


def _rejected(command: EnterOrder | ReplaceOrder | ReduceOrder, request: Request, reason: RejectReason, text: str) -> Events:
    return (RequestRejected(command.account, command.client_order_id, request, reason, text),)


def _unknown(command: CancelOrder | ReplaceOrder | ReduceOrder, request: Request) -> Events:
    # One and the same answer for unknown, dead and foreign orders: it must not tell them apart (rule 7).
    reason, text = RejectReason.UNKNOWN_ORDER, f"no live order {command.client_order_id!r}"
    return (RequestRejected(command.account, command.client_order_id, request, reason, text),)


def _duplicate(command: EnterOrder, used: Order) -> Events:
    became = f"it is order {used.order_id}, {used.state}, {used.cumulative} executed"
    text = f"client_order_id {command.client_order_id!r} is taken: {became}"
    return _rejected(command, Request.NEW, RejectReason.DUPLICATE_CLIENT_ORDER_ID, text)


def _would_trade(best: Price | None) -> str:
    return f"post_only, and it would trade at {best}"

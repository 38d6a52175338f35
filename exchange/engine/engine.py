"""The whole market in one object: every instrument's book and every account.

In: stamped commands, one at a time. Out: for each the complete tuple of its events, in the order in
which the outside world must learn of them. No clock, no await, no float, no randomness: ids and time
come in with the command, so equal commands give equal events and equal state (rule 50).
"""

from collections.abc import Callable
from typing import Any, Final

from exchange.engine import answers, refusals
from exchange.engine.accounts import Accounts
from exchange.engine.administration import Administration
from exchange.engine.book import Book
from exchange.engine.book_side import BookSide
from exchange.engine.calls import Calls
from exchange.engine.careful import Careful
from exchange.engine.clearing import Clearing
from exchange.engine.commands import (
    CancelOrder,
    ChangePhase,
    Command,
    EndDay,
    EnterOrder,
    ExpireOrders,
    MassCancel,
    ReduceOrder,
    ReplaceOrder,
    SetLastPrice,
)
from exchange.engine.events import (
    Event,
    OrderAccepted,
    OrderCanceled,
    Trade,
)
from exchange.engine.matching import ANY_PRICE, executable, sweep
from exchange.engine.moving import moved
from exchange.engine.order import Order
from exchange.engine.refusals import is_usual
from exchange.engine.removals import Deadlines, Removals
from exchange.engine.trading import Trading
from protocol.errors import InvariantViolated
from protocol.vocabulary import (
    AccountId,
    CancelReason,
    ClientOrderId,
    Nanoseconds,
    OrderId,
    OrderType,
    Price,
    RejectReason,
    Request,
    SessionId,
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
_GTC: Final = TimeInForce.GTC
_IOC: Final = TimeInForce.IOC
_FOK: Final = TimeInForce.FOK
_REQUESTED: Final = CancelReason.REQUESTED
_NO_TRADES: Final[list[Trade]] = []  # never changed
_PLAIN: Final = frozenset((TimeInForce.GTC, TimeInForce.DAY, TimeInForce.IOC, TimeInForce.FOK))


class Engine:
    """Matches orders. Build one, ``apply`` commands, read its books; nothing else changes it.

    What is written here is the plain path: limit and market orders on a book where nothing special
    rests. Whatever has terms, and whatever happens on a book that is ``special``, goes to ``Careful``,
    which knows every rule and is slower.
    """

    def __init__(self, *, ids_unique_per_day: bool = True) -> None:
        """``ids_unique_per_day``: refuse a client order id whose order is done; a bare engine need not (rule 6)."""
        self.books: dict[Symbol, Book] = {}  # in the order of listing
        self.accounts = Accounts()
        self._accounts = self.accounts.by_name
        self.last_trade_id: TradeId = 0
        self.ids_unique_per_day = ids_unique_per_day
        self.deadlines = Deadlines()
        trading = Trading(self)
        self._careful = Careful(trading)
        self._calls = Calls(self, trading)
        self._removals = Removals(self, trading, self.deadlines)
        self.handlers: dict[type, Callable[[Any], Events]] = {
            EnterOrder: self._enter,
            CancelOrder: self._cancel,
            ReplaceOrder: self._replace,
            ReduceOrder: self._reduce,
            MassCancel: self._mass_cancel,
            ExpireOrders: self._removals.expire,
            EndDay: self._removals.end_day,
            ChangePhase: self._calls.change_phase,
            SetLastPrice: self._calls.set_last_price,
        }
        """What ``apply`` looks a command up in; for whoever applies so many that the call counts."""
        self.clearing = Clearing(self, self._removals)
        self.handlers |= Administration(self, self._removals, self.clearing).handlers

    def apply(self, command: Command) -> Events:
        """Carry out one command: one atomic group of events (rule 4), never empty."""
        return self.handlers[type(command)](command)

    def open_orders(self, name: AccountId) -> list[Order]:
        """The account's live orders, pending ones included, oldest first."""
        account = self._accounts.get(name)
        if account is None:
            return []
        orders = account.orders
        if sum(side.count() for book in self.books.values() for side in book.sides) < len(orders):
            # A busy account has used many ids by the evening; then what is live is the shorter list.
            return [order for order in self.live_orders() if order.account == name]
        return sorted((order for order in orders.values() if order.leaves), key=_age)

    def live_orders(self) -> list[Order]:
        """Everybody's live orders, pending ones included, oldest first."""
        return sorted((order for book in self.books.values() for order in book.orders()), key=_age)

    def open_sessions(self) -> list[tuple[AccountId, SessionId]]:
        """Sessions that take live orders with them when they end, by account and number."""
        return sorted(
            (account.name, session)
            for account in self._accounts.values()
            for session in account.sessions if account.of_session(session)
        )  # fmt: skip

    def next_deadline_ns(self) -> Nanoseconds | None:
        """When an order may expire or a dead-man switch fire next; ``ExpireOrders`` is due then. ``None``: never."""
        return self.deadlines.next_ns

    # -- entry ---------------------------------------------------------------------------------

    def _enter_of_session(self, command: EnterOrder) -> Events:
        """As ``_enter``, and the session takes the order with it when it ends (rule 49)."""
        events = self._enter(command, of_session=False)
        if type(events[0]) is OrderAccepted:
            account = self._accounts[command.account]
            account.note_session(command.session, account.orders[command.client_order_id])
        return events

    def _enter(self, command: EnterOrder, plainly: bool = False, of_session: bool = True) -> Events:
        """``OrderAccepted``, a ``Trade`` for each resting order touched, then ``OrderCanceled`` if something is
        left and does not rest; or one ``RequestRejected``. ``plainly``: somebody looked already.
        """
        if command.session and of_session and not plainly:
            return self._enter_of_session(command)
        symbol, name, client_order_id = command.symbol, command.account, command.client_order_id
        try:
            book = self.books[symbol]
        except KeyError:
            return answers.rejected(
                command, Request.NEW, RejectReason.UNKNOWN_SYMBOL, f"no instrument {symbol!r}"
            )
        try:
            account = self._accounts[name]
        except KeyError:
            account = self.accounts.open(name)
        orders = account.orders
        if client_order_id in orders and (self.ids_unique_per_day or orders[client_order_id].leaves):
            return answers.duplicate(command, orders[client_order_id])
        order_type, time_in_force, post_only = command.order_type, command.time_in_force, command.post_only
        if (
            command.terms is not None
            or book.special
            or (time_in_force is not _GTC and time_in_force not in _PLAIN)
        ) and not plainly:
            return self._enter_carefully(command, book)
        side, price, quantity = command.side, command.price, command.quantity
        if side is _BUY:
            own, opposite = book.bids, book.asks
        else:
            own, opposite = book.asks, book.bids
        # Every command brings strings of its own; orders share one copy, 64 bytes less for each.
        name, symbol = account.name, book.symbol
        if (
            order_type is not _LIMIT
            or post_only
            or price is None
            or (price not in own.levels and not is_usual(book.instrument, price))
            or not book.minimum_quantity <= quantity <= book.maximum_quantity
            or quantity % book.lot
        ):  # not a plain order at a usual price: look closely
            if order_type is not _LIMIT and order_type is not _MARKET:
                return self._enter_carefully(command, book)
            refusal = refusals.of_entry(book.instrument, command)
            if refusal is not None:
                return answers.rejected(command, Request.NEW, *refusal)
        limit_key = opposite.sign * price if price is not None else ANY_PRICE
        crosses = opposite.keys and opposite.keys[-1] >= limit_key  # a locking price does (rule 22)
        if crosses and post_only:
            text = answers.would_trade(opposite.best)
            return answers.rejected(command, Request.NEW, RejectReason.POST_ONLY_WOULD_TRADE, text)
        orders[client_order_id] = order = Order(
            command.seq, name, client_order_id, symbol, side, order_type, time_in_force, post_only, price,
            quantity, quantity,
        )  # fmt: skip
        accepted = OrderAccepted(
            name, client_order_id, command.seq, symbol, side, order_type, time_in_force, quantity, price,
            post_only, None,
        )  # fmt: skip
        if time_in_force is _FOK and not executable(opposite, limit_key, quantity):
            return accepted, self._kill(order, CancelReason.FILL_OR_KILL)
        trades = _NO_TRADES
        if crosses:
            trades = self._trade(book, opposite, order, limit_key)
            if not order.leaves:
                return accepted, *trades
        if price is None:  # the rest of a market order is canceled (rules 17, 18)
            reason = CancelReason.MARKET_REMAINDER if trades else CancelReason.NO_LIQUIDITY
            return accepted, *trades, self._kill(order, reason)
        if time_in_force is _IOC:  # its rest is never in the book (rule 13)
            return accepted, *trades, self._kill(order, CancelReason.IMMEDIATE_OR_CANCEL)
        if crosses or price not in own.levels:
            own.append(order, price)
            return accepted, *trades
        # As in ``append``, written out: most orders end here.
        level = own.levels[price]
        level.orders.append(order)
        level.quantity += quantity
        return (accepted,)

    def _trade(self, book: Book, opposite: BookSide, order: Order, limit_key: int) -> list[Trade]:
        """Sweep, then move the positions. The order crosses, so there is a trade."""
        trades: list[Trade] = []
        self.last_trade_id = sweep(book, opposite, order, limit_key, self.last_trade_id, trades)
        self.accounts.settle(order.symbol, order.side, trades)
        return trades

    def _enter_carefully(self, command: EnterOrder, book: Book) -> Events:
        if not book.closely and _is_plain(command) and _meets_plain(book, command):
            return self._careful.settled(book, command, self._enter(command, plainly=True))
        account = self._accounts[command.account]
        events = self._careful.enter(command, book, account)
        if command.terms is not None and command.terms.expires_at_ns is not None:
            order = account.orders.get(command.client_order_id)
            if order is not None and order.order_id == command.seq and order.leaves:
                self.deadlines.note(order)
        return events

    def _pull(self, order: Order, reason: CancelReason) -> OrderCanceled:
        """Take a resting order out of the book."""
        symbol, side = order.symbol, order.side
        book = self.books[symbol]
        leaves = (book.bids if side is _BUY else book.asks).remove(order)
        return OrderCanceled(
            order.account, order.client_order_id, order.order_id, symbol, side, order.price, leaves,
            order.cumulative, reason,
        )  # fmt: skip

    def _kill(self, order: Order, reason: CancelReason) -> OrderCanceled:
        """Cancel what is open of an order that does not rest."""
        leaves, order.leaves = order.leaves, 0
        return OrderCanceled(
            order.account, order.client_order_id, order.order_id, order.symbol, order.side, None,
            leaves, order.cumulative, reason,
        )  # fmt: skip

    # -- changes of a resting order ------------------------------------------------------------

    def _live(self, name: AccountId, client_order_id: ClientOrderId) -> Order | None:
        """``None`` for whatever is not a live order of the account."""
        try:
            order = self._accounts[name].orders[client_order_id]
        except KeyError:
            return None
        return order if order.leaves else None

    def _cancel(self, command: CancelOrder) -> Events:
        """``OrderCanceled``, or ``RequestRejected`` for whatever is not a live order of the account (rule 7)."""
        # As in ``_live`` and ``_pull``, written out: nothing but entries is more frequent.
        name, client_order_id = command.account, command.client_order_id
        try:
            order = self._accounts[name].orders[client_order_id]
        except KeyError:
            return answers.unknown(command, Request.CANCEL)
        if not order.leaves:
            return answers.unknown(command, Request.CANCEL)
        symbol, side = order.symbol, order.side
        book = self.books[symbol]
        if book.special and (order.special is not None or book.closely or book.pegged):
            return self._careful.cancel(command, book, order)
        leaves = (book.bids if side is _BUY else book.asks).remove(order)
        return (
            OrderCanceled(
                name, client_order_id, order.order_id, symbol, side, order.price, leaves, order.cumulative,
                _REQUESTED,
            ),
        )  # fmt: skip

    def _replace(self, command: ReplaceOrder) -> Events:
        """``OrderReplaced`` and the trades that follow from it; ``OrderCanceled`` if the new total is
        executed already; or ``RequestRejected``, and then the order stands as it stood (rules 9 to 12).
        """
        order = self._live(command.account, command.client_order_id)
        if order is None:
            return answers.unknown(command, Request.REPLACE)
        book = self.books[order.symbol]
        if book.special or order.special is not None:
            return self._careful.replace(command, book, order)
        refusal = refusals.of_replace(book.instrument, order, command)
        if refusal is not None:
            return answers.rejected(command, Request.REPLACE, *refusal)
        old_price, old_total = _resting_price(order), order.quantity
        price = old_price if command.price is None else command.price
        total = old_total if command.quantity is None else command.quantity
        if total <= order.cumulative:
            return (self._pull(order, CancelReason.REPLACED_BELOW_EXECUTED),)
        if order.side is _BUY:
            own, opposite = book.bids, book.asks
        else:
            own, opposite = book.asks, book.bids
        if price == old_price and total <= old_total:
            if total < old_total:
                own.reduce(order, old_total - total)
            return (answers.replaced(order, old_price, price, True),)
        limit_key = opposite.sign * price
        crosses = opposite.keys and opposite.keys[-1] >= limit_key
        if crosses and order.post_only:
            text = answers.would_trade(opposite.best)
            return answers.rejected(command, Request.REPLACE, RejectReason.POST_ONLY_WOULD_TRADE, text)
        own.remove(order)
        order = moved(order, price, total, command.seq)
        self._accounts[order.account].orders[order.client_order_id] = order
        replaced = answers.replaced(order, old_price, price, False)
        if not crosses:
            own.append(order, price)
            return (replaced,)
        trades = self._trade(book, opposite, order, limit_key)
        if order.leaves:
            own.append(order, price)
        return replaced, *trades

    def _reduce(self, command: ReduceOrder) -> Events:
        """``OrderReplaced`` with its place kept, ``OrderCanceled`` if nothing is left, or ``RequestRejected``."""
        order = self._live(command.account, command.client_order_id)
        if order is None:
            return answers.unknown(command, Request.REDUCE)
        by = command.by
        if by <= 0:
            text = f"{by} is not a quantity to reduce by"
            return answers.rejected(command, Request.REDUCE, RejectReason.NOT_A_REDUCTION, text)
        book = self.books[order.symbol]
        lot = book.instrument.lot
        if by % lot:
            text = f"quantity {by} is not a multiple of the lot {lot}"
            return answers.rejected(command, Request.REDUCE, RejectReason.OFF_LOT, text)
        if book.special:
            return self._careful.reduce(command, book, order)
        if by >= order.leaves:
            return (self._pull(order, CancelReason.REDUCED_TO_NOTHING),)
        book.side(order.side).reduce(order, by)
        price = _resting_price(order)
        return (answers.replaced(order, price, price, True),)

    # -- many orders at once -------------------------------------------------------------------

    def _mass_cancel(self, command: MassCancel) -> Events:
        """``OrderCanceled`` for each order, oldest first, then ``OrdersMassCanceled`` (rule 45)."""
        name = command.account
        return self._removals.mass_cancel(
            command, self.live_orders() if name is None else self.open_orders(name)
        )


def _is_plain(command: EnterOrder) -> bool:
    """Whether the order by itself asks for nothing special."""
    plain_type = command.order_type is _LIMIT or command.order_type is _MARKET
    return plain_type and command.terms is None and command.time_in_force in _PLAIN


def _meets_plain(book: Book, command: EnterOrder) -> bool:
    """Whether a plain order meets only plain ones, if any: nothing concealed, no pegs."""
    opposite = book.sides_of(command.side)[1]
    if not opposite.concealed and not opposite.pegged:
        return True
    return command.price is not None and not opposite.crosses(command.price)


def _age(order: Order) -> OrderId:
    return order.order_id


def _resting_price(order: Order) -> Price:
    if order.price is None:
        raise InvariantViolated(f"live order {order.order_id} has no price")
    return order.price

"""Commands that cancel many orders at once: mass cancel, expiry, the end of the day.

In: such a command. Out: one ``OrderCanceled`` for each order, in an order that is fixed by the rules, then
what pegs do about it, then the count.
"""

from __future__ import annotations

from collections.abc import Iterable
from heapq import heappop, heappush

from exchange.engine.accounts import Accounts
from exchange.engine.book_side import BookSide
from exchange.engine.commands import EndDay, ExpireOrders, MassCancel
from exchange.engine.events import (
    DayEnded,
    DeadManFired,
    Event,
    OrderCanceled,
    OrdersExpired,
    OrdersMassCanceled,
    RequestRejected,
)
from exchange.engine.execution import Market
from exchange.engine.level import Queue
from exchange.engine.order import Order
from exchange.engine.trading import Trading
from protocol.vocabulary import (
    AccountId,
    CancelReason,
    ClientOrderId,
    Nanoseconds,
    OrderId,
    OrderState,
    Price,
    QuoteSet,
    RejectReason,
    Request,
    Sequence,
    Symbol,
    TimeInForce,
)

_ENDS_WITH_THE_DAY = (TimeInForce.DAY, TimeInForce.AT_THE_OPEN, TimeInForce.AT_THE_CLOSE)


class Deadlines:
    """When orders expire: a heap, so that the next one is at hand. Holds dead orders until their time."""

    __slots__ = ("_dead_men", "_heap")

    def __init__(self) -> None:
        self._heap: list[tuple[Nanoseconds, OrderId, AccountId, ClientOrderId]] = []
        self._dead_men: dict[AccountId, Nanoseconds] = {}

    def note(self, order: Order) -> None:
        """Remember an order if it has a deadline."""
        expires_at_ns = order.terms.expires_at_ns
        if expires_at_ns is not None:
            heappush(self._heap, (expires_at_ns, order.order_id, order.account, order.client_order_id))

    def watch(self, name: AccountId, deadline_ns: Nanoseconds | None) -> None:
        """Remember when an account's dead-man switch fires; ``None``: never."""
        if deadline_ns is None:
            self._dead_men.pop(name, None)
        else:
            self._dead_men[name] = deadline_ns

    @property
    def next_ns(self) -> Nanoseconds | None:
        """The earliest deadline; its order may be gone already."""
        first = min(self._dead_men.values(), default=None)
        if self._heap and (first is None or self._heap[0][0] < first):
            return self._heap[0][0]
        return first

    def fired(self, now_ns: Nanoseconds) -> list[AccountId]:
        """Forget the dead-man switches whose time is there, and return whose they are, earliest first."""
        due = sorted((at_ns, name) for name, at_ns in self._dead_men.items() if at_ns <= now_ns)
        for _, name in due:
            del self._dead_men[name]
        return [name for _, name in due]

    def reached(self, now_ns: Nanoseconds, accounts: Accounts) -> list[Order]:
        """Forget the deadlines that are there, and return the orders that still live."""
        found: list[Order] = []
        while self._heap and self._heap[0][0] <= now_ns:
            _, order_id, name, client_order_id = heappop(self._heap)
            order = accounts.by_name[name].orders.get(client_order_id)
            if order is not None and order.leaves and order.order_id == order_id:
                found.append(order)
        return found

    def forget_the_dead(self, live: Iterable[Order]) -> None:
        """Keep the deadlines of these only."""
        self._heap.clear()
        for order in live:
            self.note(order)


class Removals:
    """Cancels orders by the many."""

    def __init__(self, market: Market, trading: Trading, deadlines: Deadlines) -> None:
        self._market = market
        self._trading = trading
        self.deadlines = deadlines

    def mass_cancel(self, command: MassCancel, candidates: Iterable[Order]) -> tuple[Event, ...]:
        """Oldest first (rule 45). ``candidates`` are the live orders in question, oldest first."""
        symbol, side = command.symbol, command.side
        lowest, highest = command.lowest, command.highest
        if symbol is not None and symbol not in self._market.books:
            reason = RejectReason.UNKNOWN_SYMBOL
            return (
                RequestRejected(
                    command.account, None, Request.MASS_CANCEL, reason, f"no instrument {symbol!r}"
                ),
            )
        if lowest is not None and highest is not None and lowest > highest:
            reason, text = RejectReason.CONFLICTING_FIELDS, f"lowest {lowest} is above highest {highest}"
            return (RequestRejected(command.account, None, Request.MASS_CANCEL, reason, text),)
        bounded = lowest is not None or highest is not None
        chosen = [
            order
            for order in candidates
            if (symbol is None or order.symbol == symbol)
            and (side is None or order.side is side)
            and not (bounded and (order.price is None or order.state is not OrderState.LIVE))
            and (lowest is None or (order.price or 0) >= lowest)
            and (highest is None or (order.price or 0) <= highest)
        ]
        self._trading.seq = command.seq
        events = self._remove(chosen, CancelReason.MASS_CANCEL)
        events.append(OrdersMassCanceled(command.account, len(chosen)))
        return tuple(events)

    def expire(self, command: ExpireOrders) -> tuple[Event, ...]:
        """Orders whose deadline is there go as the day's do (rule 15)."""
        chosen = self.deadlines.reached(command.now_ns, self._market.accounts)
        if len(chosen) > 1:
            chosen = self._in_order(chosen)
        self._trading.seq = command.seq
        events = self._remove(chosen, CancelReason.EXPIRED)
        events.append(OrdersExpired(len(chosen)))
        for name in self.deadlines.fired(command.now_ns):
            self._market.accounts.by_name[name].dead_man_ns = None
            canceled = self.cancel_all(name, CancelReason.DEAD_MAN, command.seq)
            events += canceled
            events.append(DeadManFired(name, count_canceled(canceled, CancelReason.DEAD_MAN)))
        return tuple(events)

    def cancel_all(self, name: AccountId, reason: CancelReason, seq: Sequence) -> list[Event]:
        """Everything an account has open, oldest first."""
        return self.cancel(self._open(name), reason, seq)

    def pull_quotes(self, name: AccountId, quote_set: QuoteSet, seq: Sequence) -> list[Event]:
        """What an account has open of one quote set, oldest first."""
        quotes = [order for order in self._open(name) if order.terms.quote_set == quote_set]
        return self.cancel(quotes, CancelReason.QUOTES_PULLED, seq)

    def cancel(self, orders: list[Order], reason: CancelReason, seq: Sequence) -> list[Event]:
        """These live orders, oldest first, then what pegs do about it."""
        self._trading.seq = seq
        return self._remove(sorted(orders, key=_age), reason)

    def _open(self, name: AccountId) -> list[Order]:
        account = self._market.accounts.by_name[name]
        return [order for order in account.orders.values() if order.leaves]

    def end_day(self, command: EndDay) -> tuple[Event, ...]:
        """DAY orders go: by instrument, bids then asks, price ascending, oldest first (rule 15)."""
        chosen = [
            order
            for book in self._market.books.values()
            for order in book.orders()
            if order.time_in_force in _ENDS_WITH_THE_DAY
        ]
        self._trading.seq = command.seq
        events = self._remove(chosen, CancelReason.DAY_ENDED)
        self.deadlines.forget_the_dead(
            order for book in self._market.books.values() for order in book.orders()
        )
        for account in self._market.accounts.by_name.values():
            account.orders = {name: order for name, order in account.orders.items() if order.leaves}
            for session in account.sessions:
                live = account.of_session(session)
                account.sessions[session] = {order.client_order_id: order.order_id for order in live}
        events.append(DayEnded(len(chosen)))
        return tuple(events)

    def _in_order(self, chosen: list[Order]) -> list[Order]:
        """As ``Book.orders`` goes through all books, looking only at the queues these orders stand in."""
        of_book: dict[Symbol, list[Order]] = {}
        for order in chosen:
            of_book.setdefault(order.symbol, []).append(order)
        ordered: list[Order] = []
        for symbol, book in self._market.books.items():
            orders = of_book.get(symbol, [])
            for side in book.sides:
                resting = [one for one in orders if one.side is side.side and one.state is OrderState.LIVE]
                ordered += _as_they_stand(side, resting)
            # Only stops: an order for the close has no deadline of its own.
            ordered += sorted((one for one in orders if one.state is OrderState.PENDING), key=_age)
        return ordered

    def _remove(self, chosen: list[Order], reason: CancelReason) -> list[Event]:
        books = self._market.books
        events: list[Event] = [self._trading.pull(books[order.symbol], order, reason) for order in chosen]
        touched = {order.symbol for order in chosen}
        for symbol, book in books.items():  # in the order of listing
            if symbol in touched and book.special:
                self._trading.settle(book, events)
        return events


def count_canceled(events: Iterable[Event], reason: CancelReason) -> int:
    """How many orders were canceled for this reason, and not because others were."""
    return sum(isinstance(event, OrderCanceled) and event.reason is reason for event in events)


def _as_they_stand(side: BookSide, resting: list[Order]) -> list[Order]:
    """Orders of one side: market orders, then by price ascending, then in their queue's order."""
    at: dict[Price | None, list[Order]] = {}
    for order in resting:
        at.setdefault(order.price, []).append(order)
    ordered = _of_queue(side.market, at.pop(None, []))
    for price in sorted(price for price in at if price is not None):
        ordered += _of_queue(side.levels[price], at[price])
    return ordered


def _of_queue(queue: Queue, chosen: list[Order]) -> list[Order]:
    if len(chosen) < 2:
        return chosen
    ids = {order.order_id for order in chosen}
    return [order for order in queue if order.order_id in ids]


def _age(order: Order) -> OrderId:
    return order.order_id

"""Commands that cancel many orders at once: mass cancel, expiry, the end of the day.

In: such a command. Out: one ``OrderCanceled`` for each order, in an order that is fixed by the rules, then
what pegs do about it, then the count.
"""

from __future__ import annotations

from collections.abc import Iterable
from heapq import heappop, heappush

from exchange.engine.commands import EndDay, ExpireOrders, MassCancel
from exchange.engine.events import (
    DayEnded,
    Event,
    OrdersExpired,
    OrdersMassCanceled,
    RequestRejected,
)
from exchange.engine.order import Order
from exchange.engine.trading import Market, Trading
from protocol.vocabulary import (
    AccountId,
    CancelReason,
    Nanoseconds,
    OrderId,
    OrderState,
    RejectReason,
    Request,
    TimeInForce,
)

_ENDS_WITH_THE_DAY = (TimeInForce.DAY, TimeInForce.AT_THE_OPEN, TimeInForce.AT_THE_CLOSE)


class Deadlines:
    """When orders expire: a heap, so that the next one is at hand. Holds dead orders until their time."""

    __slots__ = ("_heap",)

    def __init__(self) -> None:
        self._heap: list[tuple[Nanoseconds, OrderId, AccountId]] = []

    def note(self, order: Order) -> None:
        """Remember an order with a deadline."""
        expires_at_ns = order.terms.expires_at_ns
        if expires_at_ns is not None:
            heappush(self._heap, (expires_at_ns, order.order_id, order.account))

    @property
    def next_ns(self) -> Nanoseconds | None:
        """The earliest deadline; its order may be gone already."""
        return self._heap[0][0] if self._heap else None

    def pass_by(self, now_ns: Nanoseconds) -> bool:
        """Forget the deadlines that ``now_ns`` reaches; whether there were any."""
        any_passed = False
        while self._heap and self._heap[0][0] <= now_ns:
            heappop(self._heap)
            any_passed = True
        return any_passed


class Removals:
    """Cancels orders by the many."""

    def __init__(self, market: Market, trading: Trading, deadlines: Deadlines) -> None:
        self._market = market
        self._trading = trading
        self._deadlines = deadlines

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
        now_ns, chosen = command.now_ns, []
        if self._deadlines.pass_by(now_ns):
            for book in self._market.books.values():
                for order in book.orders():
                    expires_at_ns = order.terms.expires_at_ns
                    if expires_at_ns is not None and expires_at_ns <= now_ns:
                        chosen.append(order)
        self._trading.seq = command.seq
        events = self._remove(chosen, CancelReason.EXPIRED)
        events.append(OrdersExpired(len(chosen)))
        return tuple(events)

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
        for account in self._market.accounts.by_name.values():
            account.orders = {name: order for name, order in account.orders.items() if order.leaves}
        events.append(DayEnded(len(chosen)))
        return tuple(events)

    def _remove(self, chosen: list[Order], reason: CancelReason) -> list[Event]:
        books = self._market.books
        events: list[Event] = [self._trading.pull(books[order.symbol], order, reason) for order in chosen]
        for symbol in dict.fromkeys(order.symbol for order in chosen):
            if books[symbol].special:
                self._trading.settle(books[symbol], events)
        return events

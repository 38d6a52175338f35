"""Requests about orders and books that ask for a closer look.

In: the commands of the engine's plain path, when the order has terms or the book holds something special.
Out: the same events, and those that special orders add. Validates first: a refused request changes nothing
(rules 4, 12).
"""

from __future__ import annotations

from typing import Final

from exchange.engine import answers, bands, refusals, walk
from exchange.engine.accounts import Account
from exchange.engine.answers import Rejection
from exchange.engine.book import Book
from exchange.engine.commands import CancelOrder, EnterOrder, ReduceOrder, ReplaceOrder
from exchange.engine.events import Event, OrderAccepted, Trade
from exchange.engine.moving import candidate
from exchange.engine.order import Order, Special
from exchange.engine.pegs import peg_price
from exchange.engine.phases import RULES
from exchange.engine.stops import trailing_price, triggers
from exchange.engine.trading import Trading
from exchange.engine.walk import Outcome
from protocol.vocabulary import (
    CancelReason,
    OrderType,
    Phase,
    PostOnly,
    Price,
    Quantity,
    RejectReason,
    Request,
    TimeInForce,
)

_STOPS: Final = (OrderType.STOP, OrderType.STOP_LIMIT)


class Careful:
    """Entry, cancel, replace and reduce, whatever the order and whatever the book."""

    def __init__(self, trading: Trading) -> None:
        self._trading = trading

    # -- entry ---------------------------------------------------------------------------------

    def enter(self, command: EnterOrder, book: Book, account: Account) -> tuple[Event, ...]:
        """``OrderAccepted`` and all that follows from it; or one ``RequestRejected``.

        Symbol and id are checked already.
        """
        trading, instrument = self._trading, book.instrument
        trading.seq = command.seq
        refusal = refusals.of_entry(instrument, command) or refusals.of_phase(book.phase, command)
        if refusal is None and command.order_type is OrderType.LIMIT:
            refusal = refusals.of_band(book, command.price)
        if refusal is not None:
            return answers.rejected(command, Request.NEW, *refusal)
        terms = command.terms
        special = None if terms is None else Special(terms, stop_price=terms.stop_price)
        order = Order(
            command.seq, account.name, command.client_order_id, instrument.symbol, command.side,
            command.order_type, command.time_in_force, command.post_only, command.price, command.quantity,
            command.quantity, 0, special,
        )  # fmt: skip
        killed = None
        waits = order.time_in_force is TimeInForce.AT_THE_CLOSE and book.phase is not Phase.CLOSING_AUCTION
        if book.phase is Phase.CONTINUOUS and not waits:
            refused = self._of_market(command, book, order)
            if isinstance(refused, tuple):
                return refused
            killed = refused
        account.orders[command.client_order_id] = order
        events: list[Event] = [
            OrderAccepted(
                account.name, command.client_order_id, command.seq, instrument.symbol, command.side,
                command.order_type, command.time_in_force, command.quantity, command.price,
                command.post_only, terms,
            )
        ]  # fmt: skip
        if killed is not None:
            events.append(trading.kill(order, killed))
        elif order.order_type in _STOPS:
            self._enter_stop(book, order, events)
        elif waits:
            if order.special is None:
                order.special = Special()
            order.special.pending = True
            book.for_the_close.append(order)
        elif order.price == command.price:
            trading.arrive(book, order, events)
        else:  # post-only, one tick behind the best
            trading.rest(book, order, events, named=False)
        trading.settle(book, events)
        return tuple(events)

    def _of_market(self, command: EnterOrder, book: Book, order: Order) -> Rejection | CancelReason | None:
        """A refusal, a reason to cancel, or nothing: what the book as it stands says to the order.

        May give a post-only order another price.
        """
        if order.order_type is OrderType.MARKET_TO_LIMIT and book.side(order.side.opposite).best is None:
            text = answers.NO_OPPOSITE_SIDE
            return answers.rejected(command, Request.NEW, RejectReason.NO_OPPOSITE_SIDE, text)
        if order.order_type is OrderType.PEG and peg_price(book.side(order.side), order) is None:
            text = "peg, and its own side has no limit price"
            return answers.rejected(command, Request.NEW, RejectReason.NOTHING_TO_PEG_TO, text)
        if not order.post_only:
            return None
        price = self._would_trade_at(book, order)
        if price is None:
            return None
        mode = order.terms.post_only or book.instrument.post_only
        if mode is PostOnly.CANCEL:
            return CancelReason.POST_ONLY
        refusal: refusals.Refusal = RejectReason.POST_ONLY_WOULD_TRADE, answers.would_trade(price)
        if mode is PostOnly.REPRICE:
            refused = self._reprice(book, order, price)
            if refused is None:
                return None
            refusal = refused
        return answers.rejected(command, Request.NEW, *refusal)

    def _reprice(self, book: Book, order: Order, price: Price) -> refusals.Refusal | None:
        """Put a post-only order one tick behind ``price``; or say why it can't be there."""
        order.price = bands.one_tick_behind(book.instrument, order.side, price)
        if order.price is None or self._would_trade_at(book, order) is not None:
            return RejectReason.POST_ONLY_WOULD_TRADE, answers.would_trade(price)
        return refusals.of_band(book, order.price)

    def _would_trade_at(self, book: Book, order: Order) -> Price | None:
        opposite = book.side(order.side.opposite)
        return walk.would_trade_at(book, opposite, self._trading.attempt(book, order))

    def _enter_stop(self, book: Book, order: Order, events: list[Event]) -> None:
        """Wait for the price, or go at once if it is there already (rule 27)."""
        special, last_price = order.special, book.last_price
        assert special is not None
        if special.stop_price is None and special.terms.trail is not None and last_price is not None:
            special.stop_price = trailing_price(order.side, last_price, special.terms.trail)
        if (
            book.phase is Phase.CONTINUOUS
            and special.stop_price is not None
            and last_price is not None
            and triggers(order.side, special.stop_price, last_price)
        ):
            self._trading.activate(book, order, events)
        else:
            book.stops.add(order)

    def settled(self, book: Book, command: EnterOrder, events: tuple[Event, ...]) -> tuple[Event, ...]:
        """Events of a plain order, with what stops and pegs do about it."""
        traded = [event.price for event in events if type(event) is Trade] if len(events) > 1 else ()
        if not book.pegged and not (traded and book.stops.count):
            return events
        self._trading.seq = command.seq
        for price in traded:
            book.stops.follow(price)
        followed: list[Event] = []
        self._trading.settle(book, followed)
        return (*events, *followed)

    # -- changes -------------------------------------------------------------------------------

    def cancel(self, command: CancelOrder, book: Book, order: Order) -> tuple[Event, ...]:
        """``OrderCanceled``, and what other orders do about it."""
        trading = self._trading
        trading.seq = command.seq
        events: list[Event] = [trading.pull(book, order, CancelReason.REQUESTED)]
        trading.settle(book, events)
        return tuple(events)

    def reduce(self, command: ReduceOrder, book: Book, order: Order) -> tuple[Event, ...]:
        """Less than all that is open, which keeps its place. ``by`` is checked already."""
        trading = self._trading
        trading.seq = command.seq
        events: list[Event] = []
        if command.by >= order.leaves:
            events.append(trading.pull(book, order, CancelReason.REDUCED_TO_NOTHING))
        else:
            self._shrink(book, order, command.by, events)
        trading.settle(book, events)
        return tuple(events)

    def replace(self, command: ReplaceOrder, book: Book, order: Order) -> tuple[Event, ...]:
        """As ``Engine._replace``: rules 9 to 12."""
        trading, instrument = self._trading, book.instrument
        trading.seq = command.seq
        refusal = refusals.of_replace(instrument, order, command)
        if refusal is None and not RULES[book.phase].open_to_orders:
            refusal = RejectReason.WRONG_PHASE, f"no order is replaced in phase {book.phase}"
        if refusal is None:
            waits = order.special is not None and order.special.pending and order.order_type in _STOPS
            if order.order_type is not OrderType.PEG and not waits:
                refusal = refusals.of_band(book, command.price)
        if refusal is not None:
            return answers.rejected(command, Request.REPLACE, *refusal)
        total = order.quantity if command.quantity is None else command.quantity
        events: list[Event] = []
        if total <= order.executed:
            events.append(trading.pull(book, order, CancelReason.REPLACED_BELOW_EXECUTED))
        else:
            special = order.special
            if special is not None and special.pending:
                self._replace_pending(command, book, order, total, events)
            elif self._keeps_place(command, book, order, total):
                self._shrink(book, order, order.quantity - total, events)
            else:
                refused = self._move(command, book, order, total, events)
                if refused is not None:
                    return refused
        trading.settle(book, events)
        return tuple(events)

    def _keeps_place(self, command: ReplaceOrder, book: Book, order: Order, total: Quantity) -> bool:
        limit = order.terms.cap if order.order_type is OrderType.PEG else order.price
        same_price = command.price is None or command.price == limit
        return same_price and total <= order.quantity and not book.instrument.replace_loses_priority

    def _move(
        self, command: ReplaceOrder, book: Book, order: Order, total: Quantity, events: list[Event]
    ) -> Rejection | None:
        """A new place at the back, or a fresh aggressor; refused if it must not trade or would be killed."""
        trading, old_price = self._trading, order.price
        price = old_price if command.price is None else command.price
        if order.order_type is OrderType.PEG:
            self._move_peg(command, book, order, total, events)
            return None
        new = candidate(order, price, total)
        if book.phase is Phase.CONTINUOUS:
            refusal = self._of_moved(book, new)
            if refusal is not None:
                return answers.rejected(command, Request.REPLACE, *refusal)
        moved = trading.relocate(book, order, new.price, total)
        events.append(answers.replaced(moved, old_price, moved.price, False))
        trading.arrive(book, moved, events, replaced=True)
        return None

    def _of_moved(self, book: Book, new: Order) -> refusals.Refusal | None:
        """Why the order must stay where it is. May give a post-only order another price."""
        if new.post_only:
            price = self._would_trade_at(book, new)
            if price is None:
                return None
            mode = new.terms.post_only or book.instrument.post_only
            if mode is PostOnly.REPRICE:
                return self._reprice(book, new, price)
            return RejectReason.POST_ONLY_WOULD_TRADE, answers.would_trade(price)
        opposite = book.side(new.side.opposite)
        if new.order_type is OrderType.MARKET_TO_LIMIT and new.price is None and opposite.best is None:
            return RejectReason.NO_OPPOSITE_SIDE, answers.NO_OPPOSITE_SIDE
        attempt = self._trading.attempt(book, new)
        if new.terms.all_or_none:
            return None  # it trades whole or not at all: it is never killed
        if walk.plan(book, opposite, attempt).outcome is Outcome.SELF_TRADE:
            text = f"self_trade {attempt.self_trade}, and it would reach an order of its own account or group"
            return RejectReason.SELF_TRADE, text
        return None

    def _move_peg(
        self, command: ReplaceOrder, book: Book, order: Order, total: Quantity, events: list[Event]
    ) -> None:
        """A peg with another cap or more quantity goes behind the other pegs."""
        old_price = order.price
        if command.price is not None:
            order.special = order.special or Special()
            order.special.terms = answers.with_cap(order.terms, command.price)
        moved = self._trading.relocate(book, order, old_price, total)
        moved.price = peg_price(book.side(moved.side), moved) or old_price
        events.append(answers.replaced(moved, old_price, moved.price, False))
        self._trading.rest(book, moved, events, named=True)

    def _replace_pending(
        self, command: ReplaceOrder, book: Book, order: Order, total: Quantity, events: list[Event]
    ) -> None:
        """A stop that still waits, or an order for the close: nothing trades, unless its stop is there now."""
        trading, special = self._trading, order.special
        assert special is not None
        price = order.price if command.price is None else command.price
        moves_stop = command.stop_price is not None and command.stop_price != special.stop_price
        if not moves_stop and price == order.price and total <= order.quantity:
            self._shrink(book, order, order.quantity - total, events)
            return
        stop_price = special.stop_price if command.stop_price is None else command.stop_price
        moved = trading.relocate(book, order, price, total)
        special.stop_price, special.pending = stop_price, True
        events.append(answers.replaced(moved, None, moved.price, False))
        if moved.order_type in _STOPS:
            self._enter_stop(book, moved, events)
        else:
            book.for_the_close.append(moved)

    def _shrink(self, book: Book, order: Order, by: Quantity, events: list[Event]) -> None:
        """A smaller total, or the same; the order keeps its place, in the book or out of it."""
        order.quantity -= by
        if order.special is not None and order.special.pending:
            order.leaves -= by
            events.append(answers.replaced(order, None, order.price, True))
            return
        book.side(order.side).shrink(order, by)
        events.append(answers.replaced(order, order.price, order.price, True))
        if order.terms.all_or_none and book.phase is Phase.CONTINUOUS:
            self._trading.try_again(book, order, events)  # it may be small enough now

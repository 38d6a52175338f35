"""Carrying out what was planned, and taking orders out of the market.

In: steps of a plan, orders to cancel or to move. Out: the events, with book, positions, stops and last price
brought up to date. Decides nothing: who calls has decided.
"""

from __future__ import annotations

from typing import Protocol

from exchange.engine.accounts import Accounts
from exchange.engine.book import Book
from exchange.engine.book_side import BookSide
from exchange.engine.events import Event, OrderCanceled, OrderRested, SelfTradePrevented, Trade
from exchange.engine.matching import maker_fee, taker_fee
from exchange.engine.moving import moved
from exchange.engine.order import Order, Special
from exchange.engine.walk import Deed, Step
from protocol.errors import InvariantViolated
from protocol.vocabulary import (
    CancelReason,
    OrderType,
    Price,
    Quantity,
    Sequence,
    Symbol,
    TimeInForce,
    TradeId,
)


class Market(Protocol):
    """What the engine shares with whoever trades for it."""

    books: dict[Symbol, Book]
    accounts: Accounts
    last_trade_id: TradeId


class Execution:
    """Executes plans. ``seq`` is the command in hand: it is the arrival of whatever moves now."""

    def __init__(self, market: Market) -> None:
        self._market = market
        self.seq: Sequence = 0

    def execute(
        self, book: Book, opposite: BookSide, order: Order, steps: list[Step], events: list[Event]
    ) -> None:
        """Do to ``opposite`` what an aggressor planned."""
        for deed, maker, price, quantity in steps:
            if deed is Deed.TRADE:
                assert price is not None
                events.append(self._trade(book, opposite, maker, order, price, quantity))
            elif deed is Deed.CANCEL:
                events.append(self.pull(book, maker, CancelReason.SELF_TRADE))
            else:
                events.append(self._shrink(book, maker, quantity))
                if order.order_type is not OrderType.MARKET_BY_AMOUNT:
                    events.append(self._shrink(None, order, quantity))

    def _trade(
        self, book: Book, opposite: BookSide, maker: Order, taker: Order, price: Price, quantity: Quantity
    ) -> Trade:
        instrument = book.instrument
        opposite.fill(maker, quantity, 0 if instrument.peak_refills_in_front else self.seq)
        taker.cumulative += quantity
        taker.leaves -= quantity
        book.last_price = price
        book.stops.follow(price)
        market = self._market
        market.last_trade_id += 1
        trade = Trade(
            market.last_trade_id, instrument.symbol, price, quantity, taker.side,
            maker.account, maker.client_order_id, maker.order_id, maker.cumulative, maker.leaves,
            maker_fee(instrument, price, quantity),
            taker.account, taker.client_order_id, taker.order_id, taker.cumulative, taker.leaves,
            taker_fee(instrument, price, quantity),
        )  # fmt: skip
        market.accounts.settle(instrument.symbol, taker.side, [trade])
        return trade

    def _shrink(self, book: Book | None, order: Order, quantity: Quantity) -> Event:
        """Self-trade prevention takes ``quantity`` off an order; ``book`` is where it rests, if it does."""
        if quantity == order.leaves:
            if book is None:
                return self.kill(order, CancelReason.SELF_TRADE)
            return self.pull(book, order, CancelReason.SELF_TRADE)
        if book is not None:
            book.side(order.side).shrink(order, quantity)
        else:
            order.leaves -= quantity
        if order.special is None:
            order.special = Special()
        order.special.prevented += quantity
        return SelfTradePrevented(
            order.account, order.client_order_id, order.order_id, order.symbol, order.side,
            None if book is None else order.price, quantity, order.cumulative, order.leaves,
        )  # fmt: skip

    # -- leaving -------------------------------------------------------------------------------

    def relocate(
        self, book: Book, order: Order, price: Price | None, total: Quantity, arrival: Sequence | None = None
    ) -> Order:
        """Take an order out and return a new record of it with another price or total; not yet in the book.

        ``arrival``: what it keeps of its time; ``None``: nothing.
        """
        special = order.special
        if special is not None and special.pending:
            order.leaves = 0
            withdraw(book, order)
        else:
            book.side(order.side).take_out(order)
        record = moved(order, price, total, self.seq if arrival is None else arrival)
        self._market.accounts.by_name[order.account].orders[order.client_order_id] = record
        return record

    def pull(self, book: Book, order: Order, reason: CancelReason) -> OrderCanceled:
        """Cancel a live order wherever it is: in the book, or waiting outside of it."""
        special = order.special
        if special is not None and special.pending:
            canceled = self.kill(order, reason)
            withdraw(book, order)
            return canceled
        price = order.price
        leaves = book.side(order.side).take_out(order)
        return OrderCanceled(
            order.account, order.client_order_id, order.order_id, order.symbol, order.side, price, leaves,
            order.cumulative, reason,
        )  # fmt: skip

    def kill(self, order: Order, reason: CancelReason) -> OrderCanceled:
        """Cancel what is open of an order that is not in the book."""
        leaves, order.leaves = order.leaves, 0
        return OrderCanceled(
            order.account, order.client_order_id, order.order_id, order.symbol, order.side, None, leaves,
            order.cumulative, reason,
        )  # fmt: skip


def withdraw(book: Book, order: Order) -> None:
    """Forget an order that waited outside of the book and has nothing open there any more."""
    if order.special is None:
        raise InvariantViolated(f"order {order.order_id} waits for nothing")
    if order.time_in_force is TimeInForce.AT_THE_CLOSE:
        book.for_the_close.lose()
        order.special.pending = False
    else:
        book.stops.remove(order)


def rested(order: Order) -> OrderRested:
    """The order rests where its entry did not say."""
    return OrderRested(
        order.account, order.client_order_id, order.order_id, order.symbol, order.side, order.price,
        order.leaves,
    )  # fmt: skip

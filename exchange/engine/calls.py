"""Phases and auctions carried out (rules 16, 34 to 38).

In: commands of the schedule or the operator. Out: the auction's trades and what becomes of its orders, then
the new phase and what it sets off. What the price is, ``auction`` says.
"""

from __future__ import annotations

from exchange.engine import auction, bands, refusals
from exchange.engine.auction import Indication
from exchange.engine.book import Book
from exchange.engine.commands import ChangePhase, SetLastPrice
from exchange.engine.events import (
    AuctionExtended,
    AuctionHeld,
    AuctionTrade,
    Event,
    LastPriceSet,
    PhaseChanged,
    RequestRejected,
)
from exchange.engine.execution import Market, rested
from exchange.engine.level import Queue
from exchange.engine.matching import maker_fee
from exchange.engine.order import Order
from exchange.engine.phases import holds_auction
from exchange.engine.trading import Trading
from protocol.vocabulary import (
    CancelReason,
    OrderType,
    Phase,
    Price,
    Quantity,
    RejectReason,
    Request,
    TimeInForce,
)

_FOR_AUCTION = (TimeInForce.AT_THE_OPEN, TimeInForce.AT_THE_CLOSE)


class Calls:
    """Moves instruments through their day."""

    def __init__(self, market: Market, trading: Trading) -> None:
        self._market = market
        self._trading = trading

    def change_phase(self, command: ChangePhase) -> tuple[Event, ...]:
        """The auction if one is due, ``PhaseChanged``, then stops and pegs; or ``AuctionExtended`` alone."""
        book = self._market.books.get(command.symbol)
        if book is None:
            return _refused(command, RejectReason.UNKNOWN_SYMBOL, f"no instrument {command.symbol!r}")
        if command.reference_price is not None:
            refusal = refusals.of_bounds(book.instrument, command.reference_price, "reference_price")
            if refusal is not None:
                return _refused(command, *refusal)
        self._trading.seq = command.seq
        previous, phase = book.phase, command.phase
        events: list[Event] = []
        if holds_auction(previous, phase):
            found = auction.indicative(book, command.reference_price)
            corridor = bands.static_corridor(book, command.reference_price)
            held = found.price is None or command.forced or corridor is None or found.price in corridor
            if found.price is not None and not held:
                return (AuctionExtended(command.symbol, previous, found.price),)
            self._hold(book, found, events)
        book.phase = phase
        events.append(PhaseChanged(command.symbol, phase, previous))
        if phase is Phase.CLOSING_AUCTION:
            self._enter_for_the_close(book, events)
        elif phase is Phase.CONTINUOUS and phase is not previous:
            self._trading.look_again(book, events)
        self._trading.settle(book, events)
        return tuple(events)

    def set_last_price(self, command: SetLastPrice) -> tuple[Event, ...]:
        """``LastPriceSet``, then what a trade at that price would set off."""
        book = self._market.books.get(command.symbol)
        if book is None:
            return _refused(command, RejectReason.UNKNOWN_SYMBOL, f"no instrument {command.symbol!r}")
        refusal = refusals.of_price(book.instrument, command.price)
        if refusal is not None:
            return _refused(command, *refusal)
        self._trading.seq = command.seq
        book.last_price = command.price
        book.stops.follow(command.price)
        events: list[Event] = [LastPriceSet(command.symbol, command.price)]
        self._trading.settle(book, events)
        return tuple(events)

    # -- the auction ---------------------------------------------------------------------------

    def _hold(self, book: Book, found: Indication, events: list[Event]) -> None:
        price = found.price
        if price is not None:
            for buyer, seller, quantity in auction.pairs(book, price):
                events.append(self._trade(book, buyer, seller, price, quantity))
            book.last_price = book.reference_price = price
            book.stops.follow(price)
        events.append(AuctionHeld(book.instrument.symbol, *found))
        for side in book.sides:
            for order in list(side.orders()):
                if order.time_in_force in _FOR_AUCTION:
                    events.append(self._trading.pull(book, order, CancelReason.AUCTION_OVER))
        if price is not None:
            self._turn_into_limits(book, price, events)

    def _trade(
        self, book: Book, buyer: Order, seller: Order, price: Price, quantity: Quantity
    ) -> AuctionTrade:
        # An iceberg takes part with all it has and keeps its place: the auction knows no peaks.
        book.bids.fill(buyer, quantity)
        book.asks.fill(seller, quantity)
        market, instrument = self._market, book.instrument
        market.last_trade_id += 1
        # Nobody took: both sides were there, and pay as who is there pays.
        paid = maker_fee(instrument, price, quantity)
        market.accounts.move(instrument.symbol, buyer.account, quantity)
        market.accounts.move(instrument.symbol, seller.account, -quantity)
        return AuctionTrade(
            market.last_trade_id, instrument.symbol, price, quantity,
            buyer.account, buyer.client_order_id, buyer.order_id, buyer.cumulative, buyer.leaves, paid,
            seller.account, seller.client_order_id, seller.order_id, seller.cumulative, seller.leaves, paid,
        )  # fmt: skip

    def _turn_into_limits(self, book: Book, price: Price, events: list[Event]) -> None:
        """What is left of market-to-limit orders rests at the auction's price, by their time (rule 19)."""
        for side in book.sides:
            left_over = [one for one in side.market if one.order_type is OrderType.MARKET_TO_LIMIT]
            for order in left_over:
                moved = self._trading.relocate(book, order, price, order.quantity, order.moved_by)
                side.rest(moved)
                events.append(rested(moved))
            if left_over:
                side.levels[price].merge_by_arrival(len(left_over))

    def _enter_for_the_close(self, book: Book, events: list[Event]) -> None:
        """At-the-close orders that waited join the call, in the order in which they came."""
        waiting, book.for_the_close = book.for_the_close, Queue()
        for order in waiting:
            assert order.special is not None
            order.special.pending = False
            order.moved_by = self._trading.seq
            self._trading.arrive(book, order, events)


def _refused(command: ChangePhase | SetLastPrice, reason: RejectReason, text: str) -> tuple[RequestRejected]:
    return (RequestRejected(None, None, Request.ADMIN, reason, text),)

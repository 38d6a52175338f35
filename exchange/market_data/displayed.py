"""The displayed orders of one book, and what a command did to them.

In: a book to read, the events of each command. Out: the changes that make a copy of the displayed orders equal
to the book's again, places in the queues included (rule 26: peaks only, hidden orders never).

Changes are told from the events, which costs what happened, not what rests. Where an event does not say
enough (a peak refills, a stop comes to rest, an auction was held), the queue of its price level in the copy is
compared with that of the book, or all of them are.
"""

from collections.abc import Iterable, Iterator
from typing import Any, Final

from exchange.engine.book import Book
from exchange.engine.events import (
    AuctionHeld,
    AuctionTrade,
    Event,
    OrderAccepted,
    OrderCanceled,
    OrderReplaced,
    OrderRepriced,
    OrderRested,
    PhaseChanged,
    SelfTradePrevented,
    StopTriggered,
    Trade,
)
from exchange.engine.level import Level
from exchange.engine.order import Order
from protocol.market import OrderAdded, OrderChange, OrderDeleted, OrderExecuted, OrderReduced, PublicOrder
from protocol.vocabulary import OrderId, OrderType, Price, Quantity, Side, TimeInForce, TradeId

Queue = dict[OrderId, Quantity]
"""What is displayed at one price, in the order in which it trades. Never empty."""

Place = tuple[Side, Price]


class DisplayedOrders:
    """A copy of what a book displays, and how it changes."""

    def __init__(self, book: Book) -> None:
        """The copy is that of the book as it stands now."""
        self._book: Final = book
        self._symbol: Final = book.symbol
        self._levels: Final[dict[Side, dict[Price, Queue]]] = {
            side: {level.price: queue for level in book.side(side).best_first() if (queue := _shown(level))}
            for side in Side
        }
        self._concealed = _conceals(book)
        self._forget_command()

    def orders(self, side: Side) -> list[PublicOrder]:
        """``(order id, price, displayed quantity)`` of the copy, best price first, then by priority."""
        return [
            (order_id, price, quantity)
            for price, queue in sorted(self._levels[side].items(), reverse=side is Side.BUY)
            for order_id, quantity in queue.items()
        ]

    def changes(self, events: Iterable[Event]) -> list[OrderChange]:
        """What a command did, told by all its events; they were carried out already.

        Events of other instruments are passed over.
        """
        self._was_concealed, self._concealed = self._concealed, _conceals(self._book)
        for event in events:
            act = _ACTS.get(type(event))
            if act is not None and event.symbol == self._symbol:  # type: ignore[union-attr]  # those have one
                act(self, event)
        changes = self._changes
        if self._whole:
            for place in sorted(self._places()):
                self._compare(*place)
        else:
            self._settle()
            if self._triggered:
                self._look_for_triggered()
            if self._unsure:
                for place in sorted(self._unsure):
                    self._compare(*place)
        self._forget_command()
        return changes

    # -- what is kept while the events of one command are read ---------------------------------
    def _forget_command(self) -> None:
        self._changes: list[OrderChange] = []
        self._arrived: OrderId = 0  # came, and did not come to rest yet as far as was told
        self._place: Place | None = None  # where what is left of it will rest; None: not to be said
        self._left: Quantity = 0
        self._display: Quantity | None = None  # its peak; None: all of it
        self._unsure: set[Place] = set()  # levels to be compared
        self._whole = False  # all of them
        self._triggered: set[Side] = set()  # where stops may have come to rest
        self._places_of: dict[OrderId, Place] | None = None  # in auctions

    def _arrive(self, order_id: OrderId, place: Place | None, left: Quantity) -> None:
        self._settle()
        self._arrived, self._place, self._left, self._display = order_id, place, left, None

    def _settle(self) -> None:
        """What is left of the order that arrived rests behind all others."""
        if self._arrived and self._place is not None and self._left:
            shown = self._left if self._display is None else min(self._display, self._left)
            self._add(self._arrived, self._place, shown)
        self._arrived = 0

    # -- events ------------------------------------------------------------------------------------
    def _on_accepted(self, event: OrderAccepted) -> None:
        self._arrive(event.order_id, None, event.quantity)
        terms = event.terms
        if terms is not None:
            if terms.hidden:
                return
            self._display = terms.display
        if event.order_type is OrderType.LIMIT and event.price is not None:
            if event.time_in_force is TimeInForce.AT_THE_CLOSE:  # it may wait out of sight
                self._unsure.add((event.side, event.price))
            else:
                self._place = event.side, event.price

    def _on_rested(self, event: OrderRested) -> None:
        place = None if event.price is None else (event.side, event.price)
        if event.order_id == self._arrived:
            if self._was_concealed or self._concealed:
                if place is not None:
                    self._unsure.add(place)
                place = None
            self._place, self._left = place, event.leaves
            self._settle()
        elif place is not None:
            self._unsure.add(place)

    def _on_trade(self, event: Trade) -> None:
        if event.taker_order_id == self._arrived:
            self._left = event.taker_leaves
        else:
            self._settle()
            self._execute_somewhere(event.taker_order_id, event.aggressor, event.quantity, event.trade_id)
        place = event.aggressor.opposite, event.price
        self._execute(event.maker_order_id, place, event.quantity, event.trade_id, event.maker_leaves)

    def _on_prevented(self, event: SelfTradePrevented) -> None:
        if event.order_id == self._arrived:
            self._left = event.leaves
        else:
            self._shrink(event.order_id, event.side, event.price, event.leaves)

    def _on_canceled(self, event: OrderCanceled) -> None:
        if event.order_id == self._arrived:
            self._arrived = 0
        elif event.price is not None:
            self._delete(event.order_id, (event.side, event.price))

    def _on_replaced(self, event: OrderReplaced) -> None:
        if event.kept_priority:
            self._settle()
            self._shrink(event.order_id, event.side, event.old_price, event.leaves)
            return
        place = None if event.price is None else (event.side, event.price)
        if event.old_price is not None:
            self._delete(event.order_id, (event.side, event.old_price))
        if place is not None and (event.old_price is None or self._was_concealed or self._concealed):
            # It did not rest, and may not do so now; or it may be an iceberg, or hidden.
            self._unsure.add(place)
            place = None
        self._arrive(event.order_id, place, event.leaves)

    def _on_repriced(self, event: OrderRepriced) -> None:
        self._settle()
        place = event.side, event.price
        displayed = self._delete(event.order_id, (event.side, event.old_price))
        if displayed and not self._was_concealed and not self._concealed:
            self._add(event.order_id, place, event.leaves)
        else:
            self._unsure.add(place)

    def _on_triggered(self, event: StopTriggered) -> None:
        self._settle()
        self._triggered.add(event.side)

    def _on_auction_trade(self, event: AuctionTrade) -> None:
        """Both may stand anywhere: who takes part in an auction trades at its price, not at his own."""
        self._whole = True
        if self._places_of is None:
            self._places_of = {
                order_id: (side, price)
                for side, price in self._places()
                for order_id in self._levels[side].get(price, ())
            }
        for order_id, leaves in (
            (event.buyer_order_id, event.buyer_leaves),
            (event.seller_order_id, event.seller_leaves),
        ):
            place = self._places_of.get(order_id)
            if place is not None:
                self._execute(order_id, place, event.quantity, event.trade_id, leaves)

    def _on_anything_else(self, _: PhaseChanged | AuctionHeld) -> None:
        self._whole = True

    # -- the copy --------------------------------------------------------------------------------
    def _add(self, order_id: OrderId, place: Place, quantity: Quantity) -> None:
        side, price = place
        self._levels[side].setdefault(price, {})[order_id] = quantity
        self._changes.append(OrderAdded(order_id, side, price, quantity))
        if self._triggered:  # a stop may stand before it
            self._unsure.add(place)

    def _delete(self, order_id: OrderId, place: Place) -> bool:
        """Whether it was displayed there."""
        if not self._take(order_id, place):
            return False
        self._changes.append(OrderDeleted(order_id))
        return True

    def _take(self, order_id: OrderId, place: Place) -> Quantity:
        """Take an order out of the copy and return what it showed; 0: it did not show there."""
        side, price = place
        queue = self._levels[side].get(price)
        if queue is None:
            return 0
        quantity = queue.pop(order_id, 0)
        if not queue:
            del self._levels[side][price]
        return quantity

    def _shrink(self, order_id: OrderId, side: Side, price: Price | None, leaves: Quantity) -> None:
        """It keeps its place and shows no more than ``leaves``: so does an iceberg's peak."""
        queue = self._levels[side].get(price) if price is not None else None
        shown = queue.get(order_id, 0) if queue is not None else 0
        if queue is not None and shown > leaves:
            queue[order_id] = leaves
            self._changes.append(OrderReduced(order_id, shown - leaves))

    def _execute(
        self, order_id: OrderId, place: Place, quantity: Quantity, trade_id: TradeId, leaves: Quantity
    ) -> None:
        """A resting order traded. What it showed is gone first; an iceberg may show more afterwards."""
        side, price = place
        shown = self._levels[side].get(price, {}).get(order_id, 0)
        if shown > quantity:
            self._levels[side][price][order_id] = shown - quantity
        elif shown:
            self._take(order_id, place)
        if shown:
            self._changes.append(OrderExecuted(order_id, min(shown, quantity), trade_id))
        if leaves and shown <= quantity:
            self._unsure.add(place)

    def _execute_somewhere(
        self, order_id: OrderId, side: Side, quantity: Quantity, trade_id: TradeId
    ) -> None:
        """An order that rested, all or none, found enough now, or a stop: no event tells where it stood."""
        for price, queue in self._levels[side].items():
            if order_id in queue:
                self._execute(order_id, (side, price), quantity, trade_id, 0)
                return

    # -- comparing with the book -------------------------------------------------------------------
    def _places(self) -> Iterator[Place]:
        """Every price level of the copy or of the book."""
        for side in Side:
            for price in self._levels[side].keys() | self._book.side(side).levels.keys():
                yield side, price

    def _look_for_triggered(self) -> None:
        """A stop that came to rest stands last at its price: who came behind it made the level unsure."""
        for side in self._triggered:
            for level in self._book.side(side).levels.values():
                last = next((order for order in reversed(level.orders) if order.leaves), None)
                if last is not None and last.order_id not in self._levels[side].get(level.price, ()):
                    self._unsure.add((side, level.price))

    def _compare(self, side: Side, price: Price) -> None:
        """Make the copy of a price level equal to the book's, whatever happened to it.

        Orders go, shrink, or come in behind all others; from the first one on that has another place, or
        shows more than it did, the whole rest of the queue is written anew.
        """
        level = self._book.side(side).levels.get(price)
        standing = {} if level is None else _shown(level)
        shown = self._levels[side].get(price, {})
        if standing == shown and list(standing) == list(shown):
            return
        told, changes = iter(shown), self._changes
        kept = set()
        for order_id, quantity in standing.items():
            if shown.get(order_id, 0) < quantity or order_id not in told:  # ``in`` goes on to where it is
                break
            kept.add(order_id)
        changes.extend(OrderDeleted(order_id) for order_id in shown if order_id not in kept)
        for order_id, quantity in standing.items():
            if order_id not in kept:
                changes.append(OrderAdded(order_id, side, price, quantity))
            elif quantity < shown[order_id]:
                changes.append(OrderReduced(order_id, shown[order_id] - quantity))
        if standing:
            self._levels[side][price] = standing
        else:
            del self._levels[side][price]


def _conceals(book: Book) -> bool:
    """Whether icebergs or hidden orders rest."""
    return book.bids.concealed + book.asks.concealed > 0


def _shown(level: Level) -> Queue:
    return {order.order_id: shown_of(order) for order in level.living()}


def shown_of(order: Order) -> Quantity:
    """What a resting order that is not hidden displays."""
    special = order.special
    return order.leaves if special is None or special.terms.display is None else special.shown


_ACTS: Final[dict[type, Any]] = {
    OrderAccepted: DisplayedOrders._on_accepted,
    OrderRested: DisplayedOrders._on_rested,
    Trade: DisplayedOrders._on_trade,
    SelfTradePrevented: DisplayedOrders._on_prevented,
    OrderCanceled: DisplayedOrders._on_canceled,
    OrderReplaced: DisplayedOrders._on_replaced,
    OrderRepriced: DisplayedOrders._on_repriced,
    StopTriggered: DisplayedOrders._on_triggered,
    AuctionTrade: DisplayedOrders._on_auction_trade,
    PhaseChanged: DisplayedOrders._on_anything_else,
    AuctionHeld: DisplayedOrders._on_anything_else,
}

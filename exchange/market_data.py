"""Events to public streams: depth by price level, the tape, phases, auctions.

In: the events of one command, after its private reports are in their outboxes (rule 47). Out: what they
changed, handed to the ``Feed`` of each instrument: one delta for each whose levels changed, one print
for each trade. Indications of an auction are made once a turn (``flush``): a call phase may take in
thousands of orders before its one auction. Nobody subscribed: nothing is computed.

A slow reader is passed by; when it can take more it is shown how things stand (``catch_up``).
"""

from collections.abc import Callable
from typing import Any

from exchange.engine.book import Book
from exchange.engine.engine import Events
from exchange.engine.events import (
    AuctionExtended,
    AuctionHeld,
    AuctionTrade,
    OrderAccepted,
    OrderCanceled,
    OrderReplaced,
    OrderRepriced,
    OrderRested,
    PhaseChanged,
    SelfTradePrevented,
    StopTriggered,
    Trade,
    TradeBusted,
)
from exchange.feed import Feed
from exchange.peers import Peer, Touched
from protocol.vocabulary import Channel, Nanoseconds, OrderId, Price, Side, Symbol

Changed = dict[Symbol, tuple[set[Price], set[Price]]]
"""Price levels to look at, bids and asks, of each instrument that something happened to."""


class MarketData:
    """The public streams of all instruments."""

    def __init__(self, book: Callable[[Symbol], Book | None], touched: Touched) -> None:
        """``book`` looks an instrument's book up; it is only read."""
        self._book = book
        self._touched = touched
        self._feeds: dict[Symbol, Feed] = {}
        self._indicate: dict[Symbol, Feed] = {}  # whose indication may have changed in this turn
        self.active = False
        """Whether anyone is subscribed to anything; if not, ``publish`` need not be called."""

    def feed(self, symbol: Symbol) -> Feed | None:
        """The feed of an instrument, ``None`` if there is no such instrument."""
        feed = self._feeds.get(symbol)
        if feed is None:
            book = self._book(symbol)
            if book is not None:
                self._feeds[symbol] = feed = Feed(book, self._touched)
        return feed

    def subscribe(self, peer: Peer, channel: Channel, symbol: Symbol) -> None:
        """Start a stream that the peer does not have yet, of an instrument that exists."""
        feed = self.feed(symbol)
        if feed is not None:
            peer.subscriptions.add((channel, symbol))
            feed.add(channel, peer)
            self.active = True

    def unsubscribe(self, peer: Peer, channel: Channel, symbol: Symbol) -> None:
        """End a stream that the peer has."""
        peer.subscriptions.remove((channel, symbol))
        self._feeds[symbol].readers[channel].remove(peer)
        self.active = any(feed.has_readers for feed in self._feeds.values())

    def unsubscribe_all(self, peer: Peer) -> None:
        """The peer is gone."""
        for channel, symbol in sorted(peer.subscriptions):
            self.unsubscribe(peer, channel, symbol)

    def catch_up(self, peer: Peer) -> None:
        """The peer reads again: how things stand, for each stream that passed it by."""
        for channel, symbol in sorted(peer.behind):
            if (channel, symbol) in peer.subscriptions:
                self._feeds[symbol].send_state(channel, peer)
        peer.behind.clear()

    @property
    def has_news(self) -> bool:
        """Whether ``flush`` may have something to say."""
        return bool(self._indicate)

    def flush(self) -> None:
        """The turn is over: publish what auctions would give now."""
        if self._indicate:
            for feed in self._indicate.values():
                feed.publish_indication()
            self._indicate.clear()

    def publish(self, at_ns: Nanoseconds, events: Events) -> None:
        """Publish what the events of one command changed."""
        changed: Changed = {}
        whole: set[Symbol] = set()
        arrived: OrderId = 0
        event: Any
        for event in events:
            kind = type(event)
            if kind is OrderAccepted:
                arrived = event.order_id
                _mark(changed, event.symbol, event.side, event.price)
            elif kind is Trade:
                _mark(changed, event.symbol, event.aggressor.opposite, event.price)
                if event.taker_order_id != arrived:
                    # It rested, all or none, and found enough now: no event tells where.
                    whole.add(event.symbol)
                feed = self.feed(event.symbol)
                if feed is not None:
                    feed.publish_trade(at_ns, event)
            elif kind is OrderCanceled or kind is OrderRested or kind is SelfTradePrevented:
                _mark(changed, event.symbol, event.side, event.price)
            elif kind is OrderReplaced:
                arrived = event.order_id
                _mark(changed, event.symbol, event.side, event.old_price)
                _mark(changed, event.symbol, event.side, event.price)
            elif kind is OrderRepriced:
                _mark(changed, event.symbol, event.side, event.old_price)
                _mark(changed, event.symbol, event.side, event.price)
            elif kind in _WHOLE_BOOK:
                _mark(changed, event.symbol, Side.BUY, None)
                whole.add(event.symbol)
                self._publish_rare(at_ns, event)
            elif kind is AuctionHeld or kind is AuctionExtended or kind is TradeBusted:
                self._publish_rare(at_ns, event)
        for symbol, (bids, asks) in changed.items():
            feed = self._feeds.get(symbol)
            if feed is None:
                continue
            if feed.depth_readers:
                if symbol in whole:
                    feed.publish_book()
                else:
                    feed.publish_depth(bids, asks)
            if feed.auction_readers:
                self._indicate[symbol] = feed

    def _publish_rare(
        self,
        at_ns: Nanoseconds,
        event: AuctionTrade | AuctionHeld | AuctionExtended | PhaseChanged | StopTriggered | TradeBusted,
    ) -> None:
        feed = self.feed(event.symbol)
        if feed is None:
            return
        match event:
            case AuctionTrade():
                feed.publish_auction_trade(at_ns, event)
            case AuctionHeld():
                feed.publish_result(at_ns, event)
            case AuctionExtended():
                feed.publish_extension(at_ns, event)
            case PhaseChanged():
                feed.publish_phase(at_ns, event)
            case TradeBusted():
                feed.publish_bust(at_ns, event)
            case StopTriggered():
                pass


_WHOLE_BOOK = frozenset((AuctionTrade, PhaseChanged, StopTriggered))
"""Events that change price levels which they do not name: orders fill at the auction's price and rest
elsewhere, orders for the close enter the book, a stop may come to rest at its limit."""


def _mark(changed: Changed, symbol: Symbol, side: Side, price: Price | None) -> None:
    """Have a price level looked at; ``None``: only note that something happened to the instrument."""
    sides = changed.get(symbol)
    if sides is None:
        changed[symbol] = sides = (set(), set())
    if price is not None:
        sides[0 if side is Side.BUY else 1].add(price)

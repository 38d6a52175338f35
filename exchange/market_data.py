"""Events to public streams: depth by price level, and the tape.

In: the events of one command, after its private reports are in their outboxes. Out: one delta for
each instrument whose levels changed, and one print for each trade, encoded once and put into every
subscriber's outbox. Quantities are read from the book and compared with what was published last, so
whatever an event did, a reader's copy equals the book. Nobody subscribed: nothing is computed.

A slow reader is passed by; when it can take more it gets a fresh snapshot (``catch_up``).
"""

from collections.abc import Callable

from exchange.engine.book import Book
from exchange.engine.engine import Events
from exchange.engine.events import OrderAccepted, OrderCanceled, OrderReplaced, OrderRested, Trade
from exchange.peers import Peer, Touched
from protocol.codec import preencode
from protocol.messages import DepthDelta, DepthSnapshot, Level, TradePrint
from protocol.vocabulary import Channel, Nanoseconds, Price, Quantity, Sequence, Side, Symbol

Shown = dict[Price, Quantity]


class Feed:
    """The public streams of one instrument."""

    def __init__(self, book: Book, touched: Touched) -> None:
        self._book = book
        self._symbol = book.instrument.symbol
        self._touched = touched
        self.depth_readers: list[Peer] = []
        self.tape_readers: list[Peer] = []
        self._depth_seq: Sequence = 0
        self._tape_seq: Sequence = 0
        # What depth readers have been shown; kept only while there are any.
        self._bids: Shown = {}
        self._asks: Shown = {}

    def readers(self, channel: Channel) -> list[Peer]:
        return self.depth_readers if channel is Channel.DEPTH else self.tape_readers

    def add(self, channel: Channel, peer: Peer) -> None:
        """Start a stream; a depth stream starts with a snapshot."""
        if channel is Channel.DEPTH:
            if not self.depth_readers:
                self._bids = dict(self._book.depth(Side.BUY))
                self._asks = dict(self._book.depth(Side.SELL))
            self.depth_readers.append(peer)
            self.send_snapshot(peer)
        else:
            self.tape_readers.append(peer)

    def send_snapshot(self, peer: Peer) -> None:
        """The whole book as of now; deltas go on from its number."""
        peer.outbox.append(
            DepthSnapshot(
                symbol=self._symbol,
                seq=self._depth_seq,
                bids=sorted(self._bids.items(), reverse=True),
                asks=sorted(self._asks.items()),
            )
        )
        self._touch(peer)

    def publish_trade(self, at_ns: Nanoseconds, trade: Trade) -> None:
        self._tape_seq += 1
        if not self.tape_readers:
            return
        line = preencode(
            TradePrint(
                self._symbol,
                self._tape_seq,
                trade.trade_id,
                at_ns,
                trade.price,
                trade.quantity,
                trade.aggressor,
            )
        )
        for reader in self.tape_readers:
            if not reader.slow:
                reader.outbox.append(line)
                self._touch(reader)

    def publish_depth(self, bids: set[Price], asks: set[Price]) -> None:
        """Look at these price levels and publish those that differ from what was shown."""
        changed_bids = self._changed(Side.BUY, bids, self._bids)
        changed_asks = self._changed(Side.SELL, asks, self._asks)
        if not changed_bids and not changed_asks:
            return
        self._depth_seq += 1
        line = preencode(DepthDelta(self._symbol, self._depth_seq, changed_bids, changed_asks))
        for reader in self.depth_readers:
            if reader.slow:
                reader.behind.add(self._symbol)
            else:
                reader.outbox.append(line)
                self._touch(reader)

    def _changed(self, side: Side, prices: set[Price], shown: Shown) -> list[Level]:
        changed: list[Level] = []
        for price in sorted(prices):  # a set's own order is no order to publish in
            quantity = self._book.quantity_at(side, price)
            if quantity != shown.get(price, 0):
                changed.append((price, quantity))
                if quantity:
                    shown[price] = quantity
                else:
                    del shown[price]
        return changed

    def _touch(self, peer: Peer) -> None:
        if not peer.touched:
            peer.touched = True
            self._touched.append(peer)


class MarketData:
    """The public streams of all instruments."""

    def __init__(self, book: Callable[[Symbol], Book | None], touched: Touched) -> None:
        """``book`` looks an instrument's book up; it is only read."""
        self._book = book
        self._touched = touched
        self._feeds: dict[Symbol, Feed] = {}
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
        self._feeds[symbol].readers(channel).remove(peer)
        self.active = any(feed.depth_readers or feed.tape_readers for feed in self._feeds.values())

    def unsubscribe_all(self, peer: Peer) -> None:
        """The peer is gone."""
        for channel, symbol in sorted(peer.subscriptions):
            self.unsubscribe(peer, channel, symbol)

    def catch_up(self, peer: Peer) -> None:
        """The peer reads again: a fresh snapshot for each depth stream that passed it by."""
        for symbol in sorted(peer.behind):
            if (Channel.DEPTH, symbol) in peer.subscriptions:
                self._feeds[symbol].send_snapshot(peer)
        peer.behind.clear()

    def publish(self, at_ns: Nanoseconds, events: Events) -> None:
        """Publish what the events of one command changed."""
        changed: dict[Symbol, tuple[set[Price], set[Price]]] = {}
        for event in events:
            match event:
                case OrderAccepted() | OrderCanceled() | OrderRested():
                    if event.price is not None:
                        self._mark(changed, event.symbol, event.side, event.price)
                case OrderReplaced():
                    self._mark(changed, event.symbol, event.side, event.old_price)
                    self._mark(changed, event.symbol, event.side, event.price)
                case Trade():
                    self._mark(changed, event.symbol, event.aggressor.opposite, event.price)
                    feed = self.feed(event.symbol)
                    if feed is not None:
                        feed.publish_trade(at_ns, event)
        for symbol, (bids, asks) in changed.items():
            feed = self._feeds.get(symbol)
            if feed is not None and feed.depth_readers:
                feed.publish_depth(bids, asks)

    @staticmethod
    def _mark(
        changed: dict[Symbol, tuple[set[Price], set[Price]]], symbol: Symbol, side: Side, price: Price
    ) -> None:
        sides = changed.get(symbol)
        if sides is None:
            changed[symbol] = sides = (set(), set())
        sides[0 if side is Side.BUY else 1].add(price)

"""The public streams of one instrument: depth, tape, status, auction.

In: a book to read, trades, changes of its phase. Out: lines, encoded once and put into every
subscriber's outbox. Depth and indications are read from the book and compared with what was
published last, so whatever an event did, a reader's copy equals the book (rule 48); nobody subscribed: nothing
is computed. A slow reader is passed by; ``send_state`` brings it up to date when it reads again.
"""

from typing import Final

from exchange.engine.auction import indicative
from exchange.engine.book import Book
from exchange.engine.events import (
    AuctionExtended,
    AuctionHeld,
    AuctionTrade,
    PhaseChanged,
    Trade,
    TradeBusted,
)
from exchange.engine.phases import is_call
from exchange.peers import Peer, Touched
from protocol import market
from protocol.checksum import checksum
from protocol.codec import preencode
from protocol.fields import Level
from protocol.market import (
    AuctionMessage,
    AuctionResult,
    DepthDelta,
    DepthSnapshot,
    Indication,
    PhaseStatus,
    PrintBusted,
    PublicMessage,
    TradePrint,
)
from protocol.vocabulary import Channel, Nanoseconds, Price, Quantity, Sequence, Side

Shown = dict[Price, Quantity]

_DEPTH: Final = Channel.DEPTH


class Feed:
    """Who reads which stream of one instrument, and what was published last."""

    def __init__(self, book: Book, touched: Touched) -> None:
        self._book = book
        self._symbol = book.instrument.symbol
        self._touched = touched
        self.readers: dict[Channel, list[Peer]] = {channel: [] for channel in Channel}
        self.depth_readers = self.readers[_DEPTH]
        self.tape_readers = self.readers[Channel.TRADES]
        self.auction_readers = self.readers[Channel.AUCTION]
        self._depth_seq: Sequence = 0
        self._tape_seq: Sequence = 0
        self._status_seq: Sequence = 0
        self._auction_seq: Sequence = 0
        # What depth readers have been shown; kept only while there are any.
        self._bids: Shown = {}
        self._asks: Shown = {}
        self._indication: Indication | None = None  # of the call that lasts
        self._auction: AuctionMessage | None = None  # the last message of the auction stream

    @property
    def has_readers(self) -> bool:
        return any(self.readers.values())

    def add(self, channel: Channel, peer: Peer) -> None:
        """Start a stream with how things stand."""
        if channel is _DEPTH and not self.depth_readers:
            self._bids = dict(self._book.depth(Side.BUY))
            self._asks = dict(self._book.depth(Side.SELL))
        elif channel is Channel.AUCTION:
            self.publish_indication()
        self.readers[channel].append(peer)
        if channel is not Channel.AUCTION or self._indication is not None:
            self.send_state(channel, peer)

    def send_state(self, channel: Channel, peer: Peer) -> None:
        """How things stand, to one reader: what comes next in the stream goes on from there.

        Of auctions that is the indication, outside of a call the last result. The tape has no state.
        """
        message: PublicMessage | None = None
        if channel is _DEPTH:
            bids, asks = sorted(self._bids.items(), reverse=True), sorted(self._asks.items())
            message = DepthSnapshot(self._symbol, self._depth_seq, checksum(bids, asks), bids, asks)
        elif channel is Channel.STATUS:
            message = PhaseStatus(self._symbol, self._status_seq, self._book.phase)
        elif channel is Channel.AUCTION:
            message = self._indication or self._auction
        if message is not None:
            peer.outbox.append(message)
            self._touch(peer)

    # -- tape ----------------------------------------------------------------------------------

    def publish_trade(self, at_ns: Nanoseconds, trade: Trade) -> None:
        self._tape_seq += 1
        if self.tape_readers:
            self._print(
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

    def publish_auction_trade(self, at_ns: Nanoseconds, trade: AuctionTrade) -> None:
        self._tape_seq += 1
        if self.tape_readers:
            self._print(
                TradePrint(self._symbol, self._tape_seq, trade.trade_id, at_ns, trade.price, trade.quantity)
            )

    def publish_bust(self, at_ns: Nanoseconds, busted: TradeBusted) -> None:
        """A print does not count any more; it takes the next number of the tape."""
        self._tape_seq += 1
        if self.tape_readers:
            self._print(PrintBusted(self._symbol, self._tape_seq, busted.trade_id, at_ns))

    def _print(self, print_: TradePrint | PrintBusted) -> None:
        line = preencode(print_)
        for reader in self.tape_readers:
            if not reader.slow:
                reader.outbox.append(line)
                self._touch(reader)

    # -- depth ---------------------------------------------------------------------------------

    def publish_book(self) -> None:
        """Look at every price level: for commands that change more than their events name."""
        book = self._book
        self.publish_depth(
            {*self._bids, *(price for price, _ in book.depth(Side.BUY))},
            {*self._asks, *(price for price, _ in book.depth(Side.SELL))},
        )

    def publish_depth(self, bids: set[Price], asks: set[Price]) -> None:
        """Look at these price levels and publish those that differ from what was shown."""
        changed_bids = self._changed(Side.BUY, bids, self._bids)
        changed_asks = self._changed(Side.SELL, asks, self._asks)
        if not changed_bids and not changed_asks:
            return
        self._depth_seq += 1
        check = checksum(self._book.depth(Side.BUY), self._book.depth(Side.SELL))
        self._publish(_DEPTH, DepthDelta(self._symbol, self._depth_seq, check, changed_bids, changed_asks))

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

    # -- status and auctions -------------------------------------------------------------------

    def publish_phase(self, at_ns: Nanoseconds, change: PhaseChanged) -> None:
        if not is_call(change.phase):
            self._indication = None
        if change.phase is not change.previous:
            self._status_seq += 1
            self._publish(
                Channel.STATUS,
                PhaseStatus(self._symbol, self._status_seq, change.phase, change.previous, at_ns),
            )

    def publish_indication(self) -> None:
        """What an auction would give now, while a call lasts and if it differs from the last time."""
        if not is_call(self._book.phase):
            self._indication = None
            return
        price, volume, surplus = indicative(self._book)
        last = self._indication
        if last is None or (last.price, last.volume, last.surplus) != (price, volume, surplus):
            self._auction_seq += 1
            self._indication = Indication(self._symbol, self._auction_seq, volume, surplus, price)
            self._publish_auction(self._indication)

    def publish_result(self, at_ns: Nanoseconds, held: AuctionHeld) -> None:
        self._auction_seq += 1
        self._publish_auction(
            AuctionResult(self._symbol, self._auction_seq, at_ns, held.volume, held.surplus, held.price)
        )

    def publish_extension(self, at_ns: Nanoseconds, extended: AuctionExtended) -> None:
        self._auction_seq += 1
        self._publish_auction(market.AuctionExtended(self._symbol, self._auction_seq, at_ns, extended.price))

    def _publish_auction(self, message: AuctionMessage) -> None:
        self._auction = message
        self._publish(Channel.AUCTION, message)

    def _publish(self, channel: Channel, message: PublicMessage) -> None:
        """To everybody who can take more; the others get the state when they can."""
        line = preencode(message)
        for reader in self.readers[channel]:
            if reader.slow:
                reader.behind.add((channel, self._symbol))
            else:
                reader.outbox.append(line)
                self._touch(reader)

    def _touch(self, peer: Peer) -> None:
        if not peer.touched:
            peer.touched = True
            self._touched.append(peer)

"""Events to public streams of all instruments, to peers and to listeners within the process.

In: the events of one command, after its private reports are in their outboxes (rule 47); who wants to read what.
Out: once a turn, bytes for those who only read (``end_turn``); lines in the outboxes of all others; messages for
listeners, at once. Nobody reads: nothing is computed, but trades are noted, for the tape, candles and statistics of
those who come later.

A slow reader is passed by; when it can take more it is shown how things stand (``catch_up``).
"""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final

from exchange.engine.book import Book
from exchange.engine.engine import Events
from exchange.engine.events import (
    AuctionExtended,
    AuctionHeld,
    AuctionTrade,
    DayEnded,
    LastPriceSet,
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
from exchange.market_data.audience import Audiences
from exchange.market_data.instrument import Instrument
from exchange.market_data.keys import NoSuchStream, StreamKey, place_of
from exchange.market_data.stream import Change, Listener, Stream
from exchange.peers import Output, Peer, Touched
from protocol.market import Bar, PublicMessage, TradePrint
from protocol.vocabulary import Channel, ErrorCode, Interval, Nanoseconds, OrderId, Symbol

_MOST_NOTED: Final = 4096
"""Events that may wait to be looked through for trades: a megabyte or so, and some milliseconds of work."""


class MarketData:
    """The public streams of one venue."""

    def __init__(self, book: Callable[[Symbol], Book | None], touched: Touched) -> None:
        """``book`` looks an instrument's book up; it is only read."""
        self._book = book
        self._instruments: dict[Symbol, Instrument] = {}
        self.audiences = Audiences(touched)
        self._late: dict[Stream, None] = {}  # wait for the end of the turn
        self._noted: list[tuple[Nanoseconds, Events]] = []
        self._noted_events = 0
        self._readers: Counter[Channel] = Counter(dict.fromkeys(Channel, 0))
        self.active = False
        """Whether anyone reads anything; if not, ``note`` does instead of ``publish``."""
        self.conflations = 0
        """How often somebody was shown how a stream stands in place of messages that were left out."""

    # -- who reads -----------------------------------------------------------------------------

    def knows(self, symbol: Symbol) -> bool:
        """Whether there is such an instrument."""
        return self._book(symbol) is not None

    def check(self, key: StreamKey) -> None:
        """Have it said if there is no such stream.

        Raises:
            NoSuchStream: no such instrument.
        """
        if not self.knows(key.symbol):
            raise NoSuchStream(ErrorCode.UNKNOWN_SYMBOL, "symbol", f"no instrument {key.symbol!r}")

    def subscribe(self, peer: Peer, key: StreamKey) -> None:
        """Start a stream that the peer does not have yet, of an instrument that exists, with how things stand.

        A slow peer is shown that when it can take more.
        """
        stream = self._begin(key)
        peer.subscriptions[key] = stream
        if peer.slow:
            peer.missed[key] = -1
            return
        # First it takes its seat: what it reads already may have been told it in this turn.
        self.audiences.add(peer, stream)
        _send(peer, stream.state())

    def unsubscribe(self, peer: Peer, key: StreamKey) -> None:
        """End a stream that the peer has."""
        stream = peer.subscriptions.pop(key)
        peer.missed.pop(key, None)
        if peer.audience is not None:
            self.audiences.remove(peer, stream)
        self._end(stream)

    def unsubscribe_all(self, peer: Peer) -> None:
        """The peer is gone, or is to be told nothing more."""
        self.audiences.forget(peer)
        for stream in peer.subscriptions.values():
            self._end(stream)
        peer.subscriptions.clear()
        peer.missed.clear()

    def passes_by(self, peer: Peer) -> None:
        """The peer can take no more for now: what is published goes past it."""
        peer.slow = True
        self.audiences.unseat(peer)
        for key, stream in peer.subscriptions.items():
            peer.missed.setdefault(key, stream.seq)

    def catch_up(self, peer: Peer) -> None:
        """The peer can take more again, if it is not ``slow``: how things stand, for each stream that passed it by."""
        if peer.slow or peer.audience is not None or not peer.subscriptions:
            return
        self.audiences.seat(peer)
        self._digest()
        for key in sorted(peer.missed, key=place_of):
            stream, seen = peer.subscriptions[key], peer.missed[key]
            if seen < 0:
                _send(peer, stream.state())
            elif seen != stream.seq:
                self.conflations += 1
                _send(peer, stream.missed())
        peer.missed.clear()

    def listen(self, key: StreamKey, listener: Listener) -> None:
        """Have ``listener`` called with every message of a stream, of an instrument that exists; the first one, if
        there is anything to tell, says how things stand.
        """
        stream = self._begin(key)
        stream.listeners += (listener,)
        first = stream.state()
        if first is not None:
            listener(first)

    def unlisten(self, key: StreamKey, listener: Listener) -> None:
        """Call it no more."""
        stream = self._instruments[key.symbol].stream(key)
        stream.listeners = tuple(one for one in stream.listeners if one is not listener)
        self._end(stream)

    def snapshot(self, key: StreamKey) -> PublicMessage | None:
        """How a stream stands, whether or not anybody reads it; ``None``: there is nothing to tell, or no such
        instrument.
        """
        if not self.knows(key.symbol):
            return None
        self._digest()
        stream = self._instrument(key.symbol).stream(key)
        if stream.readers:
            return stream.state()
        stream.begin()
        state = stream.state()
        stream.end()
        return state

    def recovery(self, key: StreamKey) -> PublicMessage | None:
        """What stands for messages of a stream that a listener did not take; to be told next, for what follows goes on
        from there.
        """
        self.conflations += 1
        self._digest()
        return self._instruments[key.symbol].stream(key).missed()

    def instruments(self) -> Iterable[Instrument]:
        """Those of which anything was ever asked, or noted."""
        return self._instruments.values()

    def subscribers(self) -> dict[Channel, int]:
        """How many streams are being read on each channel, counted once for each reader."""
        return {channel: self._readers[channel] for channel in Channel}

    @property
    def published(self) -> int:
        """Messages published so far, each counted once, however many read it."""
        return sum(stream.published for one in self._instruments.values() for stream in one.streams())

    # -- what happened -------------------------------------------------------------------------

    def note(self, at_ns: Nanoseconds, events: Events) -> None:
        """A command was carried out while nobody reads; needed only if something traded, or was undone, or the day ended."""
        self._noted.append((at_ns, events))
        self._noted_events += len(events)
        if self._noted_events > _MOST_NOTED:
            self._digest()

    def publish(self, at_ns: Nanoseconds, events: Events) -> None:
        """Publish what the events of one command changed."""
        changes: dict[Instrument, Change] = {}
        arrived: OrderId = 0
        traded = False
        instruments = self._instruments
        event: Any
        for event in events:
            kind = type(event)
            if kind not in _CONCERNS_BOOKS:
                if kind is DayEnded:
                    traded = True
                    self._end_day(at_ns, event, changes)
                continue
            instrument = instruments.get(event.symbol)
            if instrument is None or not instrument.is_read:
                traded = traded or kind in _ON_THE_TAPE
                continue
            change = changes.get(instrument)
            if change is None:
                changes[instrument] = change = Change(at_ns)
            change.events.append(event)
            if kind is OrderAccepted:
                arrived = event.order_id
                change.mark(event.side, event.price)
            elif kind is Trade:
                traded = change.traded = True
                change.mark(event.aggressor.opposite, event.price)
                if event.taker_order_id != arrived:
                    # It rested, all or none, and found enough now: no event tells where.
                    change.whole = True
            elif kind in _AT_PRICE:
                change.mark(event.side, event.price)
            elif kind is OrderReplaced or kind is OrderRepriced:
                if kind is OrderReplaced:
                    arrived = event.order_id
                change.mark(event.side, event.old_price)
                change.mark(event.side, event.price)
            elif kind in _WHOLE_BOOK:
                change.whole = True
                if kind is AuctionTrade:
                    traded = change.traded = True
            elif kind is TradeBusted:
                traded = change.traded = True
            if kind in instrument.telling:
                for stream in instrument.telling[kind]:
                    stream.tell(at_ns, event)
        if traded:
            self.note(at_ns, events)  # before what is made of it is asked
        for instrument, change in changes.items():
            if change.traded and instrument.made_of_trades:
                self._digest()
            for stream in instrument.settling:
                stream.settle(change)

    def seed(self, symbol: Symbol, trades: Iterable[TradePrint], bars: Mapping[Interval, list[Bar]]) -> None:
        """What is known of an instrument from before this start of the venue; to be called before anybody reads.

        ``trades``: those of the trading day so far, oldest first, without those undone; their ``seq`` is not looked
        at. ``bars``: the last ones of each interval, oldest first, these trades included.
        """
        self._instrument(symbol).seed(trades, bars)

    # -- turns ---------------------------------------------------------------------------------

    @property
    def has_news(self) -> bool:
        """Whether ``end_turn`` has something to do."""
        return bool(self._late) or self.audiences.has_news

    @property
    def is_heard(self) -> bool:
        """Whether something was published for others than those who have been touched."""
        return self.audiences.is_heard

    def flush(self) -> None:
        """Publish what is published once a turn."""
        if self._late:
            for stream in self._late:
                if stream.readers:
                    stream.flush()
            self._late.clear()

    def end_turn(self) -> list[Output]:
        """The turn is over, and has been flushed: what everybody is to be sent who has not been touched."""
        return self.audiences.end_turn()

    # -- inside --------------------------------------------------------------------------------

    def _instrument(self, symbol: Symbol) -> Instrument:
        """The streams of an instrument that exists."""
        found = self._instruments.get(symbol)
        if found is None:
            book = self._book(symbol)
            assert book is not None, "whoever asks knows that it exists"
            self._instruments[symbol] = found = Instrument(book, self._late)
        return found

    def _begin(self, key: StreamKey) -> Stream:
        """One reader more."""
        self._digest()
        instrument = self._instrument(key.symbol)
        stream = instrument.stream(key)
        if not stream.readers:
            stream.begin()
        stream.readers += 1
        if stream.readers == 1:
            instrument.sort_out()
        self._readers[key.channel] += 1
        self.active = True
        return stream

    def _end(self, stream: Stream) -> None:
        """One reader less."""
        stream.readers -= 1
        self._readers[stream.key.channel] -= 1
        if not stream.readers:
            stream.end()
            stream.instrument.sort_out()
            self.active = any(self._readers.values())

    def _end_day(self, at_ns: Nanoseconds, event: DayEnded, changes: dict[Instrument, Change]) -> None:
        """It concerns all instruments."""
        for instrument in self._instruments.values():
            if instrument.is_read:
                change = changes.setdefault(instrument, Change(at_ns))
                change.events.append(event)
                change.traded = True

    def _digest(self) -> None:
        """Tell the keepers what was noted."""
        if not self._noted:
            return
        noted, self._noted, self._noted_events = self._noted, [], 0
        event: Any
        for at_ns, events in noted:
            for event in events:
                kind = type(event)
                if kind is Trade or kind is AuctionTrade:
                    self._instrument(event.symbol).printed(at_ns, event)
                elif kind is TradeBusted:
                    self._instrument(event.symbol).busted(at_ns, event)
                elif kind is DayEnded:
                    for instrument in self._instruments.values():
                        instrument.day_ended(at_ns)


_AT_PRICE: Final = frozenset[type]((OrderCanceled, OrderRested, SelfTradePrevented))
"""Events that name the one price level which they changed, if any."""

_WHOLE_BOOK: Final = frozenset[type]((AuctionTrade, PhaseChanged, StopTriggered))
"""Events that change price levels which they do not name: orders fill at the auction's price and rest
elsewhere, orders for the close enter the book, a stop may come to rest at its limit."""

_ON_THE_TAPE: Final = frozenset[type]((Trade, AuctionTrade, TradeBusted))

_CONCERNS_BOOKS: Final = (
    _AT_PRICE
    | _WHOLE_BOOK
    | {
        OrderAccepted,
        Trade,
        OrderReplaced,
        OrderRepriced,
        AuctionHeld,
        AuctionExtended,
        TradeBusted,
        LastPriceSet,
    }
)
"""Events of an instrument that market data looks at."""


def _send(peer: Peer, message: PublicMessage | None) -> None:
    if message is not None:
        peer.outbox.append(message)

"""A venue and everybody who can read its market data: peers that come, go and fall behind, and listeners.

In: commands. Out: an ``AssertionError`` as soon as what somebody was told does not amount to what is true. Peers read
bytes; every stream of every instrument has a listener from the beginning on, who is looked at after each command.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from random import Random
from typing import Final

import msgspec

from exchange.access import Access
from exchange.engine.commands import AddInstrument, Command
from exchange.engine.engine import Events
from exchange.journal.recovery import start_from
from exchange.market_data.keys import StreamKey
from exchange.peers import Peer, Touched
from exchange.venue import Venue
from protocol.codec import server_message_decoder
from protocol.market import PublicMessage
from protocol.messages import Heartbeat
from protocol.session import ServerSession
from protocol.vocabulary import Channel, Symbol
from tests.support.market_copies import Copy, Truth, copy_of, keys_of


class Reader:
    """A connection, and a copy of each stream that it has subscribed to."""

    def __init__(self, venue: Venue) -> None:
        self.venue = venue
        self.peer = Peer(ServerSession())
        self.copies: dict[StreamKey, Copy] = {}
        self._decoder = server_message_decoder()
        self._lines = 0

    def subscribe(self, key: StreamKey) -> None:
        self.copies[key] = copy_of(key)
        self.venue.market_data.subscribe(self.peer, key)

    def unsubscribe(self, key: StreamKey) -> Copy:
        """The copy still takes what was on its way."""
        self.venue.market_data.unsubscribe(self.peer, key)
        return self.copies.pop(key)

    def fall_behind(self) -> None:
        self.venue.market_data.passes_by(self.peer)

    def catch_up(self) -> None:
        for copy in self.copies.values():
            copy.passed_by()
        self.peer.slow = False
        self.venue.market_data.catch_up(self.peer)

    def hear_something_of_its_own(self) -> None:
        self.venue.touch(self.peer)
        self.peer.outbox.append(Heartbeat())

    def messages(self, data: bytes) -> Iterator[PublicMessage]:
        for line, message in self._decoder.decode(data, self._lines + 1):
            self._lines = line
            if not isinstance(message, Heartbeat):
                assert not isinstance(message, Exception), message
                yield message  # type: ignore[misc]  # nothing else is sent here


class Lossy:
    """A listener within the process that now and then is too busy, and has to recover."""

    def __init__(self, venue: Venue, key: StreamKey) -> None:
        self._hub = venue.market_data
        self.key = key
        self.copy = copy_of(key)
        self.is_busy = False
        self._lost = False
        self._hub.listen(key, self._hear)

    def _hear(self, message: PublicMessage) -> None:
        if self.is_busy:
            self._lost = True
        else:
            self.copy.read(message)

    def recover(self) -> None:
        self.is_busy = False
        if self._lost:
            self._lost = False
            self.copy.passed_by()
            message = self._hub.recovery(self.key)
            if message is not None:
                self.copy.read(message)


class Readers:
    """A venue that trades, and all who read."""

    def __init__(self, listed: Iterable[AddInstrument], seed: int, step_ns: int, peers: int = 4) -> None:
        """Command number n happens at n times ``step_ns``."""
        self.rng: Final = Random(seed)
        touched: Touched = []
        state = start_from(None, lambda: state.sequencer.last_seq * step_ns, touched)
        self.venue = Venue("test", state.sequencer, state.reports, touched, Access(open=True))
        for instrument in listed:
            self.venue.act(msgspec.structs.replace(instrument))
        books = self.venue.engine.books
        self.truths: dict[Symbol, Truth] = {symbol: Truth(book) for symbol, book in books.items()}
        self.keys = [key for symbol in books for key in keys_of(symbol)]
        self.readers = [Reader(self.venue) for _ in range(peers)]
        self.listeners = {key: copy_of(key) for key in self.keys}
        self.lossy = [Lossy(self.venue, key) for key in self.keys]
        self._by_peer = {reader.peer: reader for reader in self.readers}

    def listen(self) -> None:
        """Have a listener in every stream from now on."""
        for key, copy in self.listeners.items():
            self.venue.market_data.listen(key, copy.read)

    def submit(self, command: Command) -> Events:
        """Carry it out; whatever listeners have been told is what is true, after every single command."""
        stamped = msgspec.structs.replace(command)
        events = self.venue.act(stamped)
        for truth in self.truths.values():
            truth.read(stamped.at_ns, events)
        for key, copy in self.listeners.items():
            if copy.messages and key.channel is not Channel.AUCTION:  # those speak at the end of the turn
                copy.compare(self.truths[key.symbol])
        return events

    def happen(self) -> None:
        """Something about readers."""
        rng = self.rng
        reader, kind = rng.choice(self.readers), rng.random()
        if kind < 0.4:
            self._subscribe(reader)
        elif kind < 0.55 and reader.copies:
            self._unsubscribe(reader)
        elif kind < 0.65:
            reader.hear_something_of_its_own()
        elif kind < 0.75:
            reader.fall_behind()
        elif kind < 0.85 and reader.peer.slow:
            reader.catch_up()
        elif kind < 0.95:
            lossy = rng.choice(self.lossy)
            if lossy.is_busy:
                lossy.recover()
            else:
                lossy.is_busy = True
        else:
            self.look(rng.choice(self.keys))

    def _subscribe(self, reader: Reader) -> None:
        # Two of them like the same streams, and so read as one audience now and then.
        chosen = self.rng.choice(self.keys[:6] if reader in self.readers[:2] else self.keys)
        if chosen not in reader.copies:
            reader.subscribe(chosen)

    def _unsubscribe(self, reader: Reader) -> None:
        self.end_turn()
        reader.unsubscribe(self.rng.choice(sorted(reader.copies, key=repr)))

    def look(self, key: StreamKey) -> None:
        """How a stream stands, whether or not it is read."""
        self.end_turn()
        state = self.venue.market_data.snapshot(key)
        if state is not None:
            copy = copy_of(key)
            copy.read(state)
            copy.compare(self.truths[key.symbol])

    def end_turn(self) -> None:
        """Everybody gets his bytes; whoever is not behind knows how things stand."""
        for output in self.venue.take_output():
            reader = self._by_peer[output.peer]
            for message in reader.messages(output.data):
                for key, copy in reader.copies.items():
                    if _belongs(message, key):
                        copy.read(message)
        self.venue.take_turn()
        for reader in self.readers:
            if not reader.peer.slow:
                for key, copy in reader.copies.items():
                    self._compare(copy, key)
        for lossy in self.lossy:
            if not lossy.is_busy:
                self._compare(lossy.copy, lossy.key)
        for key, copy in self.listeners.items():
            self._compare(copy, key)

    def _compare(self, copy: Copy, key: StreamKey) -> None:
        if copy.messages or key.channel is not Channel.AUCTION:
            copy.compare(self.truths[key.symbol])


_CHANNELS: Final = {
    "BestPrices": Channel.BBO,
    "DepthSnapshot": Channel.DEPTH,
    "DepthDelta": Channel.DEPTH,
    "OrdersSnapshot": Channel.ORDERS,
    "OrdersDelta": Channel.ORDERS,
    "TradesSnapshot": Channel.TRADES,
    "TradePrint": Channel.TRADES,
    "PrintBusted": Channel.TRADES,
    "CandlesSnapshot": Channel.CANDLES,
    "Candle": Channel.CANDLES,
    "DayStatistics": Channel.STATISTICS,
    "PhaseStatus": Channel.STATUS,
    "Indication": Channel.AUCTION,
    "AuctionResult": Channel.AUCTION,
    "AuctionExtended": Channel.AUCTION,
}


def _belongs(message: PublicMessage, key: StreamKey) -> bool:
    """Whether a message on a connection is of that stream."""
    return (
        _CHANNELS[type(message).__name__] is key.channel
        and message.symbol == key.symbol
        and getattr(message, "levels", None) == key.levels
        and getattr(message, "interval", None) == key.interval
    )

"""Public streams, shared and kept right: one subscription for each, however many read it.

In: what the venue sends on its public streams, and readers that come and go. Out: requests to subscribe with the
first reader and to unsubscribe with the last; every reader's feed, filled. A reader that comes late is shown at
once how things stand.

A stream with a hole, a wrong checksum or an impossible change is unsubscribed and subscribed again; its readers see
nothing of that but the next correct state. One that needs it more than ``MAX_RECOVERIES`` times without
a correct change between ends with the error. No awaiting here: fan-out never waits for one reader because of another.
"""

from collections.abc import Sequence as Row
from typing import Any, Final, Protocol

from protocol.errors import ChecksumMismatch, ImpossibleChange, RemoteProtocolError, SequenceGap, VenueError
from protocol.fields import Message
from protocol.messages import Error, Subscribed
from protocol.vocabulary import Channel, Sequence
from traders.book_view import BookView
from traders.market.complete import AuctionView, BestView, StatisticsView, StatusView
from traders.market.items import Heard
from traders.market.keys import CHANGES, Route, StreamKey, route_of
from traders.market.orders import OrdersView
from traders.market.readers import Reader, StateView
from traders.market.tape import CandlesView, TapeView

MAX_RECOVERIES: Final = 5
"""In a row: a venue that can't say a book right so often will not the next time, and each one costs it a snapshot."""


class NewsView(Protocol):
    """A view of what happened."""

    seq: Sequence | None

    def apply(self, message: Any) -> Row[Heard]:
        """Take the next message; what is new."""
        ...

    def standing(self) -> Row[Heard]:
        """What a late reader is shown."""
        ...


class Line(Protocol):
    """Where requests go."""

    @property
    def is_active(self) -> bool:
        """Whether they can be sent."""
        ...

    def send(self, message: Message) -> int:
        """Send one; the number of its line."""
        ...


class _Stream:
    """A subscription and its readers."""

    view: StateView | NewsView

    def __init__(self, key: StreamKey) -> None:
        self.key = key
        self.readers: list[Reader] = []
        self.line = 0
        self.confirmed = False  # the venue has said ``subscribed``, so a snapshot comes before any change
        self.recoveries = 0  # in a row

    def take(self, message: Message) -> None:
        """Apply a message and tell the readers."""
        raise NotImplementedError

    def show(self, reader: Reader) -> None:
        """Tell a late reader how things stand."""
        raise NotImplementedError


class _StateStream(_Stream):
    def __init__(self, key: StreamKey, view: StateView) -> None:
        super().__init__(key)
        self.view: StateView = view

    def take(self, message: Any) -> None:
        view = self.view
        view.apply(message)
        for reader in self.readers:
            reader.changed(self.key, view)

    def show(self, reader: Reader) -> None:
        if self.view.seq is not None:
            reader.changed(self.key, self.view)


class _NewsStream(_Stream):
    def __init__(self, key: StreamKey, view: NewsView) -> None:
        super().__init__(key)
        self.view: NewsView = view

    def take(self, message: Any) -> None:
        for one in self.view.apply(message):
            for reader in self.readers:
                reader.heard(self.key, one)

    def show(self, reader: Reader) -> None:
        for one in self.view.standing():
            reader.heard(self.key, one)


def _stream(key: StreamKey) -> _Stream:
    match key.channel:
        case Channel.BBO:
            return _StateStream(key, BestView(key.symbol))
        case Channel.DEPTH:
            return _StateStream(key, BookView(key.symbol, str(key)))
        case Channel.ORDERS:
            return _StateStream(key, OrdersView(key.symbol))
        case Channel.TRADES:
            return _NewsStream(key, TapeView(key.symbol))
        case Channel.CANDLES:
            assert key.interval is not None
            return _NewsStream(key, CandlesView(key.symbol, key.interval))
        case Channel.STATISTICS:
            return _StateStream(key, StatisticsView(key.symbol))
        case Channel.STATUS:
            return _NewsStream(key, StatusView())
        case Channel.AUCTION:
            return _NewsStream(key, AuctionView())


class MarketData:
    """All subscriptions of a session."""

    def __init__(self, line: Line) -> None:
        self.recoveries = 0
        """How often a stream was subscribed again because it was wrong."""
        self._line = line
        self._streams: dict[Route, _Stream] = {}

    def join(self, key: StreamKey, reader: Reader) -> None:
        """Add a reader; it must ``leave`` with the same key."""
        stream = self._streams.get(key)
        if stream is None:
            stream = _stream(key)
            self._subscribe(stream)
            self._streams[key] = stream
        stream.readers.append(reader)
        stream.show(reader)

    def leave(self, key: StreamKey, reader: Reader) -> None:
        """Remove a reader."""
        stream = self._streams.get(key)
        if stream is None or reader not in stream.readers:
            return
        stream.readers.remove(reader)
        if not stream.readers:
            self._close(stream)

    def subscribed(self, message: Subscribed) -> None:
        """The venue takes a subscription: what follows belongs to it."""
        key = (message.channel, message.symbol, message.levels, message.interval)
        stream = self._streams.get(key)
        if stream is not None:
            stream.confirmed = True

    def take(self, message: Message) -> None:
        """Apply a message of a public stream and tell its readers."""
        stream = self._streams.get(route_of(message))
        if stream is None:
            return  # nobody reads it any more
        is_change = type(message) in CHANGES
        if is_change and stream.view.seq is None and not stream.confirmed:
            return  # of before a new reader came, or of before a recovery; the snapshot is on the way
        try:
            stream.take(message)
        except (SequenceGap, ChecksumMismatch, ImpossibleChange) as fault:
            self._recover(stream, fault)
        else:
            if is_change:
                stream.recoveries = 0

    def refused(self, message: Error) -> bool:
        """The venue refused a line; if it was one of our subscriptions its readers hear of it."""
        for stream in self._streams.values():
            if message.line == stream.line:
                self._drop(stream, RemoteProtocolError(message.code, message.text, stream.line))
                return True
        return False

    def end(self, error: VenueError) -> None:
        """The session is over."""
        for stream in list(self._streams.values()):
            self._drop(stream, error)

    # -- inside ------------------------------------------------------------------------------------
    def _recover(self, stream: _Stream, fault: VenueError) -> None:
        if stream.recoveries == MAX_RECOVERIES:
            self._close(stream)
            for reader in stream.readers:
                reader.end(fault)
            return
        for reader in stream.readers:
            reader.lost(stream.key)
        if self._line.is_active:
            stream.recoveries += 1
            self.recoveries += 1
            self._line.send(stream.key.unsubscribe)
            self._subscribe(stream)

    def _subscribe(self, stream: _Stream) -> None:
        stream.confirmed = False
        stream.line = self._line.send(stream.key.subscribe)

    def _close(self, stream: _Stream) -> None:
        del self._streams[stream.key]
        if self._line.is_active:
            self._line.send(stream.key.unsubscribe)

    def _drop(self, stream: _Stream, error: VenueError) -> None:
        del self._streams[stream.key]
        for reader in stream.readers:
            reader.end(error)

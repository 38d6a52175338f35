"""Public streams, shared: one subscription for each, however many read it.

In: what the venue sends on its public streams, and readers that come and go. Out: requests to
subscribe with the first reader and to unsubscribe with the last; every reader's feed, filled.
A reader that comes late is shown book, phase and indication at once. No awaiting here: fan-out never
waits for one reader because of another.
"""

from collections.abc import Callable
from typing import Protocol, TypeVar

from protocol.errors import RemoteProtocolError, SequenceGap, VenueError
from protocol.fields import Message
from protocol.market import (
    AuctionMessage,
    AuctionResult,
    DepthDelta,
    DepthSnapshot,
    Indication,
    PhaseStatus,
    PrintBusted,
    TradePrint,
)
from protocol.messages import Error, Subscribe, Unsubscribe
from protocol.vocabulary import Channel, Symbol
from traders.book_view import BookView, Depth
from traders.feed import Inbox, Latest, Queue

Heard = TradePrint | PrintBusted | PhaseStatus | AuctionMessage
"""What is passed on as it comes; depth is kept as a book instead."""


class Reader(Protocol):
    """One reader of public streams."""

    def depth_changed(self, book: BookView) -> None:
        """The book changed; ``book`` already shows it."""
        ...

    def heard(self, message: Heard) -> None:
        """A trade printed on the tape, a phase changed, an auction was indicated or held."""
        ...

    def end(self, error: VenueError) -> None:
        """Nothing follows."""
        ...


class DepthReader(Latest[Depth]):
    """Depth of one instrument, conflated, at most ``levels`` price levels a side."""

    def __init__(self, symbol: Symbol, levels: int | None) -> None:
        super().__init__(f"depth of {symbol}", self._view)
        self._levels = levels
        self._book = BookView(symbol)

    def _view(self) -> Depth:
        return self._book.view(self._levels)

    def depth_changed(self, book: BookView) -> None:
        self._book = book
        self.touch()

    def heard(self, message: Heard) -> None:
        """Not subscribed to."""


class TapeReader(Queue[TradePrint | PrintBusted]):
    """Every print of one instrument, and every one that was undone."""

    def depth_changed(self, book: BookView) -> None:
        """Not subscribed to."""

    def heard(self, message: Heard) -> None:
        if isinstance(message, TradePrint | PrintBusted):
            self.put(message)


class StatusReader(Queue[PhaseStatus]):
    """The phase of one instrument, and every change of it."""

    def depth_changed(self, book: BookView) -> None:
        """Not subscribed to."""

    def heard(self, message: Heard) -> None:
        if isinstance(message, PhaseStatus):
            self.put(message)


class AuctionReader(Inbox[AuctionMessage]):
    """Auctions of one instrument: indications conflate, results and extensions are kept."""

    def depth_changed(self, book: BookView) -> None:
        """Not subscribed to."""

    def heard(self, message: Heard) -> None:
        if isinstance(message, Indication):
            self.touch(message.symbol, lambda: message)
        elif isinstance(message, AuctionMessage):
            self.put(message)


ItemT = TypeVar("ItemT")


class MarketInbox(Inbox[ItemT | Depth | Heard]):
    """Any public streams of any number of instruments, beside other items; depth and indications conflate."""

    def __init__(self, name: str, limit: int, levels: int | None) -> None:
        super().__init__(name, limit)
        self._levels = levels

    def depth_changed(self, book: BookView) -> None:
        self.touch(book.symbol, lambda: book.view(self._levels))

    def heard(self, message: Heard) -> None:
        if isinstance(message, Indication):
            self.touch(f"auction of {message.symbol}", lambda: message)
        else:
            self.put(message)


class _Subscription:
    __slots__ = ("book", "line", "readers", "stands")

    def __init__(self, book: BookView | None) -> None:
        self.readers: list[Reader] = []
        self.book = book
        self.stands: PhaseStatus | Indication | None = None  # what a late reader is shown
        self.line = 0


class MarketData:
    """All subscriptions of a session. ``send`` puts a message on the wire, returning its line."""

    def __init__(self, send: Callable[[Message], int]) -> None:
        self._send = send
        self._subscriptions: dict[tuple[Channel, Symbol], _Subscription] = {}

    def join(self, channel: Channel, symbol: Symbol, reader: Reader) -> None:
        """Add a reader; it must ``leave`` with the same words."""
        subscription = self._subscriptions.get((channel, symbol))
        if subscription is None:
            book = BookView(symbol) if channel is Channel.DEPTH else None
            subscription = _Subscription(book)
            subscription.line = self._send(Subscribe(channel, symbol))
            self._subscriptions[channel, symbol] = subscription
        subscription.readers.append(reader)
        book = subscription.book
        if book is not None and book.seq is not None:
            reader.depth_changed(book)
        if subscription.stands is not None:
            reader.heard(subscription.stands)

    def leave(self, channel: Channel, symbol: Symbol, reader: Reader, *, active: bool) -> None:
        """Remove a reader. ``active``: the session still takes requests."""
        subscription = self._subscriptions.get((channel, symbol))
        if subscription is None or reader not in subscription.readers:
            return
        subscription.readers.remove(reader)
        if not subscription.readers:
            del self._subscriptions[channel, symbol]
            if active:
                self._send(Unsubscribe(channel, symbol))

    def depth(self, message: DepthSnapshot | DepthDelta) -> None:
        """Apply a change of a book and tell its readers."""
        subscription = self._subscriptions.get((Channel.DEPTH, message.symbol))
        # Nobody reads it any more, or a new reader came and its snapshot is on the way.
        if subscription is None or subscription.book is None:
            return
        if subscription.book.seq is None and isinstance(message, DepthDelta):
            return
        try:
            subscription.book.apply(message)
        except SequenceGap as gap:
            self._drop(Channel.DEPTH, message.symbol, gap)
            self._send(Unsubscribe(Channel.DEPTH, message.symbol))
            return
        for reader in subscription.readers:
            reader.depth_changed(subscription.book)

    def trade(self, message: TradePrint | PrintBusted) -> None:
        """Give a print, or that it was undone, to its readers."""
        subscription = self._subscriptions.get((Channel.TRADES, message.symbol))
        if subscription is not None:
            for reader in subscription.readers:
                reader.heard(message)

    def status(self, message: PhaseStatus) -> None:
        """Tell of a phase."""
        subscription = self._subscriptions.get((Channel.STATUS, message.symbol))
        if subscription is not None:
            subscription.stands = PhaseStatus(message.symbol, message.seq, message.phase)
            for reader in subscription.readers:
                reader.heard(message)

    def auction(self, message: AuctionMessage) -> None:
        """Tell of an auction. An indication stands until the auction is held."""
        subscription = self._subscriptions.get((Channel.AUCTION, message.symbol))
        if subscription is not None:
            if isinstance(message, Indication):
                subscription.stands = message
            elif isinstance(message, AuctionResult):
                subscription.stands = None
            for reader in subscription.readers:
                reader.heard(message)

    def refused(self, message: Error) -> bool:
        """The venue refused a line; if it was one of our subscriptions its readers hear of it."""
        for (channel, symbol), subscription in self._subscriptions.items():
            if message.line == subscription.line:
                self._drop(
                    channel, symbol, RemoteProtocolError(message.code, message.text, subscription.line)
                )
                return True
        return False

    def end(self, error: VenueError) -> None:
        """The session is over."""
        for channel, symbol in list(self._subscriptions):
            self._drop(channel, symbol, error)

    def _drop(self, channel: Channel, symbol: Symbol, error: VenueError) -> None:
        for reader in self._subscriptions.pop((channel, symbol)).readers:
            reader.end(error)

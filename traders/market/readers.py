"""Who reads public streams, and what of a stream each of them gets.

In: what the subscriptions tell. Out: feeds, see ``traders.policies``: how things stand conflates, what happened is kept
and bounded. How they are waited for is up to what runs them: ``traders.market.awaited`` under asyncio.
"""

from collections.abc import Callable
from typing import Any, Protocol, TypeVar

from protocol.errors import SlowConsumer, VenueError
from protocol.market import (
    AuctionMessage,
    Bar,
    Candle,
    Indication,
)
from protocol.vocabulary import Channel
from traders.book_view import BookView
from traders.market.complete import BestView, StatisticsView
from traders.market.items import Heard, State
from traders.market.keys import StreamKey
from traders.market.orders import OrdersView
from traders.policies import Inbox, Latest, Queue

StateView = BookView | OrdersView | BestView | StatisticsView
"""Views of how things stand."""

T = TypeVar("T")


class Reader(Protocol):
    """One reader of public streams."""

    def changed(self, key: StreamKey, view: StateView) -> None:
        """How things stand changed; ``view`` shows it already, and may show more by the time it is looked at."""
        ...

    def lost(self, key: StreamKey) -> None:
        """The view is not to be looked at until ``changed`` says so."""
        ...

    def heard(self, key: StreamKey, message: Heard) -> None:
        """Something happened."""
        ...

    def end(self, error: VenueError) -> None:
        """Nothing follows."""
        ...


class StateReader(Latest[T]):
    """How things stand in one stream, made by ``show`` from its view when it is read."""

    def __init__(self, name: str, show: Callable[[Any], T]) -> None:
        super().__init__(name, lambda: show(self._view))
        self._view: StateView | None = None

    def changed(self, key: StreamKey, view: StateView) -> None:
        self._view = view
        self.touch()

    def lost(self, key: StreamKey) -> None:
        self.forget()

    def heard(self, key: StreamKey, message: Heard) -> None:
        """Not subscribed to."""


class NewsReader(Queue[T]):
    """Everything that happened in one stream."""

    def changed(self, key: StreamKey, view: StateView) -> None:
        """Not subscribed to."""

    def lost(self, key: StreamKey) -> None:
        """What was heard stays true."""

    def heard(self, key: StreamKey, message: Any) -> None:
        self.put(message)


class AuctionReader(Inbox[AuctionMessage]):
    """Auctions of one instrument: indications conflate, results and extensions are kept."""

    def changed(self, key: StreamKey, view: StateView) -> None:
        """Not subscribed to."""

    def lost(self, key: StreamKey) -> None:
        """What was heard stays true."""

    def heard(self, key: StreamKey, message: Any) -> None:
        if isinstance(message, Indication):
            self.touch(key, lambda: message)
        else:
            self.put(message)


class CandleReader(Inbox[Bar]):
    """Candles of one instrument and length: of each start the newest, which stands where it last changed."""

    def changed(self, key: StreamKey, view: StateView) -> None:
        """Not subscribed to."""

    def lost(self, key: StreamKey) -> None:
        """What was heard stays true."""

    def heard(self, key: StreamKey, message: Any) -> None:
        bar: Bar = message.bar
        self.touch(("candle", bar.start_ns), lambda: bar)
        if len(self) > self.limit:
            self.end(SlowConsumer(self.name, self.limit))


class MarketInbox(Inbox[T | State | Heard]):
    """Any public streams of any number of instruments, beside other items. How things stand conflates by stream, and
    so do indications, and candles by start.
    """

    def __init__(self, name: str, limit: int, levels: int | None) -> None:
        super().__init__(name, limit)
        self._levels = levels

    def changed(self, key: StreamKey, view: StateView) -> None:
        if key.channel is Channel.DEPTH or key.channel is Channel.ORDERS:
            book: Any = view
            self.touch(key, lambda: book.view(self._levels))
        else:
            self.touch(key, view.view)

    def lost(self, key: StreamKey) -> None:
        self.forget(key)

    def heard(self, key: StreamKey, message: Heard) -> None:
        if isinstance(message, Indication):
            self.touch(key, lambda: message)
        elif isinstance(message, Candle):
            self.touch((key, message.bar.start_ns), lambda: message)
        else:
            self.put(message)

"""What every public stream has: a number, readers, and a way to say how things stand.

In: what commands did to one instrument. Out: messages, encoded once and handed to the audiences that read the
stream, and to listeners within the process. A kind of stream is a subclass of ``Stream``, listed in
``exchange.market_data.kinds``; what trades add up to is kept by a ``Keeper``, listed there as well.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Any, ClassVar

from exchange.engine.events import Trade, TradeBusted
from protocol.codec import preencode
from protocol.market import Bar, PublicMessage, TradePrint
from protocol.vocabulary import Interval, Nanoseconds, Price, Sequence, Side

if TYPE_CHECKING:
    from exchange.market_data.audience import Audience
    from exchange.market_data.instrument import Instrument
    from exchange.market_data.keys import StreamKey

Listener = Callable[[PublicMessage], None]
"""Told every message of a stream while the venue is at work: must neither raise, nor wait, nor call the hub."""


class Change:
    """What one command did to one instrument."""

    __slots__ = ("asks", "at_ns", "bids", "checksum", "events", "traded", "whole")

    def __init__(self, at_ns: Nanoseconds) -> None:
        self.at_ns = at_ns
        self.events: list[Any] = []
        """The instrument's, in order; and the end of the day, which is everybody's."""
        self.bids: set[Price] = set()
        """Price levels to look at."""
        self.asks: set[Price] = set()
        self.whole = False
        """Look at all of them: the events do not name all that changed."""
        self.traded = False
        """Something printed, a print was undone, or the day ended: what keepers keep has changed."""
        self.checksum: int | None = None  # of the book after it, once somebody asked

    def mark(self, side: Side, price: Price | None) -> None:
        """Have a price level looked at; ``None`` is none."""
        if price is not None:
            (self.bids if side is Side.BUY else self.asks).add(price)


class Keeper(ABC):
    """Keeps something that trades of one instrument add up to; told of all of them, whether or not anybody reads.

    It may be told late, but in order, and before any stream made from it is asked anything.
    """

    def __init__(self, instrument: Instrument) -> None:
        self.instrument = instrument

    @abstractmethod
    def printed(self, trade: TradePrint) -> None:
        """The next trade on the tape."""

    def busted(self, at_ns: Nanoseconds, busted: TradeBusted) -> None:  # noqa: B027  # not all of them mind
        """A trade of before, perhaps of long before, is undone."""

    def day_ended(self, at_ns: Nanoseconds) -> None:  # noqa: B027  # as above
        """The trading day is over."""

    def seed(self, trades: Iterable[TradePrint], bars: Mapping[Interval, list[Bar]]) -> None:
        """After a restart, before anything else: the trades of the day so far, and the last bars of each
        interval, oldest first, these trades included.
        """
        for trade in trades:
            self.printed(trade)


class Stream(ABC):
    """One stream of one instrument: it computes only while it is read."""

    tells: ClassVar[frozenset[type]] = frozenset()
    """Events of which ``tell`` is to hear one by one, in their order among those of other streams."""
    settles: ClassVar[bool] = False
    """Whether ``settle`` is to be called after each command that did anything to the instrument."""
    made_of_trades: ClassVar[bool] = False
    """Whether keepers must be up to date when ``settle`` is called."""

    def __init__(self, key: StreamKey, instrument: Instrument) -> None:
        self.key = key
        self.instrument = instrument
        self.symbol = instrument.symbol
        self.book = instrument.book
        self.seq: Sequence = 0
        """Number of the last message; to be raised by one for each that is published."""
        self.audiences: dict[Audience, None] = {}
        self.listeners: tuple[Listener, ...] = ()
        self.readers = 0
        """Subscriptions, also those of slow peers, and listeners."""
        self.published = 0
        """Messages so far."""

    # -- what a kind of stream consists of -----------------------------------------------------

    @abstractmethod
    def state(self) -> PublicMessage | None:
        """How things stand, with the number of the last message; ``None`` if there is nothing to tell.

        Only between ``begin`` and ``end``.
        """

    def begin(self) -> None:  # noqa: B027  # not all of them have something to look up
        """Somebody begins to read, and nobody did before: look how things stand."""

    def end(self) -> None:  # noqa: B027  # as above
        """Nobody reads any more."""

    def missed(self) -> PublicMessage | None:
        """What stands for messages that were left out: as a rule, how things stand."""
        return self.state()

    def tell(self, at_ns: Nanoseconds, event: Any) -> None:  # noqa: B027  # as above
        """One of the events in ``tells`` happened."""

    def settle(self, change: Change) -> None:  # noqa: B027  # as above
        """A command is over: publish what follows from it."""

    def flush(self) -> None:  # noqa: B027  # as above
        """A turn is over in which the stream asked for this with ``instrument.late[self] = None``."""

    # -- what all of them do -------------------------------------------------------------------

    def publish(self, message: PublicMessage) -> None:
        """The next message of the stream, to all who can take more."""
        self.published += 1
        if self.audiences:
            line = preencode(message)
            for audience in self.audiences:
                audience.tell(line)
        for listener in self.listeners:
            listener(message)


def print_of(seq: Sequence, at_ns: Nanoseconds, trade: Any) -> TradePrint:
    """A trade as the tape has it; in an auction nobody is the aggressor."""
    aggressor = trade.aggressor if type(trade) is Trade else None
    return TradePrint(trade.symbol, seq, trade.trade_id, at_ns, trade.price, trade.quantity, aggressor)

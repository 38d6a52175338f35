"""Views of streams whose every message is complete in itself: best prices, statistics, phase, auctions.

In: the messages of a stream, in the order of the wire. Out: how things stand. Their numbers may jump, where the venue left
some out for a slow connection: whatever was missed, the last message has it all. No clock, no I/O.
"""

from collections.abc import Sequence as Row

from protocol.market import (
    AuctionMessage,
    AuctionResult,
    BestPrices,
    DayStatistics,
    Indication,
    PhaseStatus,
)
from protocol.vocabulary import Sequence, Symbol
from traders.book_view import Depth


class BestView:
    """Follows the best bid and offer of one instrument."""

    def __init__(self, symbol: Symbol) -> None:
        self.symbol = symbol
        self.seq: Sequence | None = None
        self._depth = Depth(symbol, 0, (), ())

    def apply(self, message: BestPrices) -> None:
        """Take the next message of the stream."""
        self.seq = message.seq
        bids = () if message.bid is None else (message.bid,)
        asks = () if message.ask is None else (message.ask,)
        self._depth = Depth(self.symbol, message.seq, bids, asks)

    def view(self) -> Depth:
        """The best price level of each side, as a book that has no more."""
        return self._depth


class StatisticsView:
    """Follows the trading day of one instrument."""

    def __init__(self, symbol: Symbol) -> None:
        self.seq: Sequence | None = None
        self._statistics = DayStatistics(symbol, 0, 0, 0, 0)

    def apply(self, message: DayStatistics) -> None:
        """Take the next message of the stream."""
        self.seq = message.seq
        self._statistics = message

    def view(self) -> DayStatistics:
        """The day so far."""
        return self._statistics


class StatusView:
    """Follows the phase of one instrument."""

    def __init__(self) -> None:
        self.seq: Sequence | None = None
        self._stands: PhaseStatus | None = None

    def apply(self, message: PhaseStatus) -> Row[PhaseStatus]:
        """Take the next message of the stream; it is news."""
        self.seq = message.seq
        self._stands = PhaseStatus(message.symbol, message.seq, message.phase)
        return (message,)

    def standing(self) -> Row[PhaseStatus]:
        """What a reader is shown who comes later: the phase, which is no change."""
        return () if self._stands is None else (self._stands,)


class AuctionView:
    """Follows the auctions of one instrument."""

    def __init__(self) -> None:
        self.seq: Sequence | None = None
        self._stands: Indication | None = None

    def apply(self, message: AuctionMessage) -> Row[AuctionMessage]:
        """Take the next message of the stream; it is news. An indication stands until the auction is held."""
        self.seq = message.seq
        if isinstance(message, Indication):
            self._stands = message
        elif isinstance(message, AuctionResult):
            self._stands = None
        return (message,)

    def standing(self) -> Row[AuctionMessage]:
        """What a reader is shown who comes later: what the auction would give, while a call lasts."""
        return () if self._stands is None else (self._stands,)

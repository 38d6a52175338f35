"""Auctions: what one would give while its call lasts, and what came of it (rule 34).

In: a book in a call, events of auctions. Out: an indication whenever it differs from the last one; results;
extensions. Indications are made once a turn: a call may take in thousands of orders before its one auction.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from exchange.engine import events
from exchange.engine.auction import NOTHING, indicative
from exchange.engine.events import AuctionHeld, PhaseChanged
from exchange.engine.phases import is_call
from exchange.market_data.stream import Change, Stream
from protocol.market import AuctionExtended, AuctionMessage, AuctionResult, Indication
from protocol.vocabulary import Nanoseconds

if TYPE_CHECKING:
    from exchange.market_data.instrument import Instrument
    from exchange.market_data.keys import StreamKey


class AuctionStream(Stream):
    """Indications, results and extensions."""

    tells: ClassVar[frozenset[type]] = frozenset((AuctionHeld, events.AuctionExtended, PhaseChanged))
    settles = True

    def __init__(self, key: StreamKey, instrument: Instrument) -> None:
        super().__init__(key, instrument)
        self._indicated = NOTHING  # last, in the call that lasts
        self._in_call = False  # whether that means anything
        self._last: AuctionMessage | None = None

    def begin(self) -> None:
        self._in_call = False
        self._last = None
        self.flush()

    def state(self) -> Indication | None:
        """What an auction would give, as indicated last; ``None`` outside of calls."""
        if not self._in_call:
            return None
        price, volume, surplus = self._indicated
        return Indication(self.symbol, self.seq, volume, surplus, price)

    def missed(self) -> AuctionMessage | None:
        """Outside of calls that is what came of the last one."""
        return self.state() or self._last

    def tell(self, at_ns: Nanoseconds, event: Any) -> None:
        if type(event) is PhaseChanged:
            if not is_call(event.phase):
                self._in_call = False
        elif type(event) is AuctionHeld:
            self._say(
                AuctionResult(self.symbol, self.seq + 1, at_ns, event.volume, event.surplus, event.price)
            )
        else:
            self._say(AuctionExtended(self.symbol, self.seq + 1, at_ns, event.price))

    def settle(self, change: Change) -> None:
        if is_call(self.book.phase):
            self.instrument.late[self] = None

    def flush(self) -> None:
        """What an auction would give now, while a call lasts and if it differs from the last time."""
        if not is_call(self.book.phase):
            self._in_call = False
            return
        now = indicative(self.book)
        if not self._in_call or now != self._indicated:
            self._in_call, self._indicated = True, now
            price, volume, surplus = now
            self._say(Indication(self.symbol, self.seq + 1, volume, surplus, price))

    def _say(self, message: AuctionMessage) -> None:
        self.seq += 1
        self._last = message
        self.publish(message)

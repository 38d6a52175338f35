"""The phase of an instrument.

In: changes of phase. Out: the phase now, and each change.
"""

from typing import Any, ClassVar

from exchange.engine.events import PhaseChanged
from exchange.market_data.stream import Stream
from protocol.market import PhaseStatus
from protocol.vocabulary import Nanoseconds


class StatusStream(Stream):
    """Complete each time."""

    tells: ClassVar[frozenset[type]] = frozenset((PhaseChanged,))

    def state(self) -> PhaseStatus:
        return PhaseStatus(self.symbol, self.seq, self.book.phase)

    def tell(self, at_ns: Nanoseconds, event: Any) -> None:
        if event.phase is not event.previous:
            self.seq += 1
            self.publish(PhaseStatus(self.symbol, self.seq, event.phase, event.previous, at_ns))

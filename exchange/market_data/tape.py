"""The tape: every trade, in the order in which they happened.

In: trades, and trades undone. Out: a print for each, numbered since the venue started; the last of them for
whoever begins to read, or missed some.
"""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING, Any, ClassVar, Final

from exchange.engine.events import AuctionTrade, Trade, TradeBusted
from exchange.market_data.stream import Keeper, Stream, print_of
from protocol.market import PrintBusted, TradePrint, TradesSnapshot
from protocol.vocabulary import Nanoseconds

if TYPE_CHECKING:
    from exchange.market_data.instrument import Instrument


TAIL: Final = 100
"""So many prints are kept for who comes late."""


class Tail(Keeper):
    """The end of the tape, without prints that do not count any more."""

    def __init__(self, instrument: Instrument) -> None:
        super().__init__(instrument)
        self._prints: deque[TradePrint] = deque(maxlen=TAIL)

    def printed(self, trade: TradePrint) -> None:
        self._prints.append(trade)

    def busted(self, at_ns: Nanoseconds, busted: TradeBusted) -> None:
        for one in self._prints:
            if one.trade_id == busted.trade_id:
                self._prints.remove(one)
                break

    def prints(self) -> list[TradePrint]:
        """Oldest first."""
        return list(self._prints)


class Tape(Stream):
    """The stream of prints."""

    tells: ClassVar[frozenset[type]] = frozenset((Trade, AuctionTrade, TradeBusted))

    def begin(self) -> None:
        self.seq = self.instrument.tape_seq

    def state(self) -> TradesSnapshot:
        return TradesSnapshot(self.symbol, self.seq, self.instrument.keeper(Tail).prints())

    def tell(self, at_ns: Nanoseconds, event: Any) -> None:
        self.seq += 1
        if type(event) is TradeBusted:
            self.publish(PrintBusted(self.symbol, self.seq, event.trade_id, at_ns))
        else:
            self.publish(print_of(self.seq, at_ns, event))

"""Order-book imbalance: where more is bid than offered, the next move is up.

The signal is the quantity bid less that offered by their sum, over the best price levels. That it tells the direction
of the next move of the price is shown by M. D. Gould, J. Bonart, "Queue
Imbalance as a One-Tick-Ahead Price Predictor in a Limit Order Book", Market Microstructure and Liquidity 2(2), 2016,
1650006; how much of price changes it explains, by R. Cont, A. Kukanov, S. Stoikov, "The Price Impact of Order Book
Events", Journal of Financial Econometrics 12(1), 2014, 47-88; a trader of this kind, and how spoofers fool it, is in
ABIDES (D. Byrd, M. Hybinette, T. H. Balch, 2020; see ``traders.oracle``).

In: depth, its timer. Out: orders that take the best price, towards long above ``enter``, towards short below its
opposite, towards flat once the signal is weaker than ``leave``; after each one it rests for ``patience_s``.
"""

from collections.abc import Iterable, Sequence
from random import Random
from typing import ClassVar, Final

from pydantic import Field, model_validator

from protocol.messages import InstrumentInfo
from protocol.vocabulary import Channel, Nanoseconds, Symbol
from traders.book_view import Depth
from traders.strategies.base import Parameters, Strategy
from traders.strategies.intents import Intent
from traders.strategies.naming import named
from traders.strategies.placing import towards

_SECOND: Final = 1_000_000_000


class ImbalanceParameters(Parameters):
    """What a person may set."""

    levels: int = Field(5, gt=0, le=10, description="price levels a side that count")
    enter: float = Field(0.6, gt=0, le=1, description="imbalance, 0 to 1, from which it takes a position")
    leave: float = Field(0.1, ge=0, lt=1, description="imbalance below which it gives it up, less than enter")
    quantity_lots: int = Field(10, gt=0, le=1_000_000, description="of each order, at most")
    position_lots: int = Field(50, gt=0, description="long or short, while the signal holds")
    patience_s: float = Field(1.0, ge=0, le=86_400, description="from one order to the next, at least")

    @model_validator(mode="after")
    def _in_before_out(self) -> "ImbalanceParameters":
        if self.leave >= self.enter:
            raise ValueError(f"leave, {self.leave}, is not below enter, {self.enter}")
        return self


@named("imbalance")
class Imbalance(Strategy):
    """Believes what the book shows."""

    parameters: ImbalanceParameters
    parameters_type = ImbalanceParameters
    channels: ClassVar[frozenset[Channel]] = frozenset((Channel.DEPTH, Channel.TRADES))

    def __init__(
        self, instruments: Sequence[InstrumentInfo], parameters: ImbalanceParameters, rng: Random
    ) -> None:
        super().__init__(instruments, parameters, rng)
        self._wanted: dict[Symbol, int] = dict.fromkeys(self.symbols, 0)
        self._rests_until_ns: dict[Symbol, Nanoseconds] = dict.fromkeys(self.symbols, 0)

    def on_depth(self, depth: Depth) -> Iterable[Intent]:
        symbol, p = depth.symbol, self.parameters
        # A side that is empty is no sign of anything but an empty side.
        signal = depth.imbalance(p.levels) if depth.bids and depth.asks else 0.0
        if signal is None:
            return ()
        full = p.position_lots * self.instruments[symbol].lot
        if abs(signal) >= p.enter:
            self._wanted[symbol] = full if signal > 0 else -full
        elif abs(signal) <= p.leave:
            self._wanted[symbol] = 0
        return self._go(symbol)

    def on_timer(self, now_ns: Nanoseconds) -> Iterable[Intent]:
        return [intent for symbol in self.symbols for intent in self._go(symbol)]

    def _go(self, symbol: Symbol) -> Sequence[Intent]:
        if self.now_ns < self._rests_until_ns[symbol]:
            return ()
        most = self.parameters.quantity_lots * self.instruments[symbol].lot
        intents = towards(self, symbol, self._wanted[symbol], most)
        if intents:
            self._rests_until_ns[symbol] = self.now_ns + int(self.parameters.patience_s * _SECOND)
        return intents

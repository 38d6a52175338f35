"""Mean reversion: sell what is dear against its own average, buy what is cheap.

That short-run losers win back and winners give back is measured by B. N. Lehmann, "Fads, Martingales, and Market
Efficiency", Quarterly Journal of Economics 105(1), 1990, 1-28, and N. Jegadeesh, "Evidence of Predictable Behavior of
Security Returns", Journal of Finance 45(3), 1990, 881-898. The signal is the z-score of the mid: its distance from its
moving average in standard deviations; in at ``enter``, out at ``leave``.

In: its timer, and the best prices at that moment. Out: on a timer at most one order an instrument, which takes what is
offered, towards the position that the signal asks for.
"""

from collections.abc import Iterable, Sequence
from random import Random
from typing import ClassVar

from pydantic import Field, model_validator

from protocol.messages import InstrumentInfo
from protocol.vocabulary import Channel, Nanoseconds, Symbol
from traders.strategies.base import Parameters, Strategy
from traders.strategies.intents import Intent
from traders.strategies.moving import Window
from traders.strategies.naming import named
from traders.strategies.placing import best_prices, towards


class MeanReversionParameters(Parameters):
    """What a person may set."""

    looks: int = Field(60, gt=1, le=100_000, description="timers in the moving average")
    enter: float = Field(2.0, gt=0, le=100, description="z-score from which it takes a position")
    leave: float = Field(0.5, ge=0, le=100, description="z-score below which it gives it up, less than enter")
    minimum_deviation_ticks: float = Field(
        1.0, ge=0, le=10_000, description="a standard deviation below this counts as this: a price that rests"
    )
    quantity_lots: int = Field(10, gt=0, le=1_000_000, description="of each order, at most")
    position_lots: int = Field(100, gt=0, description="long or short, while the signal holds")

    @model_validator(mode="after")
    def _in_before_out(self) -> "MeanReversionParameters":
        if self.leave >= self.enter:
            raise ValueError(f"leave, {self.leave}, is not below enter, {self.enter}")
        return self


@named("mean_reversion")
class MeanReversion(Strategy):
    """Trades against moves."""

    parameters: MeanReversionParameters
    parameters_type = MeanReversionParameters
    channels: ClassVar[frozenset[Channel]] = frozenset((Channel.BBO,))
    depth_levels: ClassVar[int | None] = 1
    sampled: ClassVar[bool] = True

    def __init__(
        self, instruments: Sequence[InstrumentInfo], parameters: MeanReversionParameters, rng: Random
    ) -> None:
        super().__init__(instruments, parameters, rng)
        self._windows: dict[Symbol, Window] = {symbol: Window(parameters.looks) for symbol in self.symbols}
        self._wanted: dict[Symbol, int] = dict.fromkeys(self.symbols, 0)

    def on_timer(self, now_ns: Nanoseconds) -> Iterable[Intent]:
        p, intents = self.parameters, list[Intent]()
        for symbol in self.symbols:
            bid, ask = best_prices(self, symbol)
            if bid is None or ask is None:
                continue
            instrument, window = self.instruments[symbol], self._windows[symbol]
            # Twice the mid stays an integer.
            if window.is_full:
                score = window.score(bid + ask, 2.0 * p.minimum_deviation_ticks * instrument.tick)
                full = p.position_lots * instrument.lot
                if score >= p.enter:
                    self._wanted[symbol] = -full
                elif score <= -p.enter:
                    self._wanted[symbol] = full
                elif abs(score) <= p.leave:
                    self._wanted[symbol] = 0
            window.add(bid + ask)
            intents.extend(towards(self, symbol, self._wanted[symbol], p.quantity_lots * instrument.lot))
        return intents

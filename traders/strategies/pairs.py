"""Pairs: two instruments that move together, traded against each other when they drift apart.

E. Gatev, W. N. Goetzmann, K. G. Rouwenhorst, "Pairs Trading: Performance of a Relative-Value Arbitrage Rule", Review of
Financial Studies 19(3), 2006, 797-827: open when the spread is two standard deviations from its mean, close when it is
back. The spread here is the mid of the first less ``ratio`` times the mid of the second; its mean and deviation are
those of a moving window.

In: best prices, its timer. Out: on a timer orders for both legs that take what is offered, until each position is what
the signal asks for; a leg that did not get all of it tries again at the next timer.
"""

from collections.abc import Iterable, Sequence
from random import Random
from typing import ClassVar

from pydantic import Field, model_validator

from protocol.errors import ConfigError
from protocol.messages import InstrumentInfo
from protocol.vocabulary import Channel, Nanoseconds, Symbol
from traders.strategies.base import Parameters, Strategy
from traders.strategies.intents import Intent
from traders.strategies.moving import Window
from traders.strategies.naming import named
from traders.strategies.placing import best_prices, towards


class PairsParameters(Parameters):
    """What a person may set."""

    first: Symbol | None = Field(None, description="left out: the first instrument it is given")
    second: Symbol | None = Field(None, description="left out: the second instrument it is given")
    ratio_numerator: int = Field(
        1, gt=0, le=10**6, description="units of the second that hedge one of the first,"
    )
    ratio_denominator: int = Field(1, gt=0, le=10**6, description="as a fraction")
    looks: int = Field(120, gt=1, le=100_000, description="timers in the moving window")
    enter: float = Field(2.0, gt=0, le=100, description="z-score from which it takes a position")
    leave: float = Field(0.5, ge=0, le=100, description="z-score below which it gives it up, less than enter")
    minimum_deviation_ticks: float = Field(
        1.0, ge=0, le=10_000, description="a standard deviation below this counts as this; ticks of the first"
    )
    quantity_lots: int = Field(10, gt=0, le=1_000_000, description="of each order of the first leg, at most")
    position_lots: int = Field(50, gt=0, description="of the first, long or short")
    slippage_ticks: int = Field(1, ge=0, le=10_000, description="beyond the best price, at most")

    @model_validator(mode="after")
    def _in_before_out(self) -> "PairsParameters":
        if self.leave >= self.enter:
            raise ValueError(f"leave, {self.leave}, is not below enter, {self.enter}")
        return self


@named("pairs")
class Pairs(Strategy):
    """Bets on two prices coming together again."""

    parameters: PairsParameters
    parameters_type = PairsParameters
    channels: ClassVar[frozenset[Channel]] = frozenset((Channel.BBO,))
    depth_levels: ClassVar[int | None] = 1
    sampled: ClassVar[bool] = True

    def __init__(
        self, instruments: Sequence[InstrumentInfo], parameters: PairsParameters, rng: Random
    ) -> None:
        """It is given both instruments, perhaps among others.

        Raises:
            ConfigError: it is not given two different instruments, or not those that the parameters name.
        """
        super().__init__(instruments, parameters, rng)
        first, second = parameters.first, parameters.second
        rest = [symbol for symbol in self.symbols if symbol not in (first, second)]
        first = first or (rest.pop(0) if rest else None)
        second = second or (rest.pop(0) if rest else None)
        if first is None or second is None or first == second or not {first, second} <= set(self.symbols):
            raise ConfigError("pairs", f"it trades two instruments; it was given {', '.join(self.symbols)}")
        self.first, self.second = first, second
        self._window = Window(parameters.looks)
        self._wanted = 0

    def on_timer(self, now_ns: Nanoseconds) -> Iterable[Intent]:
        p = self.parameters
        a, b = best_prices(self, self.first), best_prices(self, self.second)
        if a[0] is None or a[1] is None or b[0] is None or b[1] is None:
            return ()
        # Twice the spread times the denominator stays an integer.
        spread = (a[0] + a[1]) * p.ratio_denominator - (b[0] + b[1]) * p.ratio_numerator
        instrument = self.instruments[self.first]
        if self._window.is_full:
            floor = 2.0 * p.minimum_deviation_ticks * instrument.tick * p.ratio_denominator
            score = self._window.score(spread, floor)
            full = p.position_lots * instrument.lot
            if score >= p.enter:
                self._wanted = -full
            elif score <= -p.enter:
                self._wanted = full
            elif abs(score) <= p.leave:
                self._wanted = 0
        self._window.add(spread)
        most = p.quantity_lots * instrument.lot
        # The hedge follows what the first leg holds, not what it wishes to hold: the legs fill together or not at all.
        hedge = -self.position(self.first) * p.ratio_numerator // p.ratio_denominator
        most_second = max(most * p.ratio_numerator // p.ratio_denominator, self.instruments[self.second].lot)
        return [
            *towards(self, self.first, self._wanted, most, slippage_ticks=p.slippage_ticks),
            *towards(self, self.second, self._whole(hedge), most_second * 2, slippage_ticks=p.slippage_ticks),
        ]

    def _whole(self, quantity: int) -> int:
        """In lots of the second, towards zero."""
        lot = self.instruments[self.second].lot
        return quantity - quantity % lot if quantity >= 0 else -(-quantity - -quantity % lot)

"""Momentum: buy what has been rising, sell what has been falling.

Two moving averages of the price, a fast and a slow one; above the slow one the fast one says that the price is rising. The
rule is examined by W. Brock, J. Lakonishok, B. LeBaron, "Simple Technical Trading Rules and the Stochastic Properties of
Stock Returns", Journal of Finance 47(5), 1992, 1731-1764; in artificial markets such chartists beside fundamentalists
and noise make fat tails and clusters of volatility (C. Chiarella, G. Iori, "A simulation analysis of the microstructure
of double auction markets", Quantitative Finance 2(5), 2002, 346-353). ABIDES has twelve of them in its reference market.

In: its timer, and the best prices at that moment. Out: on a timer at most one order that takes what is offered.
"""

from collections import deque
from collections.abc import Iterable, Sequence
from random import Random
from typing import ClassVar

from pydantic import Field, model_validator

from protocol.messages import InstrumentInfo
from protocol.vocabulary import Channel, Nanoseconds, Side, Symbol, TimeInForce
from traders.strategies.base import Parameters, Strategy
from traders.strategies.intents import Intent
from traders.strategies.naming import named
from traders.strategies.placing import best_prices, in_lots, order_of, room


class MomentumParameters(Parameters):
    """What a person may set."""

    fast_looks: int = Field(20, gt=0, le=10_000, description="timers in the fast average")
    slow_looks: int = Field(
        50, gt=1, le=10_000, description="timers in the slow average, more than in the fast one"
    )
    threshold_ticks: float = Field(
        0.0, ge=0, le=10_000, description="it trades when the averages are further apart than this"
    )
    quantity_lots: int = Field(10, gt=0, le=1_000_000, description="of each order")
    maximum_position_lots: int = Field(200, gt=0, description="long or short")

    @model_validator(mode="after")
    def _slow_is_slower(self) -> "MomentumParameters":
        if self.slow_looks <= self.fast_looks:
            raise ValueError(f"slow_looks, {self.slow_looks}, is not above fast_looks, {self.fast_looks}")
        return self


class Averages:
    """Two moving averages of one price, each the mean of the last so many looks."""

    __slots__ = ("_fast_sum", "_looks", "_prices", "_slow_sum")

    def __init__(self, fast_looks: int, slow_looks: int) -> None:
        self._prices: deque[int] = deque(maxlen=slow_looks)
        self._looks = fast_looks
        self._fast_sum = self._slow_sum = 0

    def add(self, price: int) -> None:
        prices = self._prices
        if len(prices) == prices.maxlen:
            self._slow_sum -= prices[0]
        if len(prices) >= self._looks:
            self._fast_sum -= prices[-self._looks]
        prices.append(price)
        self._slow_sum += price
        self._fast_sum += price

    @property
    def gap(self) -> float | None:
        """Fast less slow; ``None`` until there were enough looks."""
        prices = self._prices
        if len(prices) != prices.maxlen:
            return None
        # Over one denominator: equal averages give 0 exactly.
        return (self._fast_sum * len(prices) - self._slow_sum * self._looks) / (self._looks * len(prices))


@named("momentum")
class Momentum(Strategy):
    """Follows the trend."""

    parameters: MomentumParameters
    parameters_type = MomentumParameters
    channels: ClassVar[frozenset[Channel]] = frozenset((Channel.BBO,))
    depth_levels: ClassVar[int | None] = 1
    sampled: ClassVar[bool] = True

    def __init__(
        self, instruments: Sequence[InstrumentInfo], parameters: MomentumParameters, rng: Random
    ) -> None:
        super().__init__(instruments, parameters, rng)
        self._averages: dict[Symbol, Averages] = {
            symbol: Averages(parameters.fast_looks, parameters.slow_looks) for symbol in self.symbols
        }

    def on_timer(self, now_ns: Nanoseconds) -> Iterable[Intent]:
        intents: list[Intent] = []
        for symbol in self.symbols:
            bid, ask = best_prices(self, symbol)
            if bid is None or ask is None:
                continue
            averages = self._averages[symbol]
            averages.add(bid + ask)
            gap, instrument = averages.gap, self.instruments[symbol]
            # The averages are of bid + ask: twice the price.
            if gap is None or abs(gap) <= 2.0 * self.parameters.threshold_ticks * instrument.tick:
                continue
            side = Side.BUY if gap > 0 else Side.SELL
            limit = self.parameters.maximum_position_lots * instrument.lot
            quantity = order_of(instrument, self.parameters.quantity_lots)
            quantity = in_lots(instrument, min(quantity, room(self, symbol, side, limit)))
            if quantity:
                send, price = (self.buy, ask) if side is Side.BUY else (self.sell, bid)
                intents.append(send(symbol, quantity, at=price, time_in_force=TimeInForce.IOC))
        return intents

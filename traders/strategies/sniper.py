"""Kaplan's Sniper: let others do the talking, and steal the deal.

T. Kaplan's program won the double auction tournament of the Santa Fe Institute: J. Rust, J. Miller and R. Palmer,
"Behavior of Trading Automata in a Computerized Double Auction Market", in D. Friedman and J. Rust (eds.), The Double
Auction Market: Institutions, Theories, and Evidence, Addison-Wesley 1993, 155-198; and "Characterizing Effective Trading
Strategies", Journal of Economic Dynamics and Control 18(1), 1994, 61-96. A buyer is silent until one of these is so,
and then takes the best ask if that leaves it a profit:

- juicy: the ask is no higher than the lowest price of the period before;
- small spread: the ask is below the highest price of the period before, spread to ask is less than a tenth, and the
  profit is more than a fiftieth of its limit;
- time out: less than a tenth of the period is left.

A seller does the same in the mirror. It differs in that the prices of this period stand in for those of the period before
while there was none, and that it shouts the price it means to take, so that the order waits in the book if somebody was
faster.

In: best quotes, trades, timers. Out: shouts.
"""

from collections.abc import Iterable, Sequence
from random import Random

from pydantic import Field

from protocol.messages import InstrumentInfo
from protocol.vocabulary import Nanoseconds, Price, Side, Symbol
from traders.strategies.assignment import Assignment
from traders.strategies.base import Parameters, Working
from traders.strategies.hearing import Listener
from traders.strategies.intents import Intent
from traders.strategies.naming import named
from traders.strategies.shouting_parameters import ShoutingParameters


class SniperParameters(ShoutingParameters):
    """What a person may set."""

    spread_percent: float = Field(10.0, ge=0, le=100, description="of the ask: a smaller spread is small")
    profit_percent: float = Field(
        2.0, ge=0, le=100, description="of the limit: what a small spread must bring"
    )
    time_out_percent: float = Field(
        10.0, ge=0, le=100, description="of the period: when less is left, it acts"
    )


class _Prices:
    """Lowest and highest price of the trades of a period."""

    __slots__ = ("began_ns", "high", "last", "low")

    def __init__(self, began_ns: Nanoseconds, last: tuple[Price, Price] | None) -> None:
        self.began_ns = began_ns
        self.low: Price | None = None
        self.high: Price | None = None
        self.last = last

    def take(self, price: Price) -> None:
        self.low = price if self.low is None else min(self.low, price)
        self.high = price if self.high is None else max(self.high, price)

    @property
    def now(self) -> tuple[Price, Price] | None:
        return None if self.low is None or self.high is None else (self.low, self.high)

    @property
    def known(self) -> tuple[Price, Price] | None:
        """Of the period before, else of this one."""
        return self.last or self.now


@named("sniper")
class Sniper(Listener):
    """Lurks, then takes."""

    parameters: SniperParameters
    parameters_type = SniperParameters

    def __init__(self, instruments: Sequence[InstrumentInfo], parameters: Parameters, rng: Random) -> None:
        super().__init__(instruments, parameters, rng)
        self._prices: dict[Symbol, _Prices] = {}

    def on_assigned(self, assignment: Assignment) -> Iterable[Intent]:
        before = self._prices.get(assignment.symbol)
        last = None if before is None else before.now or before.last
        self._prices[assignment.symbol] = _Prices(self.now_ns, last)
        return super().on_assigned(assignment)

    def dealt(self, symbol: Symbol, price: Price, shouted: Side | None) -> None:
        if symbol in self._prices:
            self._prices[symbol].take(price)

    def quote(self, assignment: Assignment, limit: Price, standing: Working | None) -> int | None:
        side, symbol = assignment.side, assignment.symbol
        offered = self.best_of_others(symbol, side.opposite, standing)
        if offered is None:
            return None
        profit = limit - offered if side is Side.BUY else offered - limit
        if profit <= 0:
            return None
        prices = self._prices[symbol]
        if self._is_late(assignment, prices.began_ns):
            return offered
        if prices.known is None:
            return None
        low, high = prices.known
        if offered <= low if side is Side.BUY else offered >= high:
            return offered
        own_side = self.best_of_others(symbol, side, standing)
        if own_side is None:
            return None
        bid, ask = (own_side, offered) if side is Side.BUY else (offered, own_side)
        fair = offered < high if side is Side.BUY else offered > low
        small = (ask - bid) * 100 < self.parameters.spread_percent * ask
        worthwhile = profit * 100 > self.parameters.profit_percent * limit
        return offered if fair and small and worthwhile else None

    def _is_late(self, assignment: Assignment, began_ns: Nanoseconds) -> bool:
        left, length = assignment.ends_ns - self.now_ns, assignment.ends_ns - began_ns
        return left * 100 < self.parameters.time_out_percent * length

"""Zero intelligence: random orders, with or without a budget.

After D. K. Gode and S. Sunder, "Allocative Efficiency of Markets with Zero-Intelligence Traders:
Market as a Partial Substitute for Individual Rationality", Journal of Political Economy 101(1),
1993, 119-137. Their ZI-C trader draws a price uniformly among those at which it would not lose:
a buyer between the bottom of the range and its private value, a seller between its value and the
top. Their ZI-U trader draws from the whole range. Here a trader takes either side by the toss of a
coin, and draws a new private value for each order.

In: timer events, one order each; prices of trades. Out: limit orders, and the cancel of the oldest
order when too many rest.
"""

from collections.abc import Iterable
from typing import ClassVar

from pydantic import Field

from protocol.messages import InstrumentInfo
from protocol.vocabulary import Channel, Nanoseconds, Side, Symbol
from traders.strategies.base import Parameters, Strategy
from traders.strategies.intents import CancelOrder, Intent
from traders.strategies.naming import named


def default_reference(instrument: InstrumentInfo) -> int:
    """A price to begin with where nobody has traded: one hundred units of money, on a tick."""
    price = int(100 * 10**instrument.price_decimals)
    return max(price - price % instrument.tick, instrument.tick)


class ZeroIntelligenceParameters(Parameters):
    """What a person may set."""

    constrained: bool = Field(True, description="ZI-C: never a price that would lose; false: ZI-U")
    reference: int | None = Field(
        None, gt=0, description="centre of the range in price units; left out: the last trade price"
    )
    range_ticks: int = Field(20, gt=0, le=10_000, description="half the width of the range")
    maximum_quantity_lots: int = Field(
        10, gt=0, le=1_000_000, description="quantities are uniform from 1 to this"
    )
    maximum_orders: int = Field(
        5, gt=0, le=1_000, description="resting orders; beyond, the oldest is canceled"
    )
    maximum_position_lots: int = Field(1_000, gt=0, description="at this position it only trades back")


@named("zero_intelligence")
class ZeroIntelligence(Strategy):
    """One random order each time its timer fires."""

    parameters: ZeroIntelligenceParameters
    parameters_type = ZeroIntelligenceParameters
    # It looks at no book; a fleet of hundreds would pay for depth with most of its time.
    channels: ClassVar[frozenset[Channel]] = frozenset((Channel.TRADES,))

    def on_timer(self, now_ns: Nanoseconds) -> Iterable[Intent]:
        resting = [order for order in self.orders.values() if not order.pending]
        if len(self.orders) >= self.parameters.maximum_orders:
            if resting:
                yield CancelOrder(resting[0].tag)
            return
        symbol = self.rng.choice(self.symbols)
        instrument = self.instruments[symbol]
        side = self._side(symbol, instrument)
        lots = self.rng.randint(1, self.parameters.maximum_quantity_lots)
        quantity = max(lots * instrument.lot, instrument.minimum_quantity)
        price = self._price(instrument, side)
        yield (
            self.buy(symbol, quantity, at=price)
            if side is Side.BUY
            else self.sell(symbol, quantity, at=price)
        )

    def _side(self, symbol: Symbol, instrument: InstrumentInfo) -> Side:
        limit = self.parameters.maximum_position_lots * instrument.lot
        position = self.position(symbol)
        if abs(position) >= limit:
            return Side.SELL if position > 0 else Side.BUY
        return Side.BUY if self.rng.random() < 0.5 else Side.SELL

    def _price(self, instrument: InstrumentInfo, side: Side) -> int:
        """Uniform in whole ticks around the reference; bounded by the private value if constrained."""
        tick, width = instrument.tick, self.parameters.range_ticks
        reference = (
            self.parameters.reference or self.marks.get(instrument.symbol) or default_reference(instrument)
        )
        centre = max(reference // tick, 1)
        low, high = centre - width, centre + width
        if self.parameters.constrained:
            value = self.rng.randint(low, high)
            low, high = (low, value) if side is Side.BUY else (value, high)
        return max(self.rng.randint(low, high), 1) * tick

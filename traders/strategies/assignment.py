"""Units with induced values, as a trader works them off.

In: an ``Assigned`` event, then the own trades. Out: what is left to trade and the limit of the next unit. Pure.
"""

from typing import Final

from protocol.vocabulary import Nanoseconds, Price, Quantity, Side, Symbol
from traders.strategies.intents import Assigned

# Members of an enum are looked up at every use; these are used at every event.
_BUY: Final = Side.BUY


class Assignment:
    """The units of one trader in one instrument and one period."""

    __slots__ = ("ends_ns", "limits", "next_unit", "period", "side", "surplus", "symbol")

    def __init__(self, assigned: Assigned) -> None:
        self.symbol: Symbol = assigned.symbol
        self.side: Side = assigned.side
        self.limits: tuple[Price, ...] = assigned.limits
        self.period: int = assigned.period
        self.ends_ns: Nanoseconds = assigned.ends_ns
        self.next_unit = 0
        """Units traded so far."""
        self.surplus = 0
        """Gained over the limits of the units traded, in price units; losses count."""

    @property
    def limit(self) -> Price | None:
        """What the next unit is worth, or costs; ``None`` when all are traded."""
        return self.limits[self.next_unit] if self.next_unit < len(self.limits) else None

    @property
    def left(self) -> Quantity:
        """Units not traded yet."""
        return len(self.limits) - self.next_unit

    def trade(self, price: Price, quantity: Quantity) -> None:
        """Work off as many units as were traded; what is traded beyond the last unit counts for nothing."""
        for limit in self.limits[self.next_unit : self.next_unit + quantity]:
            self.surplus += limit - price if self.side is _BUY else price - limit
        self.next_unit = min(self.next_unit + quantity, len(self.limits))

"""What all traders of a double auction with induced values share: they shout, one price at a time.

In: units to trade (``Assigned``), timers, own reports. Out: at most one order an instrument, of one lot; a new shout
replaces the one that stands. Promises: no more units than assigned, none after the period, and, but for those whose
``constrained`` is false, no price beyond the limit of the unit that is next.

In a laboratory a shout is heard and gone; here it is an order that rests until it is taken, replaced or canceled. A
replace and not a cancel with a new order: one request and one report instead of two, and never two live orders. Either
way the shout goes to the end of the queue at its price, as a new one should.
"""

from collections.abc import Iterable, Sequence
from random import Random
from typing import ClassVar, Final

from mypy_extensions import mypyc_attr

from protocol.messages import InstrumentInfo
from protocol.vocabulary import Channel, Nanoseconds, Price, Quantity, Side, Symbol
from traders.strategies.assignment import Assignment
from traders.strategies.base import Parameters, Strategy, Working
from traders.strategies.intents import CancelOrder, Intent, ReplaceOrder
from traders.strategies.shouting_parameters import ShoutingParameters

_BUY: Final = Side.BUY  # a member of an enum is looked up at every use


@mypyc_attr(allow_interpreted_subclasses=True)
class Shouter(Strategy):
    """Base of the traders of a double auction. A subclass has ``quote``."""

    parameters_type: ClassVar[type[Parameters]] = ShoutingParameters
    channels: ClassVar[frozenset[Channel]] = frozenset()
    depth_levels: ClassVar[int | None] = 1
    constrained: ClassVar[bool] = True
    """Never beyond the limit."""

    def __init__(self, instruments: Sequence[InstrumentInfo], parameters: Parameters, rng: Random) -> None:
        super().__init__(instruments, parameters, rng)
        assert isinstance(parameters, ShoutingParameters)
        self.minimum_price: Price = parameters.minimum_price
        self.maximum_price: Price = parameters.maximum_price

    def quote(self, assignment: Assignment, limit: Price, standing: Working | None) -> float | None:
        """The price to shout for the next unit, whose limit is ``limit``; ``None``: leave things as they are.

        ``standing``: the order of the last shout. The price need not lie on a tick nor inside the limit: it is
        rounded away from the other side, and cut. A trader whose limit lies outside the range of prices is silent.
        """
        raise NotImplementedError

    def price(self, assignment: Assignment, limit: Price, standing: Working | None) -> Price | None:
        """What is shouted: the quote, on a tick, inside the range and the limit; ``None``: nothing."""
        wished = self.quote(assignment, limit, standing)
        if wished is None:
            return None
        tick = self.instruments[assignment.symbol].tick
        return self._possible(wished, assignment.side, limit, tick)

    def on_timer(self, now_ns: Nanoseconds) -> Iterable[Intent]:
        intents: list[Intent] = []
        orders = self.orders
        for symbol, assignment in self.assignments.items():
            standing = self.standing(symbol) if orders else None
            if standing is not None and standing.pending:
                continue
            unit, limits = assignment.next_unit, assignment.limits
            if unit == len(limits) or now_ns >= assignment.ends_ns:
                if standing is not None:
                    intents.append(CancelOrder(standing.tag))
                continue
            price = self.price(assignment, limits[unit], standing)
            if price is None:
                continue
            if standing is None:
                place = self.buy if assignment.side is _BUY else self.sell
                intents.append(place(symbol, self.instruments[symbol].lot, at=price))
            elif price != standing.price:
                intents.append(ReplaceOrder(standing.tag, None, price))
        return intents or ()

    def on_assigned(self, assignment: Assignment) -> Iterable[Intent]:
        # What stands was shouted for a unit that has lapsed, perhaps on the other side.
        return [CancelOrder(tag) for tag, order in self.orders.items() if order.symbol == assignment.symbol]

    def standing(self, symbol: Symbol) -> Working | None:
        """The own order, from its sending to its end."""
        for order in self.orders.values():
            if order.symbol == symbol:
                return order
        return None

    def best_of_others(self, symbol: Symbol, side: Side, standing: Working | None) -> Price | None:
        """The best price of a side, unless the own order stands there alone: what is behind it is not told."""
        book = self.books.get(symbol)
        best = None if book is None else book.best(side)
        if best is None:
            return None
        price, quantity = best
        return None if quantity <= _own(standing, side, price) else price

    def leads(self, symbol: Symbol, standing: Working | None) -> bool:
        """Whether the own order is alone at the best price of its side."""
        book = self.books.get(symbol)
        best = None if book is None or standing is None else book.best(standing.side)
        return best is not None and standing is not None and best[1] <= _own(standing, standing.side, best[0])

    def _possible(self, wished: float, side: Side, limit: Price, tick: int) -> Price | None:
        """On a tick, inside the range and the limit; ``None`` where there is no such price."""
        low, high = self.minimum_price, self.maximum_price
        if side is _BUY:
            if self.constrained and limit < high:
                high = limit
            price = int(min(wished, high) // tick) * tick
            if price < low:
                price = -(-low // tick) * tick
        else:
            if self.constrained and limit > low:
                low = limit
            price = -int(-max(wished, low) // tick) * tick
            if price > high:
                price = high // tick * tick
        return price if low <= price <= high else None


def _own(standing: Working | None, side: Side, price: Price) -> Quantity:
    """What the own order has at a price."""
    if standing is None or standing.side is not side or standing.price != price:
        return 0
    return standing.leaves

"""A spoofer, for the study of spoofing: it shows orders that it does not mean to trade.

**Forbidden on every real venue.** Bidding or offering with the intent to cancel before execution is an offence in the
United States (Commodity Exchange Act, section 4c(a)(5)(C), as amended by the Dodd-Frank Act, section 747), in the
European Union (Market Abuse Regulation 596/2014, articles 12(2)(c) and 15) and elsewhere, and against the rules of
exchanges everywhere. It is here because who has to recognise it, or to build traders that are not fooled by it, has to
have some: in a simulation, where nobody is harmed. How it works, and what it does to others: E. J. Lee, K. S. Eom, K. S.
Park, "Microstructure-based manipulation: Strategic behavior and performance of spoofing traders", Journal of Financial
Markets 16(2), 2013, 227-252; X. Wang, C. Hoang, Y. Vorobeychik, M. P. Wellman, "Spoofing the Limit Order Book: A Strategic
Agent-Based Analysis", Games 12(2), 2021, 46.

It buys a little at its bid and layers large offers some ticks above the best ask, so that a book that looks heavy brings
sellers to its bid; when it has bought, it takes the layers away, layers bids and sells; and so on.

In: depth, reports, its timer. Out: one small order that it means, and layers on the other side that follow the best
price at a distance and are gone as soon as the small order has traded.
"""

from collections.abc import Iterable, Sequence
from random import Random
from typing import ClassVar

from pydantic import Field

from protocol.fields import Level
from protocol.messages import InstrumentInfo, PrivateMessage
from protocol.vocabulary import Channel, Nanoseconds, Price, Side, Symbol
from traders.book_view import Depth
from traders.strategies.base import Parameters, Strategy, Working
from traders.strategies.intents import CancelOrder, Intent
from traders.strategies.ladder import ladder
from traders.strategies.naming import named
from traders.strategies.placing import others_best


class SpooferParameters(Parameters):
    """What a person may set."""

    quantity_lots: int = Field(10, gt=0, le=1_000_000, description="of the order that it means")
    layers: int = Field(3, gt=0, le=20, description="orders on the other side")
    layer_quantity_lots: int = Field(200, gt=0, le=1_000_000, description="of each of them")
    distance_ticks: int = Field(
        3, gt=0, le=10_000, description="of the nearest layer from the best price of others: safe, yet seen"
    )


@named("spoofer")
class Spoofer(Strategy):
    """Round trips in one instrument, the first it is given."""

    parameters: SpooferParameters
    parameters_type = SpooferParameters
    channels: ClassVar[frozenset[Channel]] = frozenset((Channel.DEPTH,))

    def __init__(
        self, instruments: Sequence[InstrumentInfo], parameters: SpooferParameters, rng: Random
    ) -> None:
        super().__init__(instruments, parameters, rng)
        self.symbol: Symbol = self.symbols[0]

    def on_depth(self, depth: Depth) -> Iterable[Intent]:
        return self._go() if depth.symbol == self.symbol else ()

    def on_report(self, report: PrivateMessage, order: Working | None) -> Iterable[Intent]:
        if order is not None and order.is_done and order.cumulative:
            return self._go()
        return ()

    def on_timer(self, now_ns: Nanoseconds) -> Iterable[Intent]:
        return self._go()

    @property
    def wanted(self) -> Side:
        """What it means to do next: to sell what it has bought, else to buy."""
        return Side.SELL if self.position(self.symbol) > 0 else Side.BUY

    def _go(self) -> list[Intent]:
        depth = self.books.get(self.symbol)
        if depth is None:
            return []
        side, instrument, p = self.wanted, self.instruments[self.symbol], self.parameters
        near, far = others_best(self, depth, side), others_best(self, depth, side.opposite)
        if near is None or far is None:
            return [CancelOrder(order.tag) for order in self.orders.values() if not order.pending]
        position = abs(self.position(self.symbol))
        quantity = (
            position - position % instrument.lot if side is Side.SELL else p.quantity_lots * instrument.lot
        )
        meant: list[Level] = [(near, quantity)] if quantity >= instrument.minimum_quantity else []
        layers = [(price, p.layer_quantity_lots * instrument.lot) for price in self._prices(side, far)]
        # What was a layer becomes the order that it means, and the other way round: the orders of a side are moved.
        return [
            *ladder(self, self.symbol, side, meant),
            *ladder(self, self.symbol, side.opposite, layers),
        ]

    def _prices(self, side: Side, far: Price) -> list[Price]:
        """Of the layers, the nearest first."""
        tick = self.instruments[self.symbol].tick
        away = tick if side is Side.BUY else -tick
        nearest = far + self.parameters.distance_ticks * away
        prices = [nearest + n * away for n in range(self.parameters.layers)]
        return [price for price in prices if price >= tick]

"""The order book of one instrument: both sides, what waits outside of them, its prices and its phase.

In: orders to rest, orders to remove. Out: depth, and everything live in the order in which the venue goes
through it. No matching here.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from exchange.engine.book_side import BookSide
from exchange.engine.level import Queue
from exchange.engine.order import Order
from exchange.engine.stops import Stops
from protocol.vocabulary import Allocation, OrderId, Phase, PostOnly, Price, Quantity, SelfTrade, Side

if TYPE_CHECKING:
    from exchange.engine.commands import AddInstrument


class Book:
    """Both sides of one instrument, what waits outside of them, its prices and its phase."""

    __slots__ = (
        "_unusual_rules", "asks", "bids", "closely", "for_the_close", "instrument", "last_price", "lot",
        "maximum_quantity", "minimum_quantity", "pegged", "phase", "reference_price", "special", "stops", "symbol",
    )  # fmt: skip

    def __init__(self, instrument: AddInstrument) -> None:
        self.instrument = instrument
        # What every order asks for, a look-up nearer.
        self.symbol, self.lot = instrument.symbol, instrument.lot
        self.minimum_quantity, self.maximum_quantity = (
            instrument.minimum_quantity,
            instrument.maximum_quantity,
        )
        self.bids = BookSide(Side.BUY)
        self.asks = BookSide(Side.SELL)
        self.stops = Stops()
        self.for_the_close = Queue()  # at-the-close orders that wait for their auction
        self.last_price: Price | None = None
        self.reference_price = instrument.reference_price
        self.phase = Phase.CONTINUOUS
        self._unusual_rules = _are_unusual(instrument)
        self.special = False
        """Whether anything is here that plain matching does not know."""
        self.closely = False
        """Whether that concerns every order, however plain: the rules or the phase, or what comes before limits."""
        self.pegged = False
        """Whether pegs rest: they look at every change of the best prices."""
        self.notice()

    def notice(self) -> None:
        """Look whether anything asks for more than plain matching. Plain commands can't change that."""
        bids, asks = self.bids, self.asks
        self.closely = (
            self._unusual_rules
            or self.phase is not Phase.CONTINUOUS
            or bids.market_orders + asks.market_orders + bids.all_or_none + asks.all_or_none > 0
        )
        self.pegged = bids.pegged + asks.pegged > 0
        self.special = (
            self.closely
            or self.pegged
            or bids.concealed + asks.concealed + self.stops.count > 0
            or bool(self.for_the_close)
        )

    def matches(self) -> bool:
        """Whether orders trade as they come now."""
        return self.phase is Phase.CONTINUOUS

    def side(self, side: Side) -> BookSide:
        """Where orders of ``side`` rest."""
        return self.bids if side is Side.BUY else self.asks

    def sides_of(self, side: Side) -> tuple[BookSide, BookSide]:
        """Where orders of ``side`` rest, and whom they meet."""
        return (self.bids, self.asks) if side is Side.BUY else (self.asks, self.bids)

    @property
    def sides(self) -> tuple[BookSide, BookSide]:
        """Bids, then asks: the order in which the venue goes through a book."""
        return self.bids, self.asks

    def quantity_at(self, side: Side, price: Price) -> Quantity:
        """Displayed quantity at a price, 0 if there is none."""
        of_side = self.bids if side is Side.BUY else self.asks
        level = of_side.levels.get(price)
        return level.quantity - level.reserve if level is not None else 0

    def depth(self, side: Side) -> list[tuple[Price, Quantity]]:
        """``(price, displayed quantity)`` of every level that shows any, best first."""
        return [(level.price, level.displayed) for level in self.side(side).best_first() if level.displayed]

    def orders(self) -> Iterator[Order]:
        """All live orders: bids, asks, stops, orders for the close."""
        yield from self.bids.orders()
        yield from self.asks.orders()
        yield from self.stops.orders()
        yield from sorted(self.for_the_close, key=_age)


def _age(order: Order) -> OrderId:
    return order.order_id


def _are_unusual(instrument: AddInstrument) -> bool:
    return (
        instrument.market_remainder_rests
        or instrument.self_trade is not SelfTrade.NONE
        or instrument.post_only is not PostOnly.REJECT
        or instrument.allocation is not Allocation.FIFO
        or instrument.replace_loses_priority
        or instrument.band is not None
        or instrument.execution_range is not None
        or instrument.dynamic_corridor is not None
    )

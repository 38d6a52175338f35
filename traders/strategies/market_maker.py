"""A market maker: a bid and an ask around a fair price, leaning against its own position.

In: depth, trades, own reports. Out: two resting post-only quotes by instrument, moved by replace.
The fair price is the mid of what *others* quote, else the last trade, else a reference; the quotes
shift by ``skew`` away from the position, the linear inventory adjustment that M. Avellaneda and
S. Stoikov derive in "High-frequency trading in a limit order book", Quantitative Finance 8(3),
2008, 217-224, without their time horizon.
"""

from collections.abc import Iterable

from pydantic import Field

from protocol.market import TradePrint
from protocol.messages import InstrumentInfo, PrivateMessage
from protocol.vocabulary import Nanoseconds, Price, Side, Symbol
from traders.book_view import Depth
from traders.strategies.base import Parameters, Strategy, Working
from traders.strategies.intents import CancelOrder, Intent, ReplaceOrder
from traders.strategies.naming import named
from traders.strategies.zero_intelligence import default_reference


class MarketMakerParameters(Parameters):
    """What a person may set."""

    reference: int | None = Field(
        None, gt=0, description="price units; used while nobody quotes or trades; left out: 100 money units"
    )
    half_spread_ticks: int = Field(3, gt=0, le=10_000, description="from the fair price to either quote")
    quantity_lots: int = Field(20, gt=0, le=1_000_000, description="of each quote")
    maximum_position_lots: int = Field(200, gt=0, description="a side that would exceed it is not quoted")
    skew_ticks: int = Field(
        4,
        ge=0,
        le=10_000,
        description="shift of both quotes at the maximum position, less before in proportion",
    )
    requote_ticks: int = Field(1, gt=0, le=10_000, description="a quote moves when it is this far off")


@named("market_maker")
class MarketMaker(Strategy):
    """Quotes both sides of every instrument it is given."""

    parameters: MarketMakerParameters
    parameters_type = MarketMakerParameters

    def on_start(self) -> Iterable[Intent]:
        for symbol in self.symbols:
            yield from self._requote(symbol)

    def on_depth(self, depth: Depth) -> Iterable[Intent]:
        return self._requote(depth.symbol)

    def on_trade(self, trade: TradePrint) -> Iterable[Intent]:
        return self._requote(trade.symbol)

    def on_report(self, report: PrivateMessage, order: Working | None) -> Iterable[Intent]:
        # A filled quote comes back at once; a refused one waits for the market to move or the
        # timer, or the two would go on for ever.
        if order is not None and order.is_done and order.rejection is None:
            return self._requote(order.symbol)
        return ()

    def on_timer(self, now_ns: Nanoseconds) -> Iterable[Intent]:
        for symbol in self.symbols:
            yield from self._requote(symbol)

    def fair_price(self, symbol: Symbol) -> int:
        """Mid of what others quote, else the last trade, else the reference; in price units."""
        depth = self.books.get(symbol)
        if depth is not None:
            bid, ask = self._best_of_others(depth, Side.BUY), self._best_of_others(depth, Side.SELL)
            if bid is not None and ask is not None:
                return (bid + ask) // 2
        return (
            self.marks.get(symbol) or self.parameters.reference or default_reference(self.instruments[symbol])
        )

    def targets(self, symbol: Symbol) -> tuple[int, int]:
        """Where the bid and the ask belong now, on ticks, bid below ask."""
        instrument = self.instruments[symbol]
        tick, parameters = instrument.tick, self.parameters
        limit = parameters.maximum_position_lots * instrument.lot
        # Whole ticks, truncated towards zero on both sides alike: a long and a short lean equally.
        leaning = min(max(self.position(symbol), -limit), limit) * parameters.skew_ticks
        shift = leaning // limit if leaning >= 0 else -(-leaning // limit)
        centre = self.fair_price(symbol) // tick - shift
        bid = max(centre - parameters.half_spread_ticks, 1)
        return bid * tick, max(centre + parameters.half_spread_ticks, bid + 1) * tick

    def _best_of_others(self, depth: Depth, side: Side) -> Price | None:
        own: dict[Price | None, int] = {}
        for order in self.orders.values():
            if order.symbol == depth.symbol and order.side is side and order.is_live:
                own[order.price] = own.get(order.price, 0) + order.leaves
        for price, quantity in depth.levels(side):
            if quantity > own.get(price, 0):
                return price
        return None

    def _requote(self, symbol: Symbol) -> Iterable[Intent]:
        bid, ask = self.targets(symbol)
        yield from self._quote(symbol, Side.BUY, bid)
        yield from self._quote(symbol, Side.SELL, ask)

    def _quote(self, symbol: Symbol, side: Side, price: int) -> Iterable[Intent]:
        instrument = self.instruments[symbol]
        quantity = self._quantity(instrument, side)
        working = [order for order in self.orders.values() if order.symbol == symbol and order.side is side]
        if not working:
            if quantity:
                place = self.buy if side is Side.BUY else self.sell
                yield place(symbol, quantity, at=price, post_only=True)
            return
        order = working[0]
        if order.pending or order.price is None:
            return
        if not quantity:
            yield CancelOrder(order.tag)
        elif abs(order.price - price) >= self.parameters.requote_ticks * instrument.tick:
            # The total counts what traded already; asking for it anew refills the quote.
            yield ReplaceOrder(order.tag, order.cumulative + quantity, price)

    def _quantity(self, instrument: InstrumentInfo, side: Side) -> int:
        """Full quote, or what the position limit still allows; 0 below the smallest order."""
        limit = self.parameters.maximum_position_lots * instrument.lot
        position = self.position(instrument.symbol)
        room = limit - position if side is Side.BUY else limit + position
        quantity = min(self.parameters.quantity_lots * instrument.lot, room)
        quantity -= quantity % instrument.lot
        return quantity if quantity >= instrument.minimum_quantity else 0

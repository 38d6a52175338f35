"""A market maker that adapts: its spread to volatility, its ladder to its position, its size to the volume.

The ladder of quotes is that of T. Chakraborty, M. Kearns, "Market Making and Mean Reversion", Proceedings of the 12th ACM
Conference on Electronic Commerce, 2011, 307-314; quantities in proportion to the volume traded lately and a spread that
adapts are those of the adaptive market makers of ABIDES (D. Byrd, M. Hybinette, T. H. Balch, 2020; see
``traders.oracle``), which there measure the spread of the book; here the spread is a multiple of the volatility, as in
T. Ho, H. R. Stoll, "Optimal dealer pricing under transactions and return uncertainty", Journal of Financial Economics
9(1), 1981, 47-73, whose dealer also moves both prices against its inventory.

In: best prices, trades, its timer. Out: post-only quotes, moved when they would move by ``requote_ticks``; what traded
away comes back with the next move or timer.
"""

from collections.abc import Iterable, Sequence
from math import ceil, sqrt
from random import Random
from typing import ClassVar, Final

from mypy_extensions import mypyc_attr

from protocol.fields import Level
from protocol.market import TradePrint
from protocol.messages import InstrumentInfo
from protocol.vocabulary import Channel, Nanoseconds, Price, Side, Symbol
from traders.book_view import Depth
from traders.strategies.adaptive_market_maker_parameters import AdaptiveMarketMakerParameters
from traders.strategies.base import Parameters, Strategy
from traders.strategies.intents import Intent
from traders.strategies.ladder import both_sides, others_mid
from traders.strategies.naming import named
from traders.strategies.placing import fair_price, in_lots, order_of

# Members of an enum are looked up at every use; these are used at every event.
_BUY: Final = Side.BUY
_SELL: Final = Side.SELL

_SECOND: Final = 1_000_000_000
_LN2: Final = 0.6931471805599453


class _Market:
    """What a maker remembers of one instrument."""

    __slots__ = ("at_ns", "best", "centre", "fair", "price", "usual_volume", "variance", "volume")

    def __init__(self, fair: Price) -> None:
        self.fair = fair
        self.centre: float | None = None
        """Around which the quotes lie."""
        self.best: tuple[Price | None, Price | None] | None = None
        """Best prices last seen."""
        self.price: Price | None = None
        """At the last timer, and when that was."""
        self.at_ns = 0
        self.variance = 0.0
        """Of price changes, a second."""
        self.volume = 0
        self.usual_volume = 0


@mypyc_attr(allow_interpreted_subclasses=True)
class AdaptiveMarketMaker(Strategy):
    """Quotes ladders on both sides of every instrument it is given."""

    parameters_type: ClassVar[type[Parameters]] = AdaptiveMarketMakerParameters
    channels: ClassVar[frozenset[Channel]] = frozenset((Channel.BBO, Channel.TRADES))
    depth_levels: ClassVar[int | None] = 1

    def __init__(
        self, instruments: Sequence[InstrumentInfo], parameters: AdaptiveMarketMakerParameters, rng: Random
    ) -> None:
        super().__init__(instruments, parameters, rng)
        # Fields of its own: to look into a model takes three times as long, and these are read at every event.
        self._requote_ticks: int = parameters.requote_ticks
        self._volatility_half_life_s: float = parameters.volatility_half_life_s
        self._spacing_ticks: int = parameters.spacing_ticks
        self._levels: int = parameters.levels
        self._spread_volatilities: float = parameters.spread_volatilities
        self._half_spread_ticks: float = parameters.half_spread_ticks
        self._maximum_half_spread_ticks: float = parameters.maximum_half_spread_ticks
        self._maximum_position_lots: int = parameters.maximum_position_lots
        self._skew_ticks: float = parameters.skew_ticks
        self._participation: float = parameters.participation
        self._minimum_quantity_lots: int = parameters.minimum_quantity_lots
        self._maximum_quantity_lots: int = parameters.maximum_quantity_lots
        self._markets = {
            symbol: _Market(fair_price(self, symbol, parameters.reference)) for symbol in self.symbols
        }

    def on_start(self) -> Iterable[Intent]:
        return [intent for symbol in self.symbols for intent in self._requote(symbol, refill=False)]

    def on_depth(self, depth: Depth) -> Iterable[Intent]:
        symbol = depth.symbol
        market = self._markets[symbol]
        bids, asks = depth.bids, depth.asks
        best = (bids[0][0] if bids else None, asks[0][0] if asks else None)
        if best == market.best:
            return ()  # quantities alone; whether others still stand there is looked at on the timer
        market.best = best
        self._fair(symbol)
        if market.centre is not None:
            moved = abs(self._centre(symbol) - market.centre)
            if moved < self._requote_ticks * self.instruments[symbol].tick:
                return ()
        return self._requote(symbol, refill=False)

    def on_trade(self, trade: TradePrint) -> Iterable[Intent]:
        self._markets[trade.symbol].volume += trade.quantity
        return ()

    def on_timer(self, now_ns: Nanoseconds) -> Iterable[Intent]:
        intents: list[Intent] = []
        for symbol in self.symbols:
            self._measure(symbol, now_ns)
            intents.extend(self._requote(symbol, refill=True))
        return intents

    def half_spread(self, symbol: Symbol) -> float:
        """From the fair price to the best quote, in price units."""
        tick = self.instruments[symbol].tick
        wide = self._spread_volatilities * sqrt(self._markets[symbol].variance)
        return min(max(wide, self._half_spread_ticks * tick), self._maximum_half_spread_ticks * tick)

    def _fair(self, symbol: Symbol) -> Price:
        """The mid of others; where the book shows none, what it was, no better than the best prices."""
        market = self._markets[symbol]
        mid = others_mid(self, symbol)
        if mid is None:
            depth, mid = self.books.get(symbol), market.fair
            if depth is not None and depth.asks:
                mid = min(mid, depth.asks[0][0])
            if depth is not None and depth.bids:
                mid = max(mid, depth.bids[0][0])
        market.fair = mid
        return mid

    def _centre(self, symbol: Symbol) -> float:
        instrument = self.instruments[symbol]
        filled = self.position(symbol) / (self._maximum_position_lots * instrument.lot)
        return self._markets[symbol].fair - min(max(filled, -1.0), 1.0) * self._skew_ticks * instrument.tick

    def _measure(self, symbol: Symbol, now_ns: Nanoseconds) -> None:
        """Volatility and volume since the last timer."""
        market = self._markets[symbol]
        price = self._fair(symbol)
        elapsed_s = (now_ns - market.at_ns) / _SECOND
        if market.price is not None and elapsed_s > 0:
            move = price - market.price
            weight = elapsed_s / (elapsed_s + self._volatility_half_life_s / _LN2)
            market.variance += weight * (move * move / elapsed_s - market.variance)
        market.price, market.at_ns = price, now_ns
        market.usual_volume, market.volume = market.volume, 0

    def _requote(self, symbol: Symbol, *, refill: bool) -> list[Intent]:
        market, instrument = self._markets[symbol], self.instruments[symbol]
        centre, half = self._centre(symbol), self.half_spread(symbol)
        # On a grid of the spacing: when the centre moves by one step, one quote a side moves.
        step = self._spacing_ticks * instrument.tick
        bid = int(max(centre - half, 0.0)) // step * step
        ask = -(-ceil(centre + half) // step) * step
        rising = market.centre is not None and centre > market.centre
        market.centre = centre
        bids = self._side(instrument, _BUY, [bid - n * step for n in range(self._levels)])
        asks = self._side(instrument, _SELL, [max(ask, bid + step) + n * step for n in range(self._levels)])
        return both_sides(self, symbol, bids, asks, rising=rising, refill=refill)

    def _side(self, instrument: InstrumentInfo, side: Side, prices: Sequence[Price]) -> list[Level]:
        """As many quotes as the position limit allows, were all of them to trade."""
        symbol = instrument.symbol
        lots = int(self._participation * self._markets[symbol].usual_volume) // instrument.lot
        quantity = order_of(
            instrument, min(max(lots, self._minimum_quantity_lots), self._maximum_quantity_lots)
        )
        position = self.position(symbol)
        left = self._maximum_position_lots * instrument.lot - (position if side is _BUY else -position)
        levels: list[Level] = []
        whole, tick = in_lots(instrument, quantity), instrument.tick
        for price in prices:
            size = whole if quantity <= left else in_lots(instrument, left)
            if price < tick or not size:
                break
            left -= size
            levels.append((price, size))
        return levels


# No decorator on a class that a simulation runs compiled: see ``simulation.native``.
named("adaptive_market_maker")(AdaptiveMarketMaker)

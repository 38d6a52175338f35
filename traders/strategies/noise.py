"""Noise: traders who trade for reasons of their own, as far as the market can tell at random.

The name and the role are those of F. Black, "Noise", Journal of Finance 41(3), 1986, 529-543; a thousand of them are
the background of ABIDES (D. Byrd, M. Hybinette, T. H. Balch, 2020; see ``traders.oracle``). How they go about it is
put together from what was measured:

- where orders rest: as a power law of the distance from the best price of their side, with an exponent of about 0.6
  (J.-P. Bouchaud, M. Mezard, M. Potters, "Statistical properties of stock order books: empirical results and models",
  Quantitative Finance 2(4), 2002, 251-256); which makes average depth hump-shaped where orders near the touch leave sooner;
- how long: the further from the touch, the longer (S. Mike, J. D. Farmer, "An empirical behavioral model of liquidity and
  volatility", Journal of Economic Dynamics and Control 32(1), 2008, 200-234);
- how much: as a power law with an exponent of about 1.5 (P. Gopikrishnan, V. Plerou, X. Gabaix, H. E. Stanley,
  "Statistical properties of share volume traded in financial markets", Physical Review E 62(4), 2000, R4493-R4496);
- in pieces: a metaorder of power-law length goes to the market order by order, all of one side, which is why signs of
  orders are correlated for so long (F. Lillo, S. Mike, J. D. Farmer, "Theory for long memory in supply and demand",
  Physical Review E 71, 2005, 066122);
- when: more at the open and at the close (A. R. Admati, P. Pfleiderer, "A Theory of Intraday Patterns: Volume and Price
  Variability", Review of Financial Studies 1(1), 1988, 3-40), and more after the price moved a lot: attention is drawn by what
  moves (B. M. Barber, T. Odean, "All That Glitters", Review of Financial Studies 21(2), 2008, 785-818). Volatility
  that draws trades that make volatility comes in clusters.

In: its timer, and the best prices at that moment. Out: on a timer cancels of orders that waited long enough, and at most
one new limit order.
"""

from collections.abc import Iterable
from random import Random
from typing import ClassVar, Final

from mypy_extensions import mypyc_attr

from protocol.messages import InstrumentInfo
from protocol.vocabulary import Channel, Nanoseconds, Price, Side, Symbol, TimeInForce
from traders.strategies.base import Parameters, Strategy
from traders.strategies.chance import exponential, integer
from traders.strategies.intents import CancelOrder, Intent, Place, Tag
from traders.strategies.naming import named
from traders.strategies.noise_parameters import NoiseParameters
from traders.strategies.placing import best_prices, order_of
from traders.strategies.power_law import power_law
from traders.strategies.zero_intelligence import default_reference

# Members of an enum are looked up at every use; these are used at every event.
_BUY: Final = Side.BUY
_SELL: Final = Side.SELL
_IOC: Final = TimeInForce.IOC

_SECOND: Final = 1_000_000_000
_SLOWNESS: Final = 0.05
"""Weight of the newest move in the average that it is compared with: some twenty looks are remembered."""
_MOST_ATTENTION: Final = 8.0
"""A move counts as at most so many usual ones: one crash does not keep everybody busy for the rest of the day."""


@mypyc_attr(allow_interpreted_subclasses=True)
class Noise(Strategy):
    """One random order, or none, each time its timer fires."""

    parameters_type: ClassVar[type[Parameters]] = NoiseParameters
    channels: ClassVar[frozenset[Channel]] = frozenset((Channel.BBO,))
    depth_levels: ClassVar[int | None] = 1
    sampled: ClassVar[bool] = True

    def __init__(
        self, instruments: Iterable[InstrumentInfo], parameters: NoiseParameters, rng: Random
    ) -> None:
        super().__init__(tuple(instruments), parameters, rng)
        # Fields of its own: to look into a model takes three times as long, and these are read at every event.
        self._attentive: float = parameters.attention
        self._intraday: float = parameters.intraday
        self._day_s: float = parameters.day_s
        self._reference: int | None = parameters.reference
        self._activity: float = parameters.activity
        self._maximum_orders: int = parameters.maximum_orders
        self._split_share: float = parameters.split_share
        self._maximum_position_lots: int = parameters.maximum_position_lots
        self._aggressive: float = parameters.aggressive
        self._sweep_ticks: int = parameters.sweep_ticks
        self._inside: float = parameters.inside
        self._lifetime_s: float = parameters.lifetime_s
        self._lifetime_slope: float = parameters.lifetime_slope
        p = parameters
        self._depths = power_law(p.depth_exponent, p.depth_scale_ticks, p.maximum_depth_ticks)
        self._quantities = power_law(p.quantity_exponent, p.quantity_scale_lots, p.maximum_quantity_lots - 1)
        self._lengths = power_law(p.split_exponent, 1.0, p.maximum_pieces - 1)
        self._expires: dict[Tag, Nanoseconds] = {}
        self._opened_ns = 0
        self._last_prices: dict[Symbol, Price] = {}
        self._usual_moves: dict[Symbol, float] = {}
        self._symbol = self.symbols[0]
        self._side = _BUY
        self._pieces = 0
        """Orders of the metaorder that are still to come."""

    def on_start(self) -> Iterable[Intent]:
        self._opened_ns = self.now_ns
        return ()

    def on_timer(self, now_ns: Nanoseconds) -> Iterable[Intent]:
        intents: list[Intent] = []
        if self._expires:
            self._expire(now_ns, intents)
        rng = self.rng
        if not self._pieces and len(self.symbols) > 1:
            self._symbol = self.symbols[integer(rng, 0, len(self.symbols) - 1)]
        symbol = self._symbol
        bid, ask = best_prices(self, symbol)
        busy = self._activity
        if self._attentive or self._intraday:
            busy *= self._attention(symbol, bid, ask) * self._hour(now_ns)
        if (busy < 1.0 and rng.random() >= busy) or len(self.orders) >= self._maximum_orders:
            return intents
        if self._pieces:
            self._pieces -= 1
        else:
            self._side = _BUY if rng.random() < 0.5 else _SELL
            if self._split_share and rng.random() < self._split_share:
                self._pieces = self._lengths.draw(rng)
        side = self._side
        instrument = self.instruments[symbol]
        position = self.position(symbol)
        if abs(position) >= self._maximum_position_lots * instrument.lot:
            side = _SELL if position > 0 else _BUY
        intents.append(self._order(instrument, side, bid, ask, now_ns))
        return intents

    def _expire(self, now_ns: Nanoseconds, intents: list[Intent]) -> None:
        """Cancel what waited long enough."""
        over = [tag for tag, expires_ns in self._expires.items() if expires_ns <= now_ns]
        for tag in over:
            order = self.orders.get(tag)
            if order is None:
                del self._expires[tag]  # it ended by itself
            elif not order.pending:
                del self._expires[tag]
                intents.append(CancelOrder(tag))

    def _attention(self, symbol: Symbol, bid: Price | None, ask: Price | None) -> float:
        """1 on average if a move beyond the usual one were as likely as one below; more after a large move."""
        share = self._attentive
        if not share or bid is None or ask is None:
            return 1.0 - share
        price = bid + ask
        before = self._last_prices.get(symbol)
        self._last_prices[symbol] = price
        if before is None:
            return 1.0
        move = float(abs(price - before))
        usual = self._usual_moves.get(symbol)
        self._usual_moves[symbol] = move if usual is None else usual + _SLOWNESS * (move - usual)
        if not usual:
            return 1.0
        return 1.0 - share + share * min(move / usual, _MOST_ATTENTION)

    def _hour(self, now_ns: Nanoseconds) -> float:
        """1 at the ends of the day, less in between: a parabola."""
        share = self._intraday
        if not share:
            return 1.0
        place = (now_ns - self._opened_ns) / (self._day_s * _SECOND)
        from_noon = 2.0 * min(max(place, 0.0), 1.0) - 1.0
        return 1.0 - share + share * from_noon * from_noon

    def _order(
        self, instrument: InstrumentInfo, side: Side, bid: Price | None, ask: Price | None, now_ns: int
    ) -> Place:
        rng, tick, symbol = self.rng, instrument.tick, instrument.symbol
        buying = side is _BUY
        send = self.buy if buying else self.sell
        quantity = order_of(instrument, 1 + self._quantities.draw(rng))
        facing = ask if buying else bid
        if facing is not None and rng.random() < self._aggressive:
            reach = self._sweep_ticks * tick
            price = facing + reach if buying else max(facing - reach, tick)
            return send(symbol, quantity, at=price, time_in_force=_IOC)
        best = bid if buying else ask
        if best is None:
            best = self._nobodys_best(instrument, facing, buying=buying)
        gap = 0 if facing is None else abs(facing - best) // tick
        betters = gap > 1 and rng.random() < self._inside
        depth = -integer(rng, 1, gap - 1) if betters else self._depths.draw(rng)
        price = best - depth * tick if buying else best + depth * tick
        place = send(symbol, quantity, at=max(price, tick))
        patience = self._lifetime_s * (1.0 + self._lifetime_slope * max(depth, 0))
        self._expires[place.tag] = now_ns + int(exponential(rng, patience) * _SECOND)
        return place

    def _nobodys_best(self, instrument: InstrumentInfo, facing: Price | None, *, buying: bool) -> Price:
        """Where to rest where nobody does: next to the other side, else to the last price."""
        tick = instrument.tick
        if facing is None:
            facing = self.marks.get(instrument.symbol) or self._reference or default_reference(instrument)
            facing -= facing % tick
        return max(facing - tick, tick) if buying else facing + tick


# No decorator on a class that a simulation runs compiled: see ``simulation.native``.
named("noise")(Noise)

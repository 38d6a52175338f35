"""The market maker of Avellaneda and Stoikov: optimal quotes around a price that counts inventory.

M. Avellaneda, S. Stoikov, "High-frequency trading in a limit order book", Quantitative Finance 8(3), 2008, 217-224. The
price s is a Brownian motion with volatility sigma; a quote at distance d from it trades with intensity A exp(-k d); the
maker dislikes risk with an exponential utility, gamma, and is done at the time T. With q lots in stock it is indifferent at
the reservation price (their equation 29)

    r = s - q gamma sigma^2 (T - t),

and quotes around r with a spread (equation 30) of

    gamma sigma^2 (T - t) + (2 / gamma) ln(1 + gamma / k).

In: best prices, own reports, its timer. Out: one post-only bid and one post-only ask an instrument, on ticks. Where no
volatility is given it is measured from the mid at its timers.
"""

from collections.abc import Iterable, Sequence
from math import sqrt
from random import Random
from typing import ClassVar, Final

from pydantic import Field

from protocol.fields import Level
from protocol.messages import InstrumentInfo, PrivateMessage
from protocol.vocabulary import Channel, Nanoseconds, Price, Side, Symbol
from traders.book_view import Depth
from traders.strategies.base import Parameters, Strategy, Working
from traders.strategies.chance import ln
from traders.strategies.intents import Intent
from traders.strategies.ladder import both_sides, others_mid
from traders.strategies.naming import named
from traders.strategies.placing import fair_price, in_lots, on_tick

_SECOND: Final = 1_000_000_000
_MEMORY: Final = 100.0
"""Looks that count in the measured volatility."""


class AvellanedaStoikovParameters(Parameters):
    """What a person may set. ``gamma`` and ``k`` are those of the paper, for prices in price units and stock in lots."""

    reference: int | None = Field(
        None, gt=0, description="price units; used while nobody quotes or trades; left out: 100 money units"
    )
    gamma: float = Field(0.01, gt=0, le=1_000, description="aversion to risk, per price unit")
    k: float = Field(
        0.3,
        gt=0,
        le=1_000,
        description="how fast trades get rarer with the distance of a quote, per price unit",
    )
    volatility: float | None = Field(
        None, ge=0, le=1e6, description="price units per square root of a second; left out: measured"
    )
    horizon_s: float = Field(
        600.0, gt=0, le=1e6, description="T: seconds until the stock has to be worth what it is valued at"
    )
    rolling: bool = Field(
        False,
        description="at T the next horizon begins; false: from then on it quotes as if no time were left",
    )
    quantity_lots: int = Field(10, gt=0, le=1_000_000, description="of each quote")
    maximum_position_lots: int = Field(500, gt=0, description="no quote that could lead beyond it")
    requote_ticks: int = Field(1, gt=0, le=10_000, description="quotes move when one of them is so far off")


@named("avellaneda_stoikov")
class AvellanedaStoikov(Strategy):
    """Quotes every instrument it is given, each by itself."""

    parameters: AvellanedaStoikovParameters
    parameters_type = AvellanedaStoikovParameters
    channels: ClassVar[frozenset[Channel]] = frozenset((Channel.BBO,))
    depth_levels: ClassVar[int | None] = 1

    def __init__(
        self, instruments: Sequence[InstrumentInfo], parameters: AvellanedaStoikovParameters, rng: Random
    ) -> None:
        super().__init__(instruments, parameters, rng)
        self._opened_ns: Nanoseconds = 0
        self._fair = {symbol: fair_price(self, symbol, parameters.reference) for symbol in self.symbols}
        self._looked: dict[Symbol, tuple[Nanoseconds, Price]] = {}
        self._variance: dict[Symbol, float] = dict.fromkeys(self.symbols, 0.0)
        self._quoted: dict[Symbol, tuple[Price, Price]] = {}

    def on_start(self) -> Iterable[Intent]:
        self._opened_ns = self.now_ns
        return [intent for symbol in self.symbols for intent in self._requote(symbol)]

    def on_depth(self, depth: Depth) -> Iterable[Intent]:
        return self._requote(depth.symbol, moved_only=True)

    def on_report(self, report: PrivateMessage, order: Working | None) -> Iterable[Intent]:
        # A filled quote comes back at once, elsewhere; a refused one waits for the market or the timer.
        if order is not None and order.is_done and order.rejection is None and order.cumulative:
            return self._requote(order.symbol)
        return ()

    def on_timer(self, now_ns: Nanoseconds) -> Iterable[Intent]:
        intents: list[Intent] = []
        for symbol in self.symbols:
            self._measure(symbol, now_ns)
            intents.extend(self._requote(symbol, refill=True))
        return intents

    def volatility(self, symbol: Symbol) -> float:
        """Sigma: price units per square root of a second."""
        given = self.parameters.volatility
        return sqrt(self._variance[symbol]) if given is None else given

    def left_s(self) -> float:
        """T - t, in seconds."""
        horizon = self.parameters.horizon_s
        elapsed = (self.now_ns - self._opened_ns) / _SECOND
        return horizon - elapsed % horizon if self.parameters.rolling else max(horizon - elapsed, 0.0)

    def reservation_price(self, symbol: Symbol) -> float:
        """What a lot more and a lot less are equally good at, in price units."""
        stock = self.position(symbol) / self.instruments[symbol].lot
        return self._fair[symbol] - stock * self._risk(symbol)

    def spread(self, symbol: Symbol) -> float:
        """From bid to ask, in price units."""
        gamma = self.parameters.gamma
        return self._risk(symbol) + 2.0 / gamma * ln(1.0 + gamma / self.parameters.k)

    def targets(self, symbol: Symbol) -> tuple[Price, Price]:
        """Where bid and ask belong, on ticks, the bid below the ask."""
        instrument = self.instruments[symbol]
        centre, half = self.reservation_price(symbol), self.spread(symbol) / 2.0
        bid = on_tick(instrument, max(centre - half, 1.0), Side.BUY)
        ask = on_tick(instrument, max(centre + half, 1.0), Side.SELL)
        return bid, max(ask, bid + instrument.tick)

    def _risk(self, symbol: Symbol) -> float:
        sigma = self.volatility(symbol)
        return self.parameters.gamma * sigma * sigma * self.left_s()

    def _measure(self, symbol: Symbol, now_ns: Nanoseconds) -> None:
        price, before = self._fair[symbol], self._looked.get(symbol)
        self._looked[symbol] = now_ns, price
        if before is not None and now_ns > before[0]:
            move, elapsed_s = price - before[1], (now_ns - before[0]) / _SECOND
            self._variance[symbol] += (move * move / elapsed_s - self._variance[symbol]) / _MEMORY

    def _requote(self, symbol: Symbol, *, moved_only: bool = False, refill: bool = False) -> list[Intent]:
        mid = others_mid(self, symbol)
        if mid is not None:
            self._fair[symbol] = mid
        bid, ask = self.targets(symbol)
        before = self._quoted.get(symbol)
        if before is not None:
            off = max(abs(bid - before[0]), abs(ask - before[1]))
            if off < self.parameters.requote_ticks * self.instruments[symbol].tick:
                if moved_only:
                    return []
                bid, ask = before
        self._quoted[symbol] = bid, ask
        rising = before is not None and bid > before[0]
        bids, asks = self._quote(symbol, Side.BUY, bid), self._quote(symbol, Side.SELL, ask)
        return both_sides(self, symbol, bids, asks, rising=rising, refill=refill)

    def _quote(self, symbol: Symbol, side: Side, price: Price) -> list[Level]:
        instrument, position = self.instruments[symbol], self.position(symbol)
        left = self.parameters.maximum_position_lots * instrument.lot
        left -= position if side is Side.BUY else -position
        quantity = in_lots(instrument, min(self.parameters.quantity_lots * instrument.lot, left))
        return [(price, quantity)] if quantity else []

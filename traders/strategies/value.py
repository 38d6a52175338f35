"""Value investors: they know roughly what an instrument is worth, buy below and sell above.

After the value agents of ABIDES (D. Byrd, M. Hybinette, T. H. Balch, 2020; see ``traders.oracle``), which go back to
E. Wah, M. Wright, M. P. Wellman, "Welfare Effects of Market Making in Continuous Double Auctions", Journal of Artificial
Intelligence Research 59, 2017, 613-650: each looks at the fundamental value through noise of its own, and updates an estimate
as R. E. Kalman's filter does ("A New Approach to Linear Filtering and Prediction Problems", Journal of Basic
Engineering 82(1), 1960, 35-45): the more uncertain the estimate has become since the last look, the more a new look
counts. The value is taken to come back to a mean. What is offered well below the estimate is bought; else an order waits
at the price that would be well below it. As many of them see the same value, their orders are of one side until the price
has followed.

In: observations, its timer, and the best prices at that moment. Out: at each timer one order for each side at most, the
one before moved or canceled.
"""

from collections.abc import Iterable, Sequence
from random import Random
from typing import ClassVar, Final

from mypy_extensions import mypyc_attr

from protocol.messages import InstrumentInfo
from protocol.vocabulary import Channel, Nanoseconds, Side, Symbol, TimeInForce
from traders.strategies.base import Parameters, Strategy
from traders.strategies.chance import exp, integer
from traders.strategies.intents import CancelOrder, Intent, Observed, ReplaceOrder
from traders.strategies.naming import named
from traders.strategies.placing import best_prices, in_lots, on_tick, order_of, room
from traders.strategies.power_law import power_law
from traders.strategies.value_parameters import ValueParameters

# Members of an enum are looked up at every use; these are used at every event.
_BUY: Final = Side.BUY
_SELL: Final = Side.SELL
_GTC: Final = TimeInForce.GTC
_IOC: Final = TimeInForce.IOC

_LN2: Final = 0.6931471805599453
_SECOND: Final = 1_000_000_000


class _Belief:
    """What a trader thinks an instrument is worth."""

    __slots__ = ("at_ns", "estimate", "variance")

    def __init__(self, at_ns: Nanoseconds, estimate: float, variance: float) -> None:
        self.at_ns = at_ns
        self.estimate = estimate
        self.variance = variance


@mypyc_attr(allow_interpreted_subclasses=True)
class Value(Strategy):
    """Compares prices with an estimate of the value."""

    parameters_type: ClassVar[type[Parameters]] = ValueParameters
    channels: ClassVar[frozenset[Channel]] = frozenset((Channel.BBO,))
    depth_levels: ClassVar[int | None] = 1
    sampled: ClassVar[bool] = True
    observes: ClassVar[bool] = True

    def __init__(
        self, instruments: Sequence[InstrumentInfo], parameters: ValueParameters, rng: Random
    ) -> None:
        super().__init__(instruments, parameters, rng)
        # Fields of its own: to look into a model takes three times as long, and these are read at every event.
        self._mean: int | None = parameters.mean
        self._horizon_s: float = parameters.horizon_s
        self._maximum_position_lots: int = parameters.maximum_position_lots
        self._observation_noise: float = parameters.observation_noise
        self._volatility: float = parameters.volatility
        self._edge_ticks: int = parameters.edge_ticks
        self._aggressive: float = parameters.aggressive
        self._resting: float = parameters.resting
        self._resting_edge_ticks: int | None = parameters.resting_edge_ticks
        self._quantities = power_law(
            parameters.quantity_exponent, parameters.quantity_scale_lots, parameters.maximum_quantity_lots - 1
        )
        self._beliefs: dict[Symbol, _Belief] = {}
        # Without a mean to come back to there is no decay.
        self._rate = 0.0 if parameters.mean is None else _LN2 / parameters.half_life_s

    def estimate(self, symbol: Symbol) -> float | None:
        """What it thinks ``symbol`` will be worth at its horizon, in price units; ``None`` before the first look."""
        belief = self._beliefs.get(symbol)
        if belief is None:
            return None
        mean = self._mean
        if mean is None or not self._horizon_s:
            return belief.estimate
        return mean + (belief.estimate - mean) * exp(-self._rate * self._horizon_s)

    def on_observed(self, observed: Observed) -> Iterable[Intent]:
        noise = self._observation_noise * self._observation_noise
        belief = self._beliefs.get(observed.symbol)
        if belief is None:
            self._beliefs[observed.symbol] = _Belief(observed.now_ns, float(observed.value), noise)
            return ()
        elapsed_s = (observed.now_ns - belief.at_ns) / _SECOND
        belief.at_ns = observed.now_ns
        if self._rate and self._mean is not None:
            keeps = exp(-self._rate * elapsed_s)
            belief.estimate = self._mean + (belief.estimate - self._mean) * keeps
            grown = self._volatility * self._volatility * (1.0 - keeps * keeps) / (2.0 * self._rate)
            belief.variance = belief.variance * keeps * keeps + grown
        else:
            belief.variance += self._volatility * self._volatility * elapsed_s
        total = belief.variance + noise
        gain = belief.variance / total if total else 1.0
        belief.estimate += gain * (observed.value - belief.estimate)
        belief.variance *= 1.0 - gain
        return ()

    def on_timer(self, now_ns: Nanoseconds) -> Iterable[Intent]:
        rng, symbols = self.rng, self.symbols
        symbol = symbols[0] if len(symbols) == 1 else symbols[integer(rng, 0, len(symbols) - 1)]
        estimate = self.estimate(symbol)
        if estimate is None:
            return ()
        instrument = self.instruments[symbol]
        bid, ask = best_prices(self, symbol)
        tick = instrument.tick
        edge = self._edge_ticks * tick
        cheap, dear = ask is not None and ask + edge <= estimate, bid is not None and bid - edge >= estimate
        takes = (cheap or dear) and rng.random() < self._aggressive
        if not takes and self._resting < 1.0 and rng.random() >= self._resting:
            return [CancelOrder(o.tag) for o in self.orders.values() if o.symbol == symbol and not o.pending]
        if cheap or dear:
            side = _BUY if cheap else _SELL
        elif bid is not None and ask is not None:
            side = _BUY if 2.0 * estimate > bid + ask else _SELL
        else:
            side = _BUY if rng.random() < 0.5 else _SELL
        if not takes and self._resting_edge_ticks is not None:
            edge = self._resting_edge_ticks * tick
        price = on_tick(instrument, max(estimate - edge if side is _BUY else estimate + edge, 1.0), side)
        if cheap and not takes and ask is not None:
            price = max(min(price, ask - tick), tick)
        elif dear and not takes and bid is not None:
            price = max(price, bid + tick)
        quantity = order_of(instrument, 1 + self._quantities.draw(rng))
        return self._go(instrument, side, price, quantity, takes=takes)

    def _go(
        self, instrument: InstrumentInfo, side: Side, price: int, quantity: int, *, takes: bool
    ) -> list[Intent]:
        """One order where it belongs; those before are moved or canceled."""
        symbol, intents = instrument.symbol, list[Intent]()
        moved = False
        for order in self.orders.values():
            if order.symbol != symbol:
                continue
            if order.pending:
                moved = moved or order.side is side  # it is on its way; another would be one too many
            elif order.side is side and not takes and not moved:
                moved = True
                if order.price != price:
                    intents.append(ReplaceOrder(order.tag, None, price))
            else:
                intents.append(CancelOrder(order.tag))
        if not moved:
            limit = self._maximum_position_lots * instrument.lot
            quantity = in_lots(instrument, min(quantity, room(self, symbol, side, limit)))
            if quantity:
                send = self.buy if side is _BUY else self.sell
                time_in_force = _IOC if takes else _GTC
                intents.append(send(symbol, quantity, at=price, time_in_force=time_in_force))
        return intents


# No decorator on a class that a simulation runs compiled: see ``simulation.native``.
named("value")(Value)

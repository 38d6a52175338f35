"""Arbitrage between an exchange-traded fund and the basket it stands for.

Who may create and redeem shares trades one against the other when they differ by more than it costs; that is what keeps
them together: A. Petajisto, "Inefficiencies in the Pricing of Exchange-Traded Funds", Financial Analysts Journal 73(1),
2017, 24-54; how such trades carry shocks from funds to their parts: I. Ben-David, F. Franzoni, R. Moussawi, "Do ETFs
Increase Volatility?", Journal of Finance 73(6), 2018, 2471-2535.

``unit`` shares of the fund are ``weights`` of its parts. If the fund's bid brings more than the parts' asks cost by
``edge_ppm`` of it, the fund is sold and the parts are bought, a number of units at once; and the other way round.

In: best prices, reports, its timer. Out: orders at the best prices whose rest is canceled at once. Legs that did not fill
together are completed at whatever the market gives, up to ``slippage_ticks`` from the best price: a leg left open is
the risk that the trade was meant to avoid.
"""

from collections.abc import Iterable, Mapping, Sequence
from random import Random
from typing import ClassVar

from pydantic import Field

from protocol.errors import ConfigError
from protocol.messages import InstrumentInfo, PrivateMessage
from protocol.vocabulary import Channel, Nanoseconds, Side, Symbol, TimeInForce
from traders.book_view import Depth
from traders.strategies.base import Parameters, Strategy, Working
from traders.strategies.intents import Intent, Place
from traders.strategies.naming import named
from traders.strategies.placing import towards


class EtfArbitrageParameters(Parameters):
    """What a person may set."""

    etf: Symbol = Field(description="the fund")
    weights: Mapping[Symbol, int] = Field(
        min_length=1, description="units of each part, positive, that make up unit shares"
    )
    unit: int = Field(1, gt=0, le=10**9, description="shares of the fund that the weights make up")
    edge_ppm: int = Field(
        500, ge=0, le=1_000_000, description="premium it wants, costs and fees included, in parts per million"
    )
    units: int = Field(1, gt=0, le=1_000_000, description="units traded at once, at most")
    maximum_units: int = Field(20, gt=0, le=1_000_000, description="units it holds, long or short")
    slippage_ticks: int = Field(
        5, ge=0, le=10_000, description="beyond the best price when it completes a leg, at most"
    )


@named("etf_arbitrage")
class EtfArbitrage(Strategy):
    """Trades the fund against its parts."""

    parameters: EtfArbitrageParameters
    parameters_type = EtfArbitrageParameters
    channels: ClassVar[frozenset[Channel]] = frozenset((Channel.BBO,))
    depth_levels: ClassVar[int | None] = 1

    def __init__(
        self, instruments: Sequence[InstrumentInfo], parameters: EtfArbitrageParameters, rng: Random
    ) -> None:
        """It is given the fund and all parts, perhaps among others.

        Raises:
            ConfigError: it is not given the fund or one of the parts, or a weight is not positive, or fits no lot.
        """
        super().__init__(instruments, parameters, rng)
        self._legs: dict[Symbol, int] = {parameters.etf: parameters.unit, **parameters.weights}
        """Units of each instrument in one unit of the trade."""
        for symbol, weight in self._legs.items():
            info = self.instruments.get(symbol)
            if info is None:
                raise ConfigError("etf_arbitrage", f"it needs {symbol}, and was not given it")
            if weight <= 0 or weight % info.lot or weight < info.minimum_quantity:
                raise ConfigError("etf_arbitrage", f"{weight} of {symbol} is no order: lots of {info.lot}")
        if parameters.etf in parameters.weights:
            raise ConfigError("etf_arbitrage", f"{parameters.etf} can't be part of itself")

    def on_depth(self, depth: Depth) -> Iterable[Intent]:
        return self._go() if depth.symbol in self._legs else ()

    def on_report(self, report: PrivateMessage, order: Working | None) -> Iterable[Intent]:
        # Only what traded: a refusal waits for the market or the timer.
        return self._complete() if order is not None and order.is_done and order.cumulative else ()

    def on_timer(self, now_ns: Nanoseconds) -> Iterable[Intent]:
        return self._go()

    def units_held(self) -> int:
        """Of the fund, rounded towards zero; negative when the fund is short and its parts are long."""
        position = self.position(self.parameters.etf)
        return position // self.parameters.unit if position >= 0 else -(-position // self.parameters.unit)

    def _go(self) -> list[Intent]:
        if self.orders:
            return []
        unhedged = self._complete()
        if unhedged:
            return list(unhedged)
        for side in (Side.SELL, Side.BUY):
            units = self._units(side)
            if units:
                return list(self._trade(side, units))
        return []

    def _units(self, side: Side) -> int:
        """How many units of the fund to trade on ``side``, against the parts; 0 where it does not pay."""
        p = self.parameters
        etf, parts = self._quote(p.etf, side), 0
        if etf is None:
            return 0
        available = etf[1] // p.unit
        for symbol, weight in p.weights.items():
            quote = self._quote(symbol, side.opposite)
            if quote is None:
                return 0
            parts += weight * quote[0]
            available = min(available, quote[1] // weight)
        fund = etf[0] * p.unit
        gain = fund - parts if side is Side.SELL else parts - fund
        # In integers: the premium as a share of the basket, against parts per million.
        if gain * 1_000_000 <= p.edge_ppm * parts:
            return 0
        held = self.units_held()
        room = p.maximum_units + (held if side is Side.SELL else -held)
        return max(0, min(p.units, available, room))

    def _quote(self, symbol: Symbol, side: Side) -> tuple[int, int] | None:
        """Price and quantity that somebody gives to who comes with ``side``."""
        depth = self.books.get(symbol)
        if depth is None:
            return None
        levels = depth.bids if side is Side.SELL else depth.asks
        return levels[0] if levels else None

    def _trade(self, side: Side, units: int) -> Iterable[Place]:
        for symbol, weight in self._legs.items():
            way = side if symbol == self.parameters.etf else side.opposite
            quote = self._quote(symbol, way)
            assert quote is not None  # _units has looked at it
            send = self.buy if way is Side.BUY else self.sell
            yield send(symbol, weight * units, at=quote[0], time_in_force=TimeInForce.IOC)

    def _complete(self) -> Sequence[Place]:
        """Orders that bring the parts to what the fund's position asks for."""
        p = self.parameters
        if any(order.symbol == p.etf for order in self.orders.values()):
            return ()
        intents: list[Place] = []
        held = self.units_held()
        for symbol, weight in p.weights.items():
            most = weight * (p.units + abs(held))
            intents.extend(towards(self, symbol, -held * weight, most, slippage_ticks=p.slippage_ticks))
        return intents

"""The periods of an experiment: units are handed out, traded, and lapse.

In: the experiment of a scenario, its buyers and sellers. Out: an ``Assigned`` event for each of them at the start of every
period, after all orders of the period before were voided; at the end of each period, what it was worth.
"""

from collections.abc import Sequence
from typing import Literal, NamedTuple

from exchange.engine.events import AuctionTrade, Trade
from protocol.vocabulary import AccountId, Nanoseconds, Price, Quantity, Side, Symbol
from simulation.agent import Agent
from simulation.market import Market
from traders.experiment import Experiment
from traders.strategies.intents import Assigned

_SECOND_NS = 1_000_000_000


class Traded(NamedTuple):
    """One trade of a period."""

    at_ns: Nanoseconds
    price: Price
    quantity: Quantity


class PeriodResult(NamedTuple):
    """What became of one period."""

    number: int
    started_ns: Nanoseconds
    trades: tuple[Traded, ...]
    surplus: int
    """Gained by buyers and sellers together over the limits of what they traded, in price units."""
    gains: tuple[tuple[AccountId, int], ...] = ()
    """Of each of them, buyers first."""


class Periods:
    """Runs the experiment of one scenario."""

    def __init__(
        self, experiment: Experiment, market: Market, buyers: Sequence[Agent], sellers: Sequence[Agent]
    ) -> None:
        self.results: list[PeriodResult] = []
        self._experiment = experiment
        self._market = market
        self._sides: tuple[tuple[Literal["buyers", "sellers"], Side, Sequence[Agent]], ...] = (
            ("buyers", Side.BUY, buyers),
            ("sellers", Side.SELL, sellers),
        )
        self._symbol: Symbol = experiment.symbol or next(iter(market.feeds))
        self._number = 0
        self._started_ns: Nanoseconds = 0
        self._trades: list[Traded] = []
        market.on_trade.append(self._traded)

    @property
    def length_ns(self) -> Nanoseconds:
        """Of all periods together."""
        return self._experiment.periods * self._period_ns

    @property
    def _period_ns(self) -> Nanoseconds:
        return round(self._experiment.period_s * _SECOND_NS)

    def begin(self, _: None = None) -> None:
        """The next period, now; the one before is over. After the last nothing begins."""
        self.end()
        if self._number == self._experiment.periods:
            return
        kernel = self._market.kernel
        self._number += 1
        self._started_ns = kernel.time_ns
        ends_ns = kernel.time_ns + self._period_ns
        for role, side, agents in self._sides:
            for number, agent in enumerate(agents):
                units = self._experiment.units(self._number, role, number)
                agent.hear(Assigned(kernel.time_ns, self._symbol, side, units, self._number, ends_ns))
        kernel.at(ends_ns, self.begin)

    def end(self) -> None:
        """The period under way is over, if there is one: all orders are void."""
        if self._started_ns == 0:
            return
        self._market.cancel_all()
        gains = tuple(
            (agent.account, agent.strategy.assignments[self._symbol].surplus)
            for _, _, agents in self._sides
            for agent in agents
            if self._symbol in agent.strategy.assignments
        )
        surplus = sum([gain for _, gain in gains])
        self.results.append(PeriodResult(self._number, self._started_ns, tuple(self._trades), surplus, gains))
        self._started_ns = 0
        self._trades = []

    def _traded(self, at_ns: Nanoseconds, trade: Trade | AuctionTrade) -> None:
        if trade.symbol == self._symbol:
            self._trades.append(Traded(at_ns, trade.price, trade.quantity))

"""AA: as aggressive as the market pays for.

P. Vytelingum, "The Structure and Behaviour of the Continuous Double Auction", PhD thesis, University of Southampton, 2006;
P. Vytelingum, D. Cliff and N. R. Jennings, "Strategic Bidding in Continuous Double Auctions", Artificial Intelligence
172(14), 2008, 1700-1729. In four parts:

- an estimate e of the equilibrium price: the mean of the last N trade prices, each weighing 0.9 of the one after it;
- a target price for an aggressiveness r from -1 to 1 (``traders.strategies.aggressiveness``);
- learning in the short run: r moves towards d, r + b1 (d - r), where d is a little more or less than the aggressiveness
  that would have shouted what was just heard; a trade at a price the target would have got too makes it less
  aggressive, a trade it missed and a shout of its own side that betters its target more so;
- learning in the long run: the curvature of the target function follows how much prices vary around e, as Smith's alpha
  over those N trades, between the least and the most seen.

A buyer bids a third of the way from the best bid to its target; at an ask within its target it takes that. Before the
first trade the target is the limit or a little above the best ask.

It differs in this: what is heard is told in ``traders.strategies.hearing``; "a little more" is r + (lambda_r |r| +
lambda_a), so that it is more for negative r, too; to better a bid takes a tick; a bid below the best one is left unsaid,
and so is the next step of who leads, as long as there is news; the lowest price of the scenario stands for their 0.

In: best quotes, trades, timers. Out: shouts.
"""

from collections.abc import Sequence
from math import sqrt
from random import Random
from typing import Final

from pydantic import Field, model_validator

from protocol.messages import InstrumentInfo
from protocol.vocabulary import Price, Side, Symbol
from traders.strategies.aggressiveness import Target
from traders.strategies.assignment import Assignment
from traders.strategies.base import Parameters, Working
from traders.strategies.chance import exp
from traders.strategies.hearing import Listener
from traders.strategies.naming import named
from traders.strategies.shouting_parameters import ShoutingParameters

_AGEING: Final = 0.9


class AaParameters(ShoutingParameters):
    """What a person may set; lambda, eta, gamma and theta as in the literature."""

    memory_trades: int = Field(5, ge=1, le=1_000, description="trades that the equilibrium is estimated from")
    short_learning_rate: float = Field(
        0.4, ge=0, le=1, description="beta 1, of the aggressiveness, per shout"
    )
    long_learning_rate: float = Field(0.4, ge=0, le=1, description="beta 2, of the curvature, per trade")
    lambda_r: float = Field(0.02, ge=0, le=1, description="relative step beyond what was heard")
    lambda_a: float = Field(0.01, ge=0, le=1, description="absolute step beyond what was heard")
    eta: float = Field(
        3.0, ge=1, le=1_000, description="a shout goes one part in eta of the way to its target"
    )
    gamma: float = Field(2.0, ge=0, le=10, description="how the curvature answers to Smith's alpha")
    theta_low: float = Field(-8.0, ge=-20, le=20, description="lowest curvature")
    theta_high: float = Field(2.0, ge=-20, le=20, description="highest curvature")

    @model_validator(mode="after")
    def _lower_below_higher(self) -> "AaParameters":
        if self.theta_low > self.theta_high:
            raise ValueError("theta_low is above theta_high")
        return self


class Estimate:
    """The equilibrium price, and the curvature that its fluctuations ask for."""

    __slots__ = ("_alphas", "_parameters", "_prices", "equilibrium", "theta")

    def __init__(self, parameters: AaParameters, theta: float) -> None:
        self.equilibrium: float | None = None
        """``None`` before the first trade."""
        self.theta = theta
        self._parameters = parameters
        self._prices: list[Price] = []
        self._alphas: tuple[float, float] | None = None

    def take(self, price: Price) -> None:
        """A trade."""
        parameters, prices = self._parameters, self._prices
        prices.append(price)
        del prices[: -parameters.memory_trades]
        weight = 1.0
        weights = total = 0.0
        for one in reversed(prices):
            total += weight * one
            weights += weight
            weight *= _AGEING
        equilibrium = self.equilibrium = total / weights
        squares = 0.0
        for one in prices:
            squares += (one - equilibrium) * (one - equilibrium)
        alpha = sqrt(squares / len(prices)) / equilibrium
        low, high = self._alphas or (alpha, alpha)
        low, high = self._alphas = min(low, alpha), max(high, alpha)
        share = (alpha - low) / (high - low) if high > low else 0.0
        span = parameters.theta_high - parameters.theta_low
        wanted = span * (1.0 - share * exp(parameters.gamma * (share - 1.0))) + parameters.theta_low
        self.theta += parameters.long_learning_rate * (wanted - self.theta)


@named("aa")
class AdaptiveAggressive(Listener):
    """Learns how aggressive to be."""

    parameters: AaParameters
    parameters_type = AaParameters

    def __init__(self, instruments: Sequence[InstrumentInfo], parameters: Parameters, rng: Random) -> None:
        super().__init__(instruments, parameters, rng)
        theta = max(self.parameters.theta_low, -5.0 * rng.random())
        self._estimates = {symbol: Estimate(self.parameters, theta) for symbol in self.symbols}
        self._first = -0.3 * rng.random()
        self._aggressiveness: dict[tuple[Symbol, Side], float] = {}
        self._known: tuple[tuple[Side, Price, float, float], Target] | None = None

    def aggressiveness(self, assignment: Assignment) -> float:
        """From -1, wants the most, to 1, takes what it gets."""
        return self._aggressiveness.get((assignment.symbol, assignment.side), self._first)

    def target(self, assignment: Assignment) -> float | None:
        """What it would trade at; ``None`` before the first trade."""
        function = self._function(assignment)
        return None if function is None else function(self.aggressiveness(assignment))

    def heard(self, symbol: Symbol, side: Side, price: Price) -> None:
        assignment = self.assignments.get(symbol)
        target = None if assignment is None else self.target(assignment)
        if assignment is None or target is None or assignment.side is not side or not assignment.left:
            return
        # What would have bettered it, on a tick.
        tick = self.instruments[symbol].tick
        better = price + tick if side is Side.BUY else price - tick
        if target < better if side is Side.BUY else target > better:
            self._learn(assignment, better, more=True)

    def dealt(self, symbol: Symbol, price: Price, shouted: Side | None) -> None:
        self._estimates[symbol].take(price)
        assignment = self.assignments.get(symbol)
        target = None if assignment is None else self.target(assignment)
        if assignment is None or target is None:
            return
        missed = target < price if assignment.side is Side.BUY else target > price
        self._learn(assignment, price, more=missed)

    def quote(self, assignment: Assignment, limit: Price, standing: Working | None) -> float | None:
        parameters, symbol, side = self.parameters, assignment.symbol, assignment.side
        buys = side is Side.BUY
        leads = self.leads(symbol, standing)
        best = self.best_of_others(symbol, side, standing)
        offered = self.best_of_others(symbol, side.opposite, standing)
        if best is None:
            best = parameters.minimum_price if buys else parameters.maximum_price
        if limit <= best if buys else limit >= best:
            return None
        target = self.target(assignment)
        if target is None:
            sign = 1.0 if buys else -1.0
            other = offered or (parameters.maximum_price if buys else parameters.minimum_price)
            beyond = (1.0 + sign * parameters.lambda_r) * other + sign * parameters.lambda_a
            target = min(limit, beyond) if buys else max(limit, beyond)
        elif offered is not None and (offered <= target if buys else offered >= target):
            return offered
        if leads and standing is not None and standing.price is not None:
            if not self.repeated:
                return None
            best = standing.price
        if target <= best if buys else target >= best:
            return None
        tick = self.instruments[symbol].tick
        step = (target - best) / parameters.eta
        # At least a tick: who stops a tick short of the best would never lead.
        return best + max(step, tick) if buys else best + min(step, -tick)

    def _function(self, assignment: Assignment) -> Target | None:
        estimate = self._estimates[assignment.symbol]
        limit = assignment.limit or (assignment.limits[-1] if assignment.limits else None)
        if estimate.equilibrium is None or limit is None:
            return None
        key = assignment.side, limit, estimate.equilibrium, estimate.theta
        # It changes with trades and units only, and is asked for with every shout.
        if self._known is None or self._known[0] != key:
            self._known = key, Target(*key, self.parameters.minimum_price, self.parameters.maximum_price)
        return self._known[1]

    def _learn(self, assignment: Assignment, price: Price, *, more: bool) -> None:
        function = self._function(assignment)
        if function is None:
            return
        parameters = self.parameters
        heard = function.aggressiveness(price)
        step = parameters.lambda_r * abs(heard) + parameters.lambda_a
        desired = heard + step if more else heard - step
        now = self.aggressiveness(assignment)
        now += parameters.short_learning_rate * (desired - now)
        self._aggressiveness[assignment.symbol, assignment.side] = max(-1.0, min(1.0, now))

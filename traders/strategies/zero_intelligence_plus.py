"""ZIP: zero intelligence plus a margin that learns.

D. Cliff, "Minimal-Intelligence Agents for Bargaining Behaviors in Market-Based Environments", Hewlett-Packard
Laboratories HPL-97-91, 1997. A trader shouts its limit with a margin m: p = limit (1 + m), m >= 0 for sellers and
-1 <= m <= 0 for buyers. After each shout, at price q:

- accepted: a seller with p <= q raises its margin; if the shout was a bid, a seller with p >= q that has units left lowers it;
- not accepted: if it was an offer, a seller with p >= q that has units left lowers its margin;

and buyers in the mirror. The margin moves by the rule of Widrow and Hoff with momentum: towards a target price
t = R q + A it takes the step d = b (t - p), remembers it, G = g G + (1 - g) d, and p + G is its new price. To raise the
price R is uniform from 1 to 1.05, A from 0 to 5 price units; to lower it, from 0.95 to 1 and from -5 to 0. Of each trader
the learning rate b is uniform from 0.1 to 0.5, the momentum g from 0 to 0.1, the first margin from 5 to 35 percent.
(Cliff's A goes to 0.05 where the equilibrium is about 2.00.)

It differs in that shouts rest in a book: what is heard is told in ``traders.strategies.hearing``.

In: best quotes, trades, timers. Out: shouts.
"""

from collections.abc import Sequence
from random import Random

from pydantic import Field, model_validator

from protocol.messages import InstrumentInfo
from protocol.vocabulary import Price, Side, Symbol
from traders.strategies.assignment import Assignment
from traders.strategies.base import Parameters, Working
from traders.strategies.hearing import Listener
from traders.strategies.naming import named
from traders.strategies.shouting_parameters import ShoutingParameters


class ZipParameters(ShoutingParameters):
    """What a person may set; the defaults are Cliff's."""

    learning_rate_low: float = Field(0.1, ge=0, le=1, description="of the traders' learning rates, lowest")
    learning_rate_high: float = Field(0.5, ge=0, le=1, description="highest")
    momentum_low: float = Field(0.0, ge=0, le=1, description="of the traders' momentums, lowest")
    momentum_high: float = Field(0.1, ge=0, le=1, description="highest")
    margin_low: float = Field(
        0.05, ge=0, le=1, description="of the traders' first margins, lowest; 0.05 is 5 %"
    )
    margin_high: float = Field(0.35, ge=0, le=1, description="highest")
    relative_step: float = Field(
        0.05, ge=0, lt=1, description="a target differs from the shout by up to this share"
    )
    absolute_step: float = Field(
        5.0, ge=0, le=1_000_000, description="and by up to this many price units more"
    )

    @model_validator(mode="after")
    def _lower_below_higher(self) -> "ZipParameters":
        for name in ("learning_rate", "momentum", "margin"):
            if getattr(self, f"{name}_low") > getattr(self, f"{name}_high"):
                raise ValueError(f"{name}_low is above {name}_high")
        return self


class Margin:
    """The margin of one trader on one side of one market."""

    __slots__ = ("buys", "learning_rate", "limit", "momentum", "momentum_rate", "share")

    def __init__(self, side: Side, first: float, learning_rate: float, momentum_rate: float) -> None:
        self.buys = side is Side.BUY
        self.share = -first if self.buys else first
        """From -1 to 0 for a buyer, 0 or more for a seller."""
        self.learning_rate = learning_rate
        self.momentum_rate = momentum_rate
        self.momentum = 0.0
        self.limit: Price | None = None
        """Of the unit that is, or was, the last to be worked."""

    @property
    def price(self) -> float:
        """What to shout."""
        return 0.0 if self.limit is None else self.limit * (1.0 + self.share)

    def learn(self, target: float) -> None:
        """Move towards a target price."""
        if not self.limit:
            return
        price = self.price
        step = self.learning_rate * (target - price)
        self.momentum = self.momentum_rate * self.momentum + (1.0 - self.momentum_rate) * step
        share = (price + self.momentum) / self.limit - 1.0
        self.share = min(max(share, -1.0), 0.0) if self.buys else max(share, 0.0)


@named("zip")
class ZeroIntelligencePlus(Listener):
    """Adapts its margin to what it hears."""

    parameters: ZipParameters
    parameters_type = ZipParameters

    def __init__(self, instruments: Sequence[InstrumentInfo], parameters: Parameters, rng: Random) -> None:
        super().__init__(instruments, parameters, rng)
        one = self.parameters
        # All drawn at once, so that they do not depend on what the market does first.
        self._learning_rate = _between(rng, one.learning_rate_low, one.learning_rate_high)
        self._momentum_rate = _between(rng, one.momentum_low, one.momentum_high)
        self._first_margin = _between(rng, one.margin_low, one.margin_high)
        self._margins: dict[tuple[Symbol, Side], Margin] = {}

    def quote(self, assignment: Assignment, limit: Price, standing: Working | None) -> float:
        return self.margin(assignment).price

    def heard(self, symbol: Symbol, side: Side, price: Price) -> None:
        assignment = self.assignments.get(symbol)
        if assignment is None or assignment.side is not side or not assignment.left:
            return
        margin = self.margin(assignment)
        own = self._shouted(margin, symbol)
        if own <= price if margin.buys else own >= price:
            margin.learn(self._target(price, upwards=margin.buys))

    def dealt(self, symbol: Symbol, price: Price, shouted: Side | None) -> None:
        assignment = self.assignments.get(symbol)
        if assignment is None:
            return
        margin = self.margin(assignment)
        own = self._shouted(margin, symbol)
        if own >= price if margin.buys else own <= price:
            margin.learn(self._target(price, upwards=not margin.buys))
        elif assignment.left and shouted is assignment.side.opposite:
            margin.learn(self._target(price, upwards=margin.buys))

    def margin(self, assignment: Assignment) -> Margin:
        """The margin that holds, with the limit of the next unit or, when all are traded, of the last."""
        key = assignment.symbol, assignment.side
        margin = self._margins.get(key)
        if margin is None:
            margin = Margin(assignment.side, self._first_margin, self._learning_rate, self._momentum_rate)
            self._margins[key] = margin
        margin.limit = assignment.limit or (assignment.limits[-1] if assignment.limits else None)
        return margin

    def _shouted(self, margin: Margin, symbol: Symbol) -> Price:
        """Its price on a tick. What others hear is compared: a fraction of a tick would hide that it is no better."""
        tick = self.instruments[symbol].tick
        return int(margin.price // tick) * tick if margin.buys else -int(-margin.price // tick) * tick

    def _target(self, price: Price, *, upwards: bool) -> float:
        share = self.rng.random() * self.parameters.relative_step
        units = self.rng.random() * self.parameters.absolute_step
        return (1.0 + share) * price + units if upwards else (1.0 - share) * price - units


def _between(rng: Random, low: float, high: float) -> float:
    return low + (high - low) * rng.random()

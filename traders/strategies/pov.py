"""POV: a fixed share of whatever trades, "percentage of volume".

Nothing is foretold: the schedule is the volume that has been seen. With a share of p, of 100 traded since the start, the own
trades among them, 100 p are its own. Rules of this kind and what they cost: R. Kissell, M. Glantz, "Optimal Trading
Strategies", AMACOM, 2003, and J.-P. Bouchaud, J. Bonart, J. Donier, M. Gould, "Trades, Quotes and Prices", Cambridge
University Press, 2018, chapter 21.

In: trades, best prices, reports, its timer. Out: orders; see ``traders.strategies.execution``.
"""

from collections.abc import Iterable, Sequence
from random import Random
from typing import ClassVar

from pydantic import Field

from protocol.market import TradePrint
from protocol.messages import InstrumentInfo
from protocol.vocabulary import Channel, Quantity
from traders.strategies.execution import SECOND, Execution, ExecutionParameters
from traders.strategies.intents import Intent
from traders.strategies.naming import named


class PovParameters(ExecutionParameters):
    """What a person may set."""

    participation: float = Field(
        0.1, gt=0, le=0.9, description="own share of the volume, own trades included"
    )


@named("pov")
class Pov(Execution):
    """Works off a quantity as a share of the volume."""

    parameters: PovParameters
    parameters_type = PovParameters
    # It has to see every trade.
    channels: ClassVar[frozenset[Channel]] = frozenset((Channel.BBO, Channel.TRADES))
    sampled: ClassVar[bool] = False

    def __init__(self, instruments: Sequence[InstrumentInfo], parameters: PovParameters, rng: Random) -> None:
        super().__init__(instruments, parameters, rng)
        self.volume: Quantity = 0
        """Seen since the start."""

    def on_trade(self, trade: TradePrint) -> Iterable[Intent]:
        starts_ns = self._opened_ns + int(self.parameters.start_s * SECOND)
        if trade.symbol == self.symbol and trade.at_ns >= starts_ns:
            self.volume += trade.quantity
        return ()

    def due(self, elapsed_s: float) -> Quantity:
        # Of the others' volume v it adds p v / (1 - p), so that it has p of both together.
        share = self.parameters.participation
        others = max(self.volume - self.done, 0)
        return int(others * share / (1.0 - share))

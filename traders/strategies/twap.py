"""TWAP: the same quantity in every stretch of time, for the time-weighted average price.

The even schedule is what minimises expected cost where impact is linear and prices are a random walk: D. Bertsimas, A. W.
Lo, "Optimal control of execution costs", Journal of Financial Markets 1(1), 1998, 1-50; and where risk does not matter, R.
Almgren, N. Chriss, "Optimal execution of portfolio transactions", Journal of Risk 3(2), 2001, 5-39.

In: best prices, reports, its timer. Out: orders; see ``traders.strategies.execution``.
"""

from pydantic import Field

from protocol.vocabulary import Quantity
from traders.strategies.execution import Execution, ExecutionParameters
from traders.strategies.naming import named


class TwapParameters(ExecutionParameters):
    """What a person may set."""

    slices: int = Field(60, gt=0, le=100_000, description="equal pieces, the first one at the start")


@named("twap")
class Twap(Execution):
    """Works off a quantity evenly."""

    parameters: TwapParameters
    parameters_type = TwapParameters

    def due(self, elapsed_s: float) -> Quantity:
        length_s = self.parameters.end_s - self.parameters.start_s
        slices = self.parameters.slices
        begun = min(int(elapsed_s / length_s * slices) + 1, slices)
        return self.whole * begun // slices

"""VWAP: quantity in step with the volume that is usual at the time of day, for the volume-weighted average price.

The schedule that follows the expected share of the day's volume is the optimal static one: H. Konishi, "Optimal slice of
a VWAP trade", Journal of Financial Markets 5(2), 2002, 197-221; the benchmark is that of S. A. Berkowitz, D. E. Logue, E. A.
Noser, "The Total Cost of Transactions on the NYSE", Journal of Finance 43(1), 1988, 97-112. By default the curve is the
U of a trading day, with more at both ends.

In: best prices, reports, its timer. Out: orders; see ``traders.strategies.execution``.
"""

from collections.abc import Sequence
from random import Random

from pydantic import Field, field_validator

from protocol.messages import InstrumentInfo
from protocol.vocabulary import Quantity
from traders.strategies.execution import Execution, ExecutionParameters
from traders.strategies.naming import named


class VwapParameters(ExecutionParameters):
    """What a person may set."""

    curve: tuple[int, ...] = Field(
        (10, 8, 7, 6, 6, 5, 5, 5, 6, 6, 7, 8, 11),
        min_length=1,
        max_length=1_000,
        description="volume expected in equal stretches from start to end, in any unit; at least 0, not all 0",
    )

    @field_validator("curve")
    @classmethod
    def _some_volume(cls, curve: tuple[int, ...]) -> tuple[int, ...]:
        if min(curve) < 0 or not any(curve):
            raise ValueError("a share of the volume is at least 0, and not all of them are 0")
        return curve


@named("vwap")
class Vwap(Execution):
    """Works off a quantity as the market trades."""

    parameters: VwapParameters
    parameters_type = VwapParameters

    def __init__(
        self, instruments: Sequence[InstrumentInfo], parameters: VwapParameters, rng: Random
    ) -> None:
        super().__init__(instruments, parameters, rng)
        self._total = sum(parameters.curve)

    def due(self, elapsed_s: float) -> Quantity:
        curve = self.parameters.curve
        place = elapsed_s / (self.parameters.end_s - self.parameters.start_s) * len(curve)
        number = min(int(place), len(curve) - 1)
        # Even inside a stretch.
        volume = sum(curve[:number]) + curve[number] * min(place - number, 1.0)
        return min(int(self.whole * volume / self._total), self.whole)

"""What a person may set of the strategy ``value``; see ``traders.strategies.value``.

In: a table of a scenario file. Out: checked values, a wrong one is named.
"""

from pydantic import Field

from traders.strategies.parameters import Parameters


class ValueParameters(Parameters):
    """What a person may set."""

    mean: int | None = Field(
        None, gt=0, description="price units; what the value comes back to; left out: it wanders freely"
    )
    half_life_s: float = Field(
        36_000.0, gt=0, le=1e9, description="seconds in which half of a deviation from the mean is gone"
    )
    volatility: float = Field(
        5.0, gt=0, le=1e6, description="of the value as it believes: price units per square root of a second"
    )
    observation_noise: float = Field(
        50.0,
        ge=0,
        le=1e9,
        description="of what it sees, as it believes: standard deviation in price units",
    )
    horizon_s: float = Field(0.0, ge=0, le=1e6, description="it thinks of the value so many seconds from now")
    edge_ticks: int = Field(5, ge=0, le=10_000, description="what a trade has to gain by its estimate")
    resting_edge_ticks: int | None = Field(
        None, ge=0, le=10_000, description="what an order that waits has to gain; left out: edge_ticks"
    )
    resting: float = Field(
        1.0, ge=0, le=1, description="how often it leaves an order to wait where it takes nothing"
    )
    aggressive: float = Field(
        1.0, ge=0, le=1, description="how often it takes what is offered at such a gain, instead of waiting"
    )
    quantity_exponent: float = Field(1.5, gt=0, le=10, description="of the power law of quantities")
    quantity_scale_lots: float = Field(10.0, gt=0, le=1e6, description="where that power law begins")
    maximum_quantity_lots: int = Field(500, gt=0, le=100_000, description="of one order")
    maximum_position_lots: int = Field(
        100_000, gt=0, description="no order that could lead beyond it, long or short"
    )

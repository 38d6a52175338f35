"""What a person may set of the strategy ``adaptive_market_maker``; see there.

In: a table of a scenario file. Out: checked values, a wrong one is named.
"""

from pydantic import Field

from traders.strategies.parameters import Parameters


class AdaptiveMarketMakerParameters(Parameters):
    """What a person may set."""

    reference: int | None = Field(
        None, gt=0, description="price units; used while nobody quotes or trades; left out: 100 money units"
    )
    levels: int = Field(5, gt=0, le=50, description="quotes a side")
    spacing_ticks: int = Field(2, gt=0, le=10_000, description="between two quotes of a side")
    half_spread_ticks: float = Field(
        1.0, gt=0, le=10_000, description="from the fair price to the best quote at least"
    )
    spread_volatilities: float = Field(
        1.0,
        ge=0,
        le=100,
        description="half the spread in multiples of how far the price moves in a second (a standard deviation)",
    )
    maximum_half_spread_ticks: float = Field(200.0, gt=0, le=100_000, description="at most")
    volatility_half_life_s: float = Field(
        60.0, gt=0, le=1e6, description="a move so long ago counts half in the volatility"
    )
    participation: float = Field(
        0.025,
        ge=0,
        le=1,
        description="quantity of each quote as a share of what was traded between two timers",
    )
    minimum_quantity_lots: int = Field(10, gt=0, le=1_000_000, description="of each quote")
    maximum_quantity_lots: int = Field(1_000, gt=0, le=1_000_000, description="of each quote")
    maximum_position_lots: int = Field(
        5_000, gt=0, description="no quote that could lead beyond it, long or short"
    )
    skew_ticks: float = Field(
        5.0,
        ge=0,
        le=10_000,
        description="shift of all quotes at the maximum position, less before in proportion",
    )
    requote_ticks: int = Field(
        2, gt=0, le=10_000, description="quotes move when the fair price moved this far"
    )

"""What a person may set of the strategy ``noise``; see ``traders.strategies.noise``, whose words these are.

In: a table of a scenario file. Out: checked values, a wrong one is named.
"""

from pydantic import Field

from traders.strategies.parameters import Parameters


class NoiseParameters(Parameters):
    """What a person may set."""

    reference: int | None = Field(
        None, gt=0, description="price units; used while nobody quotes or trades; left out: 100 money units"
    )
    aggressive: float = Field(
        0.25, ge=0, le=1, description="share of orders that take what is offered instead of resting"
    )
    sweep_ticks: int = Field(
        0,
        ge=0,
        le=10_000,
        description="how far beyond the best price an aggressive order may go; its rest is canceled",
    )
    inside: float = Field(
        0.2, ge=0, le=1, description="share of resting orders that better the best price, where there is room"
    )
    depth_exponent: float = Field(
        0.6, gt=0, le=5, description="of the power law of distances from the best price of the side"
    )
    depth_scale_ticks: float = Field(5.0, gt=0, le=10_000, description="where that power law begins")
    maximum_depth_ticks: int = Field(200, ge=0, le=10_000, description="no order rests further away")
    quantity_exponent: float = Field(1.5, gt=0, le=10, description="of the power law of quantities")
    quantity_scale_lots: float = Field(
        10.0, gt=0, le=1e6, description="where that power law begins; half of all are below 0.6 of it at 1.5"
    )
    maximum_quantity_lots: int = Field(500, gt=0, le=100_000, description="of one order")
    lifetime_s: float = Field(
        60.0, gt=0, le=1e6, description="mean patience of an order at the best price, exponential"
    )
    lifetime_slope: float = Field(
        0.1, ge=0, le=100, description="more patience for each tick away from it: 0.1 doubles it in 10 ticks"
    )
    maximum_orders: int = Field(5, gt=0, le=1_000, description="resting orders; no new one beyond")
    maximum_position_lots: int = Field(100_000, gt=0, description="at this position it only trades back")
    split_share: float = Field(
        0.0, ge=0, le=1, description="share of decisions that are about a metaorder, to be traded in pieces"
    )
    split_exponent: float = Field(1.5, gt=0, le=10, description="of the power law of their lengths")
    maximum_pieces: int = Field(1_000, gt=0, le=100_000, description="orders of one metaorder")
    activity: float = Field(1.0, gt=0, le=1, description="probability to trade when the timer fires")
    attention: float = Field(
        0.0,
        ge=0,
        le=1,
        description="share of the activity that depends on how far the price moved since the last timer, against what is usual",
    )
    intraday: float = Field(
        0.0, ge=0, le=1, description="by how much activity is lower in the middle of the day than at its ends"
    )
    day_s: float = Field(23_400.0, gt=0, le=1e6, description="length of the day that this is about, seconds")

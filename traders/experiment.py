"""Supply and demand of an experiment with induced values, as a scenario file says them.

In: keys and values. Out: checked models, and the units that each trader is handed in each period. Whoever runs the
scenario hands them out: a simulation by its kernel, a live fleet by its clock.

After V. L. Smith, "An Experimental Study of Competitive Market Behavior", Journal of Political Economy 70(2), 1962,
111-137, who gave each buyer a price above which, and each seller one below which he was not to trade.
"""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from protocol.vocabulary import Price, Symbol

Units = Annotated[tuple[Annotated[int, Field(gt=0)], ...], Field(min_length=1)]
"""Limits of one trader's units, in the order in which they are to be traded; price units."""


class _Model(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Schedule(_Model):
    """Who is handed what, from a period on: a list for each trader, in the order of the groups with that role."""

    from_period: int = Field(1, ge=1, description="the first period it holds for")
    demand: tuple[Units, ...] = Field(
        min_length=1, description="values of each buyer's units, the best first"
    )
    supply: tuple[Units, ...] = Field(
        min_length=1, description="costs of each seller's units, the cheapest first"
    )

    @model_validator(mode="after")
    def _best_first(self) -> "Schedule":
        for side, lists, descending in (("demand", self.demand, True), ("supply", self.supply, False)):
            for number, units in enumerate(lists):
                if list(units) != sorted(units, reverse=descending):
                    raise ValueError(f"{side}[{number}]: the best unit comes first")
        if max(units[0] for units in self.demand) < min(units[0] for units in self.supply):
            raise ValueError("supply and demand do not overlap: nobody can trade without a loss")
        return self


class Experiment(_Model):
    """Periods in which units are handed out and traded."""

    symbol: Symbol | None = Field(None, description="what is traded; left out: the venue's first instrument")
    periods: int = Field(10, ge=1, le=100_000)
    period_s: float = Field(30.0, gt=0, le=86_400, description="length of a period, seconds")
    schedules: tuple[Schedule, ...] = Field(
        min_length=1, description="ascending by from_period, the first from 1"
    )
    clear_after_trade: bool = Field(
        False, description="every trade voids all open orders, as in Gode and Sunder's markets"
    )

    @model_validator(mode="after")
    def _ascending(self) -> "Experiment":
        starts = [schedule.from_period for schedule in self.schedules]
        if starts != sorted(set(starts)) or starts[0] != 1:
            raise ValueError("schedules: the first holds from period 1, the others from later ones")
        return self

    def schedule(self, period: int) -> Schedule:
        """What holds in a period, the first being 1."""
        return next(one for one in reversed(self.schedules) if one.from_period <= period)

    def units(self, period: int, role: Literal["buyers", "sellers"], number: int) -> tuple[Price, ...]:
        """What the trader of that number (from 0, over all groups with the role) is handed; nothing beyond the lists."""
        schedule = self.schedule(period)
        lists = schedule.demand if role == "buyers" else schedule.supply
        return lists[number] if number < len(lists) else ()

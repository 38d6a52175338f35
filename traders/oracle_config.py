"""What a scenario file says of the oracle: the table ``[oracle]``.

In: what a person wrote. Out: checked values; see ``traders.oracle`` for what is made of them, and after whom.
"""

from collections.abc import Mapping

from pydantic import BaseModel, ConfigDict, Field, model_validator

from protocol.vocabulary import Symbol


class _Model(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class ScheduledShock(_Model):
    """A change of value at a time known beforehand to whoever writes the scenario, not to the traders."""

    at_s: float = Field(ge=0, le=1e6, description="seconds from the start of the session")
    change: int = Field(ge=-(10**9), le=10**9, description="price units, added to the value")
    lasting: bool = Field(False, description="the mean moves as well, so that the value does not come back")


class Fundamental(_Model):
    """The value of one instrument."""

    mean: int = Field(gt=0, le=10**9, description="price units; the value comes back to it")
    initial: int | None = Field(None, gt=0, le=10**9, description="price units; left out: the mean")
    half_life_s: float | None = Field(
        None,
        gt=0,
        le=1e9,
        description="seconds in which half of a deviation from the mean is gone; left out: it never is",
    )
    volatility: float = Field(
        0.0, ge=0, le=1e6, description="price units per square root of a second, before shocks"
    )
    volatility_deviation: float = Field(
        0.0,
        ge=0,
        le=2,
        description="standard deviation of the logarithm of the volatility; 0: it is constant",
    )
    volatility_half_life_s: float = Field(
        900.0,
        gt=0,
        le=1e9,
        description="seconds in which the volatility comes halfway back to its usual level",
    )
    common_share: float = Field(
        0.0,
        ge=-1,
        le=1,
        description="correlation of its diffusion with the factor that all instruments share; that of two of them is the product",
    )
    shocks_per_hour: float = Field(0.0, ge=0, le=3_600, description="megashocks, on average")
    shock_mean: float = Field(0.0, ge=0, le=1e9, description="price units; the mode, up as often as down")
    shock_deviation: float = Field(0.0, ge=0, le=1e9, description="price units around the mode")
    scheduled: tuple[ScheduledShock, ...] = Field((), description="in any order")


class Basket(_Model):
    """An instrument that is worth what is in it: an exchange-traded fund."""

    weights: Mapping[Symbol, int] = Field(
        min_length=1, description="units of each part; negative for a part that is owed"
    )
    divisor: int = Field(1, gt=0, le=10**9, description="shares of the basket that these weights make up")


class OracleConfig(_Model):
    """The table ``[oracle]`` of a scenario file."""

    step_s: float = Field(1.0, ge=0.001, le=3_600, description="seconds between two points of the path")
    instruments: Mapping[Symbol, Fundamental] = Field(min_length=1)
    baskets: Mapping[Symbol, Basket] = Field({})

    @model_validator(mode="after")
    def _baskets_of_instruments(self) -> "OracleConfig":
        for symbol, basket in self.baskets.items():
            if symbol in self.instruments:
                raise ValueError(f"{symbol} is a basket and has a value of its own")
            for part in basket.weights:
                if part not in self.instruments:
                    raise ValueError(f"{part}, part of the basket {symbol}, has no value of its own")
        return self

"""How long messages take, as a scenario file says it.

In: keys and values. Out: checked models; ``simulation.latency`` draws from them. A live fleet has the latency of its
network, and reads over these keys.
"""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

Ns = Annotated[int, Field(ge=0, le=3_600_000_000_000)]
"""Nanoseconds, up to an hour."""


class _Model(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Fixed(_Model):
    """Always the same."""

    model: Literal["fixed"] = "fixed"
    ns: Ns = Field(0, description="of every message, nanoseconds")


class Uniform(_Model):
    """Anything between two bounds, equally likely."""

    model: Literal["uniform"]
    low_ns: Ns = Field(description="the least, nanoseconds")
    high_ns: Ns = Field(description="the most, nanoseconds")

    @model_validator(mode="after")
    def _low_is_low(self) -> "Uniform":
        if self.low_ns > self.high_ns:
            raise ValueError("low_ns is above high_ns")
        return self


class LogNormal(_Model):
    """Never below a floor, mostly near it, seldom far above: what networks measure."""

    model: Literal["lognormal"]
    floor_ns: Ns = Field(0, description="what light and cables take, nanoseconds")
    median_ns: Ns = Field(
        description="half of the messages take less than this on top of the floor, nanoseconds"
    )
    sigma: float = Field(
        0.5, ge=0, le=5, description="deviation of the logarithm; 0.5 makes a tail of twice the median"
    )


class Sites(_Model):
    """By pair of sites, each way by itself: a matrix."""

    model: Literal["sites"]
    venue: str = Field("venue", description="the site of the venue")
    ns: dict[str, dict[str, Ns]] = Field(description="from one site to another, nanoseconds")
    jitter_ns: Ns = Field(0, description="up to so much more, equally likely, nanoseconds")


Latency = Annotated[Fixed | Uniform | LogNormal | Sites, Field(discriminator="model")]

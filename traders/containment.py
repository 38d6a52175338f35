"""What one trader may do to the others of its scenario, as a scenario file says it.

In: keys and values. Out: a checked model. Who goes beyond is stopped, as ``on_fault`` says.
"""

from pydantic import BaseModel, ConfigDict, Field


class Containment(BaseModel):
    """Bounds, far above what a strategy needs that does what it is meant to."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    intents_per_event: int = Field(
        default=1_000, ge=1, le=1_000_000, description="what a strategy may want in answer to one event"
    )
    commands_per_s: int = Field(
        default=10_000,
        ge=1,
        le=1_000_000_000,
        description="what it may send in a virtual second; so two that answer each other without latency come to an end",
    )
    inbox: int = Field(
        default=10_000,
        ge=1,
        le=100_000_000,
        description="events that may wait for it while it thinks: with computation, it may fall behind",
    )
    decision_s: float = Field(
        default=5.0,
        ge=0.1,
        le=86_400,
        description="seconds of this machine's clock that one decision may take",
    )

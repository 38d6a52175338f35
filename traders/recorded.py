"""A recorded day as the background of a scenario: the table ``[replay]``.

In: keys and values. Out: a checked model. ``simulation.background`` plays it; to a venue over TCP ``tontine replay`` does.
"""

from datetime import time
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field, model_validator

from protocol.vocabulary import Symbol


class Replay(BaseModel):
    """What is played, from when to when, how fast."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    file: Path = Field(
        description="a day of order flow (.jsonl, .jsonl.gz), or LOBSTER's zip or message file with its order book file"
    )
    symbol: Symbol | None = Field(
        None, description="the instrument it is played in; left out: the venue's first"
    )
    account: str = Field("recorded", min_length=1, max_length=32, description="whose all recorded orders are")
    start: time | None = Field(
        None,
        description="time of the recorded day that is the start of the run, such as 10:30:00; what rests by then is "
        "entered beforehand; left out: the first line's",
    )
    end: time | None = Field(
        None, description="the last time of the recorded day that is played; left out: all of it"
    )
    speed: float = Field(
        1.0, gt=0, le=1_000_000, description="recorded seconds in a second of the run; 2: twice as fast"
    )

    @model_validator(mode="after")
    def _ends_after_start(self) -> "Replay":
        if self.start is not None and self.end is not None and self.end <= self.start:
            raise ValueError("end is not after start")
        return self

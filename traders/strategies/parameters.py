"""What a person may set of a strategy: the base of all models of parameters.

In: a table of a scenario file. Out: checked values. A module of its own, as are the parameters of strategies that a
simulation runs compiled (``simulation.native``): the compiler can't make pydantic's models.
"""

from pydantic import BaseModel, ConfigDict


class Parameters(BaseModel):
    """Base of what a person may set; see each strategy."""

    model_config = ConfigDict(frozen=True, extra="forbid")

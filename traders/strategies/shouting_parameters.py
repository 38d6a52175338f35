"""What a person may set of traders in a double auction with induced values; see ``traders.strategies.shouting``.

In: a table of a scenario file. Out: checked values, a wrong one is named.
"""

from pydantic import Field, model_validator

from traders.strategies.parameters import Parameters


class ShoutingParameters(Parameters):
    """What a person may set."""

    minimum_price: int = Field(
        1, gt=0, le=1_000_000_000, description="price units; nobody shouts below, nor thinks of it"
    )
    maximum_price: int = Field(
        200, gt=0, le=1_000_000_000, description="price units; nobody shouts above, nor thinks of it"
    )

    @model_validator(mode="after")
    def _lowest_first(self) -> "ShoutingParameters":
        if self.minimum_price > self.maximum_price:
            raise ValueError("minimum_price is above maximum_price")
        return self


class InducedParameters(ShoutingParameters):
    """What a person may set."""

    improving: bool = Field(
        False,
        description="never replace a standing shout by a worse one, the rule of Gode and Sunder's market",
    )

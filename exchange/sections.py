"""What every section of a venue file is built on: nothing unknown, nothing changed, every fault told.

In: nothing. Out: the base of the models, bounds that several of them share, and the way in which a
section says that keys, each right by itself, contradict each other.
"""

from collections.abc import Iterable
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from pydantic_core import InitErrorDetails, PydanticCustomError

from protocol.vocabulary import MAX_PRICE, MAX_QUANTITY, MAX_WIRE_INTEGER

Price = Annotated[int, Field(ge=1, le=MAX_PRICE)]
Distance = Annotated[int, Field(ge=0, le=MAX_PRICE)]
"""In price units, inclusive."""
Quantity = Annotated[int, Field(ge=1, le=MAX_QUANTITY)]
Count = Annotated[int, Field(ge=0, le=MAX_WIRE_INTEGER)]
AssetName = Annotated[str, Field(pattern=r"^[A-Za-z0-9._/-]{1,16}$")]

Fault = tuple[tuple[str | int, ...], str]
"""Where in the section, and what is wrong there."""


class Section(BaseModel):
    """Base of all sections."""

    model_config = ConfigDict(frozen=True, extra="forbid")


def refuse(section: BaseModel, faults: Iterable[Fault]) -> None:
    """Tell pydantic of contradictions, all at once; does nothing without any.

    Raises:
        ValidationError: as pydantic itself does, so that the places get the path of the section.
    """
    details = [
        InitErrorDetails(type=PydanticCustomError("contradiction", "{reason}", {"reason": reason}), loc=place,
                         input=None)
        for place, reason in faults
    ]  # fmt: skip
    if details:
        raise ValidationError.from_exception_data(type(section).__name__, details)

"""What a supervisor and the processes of a fleet tell each other: one JSON line each.

In: nothing. Out: the messages.
"""

from typing import Any

import msgspec

from protocol.vocabulary import Nanoseconds, Role
from traders.fleet_clock import PeriodSurplus
from traders.roster import Fault, GroupResult


class Job(msgspec.Struct, frozen=True):
    """What a process is to do: the first line it reads."""

    values: dict[str, Any]
    """The scenario, as its file says it."""
    place: str
    host: str
    port: int
    seed: int
    prefix: str
    secret: str | None
    role: Role | None
    tls: bool | str | None
    reconnect: bool
    of: int
    number: int = 0
    """Whose share it takes, from 0."""

    def __repr__(self) -> str:
        return f"<Job {self.number} of {self.of} at {self.host}:{self.port}>"


class Word(msgspec.Struct, frozen=True):
    """Later lines."""

    begun_ns: Nanoseconds | None = None
    """The scenario began at this time: everybody is in."""
    stop: bool = False


class Said(msgspec.Struct, frozen=True):
    """What a process says: how it does."""

    results: list[GroupResult]
    all_in: bool = False
    """All of its share are in, or will not be."""
    faults: list[Fault] = []
    failure: str | None = None
    """Why the first session that broke for good did."""
    surpluses: list[PeriodSurplus] = []
    """Of an experiment, by its part of the traders."""
    wrong: tuple[str, str] | None = None
    """The scenario does not fit the venue: place and reason."""
    done: bool = False
    """These are its last words."""

"""A recorded day to be played, and what became of it.

In: a file. Out: its lines, one by one; a tally in which every line is found again.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import msgspec

from exchange.records.lobster import open_day
from exchange.records.lobster_flow import flow_of
from protocol.vocabulary import Quantity
from traders.order_flow import FlowLine, stream_flow


@dataclass(slots=True)
class Tally:
    """What became of the record. Every line counts once: ``lines`` is the sum of those up to ``skipped``."""

    lines: int = 0
    entered: int = 0
    reduced: int = 0
    canceled: int = 0
    taken: int = 0
    """Aggressors that entered."""
    prints: int = 0
    """Executions against hidden orders: there is nothing to send."""
    books: int = 0
    void: int = 0
    """Cancels and reductions of what was gone."""
    refused: dict[str, int] = field(default_factory=dict)
    """By the venue, by reason."""
    skipped: int = 0
    """From before ``start``: what they left is entered as a whole."""

    seeded: int = 0
    """Orders that rested at the start."""
    taken_as_recorded: int = 0
    """Aggressors that met whom the record names, and nobody else."""
    curtailed: int = 0
    """Reductions that found less than they took off."""
    ended_by_venue: int = 0
    """Orders that the venue canceled, by its schedule or its operator."""

    quantity_taken: Quantity = 0
    """Asked for by recorded aggressors; of that:"""
    from_record: Quantity = 0
    from_strategies: Quantity = 0
    unmet: Quantity = 0
    given_to_strategies: Quantity = 0
    """Resting recorded orders that strategies took."""
    crossed: Quantity = 0
    """Taken from strategies by orders that rested in the record."""
    withdrawn: Quantity = 0
    """Executed in the record, and here somebody else instead (rule 3)."""

    @property
    def accounted(self) -> int:
        """The sum that ``lines`` has to be."""
        sent = self.entered + self.reduced + self.canceled + self.taken
        return sent + self.prints + self.books + self.void + sum(self.refused.values()) + self.skipped

    def figures(self) -> dict[str, float]:
        """All of it by name, for who compares runs; refusals by reason."""
        counts = {name: getattr(self, name) for name in self.__slots__ if name != "refused"}
        counts |= {f"refused.{reason}": count for reason, count in self.refused.items()}
        return {f"replay.{name}": float(count) for name, count in counts.items()}

    @property
    def is_as_recorded(self) -> bool:
        """Whether the market was the recorded one."""
        return (
            self.taken == self.taken_as_recorded
            and not self.refused
            and not (self.void or self.crossed or self.given_to_strategies or self.ended_by_venue)
        )


def lines_of(path: Path) -> Iterator[FlowLine]:
    """A record, line by line: a day of order flow, or made of LOBSTER's files on the way.

    Raises:
        ConfigError: it can't be read, or is neither.
    """
    if path.suffix not in (".zip", ".csv"):
        yield from stream_flow(path)
        return
    with open_day(path) as day:
        for line in flow_of(day):
            yield msgspec.convert(line, FlowLine, from_attributes=True)

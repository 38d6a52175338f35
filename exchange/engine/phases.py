"""The phases of a trading day, and what each of them admits.

In: nothing. Out: one table. Who moves an instrument from phase to phase is the schedule, the operator
or the market itself; any phase may follow any other.
"""

from typing import Final, NamedTuple

from protocol.vocabulary import Phase


class Rules(NamedTuple):
    """What an instrument does in a phase."""

    collects: bool = False
    """A call: orders come in and rest, nothing trades, the book may cross (rule 34)."""
    matches: bool = False
    """Orders trade as they come."""

    @property
    def open_to_orders(self) -> bool:
        """New orders and replaces are taken; cancels always are."""
        return self.collects or self.matches


RULES: Final[dict[Phase, Rules]] = {
    Phase.PRE_OPEN: Rules(collects=True),
    Phase.OPENING_AUCTION: Rules(collects=True),
    Phase.CONTINUOUS: Rules(matches=True),
    Phase.INTRADAY_AUCTION: Rules(collects=True),
    Phase.VOLATILITY_AUCTION: Rules(collects=True),
    Phase.CLOSING_AUCTION: Rules(collects=True),
    Phase.HALT: Rules(),
    Phase.CLOSED: Rules(),
}


def is_call(phase: Phase) -> bool:
    """Whether orders collect for an auction."""
    return RULES[phase].collects


def holds_auction(previous: Phase, phase: Phase) -> bool:
    """Whether the auction is held on the way: before trading, and at the end of a call for the close."""
    return phase is not previous and (
        RULES[phase].matches or (phase is Phase.CLOSED and RULES[previous].collects)
    )

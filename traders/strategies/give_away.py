"""Give-away: a trader that keeps nothing for itself.

GVWY of the Bristol Stock Exchange: D. Cliff, "BSE: A Minimal Simulation of a Limit-Order-Book Stock Exchange", European
Modeling and Simulation Symposium 2018, 194-203. It shouts its limit, always: all it gains is what the book is better by.
No difference, but that the shout rests in a book.

In: units to trade, and timers. Out: shouts. It looks at nothing else.
"""

from protocol.vocabulary import Price
from traders.strategies.assignment import Assignment
from traders.strategies.base import Working
from traders.strategies.naming import named
from traders.strategies.shouting import Shouter


@named("gvwy")
class GiveAway(Shouter):
    """Shouts its limit."""

    def quote(self, assignment: Assignment, limit: Price, standing: Working | None) -> int:
        return limit

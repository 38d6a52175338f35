"""Shaver: a tick better than the best, until there is nothing to gain.

SHVR of the Bristol Stock Exchange: D. Cliff, "BSE: A Minimal Simulation of a Limit-Order-Book Stock Exchange", European
Modeling and Simulation Symposium 2018, 194-203. Where its side of the book is empty it shouts the worst price there is.
It differs in that it does not shave itself: while it is alone at the best price, it waits.

In: the best quotes. Out: shouts.
"""

from typing import ClassVar

from protocol.vocabulary import Channel, Price, Side
from traders.strategies.assignment import Assignment
from traders.strategies.base import Working
from traders.strategies.naming import named
from traders.strategies.shouting import Shouter


class Shaving(Shouter):
    """Base of traders who want to know what a shaver would do."""

    channels: ClassVar[frozenset[Channel]] = frozenset((Channel.BBO,))

    def shaved(self, assignment: Assignment, limit: Price, standing: Working | None) -> Price:
        """A tick better than the best of the others; the own price while nobody is as good; never beyond the limit."""
        side, symbol = assignment.side, assignment.symbol
        best = self.best_of_others(symbol, side, standing)
        tick = self.instruments[symbol].tick
        if (
            best is None
            and standing is not None
            and standing.price is not None
            and self.leads(symbol, standing)
        ):
            price = standing.price
        elif side is Side.BUY:
            price = self.minimum_price if best is None else best + tick
        else:
            price = self.maximum_price if best is None else best - tick
        return min(price, limit) if side is Side.BUY else max(price, limit)


@named("shaver")
class Shaver(Shaving):
    """Always a tick better."""

    def quote(self, assignment: Assignment, limit: Price, standing: Working | None) -> int:
        return self.shaved(assignment, limit, standing)

"""What a trader believes about shouts: how probable it is that one at a given price is accepted.

S. Gjerstad and J. Dickhaut, "Price Formation in Double Auctions", Games and Economic Behavior 22(1), 1998, 1-29. Of the
shouts since the last few trades count those that speak for a bid at b, namely accepted bids at or below b and all asks at
or below it, and those that speak against, namely bids at or above b that were not accepted:

    q(b) = (TB(<=b) + A(<=b)) / (TB(<=b) + A(<=b) + RB(>=b));

for an ask in the mirror. It is 0 at the lowest price of all, 1 at the highest, and between the prices that were seen a
cubic with no slope at either end, so that it never falls. The best quote that stands is neither accepted nor refused
yet: it speaks for the other side, but not against its own.

In: shouts and trades. Out: beliefs. No chance and no rounding: sums and quotients of small integers.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from typing import Final, NamedTuple

from protocol.vocabulary import Price, Side

_MOST_SHOUTS: Final = 2_000  # where nobody trades for hours


class Shout(NamedTuple):
    """One bid or ask that was heard."""

    side: Side
    price: Price
    accepted: bool


class History:
    """The shouts that led to the last ``trades`` trades, and those since."""

    __slots__ = ("_open", "_shouts", "_trades", "trades")

    def __init__(self, trades: int) -> None:
        self.trades = trades
        self._shouts: list[Shout] = []
        self._trades = 0
        self._open: dict[Side, int] = {}
        """Where among the shouts the best one of a side is, as long as it stands."""

    def shout(self, side: Side, price: Price) -> None:
        """A quote was bettered, or is repeated; the one before is refused."""
        self._open[side] = len(self._shouts)
        self._shouts.append(Shout(side, price, accepted=False))
        if len(self._shouts) > _MOST_SHOUTS:
            self._drop(_MOST_SHOUTS // 10)

    def accept(self, side: Side, price: Price) -> None:
        """A shout was taken: that of this price that stands, else one that was not heard."""
        place = self._open.pop(side, None)
        if place is not None and self._shouts[place].price == price:
            self._shouts[place] = Shout(side, price, accepted=True)
        else:
            self._shouts.append(Shout(side, price, accepted=True))
        self._trades += 1
        if self._trades > self.trades:
            self._forget()

    def _forget(self) -> None:
        """Drop all up to the first trade."""
        self._drop(1 + next(place for place, one in enumerate(self._shouts) if one.accepted))

    def _drop(self, count: int) -> None:
        self._trades -= sum([one.accepted for one in self._shouts[:count]])
        del self._shouts[:count]
        self._open = {side: place - count for side, place in self._open.items() if place >= count}

    def shouts(self) -> Sequence[Shout]:
        """Oldest first."""
        return self._shouts

    def standing(self, side: Side) -> int | None:
        """Which of them stands on a side."""
        return self._open.get(side)


class Belief:
    """How probable it is that a shout of one side is accepted.

    Prices are kept by how generous they are: as they are for bids, negative for asks.
    """

    __slots__ = ("_prices", "_probabilities", "_sign")

    def __init__(self, side: Side, history: History, lowest: Price, highest: Price) -> None:
        sign = self._sign = 1 if side is Side.BUY else -1
        standing = history.standing(side)
        taken: list[int] = []
        refused: list[int] = []
        others: list[int] = []
        for place, one in enumerate(history.shouts()):
            if one.side is not side:
                others.append(sign * one.price)
            elif one.accepted:
                taken.append(sign * one.price)
            elif place != standing:
                refused.append(sign * one.price)
        taken.sort()
        refused.sort()
        others.sort()
        stingiest, most_generous = (lowest, highest) if sign == 1 else (-highest, -lowest)
        known = {stingiest: 0.0, most_generous: 1.0}
        for price in (*taken, *refused, *others):
            if stingiest < price < most_generous:
                pro = bisect_right(taken, price) + bisect_right(others, price)
                contra = len(refused) - bisect_left(refused, price)
                known[price] = pro / (pro + contra)
        self._prices = sorted(known)
        self._probabilities = [known[price] for price in self._prices]

    def __call__(self, price: Price) -> float:
        """At a price in price units."""
        generosity = self._sign * price
        prices, probabilities = self._prices, self._probabilities
        above = bisect_right(prices, generosity)
        if above == 0:
            return 0.0
        if above == len(prices):
            return probabilities[-1]
        below = above - 1
        t = (generosity - prices[below]) / (prices[above] - prices[below])
        # The cubic through both with no slope at either.
        return probabilities[below] + (probabilities[above] - probabilities[below]) * t * t * (3.0 - 2.0 * t)

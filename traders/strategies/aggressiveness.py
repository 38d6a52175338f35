"""The target prices of AA: how much to ask for, by how aggressive one is.

P. Vytelingum, D. Cliff and N. R. Jennings, "Strategic Bidding in Continuous Double Auctions", Artificial Intelligence
172(14), 2008, 1700-1729, equations 3 to 6. With g(x) = (exp(t x) - 1) / (exp(t) - 1), from 0 to 1, a buyer whose limit l
is above the equilibrium e (intra-marginal) has the target

    e + (l - e) g(r)        for r >= 0: from e up to its limit,
    e - (e - low) g'(-r)    for r < 0: from e down to the lowest price,

where g' has another curvature t', such that the slope at r = 0 is the same on both sides. A buyer with a limit below e
(extra-marginal) has its limit for r >= 0, and limit - (limit - low) g(-r) below. Sellers in the mirror, up to the highest
price.

In: limit, equilibrium, curvature. Out: targets, and the aggressiveness that belongs to a price. Deterministic on every
machine: exponentials and logarithms come from ``traders.strategies.chance``.
"""

from typing import Final

from protocol.vocabulary import Price, Side
from traders.strategies.chance import exp, ln

_FLAT: Final = 1e-6  # curvatures below are none, or a quotient of two zeros would decide
_STEEPEST: Final = 100.0
_MOST_STEPS: Final = 100


def rise(x: float, theta: float) -> float:
    """From 0 at 0 to 1 at 1; ``theta``: bent upwards (negative) or downwards."""
    if abs(theta) < _FLAT:
        return x
    return (exp(theta * x) - 1.0) / (exp(theta) - 1.0)


def unrise(y: float, theta: float) -> float:
    """The x at which ``rise`` is y."""
    if abs(theta) < _FLAT:
        return y
    inner = 1.0 + y * (exp(theta) - 1.0)
    return min(ln(inner) / theta, 1.0) if inner > 0.0 else 1.0


def slope(theta: float) -> float:
    """Of ``rise`` at 0: theta / (exp(theta) - 1), which falls from infinity to 0."""
    return 1.0 - theta / 2.0 if abs(theta) < _FLAT else theta / (exp(theta) - 1.0)


def curvature_of(wanted: float) -> float:
    """The theta whose ``slope`` is ``wanted``, as far as steep and flat ones can be told."""
    if wanted >= _STEEPEST:
        return -wanted
    # The slope is convex and at -wanted already larger than wanted: Newton's steps come from the left and never overshoot.
    theta = -wanted
    for _ in range(_MOST_STEPS):
        excess = slope(theta) - wanted
        if excess <= 1e-12 * wanted or theta > _STEEPEST:
            break
        if abs(theta) < 1e-3:
            decline = -0.5 + theta / 6.0
        else:
            raised = exp(theta)
            decline = (raised - 1.0 - theta * raised) / ((raised - 1.0) * (raised - 1.0))
        theta -= excess / decline
    return theta


class Target:
    """The target price of one trader as a function of its aggressiveness."""

    __slots__ = ("_below", "_far", "_near", "_sign", "_split", "_theta")

    def __init__(
        self, side: Side, limit: Price, equilibrium: float, theta: float, lowest: Price, highest: Price
    ) -> None:
        # In the coordinates of a buyer: for a seller all prices are negative.
        sign = self._sign = 1.0 if side is Side.BUY else -1.0
        near, middle = sign * limit, sign * equilibrium
        far = float(lowest) if side is Side.BUY else -float(highest)
        self._near = near
        """At r = 1."""
        self._far = min(far, near)
        """At r = -1."""
        self._split = max(self._far, min(near, middle))
        """At r = 0."""
        self._theta = theta
        self._below = theta
        if self._split < near and self._split > self._far:
            self._below = curvature_of((near - self._split) / (self._split - self._far) * slope(theta))

    def __call__(self, aggressiveness: float) -> float:
        """The price for an aggressiveness from -1 to 1."""
        if aggressiveness >= 0.0:
            price = self._split + (self._near - self._split) * rise(aggressiveness, self._theta)
        else:
            price = self._split - (self._split - self._far) * rise(-aggressiveness, self._below)
        return self._sign * price

    def aggressiveness(self, price: float) -> float:
        """What shouts a price; the nearest possible for one beyond the limit or the range."""
        wanted = max(self._far, min(self._near, self._sign * price))
        if wanted >= self._split:
            width = self._near - self._split
            return unrise((wanted - self._split) / width, self._theta) if width else 0.0
        return -unrise((self._split - wanted) / (self._split - self._far), self._below)

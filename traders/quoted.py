"""What can be read off the best prices of a book: spread, mid, microprice, imbalance.

In: a book, live or at one moment, that tells its best price levels. Out: numbers. Prices and quantities are
integers, as everywhere. The two ratios are floats: one division of two integers, which Python rounds to the
nearest double however large they are, so equal books give equal ratios. They are for deciding, never for
booking; who needs them exact has the integers beside them.
"""

from protocol.fields import Level
from protocol.vocabulary import Price, Quantity, Side


class Quoted:
    """Base of books. A subclass has ``levels``; ``best`` it may do better."""

    __slots__ = ()

    def levels(self, side: Side, limit: int | None = None) -> tuple[Level, ...]:
        """``(price, quantity)`` of one side, best first; at most ``limit`` of them."""
        raise NotImplementedError

    def best(self, side: Side) -> Level | None:
        """Price and quantity of the best level; ``None`` where the side is empty."""
        levels = self.levels(side, 1)
        return levels[0] if levels else None

    @property
    def best_bid(self) -> Price | None:
        """Highest price somebody would pay."""
        best = self.best(Side.BUY)
        return None if best is None else best[0]

    @property
    def best_ask(self) -> Price | None:
        """Lowest price somebody would take."""
        best = self.best(Side.SELL)
        return None if best is None else best[0]

    @property
    def mid(self) -> Price | None:
        """Halfway between the best prices, rounded down to a price unit; needs both sides."""
        bid, ask = self.best_bid, self.best_ask
        return None if bid is None or ask is None else (bid + ask) // 2

    @property
    def spread(self) -> int | None:
        """Best ask less best bid in price units, negative in a crossed book; needs both sides."""
        bid, ask = self.best_bid, self.best_ask
        return None if bid is None or ask is None else ask - bid

    @property
    def is_crossed(self) -> bool:
        """Whether somebody would pay what somebody would take, or more: only while a call lasts, or around
        all-or-none orders.
        """
        bid, ask = self.best_bid, self.best_ask
        return bid is not None and ask is not None and bid >= ask

    @property
    def microprice(self) -> float | None:
        """The best prices in price units, each weighted with the quantity of the *other* side; needs both sides.

        Where much is bid and little offered it is near the ask: that is where the next trade is likely.
        """
        bid, ask = self.best(Side.BUY), self.best(Side.SELL)
        if bid is None or ask is None:
            return None
        return (bid[0] * ask[1] + ask[0] * bid[1]) / (bid[1] + ask[1])

    def imbalance(self, levels: int = 1) -> float | None:
        """Quantity bid less quantity offered by their sum, over the best ``levels`` a side: from -1, nothing is
        bid, to 1, nothing is offered. ``None`` for an empty book.
        """
        bid, ask = _total(self.levels(Side.BUY, levels)), _total(self.levels(Side.SELL, levels))
        return (bid - ask) / (bid + ask) if bid + ask else None


def _total(levels: tuple[Level, ...]) -> Quantity:
    return sum([quantity for _, quantity in levels])

"""The order book of one instrument: price levels, first in first out inside a level.

In: orders to rest, orders to remove. Out: the levels in price order. No matching here.

Both sides are the same code. A side sorts its prices as *keys*: the price for bids, its negative
for asks, so that on either side a higher key is a better price and the best one is the last of the
list, where taking it away costs nothing. A buyer's limit crosses the asks, and a seller's the bids,
exactly if ``best key >= sign * limit``.
"""

from __future__ import annotations

from bisect import bisect_left, insort
from collections.abc import Iterator
from typing import TYPE_CHECKING, Final

from protocol.vocabulary import Price, Quantity, Side

if TYPE_CHECKING:
    from exchange.engine.commands import AddInstrument
    from exchange.engine.order import Order

DEAD_ALLOWED: Final = 16
"""Short queues are not worth sweeping."""


class Level:
    """All orders at one price, oldest first; never empty, so its quantity is never 0.

    A canceled or filled order is only counted as dead (it has nothing left open) and passed over, so
    that a cancel costs the same wherever the order stands. The list is swept when there are three
    times as many dead as living.
    """

    __slots__ = ("dead", "head", "orders", "price", "quantity")

    def __init__(self, price: Price, first: Order) -> None:
        self.price = price
        self.orders = [first]
        self.quantity = first.leaves
        self.head = 0  # nothing before this index is alive
        self.dead = 0

    def __iter__(self) -> Iterator[Order]:
        return iter(self.living())

    def living(self) -> list[Order]:
        """The living, oldest first; a copy, so they may be removed meanwhile."""
        return [order for order in self.orders[self.head :] if order.leaves]

    def bury(self) -> None:
        """Let go of the dead if there are many."""
        if 4 * self.dead > 3 * len(self.orders):
            self.orders = self.living()
            self.head = self.dead = 0


class BookSide:
    """Bids or asks."""

    __slots__ = ("keys", "levels", "side", "sign")

    def __init__(self, side: Side) -> None:
        self.side = side
        self.sign: Final = 1 if side is Side.BUY else -1
        self.keys: list[int] = []  # ascending: the best is last
        self.levels: dict[Price, Level] = {}  # no empty levels, so the BBO needs no scan

    @property
    def best(self) -> Price | None:
        return self.sign * self.keys[-1] if self.keys else None

    def append(self, order: Order, price: Price) -> None:
        """Rest an order behind all others at this price."""
        if price in self.levels:
            level = self.levels[price]
            level.orders.append(order)
            level.quantity += order.leaves
            return
        self.levels[price] = Level(price, order)
        key = self.sign * price
        keys = self.keys
        if not keys or key > keys[-1]:
            keys.append(key)
        else:
            insort(keys, key)

    def remove(self, order: Order) -> Quantity:
        """Take a resting order out and return what was open; the others keep their order (rule 3).

        Leaves the order with nothing open: its record is dead. An order that goes to another place
        gets a new record (``Order.moved``).
        """
        level = self.levels[order.price]  # type: ignore[index]  # resting orders have a price
        leaves = order.leaves
        order.leaves = 0
        if leaves == level.quantity:  # it was the last one
            self.drop(level)
        else:
            level.quantity -= leaves
            level.dead += 1
            if level.dead > DEAD_ALLOWED:
                level.bury()
        return leaves

    def drop(self, level: Level) -> None:
        """Forget a level that has become empty."""
        price = level.price
        del self.levels[price]
        keys, key = self.keys, self.sign * price
        if keys[-1] == key:
            keys.pop()
        else:
            del keys[bisect_left(keys, key)]

    def reduce(self, order: Order, by: Quantity) -> None:
        """Take less than all that is open off an order, which keeps its place."""
        order.quantity -= by
        order.leaves -= by
        self.levels[order.price].quantity -= by  # type: ignore[index]

    def count(self) -> int:
        """How many orders rest; dead ones not yet let go of may count."""
        return sum(len(level.orders) for level in self.levels.values())

    def best_first(self) -> Iterator[Level]:
        """Levels from the best price on."""
        sign, levels = self.sign, self.levels
        return (levels[sign * key] for key in reversed(self.keys))

    def price_ascending(self) -> Iterator[Level]:
        """Levels from the lowest price on, whichever side this is."""
        levels = self.levels
        return (levels[price] for price in sorted(levels))


class Book:
    """Both sides of one instrument and its last price."""

    __slots__ = ("asks", "bids", "instrument", "last_price")

    def __init__(self, instrument: AddInstrument) -> None:
        self.instrument = instrument
        self.bids = BookSide(Side.BUY)
        self.asks = BookSide(Side.SELL)
        self.last_price: Price | None = None

    def side(self, side: Side) -> BookSide:
        """Where orders of ``side`` rest."""
        return self.bids if side is Side.BUY else self.asks

    @property
    def sides(self) -> tuple[BookSide, BookSide]:
        """Bids, then asks: the order in which the venue goes through a book."""
        return self.bids, self.asks

    def quantity_at(self, side: Side, price: Price) -> Quantity:
        """Open quantity at a price, 0 if there is none."""
        of_side = self.bids if side is Side.BUY else self.asks
        level = of_side.levels.get(price)
        return level.quantity if level is not None else 0

    def depth(self, side: Side) -> list[tuple[Price, Quantity]]:
        """``(price, quantity)`` of every level, best first."""
        return [(level.price, level.quantity) for level in self.side(side).best_first()]

"""The order book of one instrument: price levels, first in first out inside a level.

In: orders to rest, orders to remove. Out: the levels in price order. No matching here.

Both sides are the same code. A side counts in *keys*: the price for bids, its negative for asks, so
that on either side a higher key is a better price and the best level is the last of the sorted
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

_DEAD_ALLOWED: Final = 16
"""Short queues are not worth sweeping."""


class Level:
    """All orders at one price, oldest first; never empty.

    A canceled order is only marked (nothing left open) and passed over when its turn comes, so that
    a cancel costs the same wherever the order stands. The list is swept when the dead outnumber the
    living.
    """

    __slots__ = ("count", "head", "key", "orders", "price", "quantity")

    def __init__(self, price: Price, key: int, first: Order) -> None:
        self.price = price
        self.key = key
        self.orders = [first]
        self.head = 0  # nothing before this index is alive
        self.quantity = first.leaves
        self.count = 1

    def __iter__(self) -> Iterator[Order]:
        """The living, oldest first; a copy, so they may be removed meanwhile."""
        return iter([order for order in self.orders[self.head :] if order.leaves])

    def compact(self) -> None:
        """Let go of the dead."""
        self.orders = list(self)
        self.head = 0


class BookSide:
    """Bids or asks."""

    __slots__ = ("keys", "levels", "side", "sign")

    def __init__(self, side: Side) -> None:
        self.side = side
        self.sign: Final = 1 if side is Side.BUY else -1
        self.keys: list[int] = []  # ascending: the best is last
        self.levels: dict[int, Level] = {}  # key -> level; no empty levels, so the BBO needs no scan

    @property
    def best(self) -> Price | None:
        return self.sign * self.keys[-1] if self.keys else None

    def crosses(self, limit: Price) -> bool:
        """Whether an order of the other side with this limit would trade; a locking price does (rule 22)."""
        return bool(self.keys) and self.keys[-1] >= self.sign * limit

    def append(self, order: Order, price: Price) -> None:
        """Rest an order behind all others at this price."""
        key = self.sign * price
        level = self.levels.get(key)
        if level is not None:
            level.orders.append(order)
            level.quantity += order.leaves
            level.count += 1
            return
        self.levels[key] = Level(price, key, order)
        keys = self.keys
        if not keys or key > keys[-1]:
            keys.append(key)
        else:
            insort(keys, key)

    def remove(self, order: Order) -> None:
        """Take a resting order out; the others keep their order (rule 3).

        Leaves the order with nothing open: its record is dead. An order that goes to another place
        gets a new record (``Order.moved``).
        """
        level = self.levels[self.sign * order.price]  # type: ignore[operator]  # resting orders have a price
        level.quantity -= order.leaves
        order.leaves = 0
        level.count = count = level.count - 1
        if not count:
            self.drop(level)
        elif len(level.orders) - level.head > 2 * count + _DEAD_ALLOWED:
            level.compact()

    def drop(self, level: Level) -> None:
        """Forget a level that has become empty."""
        key = level.key
        del self.levels[key]
        keys = self.keys
        if keys[-1] == key:
            keys.pop()
        else:
            del keys[bisect_left(keys, key)]

    def reduce(self, order: Order, by: Quantity) -> None:
        """Take less than all that is open off an order, which keeps its place."""
        order.quantity -= by
        order.leaves -= by
        self.levels[self.sign * order.price].quantity -= by  # type: ignore[operator]

    def best_first(self) -> Iterator[Level]:
        """Levels from the best price on."""
        levels = self.levels
        return (levels[key] for key in reversed(self.keys))

    def price_ascending(self) -> Iterator[Level]:
        """Levels from the lowest price on, whichever side this is."""
        levels = self.levels
        keys = list(self.keys) if self.sign > 0 else list(reversed(self.keys))
        return (levels[key] for key in keys)


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
        level = of_side.levels.get(of_side.sign * price)
        return level.quantity if level is not None else 0

    def depth(self, side: Side) -> list[tuple[Price, Quantity]]:
        """``(price, quantity)`` of every level, best first."""
        return [(level.price, level.quantity) for level in self.side(side).best_first()]

"""One side of a book: price levels, and what else rests there.

In: orders to rest, orders to remove. Out: the levels in price order. No matching here.

Both sides are the same code. A side sorts its prices as *keys*: the price for bids, its negative
for asks, so that on either side a higher key is a better price and the best one is the last of the
list, where taking it away costs nothing. A buyer's limit crosses the asks, and a seller's the bids,
exactly if ``best key >= sign * limit``.

``append`` and ``remove`` know plain orders only and are what the usual order costs. ``rest``,
``take_out`` and ``fill`` know all of them: icebergs, hidden orders, pegs, market orders that rest.
"""

from __future__ import annotations

from bisect import bisect_left, insort
from collections.abc import Iterator
from typing import Final

from exchange.engine.level import DEAD_ALLOWED, Level, Queue
from exchange.engine.order import Order
from protocol.vocabulary import OrderId, OrderType, Price, Quantity, Sequence, Side


class BookSide:
    """Bids or asks."""

    __slots__ = (
        "all_or_none",
        "concealed",
        "keys",
        "levels",
        "market",
        "market_orders",
        "pegged",
        "pegged_to",
        "pegs",
        "side",
        "sign",
        "top_order_id",
    )

    def __init__(self, side: Side) -> None:
        self.side = side
        self.sign: Final = 1 if side is Side.BUY else -1
        self.keys: list[int] = []  # ascending: the best is last
        self.levels: dict[Price, Level] = {}  # no empty levels, so the BBO needs no scan
        self.market = Queue()  # market orders that rest, oldest first; before all limits (rule 52)
        self.pegged_to: Price | None = 0  # the best price when all pegs last looked; 0: some never did
        self.pegs = Queue()  # those in the levels, in the order in which they follow
        # How many of a kind rest; numbers, because they are looked at with every command.
        self.market_orders = 0
        self.pegged = 0
        self.all_or_none = 0
        self.concealed = 0  # icebergs and hidden orders
        self.top_order_id: OrderId = 0  # came to rest at a better price than any before it (rule 39)

    @property
    def best(self) -> Price | None:
        return self.sign * self.keys[-1] if self.keys else None

    @property
    def best_displayed(self) -> Price | None:
        """The best price that anybody can see."""
        if not self.concealed:
            return self.best
        return next((level.price for level in self.best_first() if level.displayed), None)

    # -- plain orders --------------------------------------------------------------------------

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
        gets a new record (``exchange.engine.moving``).
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
        """Take less than all that is open off a plain order, which keeps its place."""
        order.quantity -= by
        order.leaves -= by
        self.levels[order.price].quantity -= by  # type: ignore[index]

    # -- all orders ----------------------------------------------------------------------------

    def rest(self, order: Order) -> None:
        """Put an order where it belongs: behind all others of its kind at its price."""
        price = order.price
        terms = order.terms
        if terms.all_or_none:
            self.all_or_none += 1
        if price is None:
            self.market.append(order)
            self.market_orders += 1
            return
        if terms.hidden:
            self._rest_hidden(order, price)
            return
        best = self.best_displayed
        if best is None or self.sign * price > self.sign * best:
            self.top_order_id = order.order_id
        self.append(order, price)
        if terms.display is not None:
            special = order.special
            assert special is not None
            special.shown = min(terms.display, order.leaves)
            self.levels[price].reserve += order.leaves - special.shown
            self.concealed += 1
        if order.order_type is OrderType.PEG:
            self._peg(order)

    def _rest_hidden(self, order: Order, price: Price) -> None:
        self.append(order, price)
        self.levels[price].hide_last()
        self.concealed += 1
        if order.order_type is OrderType.PEG:
            self._peg(order)

    def _peg(self, order: Order) -> None:
        self.pegs.append(order)
        self.pegged += 1
        self.pegged_to = 0

    def take_out(self, order: Order) -> Quantity:
        """Take any resting order out and return what was open. Leaves the order with nothing open."""
        leaves = order.leaves
        self._open_less(order, leaves)
        order.leaves = 0
        self._gone(order)
        return leaves

    def fill(self, order: Order, quantity: Quantity, arrival: Sequence = 0) -> None:
        """Execute part of a resting order.

        An iceberg's exhausted peak refills, and goes to the back if ``arrival`` says when; of 0 it keeps
        its place (rules 23, 25).
        """
        order.cumulative += quantity
        if quantity == order.leaves:
            self._open_less(order, quantity)
            order.leaves = 0
            self._gone(order)
        else:
            self._open_less(order, quantity, arrival)
            order.leaves -= quantity

    def shrink(self, order: Order, quantity: Quantity) -> None:
        """Take less than all that is open off any resting order, which keeps its place. Its total stays."""
        if order.price is not None:
            level = self.levels[order.price]
            level.quantity -= quantity
            terms = order.terms
            if terms.hidden:
                level.reserve -= quantity
            elif terms.display is not None:
                special = order.special
                assert special is not None
                level.reserve -= order.leaves - special.shown
                special.shown = min(special.shown, order.leaves - quantity)
                level.reserve += order.leaves - quantity - special.shown
        order.leaves -= quantity

    def show(self, order: Order, shown: Quantity) -> None:
        """Make this the peak of an iceberg that rests."""
        special = order.special
        assert special is not None
        self.levels[order.price].reserve += special.shown - shown  # type: ignore[index]
        special.shown = shown

    def _open_less(self, order: Order, quantity: Quantity, arrival: Sequence = 0) -> None:
        """The level's part of executing or taking out ``quantity``; the order itself is left as it is."""
        if order.price is None:
            return
        level = self.levels[order.price]
        level.quantity -= quantity
        terms = order.terms
        if terms.hidden:
            level.reserve -= quantity
        elif terms.display is not None:
            special = order.special
            assert special is not None
            leaves = order.leaves - quantity
            level.reserve -= order.leaves - special.shown
            special.shown -= quantity
            if special.shown <= 0:
                special.shown = min(terms.display, leaves)
                if leaves and arrival:
                    order.moved_by = arrival
                    level.send_back(order)
                    if order.order_type is OrderType.PEG:
                        self.pegs.send_back(order)
            level.reserve += leaves - special.shown

    def _gone(self, order: Order) -> None:
        """Forget an order that has nothing open any more."""
        terms = order.terms
        if terms.all_or_none:
            self.all_or_none -= 1
        if order.price is None:
            self.market.lose()
            self.market_orders -= 1
            return
        level = self.levels[order.price]
        if order.order_type is OrderType.PEG:
            self.pegs.lose()
            self.pegged -= 1
        if terms.hidden:
            self.concealed -= 1
            level.hidden.lose()
        else:
            if terms.display is not None:
                self.concealed -= 1
            level.lose()
        if order.order_id == self.top_order_id:
            self.top_order_id = 0
        if not level.quantity:
            self.drop(level)

    def crosses(self, limit: Price) -> bool:
        """Whether an order from the other side with this limit would meet a limit here."""
        return bool(self.keys) and self.keys[-1] >= self.sign * limit

    def offered(self, limit_key: int) -> Quantity:
        """How much is here up to the limit, whoever may have it."""
        available = sum(order.leaves for order in self.market)
        for key in reversed(self.keys):
            if key < limit_key:
                break
            available += self.levels[self.sign * key].quantity
        return available

    def count(self) -> int:
        """How many orders rest; dead ones not yet let go of may count."""
        levels = sum(len(level.orders) + len(level.hidden.orders) for level in self.levels.values())
        return levels + len(self.market.orders)

    def best_first(self) -> Iterator[Level]:
        """Levels from the best price on."""
        sign, levels = self.sign, self.levels
        return (levels[sign * key] for key in reversed(self.keys))

    def price_ascending(self) -> Iterator[Level]:
        """Levels from the lowest price on, whichever side this is."""
        levels = self.levels
        return (levels[price] for price in sorted(levels))

    def orders(self) -> Iterator[Order]:
        """All that rest: market orders, then by price ascending; oldest first, displayed before hidden."""
        yield from self.market
        for level in self.price_ascending():
            yield from level

"""The least that matching can be in Python: to see how fast the machine is today.

In: the commands of a flow. Out: nothing but a book that changed. Sorted prices, a dictionary of
levels, a linked list in each; no events, no accounts, no checks, one instrument, both sides written
as one. A slow minute of the machine slows this and the engine alike.
"""

from bisect import insort
from collections.abc import Callable
from typing import Any

from exchange.engine.commands import AddInstrument, CancelOrder, EnterOrder, ReplaceOrder
from protocol.vocabulary import Side, TimeInForce

_BUY, _IOC = Side.BUY, TimeInForce.IOC


class _Order:
    __slots__ = ("following", "leaves", "level", "previous")

    previous: "_Order | None"
    following: "_Order | None"
    level: "_Level"

    def __init__(self, leaves: int) -> None:
        self.leaves = leaves


class _Level:
    __slots__ = ("head", "key", "side", "tail")

    tail: "_Order | None"

    def __init__(self, side: "_Side", key: int) -> None:
        self.side = side
        self.key = key
        self.head: _Order | None = None


class _Side:
    __slots__ = ("keys", "levels")

    def __init__(self) -> None:
        self.keys: list[int] = []
        self.levels: dict[int, _Level] = {}


class BareBook:
    """Applies the commands of ``benchmarks.flow``."""

    def __init__(self) -> None:
        self._bids, self._asks = _Side(), _Side()
        self._orders: dict[str, _Order] = {}
        self.traded = 0
        self.handlers: dict[type, Callable[[Any], object]] = {
            AddInstrument: lambda command: None,
            EnterOrder: self._enter,
            CancelOrder: self._cancel,
            ReplaceOrder: self._replace,
        }

    def depth(self, side: Side) -> list[tuple[int, int]]:
        """Price and quantity of each level, best first; to compare with the engine's."""
        of_side, sign = (self._bids, 1) if side is _BUY else (self._asks, -1)
        levels = []
        for key in reversed(of_side.keys):
            quantity, order = 0, of_side.levels[key].head
            while order is not None:
                quantity, order = quantity + order.leaves, order.following
            levels.append((sign * key, quantity))
        return levels

    def _enter(self, command: EnterOrder) -> None:
        price = command.price
        assert price is not None
        rests = command.time_in_force is not _IOC
        self._place(command.client_order_id, command.side is _BUY, price, command.quantity, rests=rests)

    def _place(self, name: str, buys: bool, price: int, leaves: int, *, rests: bool) -> None:
        own, opposite, key = (self._bids, self._asks, price) if buys else (self._asks, self._bids, -price)
        keys = opposite.keys
        while leaves and keys and keys[-1] >= -key:
            level = opposite.levels[keys[-1]]
            maker = level.head
            while leaves and maker is not None:
                self.traded += 1
                if maker.leaves > leaves:
                    maker.leaves -= leaves
                    leaves = 0
                else:
                    leaves -= maker.leaves
                    maker.leaves = 0
                    level.head = maker = maker.following
                    if maker is not None:
                        maker.previous = None
            if level.head is None:
                del opposite.levels[keys.pop()]
        if not leaves or not rests:
            return
        self._orders[name] = order = _Order(leaves)
        found = own.levels.get(key)
        if found is None:
            own.levels[key] = found = _Level(own, key)
            found.head = found.tail = order
            order.previous = None
            insort(own.keys, key)
        else:
            order.previous = found.tail
            assert found.tail is not None
            found.tail.following = order
            found.tail = order
        order.following = None
        order.level = found

    def _cancel(self, command: CancelOrder) -> None:
        order = self._orders.pop(command.client_order_id, None)
        if order is not None and order.leaves:
            self._unlink(order)

    def _unlink(self, order: _Order) -> None:
        level, before, after = order.level, order.previous, order.following
        if before is None:
            level.head = after
        else:
            before.following = after
        if after is None:
            level.tail = before
        else:
            after.previous = before
        if level.head is None:
            del level.side.levels[level.key]
            level.side.keys.remove(level.key)

    def _replace(self, command: ReplaceOrder) -> None:
        order = self._orders[command.client_order_id]
        if not order.leaves:
            return
        level = order.level
        buys = level.side is self._bids
        old = level.key if buys else -level.key
        price = old if command.price is None else command.price
        leaves = order.leaves if command.quantity is None else command.quantity
        if price == old and leaves <= order.leaves:
            order.leaves = leaves
            return
        self._unlink(order)
        self._place(command.client_order_id, buys, price, leaves, rests=True)

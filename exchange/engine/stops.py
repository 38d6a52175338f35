"""Stop orders that wait for their price, out of everybody's sight (rule 30).

In: stops to keep, the prices of trades. Out: the stops whose price is there, in the order in which
they go to the market (rule 28). Nothing is matched here.
"""

from __future__ import annotations

from bisect import bisect_left, insort
from collections.abc import Iterator
from typing import Final

from exchange.engine.order import Order, Special
from protocol.errors import InvariantViolated
from protocol.vocabulary import OrderId, Price, Sequence, Side

_Entry = tuple[int, Sequence, Order]
_BUY: Final = Side.BUY


class Stops:
    """The pending stops of one instrument.

    Each side is a list of ``(distance key, minus arrival, order)``, ascending, so that the one to go
    first is the last: of buys the lowest stop price, of sells the highest, then who came first.
    """

    __slots__ = ("_buys", "_sells", "_trailing", "count")

    def __init__(self) -> None:
        self.count = 0
        self._buys: list[_Entry] = []
        self._sells: list[_Entry] = []
        self._trailing: dict[OrderId, Order] = {}

    def orders(self) -> Iterator[Order]:
        """All of them, in the order of their ids."""
        everything = {entry[2].order_id: entry[2] for entry in (*self._buys, *self._sells)}
        everything |= self._trailing
        return iter([everything[order_id] for order_id in sorted(everything)])

    def add(self, order: Order) -> None:
        """Keep a stop. A trailing one may have no stop price yet."""
        special = _special(order)
        special.pending = True
        self.count += 1
        if special.terms.trail is not None:
            self._trailing[order.order_id] = order
        if special.stop_price is not None:
            insort(self._of(order), _entry(order, special.stop_price))

    def remove(self, order: Order) -> None:
        """Forget a stop; it is no longer pending."""
        special = _special(order)
        special.pending = False
        self.count -= 1
        if special.terms.trail is not None:
            del self._trailing[order.order_id]
        if special.stop_price is not None:
            self._take_out(order, special.stop_price)

    def follow(self, price: Price) -> None:
        """Move the trailing stops after a trade at ``price``; towards the market only (rule 29)."""
        if self._trailing:
            for side, entries in ((_BUY, self._buys), (Side.SELL, self._sells)):
                self._follow(side, entries, price)

    def _follow(self, side: Side, entries: list[_Entry], price: Price) -> None:
        moved: set[OrderId] = set()
        for order in self._trailing.values():
            special = order.special
            if order.side is not side or special is None or special.terms.trail is None:
                continue
            stop_price, new = special.stop_price, trailing_price(side, price, special.terms.trail)
            if new is None:
                continue
            if stop_price is None or (new < stop_price if side is _BUY else new > stop_price):
                special.stop_price = new
                moved.add(order.order_id)
        if moved:
            # All at once: each by itself would be a search and a shift of the list.
            stay = [entry for entry in entries if entry[2].order_id not in moved]
            stay += [
                _entry(order, _stop_price(order)) for order in map(self._trailing.__getitem__, sorted(moved))
            ]
            entries[:] = sorted(stay)

    def elect(self, last_price: Price) -> list[Order]:
        """Take out every stop that ``last_price`` triggers, in the order in which they go (rules 27, 28)."""
        elected: list[Order] = []
        for entries, threshold in ((self._buys, -last_price), (self._sells, last_price)):
            while entries and entries[-1][0] >= threshold:
                order = entries.pop()[2]
                special = _special(order)
                special.pending = False
                self.count -= 1
                if special.terms.trail is not None:
                    del self._trailing[order.order_id]
                elected.append(order)
        return elected

    def _take_out(self, order: Order, stop_price: Price) -> None:
        entries = self._of(order)
        entry = _entry(order, stop_price)
        del entries[bisect_left(entries, entry[:2], key=_rank)]

    def _of(self, order: Order) -> list[_Entry]:
        return self._buys if order.side is _BUY else self._sells


def triggers(side: Side, stop_price: Price, last_price: Price) -> bool:
    """Whether ``last_price`` is at the stop price or through it (rule 27)."""
    return last_price >= stop_price if side is _BUY else last_price <= stop_price


def trailing_price(side: Side, last_price: Price, trail: Price) -> Price | None:
    """Where a trailing stop belongs (rule 29). ``None``: a sell that trails by more than there is has no stop yet."""
    if side is _BUY:
        return last_price + trail
    return last_price - trail if last_price > trail else None


def _entry(order: Order, stop_price: Price) -> _Entry:
    return (-stop_price if order.side is _BUY else stop_price), -order.arrival, order


def _rank(entry: _Entry) -> tuple[int, Sequence]:
    return entry[:2]


def _special(order: Order) -> Special:
    if order.special is None:
        raise InvariantViolated(f"stop order {order.order_id} has no terms")
    return order.special


def _stop_price(order: Order) -> Price:
    stop_price = _special(order).stop_price
    if stop_price is None:
        raise InvariantViolated(f"stop order {order.order_id} has no stop price")
    return stop_price

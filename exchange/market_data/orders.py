"""Order by order: every displayed order of a book with its number and its place, as it comes and goes.

In: a book, the events of each command. Out: one delta for each command that changed what is displayed. Who applies
them has exactly the book's displayed orders, in the order in which they trade.
"""

from exchange.market_data.displayed import DisplayedOrders
from exchange.market_data.stream import Change, Stream
from protocol.market import OrdersDelta, OrdersSnapshot
from protocol.vocabulary import Side


class OrdersStream(Stream):
    """The displayed orders of one instrument."""

    settles = True
    _displayed: DisplayedOrders | None = None  # kept only while somebody reads

    def begin(self) -> None:
        self._displayed = DisplayedOrders(self.book)

    def end(self) -> None:
        self._displayed = None

    def state(self) -> OrdersSnapshot:
        displayed = self._displayed
        assert displayed is not None
        return OrdersSnapshot(self.symbol, self.seq, displayed.orders(Side.BUY), displayed.orders(Side.SELL))

    def settle(self, change: Change) -> None:
        assert self._displayed is not None
        changes = self._displayed.changes(change.events)
        if changes:
            self.seq += 1
            self.publish(OrdersDelta(self.symbol, self.seq, changes))

"""The handle of an order on the generator kernel: what its owner can do with it, and what happens to it.

In: the reports of one order, given by the client. Out: an ``OrderView`` that also cancels, replaces, and gives its
reports one by one.
"""

from collections.abc import Callable, Generator
from typing import Any, cast

from legacy.trader.feeds import Queue
from legacy.traps import Flow, flow
from protocol.fields import Message
from protocol.messages import Cancel, Canceled, NewOrder, PrivateMessage, Reduce, Rejected, Replaced
from protocol.vocabulary import Request
from traders.order_record import OrderRecord

Ask = Callable[[Request, Message], Flow[Message]]
"""Sends a message as a request of that kind, and answers it."""


class Order(OrderRecord[Queue[PrivateMessage]]):
    """An order the venue has answered; see ``Client.buy``. The methods raise what those of ``traders.orders.Order`` raise."""

    __slots__ = ("_ask",)

    def __init__(self, request: NewOrder, ask: Ask) -> None:
        super().__init__(request, Queue)
        self._ask = ask

    @flow
    def cancel(self) -> Generator[Any, Any, Canceled | Rejected]:
        """Take the order out of the book. ``Rejected`` says that it was done already."""
        answer = yield from self._ask(Request.CANCEL, Cancel(self.client_order_id))
        return cast("Canceled | Rejected", answer)

    @flow
    def replace(
        self, *, quantity: int | None = None, at: int | None = None, stop_price: int | None = None
    ) -> Generator[Any, Any, Replaced | Canceled | Rejected]:
        """Change the total quantity (executed part included), the price, the stop price, or several of them."""
        request = self._replacement(quantity, at, stop_price)
        return cast("Replaced | Canceled | Rejected", (yield from self._ask(Request.REPLACE, request)))

    @flow
    def reduce(self, by: int) -> Generator[Any, Any, Replaced | Canceled | Rejected]:
        """Take ``by`` off what is open; the order keeps its place. ``Canceled``: nothing is left."""
        answer = yield from self._ask(Request.REDUCE, Reduce(self.client_order_id, by))
        return cast("Replaced | Canceled | Rejected", answer)

    def next_report(self) -> Flow[PrivateMessage | None]:
        """The next report, from the first; ``None``: the order is done, or the session was logged out.

        Raises:
            SessionBusy: another task reads them.
            SlowConsumer: more than ``traders.order_record.MAX_UNREAD_REPORTS`` were not read.
            SessionBroken, or another VenueError: the session ended out of order.
        """
        return self._reports.next()

    def __aiter__(self) -> Queue[PrivateMessage]:
        return self._reports

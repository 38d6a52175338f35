"""What becomes of one order of a session, from its sending to its end, whatever runs the client.

In: the reports of one order, given by the client. Out: an ``OrderView`` that keeps them for its reader, and the requests about it.
How requests are answered and reports waited for is up to the subclass: ``traders.orders`` under asyncio.
"""

from collections.abc import Callable
from typing import Final, Generic, TypeVar

from protocol.errors import LocalProtocolError, VenueError
from protocol.messages import NewOrder, OrderStateReport, PrivateMessage, Rejected, Replace
from protocol.vocabulary import RejectReason, Request
from traders.order_view import OrderPhase, OrderView
from traders.policies import Queue

MAX_UNREAD_REPORTS: Final = 4_096
"""Reports an order keeps for its reader; a sweep of more makers than this is read while it runs."""

QueueT = TypeVar("QueueT", bound=Queue[PrivateMessage])


class OrderRecord(OrderView, Generic[QueueT]):
    """An order of a session."""

    __slots__ = ("_duplicate", "_earlier", "_reports", "_request")

    def __init__(self, request: NewOrder, queue: Callable[[str, int], QueueT]) -> None:
        """``queue`` makes one by its name and limit."""
        super().__init__(
            request.client_order_id, request.symbol, request.side, request.quantity, request.price
        )
        self._request = request
        self._reports = queue(f"the reports of order {request.client_order_id}", MAX_UNREAD_REPORTS)
        self._duplicate: Rejected | None = None
        self._earlier: OrderStateReport | None = None

    def _replacement(self, quantity: int | None, at: int | None, stop_price: int | None) -> Replace:
        """The request.

        Raises:
            LocalProtocolError: none was given.
        """
        if quantity is None and at is None and stop_price is None:
            raise LocalProtocolError("a replace needs a quantity, a price or a stop price")
        return Replace(self.client_order_id, quantity, at, stop_price)

    # -- for the client ----------------------------------------------------------------------------
    def reported(self, report: PrivateMessage) -> None:
        """Take a report: the view first, so that a reader never sees it lag behind."""
        self.apply(report)
        self._reports.put(report)

    def entered_before(self, answer: Rejected | OrderStateReport) -> bool:
        """Take one of the two answers to a name that is taken (rule 46); tell whether both have come.

        They come in either order: the state stands outside of the private stream, and overtakes what is
        sent again of it. An order of the same name that is not this order leaves it refused.
        """
        if self.phase is not OrderPhase.SENT:
            return False
        if isinstance(answer, Rejected):
            self._duplicate = answer
        else:
            self._earlier = answer
        if self._duplicate is None or self._earlier is None:
            return False
        if _is_same(self._request, self._earlier):
            self.resume(self._earlier)
        else:
            self.reported(self._duplicate)
        return True

    def ended(self, error: VenueError) -> None:
        """No report will follow."""
        self._reports.end(error)


def is_duplicate(report: Rejected) -> bool:
    """Whether an order was refused because its name is taken: what became of the first one follows."""
    return report.reason is RejectReason.DUPLICATE_CLIENT_ORDER_ID and report.request is Request.NEW


def _is_same(request: NewOrder, earlier: OrderStateReport) -> bool:
    # Quantity and price may have been changed since.
    return (request.symbol, request.side, request.order_type) == (
        earlier.symbol,
        earlier.side,
        earlier.order_type,
    )

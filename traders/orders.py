"""The handle of an order: what its owner can do with it, and what happens to it.

In: the reports of one order, given by the client. Out: an ``OrderView`` that also cancels,
replaces, and is read with ``async for``.
"""

from collections.abc import AsyncGenerator, Awaitable, Callable
from typing import Final, TypeVar, cast

from protocol.errors import LocalProtocolError, SessionBusy, VenueError
from protocol.fields import Message
from protocol.messages import (
    Cancel,
    Canceled,
    NewOrder,
    OrderStateReport,
    PrivateMessage,
    Reduce,
    Rejected,
    Replace,
    Replaced,
)
from protocol.vocabulary import RejectReason, Request
from traders.feed import Queue
from traders.order_view import OrderPhase, OrderView

MAX_UNREAD_REPORTS: Final = 4_096
"""Reports an order keeps for its reader; a sweep of more makers than this is read while it runs."""

AnswerT = TypeVar("AnswerT", bound=Message)
Ask = Callable[[Request, Message], Awaitable[Message]]
"""Sends a message as a request of that kind, and answers it."""


class Order(OrderView):
    """An order the venue has answered; see ``Client.buy``.

    ``async for report in order`` yields its reports from the first, in order, and ends when the
    order is done or the session was logged out. One task at a time may read it.
    """

    __slots__ = ("_ask", "_being_read", "_duplicate", "_earlier", "_reports", "_request")

    def __init__(self, request: NewOrder, ask: Ask) -> None:
        super().__init__(
            request.client_order_id, request.symbol, request.side, request.quantity, request.price
        )
        self._ask = ask
        self._request = request
        self._duplicate: Rejected | None = None
        self._earlier: OrderStateReport | None = None
        self._reports: Queue[PrivateMessage] = Queue(
            f"the reports of order {request.client_order_id}", MAX_UNREAD_REPORTS
        )
        self._being_read = False

    async def cancel(self) -> Canceled | Rejected:
        """Take the order out of the book. ``Rejected`` says that it was done already.

        Raises:
            SessionBroken, SessionClosed: the session ended before the answer.
        """
        return cast("Canceled | Rejected", await self._asked(Request.CANCEL, Cancel(self.client_order_id)))

    async def replace(
        self, *, quantity: int | None = None, at: int | None = None, stop_price: int | None = None
    ) -> Replaced | Canceled | Rejected:
        """Change the total quantity (executed part included), the price, the stop price, or several of them.

        ``at``: for a peg its cap. ``stop_price``: of a stop that waits. ``Canceled``: the new quantity
        was executed already. The order keeps its place in the queue only if the price stays and the
        quantity does not rise.

        Raises:
            LocalProtocolError: none was given.
            SessionBroken, SessionClosed: the session ended before the answer.
        """
        if quantity is None and at is None and stop_price is None:
            raise LocalProtocolError("a replace needs a quantity, a price or a stop price")
        request = Replace(self.client_order_id, quantity, at, stop_price)
        return cast("Replaced | Canceled | Rejected", await self._asked(Request.REPLACE, request))

    async def reduce(self, by: int) -> Replaced | Canceled | Rejected:
        """Take ``by`` off what is open; the order keeps its place. ``Canceled``: nothing is left.

        Raises:
            SessionBroken, SessionClosed: the session ended before the answer.
        """
        request = Reduce(self.client_order_id, by)
        return cast("Replaced | Canceled | Rejected", await self._asked(Request.REDUCE, request))

    async def __aiter__(self) -> AsyncGenerator[PrivateMessage, None]:
        if self._being_read:
            raise SessionBusy(self._reports.name)
        self._being_read = True
        try:
            async for report in self._reports:
                yield report
        finally:
            self._being_read = False

    async def _asked(self, kind: Request, message: Message) -> Message:
        return await self._ask(kind, message)

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

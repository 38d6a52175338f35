"""The handle of an order: what its owner can do with it, and what happens to it.

In: the reports of one order, given by the client. Out: an ``OrderView`` that also cancels,
replaces, and is read with ``async for``.
"""

from collections.abc import AsyncGenerator, Awaitable, Callable
from typing import cast

from protocol.errors import SessionBusy
from protocol.fields import Message
from protocol.messages import Cancel, Canceled, NewOrder, PrivateMessage, Reduce, Rejected, Replaced
from protocol.vocabulary import Request
from traders.feed import Queue
from traders.order_record import OrderRecord

Ask = Callable[[Request, Message], Awaitable[Message]]
"""Sends a message as a request of that kind, and answers it."""


class Order(OrderRecord[Queue[PrivateMessage]]):
    """An order the venue has answered; see ``Client.buy``.

    ``async for report in order`` yields its reports from the first, in order, and ends when the
    order is done or the session was logged out. One task at a time may read it.
    """

    __slots__ = ("_ask", "_being_read")

    def __init__(self, request: NewOrder, ask: Ask) -> None:
        super().__init__(request, Queue)
        self._ask = ask
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
        request = self._replacement(quantity, at, stop_price)
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

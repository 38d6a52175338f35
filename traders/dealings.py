"""The orders and requests of a session, and which message belongs to which, whatever runs the client.

In: the messages of one connection after its welcome; orders and requests as they are sent. Out: answers to who waits
for them, reports to their orders, the rest to ``traders.arrivals``. A subclass says what its orders and futures are:
``traders.client`` under asyncio. A session that was resumed is sent again what it answers nothing with.
"""

from collections.abc import Callable
from typing import Any, Generic, TypeVar, get_args

from protocol.desk import Notice
from protocol.errors import LocalProtocolError, SessionClosed, VenueError
from protocol.fields import Message
from protocol.messages import (
    Accepted,
    Copy,
    Error,
    InstrumentInfo,
    OrderStateReport,
    PrivateMessage,
    Rejected,
    Subscribed,
    Welcome,
)
from protocol.vocabulary import ClientOrderId, Symbol
from traders.arrivals import Arrivals
from traders.link import Link
from traders.market.keys import CHANNELS
from traders.order_ids import OrderIds
from traders.order_record import OrderRecord, is_duplicate
from traders.order_view import OrderPhase
from traders.requests import Answer, Requests

AnswerT = TypeVar("AnswerT", bound=Answer)
OrderT = TypeVar("OrderT", bound=OrderRecord[Any])


class Dealings(Arrivals, Generic[OrderT, AnswerT]):
    """What an account has under way in a session."""

    def __init__(
        self, link: Link, welcome: Welcome, order_ids: OrderIds, future: Callable[[], AnswerT]
    ) -> None:
        """``future`` makes one that has no result yet."""
        super().__init__(link, welcome)
        self.instruments: dict[Symbol, InstrumentInfo] = {one.symbol: one for one in welcome.instruments}
        self.next_id = order_ids.next_id
        """A ``client_order_id`` never used before, for ``submit``."""
        self._requests = Requests(future, resumed=welcome.last_seq is not None)
        self._live_after = welcome.seq if welcome.last_seq is None else welcome.last_seq
        self._orders: dict[ClientOrderId, OrderT] = {}
        # By type: a chain of isinstance was a quarter of the work of a fleet. The rest is answers.
        self._handlers: dict[type, Callable[[Any], object]] = {
            **dict.fromkeys(CHANNELS, self._market.take),
            Subscribed: self._market.subscribed,
            Error: self._refused,
            **dict.fromkeys(get_args(PrivateMessage), self._report),
            OrderStateReport: self._state,
            Copy: self._copy,
            Notice: self._notice,
        }

    def __repr__(self) -> str:
        state = "active" if self.is_active else f"ended: {self.end}" if self.end else "logging out"
        return f"<{type(self).__name__} {self.welcome.account} at {self.welcome.venue}, {state}>"

    def submit(self, message: Message) -> None:
        """Send any request without waiting; answers appear in ``reports`` and ``inbox``.

        All that is submitted in one turn is written at once. A sender without pause should wait for ``drain()`` now
        and then.

        Raises:
            SessionBroken, SessionClosed, LocalProtocolError: the session can't send any more.
        """
        self._link.send(message)

    # -- for the subclass --------------------------------------------------------------------------
    def _name_of(self, client_order_id: str | None) -> ClientOrderId:
        """What a new order is to be called.

        Raises:
            LocalProtocolError: it is the name of a live one.
        """
        name = self.next_id() if client_order_id is None else ClientOrderId(client_order_id)
        if name in self._orders:
            raise LocalProtocolError(f"{name} is a live order of this session")
        return name

    # -- for the connection ------------------------------------------------------------------------
    def _receive(self, messages: list[Message]) -> None:
        handlers = self._handlers
        for message in messages:
            handlers.get(type(message), self._requests.answered)(message)

    def _report(self, message: PrivateMessage) -> None:
        self._reported(message)
        if message.seq <= self._live_after:
            return  # sent again: it answers nothing that was asked in this session
        name = getattr(message, "client_order_id", None)
        order = self._orders.get(name) if name is not None else None
        if order is None:
            self._requests.answered(message)
        else:
            self._report_of(order, message)

    def _report_of(self, order: OrderT, message: PrivateMessage) -> None:
        if isinstance(message, Rejected) and is_duplicate(message):
            self._entered_before(order, message)
            return
        answered = self._requests.answered(message)
        if order.phase is OrderPhase.SENT:
            # Before the answer to its entry, what bears its name is about an earlier one.
            if not answered and not isinstance(message, Accepted):
                return
        elif order.resumed and isinstance(message, Accepted):
            return
        order.reported(message)
        self._forget_if_done(order)

    def _state(self, message: OrderStateReport) -> None:
        self._requests.answered(message)
        order = self._orders.get(message.client_order_id)
        if order is not None:
            self._entered_before(order, message)

    def _entered_before(self, order: OrderT, answer: Rejected | OrderStateReport) -> None:
        if order.entered_before(answer):
            self._requests.settle(order.client_order_id, answer)
            self._forget_if_done(order)

    def _forget_if_done(self, order: OrderT) -> None:
        if order.is_done:
            order.ended(SessionClosed("the order is done"))
            del self._orders[order.client_order_id]

    def _refused(self, error: Error) -> None:
        if self._requests.answered(error) or self._market.refused(error):
            return
        # A line that was submitted, or the venue's last words.
        self._unreadable(error)

    def _ended(self, reason: VenueError) -> None:
        self._requests.end(reason)
        for order in self._orders.values():
            order.ended(reason)
        self._end_streams(reason)

"""One order as its owner sees it, rebuilt from the private stream.

In: what was sent, then the venue's reports about it in order. Out: phase, quantities, price. The
life of an order is the table below. No clock, no I/O.
"""

from collections.abc import Callable
from enum import StrEnum
from typing import Any, Final

from mypy_extensions import mypyc_attr

from protocol.errors import InvariantViolated
from protocol.messages import (
    Accepted,
    Canceled,
    NewOrder,
    OrderStateReport,
    PrivateMessage,
    Rejected,
    Replaced,
    Repriced,
    Rested,
    SelfTradePrevented,
    TradeReport,
    Triggered,
)
from protocol.vocabulary import ClientOrderId, OrderId, OrderState, OrderType, Price, Request, Side, Symbol


class OrderPhase(StrEnum):
    SENT = "sent"  # the venue has not answered
    PENDING = "pending"  # a stop that waits for its price
    LIVE = "live"
    FILLED = "filled"
    CANCELED = "canceled"
    REJECTED = "rejected"


class OrderEvent(StrEnum):
    ACCEPT = "accepted"
    WAIT = "accepted as a stop"
    TRIGGER = "triggered"
    REJECT = "rejected"
    CHANGE = "changed"  # replaced, reduced, or rested at a price the venue found
    PREVENT = "prevented"  # shrunk by self-trade prevention
    TRADE = "traded"
    FILL = "filled"  # traded, and nothing is left
    CANCEL = "canceled"


TRANSITIONS: Final[dict[tuple[OrderPhase, OrderEvent], OrderPhase]] = {
    (OrderPhase.SENT, OrderEvent.ACCEPT): OrderPhase.LIVE,
    (OrderPhase.SENT, OrderEvent.WAIT): OrderPhase.PENDING,
    (OrderPhase.SENT, OrderEvent.REJECT): OrderPhase.REJECTED,
    (OrderPhase.PENDING, OrderEvent.TRIGGER): OrderPhase.LIVE,
    (OrderPhase.PENDING, OrderEvent.CHANGE): OrderPhase.PENDING,
    (OrderPhase.PENDING, OrderEvent.CANCEL): OrderPhase.CANCELED,
    (OrderPhase.LIVE, OrderEvent.CHANGE): OrderPhase.LIVE,
    (OrderPhase.LIVE, OrderEvent.PREVENT): OrderPhase.LIVE,
    (OrderPhase.LIVE, OrderEvent.TRADE): OrderPhase.LIVE,
    (OrderPhase.LIVE, OrderEvent.FILL): OrderPhase.FILLED,
    (OrderPhase.LIVE, OrderEvent.CANCEL): OrderPhase.CANCELED,
}

_STOPS: Final = frozenset((OrderType.STOP, OrderType.STOP_LIMIT))

_STANDING: Final = {
    OrderState.PENDING: OrderPhase.PENDING,
    OrderState.LIVE: OrderPhase.LIVE,
    OrderState.FILLED: OrderPhase.FILLED,
    OrderState.CANCELED: OrderPhase.CANCELED,
}

# A member of an enum is looked up at every use; these are used for every report.
_WAIT, _ACCEPT, _CHANGE = OrderEvent.WAIT, OrderEvent.ACCEPT, OrderEvent.CHANGE
_TRADE, _FILL = OrderEvent.TRADE, OrderEvent.FILL
_SENT, _LIVE = OrderPhase.SENT, OrderPhase.LIVE
_LIMIT, _BY_AMOUNT = OrderType.LIMIT, OrderType.MARKET_BY_AMOUNT

DONE: Final = frozenset((OrderPhase.FILLED, OrderPhase.CANCELED, OrderPhase.REJECTED))


@mypyc_attr(allow_interpreted_subclasses=True)
class OrderView:
    """Follows one order from its sending to its end."""

    __slots__ = (
        "client_order_id",
        "cumulative",
        "executed_before",
        "leaves",
        "order_id",
        "order_type",
        "phase",
        "prevented",
        "price",
        "quantity",
        "rejection",
        "resumed",
        "side",
        "stop_price",
        "symbol",
        "turnover",
    )

    def __init__(
        self, client_order_id: ClientOrderId, symbol: Symbol, side: Side, quantity: int, price: Price | None
    ) -> None:
        self.client_order_id = client_order_id
        self.symbol = symbol
        self.side = side
        self.quantity = quantity
        """Total, executed part included."""
        self.price = price
        """The limit that holds now; ``None`` for an order without one."""
        self.stop_price: Price | None = None
        """Of a stop: as entered or replaced, then where it was triggered. In between a trailing one moves unseen."""
        self.order_type = _LIMIT
        """As accepted."""
        self.prevented = 0
        """Quantity that self-trade prevention took off; neither executed nor open."""
        self.cumulative = 0
        """Quantity executed so far."""
        self.leaves = quantity
        """Quantity still open; 0 once the order is done."""
        self.turnover = 0
        """Sum of price times quantity over its trades."""
        self.resumed = False
        """It was entered before, by another session: this view took it up as it stood."""
        self.executed_before = 0
        """Quantity executed before that, at prices that are not known here."""
        self.phase = _SENT
        self.order_id: OrderId | None = None
        self.rejection: Rejected | None = None
        """The venue's refusal of the order itself, if it refused."""

    @classmethod
    def of(cls, request: NewOrder) -> "OrderView":
        """The view of an order about to be sent."""
        return cls(request.client_order_id, request.symbol, request.side, request.quantity, request.price)

    @property
    def is_live(self) -> bool:
        """In the book, or on its way through it. An order for the close counts from its entry: nothing tells
        when it goes to the book.
        """
        return self.phase is _LIVE

    @property
    def is_pending(self) -> bool:
        """Accepted, and waiting for its stop price."""
        return self.phase is OrderPhase.PENDING

    @property
    def is_done(self) -> bool:
        """No report will follow."""
        return self.phase in DONE

    @property
    def average_price(self) -> Price | None:
        """Mean price of the trades seen, rounded down; ``None`` before the first."""
        seen = self.cumulative - self.executed_before
        return self.turnover // seen if seen else None

    def apply(self, report: PrivateMessage) -> None:
        """Take the next report about this order.

        The refusal of a cancel, replace or reduce changes nothing.

        Raises:
            InvariantViolated: the table has no such step; the venue contradicts itself.
        """
        step = _STEPS.get(type(report))
        if step is not None:
            step(self, report)

    def _accepted(self, report: Accepted) -> None:
        self._go(_WAIT if report.order_type in _STOPS else _ACCEPT)
        self.order_id, self.order_type = report.order_id, report.order_type
        self.stop_price = report.stop_price

    def _traded(self, report: TradeReport) -> None:
        leaves = report.leaves
        self._go(_TRADE if leaves else _FILL)
        self.cumulative, self.leaves = report.cumulative, leaves
        if self.order_type is _BY_AMOUNT:
            self.quantity = report.cumulative + leaves
        self.turnover += report.price * report.quantity

    def _canceled(self, report: Canceled) -> None:
        self._go(OrderEvent.CANCEL)
        self.cumulative, self.leaves = report.cumulative, 0

    def _replaced(self, report: Replaced) -> None:
        if self.phase is not _LIVE:  # the table would leave a live order live
            self._go(_CHANGE)
        self.quantity, self.price, self.stop_price = report.quantity, report.price, report.stop_price
        self.cumulative, self.leaves = report.cumulative, report.leaves

    def _repriced(self, report: Rested | Repriced) -> None:
        self._go(_CHANGE)
        self.price, self.leaves = report.price, report.leaves

    def _triggered(self, report: Triggered) -> None:
        self._go(OrderEvent.TRIGGER)
        self.stop_price = report.stop_price

    def _prevented(self, report: SelfTradePrevented) -> None:
        self._go(OrderEvent.PREVENT)
        self.prevented += report.quantity
        self.cumulative, self.leaves = report.cumulative, report.leaves

    def _rejected(self, report: Rejected) -> None:
        if report.request is Request.NEW:
            self._go(OrderEvent.REJECT)
            self.rejection, self.leaves = report, 0

    def resume(self, state: OrderStateReport) -> None:
        """Take up an order that was entered before, as it stands now."""
        self.resumed = True
        self.phase = _STANDING[state.state]
        self.order_id, self.order_type = state.order_id, state.order_type
        self.quantity, self.price, self.stop_price = state.quantity, state.price, state.stop_price
        self.cumulative, self.leaves, self.prevented = state.cumulative, state.leaves, state.prevented
        self.executed_before = state.cumulative

    def _go(self, event: OrderEvent) -> None:
        phase = TRANSITIONS.get((self.phase, event))
        if phase is None:
            raise InvariantViolated(f"order {self.client_order_id} is {self.phase} and can't be {event}")
        self.phase = phase

    def __repr__(self) -> str:
        at = "market" if self.price is None else self.price
        return (
            f"<{type(self).__name__} {self.client_order_id}: {self.side} {self.quantity} {self.symbol} at {at}, "
            f"{self.phase}, {self.cumulative} done>"
        )


_STEPS: Final[dict[type, Callable[[OrderView, Any], None]]] = {
    Accepted: OrderView._accepted,
    TradeReport: OrderView._traded,
    Canceled: OrderView._canceled,
    Replaced: OrderView._replaced,
    Rested: OrderView._repriced,
    Repriced: OrderView._repriced,
    Triggered: OrderView._triggered,
    SelfTradePrevented: OrderView._prevented,
    Rejected: OrderView._rejected,
}
"""What becomes of an order with each kind of report: a table, for a simulation looks here at every one."""

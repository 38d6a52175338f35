"""One order as its owner sees it, rebuilt from the private stream.

In: what was sent, then the venue's reports about it in order. Out: phase, quantities, price. The
life of an order is the table below. No clock, no I/O.
"""

from enum import StrEnum
from typing import Final

from protocol.errors import InvariantViolated
from protocol.messages import (
    Accepted,
    Canceled,
    NewOrder,
    PrivateMessage,
    Rejected,
    Replaced,
    Rested,
    TradeReport,
)
from protocol.vocabulary import ClientOrderId, OrderId, Price, Request, Side, Symbol


class OrderPhase(StrEnum):
    SENT = "sent"  # the venue has not answered
    LIVE = "live"
    FILLED = "filled"
    CANCELED = "canceled"
    REJECTED = "rejected"


class OrderEvent(StrEnum):
    ACCEPT = "accepted"
    REJECT = "rejected"
    CHANGE = "changed"  # replaced, reduced, or rested at a price the venue found
    TRADE = "traded"
    FILL = "filled"  # traded, and nothing is left
    CANCEL = "canceled"


TRANSITIONS: Final[dict[tuple[OrderPhase, OrderEvent], OrderPhase]] = {
    (OrderPhase.SENT, OrderEvent.ACCEPT): OrderPhase.LIVE,
    (OrderPhase.SENT, OrderEvent.REJECT): OrderPhase.REJECTED,
    (OrderPhase.LIVE, OrderEvent.CHANGE): OrderPhase.LIVE,
    (OrderPhase.LIVE, OrderEvent.TRADE): OrderPhase.LIVE,
    (OrderPhase.LIVE, OrderEvent.FILL): OrderPhase.FILLED,
    (OrderPhase.LIVE, OrderEvent.CANCEL): OrderPhase.CANCELED,
}

DONE: Final = frozenset((OrderPhase.FILLED, OrderPhase.CANCELED, OrderPhase.REJECTED))


class OrderView:
    """Follows one order from its sending to its end."""

    __slots__ = (
        "client_order_id",
        "cumulative",
        "leaves",
        "order_id",
        "phase",
        "price",
        "quantity",
        "rejection",
        "side",
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
        """The limit that holds now; ``None`` for a market order that does not rest."""
        self.cumulative = 0
        """Quantity executed so far."""
        self.leaves = quantity
        """Quantity still open; 0 once the order is done."""
        self.turnover = 0
        """Sum of price times quantity over its trades."""
        self.phase = OrderPhase.SENT
        self.order_id: OrderId | None = None
        self.rejection: Rejected | None = None
        """The venue's refusal of the order itself, if it refused."""

    @classmethod
    def of(cls, request: NewOrder) -> "OrderView":
        """The view of an order about to be sent."""
        return cls(request.client_order_id, request.symbol, request.side, request.quantity, request.price)

    @property
    def is_live(self) -> bool:
        """Accepted, and something is open."""
        return self.phase is OrderPhase.LIVE

    @property
    def is_done(self) -> bool:
        """No report will follow."""
        return self.phase in DONE

    @property
    def average_price(self) -> Price | None:
        """Mean price of its trades, rounded down; ``None`` before the first."""
        return self.turnover // self.cumulative if self.cumulative else None

    def apply(self, report: PrivateMessage) -> None:
        """Take the next report about this order.

        The refusal of a cancel, replace or reduce changes nothing.

        Raises:
            InvariantViolated: the table has no such step; the venue contradicts itself.
        """
        match report:
            case Accepted():
                self._go(OrderEvent.ACCEPT)
                self.order_id = report.order_id
            case TradeReport():
                self._go(OrderEvent.TRADE if report.leaves else OrderEvent.FILL)
                self.cumulative, self.leaves = report.cumulative, report.leaves
                self.turnover += report.price * report.quantity
            case Canceled():
                self._go(OrderEvent.CANCEL)
                self.cumulative, self.leaves = report.cumulative, 0
            case Replaced():
                self._go(OrderEvent.CHANGE)
                self.quantity, self.price = report.quantity, report.price
                self.cumulative, self.leaves = report.cumulative, report.leaves
            case Rested():
                self._go(OrderEvent.CHANGE)
                self.price, self.leaves = report.price, report.leaves
            case Rejected(request=Request.NEW):
                self._go(OrderEvent.REJECT)
                self.rejection, self.leaves = report, 0
            case _:
                pass

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

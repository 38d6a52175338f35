"""Answers that several handlers of the engine give.

In: a command, and the order it is about. Out: finished events. Looks at nothing else and decides
nothing: who calls has decided.
"""

from typing import Final

import msgspec

from exchange.engine.commands import CancelOrder, EnterOrder, ReduceOrder, ReplaceOrder, Terms
from exchange.engine.events import OrderReplaced, RequestRejected
from exchange.engine.order import Order
from protocol.vocabulary import Price, RejectReason, Request

Rejection = tuple[RequestRejected]

NO_OPPOSITE_SIDE: Final = "market_to_limit, and the opposite side has no limit price"


def replaced(order: Order, old_price: Price | None, price: Price | None, keeps: bool) -> OrderReplaced:
    """The order as it stands now; ``old_price`` is where it rested."""
    special = order.special
    pending_at = special.stop_price if special is not None and special.pending else None
    return OrderReplaced(
        order.account, order.client_order_id, order.order_id, order.symbol, order.side, old_price, price,
        order.quantity, order.cumulative, order.leaves, keeps, pending_at,
    )  # fmt: skip


def rejected(
    command: EnterOrder | ReplaceOrder | ReduceOrder, request: Request, reason: RejectReason, text: str
) -> Rejection:
    """The request changed nothing."""
    return (RequestRejected(command.account, command.client_order_id, request, reason, text),)


def unknown(command: CancelOrder | ReplaceOrder | ReduceOrder, request: Request) -> Rejection:
    """One and the same answer for unknown, dead and foreign orders: it must not tell them apart (rule 7)."""
    reason, text = RejectReason.UNKNOWN_ORDER, f"no live order {command.client_order_id!r}"
    return (RequestRejected(command.account, command.client_order_id, request, reason, text),)


def duplicate(command: EnterOrder, used: Order) -> Rejection:
    """The id is taken (rule 6); says what became of the order that has it."""
    became = f"it is order {used.order_id}, {used.state}, {used.cumulative} executed"
    text = f"client_order_id {command.client_order_id!r} is taken: {became}"
    return rejected(command, Request.NEW, RejectReason.DUPLICATE_CLIENT_ORDER_ID, text)


def would_trade(best: Price | None) -> str:
    """Why a post-only order was refused (rule 21)."""
    return f"post_only, and it would trade at {best}"


def with_cap(terms: Terms, cap: Price) -> Terms:
    """The terms of a peg with another limit."""
    return msgspec.structs.replace(terms, cap=cap)

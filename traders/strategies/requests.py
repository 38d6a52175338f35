"""What carries out an intent to place an order, and what refuses it.

In: an intent, and the name that the order goes by; a report. Out: the request; whether the order as a whole was refused.
"""

from typing import Any

from protocol.messages import NewOrder, PrivateMessage, Rejected
from protocol.vocabulary import ClientOrderId, Request, Side
from traders.entry import new_order
from traders.strategies.intents import Place


def request_of(intent: Place, client_order_id: ClientOrderId) -> NewOrder:
    """The request that carries out ``intent``."""
    return new_order(
        client_order_id,
        intent.symbol,
        intent.side,
        intent.quantity,
        intent.price,
        intent.order_type,
        intent.time_in_force,
        intent.post_only,
        intent.terms,
    )


def is_refused_order(report: PrivateMessage) -> bool:
    """Whether an order as a whole was refused."""
    return isinstance(report, Rejected) and report.request is Request.NEW


def is_sound(place: Any) -> bool:
    """Whether an order is made of what its fields say, as far as a view of it relies on it."""
    price = place.price
    return (
        type(place.quantity) is int
        and (price is None or type(price) is int)
        and type(place.symbol) is str
        and type(place.side) is Side
    )

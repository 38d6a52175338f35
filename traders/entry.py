"""Orders as a trader words them, as requests.

In: side, quantity, price, and whatever else an order can ask for. Out: the ``NewOrder``; its type and
time in force follow from what is given, where that leaves no choice.
"""

from typing import TypedDict

from protocol.messages import NewOrder
from protocol.vocabulary import ClientOrderId, OrderType, PostOnly, SelfTrade, Side, Symbol, TimeInForce


class Terms(TypedDict, total=False):
    """What most orders do without; docs/reference/protocol.md explains each under ``new``."""

    stop_price: int
    trail: int
    display: int
    hidden: bool
    minimum_quantity: int
    all_or_none: bool
    protection: int | None
    cap: int
    amount: int
    expires_at_ns: int
    self_trade: SelfTrade
    self_trade_group: str
    reserve_price: int


def new_order(
    client_order_id: ClientOrderId,
    symbol: str,
    side: Side,
    quantity: int,
    at: int | None,
    order_type: OrderType | None,
    time_in_force: TimeInForce | None,
    post_only: bool | PostOnly,
    terms: Terms,
) -> NewOrder:
    """The request. Contradictions are left to the venue, which answers them with a sentence."""
    if order_type is None:
        order_type = type_of(quantity, at, terms)
    if time_in_force is None:
        time_in_force = time_in_force_of(order_type, terms)
    return NewOrder(
        client_order_id, Symbol(symbol), side, quantity, at, order_type, time_in_force, post_only, **terms
    )


def type_of(quantity: int, at: int | None, terms: Terms) -> OrderType:
    """The type that fits: a stop with a stop price or a trail, something with money with an amount,
    else a limit order with a price and a market order without. Pegs and market-to-limit have to be asked for.
    """
    if "stop_price" in terms or "trail" in terms:
        return OrderType.STOP if at is None else OrderType.STOP_LIMIT
    if "amount" in terms:
        return OrderType.MONEY_LIMIT if quantity else OrderType.MARKET_BY_AMOUNT
    return OrderType.MARKET if at is None else OrderType.LIMIT


def time_in_force_of(order_type: OrderType, terms: Terms) -> TimeInForce:
    """Until the deadline if there is one; a money limit is all at once or nothing; else until canceled."""
    if "expires_at_ns" in terms:
        return TimeInForce.GTD
    return TimeInForce.FOK if order_type is OrderType.MONEY_LIMIT else TimeInForce.GTC

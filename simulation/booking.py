"""Reports that nobody reads are booked without being written.

In: a strategy without an ``on_report`` hook, an event of the venue about one of its orders. Out: the strategy's orders and
positions as the report of that event would have left them. A report is built for those who read it; most strategies look at
nothing but their orders and positions, and to build it, to wrap it and to ask a hook that is not there would take them half
their time. What is written here is what ``Strategy`` and ``OrderView`` do, for a live order and its plain reports; a test
holds both ways against each other.
"""

from typing import Any, Final

from exchange.engine.events import OrderAccepted, OrderCanceled, OrderReplaced, Trade
from exchange.report_messages import Builder, made
from protocol.vocabulary import Nanoseconds, OrderType
from traders.order_view import OrderPhase
from traders.strategies.base import Strategy

BOOKED: Final = frozenset((OrderAccepted, OrderCanceled, OrderReplaced, Trade))
"""Kinds of events: each concerns the owner of one order, but for a trade, of which two are told."""

_PLAIN: Final = frozenset((OrderType.LIMIT, OrderType.MARKET))
_SENT, _LIVE = OrderPhase.SENT, OrderPhase.LIVE
_FILLED, _CANCELED = OrderPhase.FILLED, OrderPhase.CANCELED


def book(strategy: Strategy, build: Builder, at_ns: Nanoseconds, event: Any) -> bool:
    """Book an event, of which ``build`` would make the report; ``False``: nothing was done, the report has to be built."""
    kind = type(event)
    if kind not in BOOKED:
        return False
    if kind is OrderAccepted:
        return _accepted(strategy, at_ns, event)
    if kind is Trade:
        return _traded(strategy, at_ns, event, as_maker=build is made)
    if kind is OrderCanceled:
        return _canceled(strategy, at_ns, event)
    return _replaced(strategy, at_ns, event)


def _accepted(strategy: Strategy, at_ns: Nanoseconds, event: OrderAccepted) -> bool:
    order = strategy.orders.get(int(event.client_order_id))
    if order is None or order.phase is not _SENT or event.order_type not in _PLAIN or event.terms is not None:
        return False
    strategy.now_ns = at_ns
    order.pending = False
    order.phase, order.order_id, order.order_type = _LIVE, event.order_id, event.order_type
    return True


def _traded(strategy: Strategy, at_ns: Nanoseconds, event: Trade, *, as_maker: bool) -> bool:
    order = strategy.orders.get(int(event.maker_client_order_id if as_maker else event.taker_client_order_id))
    symbol, price, quantity = event.symbol, event.price, event.quantity
    # The first trade of an instrument is what its positions are valued at from then on.
    if (
        order is None
        or order.phase is not _LIVE
        or order.order_type not in _PLAIN
        or symbol not in strategy.marks
    ):
        return False
    strategy.now_ns = at_ns
    if as_maker:
        leaves, cumulative, fee = event.maker_leaves, event.maker_cumulative, event.maker_fee
    else:
        leaves, cumulative, fee = event.taker_leaves, event.taker_cumulative, event.taker_fee
    order.cumulative, order.leaves = cumulative, leaves
    order.turnover += price * quantity
    if not leaves:
        order.phase = _FILLED
        del strategy.orders[order.tag]
    side = order.side
    strategy.portfolio.of(symbol).trade(side, price, quantity, fee)
    assignment = strategy.assignments.get(symbol)
    if assignment is not None and assignment.side is side:
        assignment.trade(price, quantity // strategy.instruments[symbol].lot)
    return True


def _replaced(strategy: Strategy, at_ns: Nanoseconds, event: OrderReplaced) -> bool:
    order = strategy.orders.get(int(event.client_order_id))
    if order is None or order.phase is not _LIVE:
        return False
    strategy.now_ns = at_ns
    order.pending = False
    order.quantity, order.price, order.stop_price = event.quantity, event.price, event.stop_price
    order.cumulative, order.leaves = event.cumulative, event.leaves
    return True


def _canceled(strategy: Strategy, at_ns: Nanoseconds, event: OrderCanceled) -> bool:
    order = strategy.orders.get(int(event.client_order_id))
    if order is None or order.phase is not _LIVE:
        return False
    strategy.now_ns = at_ns
    order.pending = False
    order.phase, order.cumulative, order.leaves = _CANCELED, event.cumulative, 0
    del strategy.orders[order.tag]
    return True

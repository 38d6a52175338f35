"""How things stand, as messages: instruments, orders.

In: what the engine keeps. Out: the parts of a ``welcome`` and the answer to ``order_status``. Reads
only.
"""

from exchange.engine.book import Book
from exchange.engine.order import Order
from protocol.messages import InstrumentInfo, OpenOrder, OrderStateReport
from protocol.vocabulary import MAX_PRICE, Price, Quantity


def instrument_info(book: Book) -> InstrumentInfo:
    """An instrument with its rules and the phase it is in."""
    listed = book.instrument
    return InstrumentInfo(
        symbol=listed.symbol,
        tick=listed.tick,
        lot=listed.lot,
        minimum_quantity=listed.minimum_quantity,
        maximum_quantity=listed.maximum_quantity,
        price_decimals=listed.price_decimals,
        phase=book.phase,
        # A default that is left out must be one and the same object: a big number out of a journal is not.
        maximum_price=None if listed.maximum_price == MAX_PRICE else listed.maximum_price,
        tick_table=listed.tick_table,
        maker_fee_ppm=listed.maker_fee_ppm,
        taker_fee_ppm=listed.taker_fee_ppm,
        market_remainder_rests=listed.market_remainder_rests,
        post_only=listed.post_only,
        self_trade=listed.self_trade,
        allocation=listed.allocation,
        minimum_allocation=listed.minimum_allocation,
        fifo_percent=listed.fifo_percent,
        peak_refills_in_front=listed.peak_refills_in_front,
        replace_loses_priority=listed.replace_loses_priority,
        market_at_aggressor_limit=listed.market_at_aggressor_limit,
        band=listed.band,
        execution_range=listed.execution_range,
        static_corridor=listed.static_corridor,
        dynamic_corridor=listed.dynamic_corridor,
    )


def open_order(order: Order) -> OpenOrder:
    """An order that is not done."""
    stop_price, prevented = _special(order)
    return OpenOrder(
        client_order_id=order.client_order_id,
        order_id=order.order_id,
        symbol=order.symbol,
        side=order.side,
        quantity=order.quantity,
        cumulative=order.cumulative,
        leaves=order.leaves,
        time_in_force=order.time_in_force,
        price=order.price,
        order_type=order.order_type,
        state=order.state,
        stop_price=stop_price,
        prevented=prevented,
    )


def order_state(order: Order) -> OrderStateReport:
    """Any order the venue still knows."""
    stop_price, prevented = _special(order)
    return OrderStateReport(
        client_order_id=order.client_order_id,
        order_id=order.order_id,
        symbol=order.symbol,
        side=order.side,
        state=order.state,
        quantity=order.quantity,
        cumulative=order.cumulative,
        leaves=order.leaves,
        price=order.price,
        order_type=order.order_type,
        stop_price=stop_price,
        prevented=prevented,
    )


def _special(order: Order) -> tuple[Price | None, Quantity]:
    """Where its stop stands while it waits, and what self-trade prevention took off it."""
    special = order.special
    if special is None:
        return None, 0
    return (special.stop_price if special.pending else None), special.prevented

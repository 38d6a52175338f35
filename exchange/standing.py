"""How things stand, as messages: instruments, orders, accounts.

In: what the engine keeps. Out: the parts of a ``welcome`` and the answers to ``order_status`` and
``account_status``. Reads only.
"""

from exchange.engine.book import Book
from exchange.engine.engine import Engine
from exchange.engine.order import Order
from protocol.desk import AccountState, Balance, Holding
from protocol.messages import InstrumentInfo, OpenOrder, OrderStateReport
from protocol.vocabulary import MAX_PRICE, AccountId, Price, Quantity, Role


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
        settlement=listed.settlement,
        base=listed.base,
        quote=listed.quote,
        base_scale=listed.base_scale,
        quote_scale=listed.quote_scale,
        maker_fee_per_unit=listed.maker_fee_per_unit,
        taker_fee_per_unit=listed.taker_fee_per_unit,
        margin=listed.margin,
    )


def balances_of(engine: Engine, name: AccountId) -> list[Balance]:
    """What the account has, by asset; nothing for one that the engine does not know."""
    return [Balance(asset, free, held) for asset, free, held in engine.clearing.balances(name)]


def holdings_of(engine: Engine, name: AccountId) -> list[Holding]:
    """What the account has, or had, in each instrument."""
    return [
        Holding(
            symbol=held.symbol,
            quantity=held.quantity,
            cost=held.cost,
            average_price=held.average_price,
            realised=held.realised,
            unrealised=held.unrealised,
            fees=held.fees,
            open_orders=held.open_orders,
            open_buys=held.open_buys,
            open_sells=held.open_sells,
        )
        for held in engine.clearing.holdings(name)
    ]


def account_state(engine: Engine, name: AccountId) -> AccountState:
    """All of an account. One that the engine does not know yet is a trader who has nothing."""
    account = engine.accounts.by_name.get(name)
    return AccountState(
        account=name,
        role=Role.TRADER if account is None else account.role,
        balances=balances_of(engine, name),
        holdings=holdings_of(engine, name),
        blocked=None if account is None else account.blocked,
        dead_man_ns=None if account is None else account.dead_man_ns,
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

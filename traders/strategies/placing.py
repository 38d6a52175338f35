"""Prices on ticks and quantities in lots, as strategies need them.

In: what a strategy would like. Out: what the venue takes. Pure.
"""

from typing import Final

from protocol.messages import InstrumentInfo
from protocol.vocabulary import Price, Quantity, Side, Symbol, TimeInForce
from traders.book_view import Depth
from traders.strategies.base import Strategy
from traders.strategies.intents import Place
from traders.strategies.zero_intelligence import default_reference

# Members of an enum are looked up at every use; these are used at every event.
_BUY: Final = Side.BUY
_IOC: Final = TimeInForce.IOC


def on_tick(instrument: InstrumentInfo, price: float, side: Side) -> Price:
    """The nearest price on a tick that is no worse for ``side`` than ``price``: below to buy, above to sell. At least
    one tick.
    """
    whole = int(price)  # towards zero; prices are positive where it matters
    tick = instrument.tick
    if side is _BUY:
        whole -= whole % tick
    else:
        whole += whole < price
        whole += -whole % tick
    return max(whole, tick)


def in_lots(instrument: InstrumentInfo, quantity: int) -> Quantity:
    """``quantity`` less what does not make a lot, at most the largest order; 0 below the smallest."""
    quantity = min(quantity, instrument.maximum_quantity)
    quantity -= quantity % instrument.lot
    return quantity if quantity >= instrument.minimum_quantity else 0


def order_of(instrument: InstrumentInfo, lots: int) -> Quantity:
    """``lots`` as a quantity, at least the smallest order, at most the largest."""
    return min(max(lots * instrument.lot, instrument.minimum_quantity), instrument.maximum_quantity)


def room(strategy: Strategy, symbol: Symbol, side: Side, maximum: Quantity) -> Quantity:
    """How much more of ``side`` may be ordered so that the position, were all open orders of that side filled,
    is no larger than ``maximum`` either way.
    """
    position = strategy.position(symbol)
    open_quantity = sum([o.leaves for o in strategy.orders.values() if o.side is side and o.symbol == symbol])
    return max(0, maximum - open_quantity - (position if side is _BUY else -position))


def best_prices(strategy: Strategy, symbol: Symbol) -> tuple[Price | None, Price | None]:
    """Best bid and best ask last seen."""
    depth = strategy.books.get(symbol)
    if depth is None:
        return None, None
    bids, asks = depth.bids, depth.asks
    return bids[0][0] if bids else None, asks[0][0] if asks else None


def fair_price(strategy: Strategy, symbol: Symbol, reference: int | None) -> Price:
    """The mid, else the last trade, else ``reference``, else one hundred units of money."""
    bid, ask = best_prices(strategy, symbol)
    if bid is not None and ask is not None:
        return (bid + ask) // 2
    return strategy.marks.get(symbol) or reference or default_reference(strategy.instruments[symbol])


def others_best(strategy: Strategy, depth: Depth, side: Side) -> Price | None:
    """The best price of ``side`` at which somebody else stands; ``None`` where the levels seen have none."""
    orders, symbol = strategy.orders, depth.symbol
    for price, quantity in depth.bids if side is _BUY else depth.asks:
        # The price first: hardly any order passes it, and a maker asks at every change of the book.
        for order in orders.values():
            own = order.price
            if (
                own is not None
                and own == price
                and order.side is side
                and order.symbol == symbol
                and order.is_live
            ):
                quantity -= order.leaves
        if quantity > 0:
            return price
    return None


def towards(
    strategy: Strategy, symbol: Symbol, wanted: int, most: Quantity, *, slippage_ticks: int = 0
) -> list[Place]:
    """The order that brings the position nearer to ``wanted``, by ``most`` at most: it takes what is offered, up to
    ``slippage_ticks`` beyond the best price, and what it does not get is canceled. Nothing while another is under way,
    or where nobody offers.
    """
    instrument = strategy.instruments[symbol]
    if any(order.symbol == symbol for order in strategy.orders.values()):
        return []
    missing = wanted - strategy.position(symbol)
    quantity = in_lots(instrument, min(abs(missing), most))
    bid, ask = best_prices(strategy, symbol)
    facing = ask if missing > 0 else bid
    if not quantity or facing is None:
        return []
    reach = slippage_ticks * instrument.tick
    if missing > 0:
        return [strategy.buy(symbol, quantity, at=facing + reach, time_in_force=_IOC)]
    at = max(facing - reach, instrument.tick)
    return [strategy.sell(symbol, quantity, at=at, time_in_force=_IOC)]

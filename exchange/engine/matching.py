"""Price-time priority for one instrument.

In: an aggressor and the side of the book it meets. Out: one ``Trade`` for each resting order
touched, best price first, oldest first inside a level. No clock, no await, no logging: equal
input gives equal events.
"""

from typing import Final

from exchange.engine.book import Book, BookSide
from exchange.engine.events import Trade
from exchange.engine.order import TRANSITIONS, Order, OrderTrigger
from protocol.vocabulary import Money, Price, Quantity, Side, TradeId

ANY_PRICE: Final = -(2**63)
"""A limit key below every key: trade at whatever price."""

_AFTER_FILL_UP: Final = TRANSITIONS[OrderTrigger.FILL_UP]
_PPM: Final = 1_000_000


def fee(notional: int, rate_ppm: int) -> Money:
    """Truncation toward zero of notional times rate, sign after; a rebate is negative (rule 43)."""
    if rate_ppm >= 0:
        return notional * rate_ppm // _PPM
    return -(notional * -rate_ppm // _PPM)


def executable(opposite: BookSide, limit_key: int, wanted: Quantity) -> bool:
    """Whether ``wanted`` can be filled at once up to the limit; an exact fit can (rule 14)."""
    available = 0
    for level in opposite.best_first():
        if level.key < limit_key:
            return False
        available += level.quantity
        if available >= wanted:
            return True
    return False


def sweep(
    book: Book, opposite: BookSide, taker: Order, limit_key: int, trade_id: TradeId, trades: list[Trade]
) -> TradeId:
    """Trade ``taker`` against the book until it is filled or the next level is beyond its limit.

    Appends to ``trades`` and returns the last trade id used. Makers that are filled
    leave the book; a partly filled one keeps its place (rule 3). The caller settles the trades and
    rests or cancels what is left of the taker.
    """
    instrument = book.instrument
    maker_rate, taker_rate = instrument.maker_fee_ppm, instrument.taker_fee_ppm
    symbol = instrument.symbol
    keys, levels = opposite.keys, opposite.levels
    aggressor, taker_account = taker.side, taker.account
    taker_client_order_id, taker_order_id = taker.client_order_id, taker.order_id
    leaves, cumulative = taker.leaves, taker.cumulative
    filled_up = _AFTER_FILL_UP
    maker_fee = taker_fee = 0
    while leaves and keys and keys[-1] >= limit_key:
        level = levels[keys[-1]]
        price, orders, head = level.price, level.orders, level.head
        taken = filled = 0
        while leaves and filled < level.count:
            maker = orders[head]
            maker_leaves = maker.leaves
            if not maker_leaves:  # canceled while it waited
                head += 1
                continue
            if maker_leaves > leaves:
                quantity = leaves
                maker_leaves -= quantity
                leaves = 0
            else:
                quantity = maker_leaves
                leaves -= quantity
                maker_leaves = 0
                maker.state = filled_up[maker.state]
                head += 1
                filled += 1
            taken += quantity
            cumulative += quantity
            maker.leaves = maker_leaves
            maker.cumulative = maker_cumulative = maker.cumulative + quantity
            if maker_rate:
                maker_fee = fee(price * quantity, maker_rate)
            if taker_rate:
                taker_fee = fee(price * quantity, taker_rate)
            trade_id += 1
            trades.append(
                Trade(
                    trade_id, symbol, price, quantity, aggressor,
                    maker.account, maker.client_order_id, maker.order_id, maker_cumulative, maker_leaves, maker_fee,
                    taker_account, taker_client_order_id, taker_order_id, cumulative, leaves, taker_fee,
                )
            )  # fmt: skip
        level.count -= filled
        level.quantity -= taken
        if level.count:
            level.head = head
        else:
            keys.pop()
            del levels[level.key]
        book.last_price = price
    taker.leaves = leaves
    taker.cumulative = cumulative
    if not leaves:
        taker.state = filled_up[taker.state]
    return trade_id


def protection_limit(opposite: BookSide, side: Side, points: Price) -> Price | None:
    """Best opposite price at entry plus or minus the protection points; ``None`` without a best (rule 17)."""
    best = opposite.best
    if best is None:
        return None
    return best + points if side is Side.BUY else best - points

"""Price-time priority for one instrument.

In: an aggressor and the side of the book it meets. Out: one ``Trade`` for each resting order
touched, best price first, oldest first inside a level. No clock, no await, no logging: equal
input gives equal events.
"""

from typing import Final

from exchange.engine.book import Book, BookSide
from exchange.engine.events import Event, Trade
from exchange.engine.order import Order
from protocol.vocabulary import Money, Price, Quantity, Side, TradeId

ANY_PRICE: Final = -(2**63)
"""A limit key below every key: trade at whatever price."""

_PPM: Final = 1_000_000


def fee(notional: int, rate_ppm: int) -> Money:
    """Truncation toward zero of notional times rate, sign after; a rebate is negative (rule 43)."""
    if rate_ppm >= 0:
        return notional * rate_ppm // _PPM
    return -(notional * -rate_ppm // _PPM)


def executable(opposite: BookSide, limit_key: int, wanted: Quantity) -> bool:
    """Whether ``wanted`` can be filled at once up to the limit; an exact fit can (rule 14)."""
    available = 0
    sign = opposite.sign
    for level in opposite.best_first():
        if sign * level.price < limit_key:
            return False
        available += level.quantity
        if available >= wanted:
            return True
    return False


def sweep(
    book: Book, opposite: BookSide, taker: Order, limit_key: int, trade_id: TradeId, trades: list[Event]
) -> TradeId:
    """Trade ``taker`` against the book until it is filled or the next level is beyond its limit.

    Appends to ``trades`` and returns the last trade id used. Makers that are filled leave the book;
    a partly filled one keeps its place (rule 3). The caller settles the trades and rests or cancels
    what is left of the taker.
    """
    instrument = book.instrument
    maker_rate, taker_rate, symbol = instrument.maker_fee_ppm, instrument.taker_fee_ppm, instrument.symbol
    keys, levels, sign = opposite.keys, opposite.levels, opposite.sign
    aggressor, taker_account = taker.side, taker.account
    taker_client_order_id, taker_order_id = taker.client_order_id, taker.order_id
    leaves, cumulative = taker.leaves, taker.cumulative
    maker_fee = taker_fee = price = 0
    while leaves and keys and keys[-1] >= limit_key:
        price = sign * keys[-1]
        level = levels[price]
        orders, head, waiting = level.orders, level.head, level.quantity
        filled = 0
        while leaves and waiting:
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
                head += 1
                filled += 1
            waiting -= quantity
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
        if waiting:
            level.quantity = waiting
            level.head = head
            if filled:
                level.bury(filled)
        else:
            keys.pop()
            del levels[price]
    if cumulative != taker.cumulative:
        book.last_price = price
        taker.leaves, taker.cumulative = leaves, cumulative
    return trade_id


def protection_limit(opposite: BookSide, side: Side, points: Price) -> Price | None:
    """Best opposite price at entry plus or minus the protection points; ``None`` without a best (rule 17)."""
    best = opposite.best
    if best is None:
        return None
    return best + points if side is Side.BUY else best - points

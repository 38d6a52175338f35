"""Price-time priority for one instrument, where nothing but plain orders rests.

In: an aggressor and the side of the book it meets. Out: one ``Trade`` for each resting order
touched, best price first, oldest first inside a level. No clock, no await, no logging: equal
input gives equal events. Everything else that may rest is in ``walk``, which is slower.
"""

from typing import Final

from exchange.engine.book import Book
from exchange.engine.book_side import BookSide
from exchange.engine.commands import AddInstrument
from exchange.engine.events import Trade
from exchange.engine.level import DEAD_ALLOWED
from exchange.engine.order import Order
from protocol.vocabulary import Money, Price, Quantity, TradeId

ANY_PRICE: Final = -(2**63)
"""A limit key below every key: trade at whatever price."""

_PPM: Final = 1_000_000


def fee(notional: int, rate_ppm: int) -> Money:
    """Truncation toward zero of notional times rate, sign after; a rebate is negative (rule 43)."""
    if rate_ppm >= 0:
        return notional * rate_ppm // _PPM
    return -(notional * -rate_ppm // _PPM)


def maker_fee(instrument: AddInstrument, price: Price, quantity: Quantity) -> Money:
    """What the resting side of a trade pays, in smallest units of the quote asset."""
    notional = price * quantity * instrument.quote_scale
    return fee(notional, instrument.maker_fee_ppm) + quantity * instrument.maker_fee_per_unit


def taker_fee(instrument: AddInstrument, price: Price, quantity: Quantity) -> Money:
    """What the arriving side pays."""
    notional = price * quantity * instrument.quote_scale
    return fee(notional, instrument.taker_fee_ppm) + quantity * instrument.taker_fee_per_unit


def executable(opposite: BookSide, limit_key: int, wanted: Quantity) -> bool:
    """Whether ``wanted`` can be filled at once up to the limit; an exact fit can (rule 14)."""
    available = 0
    sign, levels = opposite.sign, opposite.levels
    for key in reversed(opposite.keys):
        if key < limit_key:
            return False
        available += levels[sign * key].quantity
        if available >= wanted:
            return True
    return False


def sweep(
    book: Book, opposite: BookSide, taker: Order, limit_key: int, trade_id: TradeId, trades: list[Trade]
) -> TradeId:
    """Trade ``taker`` against the book until it is filled or the next level is beyond its limit.

    Appends to ``trades`` and returns the last trade id used. Makers that are filled leave the book;
    a partly filled one keeps its place (rule 3). The caller settles the trades and rests or cancels
    what is left of the taker: nothing it crosses is left, so the book never locks (rule 5).
    """
    instrument = book.instrument
    symbol = instrument.symbol
    maker_ppm, maker_unit = instrument.maker_fee_ppm, instrument.maker_fee_per_unit
    taker_ppm, taker_unit = instrument.taker_fee_ppm, instrument.taker_fee_per_unit
    scale = instrument.quote_scale
    charged = maker_ppm or maker_unit or taker_ppm or taker_unit
    keys, levels = opposite.keys, opposite.levels
    aggressor, taker_account = taker.side, taker.account
    taker_client_order_id, taker_order_id = taker.client_order_id, taker.order_id
    leaves, cumulative = taker.leaves, taker.cumulative
    of_maker = of_taker = 0
    while leaves and keys and keys[-1] >= limit_key:
        price = opposite.sign * keys[-1]
        level = levels[price]
        orders, head, waiting = level.orders, level.head, level.quantity
        while leaves and waiting:
            maker = orders[head]
            maker_leaves = maker.leaves
            if maker_leaves > leaves:
                quantity = leaves
                maker_leaves -= leaves
                leaves = 0
            elif maker_leaves:
                quantity = maker_leaves
                leaves -= maker_leaves
                maker_leaves = 0
                head += 1
                level.dead += 1
            else:  # canceled while it waited
                head += 1
                continue
            waiting -= quantity
            cumulative += quantity
            maker.leaves = maker_leaves
            maker.cumulative = maker_cumulative = maker.cumulative + quantity
            if charged:
                notional = price * quantity * scale
                # As ``fee``, written out.
                of_maker = quantity * maker_unit + (
                    notional * maker_ppm // _PPM if maker_ppm >= 0 else -(notional * -maker_ppm // _PPM)
                )
                of_taker = quantity * taker_unit + (
                    notional * taker_ppm // _PPM if taker_ppm >= 0 else -(notional * -taker_ppm // _PPM)
                )
            trade_id += 1
            trades.append(
                Trade(
                    trade_id, symbol, price, quantity, aggressor,
                    maker.account, maker.client_order_id, maker.order_id, maker_cumulative, maker_leaves, of_maker,
                    taker_account, taker_client_order_id, taker_order_id, cumulative, leaves, of_taker,
                )
            )  # fmt: skip
        book.last_price = price
        if waiting:
            level.quantity = waiting
            level.head = head
            if level.dead > DEAD_ALLOWED:
                level.bury()
        else:
            keys.pop()
            del levels[price]
    taker.leaves, taker.cumulative = leaves, cumulative
    return trade_id

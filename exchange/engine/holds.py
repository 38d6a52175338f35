"""What orders hold while they are open, and what those need that can't rest (rules 30, 41).

In: an order or its command, the book. Out: prices and sums. Changes nothing.

An order holds for the worst it may trade at: a buy for its reserve price, else its limit, of a peg its cap; where
it names none, for the highest price of the instrument. A market order that ends with its command holds nothing:
it must be able to pay for what it would trade with now.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from exchange.engine import bands
from exchange.engine.ledger import cost_of
from exchange.engine.order import NO_TERMS
from protocol.vocabulary import Money, OrderType, Phase, Price, Quantity, Side, TimeInForce

if TYPE_CHECKING:
    from exchange.engine.book import Book
    from exchange.engine.book_side import BookSide
    from exchange.engine.commands import AddInstrument, EnterOrder, Terms
    from exchange.engine.order import Order

_BY_AMOUNT: Final = OrderType.MARKET_BY_AMOUNT
_MONEY: Final = OrderType.MONEY_LIMIT
_WAITS: Final = (TimeInForce.AT_THE_OPEN, TimeInForce.AT_THE_CLOSE)


def is_fleeting(book: Book, command: EnterOrder) -> bool:
    """Whether the order names no price and ends with the command that enters it."""
    order_type = command.order_type
    if order_type is _BY_AMOUNT or order_type is _MONEY:
        return True
    return (
        order_type is OrderType.MARKET
        and book.phase is Phase.CONTINUOUS
        and not book.instrument.market_remainder_rests
        and book.instrument.dynamic_corridor is None
        and command.time_in_force not in _WAITS
    )


def price_at_entry(book: Book, command: EnterOrder) -> Price:
    """What a buy that may rest holds for, for each unit."""
    terms = command.terms or NO_TERMS
    if command.price is None and book.phase is Phase.CONTINUOUS and command.time_in_force not in _WAITS:
        best = book.asks.best
        if command.order_type is OrderType.MARKET_TO_LIMIT and best is not None:
            return best
        # Outside the dynamic corridor it would rest without a limit, in the call.
        calls = book.instrument.dynamic_corridor is not None
        protected = command.order_type is OrderType.MARKET and terms.protection is not None and not calls
        if protected and best is not None:
            return best + (terms.protection or 0)
    return price_of(book.instrument, command.order_type, command.price, terms)


def price_of(instrument: AddInstrument, order_type: OrderType, price: Price | None, terms: Terms) -> Price:
    """The same for an order that is open at ``price``."""
    if terms.reserve_price is not None:
        return terms.reserve_price
    if order_type is OrderType.PEG:
        price = terms.cap
    return instrument.maximum_price if price is None else price


def price_of_order(instrument: AddInstrument, order: Order) -> Price:
    """What an open buy holds for."""
    return price_of(instrument, order.order_type, order.price, order.terms)


def is_fixed(order_type: OrderType, terms: Terms | None) -> bool:
    """Whether that price stays where it is when the order moves."""
    return order_type is OrderType.PEG or (terms is not None and terms.reserve_price is not None)


def is_plain(order: Order) -> bool:
    """Whether what an open order holds follows from its side, limit and open quantity alone."""
    special = order.special
    plainly = special is None or (special.terms == NO_TERMS and not special.pending)
    return plainly and order.order_type is OrderType.LIMIT


def needed_now(book: Book, command: EnterOrder) -> Money:
    """What a fleeting order of a spot instrument must have free: of the quote asset to buy, of the base to sell.

    Exact where only plain orders rest. Elsewhere some may be passed over, and the order is reckoned at the worst
    price that rests.
    """
    instrument, quantity = book.instrument, command.quantity
    terms = command.terms or NO_TERMS
    opposite = book.side(command.side.opposite)
    if command.side is Side.SELL:
        if command.order_type is _BY_AMOUNT:
            quantity = _bought_for(book, opposite, terms.amount or 0)
        return quantity * instrument.base_scale
    if command.order_type is _MONEY:
        return cost_of(instrument, quantity, (terms.amount or 0) * instrument.quote_scale)
    if command.order_type is _BY_AMOUNT:
        amount = terms.amount or 0
        return cost_of(instrument, _bought_for(book, opposite, amount), amount * instrument.quote_scale)
    if book.special:
        return _needed_at_worst(book, opposite, quantity, terms)
    worst = opposite.best if opposite.best is not None else 0
    if terms.protection is not None:
        worst += terms.protection
    elif opposite.keys:
        worst = opposite.sign * opposite.keys[0]
    traded, paid = 0, 0
    for level in opposite.best_first():
        if traded == quantity or level.price > worst:
            break
        taken = min(level.quantity, quantity - traded)
        traded += taken
        paid += taken * level.price
    return cost_of(instrument, traded, paid * instrument.quote_scale)


def _needed_at_worst(book: Book, opposite: BookSide, quantity: Quantity, terms: Terms) -> Money:
    """All that is there, at the worst price at which any of it may trade."""
    worst = opposite.sign * opposite.keys[0] if opposite.keys else 0
    if terms.protection is not None and opposite.best is not None:
        worst = min(worst, opposite.best + terms.protection)
    if opposite.market_orders:
        # Where no limit sets a price for them, the last one does (rule 52).
        worst = max(worst, book.last_price or book.reference_price or 0)
    there = min(quantity, opposite.offered(opposite.sign * worst))
    return cost_of(book.instrument, there, there * worst * book.instrument.quote_scale)


def most(book: Book, command: EnterOrder) -> Quantity:
    """The most that the order may trade: its quantity, or what its amount is worth at the lowest price that rests."""
    if command.order_type is not _BY_AMOUNT or command.terms is None:
        return command.quantity
    bought = _bought_for(book, book.side(command.side.opposite), command.terms.amount or 0)
    return bought - bought % book.lot


def _bought_for(book: Book, opposite: BookSide, amount: Money) -> Quantity:
    """At most so much is traded for an amount: all of it at the lowest price that rests."""
    if not opposite.keys:
        return 0
    prices = opposite.sign * opposite.keys[0], opposite.sign * opposite.keys[-1]
    return amount // min(prices)


def notional(book: Book, side: Side, quantity: Quantity, price: Price | None, terms: Terms | None) -> Money:
    """What an order is worth for a limit: at its limit, else at the best price it would meet, else as marked."""
    instrument = book.instrument
    if terms is not None:
        if terms.amount is not None:
            return terms.amount * instrument.quote_scale
        price = price if price is not None else terms.cap
    if price is None:
        price = book.side(side.opposite).best
    if price is None:
        price = bands.middle(book)
    if price is None:
        price = instrument.maximum_price
    return quantity * price * instrument.quote_scale

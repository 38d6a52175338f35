"""The call auction: one price for all that trades most (rules 34 to 37).

In: a book, crossed or not. Out: the price with volume and surplus, and who meets whom. Changes
nothing: who holds the auction executes the pairs.
"""

from collections.abc import Iterator
from itertools import accumulate
from typing import NamedTuple

from exchange.engine.bands import on_tick
from exchange.engine.book import Book
from exchange.engine.book_side import BookSide
from exchange.engine.order import Order
from protocol.vocabulary import Price, Quantity


class Indication(NamedTuple):
    """What the auction would give now. ``price`` is ``None`` if nothing would trade.

    ``surplus``: bought less sold interest at the price; it is left over.
    """

    price: Price | None
    volume: Quantity
    surplus: Quantity


NOTHING = Indication(None, 0, 0)


def indicative(book: Book, reference_price: Price | None = None) -> Indication:
    """The auction's price as of now, with its volume and surplus.

    ``reference_price`` of ``None``: the last price, else the instrument's reference price.

    Source: rule 35; the words are those of the opening and closing auctions of the big stock exchanges.
    """
    reference = reference_price_of(book) if reference_price is None else reference_price
    found = [
        (price, min(demand, supply), demand - supply) for price, demand, supply in _curve(book, reference)
    ]
    most = max((volume for _, volume, _ in found), default=0)
    if not most:
        return NOTHING
    found = [one for one in found if one[1] == most]
    least = min(abs(surplus) for _, _, surplus in found)
    found = [one for one in found if abs(one[2]) == least]
    if all(surplus > 0 for _, _, surplus in found):
        return Indication(*found[-1])
    if all(surplus < 0 for _, _, surplus in found):
        return Indication(*found[0])
    if reference is None:
        return Indication(*found[0])
    return Indication(*min(found, key=lambda one: (abs(one[0] - reference), one[0])))


def reference_price_of(book: Book) -> Price | None:
    """What stands in for a price that the market does not give: the last price, else the instrument's."""
    return book.last_price if book.last_price is not None else book.reference_price


def _curve(book: Book, reference: Price | None) -> Iterator[tuple[Price, Quantity, Quantity]]:
    """Every candidate price, ascending, with what would be bought and sold there."""
    bids, asks = _by_price(book.bids), _by_price(book.asks)
    # A reference may be off the tick: it decides between prices then, but is none.
    prices = {*bids, *asks}
    if reference is not None and on_tick(book.instrument, reference):
        prices.add(reference)
    candidates = sorted(prices)
    any_price_bid = sum(order.leaves for order in book.bids.market if not order.terms.all_or_none)
    any_price_ask = sum(order.leaves for order in book.asks.market if not order.terms.all_or_none)
    demand = list(accumulate((bids.get(price, 0) for price in reversed(candidates)), initial=any_price_bid))
    supply = accumulate((asks.get(price, 0) for price in candidates), initial=any_price_ask)
    next(supply)
    yield from zip(candidates, reversed(demand[1:]), supply, strict=True)


def _by_price(side: BookSide) -> dict[Price, Quantity]:
    if not side.all_or_none:
        return {price: level.quantity for price, level in side.levels.items()}
    quantities = {
        price: sum(order.leaves for order in level if not order.terms.all_or_none)
        for price, level in side.levels.items()
    }
    return {price: quantity for price, quantity in quantities.items() if quantity}


def pairs(book: Book, price: Price) -> list[tuple[Order, Order, Quantity]]:
    """``(buyer, seller, quantity)`` in the order of execution: market orders, then better prices, then
    time at the price itself (rule 37). All-or-none orders do not take part.
    """
    met: list[tuple[Order, Order, Quantity]] = []
    sellers = _queue(book.asks, price)
    seller = next(sellers, None)
    offered = seller.leaves if seller is not None else 0
    for buyer in _queue(book.bids, price):
        wanted = buyer.leaves
        while wanted and seller is not None:
            quantity = min(wanted, offered)
            met.append((buyer, seller, quantity))
            wanted -= quantity
            offered -= quantity
            if not offered:
                seller = next(sellers, None)
                offered = seller.leaves if seller is not None else 0
    return met


def _queue(side: BookSide, price: Price) -> Iterator[Order]:
    yield from (order for order in side.market if not order.terms.all_or_none)
    limit = side.sign * price
    for key in reversed(side.keys):
        if key < limit:
            return
        yield from (order for order in side.levels[side.sign * key] if not order.terms.all_or_none)

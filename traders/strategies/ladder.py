"""A ladder of quotes on one side of a book, kept where it belongs with as few messages as can be.

In: the orders of a strategy, and the prices and quantities it wants. Out: intents. An order at a wanted price stays, and
keeps its place in the queue; one elsewhere is moved to a price that has none. Pure.
"""

from collections.abc import Sequence
from typing import Final

from protocol.fields import Level
from protocol.vocabulary import Price, Side, Symbol
from traders.strategies.base import Strategy, Working
from traders.strategies.intents import CancelOrder, Intent, ReplaceOrder
from traders.strategies.placing import others_best

# Members of an enum are looked up at every use; these are used at every event.
_BUY: Final = Side.BUY
_SELL: Final = Side.SELL


def ladder(
    strategy: Strategy, symbol: Symbol, side: Side, wanted: Sequence[Level], *, refill: bool = False
) -> list[Intent]:
    """The intents that bring the quotes of one side to ``wanted``, no two of one price; nothing else of the
    strategy may rest there. New quotes are post-only.

    ``refill``: an order of which less than half of what is wanted is left is filled up, at the end of the queue.
    """
    intents: list[Intent] = []
    missing = dict(wanted)
    spare: list[Working] = []
    waiting = 0
    for order in strategy.orders.values():
        if order.side is not side or order.symbol != symbol:
            continue
        if order.pending:
            waiting += 1  # where it will be is not known yet: it keeps one quote from being placed
        elif order.price is not None and order.price in missing:
            quantity = missing.pop(order.price)
            if refill and 2 * order.leaves < quantity:
                # The total counts what traded already.
                intents.append(ReplaceOrder(order.tag, order.cumulative + quantity))
        else:
            spare.append(order)
    free = max(0, len(missing) - waiting)
    for price, quantity in missing.items():
        if spare:
            order = spare.pop()
            intents.append(ReplaceOrder(order.tag, order.cumulative + quantity, price))
        elif free:
            free -= 1
            send = strategy.buy if side is _BUY else strategy.sell
            intents.append(send(symbol, quantity, at=price, post_only=True))
    intents.extend([CancelOrder(order.tag) for order in spare])
    return intents


def both_sides(
    strategy: Strategy,
    symbol: Symbol,
    bids: Sequence[Level],
    asks: Sequence[Level],
    *,
    rising: bool,
    refill: bool = False,
) -> list[Intent]:
    """Both ladders; the side that makes way goes first, so that a quote does not meet its own other side."""
    sides = ((_SELL, asks), (_BUY, bids)) if rising else ((_BUY, bids), (_SELL, asks))
    return [
        intent for side, wanted in sides for intent in ladder(strategy, symbol, side, wanted, refill=refill)
    ]


def others_mid(strategy: Strategy, symbol: Symbol) -> Price | None:
    """Halfway between the best prices at which others stand; ``None`` where the levels seen do not show both.

    A maker that followed a mid which its own quotes make would follow itself.
    """
    depth = strategy.books.get(symbol)
    if depth is None:
        return None
    bid, ask = others_best(strategy, depth, _BUY), others_best(strategy, depth, _SELL)
    return None if bid is None or ask is None else (bid + ask) // 2

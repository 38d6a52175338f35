"""Where a primary peg belongs: at the best limit of its own side, no further than its cap (rule 53).

In: a side of a book, a peg. Out: a price. When pegs move, ``trading`` says.
"""

from exchange.engine.book_side import BookSide
from exchange.engine.order import Order
from protocol.vocabulary import OrderType, Price


def best_to_peg_to(side: BookSide) -> Price | None:
    """The side's best price over the orders that are no pegs (rule 53).

    Nor hidden, which a peg would give away, nor all-or-none, which may stand beyond the other side.
    """
    for level in side.best_first():
        for order in level.living():
            if order.order_type is not OrderType.PEG and not order.terms.all_or_none:
                return level.price
    return None


def peg_price(side: BookSide, order: Order) -> Price | None:
    """Where the peg belongs now; ``None``: its side has no limit price."""
    best = best_to_peg_to(side)
    return None if best is None else capped(side, best, order)


def capped(side: BookSide, best: Price, order: Order) -> Price:
    cap = order.terms.cap
    return best if cap is None else side.sign * min(side.sign * best, side.sign * cap)

"""Pro-rata: dividing an aggressor among the orders at one price by their quantities (rule 39).

In: the resting quantities, oldest first, and how much there is to divide. Out: how much each one
gets. Integers only: shares are rounded down, and what rounding leaves goes first in first out.
"""

from collections.abc import Sequence

from protocol.vocabulary import Quantity


def allocate(
    sizes: Sequence[Quantity],
    quantity: Quantity,
    *,
    top: int | None = None,
    minimum: Quantity = 1,
    fifo_percent: int = 0,
    lot: Quantity = 1,
) -> list[Quantity]:
    """What each order gets of ``quantity``; together all of it, or all there is.

    ``top``: index of the order that first bettered the market; it is served before the others. Then
    ``fifo_percent`` of what is left goes to the oldest, then everybody gets the share of his size, a
    share under ``minimum`` being none, then the oldest get what is left.
    """
    left = min(quantity, sum(sizes))
    shares = [0] * len(sizes)
    if top is not None:
        shares[top] = min(sizes[top], left)
        left -= shares[top]
    fifo = _down(left * fifo_percent // 100, lot)
    left -= fifo
    _first_come(sizes, shares, fifo)
    wanting = [size - share for size, share in zip(sizes, shares, strict=True)]
    total, pool = sum(wanting), left
    for at, size in enumerate(wanting):
        share = _down(pool * size // total, lot) if total else 0
        if share >= minimum:
            shares[at] += share
            left -= share
    _first_come(sizes, shares, left)
    return shares


def _first_come(sizes: Sequence[Quantity], shares: list[Quantity], quantity: Quantity) -> None:
    for at, size in enumerate(sizes):
        more = min(size - shares[at], quantity)
        shares[at] += more
        quantity -= more


def _down(quantity: Quantity, lot: Quantity) -> Quantity:
    return quantity // lot * lot

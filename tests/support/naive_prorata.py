"""Rule 39: how one quantity is divided among the orders at one price.

In: the quantity and what each order shows, the one that bettered the market first. Out: a share each.
"""

from fractions import Fraction
from math import floor

from exchange.engine.commands import AddInstrument
from tests.support.naive_state import down_to_lot


def shares(rules: AddInstrument, wanted: int, sizes: list[int], *, top_first: bool) -> list[int]:
    """What each order gets; ``wanted`` is at most the sum of the sizes."""
    given = [0] * len(sizes)

    def first_in_first_out(quantity: int) -> None:
        for number, size in enumerate(sizes):
            part = min(quantity, size - given[number])
            given[number] += part
            quantity -= part

    if top_first:
        given[0] = min(wanted, sizes[0])
    left = wanted - sum(given)
    first_in_first_out(down_to_lot(rules, floor(Fraction(left * rules.fifo_percent, 100))))
    left = wanted - sum(given)
    rest = [size - has for size, has in zip(sizes, given, strict=True)]
    if left:
        for number, size in enumerate(rest):
            share = down_to_lot(rules, floor(Fraction(left * size, sum(rest))))
            given[number] += share if share >= rules.minimum_allocation else 0
    first_in_first_out(wanted - sum(given))
    return given

"""The best price levels of a book: what market data looks at most.

In: a book to read. Out: the best displayed level of a side, and the checksum of the best ten of both.
"""

from collections.abc import Iterable
from itertools import islice
from typing import Final

from exchange.engine.book import Book
from exchange.engine.book_side import BookSide
from exchange.market_data.stream import Change
from protocol.checksum import CHECKED_LEVELS, checksum_of_texts, side_text
from protocol.fields import Level
from protocol.vocabulary import Price

NOWHERE: Final = -(2**63)
"""As a key of ``BookSide`` worse than every price."""


def best_levels(side: BookSide, most: int | None = None) -> list[Level]:
    """``(price, displayed quantity)`` of the best levels that show any, best first; at most so many."""
    if not side.concealed and most is not None:
        sign, levels = side.sign, side.levels
        return [(price := sign * key, levels[price].quantity) for key in side.keys[: -most - 1 : -1]]
    shown = ((level.price, level.displayed) for level in side.best_first() if level.displayed)
    return list(islice(shown, most))


def best_level(side: BookSide) -> Level | None:
    """The best of them, ``None`` if nothing is displayed."""
    if not side.concealed:
        keys = side.keys
        if not keys:
            return None
        price = side.sign * keys[-1]
        return price, side.levels[price].quantity
    return next(iter(best_levels(side, 1)), None)


class BestTen:
    """The checksum of a book; made anew from those sides only whose best ten levels may have changed."""

    def __init__(self, book: Book) -> None:
        self._bids = _SideText(book.bids)
        self._asks = _SideText(book.asks)

    def forget(self) -> None:
        """Changes may have been overlooked."""
        self._bids.text = self._asks.text = None

    def checksum_after(self, change: Change) -> int:
        """The checksum as it is now; ``change`` is all that was done since the last time, or did not touch the
        best ten.
        """
        if change.whole:
            self.forget()
        return checksum_of_texts(self._bids.after(change.bids), self._asks.after(change.asks))


class _SideText:
    __slots__ = ("_side", "_worst", "text")

    def __init__(self, side: BookSide) -> None:
        self._side = side
        self._worst = NOWHERE
        self.text: str | None = None

    def after(self, prices: Iterable[Price]) -> str:
        side, worst = self._side, self._worst
        sign = side.sign
        if self.text is None or any(sign * price >= worst for price in prices):
            levels = best_levels(side, CHECKED_LEVELS)
            self._worst = sign * levels[-1][0] if len(levels) == CHECKED_LEVELS else NOWHERE
            self.text = side_text(levels)
        return self.text

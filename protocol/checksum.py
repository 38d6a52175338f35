"""A number by which both ends know that they see the same book.

In: the best price levels of both sides. Out: a CRC-32. Part of every depth message, so that a subscriber can
prove its copy right. docs/reference/market-data.md has the same in words.
"""

from collections.abc import Iterable
from itertools import islice
from typing import Final
from zlib import crc32

from protocol.fields import Level
from protocol.vocabulary import Price, Quantity

CHECKED_LEVELS: Final = 10
"""So many price levels a side are looked at; where there are fewer, all."""


def checksum(bids: Iterable[Level], asks: Iterable[Level]) -> int:
    """CRC-32 (zlib's, unsigned) of the text ``price:quantity,...|price:quantity,...``: bids, then asks.

    Both sides best price first and without quantities of 0; only the first ten levels of each count. The text is
    ASCII without spaces; an empty side is nothing, so that of an empty book is ``|``.
    """
    return checksum_of_texts(side_text(bids), side_text(asks))


def side_text(levels: Iterable[Level]) -> str:
    """One side's part of the text: who keeps it need not make it again while only the other side changes."""
    # Written out: ten calls of ``level_text`` would take longer than all the rest.
    return ",".join([f"{price}:{quantity}" for price, quantity in islice(levels, CHECKED_LEVELS)])


def level_text(price: Price, quantity: Quantity) -> str:
    """One level's part of that, for who keeps these as well: a change makes one of them anew."""
    return f"{price}:{quantity}"


def checksum_of_texts(bids: str, asks: str) -> int:
    """The same from the ``side_text`` of each side."""
    return crc32(f"{bids}|{asks}".encode("ascii"))

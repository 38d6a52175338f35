"""Readers of public streams under asyncio.

In: what the subscriptions tell. Out: asynchronous iteration, by the policies of ``traders.market.readers``.
"""

from typing import TypeVar

from protocol.market import AuctionMessage, Bar
from traders.feed import Awaited
from traders.market import readers
from traders.market.items import Heard, State

T = TypeVar("T")


class StateReader(readers.StateReader[T], Awaited[T]):
    """How things stand in one stream."""


class NewsReader(readers.NewsReader[T], Awaited[T]):
    """Everything that happened in one stream."""


class AuctionReader(readers.AuctionReader, Awaited[AuctionMessage]):
    """Auctions of one instrument."""


class CandleReader(readers.CandleReader, Awaited[Bar]):
    """Candles of one instrument and length."""


class MarketInbox(readers.MarketInbox[T], Awaited[T | State | Heard]):
    """Any public streams of any number of instruments, beside other items."""

"""What is older than memory: the seam between HTTP and whatever keeps it.

In: a symbol or an account, a place in the list, how many. Out: what lies before that place, newest first. A venue
without a journal has no past: then lists end where memory does.
"""

from typing import Protocol

import msgspec

from protocol.market import Bar, TradePrint
from protocol.vocabulary import (
    AccountId,
    ClientOrderId,
    Interval,
    Liquidity,
    Money,
    Nanoseconds,
    OrderId,
    Price,
    Quantity,
    Side,
    Symbol,
    TradeId,
)


class Fill(msgspec.Struct, frozen=True, forbid_unknown_fields=True, gc=False):
    """One trade of an account, as its side saw it. Of a trade with itself there are two."""

    trade_id: TradeId
    at_ns: Nanoseconds
    symbol: Symbol
    side: Side
    price: Price
    quantity: Quantity
    liquidity: Liquidity
    fee: Money
    """In smallest units of the quote asset; negative: a rebate."""
    order_id: OrderId
    client_order_id: ClientOrderId


class Past(Protocol):
    """Reads the history. Every method blocks: it is called in a thread, never from two at once.

    All lists are newest first and leave out trades that were undone. ``skip``: so many of them are passed over first.
    A method raises ``HistoryError`` if the history can't be read.
    """

    def trades(
        self, symbol: Symbol, *, before: TradeId | None, limit: int, skip: int = 0
    ) -> list[TradePrint]:
        """At most ``limit`` trades with a ``trade_id`` below ``before``; their ``seq`` is 0."""
        ...

    def candles(
        self, symbol: Symbol, interval: Interval, *, before_ns: Nanoseconds | None, limit: int, skip: int = 0
    ) -> list[Bar]:
        """At most ``limit`` candles that begin before ``before_ns``."""
        ...

    def fills(
        self,
        account: AccountId,
        symbol: Symbol | None,
        *,
        before: TradeId | None,
        limit: int,
        skip: int = 0,
    ) -> list[Fill]:
        """The account's sides of at most ``limit`` trades with a ``trade_id`` below ``before``, of all symbols or one."""
        ...

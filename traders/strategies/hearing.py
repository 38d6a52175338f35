"""Traders of a double auction who learn from what others shout.

In: the best quotes and the trades of their instruments. Out: calls of two hooks, ``heard`` and ``dealt``, which are
what the literature means by a shout that was not (yet) accepted and by one that was.

There the improvement rule of the New York Stock Exchange holds: a shout has to better the one that stands. So what is
heard here is a best bid that rises and a best ask that falls; an order behind the best one is nobody's business, and a
best price that retreats after a trade is no shout. A trade is the acceptance of the order that rested: of a bid where
the aggressor sold.

A book that stands still is not silence, though: its best quotes are repeated with every moment. So a trader whose timer
fires twice without news hears the best quote of its own side once more. Without that a market could stop for ever a tick
before the next trade, as nobody would learn that nobody wants what is offered.
"""

from collections.abc import Iterable, Sequence
from random import Random
from typing import ClassVar

from protocol.market import TradePrint
from protocol.messages import InstrumentInfo
from protocol.vocabulary import Channel, Price, Side, Symbol
from traders.book_view import Depth
from traders.strategies.assignment import Assignment
from traders.strategies.base import Parameters, Working
from traders.strategies.intents import Intent
from traders.strategies.shouting import Shouter


class Listener(Shouter):
    """Base of traders who learn."""

    channels: ClassVar[frozenset[Channel]] = frozenset((Channel.BBO, Channel.TRADES))

    def __init__(self, instruments: Sequence[InstrumentInfo], parameters: Parameters, rng: Random) -> None:
        super().__init__(instruments, parameters, rng)
        self.repeated = False
        """The quote that is being made is made without news since the last."""
        self._quotes: dict[Symbol, tuple[Price | None, Price | None]] = {}
        self._news: set[Symbol] = set()

    def heard(self, symbol: Symbol, side: Side, price: Price) -> None:
        """Somebody, perhaps this trader, bettered the best price of a side; or nobody wanted it for a while."""

    def dealt(self, symbol: Symbol, price: Price, shouted: Side | None) -> None:
        """A shout was accepted; ``shouted`` is its side, ``None`` in an auction."""

    def price(self, assignment: Assignment, limit: Price, standing: Working | None) -> Price | None:
        symbol = assignment.symbol
        self.repeated = symbol not in self._news
        if self.repeated:
            book = self.books.get(symbol)
            best = None if book is None else book.best(assignment.side)
            if best is not None:
                self.heard(symbol, assignment.side, best[0])
        self._news.discard(symbol)
        return super().price(assignment, limit, standing)

    def on_depth(self, depth: Depth) -> Iterable[Intent]:
        symbol = depth.symbol
        bid = depth.bids[0][0] if depth.bids else None
        ask = depth.asks[0][0] if depth.asks else None
        last_bid, last_ask = self._quotes.get(symbol, (None, None))
        self._quotes[symbol] = (bid, ask)
        if (bid, ask) != (last_bid, last_ask):
            self._news.add(symbol)
        if bid is not None and (last_bid is None or bid > last_bid):
            self.heard(symbol, Side.BUY, bid)
        if ask is not None and (last_ask is None or ask < last_ask):
            self.heard(symbol, Side.SELL, ask)
        return ()

    def on_trade(self, trade: TradePrint) -> Iterable[Intent]:
        self._news.add(trade.symbol)
        self.dealt(trade.symbol, trade.price, None if trade.aggressor is None else trade.aggressor.opposite)
        return ()

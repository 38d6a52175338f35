"""Public market data for agents: best prices, depth and trades of one instrument, as late as each of them gets it.

In: the venue's book after each command, and the trades of it. Out: views and prints, pushed to audiences after their
latency, or looked up by who samples: what he would have been told last. The rest of the public streams an agent gets
through ``exchange.market_data``, like everybody.
"""

from collections import deque
from collections.abc import Callable
from typing import Final

from mypy_extensions import mypyc_attr

from exchange.engine.book import Book
from exchange.engine.book_side import BookSide
from exchange.engine.events import AuctionTrade, Trade
from exchange.market_data.best import best_level, best_levels
from exchange.market_data.stream import print_of
from protocol.market import TradePrint
from protocol.vocabulary import Nanoseconds
from traders.book_view import Depth
from traders.strategies.intents import Event

_KEPT: Final = 4_096
"""States that a sampler can look back upon: in a market of a hundred changes a second, forty seconds."""

Push = Callable[[Depth | TradePrint], None]


@mypyc_attr(allow_interpreted_subclasses=True)
class Look:
    """What can be seen of something."""

    __slots__ = ()

    def at(self, at_ns: Nanoseconds) -> Event | None:
        """What there is to be seen of it at a time."""
        raise NotImplementedError


class Past(Look):
    """What was published, to be looked up by time."""

    __slots__ = ("_items",)

    def __init__(self) -> None:
        self._items: deque[tuple[Nanoseconds, Depth | TradePrint]] = deque(maxlen=_KEPT)

    def add(self, at_ns: Nanoseconds, item: Depth | TradePrint) -> None:
        self._items.append((at_ns, item))

    def at(self, at_ns: Nanoseconds) -> Depth | TradePrint | None:
        """The last one that was published until then."""
        items = self._items
        place = len(items)
        while place:  # from the end; few are younger than a message takes
            place -= 1
            published_ns, item = items[place]
            if published_ns <= at_ns:
                return item
        return None


class Feed:
    """One instrument."""

    def __init__(self, book: Book) -> None:
        self.book: Final = book
        self.symbol: Final = book.symbol
        self.tells_best = False
        """Whether anybody wants the best prices."""
        self.on_best: list[Push] = []
        self.on_depth: dict[int | None, list[Push]] = {}
        """By how many price levels."""
        self.on_trade: list[Push] = []
        self.best: Depth = Depth(self.symbol, 0, (), ())
        self.states = Past()
        """Best prices."""
        self.prints = Past()
        self.samples_trades = False
        self._depths: dict[int | None, Depth] = {}
        self._trades = 0
        # Keys and quantities of the best levels when somebody last looked.
        self._bid = self._ask = self._bid_quantity = self._ask_quantity = 0

    def depth(self, most: int | None) -> Depth:
        """The best levels of each side as they were told last."""
        return self._depths.get(most) or Depth(self.symbol, 0, (), ())

    def changed(self, at_ns: Nanoseconds) -> None:
        """The book may have changed."""
        book = self.book
        if self.tells_best and self._best_moved(book.bids, book.asks):
            bid, ask = best_level(book.bids), best_level(book.asks)
            bids, asks = (() if bid is None else (bid,)), (() if ask is None else (ask,))
            if bids != self.best.bids or asks != self.best.asks:
                self.best = best = Depth(self.symbol, self.best.seq + 1, bids, asks)
                self.states.add(at_ns, best)
                for push in self.on_best:
                    push(best)
        for most, pushes in self.on_depth.items():
            before = self._depths.get(most)
            levels = tuple(best_levels(book.bids, most)), tuple(best_levels(book.asks, most))
            if before is None or levels != (before.bids, before.asks):
                now = self._depths[most] = Depth(self.symbol, before.seq + 1 if before else 1, *levels)
                for push in pushes:
                    push(now)

    def _best_moved(self, bids: BookSide, asks: BookSide) -> bool:
        """Whether the best levels may not be what they were: most commands leave them alone, and this is quick."""
        if bids.concealed or asks.concealed:
            return True
        keys = bids.keys
        bid, bid_quantity = (keys[-1], bids.levels[keys[-1]].quantity) if keys else (0, 0)
        keys = asks.keys
        ask, ask_quantity = (keys[-1], asks.levels[-keys[-1]].quantity) if keys else (0, 0)
        if (
            bid_quantity == self._bid_quantity
            and ask_quantity == self._ask_quantity
            and bid == self._bid
            and ask == self._ask
        ):
            return False
        self._bid, self._ask, self._bid_quantity, self._ask_quantity = bid, ask, bid_quantity, ask_quantity
        return True

    def traded(self, at_ns: Nanoseconds, trade: Trade | AuctionTrade) -> None:
        """Somebody traded."""
        self._trades += 1
        if not self.on_trade and not self.samples_trades:
            return
        printed = print_of(self._trades, at_ns, trade)
        if self.samples_trades:
            self.prints.add(at_ns, printed)
        for push in self.on_trade:
            push(printed)

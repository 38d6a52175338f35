"""The smallest bot: one unit at the best bid, moved once a second.

Run it with ``tontine bot examples/joiner.py:Joiner --symbol ACME``.
"""

from collections.abc import Iterable

from traders.strategies.base import Strategy
from traders.strategies.intents import CancelAll, Intent


class Joiner(Strategy):
    def on_timer(self, now_ns: int) -> Iterable[Intent]:
        yield CancelAll()
        for symbol, book in self.books.items():
            if book.best_bid is not None:
                yield self.buy(symbol, 1, at=book.best_bid)

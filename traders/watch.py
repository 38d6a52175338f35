"""Watches a fleet and its market, for the board and for the summary at the end.

In: a fleet at work, a connection of its own for books and tape. Out: a ``Scene`` whenever asked.
"""

import asyncio
from collections import deque
from contextlib import aclosing
from typing import Final

from protocol.market import TradePrint
from protocol.messages import InstrumentInfo
from protocol.vocabulary import Symbol
from traders.board import SHOWN_LEVELS, SHOWN_PRINTS, Scene, Standing
from traders.book_view import Depth
from traders.client import Client
from traders.fleet import Fleet
from traders.tasks import task_group

RATE_WINDOW_S: Final = 3.0
"""Rates are means over this time: long enough to read, short enough to see a change."""


class Watch:
    """Follows all instruments. ``now_s``: monotonic seconds, handed in with each call."""

    def __init__(self, fleet: Fleet, started_s: float) -> None:
        self.trades = 0
        """Prints on the tape since watching began."""
        self.ready = asyncio.Event()
        """Set when all books were seen: nothing that happens from now on is missed."""
        self._fleet = fleet
        self._started_s = started_s
        self._instruments: list[InstrumentInfo] = []
        self._books: dict[Symbol, Depth] = {}
        self._prints: deque[TradePrint] = deque(maxlen=SHOWN_PRINTS)
        # Counts of the past, to make rates from: (when, orders, trades).
        self._past: deque[tuple[float, int, int]] = deque()

    async def follow(self, client: Client) -> None:
        """Read books and tape until the session ends."""
        self._instruments = list(client.instruments.values())
        async with task_group() as group:
            for symbol in client.instruments:
                # The tape first: once the book is seen, no trade can be missed.
                group.create_task(self._follow_tape(client, symbol))
                group.create_task(self._follow_book(client, symbol))

    def scene(self, now_s: float) -> Scene:
        """What there is to see at ``now_s``."""
        traders = self._fleet.traders
        orders = sum(one.desk.orders_sent for one in traders if one.desk is not None)
        self._past.append((now_s, orders, self.trades))
        while len(self._past) > 2 and now_s - self._past[1][0] >= RATE_WINDOW_S:
            self._past.popleft()
        then_s, orders_then, trades_then = self._past[0]
        passed_s = max(now_s - then_s, 1e-9)
        return Scene(
            now_s - self._started_s,
            self._instruments,
            [self._books.get(one.symbol) or Depth(one.symbol, 0, (), ()) for one in self._instruments],
            tuple(self._prints),
            [Standing(one.spec.account, one.fills, one.profit) for one in traders],
            self._fleet.trading,
            orders,
            self.trades,
            (orders - orders_then) / passed_s,
            (self.trades - trades_then) / passed_s,
        )

    async def _follow_book(self, client: Client, symbol: Symbol) -> None:
        async with aclosing(client.depth(symbol, levels=SHOWN_LEVELS)) as depths:
            async for depth in depths:
                self._books[symbol] = depth
                if len(self._books) == len(self._instruments):
                    self.ready.set()

    async def _follow_tape(self, client: Client, symbol: Symbol) -> None:
        async with aclosing(client.trades(symbol)) as trades:
            async for trade in trades:
                self.trades += 1
                self._prints.append(trade)

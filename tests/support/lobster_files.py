"""LOBSTER files of a made-up day: what a real market with all its levels would have them say.

In: a seed. Out: lines of the message and of the orderbook file, as LOBSTER writes them: only what happens within the
published levels is told, everything else is seen in the book or not at all; or a zip of them.
"""

import zipfile
from collections.abc import Iterable
from pathlib import Path
from random import Random
from typing import Final

DAY: Final = "2012-06-21"
_ABSENT: Final = (9_999_999_999, -9_999_999_999)


class MadeUpDay:
    """``messages`` and ``books`` are lines; ``executed`` is ``(ns after midnight, price, quantity)`` of what traded."""

    def __init__(self, seed: int, lines: int, levels: int = 3) -> None:
        self.levels = levels
        self.messages: list[str] = []
        self.books: list[str] = []
        self.executed: list[tuple[int, int, int]] = []
        self._rng = Random(seed)
        self._ns = 34_200 * 10**9
        self._ids = 100
        # Sides: 1 buys, -1 sells; price -> [[id, quantity], ...]
        self._queues: dict[int, dict[int, list[list[int]]]] = {1: {}, -1: {}}
        for _ in range(60):
            self._new(told=False)
        while len(self.messages) < lines:
            self._ns += self._rng.choice((0, 1, 15_105_074, 2 * 10**9))
            self._step()

    def _step(self) -> None:
        chance = self._rng.random()
        if chance < 0.45:
            self._new(told=True)
        elif chance < 0.60:
            self._lessen(whole=False)
        elif chance < 0.80:
            self._lessen(whole=True)
        elif chance < 0.95:
            self._execute()
        elif chance < 0.98:
            self._tell(5, 0, 7, self._middle(), self._rng.choice((1, -1)))
        elif chance < 0.99:
            self._tell(6, -1, 1_000, self._middle(), -1)
        else:
            self._line(7, 0, 0, -1, -1)

    def _middle(self) -> int:
        return 5_800_050

    def _prices(self, side: int) -> list[int]:
        return sorted(self._queues[side], reverse=side == 1)

    def _is_published(self, side: int, price: int) -> bool:
        return price in self._prices(side)[: self.levels]

    def _new(self, *, told: bool) -> None:
        side = self._rng.choice((1, -1))
        self._ids += 1
        price = 5_800_000 - side * 100 * self._rng.randrange(1, 10)
        quantity = 100 * self._rng.randrange(1, 9)
        self._queues[side].setdefault(price, []).append([self._ids, quantity])
        if told and self._is_published(side, price):
            self._line(1, self._ids, quantity, price, side)

    def _lessen(self, *, whole: bool) -> None:
        side = self._rng.choice((1, -1))
        orders = [(price, one) for price, queue in self._queues[side].items() for one in queue]
        if len(orders) < 5:
            return
        price, order = self._rng.choice(orders)
        if not whole and order[1] <= 1:
            return
        less = order[1] if whole else self._rng.randrange(1, order[1])
        published = self._is_published(side, price)
        self._shrink(side, price, order, less)
        if published:
            self._line(3 if whole else 2, order[0], less, price, side)

    def _execute(self) -> None:
        """The oldest at the best price; now and then somebody else there, as where a priority is not told."""
        side = self._rng.choice((1, -1))
        price = self._prices(side)[0]
        if sum(map(len, self._queues[side].values())) < 5:
            return
        queue = self._queues[side][price]
        order = queue[0] if self._rng.random() < 0.9 else self._rng.choice(queue)
        quantity = self._rng.choice((order[1], self._rng.randrange(1, order[1] + 1)))
        self._shrink(side, price, order, quantity)
        self._tell(4, order[0], quantity, price, side)

    def _tell(self, kind: int, order_id: int, quantity: int, price: int, side: int) -> None:
        self.executed.append((self._ns, price, quantity))
        self._line(kind, order_id, quantity, price, side)

    def _shrink(self, side: int, price: int, order: list[int], less: int) -> None:
        order[1] -= less
        if not order[1]:
            self._queues[side][price].remove(order)
            if not self._queues[side][price]:
                del self._queues[side][price]

    def _line(self, kind: int, order_id: int, quantity: int, price: int, side: int) -> None:
        seconds, fraction = divmod(self._ns, 10**9)
        time = f"{seconds}.{fraction:09d}".rstrip("0").rstrip(".")
        self.messages.append(f"{time},{kind},{order_id},{quantity},{price},{side}")
        cells: list[int] = []
        for level in range(self.levels):
            for side_, absent in zip((-1, 1), _ABSENT, strict=True):
                prices = self._prices(side_)
                if level < len(prices):
                    total = sum(quantity for _, quantity in self._queues[side_][prices[level]])
                    cells += [prices[level], total]
                else:
                    cells += [absent, 0]
        self.books.append(",".join(map(str, cells)))


def names(ticker: str = "GOOG", day: str = DAY, levels: int = 3) -> tuple[str, str]:
    """Names of the two files."""
    begin = f"{ticker}_{day}_34200000_57600000"
    return f"{begin}_message_{levels}.csv", f"{begin}_orderbook_{levels}.csv"


def zipped(
    path: Path,
    messages: Iterable[str],
    books: Iterable[str] | None = None,
    *,
    ticker: str = "GOOG",
    levels: int = 3,
) -> Path:
    """A zip with one or both files."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as packed:
        for name, lines in zip(names(ticker, levels=levels), (messages, books), strict=True):
            if lines is not None:
                packed.writestr(name, "".join(f"{line}\n" for line in lines))
    return path

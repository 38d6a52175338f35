"""LOBSTER messages and books to order flow that a matching engine can run (``tontine replay``).

In: messages, and the published levels after each. Out: commands, the executions they must cause, and books to
compare with, as JSON lines; ``traders.order_flow`` describes the format.

A LOBSTER file tells only what happens inside the published levels. The gap is closed with commands of our own: what
becomes visible and nobody told of is entered as one order (``seed``, ``reveal``), what is gone or left the published levels
is removed (``cancel``, ``drop``), so that after each line the book is the published one. Which orders an execution must
meet follows from the queues kept here. Where the file says that somebody in front was passed over, who was in front is put
behind before; an execution that no queue explains becomes a ``print``.
"""

import gzip
from collections.abc import Iterator
from itertools import zip_longest
from pathlib import Path
from typing import IO, Final, Literal, cast

import msgspec

from exchange.records.lobster import (
    CROSS,
    DELETED,
    EXECUTED,
    HIDDEN,
    MOST_BYTES,
    NEW,
    REDUCED,
    Event,
    Levels,
    LobsterDay,
    open_day,
)
from protocol.errors import ConfigError, HistoryError

BOOK_EVERY: Final = 16
"""Lines of the file after which the published book is written down, to be compared."""

_SECOND: Final = 1_000_000_000

Side = Literal["B", "S"]
Name = int | str
_Operation = Literal["seed", "reveal", "new", "reduce", "cancel", "drop", "take", "print"]


class _Line(msgspec.Struct, frozen=True, omit_defaults=True, gc=False):
    """One line of the flow; ``row`` is the line of the LOBSTER file it comes of."""

    op: _Operation | None = None
    id: Name | None = None
    side: Side | None = None
    px: int | None = None
    kind: int | None = None
    qty: int | None = None
    hits: tuple[tuple[Name, int], ...] | None = None
    row: int = 0
    t: str | None = None
    book: tuple[Levels, Levels] | None = None


class _Order:
    __slots__ = ("name", "number", "quantity")

    def __init__(self, name: Name, quantity: int, number: int | None) -> None:
        self.name = name
        self.quantity = quantity
        self.number = number
        """What the LOBSTER file calls it; ``None``: it does not tell of it."""


def write_flow(source: Path, out: Path, *, most_bytes: int = MOST_BYTES) -> int:
    """Write the flow of a day to a new file, gzipped if its name ends in ``.gz``; how many lines.

    Raises:
        ConfigError: the file is damaged, or has no books; names file and line.
        HistoryError: the flow can't be written, or its file exists.
    """
    if out.exists():
        raise HistoryError(str(out), "this file exists; order flow is never written over another file")
    made = out.with_name(f"{out.name}.part")
    encoder = msgspec.json.Encoder()
    count = 0
    try:
        with open_day(source, most_bytes=most_bytes) as day, _opened(made, out.suffix == ".gz") as file:
            for line in flow_of(day):
                file.write(encoder.encode(line) + b"\n")
                count += 1
        made.replace(out)
    except OSError as error:
        raise HistoryError(str(out), error.strerror or str(error)) from error
    finally:
        made.unlink(missing_ok=True)
    return count


def _opened(path: Path, packed: bool) -> IO[bytes]:
    return cast("IO[bytes]", gzip.open(path, "wb", compresslevel=6)) if packed else path.open("wb")


def flow_of(day: LobsterDay) -> Iterator[_Line]:
    """The day as order flow.

    Raises:
        ConfigError: the file is damaged, or has no books; names file and line.
    """
    if day.books is None:
        raise ConfigError(day.place, "no orderbook file beside it: order flow can't be made without")
    model = _Model(day.levels)
    both = zip_longest(day.events(), day.published())
    for row, (event, published) in enumerate(both, 1):
        if event is None or published is None:
            missing = day.place if event is None else day.book_place
            raise ConfigError(f"{missing}, line {row}", "is missing: messages and books have a line each")
        t = f"{event.time_ns // _SECOND}.{event.time_ns % _SECOND:09d}"
        lines = model.first(event, published) if row == 1 else model.next(event, published)
        count = 0
        for line in lines:
            count += 1
            yield msgspec.structs.replace(line, row=row, t=t)
        if count and row % BOOK_EVERY == 0 and model.shows(published):
            yield _Line(row=row, book=published)


class _Model:
    """The published levels as queues of orders."""

    def __init__(self, levels: int) -> None:
        self._levels = levels
        self._queues: dict[Side, dict[int, list[_Order]]] = {"B": {}, "S": {}}
        self._at: dict[int, tuple[Side, int, _Order]] = {}  # real orders that are in a queue
        self._used: set[int] = set()
        self._made = 0

    def first(self, event: Event, published: tuple[Levels, Levels]) -> Iterator[_Line]:
        """The book as it stands after the first line of the file."""
        if event.type in (EXECUTED, HIDDEN, CROSS):
            yield _Line("print", kind=event.type, qty=event.quantity, px=event.price)
        yield from self._become(published, "seed")

    def next(self, event: Event, published: tuple[Levels, Levels]) -> Iterator[_Line]:
        """What one line did, and what else it takes to have the published book."""
        side: Side = "B" if event.direction == 1 else "S"
        if event.type == NEW:
            yield from self._enter(event, side)
        elif event.type in (REDUCED, DELETED):
            yield from self._lessen(event)
        elif event.type == EXECUTED:
            yield from self._execute(event, side)
        elif event.type in (HIDDEN, CROSS):
            yield _Line("print", kind=event.type, qty=event.quantity, px=event.price)
        yield from self._become(published, "reveal")

    def shows(self, published: tuple[Levels, Levels]) -> bool:
        """Whether the book is the published one."""
        return all(
            {price: sum(order.quantity for order in queue) for price, queue in queues.items()} == dict(levels)
            for queues, levels in zip((self._queues["B"], self._queues["S"]), published, strict=True)
        )

    # -- lines of the file ---------------------------------------------------------------------------

    def _enter(self, event: Event, side: Side) -> Iterator[_Line]:
        if event.order_id in self._used or self._crosses(side, event.price):
            return  # it will be revealed
        self._used.add(event.order_id)
        self._rest(side, event.price, event.order_id, event.quantity, event.order_id)
        yield _Line("new", event.order_id, side, event.price, qty=event.quantity)

    def _lessen(self, event: Event) -> Iterator[_Line]:
        known = self._at.get(event.order_id)
        if known is not None:
            side, price, order = known
            less = order.quantity if event.type == DELETED else event.quantity
            yield from self._take_off(side, price, order, less, "cancel")

    def _execute(self, event: Event, side: Side) -> Iterator[_Line]:
        """An execution of a displayed order, by an aggressor of the other side."""
        queue = self._queues[side].get(event.price)
        known = self._at.get(event.order_id)
        if queue is None or self._best(side) != event.price:
            yield _Line("print", kind=EXECUTED, qty=event.quantity, px=event.price)
            return
        if known is not None and known[0] == side and known[1] == event.price:
            maker = known[2]
            while queue[0] is not maker:
                yield from self._put_behind(side, event.price, queue[0])
        hits: list[tuple[Name, int]] = []
        left = event.quantity
        for order in list(queue):
            hit = min(left, order.quantity)
            hits.append((order.name, hit))
            self._shrink(side, event.price, order, hit)
            left -= hit
            if not left:
                break
        taker: Side = "S" if side == "B" else "B"
        yield _Line("take", side=taker, px=event.price, qty=event.quantity - left, hits=tuple(hits))

    # -- what the file does not tell -----------------------------------------------------------------

    def _become(self, published: tuple[Levels, Levels], op: _Operation) -> Iterator[_Line]:
        """Make the book the published one: first what is too much, so that nothing crosses what is gone."""
        bids, asks = published
        if bids and asks and bids[0][0] >= asks[0][0]:
            return  # a moment that no market can stand in; the next line will do
        sides: tuple[tuple[Side, Levels], ...] = (("B", bids), ("S", asks))
        for side, levels in sides:
            yield from self._remove_surplus(side, levels)
        for side, levels in sides:
            for price, quantity in levels:
                queue = self._queues[side].get(price, [])
                missing = quantity - sum(order.quantity for order in queue)
                if missing > 0:
                    order = self._rest(side, price, self._name(), missing)
                    yield _Line(op, order.name, side, price, qty=missing)

    def _remove_surplus(self, side: Side, levels: Levels) -> Iterator[_Line]:
        wanted = dict(levels)
        for price, queue in list(self._queues[side].items()):
            surplus = sum(order.quantity for order in queue) - wanted.get(price, 0)
            if surplus <= 0:
                continue
            left = len(levels) == self._levels and self._is_beyond(side, price, levels[-1][0])
            # Who is not known by number goes first, oldest first; then the youngest.
            unknown = [order for order in queue if order.number is None]
            known = [order for order in reversed(queue) if order.number is not None]
            for order in (*unknown, *known):
                less = min(surplus, order.quantity)
                yield from self._take_off(side, price, order, less, "drop" if left else "cancel")
                surplus -= less
                if not surplus:
                    break

    def _put_behind(self, side: Side, price: int, order: _Order) -> Iterator[_Line]:
        quantity, number = order.quantity, order.number
        yield from self._take_off(side, price, order, quantity, "cancel")
        again = self._rest(side, price, self._name(), quantity, number)
        yield _Line("reveal", again.name, side, price, qty=quantity)

    # -- queues --------------------------------------------------------------------------------------

    def _take_off(
        self, side: Side, price: int, order: _Order, less: int, op: Literal["cancel", "drop"]
    ) -> Iterator[_Line]:
        whole = less >= order.quantity
        self._shrink(side, price, order, min(less, order.quantity))
        yield _Line(op, order.name) if whole else _Line("reduce", order.name, qty=less)

    def _shrink(self, side: Side, price: int, order: _Order, less: int) -> None:
        order.quantity -= less
        if order.quantity:
            return
        queue = self._queues[side][price]
        queue.remove(order)
        if not queue:
            del self._queues[side][price]
        if order.number is not None:
            del self._at[order.number]

    def _rest(self, side: Side, price: int, name: Name, quantity: int, number: int | None = None) -> _Order:
        order = _Order(name, quantity, number)
        self._queues[side].setdefault(price, []).append(order)
        if number is not None:
            self._at[number] = (side, price, order)
        return order

    def _name(self) -> str:
        self._made += 1
        return f"X{self._made}"

    def _best(self, side: Side) -> int | None:
        prices = self._queues[side]
        if not prices:
            return None
        return max(prices) if side == "B" else min(prices)

    def _crosses(self, side: Side, price: int) -> bool:
        other = self._best("S" if side == "B" else "B")
        return other is not None and (price >= other if side == "B" else price <= other)

    @staticmethod
    def _is_beyond(side: Side, price: int, worst: int) -> bool:
        return price < worst if side == "B" else price > worst

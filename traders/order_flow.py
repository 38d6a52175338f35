"""A recorded day of order flow: commands, and what a correct venue must make of them.

In: a file of JSON lines, gzipped or plain (or a seed, where there is no file). Out: the same lines
as frozen values, in order. Pure but for reading the file. The format is that of a LOBSTER sample
closed with explicit commands:

* ``seed``, ``reveal``, ``new``: a limit order with an ``id``, which never crosses;
* ``reduce``: take ``qty`` off an order, which keeps its place; ``cancel``, ``drop``: remove it;
* ``take``: an immediate-or-cancel order; ``hits`` lists the makers ``[[id, qty], ...]`` it must
  meet, in order, each at the maker's own price;
* ``print``: an execution against a hidden order: tape only, nothing to send;
* a line with ``book``: what the venue published after the line before: ``[[price, quantity], ...]``
  for bids, then asks, best first, the top of the book only.
"""

import gzip
import zlib
from collections.abc import Iterable, Iterator
from pathlib import Path
from random import Random
from typing import Final, Literal

import msgspec

from protocol.errors import ConfigError
from protocol.fields import Level
from protocol.messages import Cancel, NewOrder, Reduce
from protocol.vocabulary import ClientOrderId, Side, Symbol, TimeInForce

FlowId = int | str
"""Names an order of the file: a number for a real one, text for one that closes a gap."""

Operation = Literal["seed", "reveal", "new", "reduce", "cancel", "drop", "take", "print"]
ENTERING: Final = frozenset(("seed", "reveal", "new"))
REMOVING: Final = frozenset(("cancel", "drop"))
PUBLISHED_LEVELS: Final = 10
"""Price levels a side that a LOBSTER sample of level ten publishes."""
RESTING_ORDERS: Final = 200
"""About as many rest on a generated day; the recorded one has a few hundred, too."""


class FlowLine(msgspec.Struct, frozen=True, omit_defaults=True, gc=False):
    """One line. Which fields are set depends on ``op``; a published book has no ``op``."""

    op: Operation | None = None
    id: FlowId | None = None
    side: Literal["B", "S"] | None = None
    px: int | None = None
    kind: int | None = None
    qty: int | None = None
    hits: tuple[tuple[FlowId, int], ...] | None = None
    row: int = 0
    t: str | None = None
    why: str | None = None
    book: tuple[tuple[tuple[int, int], ...], tuple[tuple[int, int], ...]] | None = None

    @property
    def is_command(self) -> bool:
        """Whether there is something to send."""
        return self.op is not None and self.op != "print"


FlowRequest = NewOrder | Cancel | Reduce

_decoder = msgspec.json.Decoder(FlowLine)
_encoder = msgspec.json.Encoder()

# What a line of each kind must say besides; checked so that a wrong file is no riddle later.
_NEEDS: Final[dict[str | None, tuple[str, ...]]] = {
    "seed": ("id", "side", "px", "qty"),
    "reveal": ("id", "side", "px", "qty"),
    "new": ("id", "side", "px", "qty"),
    "reduce": ("id", "qty"),
    "cancel": ("id",),
    "drop": ("id",),
    "take": ("side", "px", "qty", "hits"),
    "print": (),
    None: ("book",),
}


def parse_flow(lines: Iterable[bytes], place: str) -> Iterator[FlowLine]:
    """Lines of the format as values, in order. ``place`` names their source in errors.

    Raises:
        ConfigError: a line is no JSON, or lacks what its kind needs; names the line.
    """
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        try:
            found = _decoder.decode(line)
        except (msgspec.MsgspecError, UnicodeDecodeError) as error:
            raise ConfigError(f"{place}, line {number}", str(error)) from error
        for need in _NEEDS[found.op]:
            if getattr(found, need) is None:
                raise ConfigError(
                    f"{place}, line {number}", f"{found.op or 'a line without op'} needs {need!r}"
                )
        yield found


def read_flow(path: Path) -> list[FlowLine]:
    """A whole day from a file; gzipped if it says so by its first bytes.

    Raises:
        ConfigError: it can't be read or is no such file.
    """
    try:
        data = path.read_bytes()
        if data.startswith(b"\x1f\x8b"):
            data = gzip.decompress(data)
    except (OSError, EOFError, zlib.error) as error:
        raise ConfigError(str(path), getattr(error, "strerror", None) or str(error)) from error
    return list(parse_flow(data.splitlines(), str(path)))


def stream_flow(path: Path) -> Iterator[FlowLine]:
    """The same, line by line as they are asked for: a day of any length in little memory.

    Raises:
        ConfigError: it can't be read or is no such file; at the latest when the line is asked for.
    """
    try:
        with path.open("rb") as file:
            packed = file.read(2) == b"\x1f\x8b"
            file.seek(0)
            yield from parse_flow(gzip.GzipFile(fileobj=file) if packed else file, str(path))
    except (OSError, EOFError, zlib.error) as error:
        raise ConfigError(str(path), getattr(error, "strerror", None) or str(error)) from error


def write_flow(lines: Iterable[FlowLine]) -> bytes:
    """The lines as ``read_flow`` takes them."""
    return _encoder.encode_lines(list(lines))


def request_of(line: FlowLine, symbol: Symbol, client_order_id: ClientOrderId) -> FlowRequest:
    """The request that carries out a command line. ``client_order_id``: of the order it is about,
    for a ``take`` that of the new order."""
    if line.op in REMOVING:
        return Cancel(client_order_id)
    if line.op == "reduce":
        assert line.qty is not None
        return Reduce(client_order_id, line.qty)
    assert line.px is not None
    assert line.qty is not None
    return NewOrder(
        client_order_id,
        symbol,
        Side.BUY if line.side == "B" else Side.SELL,
        line.qty,
        line.px,
        time_in_force=TimeInForce.IOC if line.op == "take" else TimeInForce.GTC,
    )


def generated_day(
    seed: int, commands: int, *, tick: int = 100, reference: int = 5_800_000, every: int = 10
) -> Iterator[FlowLine]:
    """A day of the same shape, made from ``seed``: ``commands`` lines besides the books.

    Expectations come from a book kept here, as simple as can be: a list of orders, searched from
    end to end. A book is published after every ``every`` commands.
    """
    rng = Random(f"order flow {seed}")
    naive = _NaiveBook()
    for row in range(1, commands + 1):
        yield naive.line(rng, row, tick, reference)
        if row % every == 0:
            yield FlowLine(row=row, book=naive.published())


class _NaiveBook:
    """Orders as ``[id, side, price, quantity]`` in order of arrival."""

    def __init__(self) -> None:
        self.orders: list[tuple[FlowId, Literal["B", "S"], int, int]] = []
        self._ids = 0

    def line(self, rng: Random, row: int, tick: int, reference: int) -> FlowLine:
        """Make up the next command and carry it out."""
        time = f"{34_200 + row * 0.1:.9f}"
        entering = 0.5 if len(self.orders) < RESTING_ORDERS else 0.2
        if not self.orders or rng.random() < entering:
            return self._enter(rng, row, tick, reference, time)
        draw = rng.random()
        if draw < 0.16:
            return self._take(rng, row, time)
        if draw < 0.20:
            return FlowLine("print", kind=5, qty=1, px=reference, row=row, t=time)
        index = rng.randrange(len(self.orders))
        name, side, price, quantity = self.orders[index]
        if draw < 0.40 and quantity > 1:
            less = rng.randint(1, quantity - 1)
            self.orders[index] = (name, side, price, quantity - less)
            return FlowLine("reduce", name, qty=less, row=row, t=time)
        del self.orders[index]
        return FlowLine("cancel" if draw < 0.8 else "drop", name, row=row, t=time)

    def _enter(self, rng: Random, row: int, tick: int, reference: int, time: str) -> FlowLine:
        side: Literal["B", "S"] = "B" if rng.random() < 0.5 else "S"
        bids, asks = self._levels("B"), self._levels("S")
        distance = int(rng.expovariate(0.2))
        if side == "B":
            top = asks[0][0] - tick if asks else reference
            price = max(top - distance * tick, tick)
        else:
            bottom = bids[0][0] + tick if bids else reference
            price = bottom + distance * tick
        made = rng.random() < 0.1
        self._ids += 1
        name: FlowId = f"X{self._ids}" if made else self._ids
        order = (name, side, price, rng.randint(1, 300))
        self.orders.append(order)
        return FlowLine("reveal" if made else "new", name, side, price, qty=order[3], row=row, t=time)

    def _take(self, rng: Random, row: int, time: str) -> FlowLine:
        side: Literal["B", "S"] = "B" if rng.random() < 0.5 else "S"
        makers = self._queue("S" if side == "B" else "B")
        if not makers:
            makers, side = self._queue(side), ("S" if side == "B" else "B")
        wanted = rng.randint(1, sum(maker[3] for maker in makers[: rng.randint(1, 4)]))
        hits: list[tuple[FlowId, int]] = []
        limit, left = 0, wanted
        for maker in makers:
            name, _, limit, quantity = maker
            hit = min(left, quantity)
            hits.append((name, hit))
            left -= hit
            if hit == quantity:
                self.orders.remove(maker)
            else:
                self.orders[self.orders.index(maker)] = (name, maker[1], limit, quantity - hit)
            if left == 0:
                break
        return FlowLine("take", side=side, px=limit, qty=wanted, hits=tuple(hits), row=row, t=time)

    def _queue(self, side: str) -> list[tuple[FlowId, Literal["B", "S"], int, int]]:
        """Orders of a side in priority; sorting is stable, so arrival decides among equals."""
        mine = [order for order in self.orders if order[1] == side]
        return sorted(mine, key=lambda order: order[2], reverse=side == "B")

    def _levels(self, side: str) -> list[tuple[int, int]]:
        levels: dict[int, int] = {}
        for _, _, price, quantity in self._queue(side):
            levels[price] = levels.get(price, 0) + quantity
        return list(levels.items())

    def published(self) -> tuple[tuple[tuple[int, int], ...], tuple[tuple[int, int], ...]]:
        return tuple(self._levels("B")[:PUBLISHED_LEVELS]), tuple(self._levels("S")[:PUBLISHED_LEVELS])


def levels_of(book: tuple[tuple[int, int], ...]) -> tuple[Level, ...]:
    """One side of a published book in the words of the protocol."""
    return tuple([(price, quantity) for price, quantity in book])

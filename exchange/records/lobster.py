"""LOBSTER files as they are delivered: a zip with messages and order books of one instrument and one day.

In: a path, bounds. Out: the messages and the books, line by line, as integers; or an error that names file and line.
Nothing is unpacked to disk, and nothing is read further than the bounds allow, whatever a zip says of itself.

``TICKER_DATE_BEGIN_END_message_LEVELS.csv`` has a line for each event: time (seconds after midnight in New York, up to
nine digits after the point), type, order id, size, price (dollars x 10,000), direction (1: the order buys, -1: it sells).
``..._orderbook_LEVELS.csv`` has as many: ask price, ask size, bid price, bid size for each level, best first, as
they stand after the event of the same line.
"""

import io
import re
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, datetime, time
from itertools import pairwise
from pathlib import Path
from typing import IO, Final, NamedTuple
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from protocol.errors import ConfigError
from protocol.vocabulary import MAX_PRICE, MAX_QUANTITY, Nanoseconds

MOST_BYTES: Final = 4 * 1024**3
"""Of a file in the zip, unpacked. A busy share's day of ten levels is half a gigabyte."""

MOST_FILES: Final = 64
LONGEST_LINE: Final = 8_192
"""Bytes; two hundred levels fit."""

PRICE_DECIMALS: Final = 4
"""A price unit of an imported instrument is a ten thousandth of a dollar: prices stay as they are in the file, nothing
is rounded, and executions between two cents have their price."""

NEW, REDUCED, DELETED, EXECUTED, HIDDEN, CROSS, HALT = range(1, 8)
"""Types of events."""

_NAME: Final = re.compile(
    r"(?P<ticker>[A-Za-z0-9.\-^=+]{1,16})_(?P<date>\d{4}-\d\d-\d\d)_(?P<begin>\d+)_(?P<end>\d+)"
    r"_(?P<kind>message|orderbook)_(?P<levels>\d+)\.csv"
)
_TIME: Final = re.compile(r"(\d{1,6})(?:\.(\d{1,9}))?")
_DAY_S: Final = 86_400
_EMPTY: Final = 9_999_999_999
"""Price of a level that is not there, on the ask side; negative on the bid side."""
_SEVEN_ZIP: Final = b"7z\xbc\xaf\x27\x1c"


class Event(NamedTuple):
    """A line of the message file."""

    line: int
    time_ns: Nanoseconds
    """After midnight."""
    type: int
    order_id: int
    """0 or less: none."""
    quantity: int
    price: int
    direction: int


Levels = tuple[tuple[int, int], ...]
"""``(price, quantity)``, best first."""


class LobsterDay(NamedTuple):
    """One instrument on one day; the files are open while the ``with`` lasts."""

    ticker: str
    date: date
    levels: int
    place: str
    """Names the message file in errors."""
    messages: IO[bytes]
    book_place: str | None
    books: IO[bytes] | None

    def events(self) -> Iterator[Event]:
        """The messages, in order of time.

        Raises:
            ConfigError: a line is damaged, out of order, or too much; names file and line.
        """
        last_ns = 0
        for number, line in _lines(self.messages, self.place):
            event = _event(line, number, self.place)
            if event.time_ns < last_ns:
                raise _damaged(self.place, number, "is earlier than the line before")
            last_ns = event.time_ns
            yield event

    def published(self) -> Iterator[tuple[Levels, Levels]]:
        """Bids and asks after each message.

        Raises:
            ConfigError: as ``events``.
        """
        assert self.books is not None
        assert self.book_place is not None
        for number, line in _lines(self.books, self.book_place):
            yield _book(line, number, self.levels, self.book_place)


@contextmanager
def open_day(path: Path, *, most_bytes: int = MOST_BYTES) -> Iterator[LobsterDay]:
    """The day in a zip, or beside a message file that was unpacked already.

    Raises:
        ConfigError: it is not what LOBSTER delivers, or is more than ``most_bytes``.
    """
    try:
        with path.open("rb") as file:
            begin = file.read(6)
    except OSError as error:
        raise ConfigError(str(path), error.strerror or str(error)) from error
    if begin == _SEVEN_ZIP:
        raise ConfigError(
            str(path), "a 7z archive: unpack it, and name the message file, or pack the files as zip"
        )
    if not begin.startswith(b"PK"):
        with _beside(path, most_bytes) as day:
            yield day
        return
    try:
        with zipfile.ZipFile(path) as packed, _inside(path, packed, most_bytes) as day:
            yield day
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError, EOFError) as error:
        raise ConfigError(str(path), f"a damaged zip, or of a kind this can't read: {error}") from error


def midnight_ns(day: date, zone: str) -> Nanoseconds:
    """When the day began where the exchange is.

    Raises:
        ConfigError: nothing is known of that zone here.
    """
    try:
        begin = datetime.combine(day, time(), ZoneInfo(zone))
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise ConfigError(
            "--timezone", f"nothing is known of {zone!r}; on a machine without time zones: pip install tzdata"
        ) from error
    # Whole seconds, in which floats are exact.
    return int(begin.timestamp()) * 1_000_000_000


@contextmanager
def _inside(path: Path, packed: zipfile.ZipFile, most_bytes: int) -> Iterator[LobsterDay]:
    entries = packed.infolist()
    if len(entries) > MOST_FILES:
        raise ConfigError(str(path), f"{len(entries)} files in it; one day has two")
    named = [(match, entry) for entry in entries if (match := _NAME.fullmatch(Path(entry.filename).name))]
    messages = [(match, entry) for match, entry in named if match["kind"] == "message"]
    if len(messages) != 1:
        raise ConfigError(str(path), f"{_count(len(messages))} in it, such as {_EXAMPLE}; one day has one")
    match, entry = messages[0]
    book = next(
        (
            one
            for other, one in named
            if other["kind"] == "orderbook" and _same(other, match)
        ),
        None,
    )  # fmt: skip
    with packed.open(entry) as file:
        place = f"{path}, {entry.filename}"
        if book is None:
            yield _day(match, place, _bounded(file, most_bytes, place), None, None)
            return
        book_place = f"{path}, {book.filename}"
        with packed.open(book) as book_file:
            yield _day(
                match, place, _bounded(file, most_bytes, place),
                book_place, _bounded(book_file, most_bytes, book_place),
            )  # fmt: skip


@contextmanager
def _beside(path: Path, most_bytes: int) -> Iterator[LobsterDay]:
    match = _NAME.fullmatch(path.name)
    if match is None or match["kind"] != "message":
        raise ConfigError(str(path), f"neither a zip nor a message file with a name such as {_EXAMPLE}")
    book = path.with_name(path.name.replace("_message_", "_orderbook_"))
    with path.open("rb") as file:
        if not book.is_file():
            yield _day(match, str(path), _bounded(file, most_bytes, str(path)), None, None)
            return
        with book.open("rb") as book_file:
            yield _day(
                match, str(path), _bounded(file, most_bytes, str(path)),
                str(book), _bounded(book_file, most_bytes, str(book)),
            )  # fmt: skip


_EXAMPLE: Final = "GOOG_2012-06-21_34200000_57600000_message_10.csv"


def _count(messages: int) -> str:
    return "no message file" if not messages else f"{messages} message files"


def _same(one: re.Match[str], other: re.Match[str]) -> bool:
    keys = ("ticker", "date", "begin", "end", "levels")
    return [one[key] for key in keys] == [other[key] for key in keys]


def _day(
    match: re.Match[str], place: str, messages: IO[bytes], book_place: str | None, books: IO[bytes] | None
) -> LobsterDay:
    try:
        day = date.fromisoformat(match["date"])
    except ValueError as error:
        raise ConfigError(place, f"{match['date']} is no date") from error
    levels = int(match["levels"])
    if not 1 <= levels <= 200:  # what LOBSTER offers
        raise ConfigError(place, f"{levels} levels; there are 1 to 200")
    return LobsterDay(match["ticker"], day, levels, place, messages, book_place, books)


class _Bounded(io.RawIOBase):
    """A file that ends in an error when there is more of it than there may be."""

    def __init__(self, file: IO[bytes], most_bytes: int, place: str) -> None:
        self._file = file
        self._left = most_bytes
        self._place = place

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: bytearray) -> int:  # type: ignore[override]  # as RawIOBase calls it
        data = self._file.read(min(len(buffer), self._left + 1))
        if len(data) > self._left:
            raise ConfigError(self._place, "unpacks to more than --most-bytes allows")
        self._left -= len(data)
        buffer[: len(data)] = data
        return len(data)


def _bounded(file: IO[bytes], most_bytes: int, place: str) -> IO[bytes]:
    bounded: io.RawIOBase = _Bounded(file, most_bytes, place)
    return io.BufferedReader(bounded, 64 * 1024)


def _lines(file: IO[bytes], place: str) -> Iterator[tuple[int, bytes]]:
    """Lines with their numbers; empty ones at the end are none."""
    number = 0
    while line := file.readline(LONGEST_LINE + 1):
        number += 1
        if len(line) > LONGEST_LINE:
            raise _damaged(place, number, f"is longer than {LONGEST_LINE} bytes")
        stripped = line.strip()
        if not stripped:
            if file.read(64 * 1024).strip():
                raise _damaged(place, number, "is empty")
            return
        yield number, stripped


def _damaged(place: str, number: int, text: str) -> ConfigError:
    return ConfigError(f"{place}, line {number}", text)


def _event(line: bytes, number: int, place: str) -> Event:
    # A column more, empty or with who traded, is in some deliveries.
    parts = line.split(b",")
    if len(parts) not in (6, 7):
        raise _damaged(place, number, f"has {len(parts)} columns; a message has 6")
    found = _TIME.fullmatch(parts[0].decode("ascii", "replace"))
    if found is None or int(found[1]) >= _DAY_S:
        raise _damaged(place, number, f"{_shown(parts[0])} is no time in seconds after midnight")
    time_ns = int(found[1]) * 1_000_000_000 + int((found[2] or "").ljust(9, "0"))
    kind, order_id, quantity, price, direction = (_integer(part, number, place) for part in parts[1:6])
    if not NEW <= kind <= HALT:
        raise _damaged(place, number, f"type {kind}; there are 1 to 7")
    if kind != HALT:
        if not 1 <= quantity <= MAX_QUANTITY:
            raise _damaged(place, number, f"size {quantity}; 1 to {MAX_QUANTITY} can be")
        if not 1 <= price <= MAX_PRICE:
            raise _damaged(place, number, f"price {price}; 1 to {MAX_PRICE} can be")
        if direction not in (1, -1) and kind != CROSS:
            raise _damaged(place, number, f"direction {direction}; there are 1 and -1")
    return Event(number, time_ns, kind, order_id, quantity, price, direction)


def _book(line: bytes, number: int, levels: int, place: str) -> tuple[Levels, Levels]:
    parts = line.split(b",")
    if len(parts) != 4 * levels:
        raise _damaged(place, number, f"has {len(parts)} columns; {levels} levels have {4 * levels}")
    values = [_integer(part, number, place) for part in parts]
    asks = tuple([pair for pair in zip(values[0::4], values[1::4], strict=True) if 0 < pair[0] < _EMPTY])
    bids = tuple([pair for pair in zip(values[2::4], values[3::4], strict=True) if 0 < pair[0] < _EMPTY])
    if any(quantity < 1 for _, quantity in (*asks, *bids)):
        raise _damaged(place, number, "has a level without quantity")
    if any(one[0] >= two[0] for one, two in pairwise(asks)) or any(
        one[0] <= two[0] for one, two in pairwise(bids)
    ):
        raise _damaged(place, number, "has levels out of order")
    return bids, asks


def _integer(part: bytes, number: int, place: str) -> int:
    try:
        if len(part) > 20:  # digits of 64 bits and a sign
            raise ValueError
        return int(part)
    except ValueError as error:
        raise _damaged(place, number, f"{_shown(part)} is no integer") from error


def _shown(part: bytes) -> str:
    return repr(part[:40].decode("ascii", "backslashreplace"))

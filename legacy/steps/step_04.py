"""Generators chained like the commands of a Unix pipe; the last one asks, and the data comes.

The flow: candles of one minute, as the market makes them. The tape is a file that grows, as for ``tail -f``, or the
connection to a venue.

    follow(tape) -> only(symbol) -> trades -> candles -> print

Each stage takes an iterator and is one. The consumer at the end drives: it asks the stage before it, that one asks the one
before, until ``follow`` reads a line; and the line travels back as far as somebody has something to make of it. Nothing
is read that nobody asked for, and ``follow`` may never end.
"""

import socket
import time
from collections.abc import Callable, Iterable, Iterator
from io import BytesIO
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Protocol

from exchange.market_data.bars import GrowingBar, start_of
from legacy.steps.market import ACME
from legacy.steps.registry import Out
from legacy.steps.tape import SAMPLE, NotATape, message_of, time_of_day, units
from protocol.codec import encode
from protocol.market import Bar, TradePrint, TradesSnapshot
from protocol.messages import Login, Subscribe
from protocol.vocabulary import AccountId, Channel, Interval, Symbol

TITLE = "Pull pipeline"
MISSING = "Values come out of a generator and none go in: nobody can tell a stage anything, and each has only one source."


class Lines(Protocol):
    """A file, or one end of a pipe or a socket (``socket.makefile``)."""

    def readline(self) -> bytes:
        """A line, or what there is of the last one; ``b""``: nothing now, or nothing any more."""
        ...


def follow(tape: Lines, wait: Callable[[], bool]) -> Iterator[bytes]:
    """The lines of a tape, also those that will be written, each when it is whole.

    ``wait`` is called at the end of what there is. It returns when there may be more, or ``False``: that was all.

    Raises:
        NotATape: that was all, and the last line has no end.
    """
    begun = b""
    while True:
        piece = tape.readline()
        if piece.endswith(b"\n"):
            yield begun + piece
            begun = b""
        elif piece:
            begun += piece  # somebody is still writing this line
        elif not wait():
            if begun:
                raise NotATape(f"it ends in the middle of a line, after {begun[:60]!r}")
            return


def only(symbol: Symbol, lines: Iterable[bytes]) -> Iterator[bytes]:
    """Lines about one instrument; as ``grep`` does it: venues write no blanks."""
    wanted = f'"symbol":"{symbol}"'.encode()
    return (line for line in lines if wanted in line)


def trades(lines: Iterable[bytes]) -> Iterator[TradePrint]:
    """The trades among whatever a venue says: those of now, and those of before that it begins with."""
    for line in lines:
        message = message_of(line)
        if isinstance(message, TradePrint):
            yield message
        elif isinstance(message, TradesSnapshot):
            for earlier in message.trades:  # noqa: UP028  # there is a shorter form: step 12
                yield earlier


def candles(prints: Iterable[TradePrint], interval: Interval = Interval.MINUTE) -> Iterator[Bar]:
    """A candle for each interval in which something traded, as soon as a later one begins."""
    growing: GrowingBar | None = None
    for trade in prints:
        start = start_of(trade.at_ns, interval)
        if growing is not None and growing.start_ns == start:
            growing.add(trade.price, trade.quantity)
        else:
            if growing is not None:
                yield growing.bar()
            growing = GrowingBar.of(start, trade.trade_id, trade.price, trade.quantity)
    if growing is not None:
        yield growing.bar()


def show(bars: Iterable[Bar], out: Out) -> None:
    """The consumer: the one loop that makes all the others run."""
    for bar in bars:
        out(
            f"{time_of_day(bar.start_ns)[:5]}  {units(bar.open)}  high {units(bar.high)}  low {units(bar.low)}"
            f"  {units(bar.close)}  volume {bar.volume:>3} in {bar.trades} trades"
        )


# -- two sources -----------------------------------------------------------------------------------
def patiently() -> bool:
    """How to wait at the end of a file that somebody else writes: look again in a while, for ever."""
    time.sleep(0.2)
    return True


def that_was_all() -> bool:
    """How to wait at the end of a connection: ``readline`` did all the waiting, and the other side has hung up."""
    return False


def live_feed(connection: socket.socket, symbol: Symbol) -> Iterator[bytes]:
    """What a venue says to a client who has logged in and wants the trades of an instrument."""
    connection.sendall(encode(Login(AccountId("watcher"))) + encode(Subscribe(Channel.TRADES, symbol)))
    with connection.makefile("rb") as lines:
        for line in follow(lines, that_was_all):  # noqa: UP028  # as above
            yield line


def tail(path: Path, symbol: Symbol, out: Out) -> None:
    """Show the candles of a file that somebody else writes, for ever; as ``tail -f`` does with lines."""
    with path.open("rb") as tape:
        show(candles(trades(only(symbol, follow(tape, patiently)))), out)


def watch(host: str, port: int, symbol: Symbol, interval: Interval, out: Out) -> None:
    """Show the candles of a venue that runs, until it hangs up. Pulling costs nothing here: the pipeline is asleep in
    ``readline`` until the venue says something.
    """
    with socket.create_connection((host, port)) as connection:
        show(candles(trades(only(symbol, live_feed(connection, symbol))), interval), out)


def main(out: Out) -> None:
    """A tape of which somebody writes a third whenever its reader has reached the end; then the same from a socket."""
    whole = SAMPLE.read_bytes()
    sample, third = (
        BytesIO(whole),
        len(whole) // 3 + 1,
    )  # in the middle of a line, as it happens to files that grow

    with TemporaryDirectory() as directory:
        path = Path(directory, "tape.jsonl")
        with path.open("wb", buffering=0) as writer, path.open("rb") as tape:

            def write_more() -> bool:
                piece = sample.read(third)
                if piece:
                    out(f"-- the file grows by {len(piece)} bytes")
                return bool(writer.write(piece))

            show(candles(trades(only(ACME, follow(tape, write_more)))), out)

    venue, client = socket.socketpair()
    with venue, client:
        feed = live_feed(client, ACME)
        venue.sendall(whole[: whole.index(b"\n", third // 2) + 1])
        venue.shutdown(socket.SHUT_WR)
        out("-- from a connection")
        show(candles(trades(only(ACME, feed))), out)

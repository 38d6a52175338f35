"""The pull pipeline: on a file that grows, on a pipe, on a socket, on a venue that runs."""

import inspect
import os
import socket
import threading
from collections.abc import Generator, Iterator
from io import BytesIO
from pathlib import Path
from types import GeneratorType
from typing import TypeVar

import pytest

from exchange.market_data.bars import bars_of
from legacy.steps.market import ACME, BOLT
from legacy.steps.step_02 import list_tape
from legacy.steps.step_04 import candles, follow, live_feed, only, show, tail, that_was_all, trades, watch
from legacy.steps.tape import SAMPLE, NotATape
from protocol.codec import encode
from protocol.market import TradesSnapshot
from protocol.messages import Heartbeat
from protocol.vocabulary import Interval, Symbol
from tests.support.venue import new, running_venue

T = TypeVar("T")

WHOLE = SAMPLE.read_bytes()
LINES = WHOLE.splitlines(keepends=True)


# -- the candles -----------------------------------------------------------------------------------
@pytest.mark.parametrize("symbol", [ACME, BOLT])
@pytest.mark.parametrize("interval", [Interval.TEN_SECONDS, Interval.MINUTE, Interval.HOUR])
def test_candles_are_those_of_the_venue(symbol: Symbol, interval: Interval) -> None:
    fills = [
        (one.trade_id, one.at_ns, one.price, one.quantity)
        for one in list_tape(SAMPLE)
        if one.symbol == symbol
    ]

    made = list(candles(trades(only(symbol, LINES)), interval))

    assert made == list(bars_of(fills, interval))


def test_only_and_trades_keep_what_they_say_and_its_order() -> None:
    trade = list_tape(SAMPLE)[0]
    snapshot = TradesSnapshot(ACME, 1, [trade, trade])
    lines = [encode(Heartbeat()), encode(snapshot), encode(trade), encode(TradesSnapshot(BOLT, 1, [trade]))]

    assert list(only(ACME, lines)) == lines[1:]
    assert list(trades(only(ACME, lines[:3]))) == [trade, trade, trade]


# -- laziness --------------------------------------------------------------------------------------
def test_the_consumer_drives_and_no_stage_reads_ahead() -> None:
    read: list[int] = []

    def numbered() -> Iterator[bytes]:
        for number, line in enumerate(LINES):
            read.append(number)
            yield line

    pipeline = candles(trades(only(ACME, numbered())))
    assert read == []

    first = next(pipeline)

    minute = Interval.MINUTE.ns
    acme = [trade for trade in list_tape(SAMPLE)[: len(read)] if trade.symbol == ACME]
    assert [trade.at_ns // minute * minute == first.start_ns for trade in acme].index(False) == len(acme) - 1


def test_a_stage_that_is_closed_leaves_its_source_as_it_is() -> None:
    lines = generator(follow(BytesIO(WHOLE), that_was_all))
    pipeline = generator(candles(trades(lines)))
    next(pipeline)

    pipeline.close()

    assert inspect.getgeneratorstate(pipeline) == inspect.GEN_CLOSED
    assert inspect.getgeneratorstate(lines) == inspect.GEN_SUSPENDED
    assert next(lines) in LINES
    lines.close()


# -- following -------------------------------------------------------------------------------------
@pytest.mark.parametrize("size", [1, 7, len(LINES[0]), 1_000, 1_000_000])
def test_a_file_is_followed_however_its_growth_is_cut(tmp_path: Path, size: int) -> None:
    path = tmp_path / "tape.jsonl"
    rest = BytesIO(b"".join(LINES[:40]))
    with path.open("wb", buffering=0) as writer, path.open("rb") as tape:
        found = list(follow(tape, lambda: bool(writer.write(rest.read(size)))))

    assert found == LINES[:40]


def test_it_never_ends_as_long_as_there_may_be_more() -> None:
    tape = BytesIO(LINES[0])
    waited = 0

    def wait() -> bool:
        nonlocal waited
        waited += 1
        if waited % 3 == 0:
            at = tape.tell()
            tape.write(LINES[waited // 3])
            tape.seek(at)
        return True

    lines = follow(tape, wait)
    found = [next(lines) for _ in range(30)]

    assert found == LINES[:30]
    assert waited == 29 * 3


def test_a_file_is_followed_for_ever_or_until_its_consumer_has_seen_enough(tmp_path: Path) -> None:
    path = tmp_path / "tape.jsonl"
    path.write_bytes(b"".join(LINES[:5]))
    shown: list[str] = []

    def enough(line: str) -> None:
        shown.append(line)
        if len(shown) == 3:
            raise InterruptedError

    with path.open("ab") as writer:
        somebody = threading.Thread(target=writer.writelines, args=(LINES[5:],))
        somebody.start()
        with pytest.raises(InterruptedError):
            tail(path, ACME, enough)
        somebody.join()

    assert [line[:5] for line in shown] == ["09:30", "09:31", "09:32"]


def test_an_end_in_the_middle_of_a_line_is_a_fault() -> None:
    lines = follow(BytesIO(LINES[0] + LINES[1][:-1]), that_was_all)

    assert next(lines) == LINES[0]
    with pytest.raises(NotATape):
        next(lines)


def test_a_pipe_is_followed_while_it_is_written() -> None:
    read_end, write_end = os.pipe()
    shown: list[str] = []
    with os.fdopen(read_end, "rb") as tape, os.fdopen(write_end, "wb", buffering=0) as writer:
        lines = follow(tape, that_was_all)
        for line in LINES[:20]:
            writer.write(line)
            assert next(lines) == line  # at once: it waits for no buffer to be full
        writer.close()
        show(candles(trades(lines)), shown.append)

    assert shown == []


def test_a_socket_is_followed_and_asked_for_the_trades() -> None:
    venue, client = socket.socketpair()
    with venue, client:
        feed = live_feed(client, ACME)
        venue.sendall(WHOLE[: len(WHOLE) // 2])
        assert next(feed) == LINES[0]
        asked = venue.recv(4_096).decode().splitlines()
        venue.shutdown(socket.SHUT_WR)
        with pytest.raises(NotATape):
            list(feed)

    assert [line.partition('"type":"')[2].partition('"')[0] for line in asked] == ["login", "subscribe"]


def test_a_feed_is_watched_until_its_end() -> None:
    shown: list[str] = []
    with socket.create_server(("127.0.0.1", 0)) as listener:
        host, port = listener.getsockname()[:2]
        watcher = threading.Thread(target=watch, args=(host, port, BOLT, Interval.DAY, shown.append))
        watcher.start()
        venue, _ = listener.accept()
        with venue:
            while b"subscribe" not in venue.recv(4_096):
                pass
            venue.sendall(WHOLE)
            venue.shutdown(socket.SHUT_WR)
            watcher.join(20)

    volume = sum(trade.quantity for trade in list_tape(SAMPLE) if trade.symbol == BOLT)
    assert len(shown) == 1
    assert f"volume {volume} in" in shown[0]


def test_a_running_venue_tells_its_trades_until_it_stops(tmp_path: Path) -> None:
    with running_venue(tmp_path, journal=False) as venue, venue.login("anna") as trader:
        trader.send(new("o1", "sell", 3, 10_000), new("o2", "buy", 3, 10_000))
        trader.receive_until("trade_report")

        def until_it_stops(lines: Iterator[bytes]) -> Iterator[bytes]:
            for line in lines:
                yield line
                if b"trades_snapshot" in line:
                    venue.stop()

        with socket.create_connection((venue.host, venue.port), timeout=20) as connection:
            made = list(
                candles(trades(only(ACME, until_it_stops(live_feed(connection, ACME)))), Interval.DAY)
            )

    assert [(bar.open, bar.volume, bar.trades) for bar in made] == [(10_000, 3, 1)]


def generator(iterator: Iterator[T]) -> Generator[T, None, None]:
    """What a generator function returned, with its methods."""
    assert isinstance(iterator, GeneratorType)
    return iterator

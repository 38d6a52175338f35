"""The best levels of a book: what comes into sight, what goes out of it, and what is out of sight."""

import pytest

from protocol.checksum import checksum
from protocol.fields import Level
from protocol.market import DepthDelta, DepthSnapshot
from protocol.messages import Cancel, Subscribe, Subscribed
from protocol.vocabulary import Channel, ClientOrderId, Side
from tests.support.in_memory import Trader, open_venue, order
from tests.support.wire_requests import ACME

TOP = Subscribe(Channel.DEPTH, ACME, levels=10)


def market(levels: int) -> tuple[Trader, Trader]:
    """Who trades, and who watches the best ten: bids of 1 at 100, 99, 98, ..."""
    venue = open_venue()
    trader, watcher = Trader(venue, "anna"), Trader(venue, "watcher")
    trader.send(*(order(f"b{100 - n}", Side.BUY, 1, 100 - n) for n in range(levels)))
    watcher.ask(TOP)
    return trader, watcher


def delta(seq: int, bids: list[Level], *, after: list[Level]) -> DepthDelta:
    return DepthDelta(ACME, seq, checksum(after, []), bids, [], 10)


def down_from(price: int, levels: int) -> list[Level]:
    return [(price - n, 1) for n in range(levels)]


def test_the_stream_begins_with_the_best_levels_only() -> None:
    trader, _ = market(12)

    told = Trader(trader.venue, "late").ask(TOP)

    bids = down_from(100, 10)
    assert told == [
        Subscribed(Channel.DEPTH, ACME, 10),
        DepthSnapshot(ACME, 0, checksum(bids, []), bids, [], 10),
    ]


def test_a_better_level_pushes_the_last_one_out() -> None:
    trader, watcher = market(10)

    trader.send(order("x", Side.BUY, 1, 101))

    assert watcher.read() == [delta(1, [(91, 0), (101, 1)], after=down_from(101, 10))]


def test_when_a_level_goes_the_next_one_comes_into_sight() -> None:
    trader, watcher = market(12)

    trader.send(Cancel(ClientOrderId("b95")))

    after = [level for level in down_from(100, 11) if level[0] != 95]
    assert watcher.read() == [delta(1, [(90, 1), (95, 0)], after=after)]


def test_a_sweep_takes_levels_away_and_brings_others() -> None:
    trader, watcher = market(12)

    trader.send(order("s", Side.SELL, 3, 98))

    assert watcher.read() == [
        delta(1, [(89, 1), (90, 1), (98, 0), (99, 0), (100, 0)], after=down_from(97, 9))
    ]


@pytest.mark.parametrize("price", [90, 89, 1])
def test_what_is_beyond_the_last_level_is_nobodys_concern(price: int) -> None:
    trader, watcher = market(10)

    trader.send(order("x", Side.BUY, 7, price))
    trader.send(Cancel(ClientOrderId("x")))

    assert watcher.read() == []


def test_a_change_beside_a_level_that_goes_is_told_with_it() -> None:
    """One command takes a level and part of the next."""
    trader, watcher = market(12)
    trader.send(order("more", Side.BUY, 4, 99))
    watcher.read()

    trader.send(order("s", Side.SELL, 3, 99))

    after = [(99, 3), *down_from(98, 9)]
    assert watcher.read() == [delta(2, [(90, 1), (99, 3), (100, 0)], after=after)]


def test_the_whole_book_and_its_best_levels_carry_the_same_checksum() -> None:
    trader, watcher = market(15)
    watcher.ask(Subscribe(Channel.DEPTH, ACME))

    trader.send(order("far", Side.BUY, 1, 50))
    trader.send(order("near", Side.BUY, 1, 99))

    told = [message for message in watcher.read() if isinstance(message, DepthDelta)]
    assert [message.levels for message in told] == [None, None, 10]
    (before, whole, best) = (message.checksum for message in told)
    assert whole == best != before

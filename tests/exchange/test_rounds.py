"""A crowd is told in rounds: in order, all of it, without keeping those waiting who trade."""

import asyncio
from pathlib import Path

from exchange.peers import Peer
from exchange.rounds import MOST_WAITING, Rounds
from protocol.session import ServerSession
from tests.support.venue import RawClient, new, running_venue


class Socket:
    """Keeps what it is told; each write may take some time on the clock of the test."""

    def __init__(self) -> None:
        self.told: list[bytes] = []

    def tell(self, data: bytes) -> None:
        self.told.append(data)


class Hall:
    """Readers, and rounds that tell them."""

    def __init__(self, readers: int) -> None:
        self.peers = [Peer(ServerSession()) for _ in range(readers)]
        self.sockets = {peer: Socket() for peer in self.peers}
        self.passed_by: list[Peer] = []
        self.done = asyncio.Event()
        self.rounds = Rounds(
            asyncio.get_running_loop().call_soon, self.sockets, self.passed_by.append, self.done.set
        )

    def put(self, *pieces: bytes) -> None:
        for data in pieces:
            for peer in self.peers:
                self.rounds.put(peer, data)

    def heard(self) -> list[list[bytes]]:
        return [self.sockets[peer].told for peer in self.peers]


async def test_what_gathers_until_a_reader_has_his_turn_is_one_write_and_the_same_object_for_all() -> None:
    hall = Hall(3)

    hall.put(b"a\n", b"b\n")
    await hall.done.wait()

    assert hall.heard() == [[b"a\nb\n"]] * 3
    first, second, third = (told[0] for told in hall.heard())
    assert first is second is third
    assert not hall.rounds.waiting


async def test_readers_that_are_to_be_told_different_things_are() -> None:
    hall = Hall(2)
    one, other = hall.peers

    hall.put(b"a\n")
    hall.rounds.put(other, b"b\n")
    await hall.done.wait()

    assert hall.heard() == [[b"a\n"], [b"a\nb\n"]]
    assert hall.sockets[one].told == [b"a\n"]


async def test_who_is_sent_something_of_his_own_gets_what_waits_in_front_of_it_and_not_again() -> None:
    hall = Hall(2)
    one, other = hall.peers

    hall.put(b"a\n", b"b\n")
    taken = hall.rounds.take(one)
    hall.rounds.put(one, b"c\n")
    hall.rounds.forget(other)
    await hall.done.wait()

    assert taken == b"a\nb\n"
    assert hall.heard() == [[b"c\n"], []]


async def test_others_have_their_turn_within_a_round() -> None:
    hall = Hall(20_000)
    passes = 0

    def go_on() -> None:
        nonlocal passes
        passes += 1
        if not hall.done.is_set():
            asyncio.get_running_loop().call_soon(go_on)

    hall.put(b"a\n")
    go_on()
    await hall.done.wait()

    assert all(told == [b"a\n"] for told in hall.heard())
    assert passes > 5


async def test_for_whom_too_much_waits_is_passed_by() -> None:
    hall = Hall(1)
    piece = bytes(MOST_WAITING // 10)

    hall.put(*[piece] * 9)
    before = list(hall.passed_by)
    hall.put(*[piece] * 7)
    after = list(hall.passed_by)
    await hall.done.wait()

    assert (before, after) == ([], hall.peers)
    assert hall.heard() == [[piece * 16]]


def test_a_crowd_that_reads_is_told_everything_in_order_and_who_trades_among_it_as_well(
    tmp_path: Path,
) -> None:
    """Each has all prints, and he who trades has his report before the print that it led to (rule 47)."""
    orders, crowd = 200, 60
    with running_venue(tmp_path, journal=True) as venue:
        readers = [venue.login(f"reader{number}") for number in range(crowd)]
        anna = readers[crowd // 2]
        try:
            for reader in readers:
                reader.send({"type": "subscribe", "channel": "trades", "symbol": "ACME"})
                reader.receive_until("trades_snapshot")
            with venue.login("ben") as ben:
                ben.send(new("rest", "sell", orders, 100))
                ben.receive_until("accepted")
                for number in range(0, orders, 4):
                    ben_too = new(f"b{number}", "buy", 1, 100)
                    anna.send(*(new(f"a{number + one}", "buy", 1, 100) for one in range(3)))
                    ben.send(ben_too)
                heard = [prints(reader, orders) for reader in readers]
        finally:
            for reader in readers:
                reader.close()

    public = [[message["trade_id"] for message in one if message["type"] == "trade"] for one in heard]
    assert public == [list(range(1, orders + 1))] * crowd
    assert {message["type"] for one in heard for message in one if one is not heard[crowd // 2]} == {"trade"}
    of_anna = [
        (message["type"], message["trade_id"])
        for message in heard[crowd // 2]
        if message["type"] in ("trade", "trade_report")
    ]
    for place, (kind, trade_id) in enumerate(of_anna):
        if kind == "trade_report":
            assert ("trade", trade_id) in of_anna[place:]
    assert sum(kind == "trade_report" for kind, _ in of_anna) == orders * 3 // 4


def prints(reader: RawClient, wanted: int) -> list[dict[str, object]]:
    """Everything up to the print of so many trades."""
    heard: list[dict[str, object]] = []
    while wanted:
        message = reader.receive()
        heard.append(message)
        wanted -= message["type"] == "trade"
    return heard

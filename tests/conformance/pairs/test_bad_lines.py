"""Slow readers, lost lines and nonsense, whatever venue and traders run on."""

import socket

import pytest

from protocol.errors import RemoteProtocolError, SessionBroken, VenueError
from protocol.vocabulary import ErrorCode, Side
from tests.conformance.pairs.blocking import Stream, until
from tests.conformance.pairs.pairing import Pair, Serve
from tests.support.venue import new

_ENOUGH = 2_500
"""Messages that are more than all buffers between a venue and a reader hold."""


@pytest.mark.feature("slow readers: public streams conflate")
def test_who_does_not_read_market_data_misses_states_but_not_the_last_one_and_holds_nobody_up(
    pair: Pair,
) -> None:
    line = pair.relay()
    slow, trader = pair.trader("slow", to=line), pair.trader("trader")
    depths, books = slow.read("depth", pair.symbol), slow.read("orders", pair.symbol)
    depths.next()
    books.next()

    line.hold()
    for start in range(0, _ENOUGH, 500):
        trader.submit(*(pair.new(trader, Side.BUY, 1, start + one + 1) for one in range(500)))
        assert trader.do("mass_cancel").count == 500
    last = trader.buy(pair.symbol, 7, at=100)
    line.go_on()

    until(depths, ((100, 7),), lambda depth: depth.bids)
    until(books, [100], lambda book: [level.price for level in book.bids])
    assert line.lines_from_venue < 2 * _ENOUGH  # one for each change, if nothing had been left out
    assert slow.client.is_active
    assert slow.client.recoveries == 0
    assert last.view.is_live


@pytest.mark.feature("slow readers: hung up on for private messages")
def test_who_does_not_read_his_own_reports_is_hung_up_on_and_loses_nothing(pair: Pair) -> None:
    line = pair.relay()
    slow, trader = pair.trader("slow", to=line), pair.trader("slow")
    before = trader.do("kill_switch", on=False).seq

    unread = slow.read("reports")

    line.hold()
    for _ in range(0, _ENOUGH, 500):
        trader.submit(*(pair.new(trader, Side.BUY, 1, one + 1) for one in range(500)))
        assert trader.do("mass_cancel").count == 500
    line.go_on()

    end = how_it_ends(unread)
    assert isinstance(end, SessionBroken)
    assert end.code is ErrorCode.SLOW_CONSUMER
    again = pair.trader("slow", resume_from=before + 1)
    reports = again.read("reports")
    wanted = trader.client.resume_from - 1 - before
    assert [report.seq for report in reports.take(wanted)] == list(range(before + 1, before + 1 + wanted))


def how_it_ends(stream: Stream) -> VenueError | None:
    """Read all of it."""
    try:
        stream.take(4 * _ENOUGH)
    except VenueError as error:
        return error
    return None


@pytest.mark.feature("a book with a gap recovers")
@pytest.mark.parametrize("stream", ["depth", "orders"])
def test_a_book_in_which_a_change_is_missing_is_read_anew(pair: Pair, stream: str) -> None:
    line = pair.relay()
    watcher, trader = pair.trader("watcher", to=line), pair.trader("trader")
    books = watcher.read(stream, pair.symbol)
    books.next()

    line.drop(f'"{stream}_delta"'.encode())
    trader.buy(pair.symbol, 1, at=100)
    line.wait_for_drop()
    trader.buy(pair.symbol, 2, at=101)

    while len((book := books.next()).bids) != 2:
        pass
    assert [level[0] if stream == "depth" else level.price for level in book.bids] == [101, 100]
    assert watcher.client.recoveries == 1


@pytest.mark.feature("a venue that talks nonsense is left")
@pytest.mark.parametrize(
    "line",
    [b"nonsense\n", b'{"type":"accepted"}\n', b"x" * 5_000_000],
    ids=["no JSON", "no message", "endless"],
)
def test_a_trader_leaves_a_venue_that_talks_nonsense_and_says_why(pair: Pair, line: bytes) -> None:
    wire = pair.relay()
    trader = pair.trader("alice", to=wire)
    reports = trader.read("reports")

    wire.say(line)

    with pytest.raises(RemoteProtocolError):
        reports.next()
    assert not trader.client.is_active


NONSENSE = {
    b"hello\n": "not_json",
    b'{"type":"nwe"}\n': "invalid_message",
    b'{"type":"cancel","client_order_id":"\xff"}\n': "not_json",
    b'{"type":"new","client_order_id":"x","symbol":"P000","side":"buy","quantity":1.5,"price":1}\n': "invalid_message",
    b'{"type":' + b"[" * 20_000 + b"\n": "not_json",
    b'{"type":"order_status","client_order_id":"nope"}\n': "unknown_order",
}


@pytest.mark.feature("malformed lines are answered, others notice nothing")
def test_nonsense_is_answered_line_by_line(venue_runtime: str, open_venues: Serve) -> None:
    venue = open_venues(venue_runtime)
    with venue.login("bystander") as bystander, venue.login("mallory") as mallory:
        answers = [mallory.ask_bytes(line) for line in NONSENSE]

        assert [answer["code"] for answer in answers] == list(NONSENSE.values())
        assert [answer["line"] for answer in answers] == list(range(2, len(NONSENSE) + 2))
        assert mallory.ask(new("x", "buy", 1, 1, symbol="P199"))["type"] == "accepted"
        assert bystander.is_silent()


@pytest.mark.feature("malformed lines are answered, others notice nothing")
@pytest.mark.parametrize(
    ("data", "code"),
    [(b"x" * 70_000, "line_too_long"), (b'{"type":', "line_cut_short")],
    ids=["endless line", "half a line"],
)
def test_some_nonsense_ends_the_connection(
    venue_runtime: str, open_venues: Serve, data: bytes, code: str
) -> None:
    with open_venues(venue_runtime).connect() as client:
        client.send_bytes(data)
        client.socket.shutdown(socket.SHUT_WR)

        assert [answer["code"] for answer in client.receive_rest()] == [code]


@pytest.mark.feature("malformed lines are answered, others notice nothing")
def test_bytes_that_come_in_pieces_are_the_same_lines(venue_runtime: str, open_venues: Serve) -> None:
    venue = open_venues(venue_runtime)
    with venue.connect() as client:
        for byte in b'{"type":"login","account":"slowly"}\n':
            client.send_bytes(bytes([byte]))
        assert client.receive()["type"] == "welcome"
        client.send_bytes(b'{"type":"mass_cancel"}\n{"type":"mass_cancel"}\n{"type":"logout"}')
        assert [client.receive()["type"] for _ in range(2)] == ["mass_canceled"] * 2
        client.send_bytes(b"\n")
        assert [message["type"] for message in client.receive_rest()] == ["logged_out"]

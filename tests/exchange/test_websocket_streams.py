"""Market data over WebSocket: the messages of TCP, once made for a thousand readers, past who does not read."""

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from jsonschema import Draft7Validator

from protocol.asyncapi import document
from tests.support.venue import Json, RawClient, VenueProcess, new
from tests.support.websocket import Frame, RawWebSocket, frame, http_port, web_venue

DESCRIBED = document()["components"]

STREAMS: list[Json] = [
    {"channel": "bbo"},
    {"channel": "depth"},
    {"channel": "depth", "levels": 10},
    {"channel": "depth", "levels": 50},
    {"channel": "orders"},
    {"channel": "trades"},
    {"channel": "candles", "interval": "1s"},
    {"channel": "candles", "interval": "1h"},
    {"channel": "statistics"},
    {"channel": "status"},
    {"channel": "auction"},
]
"""All kinds there are."""


@pytest.fixture(name="venue")
def _venue(tmp_path: Path) -> Iterator[VenueProcess]:
    with web_venue(tmp_path) as venue:
        yield venue


def subscribe(streams: list[Json], symbol: str = "ACME") -> list[Json]:
    return [{"type": "subscribe", "symbol": symbol, **stream} for stream in streams]


def reader(venue: VenueProcess, account: str, streams: list[Json], **options: int) -> RawWebSocket:
    """Somebody who gets these streams."""
    client = RawWebSocket(http_port(venue), **options)  # type: ignore[arg-type]
    client.send({"type": "login", "account": account}, *subscribe(streams))
    assert client.receive()["type"] == "welcome"
    return client


def a_day(trader: RawClient) -> None:
    """Something of everything that market data tells; the last thing is a trade of seven at 5."""
    for number in range(300):
        side = "buy" if number % 3 else "sell"
        price = 1000 + number * 37 % 11 - (5 if side == "buy" else 3)
        order = new(f"o{number}", side, 1 + number % 7, price)
        if number % 10 == 0:
            order["display_quantity"] = 1
        trader.send(order)
        if number % 5 == 4:
            trader.send({"type": "cancel", "client_order_id": f"o{number - 3}"})
        if number % 7 == 6:
            trader.send({"type": "reduce", "client_order_id": f"o{number - 1}", "by": 1})
    trader.send({"type": "mass_cancel"})
    trader.send(new("last sell", "sell", 7, 5), new("last buy", "buy", 7, 5))


def is_last(message: Json) -> bool:
    return message["type"] == "trade" and (message["price"], message["quantity"]) == (5, 7)


def is_described(message: Json) -> bool:
    """Whether the AsyncAPI document has such a message."""
    described = DESCRIBED["messages"][message["type"]]["payload"]
    return Draft7Validator({**described, "components": DESCRIBED}).is_valid(message)


def test_frames_and_lines_have_the_same_messages_in_the_same_order(venue: VenueProcess) -> None:
    with (
        venue.login("tcp") as on_tcp,
        reader(venue, "web", STREAMS) as on_web,
        venue.login("maker") as trader,
    ):
        on_tcp.send(*subscribe(STREAMS))
        lines: list[Json] = []
        frames: list[Json] = []
        # Both are told how things stand before anything happens.
        while sum(message["type"] == "subscribed" for message in lines) < len(STREAMS):
            lines.append(on_tcp.receive())
        while sum(message["type"] == "subscribed" for message in frames) < len(STREAMS):
            frames.append(on_web.receive())
        a_day(trader)
        for messages, receive in ((lines, on_tcp.receive), (frames, on_web.receive)):
            while not any(map(is_last, messages[-20:])):
                messages.append(receive())
            # What the last trade changed besides the tape is told in the same turn.
            while messages[-1]["type"] != "statistics":
                messages.append(receive())

    assert len(frames) > 1000
    assert frames == lines
    assert {message["type"] for message in frames} >= {
        "bbo", "depth_snapshot", "depth_delta", "orders_snapshot", "orders_delta", "trade", "candle",
        "statistics", "status",
    }  # fmt: skip
    assert [message for message in frames[::7] if not is_described(message)] == []


def test_what_a_trader_is_told_is_in_the_same_order_on_both(venue: VenueProcess) -> None:
    """Private reports of a command before what the public learns of it, whatever the framing."""
    told: list[list[str]] = []
    for name, client in (
        ("tcp", RawClient(venue.host, venue.port)),
        ("web", RawWebSocket(http_port(venue))),
    ):
        symbol = {"symbol": "BOLT" if name == "tcp" else "CORN"}
        with client:
            client.send({"type": "login", "account": name}, *subscribe([{"channel": "trades"}], **symbol))
            for _ in range(3):
                client.receive()
            client.send(*({**new(str(at), "sell", 1, 10 + at), **symbol} for at in range(5)))
            client.send({**new("sweep", "buy", 5, 20), **symbol}, {"type": "mass_cancel"})
            kinds: list[str] = []
            while kinds[-1:] != ["mass_canceled"]:
                kinds.append(client.receive()["type"])
            told.append(kinds)

    assert told[0] == told[1]
    assert "trade" in told[0]
    assert told[0].index("trade") > max(at for at, kind in enumerate(told[0]) if kind == "trade_report")


def test_three_hundred_readers_get_the_same_bytes(venue: VenueProcess) -> None:
    streams: list[Json] = [{"channel": "depth"}, {"channel": "trades"}]
    with ExitStack() as stack:
        readers = [stack.enter_context(reader(venue, f"r{number}", streams)) for number in range(300)]
        for one in readers:
            while one.receive()["type"] != "trades_snapshot":
                pass
        trader = stack.enter_context(venue.login("maker"))
        a_day(trader)

        heard: list[list[Frame]] = []
        for one in readers:
            frames = [one.receive_frame()]
            while not is_last(frames[-1].message):
                frames.append(one.receive_frame())
            heard.append(frames)

    assert all(frames == heard[0] for frames in heard)
    assert len(heard[0]) > 300


def test_a_thousand_connections_hear_of_a_trade(venue: VenueProcess) -> None:
    with ExitStack() as stack:
        readers = [stack.enter_context(RawWebSocket(http_port(venue))) for _ in range(1000)]
        for number, one in enumerate(readers):
            one.send({"type": "login", "account": f"r{number}"}, *subscribe([{"channel": "trades"}]))
        kinds = [[one.receive()["type"] for _ in range(3)] for one in readers]
        trader = stack.enter_context(venue.login("maker"))
        trader.send(new("s", "sell", 7, 5), new("b", "buy", 7, 5))
        heard = [one.receive_frame() for one in readers]

    assert kinds == [["welcome", "subscribed", "trades_snapshot"]] * 1000
    assert set(heard) == {heard[0]}
    assert is_last(heard[0].message)


def test_who_stops_reading_is_passed_by_costs_no_memory_and_catches_up(venue: VenueProcess) -> None:
    """Market data goes past who does not read; what it sees then is how things stand."""
    with (
        reader(venue, "slow", [{"channel": "depth"}], receive_buffer=4096) as slow,
        reader(venue, "quick", [{"channel": "trades"}]) as quick,
        venue.login("maker") as trader,
    ):
        for part in range(12):
            for at in range(2000):
                name = f"{part} {at}"
                trader.send(new(name, "buy", 1, 1 + at % 500), {"type": "cancel", "client_order_id": name})
            trader.send({"type": "mass_cancel"})
            trader.receive_until("mass_canceled")
        a_day(trader)
        while not is_last(quick.receive()):
            pass
        trader.send(new("mark", "buy", 3, 4))
        kinds, seqs = [], []
        book: dict[int, int] = {}
        while True:
            message = slow.receive()
            if not message["type"].startswith("depth"):
                continue
            kinds.append(message["type"])
            seqs.append(message["seq"])
            if message["type"] == "depth_snapshot":
                book = {}
            else:
                assert message["seq"] == seqs[-2] + 1
            book |= dict(message["bids"])
            if [4, 3] in message["bids"]:
                break

    assert kinds.count("depth_snapshot") >= 2
    # What was kept for it is what it got in the end.
    assert seqs[-1] > 40_000
    assert len(seqs) < 10_000
    assert {price: quantity for price, quantity in book.items() if quantity} == {4: 3}


def test_a_reader_of_reports_that_stops_reading_is_cut_off_with_a_last_word(tmp_path: Path) -> None:
    file = tmp_path / "web.toml"
    file.write_text("[http]\nport = 0\n[tcp]\nmax_outgoing_bytes = 262144\n", encoding="utf-8")
    with web_venue(tmp_path, str(file)) as venue:
        with RawWebSocket(http_port(venue), receive_buffer=4096) as slow:
            slow.send({"type": "login", "account": "slow"})
            slow.socket.settimeout(0.2)
            asked = frame({"type": "account_status"}) * 1000
            while not any(entry["event"] == "slow_consumer_cut_off" for entry in venue.log):
                try:
                    slow.send_bytes(asked)
                except TimeoutError:
                    continue
                except OSError:
                    break
            unread = venue.logged("slow_consumer_cut_off")["unread_bytes"]
            slow.socket.settimeout(20)
            *_, error, close = slow.receive_rest()
        with venue.login("after") as after:
            assert after.ask(new("a", "buy", 1, 1))["type"] == "accepted"

    assert error.message["code"] == "slow_consumer"
    assert (close.close_code, close.reason) == (1008, "slow_consumer")
    assert unread < 65536 + 512 * 1024


def test_answers_wait_for_the_journal_as_on_tcp(tmp_path: Path) -> None:
    """What a WebSocket was told is in the journal, even if the venue is killed right after."""
    with web_venue(tmp_path, journal=True) as venue:
        with RawWebSocket(http_port(venue)) as client:
            client.send({"type": "login", "account": "alice"})
            client.receive()
            client.send(*(new(str(number), "buy", 1, 1) for number in range(200)))
            last: Json = {}
            while last.get("client_order_id") != "199":
                last = client.receive()
        venue.kill()
    with web_venue(tmp_path, journal=True) as venue, venue.login("alice") as again:
        state = again.ask({"type": "order_status", "client_order_id": "199"})

    assert state["state"] == "live"

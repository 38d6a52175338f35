"""Frames that mean no good: each gets its code and its close code, is never kept, and nobody else notices."""

import json
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from tests.support.venue import RawClient, VenueProcess, new
from tests.support.websocket import (
    BINARY,
    CLOSE,
    CONTINUATION,
    PING,
    Frame,
    RawWebSocket,
    frame,
    http_port,
    web_venue,
)

MIB = 1 << 20


@pytest.fixture(name="venue", scope="module")
def _venue(tmp_path_factory: pytest.TempPathFactory) -> Iterator[VenueProcess]:
    with web_venue(tmp_path_factory.mktemp("venue")) as venue:
        yield venue
        assert venue.stop() == 0
    assert [entry for entry in venue.log if entry["event"] == "unexpected"] == []


@contextmanager
def bystander(venue: VenueProcess) -> Iterator[None]:
    """Somebody on TCP who is answered before and after, and told nothing in between."""
    with venue.login("bystander") as client:
        assert client.ask({"type": "mass_cancel"})["type"] == "mass_canceled"
        yield
        assert client.is_silent()
        assert client.ask({"type": "mass_cancel"})["type"] == "mass_canceled"


def logged_in(venue: VenueProcess, account: str = "hostile") -> RawWebSocket:
    client = RawWebSocket(http_port(venue))
    assert client.ask({"type": "login", "account": account})["type"] == "welcome"
    return client


def memory_kib(venue: VenueProcess) -> int:
    """What the venue has in memory now."""
    status = Path(f"/proc/{venue.process.pid}/status").read_text()
    (line,) = (line for line in status.splitlines() if line.startswith("VmRSS"))
    return int(line.split()[1])


HOSTILE = {
    "binary": (frame(b"{}", BINARY), "binary_frame", 1003),
    "no UTF-8": (frame(b'{"type":"\xff"}'), "not_json", 1007),
    "half a character": (frame(b"\xe2\x82"), "not_json", 1007),
    "a line break": (frame(b'{"type":\n"heartbeat"}'), "line_break", 1008),
    "a newline at the end": (frame(b'{"type":"heartbeat"}\n'), "line_break", 1008),
    "too long": (frame(b"x" * 65536), "line_too_long", 1009),
    "too long in fragments": (
        frame(b"x" * 40000, final=False) + frame(b"x" * 40000, CONTINUATION),
        "line_too_long",
        1009,
    ),
    "announced too long": (frame(b"", length=1 << 40), "line_too_long", 1009),
    "not masked": (frame(b"{}", masked=False), "invalid_frame", 1002),
    "compressed": (frame(b"{}", reserved=4), "invalid_frame", 1002),
    "an opcode that there is not": (frame(b"{}", 5), "invalid_frame", 1002),
    "a control opcode that there is not": (frame(b"", 15), "invalid_frame", 1002),
    "a long ping": (frame(b"x" * 126, PING), "invalid_frame", 1002),
    "a ping in fragments": (frame(b"x", PING, final=False), "invalid_frame", 1002),
    "continued before it began": (frame(b"{}", CONTINUATION), "invalid_frame", 1002),
    "begun twice": (frame(b"{", final=False) + frame(b"{}"), "invalid_frame", 1002),
    "a close code that may not be sent": (frame(b"\x03\xee", CLOSE), "invalid_frame", 1002),
    "HTTP": (b"GET / HTTP/1.1\r\n\r\n", "invalid_frame", 1002),
    "garbage": (bytes(range(255, 0, -1)), "invalid_frame", 1002),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_frame_ends_its_connection_with_its_codes_and_only_that(
    venue: VenueProcess, name: str
) -> None:
    wire, code, close_code = HOSTILE[name]
    with bystander(venue), logged_in(venue) as client:
        order = new(name, "buy", 1, 1)
        client.send_bytes(frame(order) + wire + frame(new(f"{name} later", "buy", 1, 1)))
        accepted, error, close = client.receive_rest()
    with venue.login("hostile") as again:
        later = again.ask({"type": "order_status", "client_order_id": f"{name} later"})

    assert accepted.message["type"] == "accepted"
    assert (error.message["code"], error.message["line"]) == (code, 3)
    assert (close.close_code, close.reason) == (close_code, code)
    assert later["code"] == "unknown_order"


@pytest.mark.parametrize("name", HOSTILE)
def test_before_a_login_as_well(venue: VenueProcess, name: str) -> None:
    wire, code, close_code = HOSTILE[name]
    with bystander(venue), RawWebSocket(http_port(venue)) as client:
        client.send_bytes(wire)
        error, close = client.receive_rest()

    assert (error.message["code"], close.close_code) == (code, close_code)


def test_a_frame_of_fifty_megabytes_is_refused_at_its_header_and_never_kept(venue: VenueProcess) -> None:
    before = memory_kib(venue)
    with bystander(venue), logged_in(venue) as client:
        client.send_bytes(frame(b"", length=50 * MIB))
        with suppress(OSError):  # the venue need not take all of it
            for _ in range(50):
                client.send_bytes(b"x" * MIB)
        error, close = client.receive_rest()
        grown = memory_kib(venue) - before

    assert (error.message["code"], close.close_code) == ("line_too_long", 1009)
    assert grown < 8 * 1024


def test_a_message_without_end_in_small_fragments_is_never_kept(venue: VenueProcess) -> None:
    before = memory_kib(venue)
    with bystander(venue), logged_in(venue) as client:
        client.send_bytes(frame(b"[", final=False))
        with suppress(OSError):
            for _ in range(50):
                client.send_bytes(frame(b"", CONTINUATION, final=False) * 10_000)
        assert memory_kib(venue) - before < 8 * 1024
        client.socket.shutdown(socket.SHUT_WR)
        error, _, _ = client.receive_rest()

    assert error.message["code"] == "line_cut_short"


@pytest.mark.parametrize("opcode", [PING, 10, CONTINUATION])
def test_a_flood_of_tiny_frames_leaves_others_their_turn(venue: VenueProcess, opcode: int) -> None:
    with venue.login("bystander") as honest, logged_in(venue) as client:
        client.socket.setblocking(False)
        flood = frame(b"", opcode) * 50_000
        if opcode == CONTINUATION:
            flood = frame(b"", final=False) + frame(b"", opcode, final=False) * 50_000
        longest = 0.0
        for _ in range(20):
            with suppress(BlockingIOError):
                client.socket.send(flood)
            started = time.perf_counter()
            honest.ask({"type": "mass_cancel"})
            longest = max(longest, time.perf_counter() - started)

    assert longest < 1.0


def test_who_is_gone_when_the_venue_closes_does_not_keep_it(tmp_path: Path) -> None:
    """With more unread on its way than the venue has looked at."""
    with web_venue(tmp_path) as venue:
        for _ in range(3):
            client = logged_in(venue)
            client.socket.setblocking(False)
            with suppress(BlockingIOError):
                while True:
                    client.socket.send(frame(b"", PING) * 10_000)
            client.close()
        assert venue.stop() == 0

    assert [entry for entry in venue.log if entry["event"] == "unexpected"] == []


def test_who_pings_and_never_reads_is_cut_off_like_every_slow_reader(tmp_path: Path) -> None:
    file = tmp_path / "web.toml"
    file.write_text("[http]\nport = 0\n[tcp]\nmax_outgoing_bytes = 262144\n", encoding="utf-8")
    with (
        web_venue(tmp_path, str(file)) as venue,
        RawWebSocket(http_port(venue), receive_buffer=4096) as client,
    ):
        client.send({"type": "login", "account": "pinger"})
        with bystander(venue), suppress(OSError):
            client.socket.settimeout(0.1)
            while not any(entry["event"] == "slow_consumer_cut_off" for entry in venue.log):
                with suppress(TimeoutError):
                    client.send_bytes(frame(b"x" * 125, PING))
        unread = venue.logged("slow_consumer_cut_off")["unread_bytes"]

    assert unread < 2 * 262_144


def test_garbage_from_many_at_once_leaves_the_venue_serving(venue: VenueProcess) -> None:
    with bystander(venue):
        clients = [RawWebSocket(http_port(venue)) for _ in range(50)]
        for number, client in enumerate(clients):
            client.send_bytes(bytes((number * step) % 256 for step in range(4096)))
        for client in clients:
            client.socket.shutdown(socket.SHUT_WR)
            client.receive_rest()
            client.close()


def test_a_bystander_on_a_websocket_notices_nothing_either(venue: VenueProcess) -> None:
    with logged_in(venue, "calm") as calm, RawClient(venue.host, venue.port) as hostile:
        hostile.send_bytes(b"x" * 100_000)
        last_words = hostile.receive_rest()
        calm.send_bytes(frame(b"still here", PING))

        assert last_words[0]["code"] == "line_too_long"
        assert calm.receive_frame() == Frame(10, b"still here")


def test_an_error_is_as_on_tcp(venue: VenueProcess) -> None:
    line = json.dumps({"type": "new", "client_order_id": "x"})
    with venue.login("same") as tcp, logged_in(venue, "same") as client:
        on_tcp = tcp.ask_bytes(line.encode() + b"\n")
        client.send_bytes(frame(line))

        assert client.receive() == on_tcp

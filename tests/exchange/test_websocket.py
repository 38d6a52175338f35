"""Sessions over WebSocket: real venues, a client library that is not ours, and frames made by hand."""

import json
import ssl
import subprocess
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from shutil import which

import pytest
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import ClientConnection, connect

from exchange.self_signed import make_self_signed
from protocol.asyncapi import Listening, document
from tests.support.guarded import login
from tests.support.venue import Json, RawClient, VenueProcess, new
from tests.support.websocket import (
    CLOSE,
    CONTINUATION,
    PING,
    PONG,
    TEXT,
    Frame,
    RawWebSocket,
    frame,
    guarded_web_venue,
    http_port,
    web_address,
    web_venue,
)


@pytest.fixture(name="venue", scope="module")
def _venue(tmp_path_factory: pytest.TempPathFactory) -> Iterator[VenueProcess]:
    """One for all that leave nothing behind but orders under their own name."""
    with web_venue(tmp_path_factory.mktemp("venue")) as venue:
        yield venue
        assert venue.stop() == 0
    assert [entry for entry in venue.log if entry["event"] == "unexpected"] == []


def send(client: ClientConnection, message: Json) -> None:
    client.send(json.dumps(message))


def receive(client: ClientConnection) -> Json:
    text = client.recv(timeout=20)
    assert isinstance(text, str)
    message: Json = json.loads(text)
    return message


def ask(client: ClientConnection, message: Json) -> Json:
    send(client, message)
    return receive(client)


@contextmanager
def enter(venue: VenueProcess, account: str, **fields: object) -> Iterator[ClientConnection]:
    """A connection that is logged in."""
    with connect(web_address(venue), max_size=None) as client:
        assert ask(client, {"type": "login", "account": account, **fields})["type"] == "welcome"
        yield client


def shaken(venue: VenueProcess, **options: object) -> RawWebSocket:
    return RawWebSocket(http_port(venue), **options)  # type: ignore[arg-type]


def logged_in(venue: VenueProcess, account: str, **fields: object) -> RawWebSocket:
    client = shaken(venue)
    assert client.ask({"type": "login", "account": account, **fields})["type"] == "welcome"
    return client


# -- sessions --------------------------------------------------------------------------------------
def test_a_session_is_that_of_tcp_one_message_a_frame(venue: VenueProcess) -> None:
    with connect(web_address(venue), subprotocols=["tontine.v4"]) as client:  # type: ignore[list-item]
        assert client.subprotocol == "tontine.v4"
        assert client.response is not None
        assert "Sec-WebSocket-Extensions" not in client.response.headers
        kinds = [
            ask(client, message)["type"]
            for message in (
                {"type": "login", "account": "session"},
                new("1", "buy", 5, 1),
                {"type": "order_status", "client_order_id": "1"},
                {"type": "reduce", "client_order_id": "1", "by": 2},
                {"type": "cancel", "client_order_id": "1"},
                {"type": "logout"},
            )
        ]
        with pytest.raises(ConnectionClosed) as closed:
            client.recv(timeout=20)

    assert kinds == ["welcome", "accepted", "order_state", "replaced", "canceled", "logged_out"]
    assert closed.value.rcvd is not None
    assert closed.value.rcvd.code == 1000


def test_private_reports_come_before_the_public_print(venue: VenueProcess) -> None:
    with enter(venue, "first") as client:
        for channel in ("trades", "bbo"):
            send(client, {"type": "subscribe", "channel": channel, "symbol": "BOLT"})
        before = [receive(client)["type"] for _ in range(4)]
        send(client, {**new("s", "sell", 1, 50), "symbol": "BOLT"})
        send(client, {**new("b", "buy", 1, 50), "symbol": "BOLT"})
        kinds: list[str] = []
        while kinds[-1:] != ["bbo"] or "trade" not in kinds:
            kinds.append(receive(client)["type"])

    assert before == ["subscribed", "trades_snapshot", "subscribed", "bbo"]
    assert kinds.index("trade") > max(at for at, kind in enumerate(kinds) if kind == "trade_report")


def test_who_resumes_over_websocket_gets_what_was_missed(tmp_path: Path) -> None:
    with web_venue(tmp_path, journal=True) as venue:
        with enter(venue, "alice") as client:
            first = ask(client, new("a", "buy", 5, 10))
        with venue.login("bob") as bob:
            bob.ask(new("b", "sell", 5, 10))
        with connect(web_address(venue), compression=None) as client:
            send(client, {"type": "login", "account": "alice", "resume_from": first["seq"] + 1})
            welcome, missed = receive(client), receive(client)

    assert welcome["type"] == "welcome"
    assert (missed["type"], missed["seq"], missed["client_order_id"]) == (
        "trade_report",
        first["seq"] + 1,
        "a",
    )


@pytest.mark.parametrize("how", ["close frame", "end", "reset"])
def test_orders_go_with_the_connection_if_the_login_said_so(venue: VenueProcess, how: str) -> None:
    client = logged_in(venue, f"goes by {how}", cancel_on_disconnect=True)
    with venue.login(f"goes by {how}") as watcher:
        client.ask(new(how, "buy", 5, 1))
        watcher.receive()
        if how == "close frame":
            client.send_bytes(frame(b"\x03\xe8", CLOSE))
        elif how == "end":
            client.socket.shutdown(1)
        else:
            client.socket.setsockopt(1, 13, b"\x01\x00\x00\x00\x00\x00\x00\x00")
            client.close()
        gone = watcher.receive()

    client.close()
    assert (gone["type"], gone["client_order_id"]) == ("canceled", how)


def test_heartbeats_come_and_whoever_is_silent_is_cut_off(venue: VenueProcess) -> None:
    with logged_in(venue, "silent", heartbeat_s=1) as client:
        frames = client.receive_rest()

    *beats, error, close = frames
    assert {beat.message["type"] for beat in beats} == {"heartbeat"}
    assert error.message["code"] == "heartbeat_missed"
    assert (close.close_code, close.reason) == (1008, "heartbeat_missed")


def test_no_login_in_time(tmp_path: Path) -> None:
    with guarded_web_venue(tmp_path, tcp="login_timeout_s = 1") as venue, shaken(venue) as client:
        error, close = client.receive_rest()

    assert error.message["code"] == "login_timeout"
    assert (close.close_code, close.reason) == (1008, "login_timeout")


def test_a_message_that_never_ends_is_given_up(tmp_path: Path) -> None:
    with guarded_web_venue(tmp_path, tcp="line_timeout_s = 1") as venue, shaken(venue) as client:
        client.send(login("alice"))
        assert client.receive()["type"] == "welcome"
        client.send_bytes(frame(b'{"type":', final=False))
        error, close = client.receive_rest()

    assert error.message["code"] == "line_timeout"
    assert close.close_code == 1008


def test_secrets_and_roles_are_those_of_tcp(tmp_path: Path) -> None:
    with guarded_web_venue(tmp_path) as venue:
        with shaken(venue) as client:
            client.send({"type": "login", "account": "alice", "secret": "guess"})
            refused, close = client.receive_rest()
        with shaken(venue) as client:
            client.send(login("watch"))
            welcome = client.receive()
            not_allowed = client.ask(new("a", "buy", 1, 1))

    assert refused.message["code"] == "login_failed"
    assert (close.close_code, close.reason) == (1008, "login_failed")
    assert welcome["type"] == "welcome"
    assert not_allowed["code"] == "not_allowed"


def test_the_venue_says_that_it_goes_away(tmp_path: Path) -> None:
    with web_venue(tmp_path) as venue, logged_in(venue, "alice") as client, shaken(venue) as stranger:
        venue.process.terminate()
        words, others = client.receive_rest(), stranger.receive_rest()
        client.close()
        stranger.close()
        assert venue.wait() == 0

    assert [words[0].message["type"], words[1].close_code] == ["logged_out", 1001]
    assert [others[0].message["code"], others[1].close_code] == ["shutting_down", 1001]


# -- frames ----------------------------------------------------------------------------------------
def test_what_comes_right_behind_the_handshake_counts(venue: VenueProcess) -> None:
    many = b"".join(frame(new(f"h{number}", "buy", 1, 1)) for number in range(3000))
    behind = frame({"type": "login", "account": "hasty"}) + many
    with shaken(venue, behind=behind) as client:
        frames = [client.receive_frame() for _ in range(3001)]

    assert [one.message["type"] for one in frames] == ["welcome"] + ["accepted"] * 3000
    assert [one.message["client_order_id"] for one in frames[1:]] == [f"h{number}" for number in range(3000)]


def test_fragments_with_pings_between_them_are_one_message(venue: VenueProcess) -> None:
    with logged_in(venue, "pieces") as client:
        text = json.dumps(new("größe", "buy", 1, 1), ensure_ascii=False).encode()
        cut = text.index("ö".encode()) + 1  # in the middle of a character
        client.send_bytes(frame(text[:cut], final=False) + frame(b"?", PING))
        pong = client.receive_frame()
        client.send_bytes(frame(b"", CONTINUATION, final=False) + frame(text[cut:], CONTINUATION))
        accepted = client.receive()

    assert pong == Frame(PONG, b"?")
    assert (accepted["type"], accepted["client_order_id"]) == ("accepted", "größe")


def test_a_ping_is_answered_before_a_login_as_well(venue: VenueProcess) -> None:
    with shaken(venue) as client:
        client.send_bytes(frame(b"one", PING) + frame(b"two", PING) + frame(b"", PONG))

        assert client.receive_frame() == Frame(PONG, b"two")


def test_a_close_frame_is_answered_after_all_that_was_asked_before_it(venue: VenueProcess) -> None:
    with logged_in(venue, "leaves") as client:
        client.send_bytes(
            frame(new("a", "buy", 1, 1)) + frame(b"\x03\xe8", CLOSE) + frame(new("late", "buy", 1, 1))
        )
        accepted, last_word, close = client.receive_rest()
    with venue.login("leaves") as again:
        answer = again.ask({"type": "order_status", "client_order_id": "late"})

    assert accepted.message["type"] == "accepted"
    assert last_word.message["type"] == "logged_out"
    assert close == Frame(CLOSE, b"\x03\xe8")
    assert answer["code"] == "unknown_order"


def test_half_a_message_at_the_end_is_named_and_not_taken(venue: VenueProcess) -> None:
    with logged_in(venue, "half") as client:
        client.send_bytes(frame(new("a", "buy", 1, 1))[:-10])
        client.socket.shutdown(1)
        error, _, _ = client.receive_rest()

    assert (error.message["code"], error.message["line"]) == ("line_cut_short", 2)


def test_a_faulty_message_gets_its_number_and_the_session_goes_on(venue: VenueProcess) -> None:
    with logged_in(venue, "errs") as client:
        client.send_bytes(frame("{") + frame({"type": "nonsense"}) + frame(new("a", "buy", 1, 1)))
        not_json, invalid, accepted = (client.receive() for _ in range(3))

    assert (not_json["code"], not_json["line"]) == ("not_json", 2)
    assert (invalid["code"], invalid["line"]) == ("invalid_message", 3)
    assert accepted["type"] == "accepted"


def test_a_snapshot_of_many_levels_is_one_frame(venue: VenueProcess) -> None:
    with logged_in(venue, "deep") as client:
        orders = [{**new(f"d{price}", "buy", 1, price), "symbol": "CORN"} for price in range(1, 8001)]
        client.send_bytes(b"".join(map(frame, orders)))
        for _ in orders:
            client.receive_frame()
        client.send({"type": "subscribe", "channel": "depth", "symbol": "CORN"})
        client.receive()
        snapshot = client.receive_frame()

    assert snapshot.opcode == TEXT
    assert len(snapshot.payload) > 65536
    assert len(snapshot.message["bids"]) == 8000


# -- handshakes ------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("headers", "status", "where"),
    [
        ({"Upgrade": None}, 426, "Upgrade"),
        ({"Upgrade": "h2c"}, 426, "Upgrade"),
        ({"Connection": "keep-alive"}, 426, "Upgrade"),
        ({"Sec_WebSocket_Version": "8"}, 426, "Sec-WebSocket-Version"),
        ({"Sec_WebSocket_Key": "short"}, 400, "Sec-WebSocket-Key"),
        ({"Sec_WebSocket_Key": None}, 400, "Sec-WebSocket-Key"),
        ({"Sec_WebSocket_Protocol": "mqtt, soap"}, 400, "Sec-WebSocket-Protocol"),
    ],
)
def test_what_is_no_handshake_is_told_why(
    venue: VenueProcess, headers: dict[str, str | None], status: int, where: str
) -> None:
    with shaken(venue, **headers) as client:
        error = client.body()

    assert client.status == status
    assert (error["code"], error["where"]) == ("invalid_message", f"header.{where}")
    if status == 426:
        assert client.headers["sec-websocket-version"] == "13"


@pytest.mark.parametrize(
    ("origin", "host"),
    [
        ("https://evil.example", None),
        ("null", None),
        ("http://127.0.0.1:1", None),
        # The name of a page is no proof, even if it leads here.
        ("http://rebound.example", "rebound.example"),
    ],
)
def test_pages_of_other_sites_do_not_get_in(venue: VenueProcess, origin: str, host: str | None) -> None:
    headers = {"Origin": origin} | ({"Host": host} if host else {})

    with shaken(venue, **headers) as client:
        error = client.body()

    assert client.status == 403
    assert error["code"] == "not_allowed"


def status(venue: VenueProcess, **headers: str | None) -> int:
    with shaken(venue, **headers) as client:
        return client.status


def test_pages_of_the_venue_itself_and_of_listed_sites_get_in(tmp_path: Path) -> None:
    file = tmp_path / "web.toml"
    file.write_text('[http]\nport = 0\nallow_origins = ["https://desk.example"]\n', encoding="utf-8")
    with web_venue(tmp_path, str(file)) as venue:
        port = http_port(venue)
        statuses = {
            host: status(venue, Origin=f"http://{host}", Host=host)
            for host in (f"127.0.0.1:{port}", f"localhost:{port}", f"[::1]:{port}", "localhost")
        }
        listed = status(venue, Origin="https://desk.example")
        other = status(venue, Origin="https://other.example")

    assert set(statuses.values()) == {101}
    assert (listed, other) == (101, 403)


def test_connections_of_one_source_are_counted_together_with_those_of_tcp(tmp_path: Path) -> None:
    with guarded_web_venue(tmp_path, tcp="max_connections_per_source = 2") as venue:
        first, second = venue.connect(), shaken(venue)
        with shaken(venue) as third:
            refused = third.body()
        with venue.connect() as fourth:
            also_refused = fourth.receive()
        with shaken(venue, source="127.0.0.9") as elsewhere:
            assert elsewhere.status == 101
        second.send_bytes(frame(b"", CLOSE))
        second.receive_rest()
        second.close()
        with shaken(venue) as again:
            status = again.status
        first.close()
        venue.stop()

    assert third.status == 503
    assert refused["code"] == also_refused["code"] == "too_many_connections"
    assert status == 101
    assert venue.logged("counted")["connections_refused"] == 2


def test_a_connection_that_became_a_websocket_takes_no_room_of_http(tmp_path: Path) -> None:
    file = tmp_path / "web.toml"
    file.write_text("[http]\nport = 0\nmax_connections = 1\n", encoding="utf-8")
    with web_venue(tmp_path, str(file)) as venue:
        clients = [logged_in(venue, f"guest {number}") for number in range(5)]
        answers = [client.ask(new("a", "buy", 1, 1))["type"] for client in clients]
        for client in clients:
            client.close()

    assert answers == ["accepted"] * 5


def test_trading_goes_through_tls(tmp_path: Path) -> None:
    certificate, key, file = (tmp_path / name for name in ("web.crt", "web.key", "web.toml"))
    make_self_signed(certificate, key)
    pair = f'certificate = "{certificate}"\nkey = "{key}"'
    file.write_text(f"[http]\nport = 0\n{pair}\n", encoding="utf-8")
    trusting = ssl.create_default_context(cafile=str(certificate))
    with web_venue(tmp_path, str(file)) as venue:
        address = f"wss://localhost:{http_port(venue)}/ws"
        with connect(address, ssl=trusting, compression=None) as client:
            ask(client, {"type": "login", "account": "alice"})
            accepted = ask(client, new("a", "buy", 1, 1))
            said_bye = ask(client, {"type": "logout"})
            with pytest.raises(ConnectionClosed) as closed:
                client.recv(timeout=20)

    assert (accepted["type"], said_bye["type"]) == ("accepted", "logged_out")
    assert closed.value.rcvd is not None
    assert closed.value.rcvd.code == 1000


def test_plain_http_goes_on_beside_it(venue: VenueProcess) -> None:
    with logged_in(venue, "beside"), RawClient("127.0.0.1", http_port(venue)) as browser:
        browser.send_bytes(b"GET /health HTTP/1.1\r\nHost: localhost\r\n\r\n")
        assert browser.socket.recv(12) == b"HTTP/1.1 200"


@pytest.mark.skipif(not find_spec("uvloop"), reason="the faster loop is an extra")
def test_the_faster_loop_serves_both_ways(tmp_path: Path) -> None:
    with web_venue(tmp_path, "--uvloop") as venue:
        many = b"".join(frame(new(f"h{number}", "buy", 1, 1)) for number in range(500))
        with shaken(venue, behind=frame({"type": "login", "account": "hasty"}) + many) as client:
            kinds = [client.receive()["type"] for _ in range(501)]
            client.send_bytes(frame(b"?", PING))
            assert client.receive_frame() == Frame(PONG, b"?")
            client.send_bytes(frame(b"", CLOSE))
            *_, close = client.receive_rest()
        with venue.login("alice") as on_tcp:
            assert on_tcp.ask(new("a", "buy", 1, 1))["type"] == "accepted"
        assert [entry for entry in venue.log if entry["event"] == "unexpected"] == []

    assert kinds == ["welcome"] + ["accepted"] * 500
    assert close.close_code == 1000


NODE = """
const venue = new WebSocket(process.argv[1], ["tontine.v4"]);
venue.onopen = () => venue.send(JSON.stringify({type: "login", account: "node"}));
venue.onmessage = (event) => {
  const message = JSON.parse(event.data);
  console.log(message.type);
  if (message.type === "welcome") venue.send(JSON.stringify({type: "subscribe", channel: "bbo", symbol: "ACME"}));
  if (message.type === "bbo") venue.send("no JSON");
  if (message.type === "error") venue.send(new Uint8Array([1, 2, 3]));
};
venue.onclose = (event) => console.log(venue.protocol, event.code, event.reason, event.wasClean);
"""


def browsers_client() -> list[str] | None:
    """The command of a program that has the WebSocket of browsers."""
    for command in (["node"], ["node", "--experimental-websocket"]):
        asked = [*command, "-e", "process.exit(typeof WebSocket === 'function' ? 0 : 1)"]
        if which("node") and subprocess.run(asked, capture_output=True, check=False).returncode == 0:
            return command
    return None


@pytest.mark.skipif(browsers_client() is None, reason="no node with a WebSocket on this machine")
def test_the_websocket_of_browsers_understands_it_all(venue: VenueProcess) -> None:
    command = browsers_client()
    assert command is not None

    done = subprocess.run(
        [*command, "-e", NODE, web_address(venue)], capture_output=True, text=True, check=True, timeout=60
    )

    assert done.stdout.splitlines() == [
        "welcome",
        "subscribed",
        "bbo",
        "error",
        "error",
        "tontine.v4 1003 binary_frame true",
    ]


# -- its description -------------------------------------------------------------------------------
def test_the_description_names_the_addresses_by_which_the_venue_was_reached(venue: VenueProcess) -> None:
    port = http_port(venue)

    with urllib.request.urlopen(f"http://localhost:{port}/asyncapi.json") as response:
        served = json.load(response)

    assert served == document(Listening(f"localhost:{venue.port}"), Listening(f"localhost:{port}"))

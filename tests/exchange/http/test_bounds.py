"""Bounds of HTTP: heads, bodies, connections, requests a second, browsers; and TLS."""

import json
import signal
import socket
import ssl
from collections.abc import Iterator
from pathlib import Path

import pytest

from exchange.gateways.http.pace import Pace
from exchange.self_signed import make_self_signed
from tests.support.guarded import SECRETS, guarded_venue
from tests.support.over_http import (
    API,
    HttpClient,
    authorization,
    http_address,
    open_http_venue,
    over_http,
)
from tests.support.venue import PATIENCE_S, VenueProcess

HTTP = "request_timeout_s = 1\nmax_body_bytes = 4096\nmax_connections_per_source = 20"


@pytest.fixture(scope="module")
def venue(tmp_path_factory: pytest.TempPathFactory) -> Iterator[VenueProcess]:
    with guarded_venue(tmp_path_factory.mktemp("venue"), http=HTTP) as process:
        yield process


def connect(venue: VenueProcess, source: str = "127.0.0.1") -> socket.socket:
    return socket.create_connection(http_address(venue), PATIENCE_S, source_address=(source, 0))


def said(connection: socket.socket, data: bytes = b"") -> tuple[str, str]:
    """Send something; the status line and the code with which the venue hangs up, both empty if it just does."""
    connection.sendall(data)
    heard = b""
    try:
        while part := connection.recv(65536):
            heard += part
    except ConnectionResetError:
        pass
    head, _, body = heard.partition(b"\r\n\r\n")
    return head.decode().partition("\r\n")[0], json.loads(body)["code"] if body else ""


def head(method: str, path: str, *lines: str) -> bytes:
    login = authorization("alice", SECRETS["alice"])["Authorization"]
    fixed = [f"{method} {API}/{path} HTTP/1.1", "Host: localhost", f"Authorization: {login}"]
    return "\r\n".join([*fixed, "Content-Type: application/json", *lines, "", ""]).encode()


# -- heads and bodies ------------------------------------------------------------------------------
@pytest.mark.parametrize("begun", [b"", b"GET", b"GET / HTTP/1.1\r\nHost: local"])
def test_who_does_not_finish_a_head_is_cut_off(venue: VenueProcess, begun: bytes) -> None:
    with connect(venue) as connection:
        assert said(connection, begun) == ("", "")


def test_a_body_has_to_end_in_time(venue: VenueProcess) -> None:
    with connect(venue) as connection:
        told = said(connection, head("POST", "orders", "Content-Length: 100") + b"{")

    assert told == ("HTTP/1.1 408 Request Timeout", "line_timeout")


@pytest.mark.parametrize(
    "data",
    [
        head("POST", "orders", "Content-Length: 5000") + b"x" * 5000,
        head("POST", "orders", "Transfer-Encoding: chunked") + (b"800\r\n" + b"x" * 2048 + b"\r\n") * 4,
    ],
)
def test_a_body_that_is_too_long_is_not_kept(venue: VenueProcess, data: bytes) -> None:
    with connect(venue) as connection:
        told = said(connection, data)

    assert told == ("HTTP/1.1 413 Request Entity Too Large", "line_too_long")


def test_a_head_that_is_too_long_is_refused(venue: VenueProcess) -> None:
    with connect(venue) as connection:
        status, code = said(connection, head("GET", "account", "X: " + "x" * 20_000))

    assert (status.split()[1], code) == ("431", "line_too_long")


@pytest.mark.parametrize("data", [b"hello\r\n\r\n", b"\x16\x03\x01\x02\x00\x01\x00\r\n\r\n", b"{}\r\n\r\n"])
def test_what_is_no_http_is_told_so(venue: VenueProcess, data: bytes) -> None:
    with connect(venue) as connection:
        status, code = said(connection, data)

    assert (status.split()[1], code) == ("400", "invalid_message")


def test_requests_one_behind_the_other_are_answered_in_order(venue: VenueProcess) -> None:
    paths = ["instruments/ACME/bbo", "instruments/NONE/bbo"] * 50
    with connect(venue) as connection:
        connection.sendall(b"".join(head("GET", path) for path in paths))
        heard = b""
        while heard.count(b"HTTP/1.1 ") < len(paths):
            heard += connection.recv(65536)

    statuses = [part.split()[0].decode() for part in heard.split(b"HTTP/1.1 ")[1:]]
    assert statuses == ["200", "404"] * 50


# -- how many, how fast ----------------------------------------------------------------------------
def test_a_source_has_so_many_connections_and_no_more(venue: VenueProcess) -> None:
    kept = [connect(venue, "127.0.0.7") for _ in range(20)]
    with connect(venue, "127.0.0.7") as refused:
        status, code = said(refused)
    with connect(venue, "127.0.0.8") as elsewhere:
        elsewhere.sendall(head("GET", "instruments"))
        answered = elsewhere.recv(20)
    for connection in kept:
        connection.close()

    assert (status, code) == ("HTTP/1.1 503 Service Unavailable", "too_many_connections")
    assert answered.startswith(b"HTTP/1.1 200")


def test_a_source_that_asks_too_fast_is_told_to_wait(tmp_path: Path) -> None:
    with guarded_venue(tmp_path, http="max_requests_per_second = 3") as venue, over_http(venue) as client:
        answers = [client.get("instruments") for _ in range(5)]

    assert [answer.status for answer in answers][:4] == [200, 200, 200, 429]
    refused = answers[3]
    assert (refused.code, refused.headers["retry-after"]) == ("too_many_requests", "1")
    assert answers[4].status == 200, "a second later it may again"


def test_the_reserve_of_a_source_comes_back_and_what_is_known_of_sources_is_bounded() -> None:
    pace = Pace(per_second=2, max_sources=3)

    first = [pace.is_too_fast("a", now_s=0.0) for _ in range(3)]
    later = [pace.is_too_fast("a", now_s=0.5) for _ in range(2)]
    for source in "bcde":
        pace.is_too_fast(source, now_s=1.0)

    assert (first, later) == ([False, False, True], [False, True])
    assert len(pace) == 3


# -- browsers --------------------------------------------------------------------------------------
def test_pages_of_other_sites_may_not_act_unless_they_are_listed(tmp_path: Path) -> None:
    listed = 'allow_origins = ["https://desk.example"]'
    with guarded_venue(tmp_path, http=listed) as venue, over_http(venue, "alice") as alice:
        foreign = alice.ask("DELETE", "orders", None, Origin="https://evil.example")
        own = alice.ask("DELETE", "orders", None, Origin="http://{}:{}".format(*alice.address))
        allowed = alice.ask("DELETE", "orders", None, Origin="https://desk.example")
        preflight = alice.ask(
            "OPTIONS",
            "orders",
            None,
            Origin="https://desk.example",
            Access_Control_Request_Method="DELETE",
        )
        read = alice.get("instruments", Origin="https://evil.example")

    assert (foreign.status, foreign.code, foreign.json["where"]) == (403, "not_allowed", "header.Origin")
    assert (own.status, allowed.status) == (200, 200)
    assert allowed.headers["access-control-allow-origin"] == "https://desk.example"
    assert "DELETE" in preflight.headers["access-control-allow-methods"]
    assert "Authorization" in preflight.headers["access-control-allow-headers"]
    assert read.status == 200
    assert "access-control-allow-origin" not in read.headers


def test_an_open_venue_answers_under_no_name_but_localhost(tmp_path: Path) -> None:
    with open_http_venue(tmp_path, journal=False) as venue, over_http(venue) as client:
        lured = client.get("instruments", Host="evil.example")
        plain = client.get("instruments", Host="localhost:1")

    assert (lured.status, lured.code, lured.json["where"]) == (403, "not_allowed", "header.Host")
    assert plain.status == 200


# -- TLS -------------------------------------------------------------------------------------------
def test_requests_go_through_a_certificate_that_the_client_checks(tmp_path: Path) -> None:
    certificate, key = tmp_path / "http.crt", tmp_path / "http.key"
    make_self_signed(certificate, key)
    http = f'certificate = "{certificate}"\nkey = "{key}"'
    with guarded_venue(tmp_path, http=http) as venue:
        host, port = http_address(venue)
        trusting = ssl.create_default_context(cafile=str(certificate))
        with HttpClient(host, port, "alice", SECRETS["alice"], trusting) as alice:
            answer = alice.get("account")
        with (
            pytest.raises(ssl.SSLCertVerificationError),
            HttpClient(host, port, tls=ssl.create_default_context()) as other,
        ):
            other.get("instruments")
        with connect(venue) as plain:
            plain_said = said(plain, head("GET", "instruments"))

    assert (answer.status, answer.json["account"]) == (200, "alice")
    assert venue.logged("listening_http")["tls"] is True
    assert plain_said == ("", "")


def test_a_new_certificate_is_served_to_new_connections_after_sighup(tmp_path: Path) -> None:
    certificate, key = tmp_path / "http.crt", tmp_path / "http.key"
    make_self_signed(certificate, key)
    http = f'certificate = "{certificate}"\nkey = "{key}"'
    with guarded_venue(tmp_path, http=http) as venue:
        host, port = http_address(venue)
        make_self_signed(certificate, key)
        file = tmp_path / "venue.toml"
        file.write_text(file.read_text().replace("[http]", "[http]\nmax_body_bytes = 1024"))
        mark = len(venue.log)
        venue.process.send_signal(signal.SIGHUP)
        venue.logged("venue_file_read_again", mark)
        changed = {entry["key"] for entry in venue.log[mark:] if entry["event"] == "setting_changed"}
        kept = {entry["key"] for entry in venue.log[mark:] if entry["event"] == "setting_kept"}
        with HttpClient(host, port, tls=ssl.create_default_context(cafile=str(certificate))) as client:
            status = client.get("instruments").status

    assert (changed, kept, status) == ({"http.certificate"}, {"http.max_body_bytes"}, 200)

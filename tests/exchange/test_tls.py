"""TLS over real sockets: the same protocol, nothing old, and a certificate that can be changed."""

import signal
import ssl
import warnings
from collections.abc import Iterator
from pathlib import Path

import pytest

from exchange.self_signed import make_self_signed
from tests.support.guarded import guarded_venue, login
from tests.support.venue import RawClient, VenueProcess, new


def certified(directory: Path) -> str:
    """A certificate with its key in ``directory``; the lines of the venue file that name them."""
    certificate, key = directory / "venue.crt", directory / "venue.key"
    make_self_signed(certificate, key)
    return f'certificate = "{certificate}"\nkey = "{key}"\nmax_outgoing_bytes = 262144'


@pytest.fixture(scope="module")
def directory(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("venue")


@pytest.fixture(scope="module")
def venue(directory: Path) -> Iterator[VenueProcess]:
    with guarded_venue(directory, tcp=certified(directory)) as process:
        yield process


def trusting(directory: Path) -> ssl.SSLContext:
    """A client that believes this venue's certificate and no other."""
    return ssl.create_default_context(cafile=str(directory / "venue.crt"))


def secured(venue: VenueProcess, context: ssl.SSLContext, *, receive_buffer: int = 0) -> RawClient:
    """A connection after the handshake."""
    client = venue.connect(receive_buffer=receive_buffer)
    try:
        client.socket = context.wrap_socket(client.socket, server_hostname="localhost")
    except OSError:
        client.close()
        raise
    return client


def let_in(venue: VenueProcess, directory: Path, name: str, **fields: object) -> RawClient:
    client = secured(venue, trusting(directory))
    client.welcome = client.ask(login(name, **fields))
    return client


def test_trading_goes_through_a_certificate_that_the_client_checks(
    venue: VenueProcess, directory: Path
) -> None:
    with let_in(venue, directory, "alice") as alice:
        assert alice.welcome["type"] == "welcome"
        assert isinstance(alice.socket, ssl.SSLSocket)
        assert alice.socket.version() in ("TLSv1.2", "TLSv1.3")
        assert alice.ask(new("a", "buy", 1, 1))["type"] == "accepted"
        assert [alice.ask({"type": "mass_cancel"})["type"], alice.receive()["type"]] == [
            "canceled",
            "mass_canceled",
        ]


def test_no_byte_is_lost_however_much_arrives_at_once(venue: VenueProcess, directory: Path) -> None:
    with let_in(venue, directory, "alice") as alice:
        count = 6_000  # some 600 KB: many records, more than one buffer of the venue

        alice.socket.setblocking(True)
        received: list[str] = []
        for start in range(0, count, 2_000):
            alice.send(*(new(f"m{start + n}", "buy", 1, 1) for n in range(2_000)))
            received += [alice.receive()["client_order_id"] for _ in range(2_000)]

        assert received == [f"m{n}" for n in range(count)]
        alice.send({"type": "mass_cancel"})
        assert alice.receive_until("mass_canceled")[-1]["count"] == count


def test_lines_may_come_byte_by_byte_as_records_of_their_own(venue: VenueProcess, directory: Path) -> None:
    with let_in(venue, directory, "bob") as bob:
        for byte in b'{"type":"mass_cancel"}\n':
            bob.send_bytes(bytes([byte]))

        assert bob.receive()["type"] == "mass_canceled"


def test_who_logs_out_gets_the_last_word_and_an_end(venue: VenueProcess, directory: Path) -> None:
    with let_in(venue, directory, "bob", cancel_on_disconnect=True) as bob:
        bob.ask(new("last", "buy", 1, 1))
        bob.send({"type": "logout"})

        assert [message["type"] for message in bob.receive_rest()] == ["canceled", "logged_out"]


def test_a_client_that_closes_takes_its_orders_along(venue: VenueProcess, directory: Path) -> None:
    with let_in(venue, directory, "bob") as other:
        with let_in(venue, directory, "bob", cancel_on_disconnect=True) as bob:
            bob.ask(new("gone", "buy", 1, 1))
            other.receive()

        assert other.receive()["reason"] == "disconnected"


def test_another_certificate_is_not_believed(venue: VenueProcess, tmp_path: Path) -> None:
    certified(tmp_path)

    with pytest.raises(ssl.SSLCertVerificationError):
        secured(venue, trusting(tmp_path))


def test_tls_older_than_1_2_is_not_spoken(venue: VenueProcess, directory: Path) -> None:
    old = trusting(directory)
    old.set_ciphers("ALL:@SECLEVEL=0")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        old.minimum_version = ssl.TLSVersion.TLSv1
        old.maximum_version = ssl.TLSVersion.TLSv1_1

    with pytest.raises((ssl.SSLError, ConnectionResetError)):
        secured(venue, old)


def test_who_does_not_speak_tls_learns_nothing_and_is_gone(venue: VenueProcess) -> None:
    with venue.connect() as client:
        client.send(login("alice"))

        heard = b""
        try:
            while data := client.socket.recv(65536):
                heard += data
        except ConnectionResetError:
            pass

    assert b"{" not in heard  # an alert of TLS at most


def test_a_connection_that_breaks_in_the_middle_of_the_handshake_hurts_nobody(
    venue: VenueProcess, directory: Path
) -> None:
    for _ in range(50):
        client = venue.connect()
        client.send_bytes(b"\x16\x03\x01\x02\x00\x01\x00")
        client.reset()

    with let_in(venue, directory, "alice") as alice:
        assert alice.ask({"type": "mass_cancel"})["type"] == "mass_canceled"


def test_a_new_certificate_is_served_to_new_connections_and_the_open_ones_go_on(tmp_path: Path) -> None:
    with guarded_venue(tmp_path, tcp=certified(tmp_path)) as venue:
        with let_in(venue, tmp_path, "alice") as before:
            certified(tmp_path)
            mark = len(venue.log)
            venue.process.send_signal(signal.SIGHUP)
            venue.logged("venue_file_read_again", mark)

            with let_in(venue, tmp_path, "bob") as after:  # believes the new one only
                assert after.ask({"type": "mass_cancel"})["type"] == "mass_canceled"
            assert before.ask({"type": "mass_cancel"})["type"] == "mass_canceled"
        assert venue.stop() == 0


def test_who_reads_too_slowly_is_cut_off_here_as_well(venue: VenueProcess, directory: Path) -> None:
    with secured(venue, trusting(directory), receive_buffer=4096) as sleeper:
        sleeper.ask(login("bob"))
        with let_in(venue, directory, "bob") as awake:
            mark = len(venue.log)
            number = 0
            while not any(entry["event"] == "slow_consumer_cut_off" for entry in venue.log[mark:]):
                number += 1
                assert number < 2_000
                awake.send(
                    *(new(f"s{number}-{n}", "sell", 1, 5 + n) for n in range(20)), {"type": "mass_cancel"}
                )
                awake.receive_until("mass_canceled")

            assert awake.ask({"type": "mass_cancel"})["type"] == "mass_canceled"

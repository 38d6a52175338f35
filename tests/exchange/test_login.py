"""Logins at a venue that asks for secrets, over real sockets."""

import re
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.guarded import SECRETS, guarded_venue, let_in, login
from tests.support.venue import Json, VenueProcess, new


@pytest.fixture(scope="module")
def venue(tmp_path_factory: pytest.TempPathFactory) -> Iterator[VenueProcess]:
    with guarded_venue(tmp_path_factory.mktemp("venue"), tcp="max_sessions_per_account = 3") as process:
        yield process


def refused(venue: VenueProcess, message: Json, source: str = "127.0.0.1") -> Json:
    """Log in from there; the answer, after which the venue must have hung up."""
    with venue.connect(source=source) as client:
        client.send(message)
        *_, answer = client.receive_rest()
        return answer


def test_account_and_secret_open_a_session(venue: VenueProcess) -> None:
    with let_in(venue, "alice") as client:
        assert (client.welcome["account"], client.welcome["session"] > 0) == ("alice", True)
        assert client.ask(new("a", "buy", 1, 1))["type"] == "accepted"
        client.ask({"type": "mass_cancel"})


def test_whoever_does_not_know_the_secret_gets_one_and_the_same_answer(venue: VenueProcess) -> None:
    answers = [
        refused(venue, {"type": "login", "account": account} | fields, source="127.0.0.10")
        for account, fields in (("alice", {"secret": "wrong"}), ("alice", {}), ("nobody", {"secret": "x"}))
    ]

    assert answers[0]["code"] == "login_failed"
    assert answers == [answers[0]] * 3


def test_nobody_logs_in_as_the_venue_itself(venue: VenueProcess) -> None:
    answer = refused(venue, {"type": "login", "account": "*", "secret": "x"}, source="127.0.0.11")

    assert answer["code"] == "login_failed"


def test_who_guesses_has_to_wait_and_so_does_who_comes_from_there_with_the_secret(
    venue: VenueProcess,
) -> None:
    source = "127.0.0.12"
    guesses = [refused(venue, {"type": "login", "account": "bob", "secret": "x"}, source) for _ in range(6)]

    late = refused(venue, login("bob"), source)

    codes = [guess["code"] for guess in guesses]
    assert codes[:4] == ["login_failed"] * 4
    assert codes[4:] == ["login_throttled"] * 2
    assert late["code"] == "login_throttled"
    assert source in late["text"]
    with let_in(venue, "bob"):  # from elsewhere
        pass


def test_what_comes_with_the_login_waits_for_it(venue: VenueProcess) -> None:
    with venue.connect() as client:
        client.send(login("bob"), new("b1", "buy", 1, 1), {"type": "cancel", "client_order_id": "b1"})
        client.socket.shutdown(1)

        kinds = [message["type"] for message in client.receive_rest()]

    assert kinds == ["welcome", "accepted", "canceled", "logged_out"]


def test_what_comes_with_a_login_that_fails_is_not_taken(venue: VenueProcess) -> None:
    with venue.connect(source="127.0.0.13") as client:
        client.send({"type": "login", "account": "bob", "secret": "x"}, new("b2", "buy", 1, 1))

        answers = client.receive_rest()

    assert [(answer["type"], answer["code"], answer["line"]) for answer in answers] == [
        ("error", "login_failed", 1)
    ]
    with let_in(venue, "bob") as bob:
        assert bob.welcome["open_orders"] == []


def test_an_account_has_several_sessions_that_all_hear_of_everything_and_no_more_than_it_may(
    venue: VenueProcess,
) -> None:
    sessions = [let_in(venue, "alice") for _ in range(3)]

    one_too_many = refused(venue, login("alice"))
    sessions[0].send(new("shared", "buy", 1, 1), {"type": "cancel", "client_order_id": "shared"})
    heard = [[session.receive()["type"] for _ in range(2)] for session in sessions]

    assert (one_too_many["code"], one_too_many["line"]) == ("too_many_sessions", 1)
    assert heard == [["accepted", "canceled"]] * 3
    assert len({session.welcome["session"] for session in sessions}) == 3
    sessions[1].ask({"type": "logout"})
    with let_in(venue, "alice"):  # there is room again
        pass
    for session in sessions:
        session.close()


def test_a_disabled_account_is_cut_off_and_stays_outside_until_it_is_enabled(venue: VenueProcess) -> None:
    with let_in(venue, "boss") as boss, let_in(venue, "bob") as bob:
        boss.ask({"type": "disable_account", "account": "bob", "why": "he did not pay"})
        *_, last_word = bob.receive_rest()

        outside = refused(venue, login("bob"))
        wrong = refused(venue, {"type": "login", "account": "bob", "secret": "x"}, source="127.0.0.14")

        assert last_word["code"] == outside["code"] == "account_disabled"
        assert wrong["code"] == "login_failed"  # nobody else learns that he is disabled
        boss.ask({"type": "enable_account", "account": "bob", "why": "he paid"})
        with let_in(venue, "bob"):
            pass


@pytest.mark.alone  # beside others the checks wait for each other, and their times say nothing
def test_an_unknown_account_takes_as_long_as_a_wrong_secret(tmp_path: Path) -> None:
    took: dict[str, list[float]] = {"alice": [], "nobody": []}
    with guarded_venue(tmp_path, real_hashes=True) as venue:
        for number in range(12):
            for account, times in took.items():
                started = time.perf_counter()
                # From ever new sources: nobody is slowed down.
                refused(venue, {"type": "login", "account": account, "secret": "x"}, f"127.0.2.{number + 1}")
                times.append(time.perf_counter() - started)

    alice, nobody = (statistics.median(times) for times in took.values())

    assert 0.5 < nobody / alice < 2


def test_no_secret_gets_into_the_log_whatever_goes_wrong(tmp_path: Path) -> None:
    said: list[bytes] = []
    with guarded_venue(tmp_path, "--log-level", "debug") as venue:
        with let_in(venue, "alice") as client:
            client.send(login("alice"))  # once too often
            client.send({"type": "login", "account": "x", "secret": 5, "unknown": SECRETS["alice"]})
            client.send({"type": "login", "secret": SECRETS["bob"]})
            client.send_bytes(b'{"type":"login","account":"bob","secret":"' + SECRETS["bob"].encode() + b"\n")
            client.send({"type": "logout"})
            said += [str(message).encode() for message in client.receive_rest()]
        with let_in(venue, "boss") as boss:
            boss.ask({"type": "create_account", "account": "new", "why": "x", "secret": "new-0ff1-secret"})
        with venue.connect() as client:
            client.send({"type": "login", "account": "alice", "secret": SECRETS["bob"]})
            said += [str(message).encode() for message in client.receive_rest()]
        with venue.connect() as client:
            client.send_bytes(b'{"type":"login","account":"bob","secret":"' + SECRETS["bob"].encode())
            client.socket.shutdown(1)
            said += [str(message).encode() for message in client.receive_rest()]
        venue.stop()

        written = "".join(str(entry) for entry in venue.log)

    assert "logged_in" in written
    assert "command_applied" in written
    assert not re.search(r"[0-9a-f]{4}-secret", written)
    assert not re.search(rb"[0-9a-f]{4}-secret", b"".join(said))


CRASH = """
import structlog
from exchange import logs
from exchange.choices import LogFormat, LogLevel

logs.configure(LogFormat.{form}, LogLevel.DEBUG)

def handle(line: bytes) -> None:
    raise RuntimeError("a fault of ours")

secret = b"-".join((b"tell", b"nobody"))  # its value stands in no line of the source, which tracebacks show
try:
    handle(b'{{"type":"login","secret":"' + secret + b'"}}')
except RuntimeError:
    structlog.get_logger().exception("unexpected")
"""


@pytest.mark.parametrize("form", ["CONSOLE", "JSON"])
def test_a_traceback_in_the_log_shows_no_values(form: str) -> None:
    crashed = subprocess.run(
        [sys.executable, "-c", CRASH.format(form=form)],
        capture_output=True,
        text=True,
        check=True,
    )

    assert "a fault of ours" in crashed.stderr
    assert "tell-nobody" not in crashed.stderr

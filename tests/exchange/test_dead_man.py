"""The dead-man switch over real sockets: it fires by itself, and only then."""

import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.venue import RawClient, VenueProcess, new, running_venue


@pytest.fixture(scope="module")
def venue(tmp_path_factory: pytest.TempPathFactory) -> Iterator[VenueProcess]:
    with running_venue(tmp_path_factory.mktemp("venue"), "--sync", "off") as process:
        yield process


def armed(venue: VenueProcess, account: str, within_ms: int) -> RawClient:
    """A session with one order and the switch armed."""
    client = venue.login(account)
    client.ask(new("alive", "buy", 1, 1))
    answer = client.ask({"type": "dead_man", "within_ms": within_ms})
    assert answer["type"] == "dead_man_armed"
    assert answer["deadline_ns"] - answer["at_ns"] <= within_ms * 1_000_000
    return client


def test_not_renewed_in_time_it_cancels_everything_soon_after_the_deadline(venue: VenueProcess) -> None:
    with armed(venue, "anna", 300) as client:
        started = time.monotonic()

        canceled, fired = client.receive(), client.receive()

        assert (canceled["type"], canceled["reason"]) == ("canceled", "dead_man")
        assert (fired["type"], fired["count"]) == ("dead_man_fired", 1)
        assert 0.2 < time.monotonic() - started < 3
        assert client.ask(new("again", "buy", 1, 1))["type"] == "accepted"  # nobody is locked out


def test_who_renews_it_lives(venue: VenueProcess) -> None:
    with armed(venue, "ben", 2_000) as client:
        until = time.monotonic() + 3

        kinds = set()
        while time.monotonic() < until:
            kinds.add(client.ask({"type": "dead_man", "within_ms": 2_000})["type"])

        assert kinds == {"dead_man_armed"}
        assert client.ask({"type": "order_status", "client_order_id": "alive"})["state"] == "live"


def test_zero_disarms_it(venue: VenueProcess) -> None:
    with armed(venue, "cleo", 400) as client, armed(venue, "dora", 600) as other:
        disarmed = client.ask({"type": "dead_man", "within_ms": 0})
        other.receive_until("dead_man_fired")  # by now the first would have fired

        assert disarmed.get("deadline_ns") is None
        assert client.ask({"type": "order_status", "client_order_id": "alive"})["state"] == "live"


def test_it_fires_without_its_owner(venue: VenueProcess) -> None:
    armed(venue, "ella", 300).close()
    with armed(venue, "finn", 600) as other:
        other.receive_until("dead_man_fired")

    with venue.login("ella") as again:
        assert again.welcome["open_orders"] == []


def test_it_fires_after_a_crash_of_the_venue_even_if_its_time_has_passed_meanwhile(tmp_path: Path) -> None:
    with running_venue(tmp_path) as venue, armed(venue, "gil", 200):
        venue.kill()

    with running_venue(tmp_path) as venue, venue.login("gil", resume_from=1) as again:
        news = again.receive_until("dead_man_fired")

    assert [message["type"] for message in news] == [
        "accepted",
        "dead_man_armed",
        "canceled",
        "dead_man_fired",
    ]

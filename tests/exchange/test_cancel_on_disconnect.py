"""What a session takes with it when it ends, in every way in which one can end (rule 49)."""

import socket
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.support.guarded import guarded_venue, let_in, login
from tests.support.venue import Json, RawClient, VenueProcess, new, running_venue


@pytest.fixture(scope="module")
def venue(tmp_path_factory: pytest.TempPathFactory) -> Iterator[VenueProcess]:
    with guarded_venue(tmp_path_factory.mktemp("venue"), tcp="max_outgoing_bytes = 262144") as process:
        yield process


def entered(venue: VenueProcess, name: str, **fields: object) -> RawClient:
    """A session that takes its orders along, with one order in the book."""
    client = let_in(venue, name, cancel_on_disconnect=True, **fields)
    client.ask(new(f"taken-{client.welcome['session']}", "buy", 1, 1))
    return client


def still_there(client: RawClient) -> None:
    """A request and its answer, after which whatever came before it has happened."""
    client.ask({"type": "account_status"})


def log_out(client: RawClient) -> None:
    client.send({"type": "logout"})


def close(client: RawClient) -> None:
    client.close()


def reset(client: RawClient) -> None:
    client.reset()


def end_of_input(client: RawClient) -> None:
    client.socket.shutdown(socket.SHUT_WR)


def half_a_line(client: RawClient) -> None:
    client.send_bytes(b'{"type":')
    client.socket.shutdown(socket.SHUT_WR)


def endless_line(client: RawClient) -> None:
    client.send_bytes(b"x" * 70_000)


def silence(client: RawClient) -> None:
    """It was to send a heartbeat each second."""


ENDS: dict[str, Callable[[RawClient], None]] = {
    "logout": log_out,
    "close": close,
    "reset": reset,
    "end of input": end_of_input,
    "half a line": half_a_line,
    "endless line": endless_line,
    "silence": silence,
}


@pytest.mark.parametrize("way", ENDS)
def test_however_a_session_ends_its_orders_are_canceled_and_those_of_others_stay(
    venue: VenueProcess, way: str
) -> None:
    with let_in(venue, "alice") as other:
        other.ask(new(f"stays {way}", "buy", 1, 1))
        client = entered(venue, "alice", heartbeat_s=1 if way == "silence" else 0)
        other.receive()

        ENDS[way](client)
        canceled = other.receive()

        name = f"taken-{client.welcome['session']}"
        assert (canceled["type"], canceled["client_order_id"]) == ("canceled", name)
        assert canceled["reason"] == "disconnected"
        client.close()
        still_there(other)
        assert other.is_silent()
        other.send({"type": "mass_cancel"})
        assert other.receive_until("mass_canceled")[-1]["count"] == 1


def test_who_logs_out_sees_the_cancels_before_the_last_word(venue: VenueProcess) -> None:
    with entered(venue, "alice") as client:
        log_out(client)

        assert [message["type"] for message in client.receive_rest()] == ["canceled", "logged_out"]


def test_who_does_not_ask_for_it_keeps_its_orders(venue: VenueProcess) -> None:
    with let_in(venue, "alice") as client:
        client.ask(new("kept", "buy", 1, 1))

    with let_in(venue, "alice") as again:
        assert [order["client_order_id"] for order in again.welcome["open_orders"]] == ["kept"]
        again.ask({"type": "mass_cancel"})


def test_each_session_takes_its_own_orders_only(venue: VenueProcess) -> None:
    with let_in(venue, "alice") as other:
        first, second = entered(venue, "alice"), entered(venue, "alice")
        other.receive()
        other.receive()

        first.close()

        assert other.receive()["client_order_id"] == f"taken-{first.welcome['session']}"
        still_there(other)
        assert other.is_silent()
        second.close()
        assert other.receive()["client_order_id"] == f"taken-{second.welcome['session']}"


def test_quotes_go_with_their_session_as_well(venue: VenueProcess) -> None:
    with let_in(venue, "bob") as other:
        quoting = let_in(venue, "bob", cancel_on_disconnect=True)
        quote = {"symbol": "ACME", "bid": 3, "bid_quantity": 1, "ask": 9, "ask_quantity": 1}
        quoting.send({"type": "mass_quote", "quote_set": "q", "quotes": [quote]})
        quoting.receive_until("mass_quoted")

        quoting.close()

        kinds = [other.receive() for _ in range(4)]
        assert [message["type"] for message in kinds] == ["accepted"] * 2 + ["canceled"] * 2
        assert {message["reason"] for message in kinds[2:]} == {"disconnected"}


def test_who_reads_too_slowly_loses_its_orders_and_finds_the_last_word(venue: VenueProcess) -> None:
    with venue.connect(receive_buffer=4096) as sleeper, let_in(venue, "bob") as awake:
        sleeper.ask(login("bob", cancel_on_disconnect=True))
        sleeper.ask(new("asleep", "buy", 1, 1))
        awake.receive()
        end: Json | None = None
        while end is None:
            orders = [new(f"s{time.monotonic_ns()}-{n}", "sell", 1, 5 + n) for n in range(20)]
            awake.send(*orders, {"type": "mass_cancel", "side": "sell"})
            news = awake.receive_until("mass_canceled")
            end = next((one for one in news if one.get("client_order_id") == "asleep"), None)

        rest = sleeper.receive_rest()

        assert (end["type"], end["reason"]) == ("canceled", "disconnected")
        assert (rest[-1]["type"], rest[-1]["code"]) == ("error", "slow_consumer")
        seqs = [message["seq"] for message in rest[:-1]]
        assert seqs == list(range(seqs[0], seqs[0] + len(seqs)))  # up to there nothing is missing


def test_a_venue_that_stops_cancels_first(tmp_path: Path) -> None:
    with guarded_venue(tmp_path) as venue, entered(venue, "alice") as client:
        assert venue.stop() == 0
        rest = client.receive_rest()

    assert [message["type"] for message in rest] == ["canceled", "logged_out"]
    with guarded_venue(tmp_path) as venue, let_in(venue, "alice", resume_from=1) as again:
        assert again.welcome["open_orders"] == []
        assert [again.receive()["type"] for _ in range(2)] == ["accepted", "canceled"]


def test_a_venue_that_was_killed_cancels_when_it_starts_and_who_resumes_sees_it(tmp_path: Path) -> None:
    with guarded_venue(tmp_path) as venue, entered(venue, "alice"), let_in(venue, "alice") as keeps:
        keeps.ask(new("kept", "buy", 1, 1))
        venue.kill()

    with guarded_venue(tmp_path) as venue, let_in(venue, "alice", resume_from=1) as again:
        assert [order["client_order_id"] for order in again.welcome["open_orders"]] == ["kept"]
        stream = [again.receive() for _ in range(3)]
        assert [message["type"] for message in stream] == ["accepted", "accepted", "canceled"]
        assert stream[-1]["reason"] == "disconnected"
        # A new session with the old number has nothing to do with what that one entered.
        with let_in(venue, "alice", cancel_on_disconnect=True):
            pass
        still_there(again)
        assert again.is_silent()


def test_an_open_venue_does_it_too(tmp_path: Path) -> None:
    with running_venue(tmp_path, journal=False) as venue, venue.login("carol") as other:
        client = venue.login("carol", cancel_on_disconnect=True)
        client.ask(new("c", "buy", 1, 1))
        other.receive()

        client.close()

        assert other.receive()["reason"] == "disconnected"


def test_missed_heartbeats_are_noticed_after_three_intervals_and_not_much_later(venue: VenueProcess) -> None:
    with let_in(venue, "alice") as other, entered(venue, "alice", heartbeat_s=1) as client:
        other.receive()
        started = time.monotonic()

        other.receive()

        assert 2 < time.monotonic() - started < 10
        assert client.receive_rest()[-1]["code"] == "heartbeat_missed"

"""A private stream can be had again from any number: live, under load, after every kind of restart (rule 46)."""

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from random import Random

import pytest

from tests.support.venue import Json, RawClient, VenueProcess, new, running_venue

_AT_ONCE = 2_000

PRIVATE = {"accepted", "rejected", "canceled", "replaced", "trade_report", "mass_canceled", "kill_switch_set"}


def private(messages: list[Json]) -> list[Json]:
    """What is numbered, without what only the sender is told."""
    return [
        {key: value for key, value in message.items() if key != "line"}
        for message in messages
        if message["type"] in PRIVATE
    ]


def orders(name: str, count: int) -> list[Json]:
    """Orders of which every second trades with the one before, every tenth is refused."""
    return [new(f"{name}{n}", "buy" if n % 2 else "sell", 0 if n % 10 == 9 else 1, 100) for n in range(count)]


def trade(client: RawClient, name: str, count: int) -> list[Json]:
    """Send orders, as many at once as the venue has room for the answers; all private messages they led to."""
    told = []
    for start in range(0, count, _AT_ONCE):
        client.send(*orders(f"{name}{start}-", min(count - start, _AT_ONCE)), {"type": "mass_cancel"})
        told += private(client.receive_until("mass_canceled"))
    return told


def receive_up_to(client: RawClient, last_seq: int) -> list[Json]:
    """Messages up to that number."""
    messages = [client.receive()]
    while messages[-1].get("seq", 0) < last_seq:
        messages.append(client.receive())
    return messages


@pytest.fixture
def venue(tmp_path: Path) -> Iterator[VenueProcess]:
    with running_venue(tmp_path, "--sync", "off") as venue:
        yield venue


@pytest.mark.parametrize("journal", [True, False], ids=["journal", "no journal"])
def test_a_new_session_gets_the_stream_from_any_number_and_then_what_is_new(
    tmp_path: Path, journal: bool
) -> None:
    with running_venue(tmp_path, journal=journal) as venue, venue.login("anna") as anna:
        told = trade(anna, "a", 1_000)
        last = len(told)
        for seq in (1, 2, 255, 256, 257, 511, 512, 513, last - 1, last, last + 1):
            with venue.login("anna", resume_from=seq) as again:
                assert again.welcome["seq"] == seq - 1
                resumed = receive_up_to(again, last) if seq <= last else []
                assert resumed == told[seq - 1 :]
                fresh = again.ask({"type": "kill_switch", "on": False})
                told.append(fresh)
                assert fresh["seq"] == last + 1
                assert private([anna.receive()]) == private([fresh])
                last += 1
                assert again.is_silent()


def test_messages_that_do_not_exist_yet_cannot_be_had(venue: VenueProcess) -> None:
    with venue.login("anna") as anna:
        trade(anna, "a", 3)
    with venue.connect() as client:
        client.send({"type": "login", "account": "anna", "resume_from": 1_000})

        (answer,) = client.receive_rest()

    assert (answer["type"], answer["code"]) == ("error", "resume_from_the_future")


def test_messages_that_a_venue_without_a_journal_forgot_cannot_be_had(tmp_path: Path) -> None:
    with running_venue(tmp_path, journal=False) as venue:
        with venue.login("anna") as anna:
            # More than are kept, plus those that are let go together.
            while anna.welcome["seq"] < 75_000:
                anna.welcome["seq"] = trade(anna, f"a{anna.welcome['seq']}-", 5_000)[-1]["seq"]
            last = anna.welcome["seq"]
        with venue.connect() as client:
            client.send({"type": "login", "account": "anna", "resume_from": 1})
            (answer,) = client.receive_rest()
            assert answer["code"] == "resume_unavailable"
        with venue.login("anna", resume_from=last - 60_000) as again:
            seqs = [message["seq"] for message in receive_up_to(again, last)]
            assert seqs == list(range(last - 60_000, last + 1))


def test_who_resumes_while_the_account_trades_gets_every_message_once(venue: VenueProcess) -> None:
    with venue.login("anna") as anna:
        told = trade(anna, "a", 6_000)
        with ExitStack() as stack:
            late = []
            for number in range(8):
                late.append(stack.enter_context(venue.connect()))
                late[-1].send({"type": "login", "account": "anna", "resume_from": 1 + 700 * number})
                # The venue works on these while it sends the old ones.
                told += trade(anna, f"b{number}-", 500)
            for number, client in enumerate(late):
                assert client.receive()["seq"] == 700 * number
                assert private(receive_up_to(client, len(told))) == told[700 * number :]
                assert client.is_silent()


def test_a_session_that_trades_while_it_catches_up_gets_its_answers_in_their_places(
    venue: VenueProcess,
) -> None:
    with venue.login("anna") as anna:
        told = trade(anna, "a", 5_000)
    with venue.connect() as again:
        again.send({"type": "login", "account": "anna", "resume_from": 1}, *orders("b", 300))

        assert again.receive()["type"] == "welcome"
        resumed = private(receive_up_to(again, len(told) + 300))

        assert [message["seq"] for message in resumed] == list(range(1, len(resumed) + 1))
        assert resumed[: len(told)] == told
        names = [
            message["client_order_id"] for message in resumed if message["type"] in ("accepted", "rejected")
        ]
        assert names[5_000:] == [f"b{n}" for n in range(len(names) - 5_000)]


def test_market_data_does_not_overtake_private_messages_that_are_sent_again(venue: VenueProcess) -> None:
    """Rule 47."""
    with venue.login("anna") as anna:
        told = trade(anna, "a", 5_000)
        with venue.connect() as again:
            again.send(
                {"type": "login", "account": "anna", "resume_from": 1},
                {"type": "subscribe", "channel": "trades", "symbol": "ACME"},
            )
            told += trade(anna, "b", 200)
            told += trade(anna, "c", 200)
            again.receive()
            messages = receive_up_to(again, len(told))

            reported: set[int] = set()
            for message in messages:
                if message["type"] == "trade_report":
                    reported.add(message["trade_id"])
                elif message["type"] == "trade":
                    assert message["trade_id"] in reported


@pytest.mark.parametrize("how", ["kill", "stop", "stop and kill"])
def test_the_whole_stream_is_there_after_a_restart(tmp_path: Path, how: str) -> None:
    with running_venue(tmp_path, "--sync", "off") as venue, venue.login("anna") as anna:
        told = trade(anna, "a", 3_000)
        venue.kill() if how == "kill" else venue.stop()
    if how == "stop and kill":
        with running_venue(tmp_path, "--sync", "off") as venue, venue.login("anna") as anna:
            told += trade(anna, "b", 2_000)
            venue.kill()

    rng = Random(how)
    with running_venue(tmp_path, "--sync", "off") as venue:
        for seq in [1, len(told), *rng.sample(range(2, len(told)), 6)]:
            with venue.login("anna", resume_from=seq) as again:
                assert again.welcome["last_seq"] == len(told)
                assert receive_up_to(again, len(told)) == told[seq - 1 :]
        assert venue.stop() == 0
        verdict = venue.verify()
        assert verdict.returncode == 0, verdict.stdout


def test_what_was_heard_before_a_kill_in_full_flight_is_heard_again(tmp_path: Path) -> None:
    heard: list[Json] = []
    for life in range(3):
        with running_venue(tmp_path) as venue, venue.login("anna", resume_from=len(heard) + 1) as anna:
            if anna.welcome["last_seq"] > len(heard):
                heard += private(receive_up_to(anna, anna.welcome["last_seq"]))
            anna.send(*orders(f"life{life}-", 4_000))
            heard += private([anna.receive() for _ in range(1_500 + 700 * life)])
            venue.process.kill()
            heard += private(anna.receive_rest())
            venue.wait()

        assert [message["seq"] for message in heard] == list(range(1, len(heard) + 1))

    with running_venue(tmp_path) as venue, venue.login("anna", resume_from=1) as anna:
        assert private(receive_up_to(anna, len(heard)))[: len(heard)] == heard
        assert venue.stop() == 0
        assert venue.verify().returncode == 0


def test_two_sessions_of_an_account_hear_the_same_one_of_them_late(venue: VenueProcess) -> None:
    with venue.login("anna") as first, venue.login("anna") as second:
        told = trade(first, "a", 600)
        assert private(receive_up_to(second, len(told))) == told
        with venue.login("anna", resume_from=300) as third:
            fresh = trade(second, "b", 600)
            told += fresh
            assert private(receive_up_to(first, len(told))) == fresh
            assert private(receive_up_to(third, len(told))) == told[299:]


def test_a_crowd_that_resumes_and_does_not_read_takes_no_memory_and_keeps_nobody_waiting(
    venue: VenueProcess,
) -> None:
    with venue.login("anna") as anna, ExitStack() as stack:
        told = trade(anna, "a", 15_000)
        before = resident_bytes(venue)
        crowd = [stack.enter_context(venue.connect(receive_buffer=4_096)) for _ in range(60)]
        for client in crowd:
            client.send({"type": "login", "account": "anna", "resume_from": 1})
            assert client.receive()["last_seq"] == len(told)
        told += trade(anna, "b", 100)

        grown = resident_bytes(venue) - before

        # Each is owed over 2 MB, and has a page in the venue and what the kernel holds.
        assert grown < 60 * 300_000
        assert private(receive_up_to(crowd[30], len(told))) == told


def resident_bytes(venue: VenueProcess) -> int:
    status = Path(f"/proc/{venue.process.pid}/statm").read_text(encoding="ascii").split()
    return int(status[1]) * 4_096

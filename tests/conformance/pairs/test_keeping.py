"""What a venue keeps and does by itself, on both runtimes: journal, history, its file read again, clock work."""

import json
import signal
import subprocess
import sys
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.conformance.pairs.features import FEATURES
from tests.conformance.pairs.pairing import Serve, open_file, runtime_option
from tests.support.venue import Json, new, running_venue

JOURNAL = "journal: goes on after `kill -9`, also under the other runtime"


def without_times(messages: list[Json]) -> list[Json]:
    return [{key: value for key, value in message.items() if key != "line"} for message in messages]


@pytest.mark.feature(JOURNAL)
@pytest.mark.parametrize("then", FEATURES[JOURNAL].runtimes("venue"), ids=lambda name: f"then_{name}")
def test_after_a_kill_the_next_venue_goes_on_with_the_same_market(
    venue_runtime: str, then: str, tmp_path: Path
) -> None:
    file = str(open_file(tmp_path))
    with running_venue(tmp_path, file, *runtime_option(venue_runtime)) as venue:
        with venue.login("alice") as alice, venue.login("bob") as bob:
            alice.ask(new("rests", "buy", 10, 100, symbol="P000"))
            bob.ask(new("takes", "sell", 4, 100, symbol="P000"))
            told = [alice.receive()]
            told += [alice.ask({"type": "cancel", "client_order_id": "nope"})]
        venue.kill()

    with running_venue(tmp_path, file, *runtime_option(then)) as venue:
        with venue.login("alice", resume_from=2) as alice:
            again = [alice.receive(), alice.receive()]
            status = alice.ask({"type": "order_status", "client_order_id": "rests"})
            alice.ask(new("rests too", "buy", 1, 101, symbol="P000"))
        assert venue.stop() == 0
        verified = venue.verify()

    assert without_times(again) == without_times(told)
    assert (status["state"], status["leaves"], status["cumulative"]) == ("live", 6, 4)
    assert verified.returncode == 0, verified.stdout


@pytest.mark.feature("reads its file again at SIGHUP")
def test_a_venue_lists_what_its_file_has_now(venue_runtime: str, tmp_path: Path) -> None:
    file = open_file(tmp_path)
    with running_venue(tmp_path, str(file), *runtime_option(venue_runtime), journal=False) as venue:
        with venue.login("alice") as alice:
            refused = alice.ask(new("a", "buy", 1, 1, symbol="NEW"))
            file.write_text(file.read_text() + '[[instruments]]\nsymbol = "NEW"\n')

            venue.process.send_signal(signal.SIGHUP)

            venue.logged("venue_file_read_again")
            taken = alice.ask(new("b", "buy", 1, 1, symbol="NEW"))
        file.write_text("nonsense")
        venue.process.send_signal(signal.SIGHUP)
        venue.logged("venue_file_ignored")
        assert venue.stop() == 0

    assert (refused["reason"], taken["type"]) == ("unknown_symbol", "accepted")


@pytest.mark.feature("history of trades, candles and positions is kept")
def test_what_traded_can_be_asked_for_later(venue_runtime: str, tmp_path: Path) -> None:
    file = open_file(tmp_path)
    with running_venue(tmp_path, str(file), *runtime_option(venue_runtime)) as venue:
        with venue.login("alice") as alice, venue.login("bob") as bob:
            alice.ask(new("rests", "buy", 10, 100, symbol="P000"))
            bob.ask(new("takes", "sell", 4, 100, symbol="P000"))
        assert venue.stop() == 0

    asked = [sys.executable, "-m", "exchange", "export", str(venue.journal), "--format", "jsonl"]
    answer = subprocess.run(asked, capture_output=True, text=True, check=True)

    trades = [json.loads(line) for line in answer.stdout.splitlines()]
    assert [(trade["symbol"], trade["price"], trade["quantity"]) for trade in trades] == [("P000", 100, 4)]


@pytest.mark.feature("scheduled phases, deadlines of orders")
def test_what_has_a_deadline_ends_by_itself(venue_runtime: str, open_venues: Serve) -> None:
    venue = open_venues(venue_runtime)
    with venue.login(f"expires-{venue_runtime}") as client:
        client.ask(new("rests", "buy", 10, 100, symbol="P198"))
        deadline_ns = time.time_ns() + 200_000_000
        client.ask(new("lapses", "buy", 1, 1, symbol="P198", time_in_force="gtd", expires_at_ns=deadline_ns))

        lapsed = client.receive()
        client.ask({"type": "dead_man", "within_ms": 100})
        heard = client.receive_until("dead_man_fired")

    assert (lapsed["client_order_id"], lapsed["reason"]) == ("lapses", "expired")
    assert [message["type"] for message in heard] == ["canceled", "dead_man_fired"]
    assert heard[0]["reason"] == "dead_man"


@pytest.mark.feature("scheduled phases, deadlines of orders")
def test_an_instrument_goes_through_its_day_by_the_clock(venue_runtime: str, tmp_path: Path) -> None:
    """One phase a second from now on: which of them is next depends on when the venue is up."""
    now = datetime.now(UTC)
    phases = [
        f"""[[schedule]]\nat = {now + timedelta(seconds=second):%H:%M:%S}\nphase = "{"halt" if second % 2 else "continuous"}\""""
        for second in range(8)
    ]
    file = open_file(tmp_path)
    file.write_text(file.read_text() + "\n".join(phases) + "\n")
    options = (str(file), *runtime_option(venue_runtime))
    with running_venue(tmp_path, *options, journal=False) as venue, venue.login("watch") as client:
        client.send({"type": "subscribe", "channel": "status", "symbol": "P000"})
        *_, before = client.receive_until("status")
        after = client.receive()

    assert {before["phase"], after["phase"]} == {"halt", "continuous"}
    assert after["previous"] == before["phase"]

"""What a venue keeps and does by itself, on both runtimes: journal, history, its file read again, clock work."""

import json
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

import tontine
from exchange.journal.verify import verify
from tests.conformance.pairs.features import FEATURES
from tests.conformance.pairs.pairing import Serve, open_file, runtime_option
from tests.support.venue import Json, VenueProcess, new, running_venue

JOURNAL = "journal: goes on after `kill -9`, also under the other runtime"

Own = Callable[[str], tuple[VenueProcess, Path]]
"""The venue of a runtime, and its file."""


def without_lines(messages: list[Json]) -> list[Json]:
    return [{key: value for key, value in message.items() if key != "line"} for message in messages]


@pytest.mark.feature(JOURNAL)
def test_after_a_kill_a_venue_on_the_other_runtime_goes_on_with_the_same_market(
    venue_runtime: str, tmp_path: Path
) -> None:
    (other,) = set(FEATURES[JOURNAL].runtimes("venue")) - {venue_runtime}
    file = str(open_file(tmp_path))
    with running_venue(tmp_path, file, *runtime_option(venue_runtime)) as venue:
        with venue.login("alice") as alice, venue.login("bob") as bob:
            alice.ask(new("rests", "buy", 10, 100, symbol="P000"))
            bob.ask(new("takes", "sell", 4, 100, symbol="P000"))
            told = [alice.receive()]
            told += [alice.ask({"type": "cancel", "client_order_id": "nope"})]
        venue.kill()

    with running_venue(tmp_path, file, *runtime_option(other)) as venue:
        with venue.login("alice", resume_from=2) as alice:
            again = [alice.receive(), alice.receive()]
            status = alice.ask({"type": "order_status", "client_order_id": "rests"})
            alice.ask(new("rests too", "buy", 1, 101, symbol="P000"))
        assert venue.stop() == 0

    assert without_lines(again) == without_lines(told)
    assert (status["state"], status["leaves"], status["cumulative"]) == ("live", 6, 4)
    assert verify(venue.journal)


@pytest.fixture(scope="module")
def own_venues(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Own]:
    """Venues that the tests of this module may treat as they like; one phase a second from their start on."""
    with ExitStack() as stack:
        running: dict[str, tuple[VenueProcess, Path]] = {}

        def serve(runtime: str) -> tuple[VenueProcess, Path]:
            if runtime not in running:
                file = open_file(tmp_path_factory.mktemp(f"own-{runtime}"))
                file.write_text(file.read_text() + a_phase_a_second())
                options = (str(file), *runtime_option(runtime))
                running[runtime] = stack.enter_context(running_venue(file.parent, *options)), file
            return running[runtime]

        yield serve


def a_phase_a_second() -> str:
    now = datetime.now(UTC)
    return "".join(
        f"""[[schedule]]\nat = {now + timedelta(seconds=second):%H:%M:%S}\nphase = "{phase}"\nsymbols = ["P000"]\n"""
        for second, phase in enumerate(["halt", "continuous"] * 10)
    )


@pytest.mark.feature("scheduled phases, deadlines of orders")
def test_an_instrument_goes_through_its_day_by_the_clock(venue_runtime: str, own_venues: Own) -> None:
    venue, _ = own_venues(venue_runtime)
    with venue.login("watch") as client:
        client.send({"type": "subscribe", "channel": "status", "symbol": "P000"})
        *_, before = client.receive_until("status")
        after = client.receive()

    assert {before["phase"], after["phase"]} == {"halt", "continuous"}
    assert after["previous"] == before["phase"]


@pytest.mark.feature("reads its file again at SIGHUP")
def test_a_venue_lists_what_its_file_has_now_and_keeps_what_it_has_if_that_is_faulty(
    venue_runtime: str, own_venues: Own
) -> None:
    venue, file = own_venues(venue_runtime)
    with venue.login("alice") as alice:
        refused = alice.ask(new("a", "buy", 1, 1, symbol="NEW"))
        file.write_text(file.read_text() + '[[instruments]]\nsymbol = "NEW"\n')
        venue.process.send_signal(signal.SIGHUP)
        venue.logged("venue_file_read_again")
        taken = alice.ask(new("b", "buy", 1, 1, symbol="NEW"))

        file.write_text("nonsense")
        venue.process.send_signal(signal.SIGHUP)
        venue.logged("venue_file_ignored")
        still = alice.ask(new("c", "buy", 1, 1, symbol="NEW"))

    assert (refused["reason"], taken["type"], still["type"]) == ("unknown_symbol", "accepted", "accepted")


@pytest.mark.feature("history of trades, candles and positions is kept")
def test_what_traded_can_be_asked_for_later(
    venue_runtime: str, own_venues: Own, capsys: pytest.CaptureFixture[str]
) -> None:
    venue, _ = own_venues(venue_runtime)
    with venue.login("alice") as alice, venue.login("bob") as bob:
        alice.ask(new("rests", "buy", 10, 100, symbol="P001"))
        bob.ask(new("takes", "sell", 4, 100, symbol="P001"))
    assert venue.stop() == 0

    status = tontine.run(["export", str(venue.journal), "--format", "jsonl"])

    trades = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert status == 0
    assert [(trade["symbol"], trade["price"], trade["quantity"]) for trade in trades] == [("P001", 100, 4)]


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

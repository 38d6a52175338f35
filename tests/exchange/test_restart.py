"""A venue that dies comes back with everything it acknowledged, once."""

import json
import signal
import sqlite3
from collections import Counter
from pathlib import Path

import pytest

from tests.support.venue import DidNotStart, Json, RawClient, VenueProcess, new, running_venue


def journalled_entries(journal: Path) -> list[tuple[str, str]]:
    """Account and client order id of every order entry in the journal."""
    entries = []
    with sqlite3.connect(f"file:{journal}?mode=ro", uri=True) as database:
        for (blob,) in database.execute("select commands from turns order by first_seq"):
            commands = [json.loads(line) for line in blob.splitlines()]
            entries += [(command[1], command[2]) for command in commands if command[0] == "enter"]
    database.close()
    return entries


def test_open_orders_come_back_in_their_queue_positions_and_ids_stay_taken(tmp_path: Path) -> None:
    with running_venue(tmp_path) as venue, venue.login("alice") as alice, venue.login("bob") as bob:
        alice.ask(new("a1", "buy", 5, 100))
        bob.ask(new("b1", "buy", 5, 100))
        alice.ask(new("a2", "buy", 5, 100))
        alice.ask({"type": "replace", "client_order_id": "a1", "quantity": 9})  # to the back
        alice.ask(new("gone", "buy", 5, 90))
        alice.ask({"type": "cancel", "client_order_id": "gone"})
        venue.kill()

    with running_venue(tmp_path) as venue, venue.login("alice") as alice, venue.login("carol") as carol:
        assert alice.welcome["seq"] == 5
        assert [order["client_order_id"] for order in alice.welcome["open_orders"]] == ["a1", "a2"]
        assert carol.ask(new("c1", "sell", 12, 100))["type"] == "accepted"
        makers = [(report["order_id"], report["quantity"]) for report in (alice.receive(), alice.receive())]
        by_name = {order["client_order_id"]: order["order_id"] for order in alice.welcome["open_orders"]}
        assert makers == [(by_name["a2"], 5), (by_name["a1"], 2)]
        assert alice.ask(new("gone", "buy", 1, 1))["reason"] == "duplicate_client_order_id"
        assert venue.stop() == 0
        assert venue.verify().returncode == 0


@pytest.mark.parametrize("how", ["kill", "orderly"])
def test_the_private_stream_goes_on_where_it_stopped(tmp_path: Path, how: str) -> None:
    with running_venue(tmp_path) as venue:
        with venue.login("alice") as alice:
            last = [alice.ask(new(f"a{n}", "buy", 1, 100 + n))["seq"] for n in range(10)][-1]
        venue.kill() if how == "kill" else venue.stop()

    with running_venue(tmp_path) as venue, venue.login("alice") as alice:
        assert alice.welcome["seq"] == last == 10
        assert alice.ask({"type": "cancel", "client_order_id": "a3"})["seq"] == 11


def trade_until_killed(venue: VenueProcess, run: int, acknowledged: list[tuple[str, str]]) -> None:
    """Keep 64 orders in flight on each of four accounts; kill the venue in the middle."""
    clients = {f"trader{n}": venue.login(f"trader{n}") for n in range(4)}
    sent: Counter[str] = Counter()

    def enter(account: str, count: int) -> None:
        for _ in range(count):
            number = sent[account]
            sent[account] += 1
            side, price = ("buy", 100 + number % 5) if number % 2 else ("sell", 103 - number % 5)
            clients[account].send(new(f"r{run}-{number}", side, 1 + number % 7, price))

    for account in clients:
        enter(account, 64)
    for _ in range(40):
        for account, client in clients.items():
            take_answers(account, client, acknowledged, 16)
            enter(account, 16)
    venue.kill()
    for account, client in clients.items():
        # What was written before the kill still arrives.
        for message in client.receive_rest():
            if message["type"] == "accepted":
                acknowledged.append((account, message["client_order_id"]))
        client.close()


def take_answers(account: str, client: RawClient, acknowledged: list[tuple[str, str]], count: int) -> None:
    while count:
        message = client.receive()
        if message["type"] == "accepted":
            acknowledged.append((account, message["client_order_id"]))
            count -= 1


@pytest.mark.parametrize("sync", ["full", "normal"])
def test_every_acknowledged_order_is_there_exactly_once_after_kill_9(tmp_path: Path, sync: str) -> None:
    acknowledged: list[tuple[str, str]] = []
    for run in range(3):
        with running_venue(tmp_path, "--sync", sync) as venue:
            trade_until_killed(venue, run, acknowledged)

        counts = Counter(journalled_entries(tmp_path / "venue.journal"))
        assert len(acknowledged) >= 2_500 * (run + 1)
        assert set(counts.values()) == {1}
        assert set(acknowledged) <= set(counts)
        verdict = venue.verify()
        assert verdict.returncode == 0, verdict.stdout
        assert "same events, same state" in verdict.stdout


def test_a_restarted_venue_tells_what_became_of_every_order(tmp_path: Path) -> None:
    acknowledged: list[tuple[str, str]] = []
    with running_venue(tmp_path) as venue:
        trade_until_killed(venue, 0, acknowledged)

    with running_venue(tmp_path) as venue:
        for account in sorted({account for account, _ in acknowledged}):
            names = [name for of, name in acknowledged if of == account]
            with venue.login(account) as client:
                client.send(*({"type": "order_status", "client_order_id": name} for name in names))
                states = [client.receive() for _ in names]
            open_orders = {order["client_order_id"] for order in client.welcome["open_orders"]}
            assert {state["type"] for state in states} == {"order_state"}
            assert {state["client_order_id"] for state in states if state["state"] == "live"} <= open_orders


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGINT])
def test_an_orderly_stop_tells_every_session_and_keeps_a_snapshot(
    tmp_path: Path, how: signal.Signals
) -> None:
    with running_venue(tmp_path) as venue, venue.login("alice") as alice, venue.connect() as stranger:
        alice.send(*(new(f"a{n}", "buy", 1, 100) for n in range(100)))
        alice.receive()

        code = venue.stop(how)

        rest = alice.receive_rest()
        assert code == 0
        assert rest[-1] == {"type": "logged_out", "text": "the venue is shutting down"}
        assert stranger.receive_rest() == [
            {"type": "error", "code": "shutting_down", "text": "the venue is shutting down"}
        ]
        assert venue.log[-1]["event"] == "closed"
        assert not venue.journal.with_name("venue.journal-wal").exists()  # closed in order

    with running_venue(tmp_path) as venue:
        recovered = next(entry for entry in venue.log if entry["event"] == "recovered")
        assert recovered["replayed"] == 0  # all of it was in the snapshot
        with venue.login("alice") as alice:
            assert len(alice.welcome["open_orders"]) == 1 + sum(
                message["type"] == "accepted" for message in rest
            )


def test_a_damaged_journal_is_told_from_a_whole_one(tmp_path: Path) -> None:
    with running_venue(tmp_path) as venue, venue.login("alice") as alice:
        alice.ask(new("a1", "buy", 5, 100))
        alice.ask(new("a2", "sell", 5, 100))
        venue.stop()
    with sqlite3.connect(venue.journal) as database:
        database.execute("update turns set commands = replace(commands, '\"sell\"', '\"buy\"')")
    database.close()

    verdict = venue.verify()

    assert verdict.returncode == 1
    assert "give other events than they gave" in verdict.stdout


def test_a_missing_turn_is_found(tmp_path: Path) -> None:
    with running_venue(tmp_path) as venue, venue.login("alice") as alice:
        for number in range(5):
            alice.ask(new(f"a{number}", "buy", 5, 100))
        venue.stop()
    with sqlite3.connect(venue.journal) as database:
        database.execute("delete from turns where first_seq = 6")
    database.close()

    verdict = venue.verify()

    assert verdict.returncode == 1
    assert "commands 6 to 6 are missing" in " ".join(verdict.stdout.split())


def test_a_journal_of_an_older_format_is_refused_and_says_what_to_do(tmp_path: Path) -> None:
    with running_venue(tmp_path) as venue:
        venue.stop()
    with sqlite3.connect(venue.journal) as database:
        database.execute("update meta set value = '2' where key = 'format'")
    database.close()

    with pytest.raises(DidNotStart, match=r"journal format 2, .* reads format 3: move the file away"):
        VenueProcess(tmp_path)


def test_one_journal_has_one_venue(tmp_path: Path) -> None:
    with running_venue(tmp_path), pytest.raises(DidNotStart, match="another venue is writing"):
        VenueProcess(tmp_path)


def test_the_venue_file_may_not_change_a_listed_instrument(tmp_path: Path) -> None:
    with running_venue(tmp_path) as venue:
        venue.stop()
    file = tmp_path / "venue.toml"
    file.write_text('[[instruments]]\nsymbol = "ACME"\ntick = 5\n')

    with pytest.raises(DidNotStart, match=r"ACME\.tick: 5 in the file, 1 in the journal"):
        VenueProcess(tmp_path, str(file))


def test_instruments_added_to_the_file_are_listed_beside_those_of_the_journal(tmp_path: Path) -> None:
    with running_venue(tmp_path) as venue:
        venue.stop()
    file = tmp_path / "venue.toml"
    file.write_text('[[instruments]]\nsymbol = "DYER"\nlot = 10\n')

    with running_venue(tmp_path, str(file)) as venue, venue.login("alice") as alice:
        listed: list[Json] = alice.welcome["instruments"]

        assert [(instrument["symbol"], instrument["lot"]) for instrument in listed] == [
            ("ACME", 1),
            ("BOLT", 1),
            ("CORN", 1),
            ("DYER", 10),
        ]


def test_a_new_journal_is_for_nobody_else_to_read(tmp_path: Path) -> None:
    with running_venue(tmp_path) as venue:
        venue.login("anna").close()
        files = sorted(venue.journal.parent.glob("venue.journal*"))

        modes = {path.name: path.stat().st_mode & 0o777 for path in files}

    assert "venue.journal" in modes
    assert set(modes.values()) == {0o600}

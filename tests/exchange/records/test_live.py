"""A venue writes its history while it runs; kill -9, restarts and busts leave it what the journal says."""

import json
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.recorded import rows_of
from tests.support.typed import typed
from tests.support.venue import DidNotStart, Json, VenueProcess, new, running_venue

OPERATED = """
open = true
[[instruments]]
symbol = "ACME"
[[accounts]]
name = "olga"
role = "operator"
"""


def trade_until_killed(venue: VenueProcess, run: int) -> None:
    """Two accounts trade with each other as fast as they can; the venue dies in the middle."""
    with venue.login("alice") as alice, venue.login("bob") as bob:
        for number in range(60):
            for client, side in ((alice, "buy"), (bob, "sell")):
                client.send(*(new(f"r{run}-{number}-{k}", side, 1 + k % 5, 100 + k % 3) for k in range(20)))
        answered = 0
        while answered < 600 + 100 * run:
            answered += alice.receive()["type"] == "trade_report"
        venue.kill()


def check_against_journal(journal: Path, command: str = "rebuild") -> sqlite3.Connection:
    """The history beside the journal is the one that the journal gives from nothing; open to be asked."""
    into = journal.with_name("made anew.history")
    into.unlink(missing_ok=True)
    done = typed("history", command, str(journal), "--into", str(into), room="exchange")
    assert done.returncode == 0, done.stderr
    history = journal.with_name(f"{journal.name}.history")
    assert rows_of(history) == rows_of(into)
    return sqlite3.connect(f"file:{history}?mode=ro", uri=True)


def test_no_trade_is_missing_or_there_twice_after_kill_9_in_the_middle_of_trading(tmp_path: Path) -> None:
    for run in range(4):
        with running_venue(tmp_path) as venue:
            trade_until_killed(venue, run)
    with running_venue(tmp_path) as venue:
        assert venue.stop() == 0

    database = check_against_journal(tmp_path / "venue.journal")
    trades = database.execute("select count(*), min(trade_id), max(trade_id) from trades").fetchone()
    database.close()
    assert trades[0] > 2_000
    assert trades == (trades[0], 1, trades[0])


def test_an_orderly_end_leaves_a_history_that_is_complete(tmp_path: Path) -> None:
    with running_venue(tmp_path) as venue, venue.login("alice") as alice, venue.login("bob") as bob:
        alice.ask(new("a", "sell", 5, 100))
        bob.ask(new("b", "buy", 3, 100))
        assert venue.stop() == 0

    database = check_against_journal(tmp_path / "venue.journal")
    assert database.execute("select price, quantity, aggressor, buyer, seller from trades").fetchall() == [
        (100, 3, "buy", "bob", "alice")
    ]
    database.close()


def ask_market_data(venue: VenueProcess, account: str) -> list[Json]:
    """Tape, candles and statistics of ACME as they stand."""
    with venue.login(account) as client:
        found = []
        for fields in (
            {"channel": "trades"},
            {"channel": "candles", "interval": "1d"},
            {"channel": "statistics"},
        ):
            client.ask({"type": "subscribe", "symbol": "ACME", **fields})
            found.append({key: value for key, value in client.receive().items() if key != "seq"})
        return found


@pytest.mark.parametrize("how", ["kill", "stop"])
def test_market_data_goes_on_where_it_stood_before_the_restart(tmp_path: Path, how: str) -> None:
    file = tmp_path / "venue.toml"
    file.write_text(OPERATED)
    with running_venue(tmp_path, str(file), open_venue=False) as venue:
        with venue.login("alice") as alice, venue.login("bob") as bob, venue.login("olga") as olga:
            for number in range(150):
                alice.ask(new(f"a{number}", "sell", 2, 100 + number % 7))
                bob.send(new(f"b{number}", "buy", 2, 110))
                bob.receive_until("trade_report")
                alice.receive_until("trade_report")
            busted = olga.ask({"type": "bust_trade", "trade_id": 149, "account": "bob", "why": "w"})
            assert busted["type"] == "admin_done", busted
        before = ask_market_data(venue, "carol")
        venue.kill() if how == "kill" else venue.stop()

    with running_venue(tmp_path, str(file), open_venue=False) as venue:
        after = ask_market_data(venue, "carol")
        venue.stop()

    # Before, the trade that was undone left a gap in the last hundred; after, one more is shown.
    tape = [[{**one, "seq": 0} for one in found[0].pop("trades")][-99:] for found in (before, after)]
    assert tape[0] == tape[1]
    assert len(tape[0]) == 99
    assert after == before
    assert after[2]["trades"] == 149
    database = check_against_journal(tmp_path / "venue.journal")
    assert database.execute("select trade_id from trades where busted_at_ns is not null").fetchall() == [
        (149,)
    ]
    database.close()


@pytest.mark.parametrize(
    ("key", "files"),
    [
        ("true", {"h.journal", "h.journal.lock", "h.journal.history"}),
        ("false", {"h.journal", "h.journal.lock"}),
    ],
)
def test_whether_there_is_a_history_is_a_key_of_the_venue_file(
    tmp_path: Path, key: str, files: set[str]
) -> None:
    file = tmp_path / "venue.toml"
    path = tmp_path / "h.journal"
    file.write_text(f"[journal]\npath = {json.dumps(str(path))}\nhistory = {key}\n")
    command = [sys.executable, "-m", "exchange", "serve", str(file), "--open", "--port", "0", "--until-eof"]

    done = subprocess.run(command, input="", capture_output=True, text=True, check=False)

    assert done.returncode in (0, 1), done.stderr
    assert {one.name for one in tmp_path.iterdir()} - {"venue.toml"} == files


def test_a_history_is_not_replaced_under_a_venue_that_writes_it(tmp_path: Path) -> None:
    with running_venue(tmp_path) as venue:
        done = typed("history", "rebuild", str(venue.journal), room="exchange")

        assert done.returncode == 1
        assert "another venue is writing this journal" in done.stderr
        with pytest.raises(DidNotStart):
            VenueProcess(tmp_path)
        assert venue.stop() == 0

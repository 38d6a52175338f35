"""``tontine serve --runtime legacy``: real processes, from their start to every kind of end."""

import json
import resource
import signal
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from exchange.config import HttpConfig, VenueConfig
from exchange.journal.sqlite import SqliteLog
from exchange.server import run as run_on_asyncio
from legacy.monitor import ask
from legacy.venue.server import run
from protocol.errors import ConfigError
from tests.support.guarded import login, venue_file
from tests.support.venue import PATIENCE_S, RawClient, new, running_venue

FILE = """
[tcp]
max_sessions_per_account = 2

[[instruments]]
symbol = "ACME"
"""


def test_what_was_acknowledged_is_there_after_kill_9_and_the_private_stream_goes_on(tmp_path: Path) -> None:
    with running_venue(tmp_path, runtime="legacy") as venue:
        alice, bob = venue.login("alice"), venue.login("bob")
        alice.send(*(new(f"a{n}", "sell", 2, 100 + n) for n in range(500)))
        seen = [alice.receive() for _ in range(500)]
        bob.send(new("b", "buy", 3, 101))
        bob.receive_until("trade_report")
        seen += [alice.receive(), alice.receive()]
        venue.kill()
        for client in (alice, bob):
            client.close()
        verdict = venue.verify()

    with running_venue(tmp_path, runtime="legacy") as venue, venue.login("alice", resume_from=1) as alice:
        again = [alice.receive() for _ in seen]
        names = [order["client_order_id"] for order in alice.welcome["open_orders"]]

    assert verdict.returncode == 0, verdict.stdout
    assert again == seen
    assert names == [f"a{n}" for n in range(1, 500)]


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGINT])
def test_an_orderly_stop_tells_every_session_and_keeps_a_snapshot(
    tmp_path: Path, how: signal.Signals
) -> None:
    with running_venue(tmp_path, runtime="legacy") as venue:
        alice, stranger = venue.login("alice", cancel_on_disconnect=True), venue.connect()
        alice.ask(new("a", "buy", 1, 1))
        stranger.send({"type": "heartbeat"})
        stranger.receive()  # the venue knows of it

        code = venue.stop(how)

        assert code == 0
        assert [message["type"] for message in alice.receive_rest()] == ["canceled", "logged_out"]
        assert [message["code"] for message in stranger.receive_rest()] == ["shutting_down"]
        for client in (alice, stranger):
            client.close()
    assert [entry["event"] for entry in venue.log[-3:]] == ["disconnected", "counted", "closed"]
    assert not venue.journal.with_name("venue.journal-wal").exists()
    with closing(SqliteLog(venue.journal)) as journal:
        snapshot = journal.latest_snapshot()
    assert snapshot is not None
    assert snapshot.seq == venue.log[-1]["last_seq"]


def test_it_reads_its_file_again_at_sighup_and_without_one_stops(tmp_path: Path) -> None:
    file = tmp_path / "venue.toml"
    file.write_text(FILE)
    with running_venue(tmp_path, str(file), runtime="legacy") as venue:
        file.write_text(FILE + '\n[[instruments]]\nsymbol = "BOLT"\n')
        venue.process.send_signal(signal.SIGHUP)
        told = venue.logged("venue_file_read_again")
        with venue.login("alice") as alice:
            symbols = [instrument["symbol"] for instrument in alice.welcome["instruments"]]
    (tmp_path / "other").mkdir()
    with running_venue(tmp_path / "other", journal=False, runtime="legacy") as venue:
        code = venue.stop(signal.SIGHUP)

    assert (told["changed"], told["kept"], symbols) == (1, 0, ["ACME", "BOLT"])
    assert code == 0


def test_secrets_are_checked_beside_the_market(tmp_path: Path) -> None:
    file = str(venue_file(tmp_path))
    with (
        running_venue(tmp_path, file, open_venue=False, runtime="legacy") as venue,
        venue.connect() as right,
        venue.connect() as wrong,
    ):
        wrong.send(login("alice") | {"secret": "guessed"})
        right.send(login("alice"), new("a", "buy", 1, 1))  # the order waits for the decision

        assert [right.receive()["type"] for _ in range(2)] == ["welcome", "accepted"]
        assert [message["code"] for message in wrong.receive_rest()] == ["login_failed"]


def test_a_journal_that_can_t_be_written_ends_it_and_nothing_is_acknowledged_that_is_not_there(
    tmp_path: Path,
) -> None:
    with running_venue(tmp_path, "--sync", "normal", runtime="legacy") as venue:
        client = venue.login("alice")
        # As if the disk were full: no file of this process may grow any more.
        resource.prlimit(venue.process.pid, resource.RLIMIT_FSIZE, (300_000, 300_000))
        acknowledged = 0
        try:
            for number in range(100_000):
                client.ask(new(f"a{number}", "buy", 1, 1))
                acknowledged += 1
        except (EOFError, OSError):
            client.close()
        code = venue.wait()

    assert code != 0
    assert [entry["event"] for entry in venue.log if entry["level"] == "critical"] == ["failed"]
    with running_venue(tmp_path, runtime="legacy") as venue, venue.login("alice") as client:
        assert len(client.welcome["open_orders"]) >= acknowledged > 0


def test_it_ends_with_its_owner(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "exchange", "serve", "--open", "--runtime", "legacy", "--port", "0"]
    command += ["--journal", str(tmp_path / "venue.journal"), "--until-eof"]
    owned = subprocess.Popen(command, stdin=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert owned.stdin is not None
    assert owned.stderr is not None
    port = next(json.loads(line)["port"] for line in owned.stderr if '"listening"' in line)
    with RawClient("127.0.0.1", port) as client:
        assert client.ask({"type": "login", "account": "alice"})["type"] == "welcome"

    owned.stdin.close()
    owned.stderr.close()

    assert owned.wait(PATIENCE_S) == 0
    assert not (tmp_path / "venue.journal-wal").exists()


@pytest.mark.parametrize(
    ("config", "uvloop", "place"),
    [(VenueConfig(http=HttpConfig(port=0)), False, "http"), (VenueConfig(), True, "--uvloop")],
    ids=["http", "uvloop"],
)
def test_what_needs_asyncio_is_refused(config: VenueConfig, uvloop: bool, place: str) -> None:
    with pytest.raises(ConfigError, match="asyncio") as refused:
        run(config, uvloop=uvloop)

    assert refused.value.place == place


def test_a_monitor_shows_what_every_task_of_the_venue_waits_for(tmp_path: Path) -> None:
    path = tmp_path / "monitor"
    with running_venue(tmp_path, "--monitor", str(path), journal=False, runtime="legacy") as venue:
        with venue.login("alice"):
            table = ask(path, "ps")
        with pytest.raises(ConfigError) as taken:
            run(VenueConfig(open=True), monitor=path)

        assert venue.stop() == 0

    assert "something to end a turn for" in table
    assert taken.value.place == f"--monitor {path}"
    assert not path.exists()


def test_asyncio_has_no_kernel_to_look_into() -> None:
    with pytest.raises(ConfigError, match="--runtime legacy"):
        run_on_asyncio(VenueConfig(open=True), monitor=Path("monitor"))

"""SIGHUP: a running venue reads its file again, with real processes. What can change does, the rest is told."""

import shutil
import signal
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from exchange.access import hash_secret
from exchange.self_signed import make_self_signed
from tests.support.venue import Json, RawClient, VenueProcess, new, running_venue

FILE = """
[[instruments]]
symbol = "ACME"
settlement = "spot"
base = "ACME"
quote = "USD"

[[accounts]]
name = "anna"
deposits = { USD = 5000, ACME = 50 }

[[accounts]]
name = "ben"
deposits = { USD = 5000, ACME = 50 }

[[accounts]]
name = "olga"
role = "operator"
"""
BOLT = '\n[[instruments]]\nsymbol = "BOLT"\n'


class Venue:
    """A running venue and its file."""

    def __init__(self, process: VenueProcess, file: Path) -> None:
        self.process = process
        self.file = file

    def reread(self, content: str) -> list[Json]:
        """What the log says of it."""
        self.file.write_text(content)
        before = len(self.process.log)
        self.process.process.send_signal(signal.SIGHUP)
        self.process.logged("venue_file_read_again", before)
        return self.process.log[before:]

    def login(self, account: str, **fields: object) -> RawClient:
        return self.process.login(account, **fields)


@contextmanager
def serving(directory: Path, content: str = FILE, *, open_venue: bool = True) -> Iterator[Venue]:
    file = directory / "venue.toml"
    file.write_text(content)
    with running_venue(directory, str(file), open_venue=open_venue) as process:
        yield Venue(process, file)


def keys(log: list[Json], event: str = "setting_changed") -> list[str]:
    return [entry["key"] for entry in log if entry["event"] == event]


def test_an_unchanged_file_changes_nothing(tmp_path: Path) -> None:
    with serving(tmp_path) as venue:
        log = venue.reread(FILE)

    (entry,) = log
    assert (entry["event"], entry["changed"], entry["kept"]) == ("venue_file_read_again", 0, 0)


def test_what_can_change_does_and_shows_in_the_audit(tmp_path: Path) -> None:
    changed = FILE.replace(
        'quote = "USD"', 'quote = "USD"\nmaker_fee_ppm = 10_000\nlimits = { open_orders = 2 }'
    )
    changed += '\n[[accounts]]\nname = "carl"\nlimits = { order_quantity = 3 }\n' + BOLT
    with serving(tmp_path) as venue, venue.login("olga") as olga, venue.login("anna") as anna:
        before = olga.ask({"type": "audit"})["last_seq"]
        log = venue.reread(changed)
        page = olga.ask({"type": "audit", "from_seq": before + 1})
        anna.ask(new("a1", "sell", 2, 100))
        with venue.login("ben") as ben, venue.login("carl") as carl:
            ben.ask(new("b1", "buy", 2, 100))
            refused = carl.ask(new("c1", "buy", 4, 100))
            trade = anna.receive()

    assert keys(log) == [
        "instruments.BOLT",
        "accounts.carl",
        "instruments.ACME",
        "instruments.ACME.limits",
        "accounts.carl.limits",
    ]
    assert [(entry["action"], entry["by"]) for entry in page["entries"]] == [
        ("add_instrument", "*"),
        ("set_account", "*"),
        ("set_fees", "*"),
        ("set_limits", "*"),
        ("set_limits", "*"),
    ]
    assert {entry["why"] for entry in page["entries"]} == {"venue file read again"}
    assert (trade["type"], trade["fee"]) == ("trade_report", 2)
    assert refused["reason"] == "order_quantity_limit"
    assert [one["symbol"] for one in carl.welcome["instruments"]] == ["ACME", "BOLT"]


def test_what_was_read_again_is_in_the_journal(tmp_path: Path) -> None:
    with serving(tmp_path) as venue, venue.login("anna") as anna:
        venue.reread(FILE + BOLT)
        # Its answer waits for the journal, and so for all that came before.
        anna.ask({"type": "mass_cancel"})
        venue.process.kill()

        verdict = venue.process.verify()
    with serving(tmp_path) as restarted, restarted.login("anna") as anna:
        symbols = [one["symbol"] for one in anna.welcome["instruments"]]

    assert verdict.returncode == 0, verdict.stdout
    assert symbols == ["ACME", "BOLT"]


def test_what_can_not_change_is_told_each_time_and_stays(tmp_path: Path) -> None:
    changed = FILE.replace('symbol = "ACME"', 'symbol = "ACME"\ntick = 5').replace(
        "USD = 5000", "USD = 6000", 1
    )
    changed = 'name = "another"\n' + changed + "\n[tcp]\nmax_connections = 7\n[journal]\nsync = 'off'\n"
    changed = changed.replace('[[accounts]]\nname = "ben"\ndeposits = { USD = 5000, ACME = 50 }\n', "")
    with serving(tmp_path) as venue:
        logs = [venue.reread(changed), venue.reread(changed)]
        with venue.login("anna") as anna, venue.login("ben") as ben:
            accepted = anna.ask(new("a1", "buy", 1, 101))

    for log in logs:
        assert keys(log, "setting_kept") == [
            "instruments.ACME.tick",
            "accounts.anna.deposits.USD",
            "name",
            "tcp.max_connections",
            "journal.sync",
            *(["accounts.ben"] if log is logs[0] else []),
        ]
        assert keys(log) == []
    assert anna.welcome["venue"] == "tontine"
    assert (accepted["type"], ben.welcome["type"]) == ("accepted", "welcome")


def test_a_faulty_file_changes_nothing_and_all_its_faults_are_told(tmp_path: Path) -> None:
    with serving(tmp_path) as venue:
        before = len(venue.process.log)
        venue.file.write_text(FILE.replace("operator", "boss") + BOLT + "tikc = 5\n")
        venue.process.process.send_signal(signal.SIGHUP)
        venue.process.logged("venue_file_ignored", before)
        log = venue.process.log[before:]
        with venue.login("anna") as anna:
            symbols = [one["symbol"] for one in anna.welcome["instruments"]]

    assert [entry["place"] for entry in log if entry["event"] == "venue_file_faulty"] == [
        f"{venue.file}: accounts.2.role",
        f"{venue.file}: instruments.1.tikc",
    ]
    assert symbols == ["ACME"]


@pytest.mark.parametrize(
    "content", ["open = true\n[tcp]\nhost = '192.0.2.1'", "= 5", None], ids=["open", "no TOML", "gone"]
)
def test_whatever_is_wrong_with_the_file_the_venue_goes_on(tmp_path: Path, content: str | None) -> None:
    with serving(tmp_path) as venue:
        if content is None:
            venue.file.unlink()
        else:
            venue.file.write_text(content)
        venue.process.process.send_signal(signal.SIGHUP)
        venue.process.logged("venue_file_ignored")

        with venue.login("anna") as anna:
            assert anna.welcome["type"] == "welcome"
        assert venue.process.stop() == 0


def test_who_is_logged_in_is_let_go_when_his_role_or_secret_changes(tmp_path: Path) -> None:
    hashes = [hash_secret(secret) for secret in ("old", "new")]
    content = FILE.replace('name = "anna"', f'name = "anna"\nsecret_hash = "{hashes[0]}"')
    content = content.replace('name = "ben"', f'name = "ben"\nsecret_hash = "{hashes[0]}"')
    with (
        serving(tmp_path, content, open_venue=False) as venue,
        venue.login("anna", secret="old") as anna,
        venue.login("ben", secret="old") as ben,
    ):
        venue.reread(content.replace(hashes[0], hashes[1], 1))

        *_, last = anna.receive_rest()
        stays = ben.ask({"type": "account_status"})
        with venue.login("anna", secret="new") as again, venue.login("anna", secret="old") as old:
            answers = again.welcome["type"], old.welcome["code"]

    assert last["code"] == "not_allowed"
    assert stays["type"] == "account_state"
    assert answers == ("welcome", "login_failed")


def test_new_bounds_are_those_of_new_connections(tmp_path: Path) -> None:
    with serving(tmp_path) as venue, venue.login("anna") as old:
        log = venue.reread(FILE + "\n[tcp]\nmax_line_bytes = 256\nmax_sessions_per_account = 1\n")
        long = {"type": "order_status", "client_order_id": "x" * 60, "padding": "y" * 300}
        of_old = old.ask(long)
        with venue.login("ben") as ben, venue.login("ben") as second:
            of_new = ben.ask(long)

    assert keys(log) == ["tcp.max_line_bytes", "tcp.max_sessions_per_account"]
    assert (of_old["code"], of_new["code"]) == ("invalid_message", "line_too_long")
    assert second.welcome["code"] == "too_many_sessions"


def test_another_schedule_is_planned_from_now_on(tmp_path: Path) -> None:
    planned = '\n[[schedule]]\nat = 00:00:00\nphase = "closed"\n'
    with serving(tmp_path) as venue, venue.login("anna") as anna:
        log = venue.reread("volatility_auction_s = 5\n" + FILE + planned)
        # What it has for earlier today is past; an instrument that is new goes where the plan says it should be.
        still = anna.ask(new("a1", "buy", 1, 100))
        venue.reread("volatility_auction_s = 5\n" + FILE + planned + BOLT)
        closed = anna.ask(new("a2", "buy", 1, 100, symbol="BOLT"))

    assert keys(log) == ["schedule", "volatility_auction_s"]
    assert still["type"] == "accepted"
    assert closed["reason"] == "wrong_phase"


@pytest.mark.skipif(shutil.which("openssl") is None, reason="there is no openssl command")
def test_another_certificate_serves_the_connections_after_that(tmp_path: Path) -> None:
    certificate, key = tmp_path / "venue.crt", tmp_path / "venue.key"
    make_self_signed(certificate, key)
    content = f'{FILE}\n[tcp]\ncertificate = "{certificate}"\nkey = "{key}"\n'

    def seen(venue: Venue) -> bytes | None:
        context = ssl.create_default_context(cafile=str(certificate))
        with venue.process.connect() as client:
            client.socket = wrapped = context.wrap_socket(client.socket, server_hostname="localhost")
            return wrapped.getpeercert(binary_form=True)

    with serving(tmp_path, content) as venue:
        first = seen(venue)
        make_self_signed(certificate, key)
        log = venue.reread(content)
        second = seen(venue)
        again = venue.reread(content)

        before = len(venue.process.log)
        key.write_text("no key")
        venue.process.process.send_signal(signal.SIGHUP)
        faulty = venue.process.logged("venue_file_faulty", before)
        third = seen(venue)

    assert keys(log) == ["tcp.certificate"]
    assert keys(again) == []
    assert first != second
    assert second == third
    assert faulty["place"] == f"tcp.certificate: {certificate}"


def test_a_venue_without_a_file_ends_in_order_as_its_terminal_does(tmp_path: Path) -> None:
    with running_venue(tmp_path) as venue:
        code = venue.stop(signal.SIGHUP)

    assert code == 0
    assert venue.log[-1]["event"] == "closed"

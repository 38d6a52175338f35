"""From ``tontine init`` to a venue that trades, with real processes; and what a start makes of a changed file."""

import os
import pty
import shutil
import ssl
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from exchange.access import hash_secret
from tests.support.founded import free_http_port
from tests.support.typed import Said, typed
from tests.support.venue import DidNotStart, Json, RawClient, VenueProcess, new, running_venue

needs_openssl = pytest.mark.skipif(shutil.which("openssl") is None, reason="there is no openssl command")


def exchange(*arguments: str, stdin: str = "") -> Said:
    return typed(*arguments, room="exchange", stdin=stdin)


def init(file: Path, *options: str) -> dict[str, str]:
    """Secrets by account, as they are shown."""
    done = exchange("init", str(file), *options)
    assert done.returncode == 0, done.stderr
    free_http_port(file)
    rows = [line.split() for line in done.stdout.splitlines() if line.startswith("  ")]
    return {name: secret for name, _, secret in rows}


def mode_of(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


# -- init, check, hash-secret ------------------------------------------------------------------------
def test_a_first_venue_file_works_as_it_is(tmp_path: Path) -> None:
    file = tmp_path / "venue.toml"
    secrets = init(file)

    checked = exchange("check", str(file))
    with (
        running_venue(tmp_path, str(file), open_venue=False) as venue,
        venue.login("anna", secret=secrets["anna"]) as anna,
        venue.login("ben", secret=secrets["ben"]) as ben,
        venue.login("olga", secret=secrets["olga"]) as olga,
        venue.login("vera", secret=secrets["vera"]) as vera,
    ):
        anna.ask(new("a1", "sell", 5, 10_000))
        traded = [ben.ask(new("b1", "buy", 5, 10_000)), ben.receive()]
        accounts = olga.ask({"type": "list_accounts"})
        looked = vera.ask(new("v1", "buy", 5, 10_000))

    assert checked.returncode == 0
    assert [client.welcome["type"] for client in (anna, ben, olga, vera)] == ["welcome"] * 4
    assert anna.welcome["balances"] == [
        {"asset": "ACME", "free": 1_000},
        {"asset": "USD", "free": 10_000_000},
    ]
    assert [message["type"] for message in traded] == ["accepted", "trade_report"]
    assert [one["account"] for one in accounts["accounts"]] == ["anna", "ben", "olga", "vera"]
    assert looked["code"] == "not_allowed"


def test_secrets_are_shown_once_and_kept_as_hashes(tmp_path: Path) -> None:
    file = tmp_path / "venue.toml"

    secrets = init(file)

    content = file.read_text()
    assert sorted(secrets) == ["anna", "ben", "olga", "vera"]
    assert len(set(secrets.values())) == 4
    assert not [secret for secret in secrets.values() if secret in content]
    assert content.count("$argon2id$") == 4
    assert mode_of(file) == 0o600
    assert "argon2id" not in exchange("check", str(file)).stdout


def test_nothing_is_overwritten_unless_that_is_wanted(tmp_path: Path) -> None:
    file = tmp_path / "venue.toml"
    file.write_text("mine")
    file.chmod(0o644)

    refused = exchange("init", str(file))
    kept = file.read_text()
    init(file, "--force")

    assert (refused.returncode, refused.stdout) == (1, "")
    assert refused.stderr == f"tontine: {file} is there already; --force overwrites it\n"
    assert kept == "mine"
    assert "[[accounts]]" in file.read_text()
    assert mode_of(file) == 0o600


@needs_openssl
def test_a_self_signed_certificate_is_made_for_nobody_else_to_read(tmp_path: Path) -> None:
    file = tmp_path / "venue.toml"
    secrets = init(file, "--tls")

    with running_venue(tmp_path, str(file), open_venue=False) as venue, venue.connect() as client:
        context = ssl.create_default_context(cafile=str(tmp_path / "venue.crt"))
        client.socket = context.wrap_socket(client.socket, server_hostname="localhost")
        welcome = client.ask({"type": "login", "account": "anna", "secret": secrets["anna"]})

    assert welcome["type"] == "welcome"
    assert [mode_of(tmp_path / name) for name in ("venue.crt", "venue.key")] == [0o600, 0o600]


def test_without_openssl_it_is_said_what_to_do_and_nothing_is_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))

    done = exchange("init", str(tmp_path / "venue.toml"), "--tls")

    assert done.returncode == 1
    assert done.stderr.startswith("tontine: the openssl command is not installed: install it, or")
    assert done.stderr.count("\n") == 1
    assert list(tmp_path.iterdir()) == []


def test_an_open_venue_file_has_no_secrets_and_lets_anybody_in(tmp_path: Path) -> None:
    file = tmp_path / "venue.toml"

    secrets = init(file, "--open")

    assert secrets == {}
    assert "argon2id" not in file.read_text()
    with running_venue(tmp_path, str(file), open_venue=False) as venue, venue.login("stranger") as stranger:
        assert stranger.welcome["type"] == "welcome"
        assert "open_venue" in [entry["event"] for entry in venue.log if entry["level"] == "warning"]


def test_a_venue_that_sends_secrets_in_the_clear_says_so(tmp_path: Path) -> None:
    file = tmp_path / "venue.toml"
    init(file)
    file.write_text(file.read_text().replace('host = "127.0.0.1"', 'host = "0.0.0.0"'))

    with running_venue(tmp_path, str(file), open_venue=False) as venue:
        warnings = [entry["event"] for entry in venue.log if entry["level"] == "warning"]

    assert warnings == ["no_tls"]


def test_check_names_all_that_is_wrong_a_line_each(tmp_path: Path) -> None:
    file = tmp_path / "venue.toml"
    file.write_text("nmae = 'x'\n[tcp]\nport = 70000\n[[accounts]]\nname = 'anna'\nrole = 'boss'\n")

    done = exchange("check", str(file))

    assert (done.returncode, done.stdout) == (1, "")
    assert [line.split(": ")[:2] for line in done.stderr.splitlines()] == [
        [str(file), "accounts.0.role"],
        [str(file), "tcp.port"],
        [str(file), "nmae"],
    ]


def test_check_looks_at_the_certificate_too(tmp_path: Path) -> None:
    file, certificate = tmp_path / "venue.toml", tmp_path / "venue.crt"
    file.write_text(f"[tcp]\ncertificate = '{certificate}'\nkey = '{certificate}'\n")

    missing = exchange("check", str(file))
    certificate.write_text("no certificate at all")
    wrong = exchange("check", str(file))

    assert (missing.returncode, wrong.returncode) == (1, 1)
    assert missing.stderr == f"tcp.certificate: {certificate}: No such file or directory\n"
    assert wrong.stderr.startswith(f"tcp.certificate: {certificate}: no certificate with its key")


def test_a_secret_is_hashed_from_standard_input(tmp_path: Path) -> None:
    done = exchange("hash-secret", stdin="correct horse\n")

    secret_hash = done.stdout.strip()
    file = tmp_path / "venue.toml"
    file.write_text(f'[[accounts]]\nname = "anna"\nsecret_hash = "{secret_hash}"\n')
    with (
        running_venue(tmp_path, str(file), open_venue=False) as venue,
        venue.login("anna", secret="correct horse") as right,
        venue.login("anna", secret="battery staple") as wrong,
    ):
        assert (right.welcome["type"], wrong.welcome["code"]) == ("welcome", "login_failed")


def test_a_secret_typed_at_a_terminal_is_not_shown() -> None:
    ours, theirs = pty.openpty()
    command = [sys.executable, "-m", "exchange", "hash-secret"]
    with subprocess.Popen(command, stdin=theirs, stdout=subprocess.PIPE, stderr=theirs) as process:
        os.close(theirs)
        shown = b""
        for prompt in (b"Secret: ", b"Repeat for confirmation: "):
            while prompt not in shown:
                shown += os.read(ours, 1024)
            os.write(ours, b"correct horse\n")
        assert process.stdout is not None
        answer = process.stdout.read()
    os.close(ours)

    assert answer.startswith(b"$argon2id$")
    assert b"horse" not in shown


def test_an_empty_secret_is_refused() -> None:
    done = exchange("hash-secret", stdin="\n")

    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.count("\n") == 1


# -- serve -------------------------------------------------------------------------------------------
def test_without_a_file_a_venue_is_open_only_if_that_is_said() -> None:
    done = exchange("serve")

    assert done.returncode == 2
    assert done.stderr == (
        "tontine: no venue file: write one with `tontine init`, or add --open for a venue without secrets "
        "on this machine\n"
    )


def test_an_open_venue_is_not_served_to_the_network() -> None:
    done = exchange("serve", "--open", "--host", "192.0.2.1")

    assert done.returncode == 2
    assert done.stderr.startswith("tontine: command line: open: only on loopback")
    assert done.stderr.count("\n") == 1


FILE = """
[[instruments]]
symbol = "ACME"
settlement = "spot"
base = "ACME"
quote = "USD"
taker_fee_ppm = 100

[[accounts]]
name = "anna"
deposits = { USD = 500 }

[[accounts]]
name = "olga"
role = "operator"

[limits]
open_orders = 5
"""


def written(directory: Path, content: str) -> str:
    file = directory / "venue.toml"
    file.write_text(content)
    return str(file)


def last_seq(venue: VenueProcess) -> int:
    """Number of the last command, as the log says at the end."""
    venue.stop()
    number: int = venue.log[-1]["last_seq"]
    return number


def test_a_start_with_the_same_file_adds_nothing_to_the_journal(tmp_path: Path) -> None:
    file = written(tmp_path, FILE)
    with running_venue(tmp_path, file) as venue:
        first = last_seq(venue)

    with running_venue(tmp_path, file) as venue:
        assert last_seq(venue) == first


def test_what_changed_in_the_file_is_done_at_the_start_and_shows_in_the_audit(tmp_path: Path) -> None:
    with running_venue(tmp_path, written(tmp_path, FILE)) as venue:
        before = last_seq(venue)
    changed = (
        FILE.replace("= 5\n", "= 6\n")
        .replace("100", "200")
        .replace('"operator"', '"operator"\ndeposits = { USD = 7 }')
    )

    with running_venue(tmp_path, written(tmp_path, changed)) as venue:
        with venue.login("olga") as olga:
            page = olga.ask({"type": "audit", "from_seq": before + 1})
        after = last_seq(venue)

    assert after == before + 3
    assert [(entry["action"], entry["by"], entry["why"]) for entry in page["entries"]] == [
        ("adjust_balance", "*", "venue file read at the start"),
        ("set_fees", "*", "venue file read at the start"),
        ("set_limits", "*", "venue file read at the start"),
    ]
    assert [entry["key"] for entry in venue.log if entry["event"] == "setting_changed"] == [
        "accounts.olga.deposits.USD",
        "instruments.ACME",
        "limits",
    ]


def test_what_was_done_at_the_desk_and_the_file_does_not_mention_stays(tmp_path: Path) -> None:
    file = written(tmp_path, FILE)
    with running_venue(tmp_path, file) as venue, venue.login("olga") as olga:
        for request in (
            {"type": "create_account", "account": "ben", "role": "viewer"},
            {"type": "set_limits", "account": "anna", "limits": {"position": 3}},
            {"type": "add_instrument", "instrument": {"symbol": "NEW"}},
        ):
            assert olga.ask(request | {"why": "a test"})["type"] == "admin_done"
        before = last_seq(venue)

    with running_venue(tmp_path, file) as venue:
        with venue.login("ben") as ben, venue.login("anna") as anna:
            refused = anna.ask(new("a1", "buy", 4, 100))
        assert last_seq(venue) == before + 1  # anna's order

    assert ben.welcome["role"] == "viewer"
    assert [one["symbol"] for one in ben.welcome["instruments"]] == ["ACME", "NEW"]
    assert refused["reason"] == "position_limit"


def test_a_file_that_contradicts_the_journal_stops_the_start_with_all_of_it(tmp_path: Path) -> None:
    with running_venue(tmp_path, written(tmp_path, FILE)) as venue:
        before = last_seq(venue)
    wrong = FILE.replace("USD = 500", "USD = 600").replace(
        '"ACME"\nsettlement', '"ACME"\ntick = 5\niceberg_refill = "front"\nsettlement'
    )

    with pytest.raises(DidNotStart) as caught:
        VenueProcess(tmp_path, written(tmp_path, wrong))

    said, code = caught.value.args
    lines = [line for line in said.splitlines() if line.startswith("tontine: ")]
    assert code == 2
    assert [line.split(": ")[1] for line in lines] == [
        "instruments.ACME.tick",
        "instruments.ACME.iceberg_refill",
        "accounts.anna.deposits.USD",
    ]
    with running_venue(tmp_path, written(tmp_path, FILE)) as venue:
        assert last_seq(venue) == before


def test_secrets_stand_neither_in_the_log_nor_in_the_journal(tmp_path: Path) -> None:
    secrets = ["correct horse", "battery staple", "open sesame"]
    content = FILE.replace('name = "olga"', f'name = "olga"\nsecret_hash = "{hash_secret(secrets[0])}"')
    with running_venue(
        tmp_path, written(tmp_path, content), "--log-level", "debug", open_venue=False
    ) as venue:
        with venue.login("olga", secret=secrets[0]) as olga:
            create: Json = {"type": "create_account", "account": "ben", "secret": secrets[1], "why": "a test"}
            assert olga.ask(create)["type"] == "admin_done"
            assert olga.ask(create)["reason"] == "duplicate_account"
        with RawClient(venue.host, venue.port) as guesser:
            guesser.ask({"type": "login", "account": "olga", "secret": secrets[2]})
        venue.stop()

    kept = b"".join(path.read_bytes() for path in tmp_path.glob("venue.journal*"))
    assert b"ben" in kept
    for secret in secrets:
        assert secret not in str(venue.log)
        assert secret.encode() not in kept

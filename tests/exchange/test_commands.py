"""The venue's commands as a person types them: wrong use is one clear line, never a traceback."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.typed import Said, typed
from tests.support.venue import RawClient, running_venue


def exchange(*arguments: str) -> Said:
    return typed(*arguments, room="exchange")


@pytest.mark.parametrize("command", ["init", "check", "hash-secret", "serve", "verify", "conform"])
def test_every_command_has_help_with_an_example(command: str) -> None:
    done = exchange(command, "--help")

    assert done.returncode == 0
    assert f"tontine {command} " in done.stdout


def test_an_unknown_option_is_one_line() -> None:
    done = exchange("serve", "--prot", "7001")

    assert done.returncode == 2
    assert done.stderr.startswith("tontine: No such option: --prot")
    assert done.stderr.strip().count("\n") == 0


def test_a_venue_file_with_a_mistake_is_one_line(tmp_path: Path) -> None:
    file = tmp_path / "venue.toml"
    file.write_text("[tcp]\nport = 'high'\n")

    done = exchange("serve", str(file))

    assert done.returncode == 2
    assert done.stderr.strip().count("\n") == 0
    assert "tcp.port" in done.stderr


def test_an_address_that_is_taken_is_one_line_after_the_log(tmp_path: Path) -> None:
    with running_venue(tmp_path) as venue:
        command = [sys.executable, "-m", "exchange", "serve", "--open", "--port", str(venue.port)]
        command += ["--journal", "off", "--log-format", "json"]
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=50)

    assert done.returncode == 2
    assert done.stderr.splitlines()[-1].startswith("tontine: tcp 127.0.0.1:")
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    "content", [b"", b"this is no database at all, but it is long enough to look at\n" * 50]
)
def test_a_file_that_is_no_journal_is_one_line(tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "some.file"
    file.write_bytes(content)

    done = exchange("verify", str(file))

    assert done.returncode == 1
    assert done.stderr.startswith(f"tontine: {file}: ")
    assert done.stderr.strip().count("\n") == 0


def test_verify_of_nothing_is_one_line(tmp_path: Path) -> None:
    done = exchange("verify", str(tmp_path / "nope.journal"))

    assert (done.returncode, done.stderr.strip()) == (
        1,
        f"tontine: {tmp_path / 'nope.journal'}: no such file",
    )


def test_a_journal_can_be_verified_while_its_venue_runs(tmp_path: Path) -> None:
    with running_venue(tmp_path) as venue, venue.login("alice") as alice:
        alice.ask({"type": "mass_cancel"})

        verdict = venue.verify()

    assert verdict.returncode == 0, verdict.stdout


def test_a_venue_told_to_live_until_eof_ends_in_order_when_its_owner_is_gone(tmp_path: Path) -> None:
    journal = tmp_path / "venue.journal"
    command = [
        sys.executable,
        "-m",
        "exchange",
        "serve",
        "--open",
        "--port",
        "0",
        "--journal",
        str(journal),
        "--until-eof",
    ]
    owned = subprocess.Popen(command, stdin=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert owned.stdin is not None
    assert owned.stderr is not None
    for line in owned.stderr:
        if '"listening"' in line:
            break

    # As when the owner dies: both pipes at once, and nobody reads the log any more.
    owned.stderr.close()
    owned.stdin.close()

    assert owned.wait(20) == 0
    assert not journal.with_name("venue.journal-wal").exists()  # closed in order


def test_a_venue_whose_log_nobody_reads_goes_on_serving(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "exchange", "serve", "--open", "--port", "0", "--journal", "off"]
    deaf = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
    assert deaf.stderr is not None
    port = next(json.loads(line)["port"] for line in deaf.stderr if '"listening"' in line)
    deaf.stderr.close()

    for name in ("alice", "bob"):
        with RawClient("127.0.0.1", port) as client:
            assert client.ask({"type": "login", "account": name})["type"] == "welcome"

    deaf.terminate()
    assert deaf.wait(20) == 0

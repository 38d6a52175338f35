"""``tontine admin`` as an operator types it, against a venue that asks for secrets over TLS."""

import asyncio
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import tontine
from protocol.messages import TradeReport
from tests.support.founded import Founded
from tests.support.typed import Said, typed
from tests.support.venue import VenueProcess, running_venue
from traders.admin import app
from traders.client import Client

ROOT = Path(__file__).parents[2]
COMMANDS = [command.name for command in app.registered_commands]
ASKING = {"sessions", "accounts", "audit"}

WORDS = {
    "create-account": ("carl", "--generate"),
    "disable": ("carl",),
    "enable": ("carl",),
    "deposit": ("carl", "USD", "5"),
    "withdraw": ("carl", "USD", "5"),
    "set-limits": (),
    "set-fees": ("ACME", "--maker-ppm", "0", "--taker-ppm", "0"),
    "halt": ("ACME",),
    "resume": ("ACME",),
    "phase": ("ACME", "halt"),
    "last-price": ("ACME", "5"),
    "cancel": ("carl",),
    "bust": ("1", "carl"),
    "add-instrument": ("no-such-file.toml",),
    "broadcast": ("hello",),
}


def run(*arguments: str, **environment: str) -> "subprocess.CompletedProcess[str]":
    """The command in a process of its own."""
    surroundings = {key: value for key, value in os.environ.items() if key != "TONTINE_SECRET"}
    return subprocess.run(
        [sys.executable, "-m", "tontine", *arguments],
        cwd=ROOT,
        env=surroundings | environment,
        capture_output=True,
        text=True,
        timeout=50,
        check=False,
    )


class Office:
    """Where an operator types; commands run in this process, which takes a tenth of the time."""

    def __init__(self, venue: VenueProcess, founded: Founded) -> None:
        self.venue = venue
        self.founded = founded
        self.entry = (
            "--port", str(venue.port), "--account", "olga",
            "--secret-file", str(founded.secret_file("olga")), "--ca", str(founded.certificate),
        )  # fmt: skip

    def admin(self, *arguments: str) -> Said:
        return typed("admin", *arguments, *self.entry, stdin="swordfish\n")

    def done(self, *arguments: str) -> str:
        """What a command prints that has to succeed."""
        status, out, err = self.admin(*arguments)
        assert (status, err) == (0, ""), arguments
        return out

    def trader(self, account: str) -> Any:
        return Client.connect(
            self.venue.host,
            self.venue.port,
            account=account,
            secret=self.founded.secrets[account],
            tls=self.founded.certificate,
        )


@pytest.fixture
def office(tmp_path: Path, founded: Founded, monkeypatch: pytest.MonkeyPatch) -> Iterator[Office]:
    monkeypatch.setenv("COLUMNS", "160")
    monkeypatch.delenv("TONTINE_SECRET", raising=False)
    with running_venue(tmp_path, str(founded.file), open_venue=False) as venue:
        yield Office(venue, founded)


# -- wrong use -------------------------------------------------------------------------------------
@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_has_an_example_in_its_help(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    status = tontine.run(["admin", command, "--help"])

    assert status == 0
    assert f"Example: tontine admin {command}" in " ".join(capsys.readouterr().out.split())


def test_every_command_either_asks_or_is_tried_here() -> None:
    assert set(COMMANDS) == ASKING | WORDS.keys()


@pytest.mark.parametrize("command", WORDS)
def test_whatever_changes_something_has_to_say_why(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    status = tontine.run(["admin", command, *WORDS[command], "--account", "olga"])

    said = capsys.readouterr().err
    assert status == 2
    assert said.count("\n") == 1
    assert "--why" in said


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        (("sessions",), "--account"),
        (("sessions", "--account", "olga", "--secret", "x"), "--secret"),
        (("sessions", "--account", "olga", "--secret-file", "no-such"), "no-such: No such file or directory"),
        (("sessions", "--account", "olga", "--ca", "no-such"), "no-such: No such file or directory"),
        (("deposit", "carl", "USD", "-5", "--why", "x", "--account", "olga"), "-5"),
        (("phase", "ACME", "lunch", "--why", "x", "--account", "olga"), "lunch"),
        (("sessions", "--account", "olga", "--role", "viewer"), "--role"),
    ],
)
def test_wrong_use_is_one_line(
    arguments: tuple[str, ...], text: str, capsys: pytest.CaptureFixture[str]
) -> None:
    status = tontine.run(["admin", *arguments])

    said = capsys.readouterr().err
    assert status == 2
    assert said.count("\n") == 1
    assert text in said


def test_a_venue_that_is_not_there_is_one_line_and_exit_code_one() -> None:
    done = run("admin", "sessions", "--account", "olga", "--port", "1")

    assert done.returncode == 1
    assert done.stderr == "tontine: nobody answers at 127.0.0.1:1 (Connect call failed ('127.0.0.1', 1))\n"


# -- at work ---------------------------------------------------------------------------------------
@pytest.mark.slow
def test_an_account_from_its_opening_to_its_closing(office: Office) -> None:
    created = office.done("create-account", "carl", "--generate", "--why", "by mail")
    (secret,) = re.findall(r"secret of carl, shown this once: (\S+)", created)
    typed = office.done("create-account", "dora", "--role", "viewer", "--why", "by mail")
    paid = office.done("deposit", "carl", "USD", "5000", "--why", "a wire")
    (transaction,) = re.findall(r"^transaction (\S+)$", paid, re.MULTILINE)
    named = ("--transaction-id", transaction)
    office.done("deposit", "carl", "USD", "5000", "--why", "the same wire", *named)
    office.done("withdraw", "carl", "USD", "1000", "--why", "asked by mail")
    office.done("set-limits", "--for", "carl", "--position", "10", "--hard", "position", "--why", "new")
    accounts = office.done("accounts")
    office.done("disable", "carl", "--why", "lost his secret")
    refused = run(
        "bot", "examples/joiner.py:Joiner", "--account", "carl", "--ca", str(office.founded.certificate),
        "--connect", f"127.0.0.1:{office.venue.port}", TONTINE_SECRET=secret,
    )  # fmt: skip
    office.done("enable", "carl", "--why", "found it")
    audit = office.done("audit")

    assert "swordfish" not in typed
    assert re.search(r"carl +│ trader +│ +│ .*USD 4,000", accounts), accounts
    assert re.search(r"dora +│ viewer +│", accounts), accounts
    assert refused.returncode == 1
    assert "account_disabled" in refused.stderr
    entries = re.findall(r"│ +\d+ │ [\d :-]+ │ olga +│ (\w+)", audit)
    assert entries == [
        "create_account", "create_account", "adjust_balance", "adjust_balance", "adjust_balance",
        "set_limits", "disable_account", "enable_account",
    ]  # fmt: skip
    assert "lost his secret" in audit
    assert secret not in audit


@pytest.mark.slow
async def test_a_market_that_is_run(office: Office, tmp_path: Path) -> None:
    dune = tmp_path / "dune.toml"
    dune.write_text('[[instruments]]\nsymbol = "DUNE"\ntick = 5\n')
    async with office.trader("anna") as anna, office.trader("ben") as ben:
        bought = await anna.buy("ACME", 10, at=10_000)
        await ben.sell("ACME", 4, at=10_000)
        trade_id = await _trade_of(bought)

        said, again, unknown = await asyncio.to_thread(run_the_market, office, dune, str(trade_id))
        state = await anna.account()
        closed = await anna.order_status(bought.client_order_id)

    sessions, *done = said
    assert re.search(r"anna +│ trader +│ 127\.0\.0\.1", sessions), sessions
    assert [line.split()[:2] for text in done for line in text.splitlines()] == [
        ["done:", "bust_trade"],
        ["done:", "cancel_for"],
        *[["done:", "change_phase"]] * 6,
        ["done:", "set_last_price"],
        ["done:", "set_fees"],
        ["done:", "add_instrument"],
        ["done:", "broadcast"],
    ]
    assert again.returncode == unknown.returncode == 1
    assert re.fullmatch(r"tontine: refused: .+ \(already_busted\)\n", again.stderr)
    assert re.fullmatch(r"tontine: .+ \(unknown_trade\)\n", unknown.stderr)
    assert [one.quantity for one in state.holdings if one.quantity] == []
    assert (closed.state, closed.cumulative) == ("canceled", 4)


def run_the_market(office: Office, dune: Path, trade: str) -> tuple[list[str], Said, Said]:
    """What an operator may do to it in a day."""
    why = ("--why", "a test")
    said = [
        office.done("sessions"),
        office.done("bust", trade, "anna", *why),
        office.done("cancel", "anna", *why),
        office.done("halt", "ACME", "BOLT", *why),
        office.done("resume", "ACME", "BOLT", *why),
        office.done("phase", "ACME", "closing_auction", *why),
        office.done("phase", "ACME", "continuous", "--forced", *why),
        office.done("last-price", "ACME", "10005", *why),
        office.done("set-fees", "ACME", "--maker-ppm", "-10", "--taker-ppm", "20", *why),
        office.done("add-instrument", str(dune), *why),
        office.done("broadcast", "We close early.", *why),
    ]
    return said, office.admin("bust", trade, "ben", *why), office.admin("bust", "999", "ben", *why)


async def _trade_of(order: Any) -> int:
    async for report in order:
        if isinstance(report, TradeReport):
            return report.trade_id
    raise AssertionError("it did not trade")


@pytest.mark.slow
def test_who_may_not_is_told_so_in_one_line(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    anna = (
        "--port", str(office.venue.port), "--account", "anna", "--ca", str(office.founded.certificate),
    )  # fmt: skip

    monkeypatch.setenv("TONTINE_SECRET", office.founded.secrets["anna"])
    trader = typed("admin", "accounts", *anna)
    monkeypatch.setenv("TONTINE_SECRET", "guess")
    guess = typed("admin", "accounts", *anna)
    distrust = typed("admin", "accounts", *anna[:-2], "--tls")

    assert [done.returncode for done in (trader, guess, distrust)] == [1, 1, 1]
    assert [done.stderr.count("\n") for done in (trader, guess, distrust)] == [1, 1, 1]
    assert "not_an_operator" in trader.stderr
    assert "login_failed" in guess.stderr
    assert "is not trusted" in distrust.stderr

"""Whoever follows the page on running a venue, command by command, gets two accounts that trade over TLS."""

import json
import os
import re
import shlex
import signal
import socket
import subprocess
import sys
from fnmatch import fnmatchcase
from pathlib import Path
from typing import NamedTuple

import pytest

from tests.support.founded import free_http_port

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "how-to" / "run-a-venue.md"
PATIENCE_S = 40


class Step(NamedTuple):
    """A command of the page, and what the page says it prints."""

    command: str
    shown: list[str]


def steps() -> list[Step]:
    found: list[Step] = []
    for block in re.findall(r"```console\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL):
        for line in block.splitlines():
            if line.startswith("$ "):
                found.append(Step(line[2:], []))
            else:
                found[-1].shown.append(line)
    return found


class Terminal:
    """Where somebody types what the page says, in an empty directory."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.environment = {
            **{key: value for key, value in os.environ.items() if key != "TONTINE_SECRET"},
            "PATH": f"{_bin_with_tontine(directory)}:{os.environ['PATH']}",
            "PYTHONPATH": str(ROOT),
            "COLUMNS": "160",
        }
        with socket.create_server(("127.0.0.1", 0)) as server:
            self.port = int(server.getsockname()[1])
        self.secrets: dict[str, str] = {}
        self.printed: dict[str, str] = {}
        self.running: list[subprocess.Popen[str]] = []
        self.venue: subprocess.Popen[str] | None = None

    def type(self, command: str) -> str:
        """Run a command; what it prints."""
        command = command.replace("7001", str(self.port))
        if command.startswith("export "):
            name, _, value = shlex.split(command)[1].partition("=")
            self.environment[name] = value
        elif command.startswith("cat > "):
            account = command.removeprefix("cat > ").removesuffix(".secret")
            self._run(command, f"{self.secrets[account]}\n")
        elif command.startswith("tontine serve"):
            self._serve(command)
        elif command.endswith("&"):
            self.running.append(self._start(command.removesuffix("&")))
        else:
            if command.startswith("tontine verify"):
                self.close_venue()
            return self._run(command)
        return ""

    def _run(self, command: str, typed: str = "") -> str:
        process = self._start(command)
        out, err = process.communicate(typed, timeout=PATIENCE_S)
        assert (process.returncode, err) == (0, ""), command
        if command.startswith("tontine init"):
            self._founded(out)
        return out

    def _founded(self, out: str) -> None:
        self.secrets = dict(re.findall(r"^  (\w+) +\w+ +(\S+)$", out, re.MULTILINE))
        file = self.directory / "venue.toml"
        file.write_text(file.read_text().replace("port = 7001", f"port = {self.port}"))
        free_http_port(file)

    def _start(self, command: str) -> "subprocess.Popen[str]":
        return subprocess.Popen(
            ["bash", "-c", command],
            cwd=self.directory,
            env=self.environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def _serve(self, command: str) -> None:
        self.venue = self._start(f"exec {command}")
        assert self.venue.stderr is not None
        for line in self.venue.stderr:
            if json.loads(line)["event"] == "listening":
                return
        pytest.fail("the venue ended before it listened")

    def wait_for_the_others(self) -> list[str]:
        """What was printed by what ran beside."""
        printed = []
        for process in self.running:
            out, err = process.communicate(timeout=PATIENCE_S)
            assert (process.returncode, err) == (0, "")
            printed.append(out)
        self.running.clear()
        return printed

    def close_venue(self) -> None:
        """Ctrl-C in the terminal of the venue."""
        if self.venue is not None:
            self.venue.send_signal(signal.SIGINT)
            self.venue.communicate(timeout=PATIENCE_S)
            assert self.venue.returncode == 0
            self.venue = None

    def leave(self) -> None:
        """End whatever a failed test has left running."""
        for process in (*self.running, *([self.venue] if self.venue else [])):
            process.kill()
            process.communicate()


def _bin_with_tontine(directory: Path) -> Path:
    """A directory with the command in it, wherever it is installed."""
    place = directory / ".bin"
    place.mkdir()
    command = place / "tontine"
    command.write_text(f'#!/bin/sh\nexec {shlex.quote(sys.executable)} -m tontine "$@"\n')
    command.chmod(0o755)
    return place


@pytest.mark.slow
def test_the_page_leads_from_nothing_to_two_accounts_that_trade(tmp_path: Path) -> None:
    terminal = Terminal(tmp_path)
    printed: dict[str, str] = {}
    makers: list[str] = []
    try:
        for command, shown in steps():
            out = terminal.type(command)
            printed[command] = out
            lines = out.splitlines()
            assert not shown or len(lines) == len(shown)
            for line, pattern in zip(lines, shown, strict=False):
                assert fnmatchcase(line, pattern.replace("...", "*"))
            if "zero_intelligence" in command:
                makers += terminal.wait_for_the_others()
    finally:
        terminal.leave()

    told = {command.split(" $DESK")[0].split(" --why")[0]: out for command, out in printed.items()}
    accounts = told["tontine admin accounts"]
    takers = next(out for command, out in printed.items() if "zero_intelligence" in command)
    assert 0 < _fills(makers[0]) <= _fills(takers), "beside each other there was nobody to trade with"
    assert re.search(r"│ anna +│ trader +│ +│ ACME ", accounts), accounts
    assert "secret of carl, shown this once: " in told["tontine admin create-account carl --generate"]
    audit = told["tontine admin audit"]
    assert [why for why in ("opened by mail", "wire of 3 March", "all is well") if why not in audit] == []


def _fills(table: str) -> int:
    """From the table a bot prints at the end: traders, sessions, broken, orders, refused, fills, profit."""
    (row,) = re.findall(r"│ \w+ +│ +1 │ +0 │ +[\d,]+ │ +[\d,]+ │ +([\d,]+) │", table)
    return int(row.replace(",", ""))


def test_everything_on_the_page_that_looks_like_a_command_is_in_a_block_that_is_run() -> None:
    page = PAGE.read_text(encoding="utf-8")

    kinds = re.findall(r"^```(\w*)$", page, re.MULTILINE)

    assert set(kinds) == {"console", ""}
    assert len(steps()) > 20

"""The README does what it says: its netcat session, its program. All pages: their links, their commands."""

import json
import os
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from itertools import takewhile
from pathlib import Path

import pytest

from tests.support.typed import typed
from tests.support.venue import Json, new, running_venue

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text()
PAGES = sorted(ROOT.glob("*.md")) + sorted((ROOT / "docs").rglob("*.md"))


def block(marker: str) -> str:
    """The fenced block after ``<!-- marker -->``."""
    found = re.search(rf"<!-- {marker} -->\n```\w+\n(.*?)```", README, re.DOTALL)
    assert found, marker
    return found.group(1)


def without_times(messages: list[Json]) -> list[Json]:
    return [{key: value for key, value in message.items() if key != "at_ns"} for message in messages]


def test_the_lines_to_type_get_the_answers_shown(tmp_path: Path) -> None:
    shown = [json.loads(line) for line in block("answered").splitlines()]
    with running_venue(tmp_path) as venue, venue.connect() as client:
        client.send_bytes(block("typed").encode())

        welcome, *answers = client.receive_rest()

    assert [instrument["symbol"] for instrument in welcome["instruments"]] == ["ACME", "BOLT", "CORN"]
    assert without_times(answers) == without_times(shown)


def test_the_lines_of_the_how_to_are_all_taken(tmp_path: Path) -> None:
    page = (ROOT / "docs" / "how-to" / "trade-with-netcat.md").read_text()
    lines = "".join(re.findall(r"```json\n(.*?)```", page, re.DOTALL))
    with running_venue(tmp_path) as venue, venue.connect() as client:
        client.send_bytes(lines.encode())

        answers = client.receive_rest()

    kinds = [answer["type"] for answer in answers]
    assert "error" not in kinds
    assert "rejected" not in kinds
    assert kinds[0] == "welcome"
    assert kinds[-1] == "logged_out"


def test_the_python_program_trades(tmp_path: Path) -> None:
    with running_venue(tmp_path, journal=False) as venue:
        program = block("python").replace("7001", str(venue.port))
        done = subprocess.run(
            [sys.executable, "-c", program],
            capture_output=True,
            text=True,
            check=False,
            timeout=50,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
        )

    assert done.returncode == 0, done.stderr
    assert done.stdout.count("TradeReport(") == 1
    assert "Canceled(" in done.stdout


def test_the_program_that_watches_shows_the_book(tmp_path: Path) -> None:
    with running_venue(tmp_path, journal=False) as venue, venue.login("alice") as alice:
        for name, side, quantity, price in (("a1", "buy", 30, 10_000), ("a2", "sell", 10, 10_010)):
            assert alice.ask(new(name, side, quantity, price))["type"] == "accepted"
        watching = subprocess.Popen(
            [sys.executable, "-c", block("watching").replace("7001", str(venue.port))],
            stdout=subprocess.PIPE,
            text=True,
            env={**os.environ, "PYTHONPATH": str(ROOT), "PYTHONUNBUFFERED": "1"},
        )
        with watching:
            assert watching.stdout is not None
            first = watching.stdout.readline()
            watching.kill()

    assert first == "10000 10010 0.5\n"


@pytest.mark.parametrize("page", PAGES, ids=lambda p: p.name)
def test_every_link_leads_somewhere(page: Path) -> None:
    prose = re.sub(r"^```.*?^```", "", page.read_text(), flags=re.MULTILINE | re.DOTALL)
    targets = re.findall(r"\]\((?!https?:|#)([^)#]+)", prose)

    assert [target for target in targets if not (page.parent / target).exists()] == []


def test_every_command_of_the_table_exists_and_none_is_left_out() -> None:
    listed = set(re.findall(r"^\| `tontine ([\w-]+)", README, re.MULTILINE))
    done = subprocess.run(
        [sys.executable, "-m", "tontine", "--help"], capture_output=True, text=True, check=False, cwd=ROOT
    )

    offered = set(re.findall(r"^│ (\w[\w-]*) +", done.stdout, re.MULTILINE))
    assert listed <= offered
    assert offered - listed == set()


def commands(page: str) -> Iterator[list[str]]:
    """Every ``tontine ...`` of a page, in a console or in a sentence: its words, ``tontine`` left out."""
    for console in re.findall(r"^\$ (?:.*[;&|] *)?tontine +(.*)", page, re.MULTILINE):
        yield shlex.split(re.split(r" [&|><#]", console)[0], comments=True)
    for inline in re.findall(r"(?<!`)`tontine\s+([^`]+)`", page):
        yield inline.split()


def names(words: list[str]) -> list[str]:
    """Of the command and of what it is a part of: ``admin halt``."""
    most = 2 if words[0] in ("admin", "history", "import") else 1
    return list(takewhile(re.compile(r"[a-z][a-z-]+").fullmatch, words[:most]))


@cache
def options_of(*command: str) -> tuple[int, set[str]]:
    """The status of its help, and what that offers. The same commands are on many pages."""
    status, out, _ = typed(*command, "--help")
    return status, set(re.findall(r"--[a-z][\w-]*", out))


@pytest.mark.parametrize("page", PAGES, ids=lambda p: p.name)
def test_every_command_of_a_page_exists_with_its_options(page: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "200")
    wrong: list[str] = []
    for words in commands(page.read_text(encoding="utf-8")):
        status, offered = options_of(*names(words))
        options = {word.partition("=")[0] for word in words if word.startswith("--")}
        if status or options - offered:
            wrong.append(" ".join(words))

    assert wrong == []

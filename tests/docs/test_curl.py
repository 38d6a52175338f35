"""Whoever types the page on curl line by line gets what it shows; the table of routes is that of the code."""

import json
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from fnmatch import fnmatchcase
from pathlib import Path

from exchange.gateways.http.openapi import table
from tests.support.over_http import http_address, open_http_venue

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "how-to" / "curl.md").read_text(encoding="utf-8")
REFERENCE = (ROOT / "docs" / "reference" / "http.md").read_text(encoding="utf-8")
PATIENCE_S = 40


def steps() -> Iterator[tuple[str, list[str]]]:
    """Each command of the page, and what the page says it prints."""
    for block in re.findall(r"```console\n(.*?)```", PAGE, re.DOTALL):
        command, shown = "", list[str]()
        for line in block.splitlines():
            if line.startswith("$ "):
                if command:
                    yield command, shown
                command, shown = line[2:], []
            else:
                shown.append(line)
        yield command, shown


def as_pattern(line: str) -> str:
    """``...`` stands for anything."""
    return re.sub(r"([*?\[\]])", r"[\1]", line).replace("...", "*")


def test_every_command_of_the_page_prints_what_it_shows(tmp_path: Path) -> None:
    (serve, _), *typed = steps()
    assert serve == "tontine serve --open --port 7001 --http-port 7080"
    with open_http_venue(tmp_path) as venue:
        _, port = http_address(venue)
        for command, shown in typed:
            words = shlex.split(command.replace("7080", str(port)))
            assert words[0] == "curl"
            done = subprocess.run(
                words, capture_output=True, text=True, check=False, timeout=PATIENCE_S, cwd=tmp_path
            )
            assert done.returncode == (28 if "--max-time" in words else 0), done.stderr
            lines = done.stdout.splitlines()
            assert len(lines) == len(shown), command
            for line, pattern in zip(lines, shown, strict=True):
                assert fnmatchcase(line, as_pattern(pattern)), line

    assert len(typed) > 12


def test_the_page_has_no_commands_but_those_that_are_run() -> None:
    assert set(re.findall(r"^```(\w*)$", PAGE, re.MULTILINE)) == {"console", ""}


def test_the_table_of_routes_is_that_of_the_code() -> None:
    assert f"<!-- generated: routes -->\n\n{table()}\n\n<!-- end: routes -->" in REFERENCE


def test_the_description_can_be_printed_without_a_venue() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "tontine", "openapi"], capture_output=True, text=True, check=True, cwd=ROOT
    )

    assert json.loads(done.stdout)["openapi"] == "3.1.0"

"""Whoever follows the page on watching a venue sees what it shows."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from exchange.metrics import Metric
from tests.support.figures import scrape
from tests.support.venue import new, running_venue

PAGE = (Path(__file__).parents[2] / "docs" / "how-to" / "monitor.md").read_text(encoding="utf-8")


def steps() -> list[tuple[str, str]]:
    """Each command of the page with what it prints."""
    (block,) = re.findall(r"```console\n(.*?)```", PAGE, re.DOTALL)
    parts = re.split(r"^\$ (.*)\n", block, flags=re.MULTILINE)[1:]
    return list(zip(parts[::2], parts[1::2], strict=True))


def test_the_commands_print_what_the_page_shows(tmp_path: Path) -> None:
    if shutil.which("curl") is None:
        pytest.skip("curl is not installed")
    (start, _), *asked = steps()
    assert start.startswith("tontine serve --open --port 7001 --http-port 7080")
    with running_venue(tmp_path, "--http-port", "0") as venue:
        port = venue.logged("listening_http")["port"]
        for command, shown in asked:
            command = command.replace("7080", str(port))
            done = subprocess.run(["sh", "-c", command], capture_output=True, text=True, check=True)
            assert done.stdout.splitlines()[: len(shown.splitlines())] == shown.splitlines()


def test_every_figure_that_the_page_names_exists(tmp_path: Path) -> None:
    named = set(re.findall(r"`(tontine_[a-z_]+)`", PAGE)) - {"tontine_"}
    with running_venue(tmp_path, "--http-port", "0") as venue, venue.login("anna") as anna:
        anna.ask(new("a", "buy", 5, 99))
        anna.ask(new("a", "buy", 5, 99))
        names = scrape(venue).names

    known = names | {re.sub(r"_(bucket|count|sum)$", "", name) for name in names}
    assert len(named) > 20
    assert named <= known
    assert {f"tontine_{metric}_total" for metric in Metric} <= known

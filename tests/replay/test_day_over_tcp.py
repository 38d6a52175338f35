"""A whole day through a real venue over TCP, once undisturbed and once with the venue killed."""

import json
import re
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable
from itertools import islice
from pathlib import Path

import pytest

from tests.support import days
from tests.support.venue import VenueProcess, running_venue
from traders.order_flow import read_flow, request_of


@pytest.fixture(params=["generated", "recorded"])
def day(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    if request.param == "generated":
        return days.generated(tmp_path)
    if not days.RECORDED.exists():
        pytest.skip(days.ABSENT)
    return days.RECORDED


def start_replay(venue: VenueProcess, day: Path) -> "subprocess.Popen[str]":
    command = [sys.executable, "-m", "traders", "replay", str(day), "--connect", f"{venue.host}:{venue.port}"]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def venue_file(tmp_path: Path) -> str:
    file = tmp_path / "venue.toml"
    file.write_text(days.VENUE_FILE)
    return str(file)


def test_every_execution_and_every_published_book_comes_back_over_the_wire(tmp_path: Path, day: Path) -> None:
    lines = read_flow(day)
    with running_venue(tmp_path, venue_file(tmp_path)) as venue:
        replay = start_replay(venue, day)
        output, errors = replay.communicate(timeout=50)

        assert replay.returncode == 0, output + errors
        assert venue.stop() == 0
    table = {
        name.strip(): (expected, met)
        for name, expected, met in re.findall(r"│ ([a-z ]+?) +│ +([\d,]+) │ +([\d,]+) │", output)
    }
    takes = f"{sum(line.op == 'take' for line in lines):,}"
    books = f"{sum(line.book is not None for line in lines):,}"
    assert table["executions"] == (takes, takes)
    assert table["published books"] == (books, books)
    assert venue.verify().returncode == 0
    if day == days.RECORDED:
        assert (takes, books) == ("6,256", "14,428")


def journalled(journal: Path) -> list[list[object]]:
    """All commands of accounts in the journal, in order."""
    database = sqlite3.connect(f"file:{journal}?mode=ro", uri=True)
    try:
        blobs = [row[0] for row in database.execute("select commands from turns order by first_seq")]
    finally:
        database.close()
    commands = [json.loads(line) for blob in blobs for line in blob.splitlines()]
    return [command for command in commands if command[0] != "add_instrument"]


def await_condition(holds: Callable[[], bool]) -> None:
    """Look until it holds; the state looked at belongs to another process."""
    deadline = time.monotonic() + 40
    while not holds():
        assert time.monotonic() < deadline


def test_kill_9_in_the_middle_of_the_day_loses_and_repeats_nothing(tmp_path: Path) -> None:
    day = days.RECORDED if days.RECORDED.exists() else days.generated(tmp_path, commands=60_000)
    with running_venue(tmp_path, venue_file(tmp_path)) as venue:
        replay = start_replay(venue, day)
        await_condition(lambda: venue.journal.exists() and len(journalled(venue.journal)) > 10_000)
        venue.kill()
        output, errors = replay.communicate(timeout=50)

    # The replay says in one line how many commands were acknowledged.
    assert replay.returncode == 1
    assert "Traceback" not in errors
    found = re.search(r"([\d,]+) (?:of [\d,]+ )?commands", output + errors)
    assert found, output + errors
    acknowledged = int(found.group(1).replace(",", ""))

    # What is in the journal is the day from its first command on, each once and in order; all that
    # was acknowledged is there.
    commands = journalled(venue.journal)
    assert len(commands) >= acknowledged > 0
    first_id = str(next(line.id for line in read_flow(day) if line.is_command))
    prefix = str(commands[0][2]).removesuffix(first_id)
    sent = [line for line in read_flow(day) if line.is_command]
    expected = []
    for number, line in enumerate(islice(sent, len(commands))):
        name = line.id if line.id is not None else f"T{number}"
        expected.append((type(request_of(line, "GOOG", "")).__name__, f"{prefix}{name}"))  # type: ignore[arg-type]
    kinds = {"enter": "NewOrder", "cancel": "Cancel", "reduce": "Reduce"}
    assert [(kinds[str(command[0])], command[2]) for command in commands] == expected

    # And a restart proves it, and serves.
    assert venue.verify().returncode == 0
    with running_venue(tmp_path, venue_file(tmp_path)) as venue, venue.login("replay") as client:
        names = [order["client_order_id"] for order in client.welcome["open_orders"]]
        assert len(names) == len(set(names)) > 0
        client.send({"type": "mass_cancel"})
        assert client.receive_until("mass_canceled")[-1]["count"] == len(names)
        assert venue.stop() == 0
    assert venue.verify().returncode == 0

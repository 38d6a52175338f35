"""The page about market data does what it says: its checksum, its session, its tables."""

import json
import re
import runpy
from pathlib import Path
from zlib import crc32

from protocol.checksum import checksum
from protocol.vocabulary import DEPTH_LEVELS, Channel, Interval
from tests.support.venue import Json, running_venue

PAGE = (Path(__file__).parents[2] / "docs" / "reference" / "market-data.md").read_text(encoding="utf-8")


def block(marker: str) -> str:
    """The fenced block after ``<!-- marker -->``."""
    found = re.search(rf"<!-- {marker} -->\n```\w+\n(.*?)```", PAGE, re.DOTALL)
    assert found, marker
    return found.group(1)


def test_the_worked_example_of_the_checksum_adds_up() -> None:
    book = json.loads(block("checksum: book"))
    text, expected = block("checksum: text").splitlines()
    empty = re.search(r"<!-- checksum: empty --> (\d+)", PAGE)

    assert crc32(text.encode("ascii")) == int(expected)
    assert checksum(book["bids"], book["asks"]) == int(expected)
    assert empty
    assert int(empty[1]) == checksum([], [])


def test_the_program_for_the_checksum_is_right(tmp_path: Path) -> None:
    book = json.loads(block("checksum: book"))
    long = [(price, 1) for price in range(30, 5, -1)]
    program = tmp_path / "program.py"
    program.write_text(block("checksum: python"), encoding="utf-8")

    made = runpy.run_path(str(program))["checksum"]

    assert made(book["bids"], book["asks"]) == checksum(book["bids"], book["asks"])
    assert made(long, []) == checksum(long, [])


def timeless(message: Json) -> Json:
    """But for what depends on when it is said."""
    bar = message.get("bar")
    if bar is not None:
        message = message | {"bar": {**bar, "start_ns": 0}}
    return {key: value for key, value in message.items() if key != "at_ns"}


def test_the_session_says_what_is_shown(tmp_path: Path) -> None:
    shown = [timeless(json.loads(line)) for line in block("answered").splitlines()]
    with running_venue(tmp_path) as venue, venue.connect() as client:
        client.send_bytes(block("typed").encode())

        answers = [timeless(answer) for answer in client.receive_rest()]

    private = {"welcome", "accepted", "trade_report", "logged_out"}
    assert [answer for answer in answers if answer["type"] not in private] == shown


def test_every_channel_interval_and_number_of_levels_is_in_the_table() -> None:
    table = PAGE.partition("## Streams")[2].partition("\n## ")[0]

    words = set(re.findall(r"`([^`]+)`", table))

    assert {*Channel, *Interval, *map(str, DEPTH_LEVELS)} <= words

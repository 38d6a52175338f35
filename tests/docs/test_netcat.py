"""Whoever types what the page on market data with netcat says sees what it shows."""

import json
import re
import subprocess
from collections.abc import Iterator
from operator import itemgetter
from pathlib import Path
from typing import NamedTuple

import pytest

from tests.support.venue import Json, RawClient, running_venue

PAGE = Path(__file__).parents[2] / "docs" / "how-to" / "netcat.md"
TEXT = PAGE.read_text(encoding="utf-8")

WHENEVER = frozenset(("at_ns", "start_ns"))
"""Fields that differ from run to run."""


class Block(NamedTuple):
    """Lines somebody types or sees."""

    who: str
    does: str
    lines: str


def blocks() -> Iterator[Block]:
    for who, does, lines in re.findall(r"<!-- (\w+) (types|sees) -->\n```json\n(.*?)```", TEXT, re.DOTALL):
        yield Block(who, does, lines)


def timeless(value: object) -> object:
    """The same without times."""
    if isinstance(value, dict):
        return {key: timeless(one) for key, one in value.items() if key not in WHENEVER}
    if isinstance(value, list):
        return [timeless(one) for one in value]
    return value


def compared(messages: list[Json]) -> list[object]:
    """Between streams no order is promised: by type, which leaves the order within a stream."""
    return [timeless(one) for one in sorted(messages, key=itemgetter("type"))]


def test_the_lines_to_type_show_what_the_page_shows(tmp_path: Path) -> None:
    clients: dict[str, RawClient] = {}
    seen = 0
    with running_venue(tmp_path) as venue:
        for block in blocks():
            if block.who not in clients:
                clients[block.who] = venue.connect()
            client = clients[block.who]
            if block.does == "types":
                client.send_bytes(block.lines.encode())
                continue
            if not client.welcome:
                client.welcome = client.receive()
                assert client.welcome["type"] == "welcome"
            shown = [json.loads(line) for line in block.lines.splitlines()]
            assert compared([client.receive() for _ in shown]) == compared(shown)
            seen += len(shown)
        assert clients["vera"].receive_rest() == []
        for client in clients.values():
            client.close()

    assert seen > 25


@pytest.mark.parametrize(
    ("command", "shown"),
    re.findall(r"^\$ (printf .*)\n(.*)$", TEXT, re.MULTILINE),
    ids=["right", "wrong", "right again"],
)
def test_the_checksums_are_those_the_shell_computes(command: str, shown: str) -> None:
    done = subprocess.run(["bash", "-c", command], capture_output=True, text=True, check=True)

    assert done.stdout.split() == shown.split()


def test_the_page_says_truly_which_checksum_agrees() -> None:
    said = set(re.findall(r'"checksum":(\d+)', TEXT))
    computed = [int(number) for number in re.findall(r"^ (\d+)$", TEXT, re.MULTILINE)]

    assert [str(number) in said for number in computed] == [True, False, True]


def test_every_block_of_messages_is_typed_or_seen_by_somebody() -> None:
    assert TEXT.count("```json") == len(list(blocks()))

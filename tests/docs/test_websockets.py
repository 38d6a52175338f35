"""The program on the page about WebSockets prints what the page says; the tables of the reference are those of the code."""

import asyncio
import json
import re
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosedOK

from protocol.vocabulary import ErrorCode
from protocol.websocket import CLOSE_CODES, CloseCode
from tests.support.venue import VenueProcess
from tests.support.websocket import web_address, web_venue

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "how-to" / "websockets.md").read_text(encoding="utf-8")
REFERENCE = (ROOT / "docs" / "reference" / "protocol.md").read_text(encoding="utf-8")


def block(mark: str) -> str:
    (found,) = re.findall(rf"<!-- {mark} -->\n```\w+\n(.*?)```", PAGE, re.DOTALL)
    return str(found)


def test_the_program_prints_what_the_page_shows(tmp_path: Path) -> None:
    program = tmp_path / "book.py"
    program.write_text(block("program: book.py"), encoding="utf-8")
    shown = block("prints").splitlines()
    with web_venue(tmp_path) as venue, venue.connect() as anna:
        command = [sys.executable, str(program), web_address(venue)]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
            try:
                assert process.stdout is not None
                printed = [process.stdout.readline().rstrip()]
                anna.send_bytes(block("anna types").encode())
                printed += [process.stdout.readline().rstrip() for _ in shown[1:]]
            finally:
                process.kill()

    assert printed == shown


def test_orders_on_the_same_connection(tmp_path: Path) -> None:
    body = textwrap.indent(block("fragment: orders"), "    ")
    source = f"async def trade(say):\n{body}"
    names: dict[str, object] = {}
    exec(compile(source, "page", "exec"), names)  # noqa: S102  # our own page

    async def run(venue: VenueProcess) -> tuple[list[str], int]:
        async with connect(web_address(venue)) as connection:

            async def say(**message: object) -> None:
                await connection.send(json.dumps(message))

            await say(type="login", account="vera")
            await names["trade"](say)  # type: ignore[operator]
            kinds = [json.loads(await connection.recv())["type"] for _ in range(4)]
            with pytest.raises(ConnectionClosedOK) as closed:
                await connection.recv()
            assert closed.value.rcvd is not None
            return kinds, closed.value.rcvd.code

    with web_venue(tmp_path) as venue:
        kinds, code = asyncio.run(run(venue))

    assert kinds == ["welcome", "accepted", "canceled", "logged_out"]
    assert code == 1000


def test_the_table_of_close_codes_is_that_of_the_code() -> None:
    section = REFERENCE.partition("## Over WebSocket")[2].partition("\n## ")[0]
    rows = dict(re.findall(r"^\| (\d{4}) \| (.*) \|$", section, re.MULTILINE))

    assert {int(code) for code in rows} == set(CloseCode)
    for error, code in CLOSE_CODES.items():
        assert f"`{error}`" in rows[str(int(code))]
    named = {word for text in rows.values() for word in re.findall(r"`(\w+)`", text)} & set(ErrorCode)
    assert named == set(CLOSE_CODES)

"""Whoever follows the page on looking into the kernel sees what it shows."""

import os
import re
import shlex
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.support.venue import PATIENCE_S, running_venue

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "how-to" / "look-into-the-kernel.md").read_text(encoding="utf-8")
ENVIRONMENT = {**os.environ, "PYTHONPATH": str(ROOT)}


def block(marker: str) -> str:
    """The fenced block after ``<!-- marker -->``."""
    found = re.search(rf"<!-- {marker} -->\n```\w+\n(.*?)```", PAGE, re.DOTALL)
    assert found, marker
    return found.group(1)


def shown(marker: str) -> tuple[list[str], str]:
    """A command of the page as words, and what it prints."""
    command, _, printed = block(marker).partition("\n")
    return shlex.split(command.removeprefix("$ ")), printed


def without_numbers(text: str) -> str:
    """Ports, files, lines and places differ from run to run."""
    text = re.sub(r"\S*/(?=venue\.py|legacy/)", ".../", text)
    return re.sub(r"\d+", "0", re.sub(r" +", " ", text))


@contextmanager
def running_program(directory: Path) -> Iterator[int]:
    """``venue.py`` of the page, at a free port; that port."""
    program = block("venue").replace(
        "VenueConfig(open=True)", 'VenueConfig(open=True, tcp={"port": 0}, journal={"path": None})'
    )
    (directory / "venue.py").write_text(program)
    with subprocess.Popen(
        [sys.executable, "venue.py"], cwd=directory, env=ENVIRONMENT, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        try:
            said = (re.search(r"listening.*port=(\d+)", line) for line in process.stdout)
            yield int(next(found[1] for found in said if found))
            process.send_signal(signal.SIGINT)
            process.stdout.read()
        except BaseException:
            process.kill()
            raise


def test_the_monitor_says_what_the_page_shows(tmp_path: Path) -> None:
    asked = [shown("ps"), shown("where")]
    with (
        running_program(tmp_path) as port,
        socket.create_connection(("127.0.0.1", port), PATIENCE_S) as alice,
    ):
        alice.sendall(b'{"type":"login","account":"alice"}\n')
        assert alice.recv(65_536)

        printed = [
            subprocess.run(
                [sys.executable, *command[1:]],
                cwd=tmp_path,
                env=ENVIRONMENT,
                capture_output=True,
                text=True,
                check=True,
            ).stdout
            for command, _ in asked
        ]

    assert [without_numbers(text) for text in printed] == [without_numbers(text) for _, text in asked]


def test_the_market_of_the_page_trades(tmp_path: Path) -> None:
    (console,) = re.findall(r"```console\n(\$ tontine serve.*?)```", PAGE, re.DOTALL)
    serve, fleet = (shlex.split(line.removeprefix("$ ")) for line in console.splitlines())
    assert serve == ["tontine", "serve", "--open", "--runtime", "legacy"]
    with running_venue(tmp_path, journal=False, runtime="legacy") as venue:
        done = subprocess.run(
            [sys.executable, "-m", *fleet[:-1], "0.5", "--connect", f"127.0.0.1:{venue.port}"],
            cwd=ROOT,
            capture_output=True,
            text=True,
            check=False,
        )

    assert done.returncode == 0, done.stderr
    assert "profit" in done.stdout


def test_the_program_with_a_recorder_prints_the_timeline_of_the_page(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", block("trace")],
        cwd=tmp_path,
        env=ENVIRONMENT,
        capture_output=True,
        text=True,
        check=True,
    )

    assert without_numbers(done.stdout).replace(" \n", "\n") == without_numbers(block("timeline"))

"""The commands, as a person types them."""

import os
import re
import signal
import subprocess
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest

from tests.support.typed import Said, typed
from tests.support.venue import running_venue
from traders.order_flow import generated_day, write_flow

ROOT = Path(__file__).parents[2]
SURROUNDINGS = {"COLUMNS": "120", "NO_COLOR": "1"}


def start(*arguments: str) -> "subprocess.Popen[str]":
    return subprocess.Popen(
        [sys.executable, "-m", "traders", *arguments],
        cwd=ROOT,
        env=os.environ | SURROUNDINGS,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def run(*arguments: str) -> "subprocess.CompletedProcess[str]":
    process = start(*arguments)
    out, err = process.communicate(timeout=50)
    return subprocess.CompletedProcess(process.args, process.returncode, out, err)


@pytest.fixture
def say(monkeypatch: pytest.MonkeyPatch) -> Callable[..., Said]:
    """As ``run``, in this process; not for what ends by a signal, or starts processes."""
    monkeypatch.chdir(ROOT)
    for name, value in SURROUNDINGS.items():
        monkeypatch.setenv(name, value)
    return partial(typed, room="traders")


@pytest.mark.parametrize("command", ["fleet", "bot", "demo", "replay"])
def test_every_command_has_an_example_in_its_help(command: str, say: Callable[..., Said]) -> None:
    done = say(command, "--help")

    assert done.returncode == 0
    assert f"Example: tontine {command}" in " ".join(done.stdout.split())


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        (("fleet", "no-such-file.toml"), "no-such-file.toml: No such file or directory"),
        (("bot", "no_such_file.py:Bot"), "bot: there is no file no_such_file.py"),
        (("bot", "examples/joiner.py:Nope"), "has no strategy Nope; it has Joiner"),
        (
            ("bot", "examples/joiner.py:Joiner", "--account", "x" * 33),
            "--account: a name has 1 to 32 characters",
        ),
        (("replay", "examples/fleet.toml"), "examples/fleet.toml, line 1"),
        (
            ("fleet", "examples/fleet.toml", "--connect", "here:there"),
            "--connect: 'here:there' is not HOST:PORT",
        ),
    ],
)
def test_wrong_use_is_one_line_and_exit_code_two(
    arguments: tuple[str, ...], text: str, say: Callable[..., Said]
) -> None:
    done = say(*arguments)

    assert done.returncode == 2
    assert done.stderr.count("\n") == 1
    assert text in done.stderr


@pytest.mark.parametrize(
    "arguments", [("demo", "--traders", "1"), ("demo", "--no-such-option"), ("nothing",)]
)
def test_an_option_that_is_none_is_exit_code_two_without_a_traceback(
    arguments: tuple[str, ...], say: Callable[..., Said]
) -> None:
    done = say(*arguments)

    assert done.returncode == 2
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    "arguments",
    [("fleet", "examples/fleet.toml"), ("bot", "examples/joiner.py:Joiner")],
)
def test_a_venue_that_is_not_there_is_one_line_and_exit_code_one(arguments: tuple[str, ...]) -> None:
    done = run(*arguments, "--connect", "127.0.0.1:1")

    assert done.returncode == 1
    assert done.stderr.count("\n") == 1
    assert "nobody answers at 127.0.0.1:1" in done.stderr


@pytest.mark.slow
def test_the_demo_trades_prints_plain_lines_and_ends_by_itself() -> None:
    done = run("demo", "--seconds", "3", "--traders", "20", "--seed", "1")

    assert (done.returncode, done.stderr) == (0, "")
    assert "starting a venue and 20 traders, seed 1" in done.stdout
    assert re.search(r"^ +1\.\d s +20 traders .* ACME [\d.]+/[\d.]+", done.stdout, re.MULTILINE), done.stdout
    last = done.stdout.splitlines()[-1]
    found = re.fullmatch(r"([\d,]+) trades from [\d,]+ orders of 20 traders in \d\.\d s", last)
    assert found, last
    assert int(found[1].replace(",", "")) > 0
    assert "\x1b" not in done.stdout


@pytest.mark.slow
@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_the_demo_in_order_and_leaves_no_process(how: signal.Signals) -> None:
    demo = start("demo", "--traders", "10")
    assert demo.stdout is not None
    for line in demo.stdout:
        if re.search(r" [1-9]\d* trades", line):
            break
    children = _children(demo.pid)

    demo.send_signal(how)
    out, err = demo.communicate(timeout=20)

    assert (demo.returncode, err) == (0, "")
    assert re.search(r"trades from", out)
    assert len(children) == 1, "the venue"
    assert not Path(f"/proc/{children[0]}").exists()


@pytest.mark.slow
def test_a_demo_in_which_nobody_trades_fails() -> None:
    done = run("demo", "--seconds", "0.001", "--traders", "2")

    assert done.returncode == 1
    assert "0 trades" in done.stdout.splitlines()[-1]


def test_a_generated_day_replays_from_its_file(tmp_path: Path) -> None:
    day = tmp_path / "day.jsonl"
    day.write_bytes(write_flow(generated_day(7, 2_000)))
    toml = tmp_path / "venue.toml"
    toml.write_text('[[instruments]]\nsymbol = "GOOG"\ntick = 50\nprice_decimals = 4\n')

    with running_venue(tmp_path, str(toml)) as venue:
        done = run("replay", str(day), "--connect", f"{venue.host}:{venue.port}")

    assert (done.returncode, done.stderr) == (0, "")
    assert re.search(r"published books +│ +200 │ +200 │", done.stdout), done.stdout
    assert "everything is as published" in done.stdout


def test_a_day_that_differs_is_shown_and_exit_code_one(tmp_path: Path) -> None:
    day = tmp_path / "day.jsonl"
    text = write_flow(generated_day(7, 200)).decode()
    day.write_text(text.replace('"qty":', '"qty":1', 1))
    toml = tmp_path / "venue.toml"
    toml.write_text('[[instruments]]\nsymbol = "GOOG"\ntick = 50\n')

    with running_venue(tmp_path, str(toml)) as venue:
        done = run("replay", str(day), "--connect", f"{venue.host}:{venue.port}")

    assert done.returncode == 1
    assert "differs: row 10: the book should read" in done.stdout


def _children(pid: int) -> list[int]:
    """Processes whose parent is ``pid``."""
    found = []
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = stat.read_text().rpartition(")")[2].split()
        except OSError:
            continue  # it has ended meanwhile
        if int(fields[1]) == pid:
            found.append(int(stat.parent.name))
    return found

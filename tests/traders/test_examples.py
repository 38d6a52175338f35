"""The examples and the code in the documentation run as they stand."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.venue import running_venue
from traders.scenario import load_scenario

ROOT = Path(__file__).parents[2]
HOW_TO = ROOT / "docs" / "how-to" / "write-a-bot.md"


def blocks(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", HOW_TO.read_text(encoding="utf-8"), re.DOTALL)


def run(*arguments: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, *arguments],
        cwd=ROOT,
        env={"PYTHONPATH": str(ROOT), "PATH": "", "COLUMNS": "100"},
        capture_output=True,
        text=True,
        timeout=50,
        check=False,
    )


def test_the_first_bot_of_the_guide_is_the_one_in_the_examples() -> None:
    assert blocks("python")[0] == (ROOT / "examples" / "joiner.py").read_text(encoding="utf-8")


def test_the_guides_bot_passes_the_test_in_the_guide(tmp_path: Path) -> None:
    _, bot, test = blocks("python")
    program = tmp_path / "guide.py"
    program.write_text(f"{bot}\n\n{test}")

    done = run(str(program))

    assert (done.returncode, done.stderr) == (0, "")


def test_the_guides_scenario_is_a_scenario(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("contrarian.py").write_text(blocks("python")[1])
    Path("fleet.toml").write_text(blocks("toml")[0])

    assert load_scenario(Path("fleet.toml")).traders[0].count == 5


def test_the_first_order_example_enters_changes_and_cancels(tmp_path: Path) -> None:
    with running_venue(tmp_path) as venue:
        done = run("examples/first_order.py", venue.host, str(venue.port))

    assert done.stdout.splitlines() == ["Accepted", "Replaced", "Canceled", "done: canceled"]
    assert done.stderr == ""


@pytest.mark.slow
def test_watcher_and_bot_follow_a_market_that_a_fleet_makes(tmp_path: Path) -> None:
    with running_venue(tmp_path) as venue:
        address = f"{venue.host}:{venue.port}"
        fleet = subprocess.Popen(
            [sys.executable, "-m", "traders", "fleet", "examples/fleet.toml", "--connect", address],
            cwd=ROOT,
            stdout=subprocess.PIPE,
            text=True,
        )
        try:
            watching = run("examples/watch_market.py", venue.host, str(venue.port), "ACME", "3")
            bot = run(
                "-m", "traders", "bot", "examples/joiner.py:Joiner", "--connect", address,
                "--symbol", "ACME", "--interval", "0.1", "--seconds", "1",
            )  # fmt: skip
        finally:
            fleet.terminate()
            summary, _ = fleet.communicate(timeout=20)

    assert watching.stderr == ""
    assert len(re.findall(r"ACME traded \d+ at \d+", watching.stdout)) == 3
    assert bot.stderr == ""
    assert re.search(r"bot +│ +1 │ +0 │ +[1-9]", bot.stdout), bot.stdout
    assert fleet.returncode == 0
    assert re.search(r"maker +│ +2 │ +0 │", summary), summary

"""The commands as they are typed."""

import re
from pathlib import Path

import pytest

import tontine

SMALL = """
length_s = 20
[venue]
instruments = [{symbol = "ACME", reference_price = 1000}]
[[traders]]
strategy = "zero_intelligence"
name = "crowd"
count = 8
[traders.parameters]
reference = 1000
"""


@pytest.fixture
def small(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.chdir(tmp_path)
    Path("small.toml").write_text(SMALL)
    return "small.toml"


def run(*arguments: str) -> int:
    return tontine.run(arguments, ("simulation",), "tontine")


def digest_in(text: str) -> str:
    found = re.search(r"hash ([0-9a-f]{32})", text)
    assert found is not None
    return found[1]


def test_a_run_is_kept_where_it_says(small: str, capsys: pytest.CaptureFixture[str]) -> None:
    status = run("simulate", small, "--seed", "5")

    shown = capsys.readouterr().out
    assert status == 0
    assert Path("runs/small-5/run.json").is_file()
    assert "kept in runs/small-5" in shown
    assert "crowd" in shown
    assert "times as fast as the clock" in shown


def test_the_right_hash_passes_and_a_wrong_one_is_told_with_both(
    small: str, capsys: pytest.CaptureFixture[str]
) -> None:
    run("simulate", small, "--no-record")
    digest = digest_in(capsys.readouterr().out)

    right = run("simulate", small, "--no-record", "--check", digest)
    wrong = run("simulate", small, "--no-record", "--check", "0" * 32)

    assert (right, wrong) == (0, 1)
    assert f"the hash is {digest}, not {'0' * 32}" in capsys.readouterr().err
    assert not Path("runs").exists()


def test_runs_of_several_seeds_are_kept_below_a_directory(
    small: str, capsys: pytest.CaptureFixture[str]
) -> None:
    status = run("simulate", small, "--seeds", "1..3", "--out", "all", "--format", "csv")

    assert status == 0
    assert len(Path("all/runs.csv").read_text().splitlines()) == 4
    assert sorted(path.name for path in Path("all").glob("small-*")) == ["small-1", "small-2", "small-3"]
    assert "95 % interval of the mean" in capsys.readouterr().out


def test_a_value_set_otherwise_makes_another_market(small: str, capsys: pytest.CaptureFixture[str]) -> None:
    run("simulate", small, "--no-record")
    one = digest_in(capsys.readouterr().out)
    run("simulate", small, "--no-record", "--set", "traders.crowd.count=4")
    two = digest_in(capsys.readouterr().out)

    assert one != two


def test_a_trader_that_breaks_a_promise_is_named(small: str, capsys: pytest.CaptureFixture[str]) -> None:
    Path("bad.py").write_text(
        "from traders.strategies.base import Strategy\n\n\n"
        "class Bad(Strategy):\n"
        "    def on_timer(self, now_ns):\n"
        "        raise ValueError('no idea')\n"
    )
    Path(small).write_text(SMALL + '[[traders]]\nstrategy = "bad.py:Bad"\nname = "fool"\n')

    status = run("simulate", small, "--no-record")

    assert status == 0
    assert "fault: fool-1 of fool, seed 1: ValueError: no idea" in capsys.readouterr().out


def test_facts_of_a_market_that_is_too_short_are_missing(
    small: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run("facts", small) == 1
    assert "ten minutes" in capsys.readouterr().out


def test_a_run_becomes_a_page(small: str, capsys: pytest.CaptureFixture[str]) -> None:
    run("simulate", small, "--seed", "5")

    status = run("report", "runs/small-5", "--no-pictures")

    assert status == 0
    assert Path("runs/small-5/report.html").is_file()
    assert capsys.readouterr().out.splitlines()[-1] == "runs/small-5/report.html"


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("simulate", "nothing"), "nothing"),
        (("simulate", "small.toml", "--seeds", "1..2", "--check", "x"), "--seeds"),
        (("simulate", "small.toml", "--set", "x"), "KEY=VALUE"),
        (("compare", "small.toml", "--metric", "trades"), "--set-b"),
        (("sweep", "small.toml", "--vary", "x"), "--vary"),
        (("validate", "--only", "beauty"), "auctions, day, conservation"),
    ],
)
def test_wrong_use_is_one_line_and_status_2(
    small: str, capsys: pytest.CaptureFixture[str], arguments: tuple[str, ...], words: str
) -> None:
    status = run(*arguments)

    complaint = capsys.readouterr().err
    assert status == 2
    assert words in complaint
    assert len(complaint.splitlines()) == 1


def test_a_page_of_nothing_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("report", str(tmp_path)) == 1
    assert "tontine simulate SCENARIO" in capsys.readouterr().err

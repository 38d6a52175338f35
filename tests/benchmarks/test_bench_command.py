"""``tontine bench``: what it prints and how it ends; no figure is judged."""

import json
from collections.abc import Iterator

import pytest

import tontine
from benchmarks import suite
from benchmarks.report import Plan, Result

KEYS = [
    "benchmark", "case", "value", "unit", "floor", "ratio", "target", "met", "python", "cpu", "samples",
]  # fmt: skip


def made_up(plan: Plan) -> Iterator[Result]:
    yield Result("engine", "fast enough", 5.0, "commands/s", target=4.0, samples=plan.samples)
    yield Result("engine", "too slow", 10.0, "us", floor=4.0, target=2.0, at_most=True, note="pinned")
    yield Result("engine", "information", 123_456.7, "requests/s")


@pytest.fixture
def one_benchmark(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(suite, "measure", lambda name, plan: made_up(plan))


def test_it_lists_the_benchmarks_and_measures_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    status = tontine.run(["bench", "--list"])

    assert status == 0
    listed = [line.split()[0] for line in capsys.readouterr().out.splitlines()]
    assert listed == ["engine", "feed", "legacy", "memory", "restart", "resume", "simulation", "wire"]


def test_an_unknown_name_is_one_line_that_names_the_others(capsys: pytest.CaptureFixture[str]) -> None:
    status = tontine.run(["bench", "speed"])

    output = capsys.readouterr()
    assert status == 2
    assert output.out == ""
    assert (
        output.err
        == "tontine: bench: no benchmark 'speed'; there are engine, feed, legacy, memory, restart, resume, simulation, wire\n"
    )


@pytest.mark.usefixtures("one_benchmark")
def test_json_is_one_line_a_figure_with_the_same_keys(capsys: pytest.CaptureFixture[str]) -> None:
    status = tontine.run(["bench", "engine", "--json", "--samples", "3"])

    assert status == 0
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [list(line) for line in lines] == [KEYS, KEYS, KEYS]
    figures = [(line["value"], line["floor"], line["ratio"], line["target"], line["met"]) for line in lines]
    assert figures == [
        (5.0, None, None, 4.0, True),
        (10.0, 4.0, 2.5, 2.0, False),
        (123_457, None, None, None, None),
    ]
    assert lines[0]["samples"] == 3


@pytest.mark.usefixtures("one_benchmark")
def test_the_table_says_on_what_and_how_it_was_measured(capsys: pytest.CaptureFixture[str]) -> None:
    status = tontine.run(["bench", "engine", "--samples", "2"])

    assert status == 0
    printed = capsys.readouterr().out
    wanted = ("Python 3.", "seed 1", "2 samples", "fast enough", "too slow", "NO", "123,457", "- pinned")
    assert [text for text in wanted if text not in printed] == []


@pytest.mark.usefixtures("one_benchmark")
def test_a_missed_target_fails_only_a_check() -> None:
    statuses = [tontine.run(["bench", "engine", "--json", *more]) for more in ([], ["--check"])]

    assert statuses == [0, 1]


def test_all_benchmarks_run_in_the_order_of_the_list() -> None:
    assert suite.chosen([]) == [
        "engine",
        "feed",
        "legacy",
        "memory",
        "restart",
        "resume",
        "simulation",
        "wire",
    ]
    assert suite.chosen(["wire", "engine"]) == ["engine", "wire"]

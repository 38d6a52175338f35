"""The list of steps, and running one from the command line."""

import os
import subprocess
import sys

import pytest

from legacy.steps.__main__ import run
from legacy.steps.registry import Step, load, numbers, steps
from protocol.errors import ConfigError


@pytest.mark.parametrize("number", numbers())
def test_a_step_says_what_it_is_and_what_is_still_missing(number: int) -> None:
    step = load(number)

    assert step.title
    assert not step.title.endswith(".")
    assert step.line.endswith(".")
    assert step.missing.endswith((".", "?"))


@pytest.mark.parametrize("number", numbers())
def test_a_step_runs_and_shows_the_same_each_time(number: int) -> None:
    step, first, second = load(number), list[str](), list[str]()

    step.main(first.append)
    step.main(second.append)

    assert first
    assert first == second


def test_steps_are_numbered_without_a_gap() -> None:
    assert numbers() == list(range(1, len(numbers()) + 1))


def test_the_list_names_every_step() -> None:
    lines: list[str] = []

    status = run([], lines.append)

    assert status == 0
    assert all(f"{step.label}  {step.title}" in lines for step in steps())


def test_an_unknown_step_is_refused_in_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    lines: list[str] = []

    status = run(["77"], lines.append)

    assert (status, lines) == (2, [])
    assert capsys.readouterr().err.count("\n") == 1
    with pytest.raises(ConfigError):
        load(77)


def test_a_schedule_is_drawn_only_where_there_is_one(capsys: pytest.CaptureFixture[str]) -> None:
    lines: list[str] = []

    assert run(["1", "--trace"], lines.append) == 2
    assert run(["1", "--svg", "schedule.svg"], lines.append) == 2
    assert run(["--trace"], lines.append) == 2

    assert lines == []
    assert capsys.readouterr().err.count("\n") == 3


def test_the_command_prints_what_the_step_shows() -> None:
    expected: list[str] = []
    first: Step = load(1)
    first.main(expected.append)

    done = subprocess.run(
        [sys.executable, "-m", "legacy.steps", "01"], capture_output=True, text=True, check=True
    )

    assert done.stdout.splitlines() == expected


@pytest.mark.parametrize("buffered", [[], ["-u"]])
def test_a_reader_who_has_seen_enough_is_no_fault(buffered: list[str]) -> None:
    read_end, write_end = os.pipe()
    os.close(read_end)

    command = [sys.executable, *buffered, "-m", "legacy.steps", "04"]
    done = subprocess.run(command, stdout=write_end, stderr=subprocess.PIPE, text=True, check=False)

    os.close(write_end)
    assert (done.returncode, done.stderr) == (1, "")

"""The async twins of the steps do what the steps do."""

import asyncio
from importlib import import_module

import pytest

from legacy.steps.registry import load
from legacy.twins.__main__ import NUMBERS, run

OWN = {16: ["on the stack: trading -> trade -> hear -> read -> _wait_for_data"]}
"""What only the twin prints: coroutines of asyncio have names of their own."""


@pytest.mark.parametrize("number", NUMBERS)
def test_what_a_twin_prints_its_step_prints_too_in_the_same_order(number: int) -> None:
    shown: list[str] = []
    load(number).main(shown.append)
    twin: list[str] = []

    asyncio.run(import_module(f"legacy.twins.twin_{number:02}").main(twin.append))

    assert twin
    rest = iter(shown)
    assert [line for line in twin if line in OWN.get(number, []) or line not in rest] == OWN.get(number, [])


@pytest.mark.parametrize("words", [[], ["19"], ["0"], ["four"], ["4", "5"]])
def test_wrong_use_is_told_and_is_no_error(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert run(words) == 2
    assert "usage" in capsys.readouterr().err


def test_the_command_runs_one(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["05"]) == 0
    assert "accepted" in capsys.readouterr().out

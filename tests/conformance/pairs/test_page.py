"""The page about the runtimes says what this suite shows, and nothing is declared that it does not show."""

import ast
import importlib
import re
from pathlib import Path

import pytest

from tests.conformance.pairs import page
from tests.conformance.pairs.features import FEATURES, LEGACY
from tests.conformance.pairs.page import HERE, PAGE, Place, declared, places_of, updated

TEXT = PAGE.read_text(encoding="utf-8")
TWINS = re.findall(r"^\| (`[^|]+) \| (`[^|]+) \|$", TEXT, re.MULTILINE)
"""Rows that pair code of asyncio with code of the legacy runtime."""


def shown_by(path: Path) -> set[str]:
    """The features that a module of scenarios is marked with."""
    module = ast.parse(path.read_text(encoding="utf-8"))
    names = {
        target.id: str(node.value.value)
        for node in module.body
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.Constant)
        for target in node.targets
        if isinstance(target, ast.Name)
    }
    marks = [
        node.args[0]
        for node in ast.walk(module)
        if isinstance(node, ast.Call) and ast.unparse(node.func) == "pytest.mark.feature"
    ]
    return {names[mark.id] if isinstance(mark, ast.Name) else ast.literal_eval(mark) for mark in marks}


def test_every_feature_is_shown_by_a_scenario_and_every_scenario_shows_one_that_is_declared() -> None:
    shown = set().union(*(shown_by(path) for path in HERE.glob("test_*.py")))

    assert shown == set(FEATURES)


def test_the_page_is_what_a_run_says_in_which_everything_passes() -> None:
    assert updated(TEXT, declared()) == TEXT, "make docs"


def test_what_a_run_did_not_show_does_not_stand_in_the_page_as_a_yes() -> None:
    lost = Place("heartbeats", "trader", LEGACY)

    changed = updated(TEXT, declared() - {lost})

    assert "| heartbeats | yes | yes | yes | **not shown** |\n" in changed


def test_a_scenario_shows_a_feature_on_the_runtimes_it_ran_on() -> None:
    assert places_of(["uvloop"], "asyncio") == {Place("uvloop", "venue", "asyncio")}
    assert places_of(["heartbeats"], "legacy", "asyncio") == {
        Place("heartbeats", "venue", "legacy"),
        Place("heartbeats", "trader", "asyncio"),
    }
    assert len(places_of(["heartbeats"])) == 4


def test_a_page_without_marks_is_refused() -> None:
    with pytest.raises(ValueError, match="marks"):
        page.updated("no marks", set())


# -- the twins -------------------------------------------------------------------------------------
@pytest.mark.parametrize(("awaited", "yielded"), TWINS)
def test_both_of_a_pair_are_python_and_name_what_there_is(awaited: str, yielded: str) -> None:
    compile(f"async def _():\n    {code_of(awaited)}", "with asyncio", "exec")
    twin = ast.parse(f"def _():\n    {code_of(yielded)}")

    called = {
        node.func.id
        for node in ast.walk(twin)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name)
    }
    assert {name for name in called if name not in KNOWN and name not in EXAMPLES} == set()


def test_there_are_twins() -> None:
    assert len(TWINS) > 20


KNOWN = {
    name
    for module in ("kernel", "traps", "waiting", "threads", "streams", "errors", "trader.client", "bridge")
    for name in vars(importlib.import_module(f"legacy.{module}"))
}
EXAMPLES = {"work", "main", "print", "function"}
"""What the pairs are about: somebody's flow or coroutine."""


def code_of(cell: str) -> str:
    """One line of Python: the parts of a cell, of which each is in backticks, as statements."""
    parts = re.findall(r"`([^`]+)`", cell)
    return "; ".join(parts) if not parts[-1].endswith(":") else f"{parts[-1]} pass"

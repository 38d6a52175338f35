"""Every numbered rule of the venue is named where it is carried out and where it is tested.

Reads the source: a search for ``rule 23`` finds code and tests, also where a sentence names several
(``rules 9 to 12``, ``rules 2, 24, 52``). What no part of the venue does yet is listed here with the reason.
"""

import ast
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]

RULES = range(1, 55)

STILL_TO_COME: dict[int, str] = {}
"""Rules that nothing carries out yet, with the reason. None: the next one is listed here until it is."""

_NUMBERS = r"\d+(?:\s*(?:,|,?\s+and\b|,?\s+or\b|\bto\b|-)\s*\d+)*"
_NAMED = re.compile(rf"\brules?\s+({_NUMBERS})", re.IGNORECASE)


def rules_named(text: str) -> set[int]:
    """The numbers of all rules that a text names, one by one, in lists and in ranges."""
    found: set[int] = set()
    for words in _NAMED.findall(text):
        last, ranging = 0, False
        for word in re.findall(r"\d+|to|-", words):
            if not word.isdecimal():
                ranging = True
                continue
            number = int(word)
            found.update(range(last, number) if ranging else ())
            found.add(number)
            last, ranging = number, False
    return found


@cache
def named_in_code() -> set[int]:
    """Rules that a comment or docstring of the venue names."""
    texts = (path.read_text(encoding="utf-8") for path in (ROOT / "exchange").rglob("*.py"))
    return set[int]().union(*map(rules_named, texts))


@cache
def named_by_tests() -> set[int]:
    """Rules that the docstring of a test names: ``Rule 7: ...``."""
    return set[int]().union(*(rules_named(docstring) for docstring in _docstrings_of_tests()))


def _docstrings_of_tests() -> Iterator[str]:
    for path in (ROOT / "tests").rglob("test_*.py"):
        if path != Path(__file__):
            for function in _tests_in(path):
                yield ast.get_docstring(function) or ""


def _tests_in(path: Path) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"), str(path))):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.name.startswith("test_"):
            yield node


@pytest.mark.parametrize("number", [number for number in RULES if number not in STILL_TO_COME])
def test_rule_is_named_by_code_and_by_a_test(number: int) -> None:
    named = {"code": number in named_in_code(), "test": number in named_by_tests()}

    assert named == {"code": True, "test": True}


def test_rule_that_is_still_to_come_is_not_named_yet() -> None:
    """Whoever carries it out takes it off the list."""
    assert [number for number in STILL_TO_COME if number in named_in_code() | named_by_tests()] == []


def test_no_rule_is_named_that_there_is_not() -> None:
    assert (named_in_code() | named_by_tests()) - set(RULES) == set()


@pytest.mark.parametrize(
    ("text", "numbers"),
    [
        ("Rule 7: nothing is leaked.", {7}),
        ("(rule 23)", {23}),
        ("rules 9 to 12", {9, 10, 11, 12}),
        ("rules 2, 24, 52", {2, 24, 52}),
        ("Rules 13, 14, and 51: or rules 21 and 22", {13, 14, 51, 21, 22}),
        ("rules 34 to 37 and 16", {34, 35, 36, 37, 16}),
        ("rule 4; 12 orders", {4}),
        ("ruler 5, overrules 6, rule of 7", set()),
    ],
)
def test_lists_and_ranges_of_rules_are_understood(text: str, numbers: set[int]) -> None:
    assert rules_named(text) == numbers

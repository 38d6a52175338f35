"""The tool that fills pages from the source."""

import pytest

from tests.support.included import Missing, included, missing_after, output_of, source_of

SELF = "tests/docs/test_included.py"


def decorated(function: object) -> object:
    return function


LIMIT: int = 3
LOWEST, HIGHEST = 1, 9


# What stands above a class stays out.
class Sample:
    @decorated
    def method(self) -> int:
        return LIMIT


def test_a_function_comes_with_its_decorators_and_loses_its_indentation() -> None:
    source = source_of(SELF, "Sample.method")

    assert source == "@decorated\ndef method(self) -> int:\n    return LIMIT"


def test_constants_and_classes_are_found_by_name() -> None:
    constant, whole = source_of(SELF, "LIMIT"), source_of(SELF, "Sample")

    assert constant == "LIMIT: int = 3"
    assert source_of(SELF, "HIGHEST") == "LOWEST, HIGHEST = 1, 9"
    assert whole.startswith("class Sample:\n    @decorated")


def test_marks_for_tools_are_left_out() -> None:
    source = source_of(SELF, "_quiet")

    assert source == "def _quiet() -> None:\n    assert   True"


def _quiet() -> None:
    assert   True  # fmt: skip


@pytest.mark.parametrize("place", [(SELF, "Sample.other"), (SELF, "Other"), ("tests/none.py", "LIMIT")])
def test_what_is_not_there_is_an_error(place: tuple[str, str]) -> None:
    with pytest.raises(Missing):
        source_of(*place)


def test_a_step_that_is_not_there_is_an_error() -> None:
    with pytest.raises(Missing):
        output_of("99")


def test_a_page_is_filled_and_filled_again_it_stays_the_same() -> None:
    page = f"Before.\n\n<!-- code: {SELF}:LIMIT, decorated -->\n\nAfter.\n\n<!-- missing: 01 -->\n\nEnd.\n"

    filled = included(page)

    assert filled == (
        f"Before.\n\n<!-- code: {SELF}:LIMIT, decorated -->\n```python\nLIMIT: int = 3\n\n\n"
        "def decorated(function: object) -> object:\n    return function\n```\n\nAfter.\n\n"
        f"<!-- missing: 01 -->\n**Still missing.** {missing_after('01')}\n\nEnd.\n"
    )
    assert included(filled) == filled


def test_an_output_may_be_shown_in_part() -> None:
    lines = output_of("02").splitlines()
    start = "```console\n$ python -m legacy.steps 02\n"

    first = included("<!-- output: 02, first 1 -->\n")
    both = included("<!-- output: 02, first 1, last 2 -->\n")

    assert first == f"<!-- output: 02, first 1 -->\n{start}{lines[0]}\n...\n```\n"
    assert both == "\n".join(
        ["<!-- output: 02, first 1, last 2 -->", start.rstrip(), lines[0], "...", *lines[-2:], "```", ""]
    )
    assert included(both) == both


def test_what_is_out_of_date_is_replaced() -> None:
    stale = f"<!-- code: {SELF}:LIMIT -->\n```python\nLIMIT: int = 2\n\nold = 1\n```\n\n```python\nmine = 1\n```\n"

    assert included(stale) == (
        f"<!-- code: {SELF}:LIMIT -->\n```python\nLIMIT: int = 3\n```\n\n```python\nmine = 1\n```\n"
    )

"""The essay has every step, with the code as it is and the output as it is printed today."""

import re
from pathlib import Path

import pytest

from tests.support.included import ROOT, included, main, source_of

PAGE = ROOT / "docs" / "from-yield-to-await.md"
TEXT = PAGE.read_text(encoding="utf-8")
STEPS = range(1, 23)
WITH_TWINS = range(1, 19)
"""Steps 19 to 22 have ``async`` in them; their twins say ``yield from``."""


def sections() -> dict[int, str]:
    """The text of each step by its number, in the order of the page."""
    parts = re.split(r"^## (\d+)\. .*\n", TEXT, flags=re.MULTILINE)[1:]
    return {
        int(number): re.split(r"^# ", text, flags=re.MULTILINE)[0]
        for number, text in zip(parts[::2], parts[1::2], strict=True)
    }


def test_it_is_what_the_source_says_and_the_steps_print() -> None:
    assert included(TEXT) == TEXT, "bring it up to date with make docs"


def test_all_steps_are_there_in_order() -> None:
    assert list(sections()) == list(STEPS)


@pytest.mark.parametrize("number", STEPS)
def test_a_step_has_its_flow_its_code_its_output_what_was_missing_and_its_twin(number: int) -> None:
    section = sections()[number]
    before, title, twin = re.split(
        r"^\*\*(Its async twin|Its twin with `yield from`)\.\*\*", section, flags=re.MULTILINE
    )

    assert section.lstrip().startswith("**The flow.**")
    assert f"<!-- code: legacy/steps/step_{number:02}.py:" in before
    assert f"<!-- output: {number:02} -->" in before or f"<!-- output: {number:02}, first " in before
    assert f"<!-- missing: {number:02} -->\n**Still missing.** " in before
    assert (title == "Its async twin") is (number in WITH_TWINS)
    assert f"<!-- code: legacy/twins/twin_{number:02}.py:" in twin or (
        number not in WITH_TWINS and ("<!-- code: legacy/" in twin or "| step 12 | step 19 |" in twin)
    )


def test_the_lines_that_differ_in_the_two_brackets_are_all_in_the_table() -> None:
    table = re.findall(
        r"^\| `(.+)` \| `(.+)` \|$", sections()[19].split("| step 12 | step 19 |")[1], re.MULTILINE
    )
    before, after = (
        source_of(f"legacy/steps/step_{number}.py", "bracket").splitlines() for number in (12, 19)
    )
    awaited = [line.strip() for line in after if "= await" in line]

    assert [one for _, one in table[1:]] == awaited
    assert [one for one, _ in table[1:]] == [line.strip() for line in before if "= yield from" in line]


def test_every_code_block_of_a_step_comes_from_the_source_or_shows_what_python_does() -> None:
    pasted = re.findall(r"(?<!-->\n)```python\n(.*)\n", TEXT)

    assert pasted == ["iterator = iter(reader)  # calls reader.__iter__()"]


def test_its_table_of_contents_leads_to_its_sections() -> None:
    headings = re.findall(
        r"^#+ (.*)", re.sub(r"^```.*?^```", "", TEXT, flags=re.MULTILINE | re.DOTALL), re.MULTILINE
    )
    places = {re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in headings}

    assert set(re.findall(r"\]\(#([^)]+)\)", TEXT)) <= places


def test_the_command_says_that_a_page_is_stale_and_brings_it_up_to_date(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text("<!-- missing: 01 -->\n")

    assert main([str(page)]) == 1
    assert page.read_text() == "<!-- missing: 01 -->\n"
    assert main(["--update", str(page)]) == 0
    assert main([str(page)]) == 0
    assert "**Still missing.** " in page.read_text()

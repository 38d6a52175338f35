"""Every worked example of the pages about orders and auctions does what it says, on the real engine."""

import re
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

from exchange.config import VenueConfig
from exchange.engine.commands import Terms
from protocol.vocabulary import Allocation, OrderType, Phase, PostOnly, SelfTrade, TimeInForce
from tests.support import book_tables
from tests.support.book_tables import NotUnderstood
from tests.support.worked_examples import Block, Example, Wrong, carry_out, page_of

REFERENCE = Path(__file__).parents[2] / "docs" / "reference"
TEXTS = {name: (REFERENCE / name).read_text(encoding="utf-8") for name in ("order-types.md", "auctions.md")}
PAGES = {name: page_of(text) for name, text in TEXTS.items()}
EXAMPLES = [example for page in PAGES.values() for example in page.examples]

SHORT = """\
**Example: a sweep.**

```book
bid   | price | ask
      |   102 | 5 c
      |   101 | 4 a, 2 b
3 x   |   100 |
```

```json
{"type":"new","client_order_id":"t","symbol":"ACME","side":"buy","quantity":8,"price":102}
```

```events
t accepted
t buys 4 from a at 101
t buys 2 from b at 101
t buys 2 from c at 102
```

```book
continuous, last 102
bid   | price | ask
      |   102 | 3 c
3 x   |   100 |
```
"""


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda example: example.title)
def test_the_example_does_what_it_says(example: Example) -> None:
    carry_out(example)


@pytest.mark.parametrize("words", [OrderType, TimeInForce, PostOnly, SelfTrade, Allocation, Phase])
def test_every_word_has_an_example(words: type[OrderType] | type[Phase]) -> None:
    used = {word for example in EXAMPLES for word in carry_out(example).words if isinstance(word, words)}

    assert used == set(words)


def test_every_field_of_an_order_has_an_example() -> None:
    used = {word for example in EXAMPLES for word in carry_out(example).words}

    assert set(Terms.__struct_fields__) - used == {"quote_set"}, "a mass quote gives it, no order does"


@pytest.mark.parametrize("name", PAGES)
def test_every_chapter_about_orders_has_an_example(name: str) -> None:
    without_any = {
        "order-types.md": ["Settings of an instrument"],
        "auctions.md": ["The day"],  # the schedule of the venue, not the engine
    }

    chapters = re.split(r"^## ", TEXTS[name], flags=re.MULTILINE)[1:]

    titles = [chapter.partition("\n")[0] for chapter in chapters if "**Example: " not in chapter]
    assert titles == without_any[name]


def test_titles_name_one_example_each() -> None:
    titles = [example.title for example in EXAMPLES]

    assert [title for title in titles if titles.count(title) > 1] == []


def test_tables_are_aligned() -> None:
    tables = [block.text for example in EXAMPLES for block in example.blocks if block.kind == "book"]

    assert [one for one in tables if one != book_tables.written(book_tables.read(one))] == []


def test_the_venue_files_of_the_pages_are_valid() -> None:
    files = [block for page in PAGES.values() for block in page.venue_files]

    assert len(files) == 1
    for block in files:
        VenueConfig.model_validate(tomllib.loads(block.text))


# -- the checker itself ----------------------------------------------------------------------------
def test_what_is_true_passes() -> None:
    (example,) = page_of(SHORT).examples

    carry_out(example)


@pytest.mark.parametrize(
    ("true", "false"),
    [
        ("t buys 2 from c at 102", "t buys 2 from c at 101"),
        ("t buys 2 from c at 102", "t buys 1 from c at 102"),
        ("t buys 2 from b at 101\n", ""),
        (
            "t buys 4 from a at 101\nt buys 2 from b at 101\n",
            "t buys 2 from b at 101\nt buys 4 from a at 101\n",
        ),
        ("t accepted\n", "t accepted\nt accepted\n"),
        ("102 | 3 c", "102 | 4 c"),
        ("102 | 3 c", "103 | 3 c"),
        ("102 | 3 c", "102 | 3 c*"),
        ("102 | 3 c", "102 | 3+0 c"),
        ("102 | 3 c\n3 x   |   100 |\n", "102 | 3 c\n"),
        ("last 102", "last 101"),
        ("continuous", "halt"),
        ("4 a, 2 b", "2 b, 4 a"),
        ("3 x   |   100", "3 x   |   101"),
        ('"quantity":8', '"quantity":7'),
        ('"price":102', '"price":101'),
        ('"side":"buy"', '"side":"sell"'),
    ],
)
def test_what_is_false_fails(true: str, false: str) -> None:
    text = SHORT.replace(true, false)
    assert text != SHORT
    (example,) = page_of(text).examples

    with pytest.raises(Wrong):
        carry_out(example)


@pytest.mark.parametrize(
    ("right", "wrong"),
    [
        ("**Example: a sweep.**", "*Example: a sweep.*"),
        ("**Example: a sweep.**", "**Example: a sweep**"),
        ("**Example: a sweep.**", "A sweep."),
        ("**Example: a sweep.**", "# A sweep"),
        ("```json", "```jsonl"),
        ("```json", "```"),
        ("```events", "```text"),
        ("```events\n", "```events\n```\n\n```events\n"),
        ("```book\nc", "```c"),
        ("3 x   |   100 |\n```\n\n```json", "3 x   |   100 |\n\n```json"),
        ("|   100 |\n```\n", "|   100 |\n"),
        ('{"type":"new"', '{"type":"newer"'),
        ('"quantity":8', '"quality":8'),
        ('"ACME"', '"ACME'),
        ('{"type":"new"', '\n{"type":"new"'),
        ("5 c", "5c"),
        ("5 c", "5 c x"),
        ("5 c\n", "5 c | 6\n"),
        ("|   102 | 5 c\n", "|   many | 5 c\n"),
        ("bid   | price | ask", "bid   | ask | price"),
        ("continuous, last", "continuous, first"),
    ],
)
def test_what_is_not_understood_fails(right: str, wrong: str) -> None:
    text = SHORT.replace(right, wrong)
    assert text != SHORT

    with pytest.raises(NotUnderstood):
        _carry_out_all(text)


def _carry_out_all(text: str) -> None:
    for example in page_of(text).examples:
        carry_out(example)


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda example: example.title)
def test_no_number_and_no_line_of_an_example_is_idle(example: Example) -> None:
    for falsified in _falsified(example):
        with pytest.raises((Wrong, NotUnderstood)):
            carry_out(falsified)


def _falsified(example: Example) -> Iterator[Example]:
    """The example with a number of what comes out changed by one, or with a line of it left out."""
    before = next(at for at, block in enumerate(example.blocks) if block.kind == "book")
    for at, block in enumerate(example.blocks):
        if block.kind not in ("events", "curve") and not (block.kind == "book" and at > before):
            continue
        for number in re.finditer(r"\d+", block.text):
            changed = str(int(number[0]) + 1)
            yield _with(example, at, block.text[: number.start()] + changed + block.text[number.end() :])
        lines = block.text.splitlines()
        first = next((at for at, words in enumerate(lines, 1) if words.startswith(("bid ", "price "))), 0)
        for line in range(first, len(lines)):
            yield _with(example, at, "\n".join(lines[:line] + lines[line + 1 :]))


def _with(example: Example, at: int, text: str) -> Example:
    blocks: list[Block] = list(example.blocks)
    blocks[at] = blocks[at]._replace(text=text)
    return example._replace(blocks=blocks)

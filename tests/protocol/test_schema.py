"""The description of the wire agrees with the wire, and the page with the description."""

import itertools
import json
from enum import StrEnum
from pathlib import Path

import jsonschema
import pytest
from hypothesis import given

from protocol import vocabulary
from protocol.codec import client_message_decoder, encode, server_message_decoder
from protocol.errors import ConfigError
from protocol.fields import Message
from protocol.samples import EXAMPLES
from protocol.schema import GENERATED, json_schema, markdown_reference, refresh
from protocol.words import WORDS
from tests.support.made_up import CLIENT_KINDS, SERVER_KINDS, client_messages, server_messages

PAGE = Path(__file__).parents[2] / "docs" / "reference" / "protocol.md"
SCHEMA = json_schema()
VALIDATOR = jsonschema.Draft202012Validator(SCHEMA)
KINDS = list(dict.fromkeys(CLIENT_KINDS + SERVER_KINDS))


def example_lines() -> list[str]:
    """Every line in a ``json`` block of the reference."""
    blocks = markdown_reference().split("```json\n")[1:]
    return [line for block in blocks for line in block.partition("```")[0].splitlines()]


def test_the_schema_is_a_schema() -> None:
    jsonschema.Draft202012Validator.check_schema(SCHEMA)

    assert SCHEMA["$schema"] == "https://json-schema.org/draft/2020-12/schema"


@pytest.mark.parametrize("line", example_lines())
def test_every_example_of_the_reference_is_valid_and_decodes(line: str) -> None:
    VALIDATOR.validate(json.loads(line))

    decoders = (client_message_decoder(), server_message_decoder())
    decoded = [message for decoder in decoders for _, message in decoder.decode(line.encode() + b"\n", 1)]
    assert any(message in EXAMPLES for message in decoded)


@given(message=client_messages() | server_messages())
def test_every_message_that_can_be_sent_is_valid(message: Message) -> None:
    value = json.loads(encode(message))

    errors = [error.message for error in VALIDATOR.iter_errors(value)]

    assert errors == []


@pytest.mark.parametrize(
    "line",
    [
        '{"type":"nonsense"}',
        '{"type":"logout","x":1}',
        '{"type":"cancel"}',
        '{"type":"login","account":""}',
        '{"type":"login","account":"anna","heartbeat_s":301}',
        '{"type":"new","client_order_id":"a","symbol":"ACME","side":"bid","quantity":1}',
        '{"type":"new","client_order_id":"a","symbol":"ACME","side":"buy","quantity":"1"}',
        '{"type":"login","account":"anna","secret":""}',
        '{"type":"login","account":"anna","resume_from":0}',
        '{"type":"login","account":"anna","role":"king"}',
        '{"type":"login","account":"anna","copy_from":[["bob",0]]}',
        '{"type":"dead_man","within_ms":86400001}',
        '{"type":"mass_quote","quote_set":"front","quotes":[]}',
        '{"type":"mass_quote","quote_set":"front","quotes":[{"symbol":"ACME","bid":"1"}]}',
        '{"type":"audit","limit":1001}',
        '{"type":"disable_account","account":"anna"}',
        '{"type":"disable_account","account":"anna","why":""}',
        '{"type":"set_limits","why":"x","limits":{"order_quantity":-1}}',
        '{"type":"set_limits","why":"x","limits":{"hard":["nothing"]}}',
        '{"type":"bust_trade","why":"x","account":"anna","trade_id":0}',
        '{"type":"add_instrument","why":"x"}',
    ],
)
def test_what_the_venue_refuses_as_no_message_is_not_valid_either(line: str) -> None:
    ((_, verdict),) = client_message_decoder().decode(line.encode() + b"\n", 1)

    assert not isinstance(verdict, Message)
    assert not VALIDATOR.is_valid(json.loads(line))


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
def test_every_message_has_a_docstring_an_example_and_described_fields(kind: type[Message]) -> None:
    definition = SCHEMA["$defs"][kind.__name__]

    fields = {name: field for name, field in definition["properties"].items() if name != "type"}

    assert definition["description"]
    assert definition["examples"]
    assert [name for name, field in fields.items() if not field.get("description")] == []


def test_every_message_has_its_examples_beside_each_other() -> None:
    kinds = [kind for kind, _ in itertools.groupby(EXAMPLES, type)]

    assert sorted(kind.__name__ for kind in kinds) == sorted(kind.__name__ for kind in KINDS)


def test_every_word_of_the_vocabulary_is_explained() -> None:
    enums = {
        value
        for value in vars(vocabulary).values()
        if isinstance(value, type) and issubclass(value, StrEnum) and value is not StrEnum
    }

    assert set(WORDS) == enums
    for words, texts in WORDS.items():
        assert list(texts) == list(words)
        assert all(text.endswith(".") for text in texts.values())


def test_the_page_in_the_docs_is_fresh() -> None:
    page = PAGE.read_text(encoding="utf-8")

    assert refresh(page) == page, "run: make docs"


def test_the_page_links_only_to_headings_that_it_has() -> None:
    page = PAGE.read_text(encoding="utf-8")

    headings = {
        line.lstrip("# ").strip("`").lower().replace(" ", "-").replace("'", "")
        for line in page.splitlines()
        if line.startswith("#")
    }
    links = {part.partition(")")[0] for part in page.split("](#")[1:]}

    assert links
    assert links <= headings


@pytest.mark.parametrize("name", GENERATED)
def test_a_page_without_a_marker_is_refused(name: str) -> None:
    page = PAGE.read_text(encoding="utf-8").replace(f"<!-- end: {name} -->", "")

    with pytest.raises(ConfigError) as caught:
        refresh(page)

    assert name in str(caught.value)


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
def test_the_examples_in_the_schema_are_valid(kind: type[Message]) -> None:
    examples = SCHEMA["$defs"][kind.__name__]["examples"]

    errors = [error.message for example in examples for error in VALIDATOR.iter_errors(example)]

    assert errors == []


def test_an_instrument_is_an_object_for_the_schema() -> None:
    line = {"type": "add_instrument", "why": "listed today", "instrument": 5}

    errors = [error.message for error in VALIDATOR.iter_errors(line)]

    assert errors
    assert VALIDATOR.is_valid(line | {"instrument": {"symbol": "DUNE"}})

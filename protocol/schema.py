"""The messages described for machines and for people.

In: the structs of ``messages``, the examples of ``samples``, the texts of ``words``, the table of ``session``.
Out: a JSON Schema (2020-12), Markdown tables, and a diagram of the session. ``refresh`` puts the
latter two between the markers of docs/reference/protocol.md, so that the page can't fall behind.
"""

import re
from collections.abc import Iterable
from enum import StrEnum
from typing import Any, Final, get_args

import msgspec
from msgspec import inspect

from protocol import desk
from protocol.codec import encode
from protocol.errors import ConfigError
from protocol.fields import Message
from protocol.market import Bar, OrderAdded, OrderDeleted, OrderExecuted, OrderReduced
from protocol.messages import (
    PROTOCOL_VERSION,
    ClientMessage,
    InstrumentInfo,
    OpenOrder,
    PositionInfo,
    PrivateMessage,
    ServerMessage,
)
from protocol.samples import EXAMPLES
from protocol.session_life import TRANSITIONS, SessionState
from protocol.vocabulary import MAX_WIRE_INTEGER
from protocol.words import WORDS

_PARTS: Final = (
    InstrumentInfo,
    PositionInfo,
    OpenOrder,
    desk.Quote,
    desk.LimitValues,
    desk.Balance,
    desk.Holding,
    desk.SessionInfo,
    OrderAdded,
    OrderExecuted,
    OrderReduced,
    OrderDeleted,
    Bar,
)
"""Structs inside messages."""

_DESK: Final[dict[str, frozenset[type[Message]]]] = {
    "Messages about the account": frozenset(get_args(desk.AccountRequest)),
    "Messages from operators": frozenset(get_args(desk.AdminRequest)),
    "Messages about accounts and the desk": frozenset(
        (*get_args(desk.DeskReport), *get_args(desk.DeskAnswer), desk.AuditEntry)
    ),
}
"""What has a section of its own, so that whoever only trades finds what they need."""


def json_schema() -> dict[str, Any]:
    """JSON Schema of one line in either direction.

    ``$defs/ClientMessage`` and ``$defs/ServerMessage`` are the two directions.
    """
    roots, definitions = msgspec.json.schema_components(
        (ClientMessage, ServerMessage), ref_template="#/$defs/{name}"
    )
    for kind, examples in examples_by_kind().items():
        definitions[kind.__name__]["examples"] = [
            msgspec.json.decode(encode(example)) for example in examples
        ]
    for words, texts in WORDS.items():
        definition = definitions.get(words.__name__)
        if definition is not None:
            definition["description"] = " ".join(f"{word}: {text}" for word, text in texts.items())
    directions = zip(("ClientMessage", "ServerMessage"), ("From trader.", "From venue."), roots, strict=True)
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": f"Tontine protocol, version {PROTOCOL_VERSION}",
        "description": "One line of the connection between a trader and the venue.",
        "anyOf": [{"$ref": "#/$defs/ClientMessage"}, {"$ref": "#/$defs/ServerMessage"}],
        "$defs": {name: {"description": text} | root for name, text, root in directions} | definitions,
    }


def markdown_reference() -> str:
    """Every message of both directions with its fields and an example, then the words of every enum."""
    asked = get_args(ClientMessage)
    told = [kind for kind in get_args(ServerMessage) if kind not in asked]
    account, operator, desk_answers = _DESK
    sections = [
        *_section("Messages from the trader", asked),
        *_section(account, asked),
        *_section(operator, asked),
        *_section("Messages from the venue", told),
        *_section(desk_answers, told),
        "## Parts of messages",
        *(_part(kind) for kind in _PARTS),
        "## Words",
        *(_words(words) for words in WORDS),
    ]
    return "\n\n".join(sections)


def session_diagram() -> str:
    """The life of a session as a mermaid state diagram: one arrow for each pair of the table."""
    lines = ["stateDiagram-v2", f"    [*] --> {_node(SessionState.OPEN)}"]
    lines += [f'    state "{state}" as {_node(state)}' for state in SessionState if _node(state) != state]
    lines += [
        f"    {_node(state)} --> {_node(after)}: {event}" for (state, event), after in TRANSITIONS.items()
    ]
    lines += [f"    {_node(SessionState.CLOSED)} --> [*]"]
    return "\n".join(("```mermaid", *lines, "```"))


GENERATED: Final = {"session": session_diagram, "messages": markdown_reference}
"""Name of a place in the page, and what belongs there."""


def refresh(page: str) -> str:
    """The page with everything between its markers made anew.

    A place begins with ``<!-- generated: NAME -->`` and ends with ``<!-- end: NAME -->``.

    Raises:
        ConfigError: a marker is missing.
    """
    for name, make in GENERATED.items():
        begin, end = f"<!-- generated: {name} -->", f"<!-- end: {name} -->"
        before, found_begin, rest = page.partition(begin)
        _, found_end, after = rest.partition(end)
        if not found_begin or not found_end:
            raise ConfigError(name, f"the page needs {begin} and {end}")
        page = f"{before}{begin}\n\n{make()}\n\n{end}{after}"
    return page


def examples_by_kind() -> dict[type[Message], list[Message]]:
    """The examples of each message."""
    examples: dict[type[Message], list[Message]] = {}
    for example in EXAMPLES:
        examples.setdefault(type(example), []).append(example)
    return examples


def _node(state: SessionState) -> str:
    return state.replace(" ", "_")


def _section(title: str, kinds: Iterable[type[Message]]) -> list[str]:
    """The messages of ``kinds`` that belong under this title."""
    belonging = _DESK.get(title)
    if belonging is None:
        elsewhere = frozenset[type[Message]]().union(*_DESK.values())
        return [f"## {title}", *(_message(kind) for kind in kinds if kind not in elsewhere)]
    return [f"## {title}", *(_message(kind) for kind in kinds if kind in belonging)]


def _message(kind: type[Message]) -> str:
    info = inspect.type_info(kind)
    assert isinstance(info, inspect.StructType)
    examples = "".join(encode(example).decode() for example in examples_by_kind()[kind])
    return "\n\n".join(
        (
            f"### `{info.tag}`",
            prose(kind),
            _fields(info),
            f"```json\n{examples}```",
        )
    )


def _part(kind: type[msgspec.Struct]) -> str:
    info = inspect.type_info(kind)
    assert isinstance(info, inspect.StructType)
    return "\n\n".join((f"### {kind.__name__}", prose(kind) + _told_apart(info), _fields(info)))


def _told_apart(info: inspect.StructType) -> str:
    """How a part says which of several it is."""
    return f' It has `"{info.tag_field}":"{info.tag}"`.' if info.tag_field else ""


def _words(words: type[StrEnum]) -> str:
    rows = [f"| `{word}` | {text} |" for word, text in WORDS[words].items()]
    return "\n".join((f"### {words.__name__}", "", "| Word | Meaning |", "|---|---|", *rows))


def _fields(info: inspect.StructType) -> str:
    if not info.fields:
        return "No fields besides `type`."
    rows = [
        f"| `{field.encode_name}` | {_type(field.type)} | {_default(field)} | {_description(field)} |"
        for field in info.fields
    ]
    return "\n".join(("| Field | Type | Default | Meaning |", "|---|---|---|---|", *rows))


def _type(kind: inspect.Type) -> str:
    match kind:
        case inspect.Metadata():
            return _type(kind.type)
        case inspect.UnionType() if _is_private_message(kind):
            return "a message of [the private stream](#the-private-stream)"
        case inspect.UnionType():
            return " or ".join(_type(one) for one in kind.types if not isinstance(one, inspect.NoneType))
        case inspect.IntType(ge=low, le=high):
            return "integer" if high in (None, MAX_WIRE_INTEGER) else f"integer, {low} to {high}"
        case inspect.StrType(max_length=None):
            return "string"
        case inspect.StrType(min_length=low, max_length=high):
            return f"string, {low} to {high} characters"
        case inspect.BoolType():
            return "`true` or `false`"
        case inspect.RawType():
            return "object"
        case inspect.StructType(tag=str(tag), tag_field="type"):
            return f"[{tag}](#{tag})"
        case inspect.EnumType(cls=cls) | inspect.StructType(cls=cls):
            return f"[{cls.__name__}](#{cls.__name__.lower()})"
        case inspect.ListType(item_type=item):
            return f"list of {_type(item)}"
        case inspect.TupleType(item_types=items):
            return f"`[{', '.join(_type(item) for item in items)}]`"
    raise TypeError(f"the reference has no word for {kind}")


def _is_private_message(kind: inspect.UnionType) -> bool:
    return {one.cls for one in kind.types if isinstance(one, inspect.StructType)} == set(
        get_args(PrivateMessage)
    )


def _default(field: inspect.Field) -> str:
    if field.required:
        return "required"
    if field.default_factory is list:
        return "`[]`"
    if field.default is None:
        return "none"
    return f"`{msgspec.json.encode(field.default).decode().strip(chr(34))}`"


def _description(field: inspect.Field) -> str:
    assert isinstance(field.type, inspect.Metadata)
    assert field.type.extra_json_schema is not None
    return str(field.type.extra_json_schema["description"])


def prose(kind: type) -> str:
    """What a message or a part of one is, as Markdown in one line."""
    text = re.sub(r"\s*\n\s*", " ", (kind.__doc__ or "").strip())
    return text.replace("``", "`")

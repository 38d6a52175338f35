"""Hypothesis strategies for messages, made from the structs themselves: a new message needs no line here."""

from functools import cache
from typing import Any, get_args

import msgspec
from hypothesis import strategies as st
from msgspec import inspect

from protocol.fields import Message
from protocol.messages import ClientMessage, ServerMessage

CLIENT_KINDS: tuple[type[Message], ...] = get_args(ClientMessage)
SERVER_KINDS: tuple[type[Message], ...] = get_args(ServerMessage)

_LARGEST = 2**63 - 1
_OBJECTS = st.dictionaries(
    st.text(max_size=5), st.none() | st.booleans() | st.integers(-9, 9) | st.text()
).map(lambda value: msgspec.Raw(msgspec.json.encode(value)))
"""What a message carries through without looking into it."""


@cache
def messages_of(kind: type[Message]) -> st.SearchStrategy[Message]:
    """Any message of one kind."""
    return _values(inspect.type_info(kind))


def client_messages() -> st.SearchStrategy[Message]:
    """Anything a trader may send."""
    return st.one_of([messages_of(kind) for kind in CLIENT_KINDS])


def server_messages() -> st.SearchStrategy[Message]:
    """Anything the venue may send."""
    return st.one_of([messages_of(kind) for kind in SERVER_KINDS])


def _values(kind: inspect.Type) -> st.SearchStrategy[Any]:
    match kind:
        case inspect.Metadata():
            return _values(kind.type)
        case inspect.UnionType():
            return st.one_of([_values(one) for one in kind.types])
        case inspect.IntType(ge=low, le=high):
            return st.integers(-_LARGEST if low is None else low, _LARGEST if high is None else high)
        case inspect.StrType(min_length=shortest, max_length=longest):
            return st.text(min_size=shortest or 0, max_size=20 if longest is None else longest)
        case inspect.BoolType():
            return st.booleans()
        case inspect.NoneType():
            return st.none()
        case inspect.EnumType(cls=words):
            return st.sampled_from(words)
        case inspect.ListType(item_type=item, min_length=shortest):
            return st.lists(_values(item), min_size=shortest or 0, max_size=3)
        case inspect.TupleType(item_types=items):
            return st.tuples(*map(_values, items))
        case inspect.RawType():
            return _OBJECTS
        case inspect.StructType(cls=struct, fields=fields):
            return st.builds(struct, **{field.name: _values(field.type) for field in fields})
    raise TypeError(f"no strategy for {kind}")

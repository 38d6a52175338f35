"""The messages described for tools that know AsyncAPI: both directions, over TCP and WebSocket.

In: the structs of ``messages``, their sentences and examples; where a venue listens. Out: an AsyncAPI 3.0 document, plain
values to be written as JSON. It is written from the venue's side: ``receive`` is what a trader sends. A public
stream is a channel of the document with a logical address, as there is one connection for everything: who
subscribes names the parts of that address.
"""

import re
from functools import cache
from typing import Any, Final, NamedTuple, get_args

import msgspec

from protocol.codec import encode
from protocol.fields import Message
from protocol.market import (
    AuctionMessage,
    BestPrices,
    Candle,
    CandlesSnapshot,
    DayStatistics,
    DepthDelta,
    DepthSnapshot,
    OrdersDelta,
    OrdersSnapshot,
    PhaseStatus,
    PrintBusted,
    PublicMessage,
    TradePrint,
    TradesSnapshot,
)
from protocol.messages import PROTOCOL_VERSION, ClientMessage, Copy, PrivateMessage, ServerMessage
from protocol.schema import examples_by_kind, prose
from protocol.vocabulary import Channel, Interval
from protocol.websocket import SUBPROTOCOL
from protocol.words import WORDS

Json = dict[str, Any]

_SCHEMAS: Final = "#/components/schemas/{name}"
_CONNECTION: Final = "connection"

STREAMS: Final[dict[Channel, tuple[type[Message], ...]]] = {
    Channel.BBO: (BestPrices,),
    Channel.DEPTH: (DepthSnapshot, DepthDelta),
    Channel.ORDERS: (OrdersSnapshot, OrdersDelta),
    Channel.TRADES: (TradesSnapshot, TradePrint, PrintBusted),
    Channel.CANDLES: (CandlesSnapshot, Candle),
    Channel.STATISTICS: (DayStatistics,),
    Channel.STATUS: (PhaseStatus,),
    Channel.AUCTION: get_args(AuctionMessage),
}
"""What each public stream consists of."""

_PARAMETERS: Final[dict[str, Json]] = {
    "symbol": {
        "description": "The instrument; `welcome` lists them.",
        "examples": ["ACME"],
        "location": "$message.payload#/symbol",
    },
    "levels": {
        "description": "Price levels a side; subscribe without `levels` for the whole book.",
        "enum": ["10", "50"],
        "location": "$message.payload#/levels",
    },
    "interval": {
        "description": "How long each candle is.",
        "enum": [str(interval) for interval in Interval],
        "location": "$message.payload#/interval",
    },
}

_ABOUT: Final = """\
One venue over TCP and WebSocket: the same JSON messages, one a line over TCP, one a text frame over WebSocket. Prices,
quantities and money are integers, times nanoseconds since 1970 UTC. A connection begins with `login`; all else is
answered there, and told there: private reports, numbered without a gap, before what the public learns of the same event.

Public streams are channels of this document with addresses that are not on the wire: `depth/ACME/10` is what
`{"type":"subscribe","channel":"depth","symbol":"ACME","levels":10}` brings to the same connection."""


class Listening(NamedTuple):
    """Where a venue may be reached one way. ``host``: with its port."""

    host: str
    secure: bool = False


USUAL_TCP: Final = Listening("127.0.0.1:7001")
USUAL_WEB: Final = Listening("127.0.0.1:7080")


def document(tcp: Listening = USUAL_TCP, web: Listening | None = USUAL_WEB) -> Json:
    """The whole description of a venue that listens there."""
    servers: Json = {
        "tcp": {
            "host": tcp.host,
            "protocol": "tls" if tcp.secure else "tcp",
            "title": "JSON lines",
            "description": "Each message is a line of UTF-8 that ends with `\\n`.",
            "security": [{"$ref": "#/components/securitySchemes/login"}],
        }
    }
    if web is not None:
        servers["websocket"] = {
            "host": web.host,
            "pathname": "/ws",
            "protocol": "wss" if web.secure else "ws",
            "protocolVersion": "13",
            "title": "WebSocket",
            "description": "Each message is a text frame without a line break. The subprotocol "
            f"`{SUBPROTOCOL}` may be asked for.",
            "security": [{"$ref": "#/components/securitySchemes/login"}],
        }
    return {"asyncapi": "3.0.0", "info": _info(), "servers": servers, **_unchanging()}


def _info() -> Json:
    return {
        "title": "Tontine",
        "version": f"{PROTOCOL_VERSION}.0.0",
        "description": _ABOUT,
        "license": {"name": "MIT"},
    }


@cache
def _unchanging() -> Json:
    """What does not depend on where a venue listens."""
    asked: tuple[type[Message], ...] = get_args(ClientMessage)
    public: tuple[type[Message], ...] = get_args(PublicMessage)
    told = [kind for kind in get_args(ServerMessage) if kind not in public]
    channels = {_CONNECTION: _connection([*asked, *(kind for kind in told if kind not in asked)])}
    operations = {_tag(kind): _request(kind) for kind in asked}
    operations |= {
        "tell_account": _sent(
            "Private reports", "What happens to the account and its orders; also as copies.", _private()
        ),
        "tell_session": _sent(
            "Answers", "Answers that are no reports, and what concerns the session.", _answers(told)
        ),
    }
    for channel in Channel:
        for name, stream in _streams(channel):
            channels[name] = stream
            operations[f"publish_{name}"] = _published(name, channel)
    return {
        "defaultContentType": "application/json",
        "channels": channels,
        "operations": operations,
        "components": {
            "messages": {_tag(kind): _message(kind) for kind in dict.fromkeys((*asked, *told, *public))},
            "schemas": _schemas((*asked, *told, *public)),
            "securitySchemes": {
                "login": {
                    "type": "userPassword",
                    "description": "`account` and `secret` of the `login` message; an open venue asks for no secret.",
                }
            },
        },
    }


# -- channels and operations -------------------------------------------------------------------------
def _connection(kinds: list[type[Message]]) -> Json:
    return {
        "address": None,
        "title": "The connection",
        "description": "Requests of a trader or an operator, answers, and the private stream of the account.",
        "messages": _references(kinds),
        "bindings": {"ws": {"method": "GET", "bindingVersion": "0.1.0"}},
    }


def _streams(channel: Channel) -> list[tuple[str, Json]]:
    """The channels of the document that one channel of market data stands for."""
    # Depth of so many levels, and of all, is one channel on the wire.
    parts: list[tuple[str, ...]] = [("symbol",)]
    if channel is Channel.DEPTH:
        parts.append(("symbol", "levels"))
    elif channel is Channel.CANDLES:
        parts = [("symbol", "interval")]
    streams: list[tuple[str, Json]] = []
    for names in parts:
        stream = {
            "address": "/".join((channel, *(f"{{{name}}}" for name in names))),
            "title": f"Market data: {channel}",
            "description": WORDS[Channel][channel],
            "parameters": {name: _PARAMETERS[name] for name in names},
            "messages": _references(STREAMS[channel]),
        }
        streams.append((f"{channel}_levels" if "levels" in names else str(channel), stream))
    return streams


def _request(kind: type[Message]) -> Json:
    """What a trader or an operator sends, and with what it is answered."""
    operation: Json = {
        "action": "receive",
        "channel": _reference("channels", _CONNECTION),
        "summary": prose(kind),
        "messages": [_in_channel(_CONNECTION, kind)],
    }
    answers = answers_to(kind)
    if answers:
        operation["reply"] = {
            "channel": _reference("channels", _CONNECTION),
            "messages": [{"$ref": f"#/channels/{_CONNECTION}/messages/{tag}"} for tag in answers],
        }
    return operation


def answers_to(kind: type[Message]) -> list[str]:
    """With which messages a request is answered, as its own description says.

    What is answered in the private stream may be refused there; an error may always come.
    """
    found = re.search(r"Answered by (.*?)\.", prose(kind))
    if found is None:
        return []
    tags = {_tag(told) for told in get_args(ServerMessage)}
    said = [word for word in re.findall(r"`(\w+)`", found[1]) if word in tags]
    reports = {_tag(kind) for kind in get_args(PrivateMessage)}
    refusals = ["rejected", "error"] if reports.intersection(said) else ["error"]
    return list(dict.fromkeys([*said, *refusals]))


def _sent(title: str, summary: str, kinds: list[type[Message]]) -> Json:
    return {
        "action": "send",
        "channel": _reference("channels", _CONNECTION),
        "title": title,
        "summary": summary,
        "messages": [_in_channel(_CONNECTION, kind) for kind in kinds],
    }


def _private() -> list[type[Message]]:
    return [*get_args(PrivateMessage), Copy]


def _answers(told: list[type[Message]]) -> list[type[Message]]:
    private = _private()
    return [kind for kind in told if kind not in private]


def _published(name: str, channel: Channel) -> Json:
    return {
        "action": "send",
        "channel": _reference("channels", name),
        "summary": WORDS[Channel][channel],
        "messages": [_in_channel(name, kind) for kind in STREAMS[channel]],
    }


def _references(kinds: list[type[Message]] | tuple[type[Message], ...]) -> Json:
    return {_tag(kind): {"$ref": f"#/components/messages/{_tag(kind)}"} for kind in kinds}


def _reference(section: str, name: str) -> Json:
    return {"$ref": f"#/{section}/{name}"}


def _in_channel(channel: str, kind: type[Message]) -> Json:
    return {"$ref": f"#/channels/{channel}/messages/{_tag(kind)}"}


# -- messages and schemas ----------------------------------------------------------------------------
def _tag(kind: type[Message]) -> str:
    tag = kind.__struct_config__.tag
    assert isinstance(tag, str)
    return tag


def _message(kind: type[Message]) -> Json:
    return {
        "name": _tag(kind),
        "title": kind.__name__,
        "summary": prose(kind),
        "payload": {"$ref": _SCHEMAS.format(name=kind.__name__)},
        "examples": [
            {"payload": msgspec.json.decode(encode(example))} for example in examples_by_kind()[kind]
        ],
    }


def _schemas(kinds: tuple[type[Message], ...]) -> Json:
    _, definitions = msgspec.json.schema_components(dict.fromkeys(kinds), ref_template=_SCHEMAS)
    for words, texts in WORDS.items():
        if words.__name__ in definitions:
            described = " ".join(f"{word}: {text}" for word, text in texts.items())
            definitions[words.__name__]["description"] = described
    return {name: _of_draft_7(schema) for name, schema in definitions.items()}


def _of_draft_7(schema: Any) -> Any:
    """A schema of 2020-12 in the words of draft 7, which AsyncAPI keeps to."""
    if isinstance(schema, list):
        return [_of_draft_7(one) for one in schema]
    if not isinstance(schema, dict):
        return schema
    # There the discriminator is part of a base type, of which these messages have none; ``const`` tells them apart.
    converted = {key: _of_draft_7(value) for key, value in schema.items() if key != "discriminator"}
    if "prefixItems" in converted:
        converted["items"], converted["additionalItems"] = converted.pop("prefixItems"), False
    return converted

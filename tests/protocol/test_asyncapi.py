"""The AsyncAPI document: valid as the makers of AsyncAPI have it, complete, and its examples are what it says."""

import copy
import json
import re
from pathlib import Path
from typing import Any, Final, get_args

import pytest
from jsonschema import Draft7Validator
from typer.testing import CliRunner

from protocol import cli
from protocol.asyncapi import STREAMS, Listening, answers_to, document
from protocol.market import PublicMessage
from protocol.messages import ClientMessage, Heartbeat, Logout, NewOrder, ServerMessage
from protocol.vocabulary import Channel, Interval

Json = dict[str, Any]

OFFICIAL: Final = Draft7Validator(
    json.loads(
        (Path(__file__).parents[1] / "support" / "asyncapi" / "schema-3.0.0.json").read_text(encoding="utf-8")
    )
)
DOCUMENT: Final = document()


def found(document: Json, reference: str) -> Any:
    """What a reference stands for."""
    place: Any = document
    for name in reference.removeprefix("#/").split("/"):
        place = place[name]
    return place


def references(part: Any) -> list[str]:
    if isinstance(part, dict):
        own = [part["$ref"]] if "$ref" in part else []
        return own + [one for value in part.values() for one in references(value)]
    if isinstance(part, list):
        return [one for value in part for one in references(value)]
    return []


def names(references: list[Json]) -> set[str]:
    return {reference["$ref"].rpartition("/")[2] for reference in references}


@pytest.mark.parametrize(
    "servers",
    [
        (Listening("127.0.0.1:7001"), Listening("127.0.0.1:7080")),
        (Listening("venue.example:7001", secure=True), Listening("venue.example", secure=True)),
        (Listening("[::1]:7001"), None),
    ],
)
def test_it_is_valid(servers: tuple[Listening, Listening | None]) -> None:
    described = document(*servers)

    assert [error.message for error in OFFICIAL.iter_errors(described)] == []
    assert described["servers"]["tcp"]["host"] == servers[0].host
    assert ("websocket" in described["servers"]) is (servers[1] is not None)


@pytest.mark.parametrize(
    ("place", "value"),
    [
        (("asyncapi",), "2.6.0"),
        (("servers", "tcp", "host"), None),
        (("operations", "new", "action"), "publish"),
        (("channels", "bbo", "addres"), "bbo"),
        (("components", "messages", "new", "payload", "type"), "strange"),
        (("components", "schemas", "NewOrder", "required"), "everything"),
    ],
)
def test_what_is_not_valid_would_be_found(place: tuple[str, ...], value: object) -> None:
    broken = copy.deepcopy(DOCUMENT)
    part = broken
    for name in place[:-1]:
        part = part[name]
    part[place[-1]] = value

    assert list(OFFICIAL.iter_errors(broken))


def test_every_reference_leads_somewhere() -> None:
    for reference in references(DOCUMENT):
        assert found(DOCUMENT, reference)


def test_operations_name_messages_of_their_channel() -> None:
    for operation in DOCUMENT["operations"].values():
        channel = operation["channel"]["$ref"]
        for one in (*operation["messages"], *operation.get("reply", {}).get("messages", ())):
            assert one["$ref"].startswith(f"{channel}/messages/")


def test_both_directions_are_complete() -> None:
    operations = DOCUMENT["operations"].values()
    received = {name for one in operations if one["action"] == "receive" for name in names(one["messages"])}
    sent = {name for one in operations if one["action"] == "send" for name in names(one["messages"])}

    assert received == {kind.__struct_config__.tag for kind in get_args(ClientMessage)}
    assert sent == {kind.__struct_config__.tag for kind in get_args(ServerMessage)}


def test_every_public_message_belongs_to_one_stream() -> None:
    listed = [kind for kinds in STREAMS.values() for kind in kinds]

    assert sorted(kind.__name__ for kind in listed) == sorted(
        kind.__name__ for kind in get_args(PublicMessage)
    )
    assert list(STREAMS) == list(Channel)


def test_addresses_have_their_parameters() -> None:
    addresses = {}
    for name, channel in DOCUMENT["channels"].items():
        if channel["address"] is not None:
            assert re.findall(r"{(\w+)}", channel["address"]) == list(channel["parameters"])
            addresses[name] = channel["address"]

    assert addresses == {
        "bbo": "bbo/{symbol}",
        "depth": "depth/{symbol}",
        "depth_levels": "depth/{symbol}/{levels}",
        "orders": "orders/{symbol}",
        "trades": "trades/{symbol}",
        "candles": "candles/{symbol}/{interval}",
        "statistics": "statistics/{symbol}",
        "status": "status/{symbol}",
        "auction": "auction/{symbol}",
    }
    intervals = DOCUMENT["channels"]["candles"]["parameters"]["interval"]["enum"]
    assert intervals == [str(interval) for interval in Interval]


@pytest.mark.parametrize("name", DOCUMENT["components"]["messages"])
def test_every_example_is_what_its_schema_says(name: str) -> None:
    message = DOCUMENT["components"]["messages"][name]
    schema = {**message["payload"], "components": DOCUMENT["components"]}

    validator = Draft7Validator(schema)

    assert message["examples"]
    for example in message["examples"]:
        assert example["payload"]["type"] == name
        assert [error.message for error in validator.iter_errors(example["payload"])] == []


@pytest.mark.parametrize("name", DOCUMENT["components"]["messages"])
def test_an_example_with_a_field_too_many_or_of_another_type_is_not(name: str) -> None:
    message = DOCUMENT["components"]["messages"][name]
    validator = Draft7Validator({**message["payload"], "components": DOCUMENT["components"]})
    example = message["examples"][0]["payload"]

    assert not validator.is_valid({**example, "surprise": 1})
    assert not validator.is_valid({**example, "type": "something else"})
    assert not validator.is_valid([example])


def test_schemas_keep_to_draft_7() -> None:
    def keys(part: Any) -> set[str]:
        if isinstance(part, dict):
            return set(part).union(*(keys(value) for value in part.values()))
        if isinstance(part, list):
            return set[str]().union(*map(keys, part))
        return set()

    assert keys(DOCUMENT["components"]["schemas"]) & {"prefixItems", "$defs", "discriminator"} == set()
    level = DOCUMENT["components"]["schemas"]["DepthSnapshot"]["properties"]["bids"]["items"]
    validator = Draft7Validator(level)
    assert validator.is_valid([1, 2])
    assert not validator.is_valid([1, 2, 3])


def test_requests_say_what_they_are_answered_with() -> None:
    silent = [kind for kind in get_args(ClientMessage) if not answers_to(kind)]

    assert silent == [Heartbeat]
    assert answers_to(NewOrder) == ["accepted", "rejected", "error"]
    assert answers_to(Logout) == ["logged_out", "error"]


def test_the_command_prints_it() -> None:
    result = CliRunner().invoke(cli.app, ["--asyncapi"])

    assert json.loads(result.stdout) == DOCUMENT

"""The description of the API: whole, for readers of two versions, and browsable without anything from elsewhere."""

import json
import re
from collections.abc import Iterator
from typing import Any

import pytest

from exchange.gateways.http.openapi import document, for_older_readers
from exchange.gateways.http.routes import ROUTES
from protocol.vocabulary import ErrorCode, RejectReason
from tests.support.over_http import HttpClient, open_http_venue, over_http


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[HttpClient]:
    with open_http_venue(tmp_path_factory.mktemp("venue"), journal=False) as venue, over_http(venue) as one:
        yield one


def parts(value: Any) -> Iterator[dict[str, Any]]:
    """All objects inside."""
    if isinstance(value, dict):
        yield value
        for inner in value.values():
            yield from parts(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from parts(inner)


def test_the_venue_serves_what_the_command_prints(client: HttpClient) -> None:
    answer = client.get("/openapi.json")

    assert answer.headers["content-type"] == "application/json"
    assert answer.json == json.loads(json.dumps(document()))


def test_every_route_is_described_with_its_refusals() -> None:
    paths = document()["paths"]

    described = {(method.upper(), path) for path, operations in paths.items() for method in operations}

    assert described == {(route.method, route.path) for route in ROUTES}
    for route in ROUTES:
        responses = paths[route.path][route.method.lower()]["responses"]
        for code in route.all_failures():
            assert any(f"`{code}`" in response["description"] for response in responses.values()), code


def test_every_reference_leads_somewhere() -> None:
    whole = document()

    used = {part["$ref"].rpartition("/")[2] for part in parts(whole) if "$ref" in part}

    assert used - whole["components"]["schemas"].keys() == set()


def test_the_words_of_refusals_are_those_of_the_protocol() -> None:
    schemas = document()["components"]["schemas"]

    assert schemas["ErrorCode"]["enum"] == list(map(str, ErrorCode))
    assert schemas["RejectReason"]["enum"] == list(map(str, RejectReason))


def test_older_readers_get_words_that_they_know() -> None:
    older = for_older_readers(document())

    assert older["openapi"].startswith("3.0.")
    assert [part for part in parts(older) if part.get("type") == "null"] == []
    assert [part for part in parts(older) if {"const", "prefixItems"} & part.keys()] == []


def test_the_pages_load_nothing_from_elsewhere(client: HttpClient) -> None:
    page = client.get("/docs")
    loaded = re.findall(r'(?:src|href)="([^"]+)"', page.body.decode())
    files = [client.get(path) for path in loaded]
    begin = client.get("/docs/begin.js")

    assert page.headers["content-type"] == "text/html; charset=utf-8"
    policy = page.headers["content-security-policy"]
    assert policy.startswith("default-src 'none'; script-src 'self';")
    assert "http" not in policy
    assert loaded
    assert all(path.startswith("/docs/") for path in loaded)
    assert [file.status for file in files] == [200] * len(files)
    assert b"http" not in begin.body
    assert client.get("/docs/openapi.json").json["openapi"].startswith("3.0.")


@pytest.mark.parametrize(
    "name", ["..%2Fbegin.js", "%2e%2e%2fpyproject.toml", "swagger-ui.js.map", "index.html", "x" * 300]
)
def test_no_other_file_is_served(client: HttpClient, name: str) -> None:
    answer = client.get(f"/docs/{name}")

    assert (answer.status, answer.code) == (404, "not_found")

"""The description of the API as a document: OpenAPI 3.1.

In: the table of routes, pydantic models of queries and bodies, messages of the protocol. Out: plain values, to be
written as JSON. Nothing in it is written twice: bounds and sentences are those of the models and messages.
"""

import copy
import inspect
import re
from enum import StrEnum
from http import HTTPStatus
from typing import Any, Final, cast

import msgspec

from exchange.gateways.http import models
from exchange.gateways.http.answers import JSON, STATUS_OF
from exchange.gateways.http.models import Needs, Query
from exchange.gateways.http.routes import ROUTES, Route
from protocol.messages import PROTOCOL_VERSION
from protocol.vocabulary import ErrorCode, RejectReason
from protocol.words import WORDS

Json = dict[str, Any]

_REF: Final = "#/components/schemas/{name}"
_PYDANTIC_REF: Final = "#/components/schemas/{model}"

_ABOUT: Final = """\
One venue over HTTP. Prices, quantities and money are integers, times nanoseconds since 1970 UTC; every message is \
that of the other gateways, with the same words and codes. Nothing is answered before the commit of the journal that \
covers it. An order is named by its `client_order_id`: sent twice it is entered once.

In an open venue log in under any name with an empty secret."""

_PATHS: Final[dict[str, Json]] = {
    "symbol": {
        "description": "The instrument.",
        "schema": {"type": "string", "minLength": 1, "maxLength": 16},
        "example": "ACME",
    },
    "client_order_id": {
        "description": "Your own name for the order.",
        "schema": {"type": "string", "minLength": 1, "maxLength": 64},
        "example": "anna-1",
    },
}

_ORDER_FAILURES: Final = {
    HTTPStatus.NOT_FOUND: "The order is not known.",
    HTTPStatus.CONFLICT: "The `client_order_id` was used before; `first` says what became of that order.",
    HTTPStatus.UNPROCESSABLE_ENTITY: "The market refuses it.",
    HTTPStatus.TOO_MANY_REQUESTS: "The account makes more requests than it may.",
}


_EVENT: Final[Json] = {
    "type": "object",
    "description": "One event; comments stand between them while there is nothing to tell.",
    "required": ["id", "event", "data"],
    "properties": {
        "id": {
            "type": "string",
            "description": "`seq` of the message, and the run of the venue that counted it.",
        },
        "event": {"type": "string", "description": "`type` of the message."},
        "data": {
            "type": "string",
            "contentMediaType": JSON,
            "description": "A message of the public streams, as on every gateway.",
        },
    },
}


def document() -> Json:
    """The whole description."""
    paths: Json = {}
    for route in ROUTES:
        paths.setdefault(route.path, {})[route.method.lower()] = _operation(route)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Tontine",
            "version": f"{PROTOCOL_VERSION}",
            "description": _ABOUT,
            "license": {"name": "MIT", "identifier": "MIT"},
        },
        "servers": [{"url": "/"}],
        "tags": [
            {"name": "market data", "description": "What is public, as far as the venue says so."},
            {"name": "account", "description": "What is yours; with a login."},
        ],
        "paths": paths,
        "components": {
            "schemas": _schemas(),
            "securitySchemes": {
                "account": {
                    "type": "http",
                    "scheme": "basic",
                    "description": "Account and secret.",
                }
            },
        },
    }


def _operation(route: Route) -> Json:
    operation: Json = {
        "operationId": route.name,
        "summary": route.summary,
        "tags": ["account" if route.needs is Needs.LOGIN else "market data"],
        "parameters": [*_path_parameters(route), *_query_parameters(route.query)],
        "responses": _responses(route),
        # Market data may ask for a login or not: the venue file says which.
        "security": [{"account": []}] if route.needs is Needs.LOGIN else [{}, {"account": []}],
    }
    if route.answer is None:
        operation["parameters"].append(
            {
                "name": "Last-Event-ID",
                "in": "header",
                "description": "`id` of the last event seen: what came after it, as far as it can be had.",
                "schema": {"type": "string"},
            }
        )
    if route.body is not None:
        operation["requestBody"] = {
            "required": True,
            "content": {
                JSON: {
                    "schema": {"$ref": _REF.format(name=route.body.__name__)},
                    "example": models.BODY_EXAMPLES[route.body],
                }
            },
        }
    return operation


def _path_parameters(route: Route) -> list[Json]:
    return [
        {"name": name, "in": "path", "required": True, **copy.deepcopy(_PATHS[name])}
        for name in re.findall(r"{(\w+)}", route.path)
    ]


def _query_parameters(query: type[Query]) -> list[Json]:
    schema = query.model_json_schema(ref_template=_PYDANTIC_REF)
    needed = schema.get("required", [])
    return [
        {
            "name": name,
            "in": "query",
            "required": name in needed,
            "description": field.pop("description", ""),
            "schema": _without_null({key: value for key, value in field.items() if key != "title"}),
        }
        for name, field in schema.get("properties", {}).items()
    ]


def _without_null(schema: Json) -> Json:
    """In a query there is no null: a key is left out."""
    kinds = [kind for kind in schema.pop("anyOf", []) if kind.get("type") != "null"]
    if schema.get("default", 0) is None:
        del schema["default"]
    if "enum" in schema:
        schema["enum"] = [value for value in schema["enum"] if value is not None]
    return schema | kinds[0] if len(kinds) == 1 else schema | ({"anyOf": kinds} if kinds else {})


def _responses(route: Route) -> Json:
    responses: Json = {str(route.status.value): _answer(route)}
    if route.method == "GET" and route.answer is not None:
        responses[str(HTTPStatus.NOT_MODIFIED.value)] = {"description": "As `If-None-Match` has it already."}
    by_status: dict[HTTPStatus, list[str]] = {}
    for code in route.all_failures():
        by_status.setdefault(STATUS_OF[code], []).append(f"`{code}`: {_said(ErrorCode, code)}")
    changes_orders = route.answer is models.OrderReports
    for status, text in _ORDER_FAILURES.items() if changes_orders else ():
        by_status.setdefault(status, []).append(text)
    for status, texts in sorted(by_status.items()):
        refused = changes_orders and status in _ORDER_FAILURES
        name = models.OrderRefused.__name__ if refused else models.Failure.__name__
        responses[str(status.value)] = {
            "description": "\n\n".join(texts),
            "content": {JSON: {"schema": {"$ref": _REF.format(name=name)}}},
            "headers": _headers_of(status),
        }
    return responses


def _headers_of(status: HTTPStatus) -> Json:
    text = {"type": "string"}
    if status is HTTPStatus.UNAUTHORIZED:
        return {"WWW-Authenticate": {"description": "How to log in.", "schema": text}}
    if status is HTTPStatus.TOO_MANY_REQUESTS:
        return {"Retry-After": {"description": "Seconds to wait.", "schema": text}}
    return {}


def _said(kind: type[StrEnum], word: StrEnum) -> str:
    return WORDS[kind][word].removeprefix("HTTP: ")


def _answer(route: Route) -> Json:
    if route.answer is None:
        return {"description": route.summary, "content": {"text/event-stream": {"schema": _EVENT}}}
    headers: Json = {}
    if route.method == "GET":
        tag = "Names this answer, for `If-None-Match`."
        headers["ETag"] = {"description": tag, "required": True, "schema": {"type": "string"}}
    if issubclass(route.query, models.Listed):
        headers["Link"] = {"description": '`rel="next"`: the next page.', "schema": {"type": "string"}}
    return {
        "description": _prose(route.answer),
        "content": {JSON: {"schema": {"$ref": _REF.format(name=route.answer.__name__)}}},
        "headers": headers,
    }


def _prose(kind: type) -> str:
    return " ".join((inspect.getdoc(kind) or "").split())


def table() -> str:
    """All routes, for the reference page."""
    rows = [
        f"| `{route.method}` | `{route.path}` | {_keys(route)} | {_login(route)} | {route.summary} |"
        for route in ROUTES
    ]
    return "\n".join(("| Method | Path | Query | Login | |", "|---|---|---|---|---|", *rows))


def _keys(route: Route) -> str:
    return ", ".join(f"`{name}`" for name in route.query.model_fields)


def _login(route: Route) -> str:
    return "yes" if route.needs is Needs.LOGIN else "unless public"


# -- schemas -----------------------------------------------------------------------------------------
def _schemas() -> Json:
    _, answers = msgspec.json.schema_components(models.ANSWERS, ref_template=_REF)
    schemas = {name: _even(kind) for name, kind in answers.items()}
    for model in [*models.BODY_EXAMPLES, *models.QUERIES]:
        schema = model.model_json_schema(ref_template=_PYDANTIC_REF)
        schemas |= {name: kind for name, kind in schema.pop("$defs", {}).items() if name not in schemas}
        if model in models.BODY_EXAMPLES:
            schemas[model.__name__] = schema
    for kind in (ErrorCode, RejectReason):
        text = "\n".join(f"- `{word}`: {_said(kind, word)}" for word in kind)
        schemas[kind.__name__] = {"type": "string", "enum": list(map(str, kind)), "description": text}
    return {name: schemas[name] for name in sorted(schemas)}


def _even(value: Any) -> Any:
    """Tuples whose parts are all of one kind, as lists of that length, which more readers understand."""
    if isinstance(value, list):
        return [_even(one) for one in value]
    if not isinstance(value, dict):
        return value
    changed = {key: _even(inner) for key, inner in value.items()}
    parts = changed.get("prefixItems")
    if isinstance(parts, list) and all(part == parts[0] for part in parts):
        del changed["prefixItems"]
        changed["items"] = parts[0]
    return changed


def for_older_readers(described: Json) -> Json:
    """The same as OpenAPI 3.0, which is all that some readers know: pages to browse it."""
    older = cast("Json", _older(described))
    older["openapi"] = "3.0.3"
    older["info"]["license"].pop("identifier")
    return older


def _older(value: Any) -> Any:
    if isinstance(value, list):
        return [_older(one) for one in value]
    if not isinstance(value, dict):
        return value
    changed = {key: _older(inner) for key, inner in value.items()}
    kinds = changed.get("anyOf")
    if isinstance(kinds, list) and {"type": "null"} in kinds:
        rest = [kind for kind in kinds if kind != {"type": "null"}]
        del changed["anyOf"]
        changed |= {"nullable": True, **({"allOf": rest} if len(rest) == 1 else {"anyOf": rest})}
    if "const" in changed:
        changed["enum"] = [changed.pop("const")]
    if "examples" in changed and isinstance(changed["examples"], list):
        changed["example"] = changed.pop("examples")[0]
    return changed

"""Requests over HTTP to checked values.

In: a request and the model of its query or body. Out: the model; or a refusal that names the place of the fault. A
body is read within ``request_timeout_s`` and up to ``max_body_bytes``; JSON that is deep or huge is no JSON.
"""

import asyncio
from typing import TypeVar

from aiohttp import web
from pydantic import BaseModel, ValidationError

from exchange.gateways.http.answers import JSON, Refused
from exchange.gateways.http.models import Query
from protocol.vocabulary import ErrorCode

QueryT = TypeVar("QueryT", bound=Query)

_LONGEST = 200
"""Characters of a place or a reason: a key of 8 KB is not worth repeating to its sender."""


def query_of(request: web.Request, model: type[QueryT]) -> QueryT:
    """The query of a request.

    Raises:
        Refused: unknown keys, one that comes twice, or a value out of bounds.
    """
    query = request.query
    for key in query:
        if len(query.getall(key)) > 1:
            raise Refused(
                ErrorCode.INVALID_MESSAGE,
                f"{_shortened(key)}: stands there twice",
                f"query.{_shortened(key)}",
            )
    try:
        return model.model_validate(dict(query))
    except ValidationError as error:
        raise _invalid("query", error) from None


async def body_of(request: web.Request, model: type[BaseModel], timeout_s: float) -> BaseModel:
    """The JSON body of a request.

    Raises:
        Refused: no JSON, too much of it, too slow, or not what the model wants.
    """
    if request.content_type != JSON:
        told = request.headers.get("Content-Type")
        text = (
            f"a body of type {JSON}, not {_shortened(told)}" if told else f"a body of type {JSON} is needed"
        )
        raise Refused(ErrorCode.UNSUPPORTED_MEDIA_TYPE, text, "header.Content-Type")
    if request.headers.get("Content-Encoding", "identity") != "identity":
        raise Refused(
            ErrorCode.UNSUPPORTED_MEDIA_TYPE, "a body that is not packed", "header.Content-Encoding"
        )
    try:
        async with asyncio.timeout(timeout_s):
            content = await request.read()
    except TimeoutError:
        text = f"the body did not end within {timeout_s:g} s"
        raise Refused(ErrorCode.LINE_TIMEOUT, text, "body", headers={"Connection": "close"}) from None
    try:
        return model.model_validate_json(content)
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False, include_context=False)[0]
        if first["type"] == "json_invalid":
            reason = first["msg"].removeprefix("Invalid JSON: ")
            raise Refused(ErrorCode.NOT_JSON, _shortened(reason), "body") from None
        raise _invalid("body", error) from None


def _invalid(where: str, error: ValidationError) -> Refused:
    """The first fault."""
    fault = error.errors(include_input=False, include_url=False, include_context=False)[0]
    reason = "unknown" if fault["type"] == "extra_forbidden" else fault["msg"].removeprefix("Value error, ")
    # Members of a union and validators stand in the path of pydantic; only the first part is the sender's.
    place = ".".join([where, *(str(part) for part in fault["loc"][:1])])
    text = f"{fault['loc'][0]}: {reason}" if fault["loc"] else reason
    return Refused(ErrorCode.INVALID_MESSAGE, _shortened(text), _shortened(place))


def _shortened(text: str) -> str:
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST // 2]} ... {text[-_LONGEST // 2 :]}"

"""The description of the API: OpenAPI 3.1 at ``/openapi.json``, pages to browse it at ``/docs``.

In: the table of routes and the models. Out: a JSON document, and the static files of Swagger UI with a page of our own
around them, which loads nothing from anywhere else and runs nothing that does not come from here.
"""

import json
from functools import cache
from importlib.resources import files
from typing import Any, Final

from aiohttp import hdrs, web

from exchange.gateways.http.answers import HEADERS, JSON, Refused
from exchange.gateways.http.openapi import document, for_older_readers
from protocol.vocabulary import ErrorCode

_POLICY: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; "
    "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
"""Swagger UI styles its elements by hand; everything else comes out of files of this venue."""

_PAGE: Final = """\
<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Tontine: HTTP</title>
<link rel="stylesheet" href="/docs/swagger-ui.css">
</head>
<body>
<div id="docs"></div>
<script src="/docs/swagger-ui-bundle.js"></script>
<script src="/docs/begin.js"></script>
</body>
</html>
"""

_BEGIN: Final = """\
SwaggerUIBundle({url: "/docs/openapi.json", dom_id: "#docs", validatorUrl: null, deepLinking: true});
"""

_FILES: Final = {"swagger-ui.css": "text/css", "swagger-ui-bundle.js": "text/javascript"}


def description_routes() -> list[web.RouteDef]:
    """To be added to the application."""
    return [
        web.get("/openapi.json", _openapi),
        web.get("/docs", _page),
        web.get("/docs/{file}", _file),
    ]


@cache
def _encoded() -> bytes:
    return json.dumps(document()).encode()


@cache
def _encoded_for_older_readers() -> bytes:
    return json.dumps(for_older_readers(document())).encode()


@cache
def _static(name: str) -> bytes:
    (interface,) = (files("swagger_ui_bundle") / "vendor").iterdir()
    return (interface / name).read_bytes()


async def _openapi(request: web.Request) -> web.StreamResponse:
    return _response(_encoded(), JSON)


async def _page(request: web.Request) -> web.StreamResponse:
    return _response(_PAGE.encode(), "text/html")


async def _file(request: web.Request) -> web.StreamResponse:
    name = request.match_info["file"]
    if name == "openapi.json":
        return _response(_encoded_for_older_readers(), JSON)
    if name == "begin.js":
        return _response(_BEGIN.encode(), "text/javascript")
    if name in _FILES:
        return _response(_static(name), _FILES[name])
    raise Refused(ErrorCode.NOT_FOUND, f"nothing at {request.path[:200]}", "path")


def _response(content: bytes, kind: str) -> web.Response:
    headers: dict[str, Any] = {**HEADERS, hdrs.CACHE_CONTROL: "no-cache", "Content-Security-Policy": _POLICY}
    return web.Response(
        body=content, content_type=kind, charset=None if kind == JSON else "utf-8", headers=headers
    )

"""From a request to the handler of its route, and whatever goes wrong on the way told in one form.

In: requests, as aiohttp has read their heads. Out: answers. Everything passes ``guard``: how fast a source asks, where
a page of a browser comes from, faults of handlers. What a handler has read may follow from commands that are on their
way to the journal still: nothing is answered before they are there.
"""

import asyncio
import hashlib
from http import HTTPStatus
from ipaddress import ip_address
from urllib.parse import urlsplit

import structlog
from aiohttp import hdrs, web
from aiohttp.typedefs import Handler as WebHandler

from exchange.gateways.http.answers import Refused
from exchange.gateways.http.logins import Caller, check_role
from exchange.gateways.http.models import Needs
from exchange.gateways.http.parsing import body_of, query_of
from exchange.gateways.http.routes import Route
from exchange.gateways.http.services import SERVICES, Call, HttpServices, source_of_request
from protocol.errors import VenueError
from protocol.vocabulary import ErrorCode

log = structlog.get_logger()

TOO_FAST_S = 1.0
"""So long a connection waits for the answer that it asks too much."""

_READS = (hdrs.METH_GET, hdrs.METH_HEAD, hdrs.METH_OPTIONS)


def serve(route: Route) -> WebHandler:
    """What aiohttp calls for a request of this route."""

    async def handle(request: web.Request) -> web.StreamResponse:
        services = request.app[SERVICES]
        caller = await _caller(request, route, services)
        query = query_of(request, route.query)
        body = None
        if route.body is not None:
            body = await body_of(request, route.body, services.settings.request_timeout_s)
        response = await route.handler(Call(request, services, caller, query, body))
        if not isinstance(response, web.Response):
            return response
        await services.turns.committed()
        return _unless_known(request, response)

    return handle


async def _caller(request: web.Request, route: Route, services: HttpServices) -> Caller | None:
    needed = route.needs is Needs.LOGIN or (
        route.needs is Needs.MARKET_DATA and not services.settings.public_market_data
    )
    if not needed:
        return None
    caller = await services.logins.caller(request.headers.get(hdrs.AUTHORIZATION), source_of_request(request))
    if route.asks is not None:
        check_role(caller, route.asks)
    return caller


def _unless_known(request: web.Request, response: web.Response) -> web.Response:
    """Nothing but its tag, if the asker has that answer already."""
    if request.method not in _READS or response.status != HTTPStatus.OK:
        return response
    assert isinstance(response.body, bytes)
    response.etag = hashlib.blake2b(response.body, digest_size=12).hexdigest()
    known = request.if_none_match or ()
    if any(tag.value in ("*", response.etag.value) for tag in known if response.etag is not None):
        unchanged = web.Response(status=HTTPStatus.NOT_MODIFIED)
        unchanged.etag = response.etag
        return unchanged
    # To be kept, but asked for again each time.
    response.headers[hdrs.CACHE_CONTROL] = "no-cache"
    return response


@web.middleware
async def guard(request: web.Request, handler: WebHandler) -> web.StreamResponse:
    """Around everything."""
    services = request.app[SERVICES]
    try:
        if services.pace.is_too_fast(source_of_request(request), services.clock.monotonic_s()):
            await asyncio.sleep(TOO_FAST_S)
            text = f"more than {services.settings.max_requests_per_second} requests a second"
            raise Refused(ErrorCode.TOO_MANY_REQUESTS, text, headers={hdrs.RETRY_AFTER: "1"})
        _check_site(request, services)
        return await _answered(request, handler)
    except Refused as refused:
        return refused.response()


async def _answered(request: web.Request, handler: WebHandler) -> web.StreamResponse:
    try:
        return await handler(request)
    except Refused:
        raise
    except web.HTTPNotFound:
        raise Refused(ErrorCode.NOT_FOUND, f"nothing at {request.path[:200]}", "path") from None
    except web.HTTPMethodNotAllowed as error:
        if request.method == hdrs.METH_OPTIONS:
            return _options(error.allowed_methods)
        allowed = ", ".join(sorted({*error.allowed_methods, hdrs.METH_OPTIONS}))
        text = f"{request.method} means nothing at {request.path[:200]}"
        raise Refused(ErrorCode.METHOD_NOT_ALLOWED, text, headers={hdrs.ALLOW: allowed}) from None
    except web.HTTPRequestEntityTooLarge:
        text = f"the body is longer than {request.app[SERVICES].settings.max_body_bytes} bytes"
        raise Refused(ErrorCode.LINE_TOO_LONG, text, "body", headers={hdrs.CONNECTION: "close"}) from None
    except web.RequestPayloadError as error:
        raise Refused(ErrorCode.INVALID_MESSAGE, "the body is no HTTP", "body") from error
    except VenueError as error:
        # The journal can't be written, or the engine is broken: the venue is about to end.
        raise Refused(ErrorCode.SHUTTING_DOWN, "the venue can't go on") from error
    except Exception as error:
        log.exception("unexpected", text=f"{request.method} {request.path[:200]}")
        raise Refused(ErrorCode.INTERNAL_ERROR, "a fault of the venue's own") from error


# -- browsers ----------------------------------------------------------------------------------------
def _check_site(request: web.Request, services: HttpServices) -> None:
    """No page of another site may act for who looks at it.

    Raises:
        Refused: it tried.
    """
    host = request.headers.get(hdrs.HOST, "")
    if services.access.open and not _is_loopback(host):
        # A name that somebody else points to this machine: pages under it would count as the venue's own.
        raise Refused(ErrorCode.NOT_ALLOWED, "an open venue is asked as localhost only", "header.Host")
    if request.method not in _READS:
        check_origin(request)


def check_origin(request: web.Request) -> None:
    """What is asked for acts for somebody: no page of another site may ask that.

    Raises:
        Refused: one does.
    """
    origin = request.headers.get(hdrs.ORIGIN)
    own = f"{request.scheme}://{request.headers.get(hdrs.HOST, '')}"
    if origin is None or origin == own or _is_allowed(origin, request.app[SERVICES]):
        return
    raise Refused(ErrorCode.NOT_ALLOWED, f"pages of {origin[:200]} may not ask for that", "header.Origin")


def _is_loopback(host: str) -> bool:
    try:
        name = urlsplit(f"//{host}").hostname or ""
        return name == "localhost" or ip_address(name).is_loopback
    except ValueError:
        return False


def _is_allowed(origin: str, services: HttpServices) -> bool:
    return origin in services.settings.allow_origins or "*" in services.settings.allow_origins


async def on_prepare(request: web.Request, response: web.StreamResponse) -> None:
    """What every answer says of the venue, and to a browser: which pages may read it."""
    response.headers[hdrs.SERVER] = "tontine"  # which libraries in which versions is nobody's business
    services = request.app[SERVICES]
    if not services.settings.allow_origins:
        return
    response.headers[hdrs.VARY] = hdrs.ORIGIN
    origin = request.headers.get(hdrs.ORIGIN)
    if origin is None or not _is_allowed(origin, services):
        return
    response.headers[hdrs.ACCESS_CONTROL_ALLOW_ORIGIN] = origin
    response.headers[hdrs.ACCESS_CONTROL_EXPOSE_HEADERS] = "ETag, Link, Retry-After"
    if request.method == hdrs.METH_OPTIONS:
        response.headers[hdrs.ACCESS_CONTROL_ALLOW_METHODS] = response.headers.get(hdrs.ALLOW, "")
        response.headers[hdrs.ACCESS_CONTROL_ALLOW_HEADERS] = (
            "Authorization, Content-Type, If-None-Match, Last-Event-ID"
        )
        response.headers[hdrs.ACCESS_CONTROL_MAX_AGE] = "600"


def _options(allowed: set[str]) -> web.Response:
    return web.Response(
        status=HTTPStatus.NO_CONTENT,
        headers={hdrs.ALLOW: ", ".join(sorted({*allowed, hdrs.METH_OPTIONS}))},
    )

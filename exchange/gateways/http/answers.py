"""Answers over HTTP: JSON, and one form for everything that could not be answered.

In: what is to be told. Out: responses. An error is ``{"code": ..., "text": ..., "where": ...}``: the codes are those
of every other gateway (``ErrorCode`` and ``RejectReason``), the text is a sentence, ``where`` the place of the fault if
there is one.
"""

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any, Final

import msgspec
from aiohttp import web

from protocol.errors import VenueError
from protocol.vocabulary import ErrorCode, RejectReason

JSON: Final = "application/json"

HEADERS: Final = {
    "Cache-Control": "no-store",
    "X-Content-Type-Options": "nosniff",
}
"""Of every answer, unless it says otherwise."""

STATUS_OF: Final[dict[ErrorCode, HTTPStatus]] = {
    ErrorCode.NOT_JSON: HTTPStatus.BAD_REQUEST,
    ErrorCode.NOT_LOGGED_IN: HTTPStatus.UNAUTHORIZED,
    ErrorCode.LOGIN_FAILED: HTTPStatus.UNAUTHORIZED,
    ErrorCode.NOT_ALLOWED: HTTPStatus.FORBIDDEN,
    ErrorCode.NOT_AN_OPERATOR: HTTPStatus.FORBIDDEN,
    ErrorCode.ACCOUNT_DISABLED: HTTPStatus.FORBIDDEN,
    ErrorCode.NOT_FOUND: HTTPStatus.NOT_FOUND,
    ErrorCode.UNKNOWN_SYMBOL: HTTPStatus.NOT_FOUND,
    ErrorCode.UNKNOWN_ORDER: HTTPStatus.NOT_FOUND,
    ErrorCode.METHOD_NOT_ALLOWED: HTTPStatus.METHOD_NOT_ALLOWED,
    ErrorCode.LINE_TIMEOUT: HTTPStatus.REQUEST_TIMEOUT,
    ErrorCode.LINE_TOO_LONG: HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
    ErrorCode.UNSUPPORTED_MEDIA_TYPE: HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
    ErrorCode.INVALID_MESSAGE: HTTPStatus.UNPROCESSABLE_ENTITY,
    ErrorCode.INVALID_SUBSCRIPTION: HTTPStatus.UNPROCESSABLE_ENTITY,
    ErrorCode.LOGIN_THROTTLED: HTTPStatus.TOO_MANY_REQUESTS,
    ErrorCode.TOO_MANY_REQUESTS: HTTPStatus.TOO_MANY_REQUESTS,
    ErrorCode.TOO_MANY_SESSIONS: HTTPStatus.TOO_MANY_REQUESTS,
    ErrorCode.INTERNAL_ERROR: HTTPStatus.INTERNAL_SERVER_ERROR,
    ErrorCode.RESUME_UNAVAILABLE: HTTPStatus.SERVICE_UNAVAILABLE,
    ErrorCode.TOO_MANY_CONNECTIONS: HTTPStatus.SERVICE_UNAVAILABLE,
    ErrorCode.SHUTTING_DOWN: HTTPStatus.SERVICE_UNAVAILABLE,
}
"""With which status each error is answered."""


class Refused(VenueError):
    """A request can't be answered; a handler raises it, the application makes the answer."""

    def __init__(
        self,
        code: ErrorCode | RejectReason,
        text: str,
        where: str | None = None,
        *,
        status: HTTPStatus | None = None,
        headers: Mapping[str, str] | None = None,
        more: Mapping[str, Any] | None = None,
    ) -> None:
        """``status``: unless it is that of the code; ``more``: further fields of the answer."""
        super().__init__(code, text, where)
        self.code = code
        self.text = text
        self.where = where
        self.status = status or (
            STATUS_OF[code] if isinstance(code, ErrorCode) else HTTPStatus.UNPROCESSABLE_ENTITY
        )
        self.headers = dict(headers or {})
        self.more = dict(more or {})

    def __str__(self) -> str:
        return f"{self.text} ({self.code})"

    def body(self) -> bytes:
        """The answer, as JSON."""
        content: dict[str, Any] = {"code": self.code, "text": self.text}
        if self.where is not None:
            content["where"] = self.where
        return msgspec.json.encode(content | self.more)

    def response(self) -> web.Response:
        """The answer."""
        return web.Response(
            body=self.body(), status=self.status, content_type=JSON, headers=HEADERS | self.headers
        )


def answer(
    content: Any, status: HTTPStatus = HTTPStatus.OK, headers: Mapping[str, str] | None = None
) -> web.Response:
    """``content``, messages or plain values, as JSON."""
    return web.Response(
        body=msgspec.json.encode(content),
        status=status,
        content_type=JSON,
        headers=HEADERS | dict(headers or {}),
    )


def farewell(code: ErrorCode, text: str) -> bytes:
    """What a connection is sent that there is no room for, before anything was built for it."""
    refused = Refused(code, text)
    body = refused.body()
    head = (
        f"HTTP/1.1 {refused.status.value} {refused.status.phrase}\r\nContent-Type: {JSON}\r\n"
        f"Content-Length: {len(body)}\r\nRetry-After: 1\r\nConnection: close\r\n\r\n"
    )
    return head.encode() + body

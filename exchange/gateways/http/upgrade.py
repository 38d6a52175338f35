"""Handshakes of WebSockets: from a request for ``/ws`` to a connection of the venue.

In: requests. Out: connections that count among those of TCP and have the same bounds; or a refusal. Web pages may
connect that come from the venue itself, if it is addressed by a number or as ``localhost``, and from the origins that
the venue file lists: a browser sends along who asks, and whatever page it shows could otherwise trade here.
"""

from http import HTTPStatus
from ipaddress import ip_address
from typing import Final
from urllib.parse import urlsplit

from aiohttp import web

from exchange.config import HttpConfig
from exchange.gateways.http.answers import Refused
from exchange.gateways.http.connection import HttpConnection
from exchange.gateways.tcp import TcpGateway
from exchange.gateways.websocket import WebSocketConnection
from protocol.vocabulary import ErrorCode
from protocol.websocket import SUBPROTOCOL, accept

_VERSION: Final = "13"


class WebSockets:
    """Takes requests that want to become a WebSocket."""

    def __init__(self, sessions: TcpGateway, settings: HttpConfig) -> None:
        self._sessions = sessions
        self._allowed = frozenset(settings.allow_origins)

    async def take(self, request: web.Request) -> web.StreamResponse:
        """The handler of the route. What it returns reaches nobody, unless it raises.

        Raises:
            Refused: no handshake, a foreign page, or no room.
        """
        head = _answer(request)
        self._check_origin(request)
        connection = request.protocol
        assert isinstance(connection, HttpConnection)
        refusal = self._sessions.admit(connection.source)
        if refusal is not None:
            raise Refused(ErrorCode.TOO_MANY_CONNECTIONS, refusal, headers={"Retry-After": "1"})
        try:
            transport, behind = connection.hand_over()
        except ConnectionResetError:
            self._sessions.released(connection.source)
            raise
        WebSocketConnection(self._sessions, connection.source).take_over(transport, head, behind)
        return web.Response(status=HTTPStatus.SWITCHING_PROTOCOLS)

    def _check_origin(self, request: web.Request) -> None:
        origin = request.headers.get("Origin")
        if origin is None or origin in self._allowed or "*" in self._allowed:
            return
        # A name is no proof: a page could have its own one lead here.
        if origin == f"{request.scheme}://{request.host}" and _is_this_host(request.host):
            return
        text = f"web pages of {origin} may not connect: http.allow_origins does not list them"
        raise Refused(ErrorCode.NOT_ALLOWED, text, "Origin")


def _is_this_host(host: str) -> bool:
    name = urlsplit(f"//{host}").hostname or ""
    try:
        ip_address(name)
    except ValueError:
        return name == "localhost"
    return True


def _answer(request: web.Request) -> bytes:
    """The answer to a handshake.

    Raises:
        Refused: it is none.
    """
    headers = request.headers
    wanted = {word.strip().lower() for word in headers.get("Connection", "").split(",")}
    if headers.get("Upgrade", "").strip().lower() != "websocket" or "upgrade" not in wanted:
        raise _no_handshake("Upgrade", "this is the place for WebSockets, and the request asks for none")
    if headers.get("Sec-WebSocket-Version", "").strip() != _VERSION:
        raise _no_handshake("Sec-WebSocket-Version", f"version {_VERSION} is spoken here")
    accepted = accept(headers.get("Sec-WebSocket-Key", "").strip())
    if accepted is None:
        raise Refused(
            ErrorCode.INVALID_MESSAGE,
            "no key of sixteen bytes",
            "Sec-WebSocket-Key",
            status=HTTPStatus.BAD_REQUEST,
        )
    lines = [
        "HTTP/1.1 101 Switching Protocols",
        "Upgrade: websocket",
        "Connection: Upgrade",
        f"Sec-WebSocket-Accept: {accepted}",
    ]
    offered = [
        name.strip() for value in headers.getall("Sec-WebSocket-Protocol", []) for name in value.split(",")
    ]
    if SUBPROTOCOL in offered:
        lines.append(f"Sec-WebSocket-Protocol: {SUBPROTOCOL}")
    elif offered:
        text = f"none of the protocols is spoken here: {SUBPROTOCOL} is"
        raise Refused(
            ErrorCode.INVALID_MESSAGE, text, "Sec-WebSocket-Protocol", status=HTTPStatus.BAD_REQUEST
        )
    return "\r\n".join((*lines, "", "")).encode("ascii")


def _no_handshake(where: str, text: str) -> Refused:
    headers = {"Upgrade": "websocket", "Connection": "Upgrade", "Sec-WebSocket-Version": _VERSION}
    return Refused(
        ErrorCode.INVALID_MESSAGE, text, where, status=HTTPStatus.UPGRADE_REQUIRED, headers=headers
    )

"""Handshakes of WebSockets: from a request for ``/ws`` to a connection of the venue; what is said there, described.

In: requests. Out: connections that count among those of TCP and have the same bounds; or a refusal. Web pages connect
only if they are the venue's own or the venue file lists their origin: a browser lets any page open a WebSocket to any
place, and sends along which one it is.
"""

from http import HTTPStatus
from typing import Final

from aiohttp import web

from exchange.gateways.http.answers import Refused, answer
from exchange.gateways.http.connection import HttpConnection
from exchange.gateways.http.serving import check_origin
from exchange.gateways.tcp import TcpGateway
from exchange.gateways.websocket import WebSocketConnection
from protocol.asyncapi import Listening, document
from protocol.vocabulary import ErrorCode
from protocol.websocket import SUBPROTOCOL, accept

_VERSION: Final = "13"


class WebSockets:
    """Takes requests that want to become a WebSocket."""

    def __init__(self, sessions: TcpGateway) -> None:
        """``sessions``: where they go once they have shaken hands."""
        self._sessions = sessions

    def routes(self) -> list[web.RouteDef]:
        """To be added to the application."""
        return [web.get("/ws", self._take, allow_head=False), web.get("/asyncapi.json", self._describe)]

    async def _take(self, request: web.Request) -> web.StreamResponse:
        """The handler of the route. What it returns reaches nobody, unless it raises.

        Raises:
            Refused: no handshake, a foreign page, or no room.
        """
        head = _answer(request)
        check_origin(request)
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

    async def _describe(self, request: web.Request) -> web.StreamResponse:
        """AsyncAPI: the addresses are those by which the asker has reached the venue."""
        host, _, port = request.host.rpartition(":")
        name = host if port.isdecimal() else request.host
        tcp = Listening(f"{name}:{self._sessions.address[1]}", self._sessions.is_secure)
        return answer(document(tcp, Listening(request.host, request.secure)))


def _answer(request: web.Request) -> bytes:
    """The answer to a handshake.

    Raises:
        Refused: it is none.
    """
    headers = request.headers
    wanted = {word.strip().lower() for word in headers.get("Connection", "").split(",")}
    if headers.get("Upgrade", "").strip().lower() != "websocket" or "upgrade" not in wanted:
        raise _no_handshake(
            "header.Upgrade", "this is the place for WebSockets, and the request asks for none"
        )
    if headers.get("Sec-WebSocket-Version", "").strip() != _VERSION:
        raise _no_handshake("header.Sec-WebSocket-Version", f"version {_VERSION} is spoken here")
    accepted = accept(headers.get("Sec-WebSocket-Key", "").strip())
    if accepted is None:
        raise Refused(
            ErrorCode.INVALID_MESSAGE,
            "no key of sixteen bytes",
            "header.Sec-WebSocket-Key",
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
            ErrorCode.INVALID_MESSAGE, text, "header.Sec-WebSocket-Protocol", status=HTTPStatus.BAD_REQUEST
        )
    return "\r\n".join((*lines, "", "")).encode("ascii")


def _no_handshake(where: str, text: str) -> Refused:
    headers = {"Upgrade": "websocket", "Connection": "Upgrade", "Sec-WebSocket-Version": _VERSION}
    return Refused(
        ErrorCode.INVALID_MESSAGE, text, where, status=HTTPStatus.UPGRADE_REQUIRED, headers=headers
    )

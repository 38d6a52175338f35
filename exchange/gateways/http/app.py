"""The HTTP gateway: listens, keeps its connections within bounds, and hands requests to those who answer them.

In: an address, a certificate if there is one, the venue. Out: answers of the handlers that are routed here, until the
venue shuts down. Imported only when HTTP is on: aiohttp takes a third of a second to load.
"""

import asyncio
import ssl
from dataclasses import dataclass
from typing import Final

import structlog
from aiohttp import web
from aiohttp.typedefs import Handler

from exchange.config import HttpConfig
from exchange.gateways.acceptor import Acceptor, Room
from exchange.gateways.http.answers import Refused, farewell
from exchange.gateways.http.connection import HttpConnection
from exchange.gateways.http.monitoring import Monitoring
from exchange.gateways.http.upgrade import WebSockets
from exchange.gateways.tcp import TcpGateway
from exchange.turns import Turns
from exchange.venue import Venue
from protocol.clock import Clock
from protocol.vocabulary import ErrorCode

log = structlog.get_logger()

_PATIENCE_S: Final = 2.0
"""So long requests may still take when the venue shuts down."""


@dataclass(frozen=True, slots=True)
class HttpServices:
    """What handlers work with; ``request.app[SERVICES]``."""

    venue: Venue
    turns: Turns
    clock: Clock
    settings: HttpConfig
    closing: asyncio.Event
    """The venue shuts down: what runs on for ever ends now."""


SERVICES: Final = web.AppKey("services", HttpServices)


class HttpGateway:
    """One listening address, and its connections."""

    def __init__(
        self, venue: Venue, turns: Turns, settings: HttpConfig, clock: Clock, sessions: TcpGateway
    ) -> None:
        """``sessions``: where WebSockets go once they have shaken hands."""
        self._settings = settings
        self._web_sockets = WebSockets(sessions, settings)
        self._services = HttpServices(venue, turns, clock, settings, asyncio.Event())
        self._runner = web.AppRunner(
            self._application(venue, turns), handler_cancellation=True, shutdown_timeout=_PATIENCE_S
        )
        self._acceptor = Acceptor(self._connection, self._room, venue.metrics, farewell)

    async def listen(self, tls: ssl.SSLContext | None = None) -> tuple[str, int]:
        """Start to accept connections; the address it got (port 0: any free one).

        Raises:
            OSError: the address can't be had.
        """
        await self._runner.setup()
        try:
            return await self._acceptor.listen(self._settings.host, self._settings.port, tls)
        except OSError:
            await self._runner.cleanup()
            raise

    async def shut_down(self) -> None:
        """Accept no more, let requests end that are under way, and close all connections."""
        self._acceptor.stop()
        self._services.closing.set()
        await self._runner.cleanup()

    async def abort(self) -> None:
        """Cut all connections."""
        self._acceptor.stop()
        self._services.closing.set()
        if self._runner.server is not None:
            for connection in self._runner.server.connections:
                assert isinstance(connection, HttpConnection)
                connection.abort()
        await self._runner.cleanup()

    # -- inside --------------------------------------------------------------------------------

    def _application(self, venue: Venue, turns: Turns) -> web.Application:
        """All routes. Each module that answers requests adds its own."""
        app = web.Application(middlewares=[_answer_faults], client_max_size=self._settings.max_body_bytes)
        app.router.add_get("/ws", self._web_sockets.take, allow_head=False)
        app[SERVICES] = self._services
        closing = self._services.closing
        app.add_routes(Monitoring(venue, turns, closing, self._open_connections).routes())
        return app

    def _open_connections(self) -> int:
        return 0 if self._runner.server is None else len(self._runner.server.connections)

    def _connection(self, source: str) -> HttpConnection:
        server = self._runner.server
        assert server is not None
        return HttpConnection(server, source, self._settings.request_timeout_s, self._acceptor.released)

    def _room(self) -> Room:
        return Room(self._settings.max_connections, self._settings.max_connections_per_source)


@web.middleware
async def _answer_faults(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Whatever goes wrong is told in one form."""
    try:
        return await handler(request)
    except Refused as refused:
        return refused.response()
    except web.HTTPNotFound:
        return Refused(ErrorCode.NOT_FOUND, f"nothing at {request.path}", "path").response()
    except web.HTTPMethodNotAllowed as error:
        allowed = ", ".join(sorted(error.allowed_methods))
        text = f"{request.method} means nothing at {request.path}: {allowed}"
        return Refused(ErrorCode.METHOD_NOT_ALLOWED, text, headers={"Allow": allowed}).response()
    except web.HTTPRequestEntityTooLarge:
        return Refused(ErrorCode.LINE_TOO_LONG, "the body is too long", "body").response()
    except web.HTTPException:
        raise
    except Exception:  # the last place where it can be told and logged
        log.exception("unexpected", text=f"{request.method} {request.path}")
        return Refused(ErrorCode.INTERNAL_ERROR, "a fault of the venue's own").response()

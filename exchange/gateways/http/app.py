"""The HTTP gateway: listens, keeps its connections within bounds, and hands requests to those who answer them.

In: an address, a certificate if there is one, the venue. Out: answers of the handlers that are routed here, until the
venue shuts down. Imported only when HTTP is on: aiohttp takes a third of a second to load.
"""

import asyncio
import ssl
from functools import partial
from typing import Final

from aiohttp import web

from exchange.access import Access
from exchange.config import HttpConfig
from exchange.gateways.acceptor import Acceptor
from exchange.gateways.door import Room
from exchange.gateways.http.answers import farewell
from exchange.gateways.http.connection import HttpConnection
from exchange.gateways.http.description import description_routes
from exchange.gateways.http.event import event_of
from exchange.gateways.http.logins import Logins
from exchange.gateways.http.monitoring import Monitoring
from exchange.gateways.http.pace import Pace
from exchange.gateways.http.past import Past
from exchange.gateways.http.routes import ROUTES
from exchange.gateways.http.services import SERVICES, Archives, HttpServices
from exchange.gateways.http.serving import guard, on_prepare, serve
from exchange.gateways.http.upgrade import WebSockets
from exchange.gateways.tcp import TcpGateway
from exchange.market_data.feeds import Feeds
from exchange.records.recorder import Recorder
from protocol.clock import Clock

_PATIENCE_S: Final = 2.0
"""So long requests may still take when the venue shuts down."""


class HttpGateway:
    """One listening address, and its connections."""

    def __init__(
        self,
        sessions: TcpGateway,
        settings: HttpConfig,
        clock: Clock,
        access: Access,
        past: Past | None = None,
        recorder: Recorder | None = None,
    ) -> None:
        """``sessions``: where WebSockets go once they have shaken hands. ``past`` reads the history, if one is kept, and
        ``recorder`` writes it.
        """
        venue, turns = sessions.venue, sessions.turns
        run = f"{clock.now_ns():x}"
        self._settings = settings
        self._web_sockets = WebSockets(sessions)
        self._services = HttpServices(
            venue=venue,
            turns=turns,
            clock=clock,
            settings=settings,
            access=access,
            logins=Logins(venue.engine, access),
            pace=Pace(settings.max_requests_per_second),
            archives=Archives(
                past, None if recorder is None else partial(recorder.wait_for, timeout_s=_PATIENCE_S)
            ),
            events=Feeds(venue.market_data, turns.committed, partial(event_of, run=run)),
            run=run,
            closing=asyncio.Event(),
        )
        self._monitoring = Monitoring(venue, turns, self._services.closing, self._open_connections, recorder)
        self._runner = web.AppRunner(
            self._application(), handler_cancellation=True, shutdown_timeout=_PATIENCE_S
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
            await self._close()
            raise

    async def shut_down(self) -> None:
        """Accept no more, let requests end that are under way, and close all connections."""
        self._acceptor.stop()
        self._services.closing.set()
        self._services.events.close()
        await self._close()

    async def abort(self) -> None:
        """Cut all connections."""
        self._acceptor.stop()
        self._services.closing.set()
        if self._runner.server is not None:
            for connection in self._runner.server.connections:
                assert isinstance(connection, HttpConnection)
                connection.abort()
        self._services.events.close()
        await self._close()

    async def _close(self) -> None:
        await self._runner.cleanup()
        self._services.archives.close()

    # -- inside --------------------------------------------------------------------------------

    def _application(self) -> web.Application:
        """All routes. Each module that answers requests adds its own."""
        app = web.Application(middlewares=[guard], client_max_size=self._settings.max_body_bytes)
        app.on_response_prepare.append(on_prepare)
        app[SERVICES] = self._services
        for route in ROUTES:
            handler = serve(route)
            app.router.add_route(route.method, route.path, handler)
            if route.method == "GET":
                app.router.add_route("HEAD", route.path, handler)
        app.add_routes(description_routes())
        app.add_routes(self._web_sockets.routes())
        app.add_routes(self._monitoring.routes())
        return app

    def _open_connections(self) -> int:
        return 0 if self._runner.server is None else len(self._runner.server.connections)

    def _connection(self, source: str) -> HttpConnection:
        server = self._runner.server
        assert server is not None
        return HttpConnection(server, source, self._settings.request_timeout_s, self._acceptor.released)

    def _room(self) -> Room:
        return Room(self._settings.max_connections, self._settings.max_connections_per_source)

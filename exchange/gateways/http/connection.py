"""One HTTP connection: aiohttp's, with the venue's bounds on it.

In: bytes of a socket. Out: requests to the application of ``exchange.gateways.http.app``. From the end of one answer to
the end of the next request's head a connection has ``timeout_s``, and as long to read an answer. What is no HTTP gets
an answer in the form of all others.
"""

import asyncio
from collections.abc import Callable
from http import HTTPStatus
from typing import Final

from aiohttp import web
from aiohttp.http_exceptions import LineTooLong

from exchange.gateways.http.answers import Refused
from protocol.vocabulary import ErrorCode

_LINGER_S: Final = 1.0
"""So long the body of a request that was refused is read and thrown away, so that its sender sees why."""


class HttpConnection(web.RequestHandler):
    """Joined to the gateway's ``web.Server`` while it is open."""

    __slots__ = ("_released", "_timeout_s", "source")

    def __init__(
        self, server: web.Server, source: str, timeout_s: float, released: Callable[[str], None]
    ) -> None:
        """``released`` is called with the source when the connection is gone."""
        super().__init__(
            server,
            loop=asyncio.get_running_loop(),
            keepalive_timeout=timeout_s,  # runs on while a head is incomplete
            lingering_time=_LINGER_S,
            tcp_keepalive=False,
            auto_decompress=False,
            access_log=None,  # type: ignore[arg-type]  # aiohttp's way to have none
        )
        self.source = source
        self._timeout_s = timeout_s
        self._released = released

    def connection_lost(self, exc: BaseException | None) -> None:
        released, self._released = self._released, _nobody
        released(self.source)
        super().connection_lost(exc)

    async def finish_response(
        self, request: web.BaseRequest, resp: web.StreamResponse, start_time: float | None
    ) -> tuple[web.StreamResponse, bool]:
        """As aiohttp does it, but not for ever: who does not read his answer is cut off."""
        try:
            async with asyncio.timeout(self._timeout_s):
                return await super().finish_response(request, resp, start_time)
        except TimeoutError:
            self.abort()
            return resp, True

    def handle_error(
        self,
        request: web.BaseRequest,
        status: int = 500,
        exc: BaseException | None = None,
        message: str | None = None,
    ) -> web.StreamResponse:
        """An answer to what was no HTTP; the application answers everything else itself."""
        too_long = HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE
        if isinstance(exc, LineTooLong):
            refused = Refused(ErrorCode.LINE_TOO_LONG, "the head of the request is too long", status=too_long)
        elif status < HTTPStatus.INTERNAL_SERVER_ERROR:
            refused = Refused(ErrorCode.INVALID_MESSAGE, "no HTTP", status=HTTPStatus.BAD_REQUEST)
        else:
            refused = Refused(ErrorCode.INTERNAL_ERROR, "a fault of the venue's own")
        response = refused.response()
        response.headers["Server"] = "tontine"
        response.force_close()
        return response

    def hand_over(self) -> tuple[asyncio.Transport, bytes]:
        """Let go of the socket, which speaks another protocol from now on: its transport, and what was read of it
        behind the request. The connection is over as far as HTTP is concerned; no answer can be sent.

        Raises:
            ConnectionResetError: it is gone already.
        """
        transport = self.transport
        if transport is None or transport.is_closing():
            raise ConnectionResetError("gone before it could be handed over")
        behind = _Behind()
        self.set_parser(behind)  # type: ignore[arg-type]  # the part of it that is used here
        self.transport = None
        self.connection_lost(None)
        return transport, bytes(behind.data)

    def abort(self) -> None:
        """Cut it."""
        if self.transport is not None:
            self.transport.abort()
        self.force_close()


class _Behind:
    """Takes what stands behind a request for another protocol."""

    def __init__(self) -> None:
        self.data = bytearray()

    def feed_data(self, data: bytes) -> tuple[bool, bytes]:
        self.data += data
        return False, b""

    def feed_eof(self) -> None:
        """Nothing more is behind it."""


def _nobody(source: str) -> None:
    """It was released."""

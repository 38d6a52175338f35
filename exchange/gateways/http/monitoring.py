"""For those who watch the venue: ``/metrics``, ``/health`` and ``/ready``.

In: requests of a monitoring system, a few a minute. Out: all figures in Prometheus' text format; that the loop turns;
whether the venue takes and answers orders. Figures are written out family by family, and between two of them the
market goes on: a scrape holds nobody up for longer than a handful of orders does.
"""

import asyncio
from collections.abc import Callable, Iterable, Iterator
from http import HTTPStatus
from importlib import metadata
from typing import Final

from aiohttp import web
from prometheus_client import GC_COLLECTOR, PROCESS_COLLECTOR, generate_latest
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4
from prometheus_client.metrics_core import Metric as Family
from prometheus_client.registry import Collector

from exchange.gateways.http.answers import HEADERS, Refused, answer
from exchange.gateways.http.figures import Figures, survey
from exchange.records.recorder import Recorder
from exchange.turns import Turns
from exchange.venue import Venue
from protocol.vocabulary import ErrorCode

_PATIENCE_S: Final = 5.0
"""A commit that takes longer than that is no slow disk but a broken one."""


class _One(Collector):
    """A single family, to be written out by itself."""

    def __init__(self, family: Family) -> None:
        self._family = family

    def collect(self) -> Iterable[Family]:
        return (self._family,)


class Monitoring:
    """The routes of one venue."""

    def __init__(
        self, venue: Venue, turns: Turns, closing: asyncio.Event, http_connections: Callable[[], int],
        recorder: Recorder | None = None, *, patience_s: float = _PATIENCE_S,
    ) -> None:  # fmt: skip
        """``closing`` is set when the venue shuts down. After ``patience_s`` a commit counts as stuck."""
        self._venue = venue
        self._turns = turns
        self._closing = closing
        self._recorder = recorder
        self._http_connections = http_connections
        self._patience_s = patience_s
        self._version = _version()

    def routes(self) -> list[web.RouteDef]:
        """To be added to the application."""
        return [
            web.get("/metrics", self.metrics),
            web.get("/health", self.health),
            web.get("/ready", self.ready),
        ]

    async def metrics(self, request: web.Request) -> web.StreamResponse:
        """All figures."""
        found = await survey(self._turns)
        found.by_gateway.update({"tcp": 0, "websocket": 0})
        found.by_gateway["http"] = self._http_connections()
        pieces: list[bytes] = []
        for family in self._families(Figures(self._venue, self._turns, found, self._recorder, self._version)):
            pieces.append(generate_latest(_One(family)))
            await asyncio.sleep(0)
        return web.Response(
            body=b"".join(pieces), headers=HEADERS | {"Content-Type": CONTENT_TYPE_PLAIN_0_0_4}
        )

    def _families(self, figures: Figures) -> Iterator[Family]:
        yield from figures.collect()
        yield from PROCESS_COLLECTOR.collect()
        yield from GC_COLLECTOR.collect()

    async def health(self, request: web.Request) -> web.StreamResponse:
        """The process is alive and its loop turns."""
        return answer({"status": "ok"})

    async def ready(self, request: web.Request) -> web.StreamResponse:
        """The venue takes orders and answers them. Before it listens nobody gets here.

        Raises:
            Refused: it shuts down, or its journal can't be written.
        """
        if self._turns.failed.done():
            raise _not_ready(ErrorCode.INTERNAL_ERROR, "the venue can not go on: see its log", "venue")
        if self._closing.is_set():
            raise _not_ready(ErrorCode.SHUTTING_DOWN, "the venue is shutting down", "venue")
        waiting_s = self._turns.committing_for_ns / 1e9
        if waiting_s > self._patience_s:
            text = f"the journal has not answered for {waiting_s:.0f} s"
            raise _not_ready(ErrorCode.INTERNAL_ERROR, text, "journal")
        return answer({"status": "ready"})


def _not_ready(code: ErrorCode, text: str, where: str) -> Refused:
    return Refused(code, text, where, status=HTTPStatus.SERVICE_UNAVAILABLE)


def _version() -> str:
    try:
        return metadata.version("tontine")
    except metadata.PackageNotFoundError:
        return "unknown"

"""What handlers of HTTP requests work with.

In: the parts of a venue, given by the gateway. Out: one object, ``request.app[SERVICES]``; and ``Call``, a request that
was let in and checked.
"""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, Final, TypeVar

from aiohttp import web
from pydantic import BaseModel

from exchange.access import Access
from exchange.config import HttpConfig
from exchange.engine.book import Book
from exchange.gateways.http.answers import Refused
from exchange.gateways.http.connection import HttpConnection
from exchange.gateways.http.event import Event
from exchange.gateways.http.logins import Caller, Logins
from exchange.gateways.http.pace import Pace
from exchange.gateways.http.past import Past
from exchange.market_data.feeds import Feeds
from exchange.turns import Turns
from exchange.venue import Venue
from protocol.clock import Clock
from protocol.errors import HistoryError
from protocol.vocabulary import AccountId, ErrorCode, Symbol

T = TypeVar("T")

MAX_READING: Final = 64
"""Requests that wait for the history: it is read one at a time."""


class Archives:
    """Reads the history in a thread of its own."""

    def __init__(self, past: Past | None, wait_for: Callable[[int], bool] | None = None) -> None:
        """``wait_for`` blocks until a command is in the history; whether it is."""
        self.past = past
        self._wait_for = wait_for
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="past")
        self._waiting = 0

    async def read(
        self, look_up: Callable[[Past], list[T]], joins: Callable[[Past], bool] | None = None, up_to: int = 0
    ) -> list[T]:
        """What ``look_up`` finds; nothing if there is no history.

        It is written a moment after the market. Where ``joins`` says that it does not reach what is in memory yet, it is
        waited for until it has command ``up_to``: else items between the two would be missing.

        Raises:
            Refused: too many wait for it already, it is too far behind, or it can't be read.
        """
        past = self.past
        if past is None:
            return []
        if self._waiting >= MAX_READING:
            text = f"{MAX_READING} requests wait for the history already: try again"
            raise Refused(ErrorCode.TOO_MANY_REQUESTS, text, headers={"Retry-After": "1"})

        def ask() -> list[T]:
            if (
                joins is not None
                and self._wait_for is not None
                and not joins(past)
                and not self._wait_for(up_to)
            ):
                text = "the history is behind the market: try again"
                raise Refused(ErrorCode.RESUME_UNAVAILABLE, text, headers={"Retry-After": "1"})
            return look_up(past)

        self._waiting += 1
        try:
            return await asyncio.get_running_loop().run_in_executor(self._thread, ask)
        except HistoryError as error:
            raise Refused(ErrorCode.INTERNAL_ERROR, f"the history can't be read: {error.text}") from error
        finally:
            self._waiting -= 1

    def close(self) -> None:
        """Wait for what is being read, and end the thread."""
        self._thread.shutdown(cancel_futures=True)


@dataclass(frozen=True, slots=True)
class HttpServices:
    """The venue, for handlers."""

    venue: Venue
    turns: Turns
    clock: Clock
    settings: HttpConfig
    access: Access
    logins: Logins
    pace: Pace
    archives: Archives
    events: Feeds[Event]
    run: str
    """Names this run of the venue."""
    closing: asyncio.Event
    """The venue shuts down: what runs on for ever ends now."""


SERVICES: Final = web.AppKey("services", HttpServices)


@dataclass(frozen=True, slots=True)
class Call:
    """A request that was let in, with its query and body checked."""

    request: web.Request
    services: HttpServices
    caller: Caller | None
    query: Any
    body: BaseModel | None

    @property
    def venue(self) -> Venue:
        return self.services.venue

    @property
    def account(self) -> AccountId:
        """Whose request it is; of a route that needs a login."""
        assert self.caller is not None
        return self.caller.account

    @property
    def last_seq(self) -> int:
        """The last command there was."""
        return self.venue.sequencer.last_seq

    def book(self, symbol: str | None = None, where: str = "path.symbol") -> Book:
        """The book of the instrument in the path, or of another.

        Raises:
            Refused: there is none.
        """
        name = self.request.match_info["symbol"] if symbol is None else symbol
        book = self.venue.engine.books.get(Symbol(name))
        if book is None:
            raise Refused(ErrorCode.UNKNOWN_SYMBOL, f"no instrument {name[:32]!r}", where)
        return book


def source_of_request(request: web.Request) -> str:
    """Where it comes from, as far as that is one place: see ``exchange.throttle``."""
    connection = request.protocol
    assert isinstance(connection, HttpConnection)
    return connection.source
